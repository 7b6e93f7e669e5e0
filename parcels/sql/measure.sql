-- What every parcel in scope measures, period by period: gross, port and net m2 of each part of it under one designation
-- and one holding. Geometry gives ratios only, amounts come from the parcel's area. Facts known now, all days.
-- Large parcels are cut into fragments, and zones, port, deductions and parts of holdings lie in pieces: each overlay is one of
-- small pieces, areas are summed, so that no outline, however intricate, makes a single overlay large. `shared_land` and
-- `land_without` (migrations) are overlays that notice when GEOS has lost an area whose edges nearly coincide with the other's.
-- A geometry of NULL means: the whole fragment. Each step is a table of its own where many parcels are derived (`ledger`):
-- so fragments, periods and zones are numbers from step to step, and what is said of them is looked up at the end.
WITH scope AS MATERIALIZED (
    SELECT DISTINCT key FROM touched
),
fragment AS MATERIALIZED (
    SELECT row_number() OVER () AS id, p.id AS land, f.number = 1 AS first, p.key, p.valid, ST_Area(p.geom) AS plane,
           p.area_m2, p.area_basis, p.district, f.geom
    FROM parcel p
    CROSS JOIN LATERAL (
        SELECT 1, p.geom WHERE ST_NPoints(p.geom) <= 256
        UNION ALL
        SELECT s.number, s.geom FROM ST_Subdivide(p.geom, 128) WITH ORDINALITY AS s(geom, number) WHERE ST_NPoints(p.geom) > 256
    ) f(number, geom)
    WHERE upper_inf(p.known) AND p.key = ANY (ARRAY(SELECT key FROM scope))  -- by the index: they may be few of very many
),
land AS MATERIALIZED (
    SELECT land AS id, key, valid, area_basis, district, area_m2::float8 / plane / 1e4 AS cents  -- cents of a m2 per millionth
    FROM fragment
    WHERE first
),
held AS MATERIALIZED (
    SELECT l.id AS land, h.id AS holding, h.valid * l.valid AS valid, h.valid <@ l.valid AS always,
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
met AS MATERIALIZED (  -- what only meets the box of a fragment leaves no tile of it
    SELECT p.fact_id AS zone, p.id AS piece, f.id AS fragment, f.land, f.valid, ST_Covers(p.geom, f.geom) AS whole
    FROM zone_piece p
    JOIN fragment f ON f.geom && p.geom
),
block AS MATERIALIZED (  -- what port and deductions take; where all is covered, the dearer test for any contact is spared
    SELECT f.id AS fragment, f.land, a.valid * f.valid AS valid, true AS port, p.id AS piece, c.whole,
           CASE WHEN NOT c.whole THEN p.geom END AS geom, NULL::bigint AS deduction
    FROM port_area_piece p
    JOIN fragment f ON f.geom && p.geom
    JOIN port_area a ON a.id = p.fact_id AND a.valid && f.valid
    CROSS JOIN LATERAL (SELECT ST_Covers(p.geom, f.geom) AS whole OFFSET 0) c
    WHERE c.whole OR ST_Intersects(p.geom, f.geom)
    UNION ALL
    SELECT f.id, f.land, d.valid * f.valid, false, p.id, c.whole, CASE WHEN NOT c.whole THEN p.geom END, d.id
    FROM deduction_piece p
    JOIN fragment f ON f.geom && p.geom
    JOIN deduction d ON d.id = p.fact_id AND d.valid && f.valid
    CROSS JOIN LATERAL (SELECT ST_Covers(p.geom, f.geom) AS whole OFFSET 0) c
    WHERE c.whole OR ST_Intersects(p.geom, f.geom)
),
owed AS MATERIALIZED (  -- what a plan deducts is as old as the plan
    SELECT id AS deduction, plan,
           CASE WHEN since = '-infinity' THEN 4294967296 ELSE -4294967296 * (since - DATE '0001-01-01') END AS rank
    FROM (
        SELECT d.id, substr(d.ref, 7) AS plan, least(
            (SELECT min(coalesce(lower(v.valid), '-infinity')) FROM deduction v WHERE v.ref = d.ref AND upper_inf(v.known)),
            (SELECT min(coalesce(lower(z.valid), '-infinity')) FROM zone z
             WHERE z.plan = substr(d.ref, 7) COLLATE "default" AND upper_inf(z.known))
        ) AS since
        FROM deduction d
        WHERE starts_with(d.ref, 'plan: ') AND d.id IN (SELECT deduction FROM block)
        OFFSET 0
    ) plans
),
-- Plans stack: of those in force the newest that regulates the use wins, of two of the same day the later name.
ranked AS MATERIALIZED (
    SELECT id, plan, valid, designation = ANY (:workplace) AS workplace, lower(valid) AS since,
           row_number() OVER (ORDER BY plan DESC, content DESC) AS name,
           EXISTS (SELECT FROM zone v
                   WHERE v.plan = z.plan AND upper_inf(v.known) AND v.regulates_use AND v.valid <> z.valid) AS versions
    FROM zone z
    WHERE regulates_use AND id IN (SELECT zone FROM met)
),
run AS MATERIALIZED (  -- a plan recorded in versions is as old as the days on which it covers the land without a gap
    SELECT DISTINCT fragment, zone, (SELECT lower(days) FROM unnest(covered) AS days WHERE days @> valid) AS since
    FROM (
        SELECT m.fragment, m.zone, z.valid, range_agg(z.valid) OVER (PARTITION BY m.fragment, z.plan) AS covered
        FROM met m
        JOIN ranked z ON z.id = m.zone AND z.versions
        JOIN fragment f ON f.id = m.fragment
        JOIN zone_piece p ON p.id = m.piece
        WHERE m.whole OR ST_Relate(p.geom, f.geom, 'T********')
    ) versions
),
cover AS MATERIALIZED (  -- the place of a zone is only cut out where the ledger will have a line for it
    SELECT m.land, m.fragment, m.zone, z.valid * m.valid AS valid, m.whole, z.workplace,
           z.workplace OR m.land IN (SELECT land FROM held) AS wanted,
           -- the smaller, the further on top: first by day (always is the oldest), then by name
           z.name - 4294967296 * coalesce(CASE WHEN r.zone IS NULL THEN z.since ELSE r.since END - DATE '0001-01-01', -1) AS rank
    FROM (
        SELECT land, valid, fragment, zone, bool_or(whole) AS whole
        FROM met
        GROUP BY fragment, zone, land, valid
    ) m
    JOIN ranked z ON z.id = m.zone AND z.valid && m.valid
    LEFT JOIN run r ON r.fragment = m.fragment AND r.zone = m.zone
),
tile AS MATERIALIZED (
    SELECT fragment, zone, piece, geom
    FROM (
        SELECT c.fragment, c.zone, m.piece, shared_land(f.geom, p.geom) AS geom
        FROM cover c
        JOIN met m ON m.fragment = c.fragment AND m.zone = c.zone
        JOIN zone_piece p ON p.id = m.piece
        JOIN fragment f ON f.id = c.fragment
        WHERE c.wanted AND NOT c.whole
        OFFSET 0
    ) cut_out
    WHERE NOT ST_IsEmpty(geom)
),
place AS MATERIALIZED (  -- only where the parcel does not say its Bezirk itself
    SELECT land, name, valid, round(sum(round(1e6 * m2)) / 1e4) AS share  -- in cm2: what pieces add beyond that decides nothing
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
cut AS MATERIALIZED (  -- what begins or ends within the days of a parcel
    SELECT l.id AS land, coalesce(lower(s.valid), '-infinity') AS day, coalesce(upper(s.valid), 'infinity') AS upto
    FROM (
        SELECT land, valid FROM cover
        UNION ALL SELECT land, valid FROM block
        UNION ALL SELECT land, valid FROM held
        UNION ALL SELECT land, valid FROM place
    ) s
    JOIN land l ON l.id = s.land AND l.valid <> s.valid
),
seam AS MATERIALIZED (
    SELECT land, day FROM cut
    UNION SELECT land, upto FROM cut
    UNION SELECT id, unnest(ARRAY[coalesce(lower(valid), '-infinity'), coalesce(upper(valid), 'infinity')])
    FROM land WHERE id IN (SELECT land FROM cut)
),
period AS MATERIALIZED (
    SELECT row_number() OVER () AS id, land, days
    FROM (
        SELECT id AS land, valid AS days FROM land WHERE id NOT IN (SELECT land FROM cut)
        UNION ALL
        SELECT land, daterange(nullif(day, '-infinity'), nullif(next, 'infinity'))
        FROM (SELECT land, day, lead(day) OVER (PARTITION BY land ORDER BY day) AS next FROM seam) s
        WHERE next IS NOT NULL
    ) p
),
occupied AS MATERIALIZED (
    SELECT DISTINCT p.id AS period, p.land FROM period p JOIN held h ON h.land = p.land AND h.valid @> p.days
),
stack AS MATERIALIZED (
    SELECT p.id AS period, c.fragment, c.zone, c.rank, c.whole, c.workplace, c.wanted
    FROM period p
    JOIN cover c ON c.land = p.land AND c.valid @> p.days
),
base AS MATERIALIZED (  -- zones of which something is to be seen: those under one that covers the whole fragment are not
    SELECT s.period, s.fragment, s.zone, s.rank, s.whole, s.workplace
    FROM stack s
    LEFT JOIN (
        SELECT period, fragment, min(rank) AS rank FROM stack WHERE whole GROUP BY period, fragment
    ) ground USING (period, fragment)
    WHERE s.wanted AND (ground.rank IS NULL OR s.rank <= ground.rank)
),
above AS MATERIALIZED (
    SELECT b.period, b.fragment, b.zone, a.zone AS other
    FROM base b
    JOIN stack a ON a.period = b.period AND a.fragment = b.fragment AND a.rank < b.rank
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
over AS MATERIALIZED (  -- what lies on a zone's tile, or on the whole fragment (piece 0)
    SELECT a.period, a.fragment, a.zone, coalesce(t.piece, 0) AS piece, array_agg(p.geom ORDER BY p.id) AS geoms
    FROM above a
    JOIN rival USING (zone, other)
    LEFT JOIN tile t ON t.fragment = a.fragment AND t.zone = a.zone
    JOIN met m ON m.fragment = a.fragment AND m.zone = a.other
    JOIN zone_piece p ON p.id = m.piece AND (t.geom IS NULL OR p.geom && t.geom)
    GROUP BY a.period, a.fragment, a.zone, t.piece
),
bare AS MATERIALIZED (  -- land under a holding for which no plan is recorded; none, where zones that do not overlap fill all
    SELECT o.period, f.id AS fragment, land_without(f.geom, ST_Union(s.geoms)) AS geom
    FROM occupied o
    JOIN fragment f ON f.land = o.land
    LEFT JOIN (
        SELECT s.period, s.fragment, bool_or(s.whole) AS whole, sum(ST_Area(t.geom)) AS tiled,
               array_agg(t.geom ORDER BY t.piece) FILTER (WHERE t.geom IS NOT NULL) AS geoms
        FROM stack s
        LEFT JOIN tile t ON t.fragment = s.fragment AND t.zone = s.zone
        WHERE s.period IN (SELECT period FROM occupied)
        GROUP BY s.period, s.fragment
    ) s ON s.period = o.period AND s.fragment = f.id
    WHERE s.whole IS NOT TRUE AND (
        s.tiled IS NULL OR s.tiled < ST_Area(f.geom) - 0.0001
        OR EXISTS (SELECT FROM above a JOIN rival USING (zone, other) WHERE a.period = o.period AND a.fragment = f.id))
),
surface AS MATERIALIZED (
    SELECT row_number() OVER () AS id, s.*
    FROM (
        SELECT b.period, b.fragment, b.zone, b.workplace, b.rank,
               CASE WHEN o.geoms IS NULL THEN t.geom
                    ELSE land_without(coalesce(t.geom, f.geom), ST_Union(o.geoms)) END AS geom
        FROM base b
        LEFT JOIN tile t ON t.fragment = b.fragment AND t.zone = b.zone
        LEFT JOIN over o ON o.period = b.period AND o.fragment = b.fragment AND o.zone = b.zone
            AND o.piece = coalesce(t.piece, 0)
        LEFT JOIN fragment f ON f.id = o.fragment
        WHERE b.whole OR t.geom IS NOT NULL
        UNION ALL
        SELECT period, fragment, NULL, false, NULL, geom FROM bare
    ) s
),
hit AS MATERIALIZED (  -- what port and deductions take of a surface; those of a plan not where a newer one says what the use is
    SELECT s.id, bool_or(b.whole) AS whole, bool_or(b.port AND b.whole) AS port_whole, bool_or(NOT b.port) AS deducted,
           array_agg(b.geom ORDER BY b.port, b.piece) AS geoms,
           array_agg(b.geom ORDER BY b.piece) FILTER (WHERE b.port) AS port_geoms
    FROM surface s
    JOIN period p ON p.id = s.period
    JOIN block b ON b.fragment = s.fragment AND b.valid @> p.days AND (b.whole OR s.geom IS NULL OR b.geom && s.geom)
    LEFT JOIN owed o ON o.deduction = b.deduction
    LEFT JOIN ranked z ON z.id = s.zone
    WHERE o.deduction IS NULL OR z.id IS NULL OR s.rank > o.rank OR o.plan = z.plan
    GROUP BY s.id
),
parted AS MATERIALIZED (  -- where parts are held: which pieces of them meet the surface
    SELECT s.id, h.holding, h.part, h.geom
    FROM share h
    JOIN period p ON p.land = h.land AND h.valid @> p.days
    JOIN surface s ON s.period = p.id
    JOIN fragment f ON f.id = s.fragment
    WHERE h.geom && coalesce(s.geom, f.geom)
),
cell AS MATERIALIZED (
    SELECT s.id AS surface, s.period, s.fragment, s.zone, s.geom, h.holding, h.part
    FROM surface s
    JOIN period p ON p.id = s.period
    LEFT JOIN held h ON h.land = p.land AND h.valid @> p.days
    WHERE h.part IS NULL AND (h.holding IS NOT NULL OR s.workplace)
    UNION ALL
    SELECT s.id, s.period, s.fragment, s.zone, shared_land(coalesce(s.geom, f.geom), h.geom), h.holding, h.part
    FROM parted h
    JOIN surface s ON s.id = h.id
    JOIN fragment f ON f.id = s.fragment
    UNION ALL
    SELECT s.id, s.period, s.fragment, s.zone,
           CASE WHEN h.geoms IS NULL THEN s.geom
                ELSE land_without(coalesce(s.geom, f.geom), ST_Union(h.geoms)) END, NULL, NULL
    FROM surface s
    JOIN fragment f ON f.id = s.fragment
    LEFT JOIN (SELECT id, array_agg(geom ORDER BY part, geom) AS geoms FROM parted GROUP BY id) h ON h.id = s.id
    WHERE s.workplace AND s.period IN (
        SELECT p.id FROM period p JOIN held x ON x.land = p.land AND x.valid @> p.days WHERE x.part IS NOT NULL)
),
-- Summed in whole millionths of a square metre, which is exact up to 9,007 km2: the order of the pieces must not matter.
sized AS MATERIALIZED (
    SELECT period, zone, holding, part, round(1e6 * gross) AS gross, round(1e6 * outside) AS outside,
           round(1e6 * CASE WHEN hit IS NULL THEN gross
                            WHEN whole THEN 0
                            WHEN NOT deducted THEN outside
                            ELSE ST_Area(land_without(geom, ST_Union(geoms))) END) AS net
    FROM (
        SELECT *, CASE WHEN port_whole THEN 0
                       WHEN port_geoms IS NULL THEN gross
                       ELSE ST_Area(land_without(geom, ST_Union(port_geoms))) END AS outside
        FROM (
            SELECT c.period, c.zone, c.holding, c.part, g.geom, ST_Area(g.geom) AS gross,
                   h.id AS hit, h.whole, h.port_whole, h.deducted, h.geoms, h.port_geoms
            FROM cell c
            JOIN fragment f ON f.id = c.fragment
            LEFT JOIN hit h ON h.id = c.surface
            CROSS JOIN LATERAL (SELECT coalesce(c.geom, f.geom) AS geom) g
            OFFSET 0  -- each area is computed once
        ) cells
        OFFSET 0
    ) outside_the_port
),
summed AS MATERIALIZED (
    SELECT period, designation, in_use_as_commercial, holding, part, sum(gross) AS gross, sum(outside) AS outside, sum(net) AS net,
           coalesce(array_agg(plan) FILTER (WHERE plan IS NOT NULL AND gross >= 5000), '{}') AS plans
    FROM (
        SELECT s.period, z.designation, z.in_use_as_commercial, s.holding, s.part, z.plan,
               sum(s.gross) AS gross, sum(s.outside) AS outside, sum(s.net) AS net
        FROM sized s
        LEFT JOIN zone z ON z.id = s.zone
        GROUP BY s.period, z.designation, z.in_use_as_commercial, s.holding, s.part, z.plan
        ORDER BY s.period, z.designation, z.in_use_as_commercial, s.holding, s.part, z.plan
    ) by_plan
    GROUP BY period, designation, in_use_as_commercial, holding, part
),
home AS MATERIALIZED (  -- joined, not looked up row by row: that would read all of `place` for each
    SELECT DISTINCT ON (p.id) p.id AS period, l.name
    FROM period p
    JOIN place l ON l.land = p.land AND l.valid @> p.days
    ORDER BY p.id, l.share DESC, l.name
)
SELECT m.key, m.part, m.days, m.district, m.designation, m.in_use_as_commercial, m.plans, m.gross_m2,
       m.gross_m2 - m.outside_m2 AS port_m2, m.net_m2, m.area_basis, h.site, h.holder, h.disposition,
       json_build_array(
           m.designation, m.in_use_as_commercial, m.outside_m2 = 0 AND m.gross_m2 > 0,
           CASE WHEN m.area_basis <> 'declared' OR h.declared_net_m2 IS NOT NULL
                THEN width_bucket(m.net_m2, CAST(:size_limits AS numeric[])) END,
           h.id IS NOT NULL,
           h.holder, h.disposition, h.disposition_until, h.serviced, h.cleared, h.binding_use, h.opposing_plan,
           h.construction_possible_from)::text AS facts
FROM (
    SELECT l.key, s.part, p.days, coalesce(l.district, h.name) AS district, s.designation, s.in_use_as_commercial, s.plans,
           round(l.cents * s.gross)::bigint * 0.01 AS gross_m2,
           round(l.cents * least(s.outside, s.gross))::bigint * 0.01 AS outside_m2,
           round(l.cents * least(s.net, s.outside, s.gross))::bigint * 0.01 AS net_m2,
           l.area_basis, s.holding
    FROM summed s
    JOIN period p ON p.id = s.period
    JOIN land l ON l.id = p.land
    LEFT JOIN home h ON h.period = s.period
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
        AND h.id NOT IN (SELECT holding FROM held WHERE always)
    OFFSET 0
) m
LEFT JOIN holding h ON h.id = m.holding
WHERE m.gross_m2 > 0 OR m.area_basis = 'declared'
