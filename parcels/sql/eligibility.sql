-- What the ledger has of each parcel on the day it is asked about, with the facts behind each line and since when they are
-- recorded. A parcel without a line is one row without a part: none of it is workplace land, and nobody is recorded as holder.
WITH asked AS MATERIALIZED (
    SELECT key COLLATE "C" AS key, day FROM unnest(CAST(:keys AS text[]), CAST(:days AS date[])) AS a(key, day)
)
SELECT a.key, a.day, p.id AS parcel, lower(p.valid) AS parcel_from, lower(p.known) AS parcel_known,
       coalesce(p.district, l.district) AS district,
       l.id AS line, l.part, l.site, l.designation, l.in_use_as_commercial, l.plans, l.gross_m2, l.port_m2, l.net_m2, l.area_basis,
       l.standing, 'minimum_size' = ANY (l.unknown) AS unsized,
       h.id AS held, h.holder, h.disposition, h.disposition_until, h.serviced, h.cleared, h.binding_use, h.opposing_plan,
       h.construction_possible_from, h.marketable, lower(h.valid) AS held_from, lower(h.known) AS held_known,
       h.id IS NOT NULL AND EXISTS (
           SELECT FROM holding e
           WHERE e.parcel_key = h.parcel_key AND upper(e.valid) = lower(h.valid) AND e.known @> CAST(:known_at AS timestamptz)
       ) AS followed
FROM asked a
LEFT JOIN parcel p ON p.key = a.key AND p.valid @> a.day AND p.known @> CAST(:known_at AS timestamptz)
LEFT JOIN ledger l ON l.parcel_key = a.key AND l.valid @> a.day AND l.known @> CAST(:known_at AS timestamptz)
LEFT JOIN holding h ON l.id IS NOT NULL AND h.parcel_key = a.key AND h.valid @> a.day AND h.known @> CAST(:known_at AS timestamptz)
    AND CASE WHEN h.geom IS NOT NULL THEN md5(ST_AsBinary(h.geom))::uuid END IS NOT DISTINCT FROM l.part
ORDER BY a.key, a.day, l.net_m2 DESC, l.part, l.id
