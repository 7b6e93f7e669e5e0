-- A sweep over the seams of what counts: each line enters on its first day and leaves on the day after its last.
WITH counted AS (
    SELECT net_m2, CASE WHEN standing = 'counted_free' THEN net_m2 ELSE 0 END AS free_m2,
           valid * daterange(:since, :until) AS valid
    FROM ledger
    WHERE known @> CAST(:known_at AS timestamptz) AND standing IN ('counted_free', 'counted_reserved')
          AND valid && daterange(:since, :until)
),
step AS (
    SELECT CAST(:since AS date) AS day, 0 AS net_m2, 0 AS free_m2
    UNION ALL
    SELECT lower(valid), net_m2, free_m2 FROM counted
    UNION ALL
    SELECT upper(valid), -net_m2, -free_m2 FROM counted WHERE upper(valid) < :until
)
SELECT day, sum(sum(net_m2)) OVER (ORDER BY day), sum(sum(free_m2)) OVER (ORDER BY day)
FROM step
GROUP BY day
ORDER BY day
