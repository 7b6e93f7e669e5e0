-- The parcels that end and begin on days on which something just changed, two by two, with the land they share.
-- Who ends or begins with the day (and has no area on its other side) leads; the other one may be a parcel that is only redrawn.
-- The planner knows nothing yet of what was just recorded: each step is made as a table, the first ones by passes over all parcels
-- (no nested loops), the pairs by looking the other side up by its place (OFFSET 0 keeps that order).
WITH kin_seam AS MATERIALIZED (
    SELECT DISTINCT x.day
    FROM parcel p CROSS JOIN LATERAL (VALUES (lower(p.valid)), (upper(p.valid))) x(day)
    WHERE (lower(p.known) = :at OR upper(p.known) = :at) AND x.day IS NOT NULL
),
kin_old AS MATERIALIZED (
    SELECT p.key, upper(p.valid) AS day, p.area_m2, p.geom, lower(p.known) = :at AS fresh,
           q.area_m2 AS other_m2
    FROM parcel p
    LEFT JOIN parcel q ON q.key = p.key AND upper_inf(q.known) AND q.valid @> upper(p.valid)
    WHERE upper_inf(p.known) AND upper(p.valid) IN (SELECT day FROM kin_seam)
),
kin_new AS MATERIALIZED (
    SELECT p.key, lower(p.valid) AS day, p.area_m2, p.geom, lower(p.known) = :at AS fresh,
           q.area_m2 AS other_m2
    FROM parcel p
    LEFT JOIN parcel q ON q.key = p.key AND upper_inf(q.known) AND q.valid @> lower(p.valid) - 1
    WHERE upper_inf(p.known) AND lower(p.valid) IN (SELECT day FROM kin_old)
),
kin_met AS MATERIALIZED (
    SELECT o.key AS old, n.key AS new, o.day
    FROM (SELECT * FROM kin_old WHERE other_m2 IS NULL OFFSET 0) o
    CROSS JOIN LATERAL (
        SELECT key FROM parcel n
        WHERE n.geom && o.geom AND upper_inf(n.known) AND lower(n.valid) = o.day AND n.key <> o.key
        OFFSET 0
    ) n
    UNION
    SELECT o.key, n.key, n.day
    FROM (SELECT * FROM kin_new WHERE other_m2 IS NULL OFFSET 0) n
    CROSS JOIN LATERAL (
        SELECT key FROM parcel o
        WHERE o.geom && n.geom AND upper_inf(o.known) AND upper(o.valid) = n.day AND o.key <> n.key
        OFFSET 0
    ) o
)
SELECT m.day, m.old, m.new, s.m2, o.area_m2, o.other_m2, n.other_m2, n.area_m2, ST_Area(n.geom), o.fresh OR n.fresh
FROM kin_met m
JOIN kin_old o ON o.key = m.old AND o.day = m.day
JOIN kin_new n ON n.key = m.new AND n.day = m.day
CROSS JOIN LATERAL (SELECT shared_m2(o.geom, n.geom, :sliver_m) OFFSET 0) s(m2)
WHERE s.m2 > :sliver_m2
