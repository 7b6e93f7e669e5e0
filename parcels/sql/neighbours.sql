-- What lies around a site on a day, as known at an instant: workplace land by plan and designation, the port, parcels without a
-- plan, plants. Metres from edge to edge in EPSG:25832. Parcels that were closed since are read only where they can matter: they
-- have no index by place. IS TRUE keeps the planner from the indexes over days, where nearly every fact is one of today.
WITH site AS MATERIALIZED (
    SELECT CAST(:site AS geometry) AS geom
),
earlier AS MATERIALIZED (
    SELECT coalesce(recorded_at > CAST(:known_at AS timestamptz), false) AS known FROM register
),
around AS MATERIALIZED (
    SELECT p.key, p.geom, ST_Distance(p.geom, s.geom) AS metres
    FROM site s
    CROSS JOIN LATERAL (
        SELECT key, geom, valid, known FROM parcel WHERE upper_inf(known) AND geom && ST_Expand(s.geom, :band)
        UNION ALL
        SELECT key, geom, valid, known FROM parcel
        WHERE (SELECT known FROM earlier) AND NOT upper_inf(known) AND geom && ST_Expand(s.geom, :band)
    ) p
    WHERE (p.valid @> CAST(:on AS date) AND p.known @> CAST(:known_at AS timestamptz)) IS TRUE
        AND ST_DWithin(p.geom, s.geom, :band)
),
neighbour AS MATERIALIZED (  -- a drawn site never follows the border exactly: a rest of one in a hundred is the site's own
    SELECT a.*
    FROM around a CROSS JOIN site s
    WHERE a.metres > 0 OR ST_Area(a.geom) - shared_m2(a.geom, s.geom) > greatest(1, 0.01 * ST_Area(a.geom))
),
line AS MATERIALIZED (
    SELECT n.key, n.metres, l.designation, l.in_use_as_commercial, l.plans, l.gross_m2 - l.port_m2 AS m2
    FROM neighbour n
    JOIN ledger l ON l.parcel_key = n.key AND (l.valid @> CAST(:on AS date) AND l.known @> CAST(:known_at AS timestamptz)) IS TRUE
        AND l.gross_m2 > l.port_m2
),
drawn AS MATERIALIZED (  -- a part of a parcel lies no nearer than the parcel, and no nearer than the plan that makes it
    SELECT x.plans, x.designation, min(ST_Distance(z.geom, s.geom)) AS metres
    FROM (SELECT DISTINCT plans, designation FROM line) x
    CROSS JOIN site s
    JOIN zone z ON z.plan = ANY (x.plans) AND z.designation = x.designation
        AND (z.valid @> CAST(:on AS date) AND z.known @> CAST(:known_at AS timestamptz)) IS TRUE
    GROUP BY x.plans, x.designation
),
closed AS MATERIALIZED (  -- zones closed since have no pieces
    SELECT z.geom
    FROM zone z
    WHERE (SELECT known FROM earlier) AND NOT upper_inf(z.known) AND z.regulates_use
        AND z.geom && (SELECT ST_SetSRID(ST_Extent(geom)::geometry, 25832) FROM neighbour)
        AND (z.valid @> CAST(:on AS date) AND z.known @> CAST(:known_at AS timestamptz)) IS TRUE
),
bare AS MATERIALIZED (
    SELECT n.metres
    FROM neighbour n
    WHERE NOT EXISTS (
            SELECT FROM zone_piece x JOIN zone z ON z.id = x.fact_id
            WHERE x.geom && n.geom AND z.regulates_use
                AND (z.valid @> CAST(:on AS date) AND z.known @> CAST(:known_at AS timestamptz)) IS TRUE
                AND ST_Relate(x.geom, n.geom, 'T********'))
        AND NOT EXISTS (SELECT FROM closed c WHERE c.geom && n.geom AND ST_Relate(c.geom, n.geom, 'T********'))
    UNION ALL
    SELECT metres FROM line WHERE designation IS NULL
),
found AS (
    SELECT 'workplace' AS kind, array_to_string(l.plans, ', ') AS name, l.designation, l.in_use_as_commercial,
           NULL AS kas18_class, NULL AS distance_class, false AS on_site,
           min(greatest(l.metres, d.metres)) AS metres, count(DISTINCT l.key) AS parcels, sum(l.m2) AS m2
    FROM line l LEFT JOIN drawn d ON d.plans = l.plans AND d.designation = l.designation
    WHERE l.designation IS NOT NULL
    GROUP BY l.plans, l.designation, l.in_use_as_commercial
    UNION ALL
    SELECT 'port', a.kind, NULL, NULL, NULL, NULL, false, min(ST_Distance(a.geom, s.geom)), NULL, NULL
    FROM port_area a CROSS JOIN site s
    WHERE (a.valid @> CAST(:on AS date) AND a.known @> CAST(:known_at AS timestamptz)) IS TRUE
        AND ST_DWithin(a.geom, s.geom, :band) AND NOT ST_Covers(s.geom, a.geom)
    GROUP BY a.kind
    UNION ALL
    SELECT 'unplanned', NULL, NULL, NULL, NULL, NULL, false, min(metres), count(*), NULL FROM bare HAVING count(*) > 0
    UNION ALL
    SELECT 'plant', coalesce(c.name, c.ref), NULL, NULL, c.kas18_class, c.distance_class,
           ST_Area(c.geom) - shared_m2(c.geom, s.geom) <= 0.01 * ST_Area(c.geom), ST_Distance(c.geom, s.geom), NULL, NULL
    FROM site s JOIN site_of_concern c ON c.geom && ST_Expand(s.geom, :widest) AND ST_DWithin(c.geom, s.geom, :widest)
    WHERE (c.valid @> CAST(:on AS date) AND c.known @> CAST(:known_at AS timestamptz)) IS TRUE
)
SELECT n.around > 0 AS land_recorded, (
           SELECT EXISTS (SELECT FROM site_of_concern WHERE lower(known) <= CAST(:known_at AS timestamptz))
       ) AS plants_recorded,
       kind, nullif(name, '') AS name, designation, in_use_as_commercial, kas18_class, distance_class, on_site,
       round(floor(metres * 100 + 0.0001)::numeric / 100, 2) AS distance_m, parcels, m2
FROM (SELECT count(*) AS around FROM neighbour) n LEFT JOIN found ON true
