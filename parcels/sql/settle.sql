-- What was measured and judged (as JSON) becomes lines of the ledger; equal neighbours in time are one line.
WITH measured AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:measured AS jsonb)) AS m(
        key text, part uuid, days daterange, district text, designation text, in_use_as_commercial boolean, plans text[],
        gross_m2 numeric, port_m2 numeric, net_m2 numeric, area_basis text, site text, holder text, disposition text,
        facts text)
),
verdict AS MATERIALIZED (
    SELECT facts, daterange(since, until) AS days, standing, not_met, unknown
    FROM jsonb_to_recordset(CAST(:verdicts AS jsonb))
         AS v(facts text, since date, until date, standing text, not_met text[], unknown text[])
),
derived AS MATERIALIZED (
    SELECT m.key AS parcel_key, unnest(range_agg(m.days * v.days)) AS valid,
           m.part, m.district, m.site, m.holder, m.disposition, m.designation, m.in_use_as_commercial,
           m.plans, m.gross_m2, m.port_m2, m.net_m2, m.area_basis, v.standing, v.not_met, v.unknown
    FROM measured m
    JOIN verdict v ON v.facts = m.facts AND v.days && m.days
    GROUP BY m.key, m.part, m.district, m.site, m.holder, m.disposition, m.designation, m.in_use_as_commercial, m.plans,
             m.gross_m2, m.port_m2, m.net_m2, m.area_basis, v.standing, v.not_met, v.unknown
)
SELECT * FROM derived
