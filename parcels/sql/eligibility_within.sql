-- The parcels of a day that share land with a drawn area, and how much of each. The area lies in pieces, so that no overlay is large.
WITH piece AS MATERIALIZED (
    SELECT ST_Subdivide(CAST(:site AS geometry), 128) AS geom
),
met AS MATERIALIZED (
    SELECT id, key, geom
    FROM (
        SELECT DISTINCT p.id
        FROM piece s
        JOIN parcel p ON p.geom && s.geom AND upper_inf(p.known) AND p.valid @> CAST(:on AS date)
            AND p.known @> CAST(:known_at AS timestamptz) AND land_overlaps(s.geom, p.geom)
        LIMIT :most
    ) open
    JOIN parcel USING (id)
    UNION ALL
    SELECT id, key, geom
    FROM (
        SELECT p.id
        FROM parcel p
        WHERE NOT upper_inf(p.known) AND p.valid @> CAST(:on AS date) AND p.known @> CAST(:known_at AS timestamptz)
            AND EXISTS (SELECT FROM piece s WHERE s.geom && p.geom AND land_overlaps(s.geom, p.geom))
        LIMIT :most
    ) closed
    JOIN parcel USING (id)
)
SELECT m.key, round((sum(
           CASE WHEN land_covers(s.geom, m.geom) THEN ST_Area(m.geom) ELSE ST_Area(shared_land(s.geom, m.geom)) END
       ) / ST_Area(m.geom))::numeric, 4) AS share
FROM met m
JOIN piece s ON s.geom && m.geom
WHERE (SELECT count(*) FROM met) < :most
GROUP BY m.id, m.key, m.geom
UNION ALL
SELECT NULL, NULL FROM met HAVING count(*) >= :most
