-- The reserve on a day, as known at an instant. An area is a site, or a counting parcel without one.
WITH line AS (
    SELECT district, designation, holder, site, standing, gross_m2, net_m2, coalesce('site ' || site, 'parcel ' || parcel_key) AS area
    FROM ledger
    WHERE valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz) AND standing <> 'excluded'
),
classed AS (
    SELECT l.*, CASE WHEN standing LIKE 'counted%' THEN width_bucket(
        sum(net_m2) FILTER (WHERE standing LIKE 'counted%') OVER (PARTITION BY area), CAST(:limits AS numeric[])) END AS size_class
    FROM line l
)
SELECT /* by */
    coalesce(sum(net_m2) FILTER (WHERE standing LIKE 'counted%'), 0) AS net,
    coalesce(sum(net_m2) FILTER (WHERE standing = 'counted_free'), 0) AS free,
    coalesce(sum(gross_m2) FILTER (WHERE standing LIKE 'counted%'), 0) AS gross,
    coalesce(sum(net_m2) FILTER (WHERE standing = 'unclear'), 0) AS unclear,
    coalesce(sum(net_m2) FILTER (WHERE standing = 'unrecorded'), 0) AS unrecorded,
    count(DISTINCT area) FILTER (WHERE standing LIKE 'counted%') AS areas
FROM classed
/* group */
