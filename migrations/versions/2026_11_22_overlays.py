"""Overlays run piece by piece and notice when GEOS has lost an area; the check of many new parcels looks none of them up."""

from importlib import import_module

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Where edges of two areas nearly coincide, GEOS 3.11 can answer with lines alone, although one lies in the other: the area is
# lost without an error, and the difference is wrong with it. Whether interiors meet is decided by predicates, which never fail
# silently; where they contradict the overlay, it is made again on a grid of a micrometre, which is slow and sure, and taken if it
# finds more than such a grid can shift.
SHARED_LAND = """
CREATE FUNCTION shared_land(a geometry, b geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    shared geometry := ST_CollectionExtract(ST_Intersection(a, b), 3);
    snapped geometry;
BEGIN
    IF ST_Area(shared) < 0.01 * least(ST_Area(a), ST_Area(b)) AND ST_Relate(a, b, 'T********') THEN
        snapped := ST_CollectionExtract(ST_Intersection(a, b, 1e-6), 3);
        IF ST_Area(snapped) - ST_Area(shared) > 1e-5 * ST_Perimeter(a) THEN
            RETURN snapped;
        END IF;
    END IF;
    RETURN shared;
END $$
"""

LAND_WITHOUT = """
CREATE FUNCTION land_without(a geometry, b geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    remaining geometry := ST_Difference(a, b);
    snapped geometry;
BEGIN
    IF ST_Area(remaining) NOT BETWEEN 0.01 * ST_Area(a) AND 0.99 * ST_Area(a) AND ST_Relate(a, b, 'T********') THEN
        snapped := ST_Difference(a, b, 1e-6);
        IF abs(ST_Area(snapped) - ST_Area(remaining)) > 1e-5 * ST_Perimeter(a) THEN
            RETURN snapped;
        END IF;
    END IF;
    RETURN remaining;
END $$
"""

# What two areas share, in m2 of EPSG:25832, slivers of a mean width up to `wider_m` left out. GEOS is not interrupted within
# one call: small pieces let a timeout end the statement, and cost less than one large overlay.
SHARED_M2 = """
CREATE FUNCTION shared_m2(a geometry, b geometry, wider_m float8 DEFAULT 0) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE shared geometry;
BEGIN
    IF NOT a && b THEN
        RETURN 0;
    ELSIF ST_NPoints(a) + ST_NPoints(b) <= 512 THEN
        shared := shared_land(a, b);
        RETURN CASE WHEN 2 * ST_Area(shared) > wider_m * ST_Perimeter(shared) THEN ST_Area(shared) ELSE 0 END;
    END IF;
    RETURN (
        SELECT coalesce(sum(ST_Area(s.geom)) FILTER (WHERE 2 * ST_Area(s.geom) > wider_m * ST_Perimeter(s.geom)), 0)
        FROM ST_Subdivide(a, 128) AS x(geom)
        JOIN ST_Subdivide(b, 128) AS y(geom) ON x.geom && y.geom
        CROSS JOIN LATERAL (SELECT shared_land(x.geom, y.geom) AS geom OFFSET 0) s
        WHERE x.geom && b AND y.geom && a
    );
END $$
"""

# With many new parcels one pass over all beats as many look-ups; the planner, which reckons with the first hit, cannot see it.
PARCEL_OVERLAP = """
CREATE OR REPLACE FUNCTION refuse_parcel_overlap() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = on AS $$
DECLARE clash record; hits bigint;
BEGIN
    PERFORM FROM register FOR UPDATE;
    IF (SELECT count(*) FROM fresh) > 1000 THEN
        SET LOCAL enable_nestloop = off;
    END IF;
    EXECUTE 'SELECT n.key, n.valid FROM fresh n
             JOIN parcel p ON p.key = n.key AND p.id <> n.id AND p.valid && n.valid AND p.known && n.known
             LIMIT 1' INTO clash;
    GET DIAGNOSTICS hits = ROW_COUNT;
    IF hits > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ex_parcel', TABLE = 'parcel',
            MESSAGE = format('parcel %s is recorded twice for days in %s', clash.key, clash.valid);
    END IF;
    RETURN NULL;
END $$
"""

PART_OVERLAP = """
CREATE OR REPLACE FUNCTION refuse_part_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE clash record;
BEGIN
    IF NOT EXISTS (SELECT FROM fresh WHERE geom IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM register FOR UPDATE;
    SELECT n.parcel_key AS key, round(m2::numeric, 2) AS m2 INTO clash
    FROM fresh n
    JOIN holding h ON h.parcel_key = n.parcel_key AND h.id <> n.id AND h.valid && n.valid AND h.known && n.known
        AND h.geom && n.geom
    CROSS JOIN LATERAL (SELECT shared_m2(n.geom, h.geom) OFFSET 0) shared(m2)
    WHERE n.geom IS NOT NULL AND m2 >= 0.01
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ex_holding_parts', TABLE = 'holding',
            MESSAGE = format('two holdings share %s m2 of parcel %s on the same day', clash.m2, clash.key);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(SHARED_LAND)
    op.execute(LAND_WITHOUT)
    op.execute(SHARED_M2)
    op.execute(PARCEL_OVERLAP)
    op.execute(PART_OVERLAP)


def downgrade() -> None:
    before = import_module("migrations.versions.2026_11_22_guards")
    for body in (before.PARCEL_OVERLAP, before.PART_OVERLAP):
        op.execute(body.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("DROP FUNCTION shared_m2(geometry, geometry, float8)")
    op.execute("DROP FUNCTION land_without(geometry, geometry)")
    op.execute("DROP FUNCTION shared_land(geometry, geometry)")
