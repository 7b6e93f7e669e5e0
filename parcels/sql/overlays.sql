-- What lies on each of some parcels, by kind, name, value and day of the data; and a row of nothing for each. Pieces are kept for all facts, so an earlier state
-- of knowledge is read alike. Pieces of one area are joined before they are measured: two maps of one flood do not add up.
-- IS TRUE keeps the planner from the index over days, where nearly every fact is one of today.
WITH asked AS MATERIALIZED (
    SELECT key, geom, ST_Area(geom) AS plane
    FROM parcel
    WHERE key = ANY (:keys) AND (valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)) IS TRUE
),
hit AS MATERIALIZED (  -- of a piece that covers the whole parcel no land is cut out
    SELECT a.key, a.plane, o.kind, o.name, o.value, o.data_on, c.whole, s.geom
    FROM asked a
    JOIN overlay_piece x ON x.geom && a.geom
    JOIN overlay o ON o.id = x.fact_id AND (o.valid @> CAST(:on AS date) AND o.known @> CAST(:known_at AS timestamptz)) IS TRUE
    CROSS JOIN LATERAL (SELECT ST_Covers(x.geom, a.geom) AS whole OFFSET 0) c
    CROSS JOIN LATERAL (
        SELECT CASE WHEN NOT c.whole AND ST_Intersects(x.geom, a.geom) THEN shared_land(a.geom, x.geom) END AS geom OFFSET 0
    ) s
    WHERE c.whole OR NOT ST_IsEmpty(s.geom)
),
shared AS MATERIALIZED (
    SELECT key, kind, name, value, data_on, plane,
           CASE WHEN whole THEN plane
                WHEN cardinality(geoms) = 1 THEN ST_Area(geoms[1])
                ELSE ST_Area(ST_Union(geoms)) END AS m2
    FROM (
        SELECT key, kind, name, value, data_on, plane, bool_or(whole) AS whole,
               array_agg(geom) FILTER (WHERE geom IS NOT NULL) AS geoms
        FROM hit
        GROUP BY key, kind, name, value, data_on, plane
        OFFSET 0
    ) joined
)
SELECT key, kind, name, value, data_on, round(least(m2 / plane, 1)::numeric, 4) AS share FROM shared WHERE m2 >= :sliver_m2
UNION ALL
SELECT key, NULL, NULL, NULL, NULL, NULL FROM asked
ORDER BY key, kind, share DESC, name, value, data_on
