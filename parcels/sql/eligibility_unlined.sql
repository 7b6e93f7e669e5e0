-- Which designations parcels without a line of the ledger lie under, how much of each is under none, and how much is in the port.
-- None of these is workplace land that is to be seen: so the newest plan that covers a parcel wholly hides the older ones, and
-- what is left of its order does not matter. Pieces stand for what is known now, whole outlines for what was.
WITH lot AS MATERIALIZED (
    SELECT id, geom, day, ST_Area(geom) AS m2
    FROM parcel
    JOIN unnest(CAST(:parcels AS bigint[]), CAST(:days AS date[])) AS a(parcel, day) ON a.parcel = parcel.id
),
past AS MATERIALIZED (  -- of what is closed, what was known then: mostly nothing
    SELECT id, valid, geom FROM zone WHERE regulates_use AND NOT upper_inf(known) AND known @> CAST(:known_at AS timestamptz)
),
zoned AS MATERIALIZED (
    SELECT l.id AS lot, l.m2, z.id AS zone, CASE WHEN land_covers(p.geom, l.geom) THEN l.geom ELSE shared_land(p.geom, l.geom) END AS geom
    FROM lot l
    JOIN zone_piece p ON p.geom && l.geom
    JOIN zone z ON z.id = p.fact_id AND z.regulates_use AND z.valid @> l.day AND z.known @> CAST(:known_at AS timestamptz)
    UNION ALL
    SELECT l.id, l.m2, z.id, shared_land(z.geom, l.geom)
    FROM past z
    JOIN lot l ON l.geom && z.geom AND z.valid @> l.day
),
share AS MATERIALIZED (
    SELECT *, min(depth) FILTER (WHERE whole) OVER (PARTITION BY lot) AS ground
    FROM (
        SELECT s.lot, s.geom, s.m2 >= l.m2 - :sliver_m2 AS whole, z.designation, z.in_use_as_commercial, z.plan,
               row_number() OVER (PARTITION BY s.lot ORDER BY lower(z.valid) DESC NULLS LAST, z.plan DESC) AS depth
        FROM (
            SELECT lot, zone, ST_Union(geom) AS geom, sum(ST_Area(geom)) AS m2
            FROM zoned WHERE NOT ST_IsEmpty(geom) GROUP BY lot, zone
        ) s
        JOIN lot l ON l.id = s.lot
        JOIN zone z ON z.id = s.zone
        WHERE s.m2 >= least(:sliver_m2, l.m2)
    ) stacked
),
bare AS (  -- land under no plan: looked for only where no single one covers it
    SELECT l.id AS lot
    FROM lot l
    LEFT JOIN (SELECT lot, bool_or(whole) AS whole, ST_Union(geom) AS geom FROM share GROUP BY lot) s ON s.lot = l.id
    WHERE s.whole IS NOT TRUE AND (s.geom IS NULL OR l.m2 - ST_Area(s.geom) >= least(:sliver_m2, l.m2))
),
port AS (
    SELECT l.id AS lot, CASE WHEN land_covers(p.geom, l.geom) THEN l.geom ELSE shared_land(p.geom, l.geom) END AS geom
    FROM lot l
    JOIN port_area_piece p ON p.geom && l.geom
    JOIN port_area a ON a.id = p.fact_id AND a.valid @> l.day AND a.known @> CAST(:known_at AS timestamptz)
    UNION ALL
    SELECT l.id, shared_land(a.geom, l.geom)
    FROM port_area a
    JOIN lot l ON l.geom && a.geom AND a.valid @> l.day
    WHERE NOT upper_inf(a.known) AND a.known @> CAST(:known_at AS timestamptz)
),
ported AS MATERIALIZED (
    SELECT l.id AS lot
    FROM lot l
    JOIN port p ON p.lot = l.id
    GROUP BY l.id, l.m2
    HAVING max(ST_Area(p.geom)) >= l.m2 - :sliver_m2 OR ST_Area(ST_Union(p.geom)) >= l.m2 - :sliver_m2
)
SELECT lot AS parcel, designation, in_use_as_commercial, array_remove(array_agg(DISTINCT plan ORDER BY plan), NULL) AS plans,
       lot IN (SELECT lot FROM ported) AS in_port
FROM (
    SELECT lot, designation, in_use_as_commercial, plan FROM share WHERE ground IS NULL OR depth <= ground
    UNION ALL
    SELECT lot, NULL, NULL, NULL FROM bare
) seen
GROUP BY lot, designation, in_use_as_commercial
ORDER BY lot, designation NULLS LAST, in_use_as_commercial
