-- What every parcel in scope measures, period by period: gross, port and net m2 of each part of it under one designation
-- and one holding. Geometry gives ratios only, amounts come from the parcel's area. Facts known now, all days.
-- Large parcels are cut into fragments and zones, port and deductions lie in pieces, so that no single overlay is large.
-- A geometry of NULL means: the whole fragment.
WITH land AS MATERIALIZED (
    SELECT DISTINCT land AS id, key, valid, plane, area_m2, area_basis, district FROM fragment
),
held AS MATERIALIZED (
    SELECT l.id AS land, h.id AS holding, h.valid * l.valid AS valid, h.geom,
           CASE WHEN h.geom IS NOT NULL THEN md5(ST_AsBinary(h.geom))::uuid END AS part
    FROM land l
    JOIN holding h ON h.parcel_key = l.key AND upper_inf(h.known) AND h.valid && l.valid
),
met AS MATERIALIZED (
    SELECT layer, id, fact, fragment, land, valid, whole, CASE WHEN NOT whole THEN geom END AS geom
    FROM (
        SELECT 'zone' AS layer, p.id, p.fact_id AS fact, p.geom, f.id AS fragment, f.land, f.valid,
               ST_Covers(p.geom, f.geom) AS whole
        FROM zone_piece p JOIN fragment f ON ST_Intersects(p.geom, f.geom)
        UNION ALL
        SELECT 'port', p.id, p.fact_id, p.geom, f.id, f.land, f.valid, ST_Covers(p.geom, f.geom)
        FROM port_area_piece p JOIN fragment f ON ST_Intersects(p.geom, f.geom)
        UNION ALL
        SELECT 'deduction', p.id, p.fact_id, p.geom, f.id, f.land, f.valid, ST_Covers(p.geom, f.geom)
        FROM deduction_piece p JOIN fragment f ON ST_Intersects(p.geom, f.geom)
        OFFSET 0  -- or each of the tests would run twice
    ) pairs
),
cover AS MATERIALIZED (  -- the place of a zone is only cut out where the ledger will have a line for it
    SELECT m.land, m.fragment, z.id AS zone, z.plan, z.designation, z.in_use_as_commercial, z.content,
           lower(z.valid) AS since, z.valid * f.valid AS valid, m.whole,
           CASE WHEN NOT m.whole AND (z.designation = ANY (:workplace) OR m.land IN (SELECT land FROM held))
                THEN ST_CollectionExtract(ST_Intersection(f.geom, ST_Union(m.pieces)), 3) END AS geom
    FROM (
        SELECT fragment, land, fact, bool_or(whole) AS whole,
               array_agg(geom ORDER BY id) AS pieces
        FROM met
        WHERE layer = 'zone'
        GROUP BY fragment, land, fact
    ) m
    JOIN fragment f ON f.id = m.fragment
    JOIN zone z ON z.id = m.fact AND z.regulates_use AND z.valid && f.valid
),
block AS MATERIALIZED (
    SELECT m.land, m.fragment, true AS port, a.valid * m.valid AS valid, m.geom, m.whole
    FROM met m JOIN port_area a ON a.id = m.fact AND a.valid && m.valid
    WHERE m.layer = 'port'
    UNION ALL
    SELECT m.land, m.fragment, false, d.valid * m.valid, m.geom, m.whole
    FROM met m JOIN deduction d ON d.id = m.fact AND d.valid && m.valid
    WHERE m.layer = 'deduction'
),
place AS MATERIALIZED (  -- only where the parcel does not say its Bezirk itself
    SELECT f.land, d.name, d.valid * f.valid AS valid, sum(ST_Area(ST_Intersection(p.geom, f.geom))) AS share
    FROM fragment f
    JOIN district_piece p ON ST_Intersects(p.geom, f.geom)
    JOIN district d ON d.id = p.fact_id AND d.valid && f.valid
    WHERE f.district IS NULL
    GROUP BY f.land, f.valid, d.id
    HAVING sum(ST_Area(ST_Intersection(p.geom, f.geom))) > 0  -- to touch is no share
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
stack AS MATERIALIZED (
    SELECT *, min(rank) FILTER (WHERE whole) OVER (PARTITION BY fragment, days) AS ground
    FROM (
        SELECT p.days, c.*, row_number() OVER (PARTITION BY c.fragment, p.days
                                               ORDER BY c.since DESC NULLS LAST, c.plan DESC, c.content DESC) AS rank
        FROM period p
        JOIN cover c ON c.land = p.land AND c.valid @> p.days
    ) ranked
),
above AS (
    SELECT s.fragment, s.days, s.rank, s.zone, a.zone AS other
    FROM stack s
    JOIN stack a ON a.fragment = s.fragment AND a.days = s.days AND a.rank < s.rank
    WHERE (s.ground IS NULL OR s.rank <= s.ground) AND (s.geom IS NOT NULL OR s.whole)
),
rival AS MATERIALIZED (  -- most neighbours share an edge and no land: found out once for two zones, not for each fragment
    SELECT zone, other
    FROM (SELECT DISTINCT zone, other FROM above) pairs
    WHERE (
        SELECT bool_or(ST_Relate(x.geom, y.geom, 'T********'))
        FROM zone_piece x JOIN zone_piece y ON y.geom && x.geom
        WHERE x.fact_id = zone AND y.fact_id = other)
),
over AS (
    SELECT a.fragment, a.days, a.rank, array_agg(p.geom ORDER BY p.id) AS geoms
    FROM above a
    JOIN rival USING (zone, other)
    JOIN fragment f ON f.id = a.fragment
    JOIN zone_piece p ON p.fact_id = a.other AND p.geom && f.geom
    GROUP BY a.fragment, a.days, a.rank
),
bare AS (  -- land under a holding for which no plan is recorded
    SELECT f.land, f.id AS fragment, p.days, ST_Difference(f.geom, ST_Union(s.geoms)) AS geom, s.geoms IS NULL AS whole
    FROM period p
    JOIN fragment f ON f.land = p.land
    LEFT JOIN (
        SELECT fragment, days, array_agg(geom) AS geoms, bool_or(whole) AS whole FROM stack GROUP BY fragment, days
    ) s ON s.fragment = f.id AND s.days = p.days
    WHERE s.whole IS NOT TRUE AND EXISTS (SELECT FROM held h WHERE h.land = p.land AND h.valid @> p.days)
),
surface AS MATERIALIZED (
    SELECT s.land, s.fragment, s.days, s.plan, s.designation, s.in_use_as_commercial,
           s.whole AND o.geoms IS NULL AS whole,
           CASE WHEN o.geoms IS NULL THEN s.geom
                ELSE ST_Difference(coalesce(s.geom, f.geom), ST_Union(o.geoms)) END AS geom
    FROM stack s
    JOIN fragment f ON f.id = s.fragment
    LEFT JOIN over o ON o.fragment = s.fragment AND o.days = s.days AND o.rank = s.rank
    WHERE (s.ground IS NULL OR s.rank <= s.ground) AND (s.geom IS NOT NULL OR s.whole)
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
    JOIN fragment f ON f.id = s.fragment
    JOIN held h ON h.land = s.land AND h.valid @> s.days AND h.geom IS NOT NULL
    UNION ALL
    SELECT s.land, s.fragment, s.days, s.plan, s.designation, s.in_use_as_commercial, false,
           ST_Difference(coalesce(s.geom, f.geom), h.parts), NULL, NULL
    FROM surface s
    JOIN fragment f ON f.id = s.fragment
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
    JOIN fragment f ON f.id = c.fragment
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
           coalesce(array_agg(DISTINCT plan ORDER BY plan) FILTER (WHERE plan IS NOT NULL AND gross >= 0.005), '{}') AS plans,
           sum(gross) AS gross, sum(outside) AS outside, sum(net) AS net
    FROM sized
    GROUP BY land, days, designation, in_use_as_commercial, holding, part
),
home AS (  -- joined, not looked up row by row: that would read all of `place` for each
    SELECT DISTINCT ON (p.land, p.days) p.land, p.days, l.name
    FROM period p
    JOIN place l ON l.land = p.land AND l.valid @> p.days
    ORDER BY p.land, p.days, l.share DESC, l.name
),
measured AS (
    SELECT l.key, s.part, s.days,
           coalesce(l.district, h.name) AS district,
           s.designation, s.in_use_as_commercial, s.plans,
           round((l.area_m2 * s.gross / l.plane)::numeric, 2) AS gross_m2,
           round((l.area_m2 * least(s.outside, s.gross) / l.plane)::numeric, 2) AS outside_m2,
           round((l.area_m2 * least(s.net, s.outside, s.gross) / l.plane)::numeric, 2) AS net_m2,
           l.area_basis, s.holding
    FROM summed s
    JOIN land l ON l.id = s.land
    LEFT JOIN home h ON h.land = s.land AND h.days = s.days
    WHERE s.gross > 0
    UNION ALL
    -- a declared area holds until the parcel has a geometry; it is net by definition
    SELECT h.parcel_key, md5(ST_AsBinary(h.geom))::uuid, d.days, NULL, h.designation, NULL, '{}',
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
