-- Post the difference between the derived lines and what stands in the ledger for the same parcels.
WITH standing AS (
    SELECT id, content, valid FROM ledger
    WHERE upper_inf(known) AND parcel_key IN (SELECT key FROM touched)
),
closed AS (
    UPDATE ledger l SET known = tstzrange(lower(l.known), :at)
    FROM standing s
    WHERE l.id = s.id AND NOT EXISTS (SELECT FROM derived d WHERE d.content = s.content)
    RETURNING l.id
),
added AS (
    INSERT INTO ledger (parcel_key, part, district, site, holder, disposition, designation, in_use_as_commercial, plans,
                        gross_m2, port_m2, net_m2, area_basis, standing, not_met, unknown, valid, content, known)
    SELECT parcel_key, part, district, site, holder, disposition, designation, in_use_as_commercial, plans, gross_m2,
           port_m2, net_m2, area_basis, standing, not_met, unknown, valid, content, tstzrange(:at, NULL)
    FROM derived d
    WHERE NOT EXISTS (SELECT FROM standing s WHERE s.content = d.content)
    RETURNING id
)
SELECT (SELECT count(*) FROM closed) AS closed, (SELECT count(*) FROM added) AS added
