-- Lines of lineage that hold no more are closed, those that are new are added; what is measured replaces what was only stated.
WITH found AS MATERIALIZED (
    SELECT p AS predecessor, s AS successor, d AS changed_on, m2 AS shared_m2
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(p text, s text, d date, m2 numeric(14, 2))
),
seam AS MATERIALIZED (
    SELECT DISTINCT x.day
    FROM parcel p CROSS JOIN LATERAL (VALUES (lower(p.valid)), (upper(p.valid))) x(day)
    WHERE (lower(p.known) = :at OR upper(p.known) = :at) AND x.day IS NOT NULL AND EXISTS (SELECT FROM lineage)
),
closed AS (
    UPDATE lineage l SET known = tstzrange(lower(l.known), :at)
    WHERE upper_inf(l.known) AND (
        (l.shared_m2 IS NULL AND EXISTS (
            SELECT FROM found f WHERE f.predecessor = l.predecessor AND f.successor = l.successor))
        OR (l.shared_m2 IS NOT NULL AND l.changed_on IN (SELECT day FROM seam) AND NOT EXISTS (
            SELECT FROM found f
            WHERE (f.predecessor, f.successor, f.changed_on, f.shared_m2)
                = (l.predecessor, l.successor, l.changed_on, l.shared_m2)))
    )
    RETURNING l.id
),
added AS (
    INSERT INTO lineage (predecessor, successor, changed_on, shared_m2, known)
    SELECT f.*, tstzrange(:at, NULL) FROM found f
    WHERE NOT EXISTS (
        SELECT FROM lineage l
        WHERE upper_inf(l.known) AND (f.predecessor, f.successor, f.changed_on, f.shared_m2)
            = (l.predecessor, l.successor, l.changed_on, l.shared_m2))
    RETURNING id
)
SELECT (SELECT count(*) FROM closed), (SELECT count(*) FROM added)
