-- Facts measured and judged become lines of the ledger; equal neighbours in time are one line.
WITH ruled AS (
    SELECT m.key, m.part, m.district, m.site, m.holder, m.disposition, m.designation, m.in_use_as_commercial, m.plans,
           m.gross_m2, m.port_m2, m.net_m2, m.area_basis, v.standing, v.not_met, v.unknown, m.days * v.days AS valid
    FROM measured m
    JOIN verdict v ON v.facts = m.facts AND v.days && m.days
),
lines AS (
    SELECT key, part, district, site, holder, disposition, designation, in_use_as_commercial, plans, gross_m2, port_m2,
           net_m2, area_basis, standing, not_met, unknown, unnest(range_agg(valid)) AS valid
    FROM ruled
    GROUP BY key, part, district, site, holder, disposition, designation, in_use_as_commercial, plans, gross_m2, port_m2,
             net_m2, area_basis, standing, not_met, unknown
)
INSERT INTO derived (parcel_key, part, district, site, holder, disposition, designation, in_use_as_commercial, plans,
                     gross_m2, port_m2, net_m2, area_basis, standing, not_met, unknown, valid, content)
SELECT l.*, md5(l::text)::uuid FROM lines l
