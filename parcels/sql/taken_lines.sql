-- All lines of these parcels that end or begin on their seam.
SELECT m.seam, m.member, lower(l.valid) IS NOT DISTINCT FROM m.seam AS starts, l.standing, l.not_met, l.net_m2, l.site
FROM unnest(CAST(:seams AS date[]), CAST(:members AS text[])) AS m(seam, member)
JOIN ledger l ON l.parcel_key = m.member COLLATE "C"
WHERE l.known @> CAST(:known_at AS timestamptz) AND (lower(l.valid) = m.seam OR upper(l.valid) = m.seam)
ORDER BY m.seam, m.member, l.id
