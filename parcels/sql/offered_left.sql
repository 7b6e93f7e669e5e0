-- What of each area lies on none of some others: in m2 of EPSG:25832 all of it, what is apart from the `sure` ones, and what is
-- apart from `either`. What is left and no wider than a sliver on the average is nothing; all but a sliver is all.
WITH area AS MATERIALIZED (
    SELECT n, CAST(hex AS geometry) AS geom FROM unnest(CAST(:land AS text[])) WITH ORDINALITY AS l(hex, n)
),
other AS MATERIALIZED (
    SELECT (SELECT ST_Union(CAST(hex AS geometry), 1e-6) FROM unnest(CAST(:sure AS text[])) AS s(hex)) AS sure,
           (SELECT ST_Union(CAST(hex AS geometry), 1e-6) FROM unnest(CAST(:either AS text[])) AS e(hex)) AS either
),
remaining AS MATERIALIZED (
    SELECT n, ST_Area(geom) AS m2, coalesce(land_without(geom, sure), geom) AS apart_from_sure,
           coalesce(land_without(geom, either), geom) AS apart_from_either
    FROM area CROSS JOIN other
),
measured AS MATERIALIZED (
    SELECT n, m2, shared_m2(apart_from_sure, apart_from_sure, :wider) AS apart_m2,
           shared_m2(apart_from_either, apart_from_either, :wider) AS neither_m2
    FROM remaining
)
SELECT m2, CASE WHEN m2 - apart_m2 < :least THEN m2 WHEN apart_m2 < :least THEN 0 ELSE apart_m2 END AS apart_m2,
       CASE WHEN m2 - neither_m2 < :least THEN m2 WHEN neither_m2 < :least THEN 0 ELSE neither_m2 END AS neither_m2
FROM measured
ORDER BY n
