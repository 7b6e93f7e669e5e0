-- Workplace land outside the port on a day, whoever holds it.
WITH line AS (
    SELECT district, designation, gross_m2 - port_m2 AS area_m2, net_m2,
           CASE WHEN holder = ANY (:municipal) THEN 'municipal' WHEN holder IS NOT NULL THEN 'other' END AS ownership,
           CASE WHEN designation = ANY (:designations) THEN true
                WHEN designation = ANY (:if_commercial) THEN in_use_as_commercial
                ELSE false END AS belongs
    FROM ledger
    WHERE valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz) AND gross_m2 > port_m2
)
SELECT /* by */
    coalesce(sum(area_m2) FILTER (WHERE belongs), 0) AS area,
    coalesce(sum(net_m2) FILTER (WHERE belongs), 0) AS net,
    coalesce(sum(area_m2) FILTER (WHERE belongs IS NULL), 0) AS unclear
FROM line
WHERE belongs IS NOT FALSE
/* group */
