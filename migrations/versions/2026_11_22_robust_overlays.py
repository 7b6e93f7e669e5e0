"""Overlays that notice when GEOS has lost an area: the measuring rests on them."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Where edges of two areas nearly coincide, GEOS 3.11 can answer with lines alone, although one lies in the other: the area is
# lost without an error, and the difference is wrong with it. Whether interiors meet is decided by predicates, which do not fail
# so; where they say otherwise than the overlay, it is made again on a grid of a micrometre, which is slow and sure.
SHARED_LAND = """
CREATE FUNCTION shared_land(a geometry, b geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    shared geometry := ST_CollectionExtract(ST_Intersection(a, b), 3);
BEGIN
    IF ST_Area(shared) < 0.01 * least(ST_Area(a), ST_Area(b)) AND ST_Relate(a, b, 'T********') THEN
        RETURN ST_CollectionExtract(ST_Intersection(a, b, 1e-6), 3);
    END IF;
    RETURN shared;
END $$
"""

LAND_WITHOUT = """
CREATE FUNCTION land_without(a geometry, b geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    remaining geometry := ST_Difference(a, b);
    m2 float8 := ST_Area(a);
BEGIN
    IF ST_Area(remaining) NOT BETWEEN 0.01 * m2 AND 0.99 * m2 AND ST_Relate(a, b, 'T********') THEN
        RETURN ST_Difference(a, b, 1e-6);
    END IF;
    RETURN remaining;
END $$
"""


def upgrade() -> None:
    op.execute(SHARED_LAND)
    op.execute(LAND_WITHOUT)


def downgrade() -> None:
    op.execute("DROP FUNCTION land_without(geometry, geometry)")
    op.execute("DROP FUNCTION shared_land(geometry, geometry)")
