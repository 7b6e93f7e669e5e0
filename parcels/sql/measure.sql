-- What every parcel in scope measures, period by period: gross, port and net m2 of each part of it under one designation
-- and one holding. Geometry gives ratios only, amounts come from the parcel's area. Facts known now, all days.
-- Large parcels are cut into fragments and zones, port and deductions lie in pieces, so that no single overlay is large.
-- A geometry of NULL means: the whole fragment.
WITH land AS MATERIALIZED (
    SELECT p.id, p.key, p.valid, p.geom, ST_Area(p.geom) AS plane, p.area_m2, p.area_basis, p.district
    FROM parcel p
    WHERE upper_inf(p.known) AND p.key IN (SELECT key FROM scope)
),
fragment AS MATERIALIZED (
    SELECT row_number() OVER () AS fragment, l.id AS land, l.valid, f.geom
    FROM land l
    CROSS JOIN LATERAL (
        SELECT l.geom WHERE ST_NPoints(l.geom) <= 256
        UNION ALL
        SELECT s.geom FROM ST_Subdivide(l.geom, 128) AS s(geom) WHERE ST_NPoints(l.geom) > 256
    ) f
),
zone_pieces AS (
    SELECT f.fragment, zp.fact_id AS zone, bool_or(c.whole) AS whole, array_agg(zp.geom ORDER BY zp.id) AS pieces
    FROM fragment f
    JOIN zone_piece zp ON zp.geom && f.geom
    CROSS JOIN LATERAL (SELECT ST_Covers(zp.geom, f.geom) AS whole) c
    WHERE c.whole OR ST_Intersects(zp.geom, f.geom)
    GROUP BY f.fragment, zp.fact_id
),
cover AS MATERIALIZED (
    SELECT f.land, f.fragment, z.plan, z.designation, z.in_use_as_commercial, z.content, lower(z.valid) AS since,
           z.valid * f.valid AS valid, zp.whole,
           CASE WHEN NOT zp.whole
                THEN ST_CollectionExtract(ST_Intersection(f.geom, ST_Union(zp.pieces)), 3) END AS geom
    FROM zone_pieces zp
    JOIN fragment f USING (fragment)
    JOIN zone z ON z.id = zp.zone AND z.regulates_use AND z.valid && f.valid
),
block AS MATERIALIZED (
    SELECT f.land, f.fragment, true AS port, a.valid * f.valid AS valid, pp.geom, ST_Covers(pp.geom, f.geom) AS whole
    FROM fragment f
    JOIN port_area_piece pp ON pp.geom && f.geom AND ST_Intersects(pp.geom, f.geom)
    JOIN port_area a ON a.id = pp.fact_id AND a.valid && f.valid
    UNION ALL
    SELECT f.land, f.fragment, false, d.valid * f.valid, dp.geom, ST_Covers(dp.geom, f.geom)
    FROM fragment f
    JOIN deduction_piece dp ON dp.geom && f.geom AND ST_Intersects(dp.geom, f.geom)
    JOIN deduction d ON d.id = dp.fact_id AND d.valid && f.valid
),
held AS MATERIALIZED (
    SELECT l.id AS land, h.id AS holding, h.valid * l.valid AS valid, h.geom,
           CASE WHEN h.geom IS NOT NULL THEN md5(ST_AsBinary(h.geom))::uuid END AS part
    FROM land l
    JOIN holding h ON h.parcel_key = l.key AND upper_inf(h.known) AND h.valid && l.valid
),
place AS MATERIALIZED (  -- only where the parcel does not say its Bezirk itself
    SELECT l.id AS land, d.name, d.valid * l.valid AS valid, sum(ST_Area(ST_Intersection(dp.geom, l.geom))) AS share
    FROM land l
    JOIN district_piece dp ON dp.geom && l.geom AND ST_Intersects(dp.geom, l.geom)
    JOIN district d ON d.id = dp.fact_id AND d.valid && l.valid
    WHERE l.district IS NULL
    GROUP BY l.id, l.valid, d.id
    HAVING sum(ST_Area(ST_Intersection(dp.geom, l.geom))) > 0  -- to touch is no share
),
cut AS (
    SELECT land, coalesce(lower(valid), '-infinity') AS day, coalesce(upper(valid), 'infinity') AS upto FROM (
        SELECT id AS land, valid FROM land
        UNION SELECT land, valid FROM cover
        UNION SELECT land, valid FROM block
        UNION SELECT land, valid FROM held
        UNION SELECT land, valid FROM place
    ) spans
),
seam AS (SELECT land, day FROM cut UNION SELECT land, upto FROM cut),
period AS MATERIALIZED (
    SELECT land, daterange(nullif(day, '-infinity'), nullif(next, 'infinity')) AS days
    FROM (SELECT land, day, lead(day) OVER (PARTITION BY land ORDER BY day) AS next FROM seam) s
    WHERE next IS NOT NULL
),
-- Plans stack: of those in force the newest that regulates the use wins, of two of the same day the later name.
stack AS (
    SELECT *, min(rank) FILTER (WHERE whole) OVER (PARTITION BY fragment, days) AS ground,
           array_agg(geom) OVER (PARTITION BY fragment, days ORDER BY rank
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS above
    FROM (
        SELECT p.days, c.*, row_number() OVER (PARTITION BY c.fragment, p.days
                                               ORDER BY c.since DESC NULLS LAST, c.plan DESC, c.content DESC) AS rank
        FROM period p
        JOIN cover c ON c.land = p.land AND c.valid @> p.days
    ) ranked
),
bare AS (  -- land under a holding for which no plan is recorded
    SELECT f.land, f.fragment, p.days, ST_Difference(f.geom, ST_Union(s.geoms)) AS geom, s.geoms IS NULL AS whole
    FROM period p
    JOIN fragment f ON f.land = p.land
    LEFT JOIN (
        SELECT fragment, days, array_agg(geom) AS geoms, bool_or(whole) AS whole FROM stack GROUP BY fragment, days
    ) s ON s.fragment = f.fragment AND s.days = p.days
    WHERE s.whole IS NOT TRUE AND EXISTS (SELECT FROM held h WHERE h.land = p.land AND h.valid @> p.days)
),
surface AS (
    SELECT land, fragment, days, plan, designation, in_use_as_commercial, whole AND rank = 1 AS whole,
           CASE WHEN rank = 1 THEN geom
                ELSE ST_Difference(coalesce(geom, (SELECT f.geom FROM fragment f WHERE f.fragment = stack.fragment)),
                                   ST_Union(above)) END AS geom
    FROM stack
    WHERE ground IS NULL OR rank <= ground
    UNION ALL
    SELECT land, fragment, days, NULL, NULL, NULL, whole, geom FROM bare
),
holder AS (
    SELECT p.land, p.days, bool_or(h.geom IS NOT NULL) AS in_parts, ST_Union(h.geom ORDER BY h.part) AS parts
    FROM period p
    JOIN held h ON h.land = p.land AND h.valid @> p.days
    GROUP BY p.land, p.days
),
cell AS (
    SELECT s.*, h.holding, h.part
    FROM surface s
    LEFT JOIN held h ON h.land = s.land AND h.valid @> s.days
    WHERE h.geom IS NULL AND (h.holding IS NOT NULL OR s.designation = ANY (:workplace))
    UNION ALL
    SELECT s.land, s.fragment, s.days, s.plan, s.designation, s.in_use_as_commercial, false,
           ST_Intersection(coalesce(s.geom, f.geom), h.geom), h.holding, h.part
    FROM surface s
    JOIN fragment f USING (fragment)
    JOIN held h ON h.land = s.land AND h.valid @> s.days AND h.geom IS NOT NULL
    UNION ALL
    SELECT s.land, s.fragment, s.days, s.plan, s.designation, s.in_use_as_commercial, false,
           ST_Difference(coalesce(s.geom, f.geom), h.parts), NULL, NULL
    FROM surface s
    JOIN fragment f USING (fragment)
    JOIN holder h ON h.land = s.land AND h.days = s.days AND h.in_parts
    WHERE s.designation = ANY (:workplace)
),
blocked AS (
    SELECT b.fragment, p.days, bool_or(b.whole) AS whole, bool_or(b.port AND b.whole) AS port_whole,
           bool_or(NOT b.port) AS deducted, array_agg(b.geom) AS geoms,
           array_agg(b.geom) FILTER (WHERE b.port) AS port_geoms
    FROM period p
    JOIN block b ON b.land = p.land AND b.valid @> p.days
    GROUP BY b.fragment, p.days
),
sized AS (
    SELECT c.*, a.gross, o.outside,
           CASE WHEN b.fragment IS NULL THEN a.gross
                WHEN b.whole THEN 0
                WHEN NOT b.deducted THEN o.outside
                ELSE ST_Area(ST_Difference(g.geom, ST_Union(b.geoms))) END AS net
    FROM cell c
    JOIN fragment f USING (fragment)
    LEFT JOIN blocked b ON b.fragment = c.fragment AND b.days = c.days
    CROSS JOIN LATERAL (SELECT CASE WHEN c.whole THEN f.geom ELSE c.geom END AS geom OFFSET 0) g
    CROSS JOIN LATERAL (SELECT ST_Area(g.geom) AS gross OFFSET 0) a
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.port_geoms IS NULL THEN a.gross
                    WHEN b.port_whole THEN 0
                    ELSE ST_Area(ST_Difference(g.geom, ST_Union(b.port_geoms))) END AS outside OFFSET 0
    ) o
),
summed AS (
    SELECT land, days, designation, in_use_as_commercial, holding, part,
           coalesce(array_agg(DISTINCT plan ORDER BY plan) FILTER (WHERE plan IS NOT NULL AND gross > 0), '{}') AS plans,
           sum(gross) AS gross, sum(outside) AS outside, sum(net) AS net
    FROM sized
    GROUP BY land, days, designation, in_use_as_commercial, holding, part
),
measured AS (
    SELECT l.key, s.part, s.days,
           coalesce(l.district, (SELECT name FROM place p WHERE p.land = l.id AND p.valid @> s.days
                                 ORDER BY share DESC, name LIMIT 1)) AS district,
           s.designation, s.in_use_as_commercial, s.plans,
           round((l.area_m2 * s.gross / l.plane)::numeric, 2) AS gross_m2,
           round((l.area_m2 * least(s.outside, s.gross) / l.plane)::numeric, 2) AS outside_m2,
           round((l.area_m2 * least(s.net, s.outside, s.gross) / l.plane)::numeric, 2) AS net_m2,
           l.area_basis, s.holding
    FROM summed s
    JOIN land l ON l.id = s.land
    WHERE s.gross > 0
    UNION ALL
    -- a declared area holds until the parcel has a geometry; it is net by definition
    SELECT h.parcel_key, NULL, d.days, NULL, h.designation, NULL, '{}',
           coalesce(h.declared_net_m2, 0), coalesce(h.declared_net_m2, 0), coalesce(h.declared_net_m2, 0), 'declared', h.id
    FROM holding h
    CROSS JOIN LATERAL unnest(
        datemultirange(h.valid)
        - coalesce((SELECT range_agg(p.valid) FROM parcel p WHERE p.key = h.parcel_key AND upper_inf(p.known)), '{}')
    ) AS d(days)
    WHERE upper_inf(h.known) AND h.parcel_key IN (SELECT key FROM scope)
)
INSERT INTO measured (key, part, days, district, designation, in_use_as_commercial, plans, gross_m2, port_m2, net_m2,
                      area_basis, site, holder, disposition, facts)
SELECT m.key, m.part, m.days, m.district, m.designation, m.in_use_as_commercial, m.plans, m.gross_m2,
       m.gross_m2 - m.outside_m2, m.net_m2, m.area_basis, h.site, h.holder, h.disposition,
       jsonb_build_array(
           m.designation, m.in_use_as_commercial, m.outside_m2 = 0 AND m.gross_m2 > 0,
           CASE WHEN m.area_basis <> 'declared' OR h.declared_net_m2 IS NOT NULL
                THEN width_bucket(m.net_m2, CAST(:size_limits AS numeric[])) END,
           h.id IS NOT NULL,
           h.holder, h.disposition, h.disposition_until, h.serviced, h.cleared, h.binding_use, h.opposing_plan,
           h.construction_possible_from)::text
FROM measured m
LEFT JOIN holding h ON h.id = m.holding
WHERE m.gross_m2 > 0 OR m.area_basis = 'declared'
