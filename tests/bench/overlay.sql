-- Best effort in plain SQL: net m2 per parcel and designation of every parcel that workplace land touches. Zones, port and
-- deductions drive the index of the parcels, covered parcels are not cut, one union and one difference per touched parcel.
CREATE TEMP TABLE net ON COMMIT DROP AS
WITH part AS MATERIALIZED (
    SELECT t.key, t.plane, t.area_m2, z.designation,
           CASE WHEN ST_Covers(z.geom, t.geom) THEN t.geom ELSE ST_Intersection(z.geom, t.geom) END AS geom
    FROM bare.zone z JOIN beside_work t ON ST_Intersects(z.geom, t.geom)
),
block AS MATERIALIZED (
    SELECT key, ST_Union(geom) AS geom
    FROM (
        SELECT t.key, b.geom FROM bare.port b JOIN beside_work t ON ST_Intersects(b.geom, t.geom)
        UNION ALL
        SELECT t.key, b.geom FROM bare.deduction b JOIN beside_work t ON ST_Intersects(b.geom, t.geom)
    ) pieces
    GROUP BY key
)
SELECT p.key, p.designation,
       round((p.area_m2 * sum(ST_Area(p.geom)) / p.plane)::numeric, 2) AS gross_m2,
       round((p.area_m2 * sum(ST_Area(CASE WHEN b.geom IS NULL THEN p.geom ELSE ST_Difference(p.geom, b.geom) END))
              / p.plane)::numeric, 2) AS net_m2
FROM part p LEFT JOIN block b USING (key)
GROUP BY p.key, p.designation, p.area_m2, p.plane
