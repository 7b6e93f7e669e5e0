-- What every parcel in scope measures, period by period: gross, port and net m2 of each part of it under one designation
-- and one holding. Geometry gives ratios only, amounts come from the parcel's area. Facts known now, all days.
-- Large parcels are cut into fragments, and zones, port, deductions and parts of holdings lie in pieces: each overlay is one of
-- small pieces, areas are summed, so that no outline, however intricate, makes a single overlay large. `shared_land` and
-- `land_without` (migrations) are overlays that notice when GEOS has lost an area whose edges nearly coincide with the other's.
-- A geometry of NULL means: the whole fragment. Each step is a table of its own where many parcels are derived (`ledger`).
WITH scope AS MATERIALIZED (
    SELECT DISTINCT key FROM touched
),
fragment AS MATERIALIZED (
    SELECT row_number() OVER () AS id, p.id AS land, p.key, p.valid, ST_Area(p.geom) AS plane, p.area_m2, p.area_basis,
           p.district, f.geom
    FROM parcel p
    CROSS JOIN LATERAL (
        SELECT p.geom WHERE ST_NPoints(p.geom) <= 256
        UNION ALL
        SELECT s.geom FROM ST_Subdivide(p.geom, 128) AS s(geom) WHERE ST_NPoints(p.geom) > 256
    ) f
    WHERE upper_inf(p.known) AND p.key IN (SELECT key FROM scope)
),
land AS MATERIALIZED (
    SELECT DISTINCT land AS id, key, valid, plane, area_m2, area_basis, district FROM fragment
),
held AS MATERIALIZED (
    SELECT l.id AS land, h.id AS holding, h.valid * l.valid AS valid,
           CASE WHEN h.geom IS NOT NULL THEN md5(ST_AsBinary(h.geom))::uuid END AS part
    FROM land l
    JOIN holding h ON h.parcel_key = l.key AND upper_inf(h.known) AND h.valid && l.valid
),
share AS MATERIALIZED (  -- pieces of the parts that are held separately
    SELECT h.land, h.holding, h.part, h.valid, s.geom
    FROM held h
    JOIN holding x ON x.id = h.holding
    CROSS JOIN LATERAL ST_Subdivide(x.geom, 128) AS s(geom)
    WHERE h.part IS NOT NULL
),
met AS MATERIALIZED (
    SELECT layer, piece, fact, fragment, land, valid, whole, CASE WHEN NOT whole THEN geom END AS geom
    FROM (
        SELECT 'zone' AS layer, p.id AS piece, p.fact_id AS fact, p.geom, f.id AS fragment, f.land, f.valid,
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
           lower(z.valid) AS since, z.valid * m.valid AS valid, m.whole,
           z.designation = ANY (:workplace) OR m.land IN (SELECT land FROM held) AS wanted
    FROM (
        SELECT land, fragment, valid, fact, bool_or(whole) AS whole
        FROM met
        WHERE layer = 'zone'
        GROUP BY land, fragment, valid, fact
    ) m
    JOIN zone z ON z.id = m.fact AND z.regulates_use AND z.valid && m.valid
),
tile AS MATERIALIZED (
    SELECT fragment, zone, piece, geom
    FROM (
        SELECT c.fragment, c.zone, m.piece, shared_land(f.geom, m.geom) AS geom
        FROM cover c
        JOIN met m ON m.layer = 'zone' AND m.fragment = c.fragment AND m.fact = c.zone
        JOIN fragment f ON f.id = c.fragment
        WHERE c.wanted AND NOT c.whole
        OFFSET 0
    ) cut_out
    WHERE NOT ST_IsEmpty(geom)
),
block AS MATERIALIZED (
    SELECT m.land, m.fragment, m.piece, true AS port, a.valid * m.valid AS valid, m.geom, m.whole
    FROM met m JOIN port_area a ON a.id = m.fact AND a.valid && m.valid
    WHERE m.layer = 'port'
    UNION ALL
    SELECT m.land, m.fragment, m.piece, false, d.valid * m.valid, m.geom, m.whole
    FROM met m JOIN deduction d ON d.id = m.fact AND d.valid && m.valid
    WHERE m.layer = 'deduction'
),
place AS MATERIALIZED (  -- only where the parcel does not say its Bezirk itself
    SELECT land, name, valid, sum(m2) AS share
    FROM (
        SELECT f.land, d.id, d.name, d.valid * f.valid AS valid,
               CASE WHEN ST_Covers(p.geom, f.geom) THEN ST_Area(f.geom)
                    ELSE ST_Area(shared_land(f.geom, p.geom)) END AS m2
        FROM fragment f
        JOIN district_piece p ON ST_Intersects(p.geom, f.geom)
        JOIN district d ON d.id = p.fact_id AND d.valid && f.valid
        WHERE f.district IS NULL
        OFFSET 0
    ) shares
    WHERE m2 > 0  -- to touch is no share
    GROUP BY land, id, name, valid
),
cut AS MATERIALIZED (
    SELECT land, coalesce(lower(valid), '-infinity') AS day, coalesce(upper(valid), 'infinity') AS upto FROM (
        SELECT id AS land, valid FROM land
        UNION SELECT land, valid FROM cover
        UNION SELECT land, valid FROM block
        UNION SELECT land, valid FROM held
        UNION SELECT land, valid FROM place
    ) spans
),
seam AS MATERIALIZED (
    SELECT land, day FROM cut UNION SELECT land, upto FROM cut
),
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
base AS MATERIALIZED (  -- what a zone covers of a fragment, tile by tile, as if no newer one lay above it
    SELECT row_number() OVER () AS id, s.land, s.fragment, s.days, s.rank, s.zone, s.plan, s.designation,
           s.in_use_as_commercial, t.geom
    FROM stack s
    LEFT JOIN tile t ON t.fragment = s.fragment AND t.zone = s.zone
    WHERE s.wanted AND (s.ground IS NULL OR s.rank <= s.ground) AND (s.whole OR t.geom IS NOT NULL)
),
above AS MATERIALIZED (
    SELECT DISTINCT b.fragment, b.days, b.rank, b.zone, a.zone AS other
    FROM base b
    JOIN stack a ON a.fragment = b.fragment AND a.days = b.days AND a.rank < b.rank
),
rival AS MATERIALIZED (  -- most neighbours share an edge and no land: found out once for two zones, not for each fragment
    SELECT zone, other
    FROM (SELECT DISTINCT zone, other FROM above) pairs
    WHERE (
        SELECT true
        FROM zone_piece x JOIN zone_piece y ON y.geom && x.geom
        WHERE x.fact_id = zone AND y.fact_id = other AND ST_Relate(x.geom, y.geom, 'T********')
        LIMIT 1)
),
over AS MATERIALIZED (
    SELECT b.id, array_agg(m.geom ORDER BY m.piece) AS geoms
    FROM above a
    JOIN rival USING (zone, other)
    JOIN base b ON b.fragment = a.fragment AND b.days = a.days AND b.rank = a.rank
    JOIN fragment f ON f.id = b.fragment
    JOIN met m ON m.layer = 'zone' AND m.fragment = b.fragment AND m.fact = a.other
        AND m.geom && coalesce(b.geom, f.geom)
    GROUP BY b.id
),
bare AS MATERIALIZED (  -- land under a holding for which no plan is recorded
    SELECT f.land, f.id AS fragment, p.days,
           land_without(f.geom, ST_Union(s.geoms)) AS geom
    FROM period p
    JOIN fragment f ON f.land = p.land
    LEFT JOIN (
        SELECT s.fragment, s.days, bool_or(s.whole) AS whole,
               array_agg(t.geom ORDER BY t.piece) FILTER (WHERE t.geom IS NOT NULL) AS geoms
        FROM stack s
        LEFT JOIN tile t ON t.fragment = s.fragment AND t.zone = s.zone
        WHERE s.land IN (SELECT land FROM held)
        GROUP BY s.fragment, s.days
    ) s ON s.fragment = f.id AND s.days = p.days
    WHERE s.whole IS NOT TRUE AND EXISTS (SELECT FROM held h WHERE h.land = p.land AND h.valid @> p.days)
),
surface AS MATERIALIZED (
    SELECT row_number() OVER () AS id, s.*
    FROM (
        SELECT b.land, b.fragment, b.days, b.plan, b.designation, b.in_use_as_commercial,
               CASE WHEN o.geoms IS NULL THEN b.geom
                    ELSE land_without(coalesce(b.geom, f.geom), ST_Union(o.geoms)) END AS geom
        FROM base b
        JOIN fragment f ON f.id = b.fragment
        LEFT JOIN over o ON o.id = b.id
        UNION ALL
        SELECT land, fragment, days, NULL, NULL, NULL, geom FROM bare
    ) s
),
parted AS MATERIALIZED (  -- where parts are held: which pieces of them meet the surface
    SELECT s.id, h.holding, h.part, h.geom
    FROM surface s
    JOIN fragment f ON f.id = s.fragment
    JOIN share h ON h.land = s.land AND h.valid @> s.days AND h.geom && coalesce(s.geom, f.geom)
),
cell AS MATERIALIZED (
    SELECT row_number() OVER () AS id, c.*
    FROM (
        SELECT s.land, s.fragment, s.days, s.plan, s.designation, s.in_use_as_commercial, s.geom, h.holding, h.part
        FROM surface s
        LEFT JOIN held h ON h.land = s.land AND h.valid @> s.days
        WHERE h.part IS NULL AND (h.holding IS NOT NULL OR s.designation = ANY (:workplace))
        UNION ALL
        SELECT s.land, s.fragment, s.days, s.plan, s.designation, s.in_use_as_commercial,
               shared_land(coalesce(s.geom, f.geom), p.geom), p.holding, p.part
        FROM parted p
        JOIN surface s ON s.id = p.id
        JOIN fragment f ON f.id = s.fragment
        UNION ALL
        SELECT s.land, s.fragment, s.days, s.plan, s.designation, s.in_use_as_commercial,
               CASE WHEN p.geoms IS NULL THEN s.geom
                    ELSE land_without(coalesce(s.geom, f.geom), ST_Union(p.geoms)) END, NULL, NULL
        FROM surface s
        JOIN fragment f ON f.id = s.fragment
        LEFT JOIN (SELECT id, array_agg(geom ORDER BY part, geom) AS geoms FROM parted GROUP BY id) p ON p.id = s.id
        WHERE s.designation = ANY (:workplace)
            AND EXISTS (SELECT FROM held h WHERE h.land = s.land AND h.valid @> s.days AND h.part IS NOT NULL)
    ) c
),
hit AS MATERIALIZED (  -- what port and deductions take of a cell
    SELECT c.id, bool_or(b.whole) AS whole, bool_or(b.port AND b.whole) AS port_whole, bool_or(NOT b.port) AS deducted,
           array_agg(b.geom ORDER BY b.port, b.piece) AS geoms,
           array_agg(b.geom ORDER BY b.piece) FILTER (WHERE b.port) AS port_geoms
    FROM cell c
    JOIN fragment f ON f.id = c.fragment
    JOIN block b ON b.fragment = c.fragment AND b.valid @> c.days AND (b.whole OR b.geom && coalesce(c.geom, f.geom))
    GROUP BY c.id
),
-- Summed exactly, in millionths of a square metre: the order in which a plan finds the pieces must not matter.
sized AS MATERIALIZED (
    SELECT c.land, c.days, c.plan, c.designation, c.in_use_as_commercial, c.holding, c.part,
           round(a.gross::numeric, 6) AS gross, round(o.outside::numeric, 6) AS outside,
           round((CASE WHEN h.id IS NULL THEN a.gross
                       WHEN h.whole THEN 0
                       WHEN NOT h.deducted THEN o.outside
                       ELSE ST_Area(land_without(g.geom, ST_Union(h.geoms))) END)::numeric, 6) AS net
    FROM cell c
    JOIN fragment f ON f.id = c.fragment
    LEFT JOIN hit h ON h.id = c.id
    CROSS JOIN LATERAL (SELECT coalesce(c.geom, f.geom) AS geom OFFSET 0) g
    CROSS JOIN LATERAL (SELECT ST_Area(g.geom) AS gross OFFSET 0) a
    CROSS JOIN LATERAL (
        SELECT CASE WHEN h.port_whole THEN 0
                    WHEN h.port_geoms IS NULL THEN a.gross
                    ELSE ST_Area(land_without(g.geom, ST_Union(h.port_geoms))) END AS outside OFFSET 0
    ) o
),
summed AS MATERIALIZED (
    SELECT land, days, designation, in_use_as_commercial, holding, part,
           coalesce(array_agg(plan ORDER BY plan) FILTER (WHERE plan IS NOT NULL AND gross >= 0.005), '{}') AS plans,
           sum(gross) AS gross, sum(outside) AS outside, sum(net) AS net
    FROM (
        SELECT land, days, plan, designation, in_use_as_commercial, holding, part,
               sum(gross) AS gross, sum(outside) AS outside, sum(net) AS net
        FROM sized
        GROUP BY land, days, plan, designation, in_use_as_commercial, holding, part
    ) by_plan
    GROUP BY land, days, designation, in_use_as_commercial, holding, part
),
home AS MATERIALIZED (  -- joined, not looked up row by row: that would read all of `place` for each
    SELECT DISTINCT ON (p.land, p.days) p.land, p.days, l.name
    FROM period p
    JOIN place l ON l.land = p.land AND l.valid @> p.days
    ORDER BY p.land, p.days, l.share DESC, l.name
),
valued AS MATERIALIZED (
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
SELECT m.key, m.part, m.days, m.district, m.designation, m.in_use_as_commercial, m.plans, m.gross_m2,
       m.gross_m2 - m.outside_m2 AS port_m2, m.net_m2, m.area_basis, h.site, h.holder, h.disposition,
       jsonb_build_array(
           m.designation, m.in_use_as_commercial, m.outside_m2 = 0 AND m.gross_m2 > 0,
           CASE WHEN m.area_basis <> 'declared' OR h.declared_net_m2 IS NOT NULL
                THEN width_bucket(m.net_m2, CAST(:size_limits AS numeric[])) END,
           h.id IS NOT NULL,
           h.holder, h.disposition, h.disposition_until, h.serviced, h.cleared, h.binding_use, h.opposing_plan,
           h.construction_possible_from)::text AS facts
FROM valued m
LEFT JOIN holding h ON h.id = m.holding
WHERE m.gross_m2 > 0 OR m.area_basis = 'declared'
