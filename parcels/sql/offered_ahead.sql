-- What plans that are not in force would make of some land, in m2 of EPSG:25832, with where; slivers are left out.
WITH land AS MATERIALIZED (
    SELECT ST_Union(CAST(hex AS geometry), 1e-6) AS geom FROM unnest(CAST(:land AS text[])) AS l(hex)
),
shared AS MATERIALIZED (
    SELECT z.plan, z.stage, z.designation, z.expected, coalesce(z.restrictions, '') <> '' AS restricted, z.source IS NOT NULL AS read,
           shared_land(z.geom, l.geom) AS geom
    FROM land l
    JOIN pipeline_zone z ON z.geom && l.geom AND z.regulates_use
        AND (z.valid @> CAST(:on AS date) AND z.known @> CAST(:known_at AS timestamptz)) IS TRUE
),
joined AS MATERIALIZED (
    SELECT plan, stage, designation, expected, restricted, read, ST_Union(geom, 1e-6) AS geom
    FROM shared
    GROUP BY plan, stage, designation, expected, restricted, read
)
SELECT plan, stage, designation, expected, restricted, read, ST_AsHEXEWKB(geom) AS land, round(ST_Area(geom)::numeric, 2) AS m2
FROM joined
WHERE ST_Area(geom) >= :least AND 2 * ST_Area(geom) > :wider * ST_Perimeter(geom)
ORDER BY m2 DESC, plan, designation, stage, expected
