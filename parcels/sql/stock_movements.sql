-- Per day, parcel and designation: what stands after the seam less what stood before it; land that only changes hands moves nothing.
WITH line AS (
    SELECT parcel_key, designation, district, gross_m2 - port_m2 AS area_m2, valid
    FROM ledger
    WHERE known @> CAST(:known_at AS timestamptz)
          AND (designation = ANY (:designations) OR designation = ANY (:if_commercial) AND in_use_as_commercial)
),
step AS (
    SELECT lower(valid) AS day, parcel_key, designation, district, area_m2 FROM line
    UNION ALL
    SELECT upper(valid), parcel_key, designation, district, -area_m2 FROM line
),
moved AS (
    SELECT day, designation, district, sum(area_m2) AS delta
    FROM step
    WHERE day > :since AND day <= :until
    GROUP BY day, parcel_key, designation, district
)
SELECT day, designation, district, coalesce(sum(delta) FILTER (WHERE delta > 0), 0), coalesce(-sum(delta) FILTER (WHERE delta < 0), 0)
FROM moved
WHERE delta <> 0
GROUP BY day, designation, district
ORDER BY day, designation, district
