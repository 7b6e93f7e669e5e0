-- What plans in procedure would make of land, by plan; the area is that of their zones (GRS80), whoever holds the land.
SELECT plan, stage, designation, expected, round(sum(ST_Area(ST_Transform(geom, 4258)::geography))::numeric, 2) AS area_m2
FROM pipeline_zone
WHERE valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz) AND regulates_use AND designation = ANY (:designations)
GROUP BY plan, stage, designation, expected
ORDER BY expected NULLS LAST, plan, designation, stage
