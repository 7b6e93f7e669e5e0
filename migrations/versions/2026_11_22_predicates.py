"""Predicates that always answer: where GEOS cannot tell sides, because edges of two areas nearly coincide, a grid decides."""

from importlib import import_module

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The predicates of GEOS 3.11 raise a TopologyException where edges lie within a nanometre of each other; its overlays on a grid
# of a micrometre never do. To catch the exception costs some microseconds: where many areas meet, PostGIS's own predicates are
# asked first. None of these functions looks into an index: write `a && b` beside `land_meets`. A subtransaction (EXCEPTION) is not
# allowed in parallel plans.
PREDICATE = """
CREATE FUNCTION {name}(a geometry, b geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE COST 5000 AS $$
BEGIN
    RETURN {plain};
EXCEPTION WHEN internal_error THEN
    IF SQLERRM NOT LIKE '%TopologyException%' THEN
        RAISE;
    END IF;
    RETURN {on_grid};
END $$
"""

PREDICATES = {
    "land_meets": ("ST_Intersects(a, b)", "NOT ST_IsEmpty(ST_Intersection(a, b, 1e-6))"),
    "land_covers": ("ST_Covers(a, b)", "ST_IsEmpty(ST_CollectionExtract(ST_Difference(b, a, 1e-6), 3))"),
    "land_overlaps": (
        "ST_Relate(a, b, 'T********')",
        "NOT ST_IsEmpty(ST_CollectionExtract(ST_Intersection(a, b, 1e-6), 3))",
    ),
}
# Where land is lost, all of it is: looked for among less than a hundredth part, many thin strips that roads and borders cut off
# were overlaid twice for nothing.
LOOKED_FOR = {"ST_Relate(a, b, 'T********')": "land_overlaps(a, b)", "0.01 *": "0.0001 *", "0.99 *": "0.9999 *"}
# Where edges nearly coincide a line can remain beside the area; no further overlay takes both.
AREAS_ONLY = {
    f"ST_Difference({sides})": f"ST_CollectionExtract(ST_Difference({sides}), 3)" for sides in ("a, b", "a, b, 1e-6")
}
OVERLAYS = ("shared_land(geometry, geometry)", "land_without(geometry, geometry)")
SHARED_M2 = "shared_m2(geometry, geometry, float8)"


def _overlays() -> tuple[str, ...]:
    """The overlays as they stood, to be put in place of what is there."""
    before = import_module("migrations.versions.2026_11_22_overlays")
    bodies = (before.SHARED_LAND, before.LAND_WITHOUT)
    return tuple(body.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION") for body in bodies)


def upgrade() -> None:
    for name, (plain, on_grid) in PREDICATES.items():
        op.execute(PREDICATE.format(name=name, plain=plain, on_grid=on_grid))
    for body in _overlays():
        for before, now in (LOOKED_FOR | AREAS_ONLY).items():
            body = body.replace(before, now)
        op.execute(body)
    for function in (*OVERLAYS, SHARED_M2):
        op.execute(f"ALTER FUNCTION {function} PARALLEL UNSAFE")


def downgrade() -> None:
    for body in _overlays():
        op.execute(body)
    op.execute(f"ALTER FUNCTION {SHARED_M2} PARALLEL SAFE")
    for name in PREDICATES:
        op.execute(f"DROP FUNCTION {name}(geometry, geometry)")
