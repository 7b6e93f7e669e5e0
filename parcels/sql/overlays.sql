-- What lies on each of some parcels, by kind, name, value and day of the data; one row of nothing where nothing does. Pieces are kept for all facts, so an earlier state
-- of knowledge is read alike. Pieces of one area are joined before they are measured: two maps of one flood do not add up.
WITH asked AS MATERIALIZED (
    SELECT key, geom, ST_Area(geom) AS plane
    FROM parcel
    WHERE key = ANY (:keys) AND valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)
),
hit AS MATERIALIZED (
    SELECT a.key, a.plane, o.kind, o.name, o.value, o.data_on, s.geom
    FROM asked a
    JOIN overlay_piece x ON x.geom && a.geom
    JOIN overlay o ON o.id = x.fact_id AND o.valid @> CAST(:on AS date) AND o.known @> CAST(:known_at AS timestamptz)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN ST_Covers(x.geom, a.geom) THEN a.geom
                    WHEN ST_Intersects(x.geom, a.geom) THEN shared_land(a.geom, x.geom) END AS geom OFFSET 0
    ) s
    WHERE NOT ST_IsEmpty(s.geom)
),
shared AS (
    SELECT key, kind, name, value, data_on, plane,
           CASE WHEN count(*) = 1 THEN min(ST_Area(geom)) ELSE ST_Area(ST_Union(geom)) END AS m2
    FROM hit
    GROUP BY key, kind, name, value, data_on, plane
)
SELECT a.key, s.kind, s.name, s.value, s.data_on, round(least(s.m2 / s.plane, 1)::numeric, 4) AS share
FROM asked a LEFT JOIN shared s ON s.key = a.key AND s.m2 >= :sliver_m2
ORDER BY a.key, s.kind, share DESC, s.name, s.value, s.data_on
