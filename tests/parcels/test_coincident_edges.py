"""Valid outlines whose edges lie within a nanometre of each other: GEOS's predicates fail over them, the register does not."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from parcels import edits, history, ledger, measuring, parcels
from parcels.edits import Recording, Span
from parcels.importing import beside
from parcels.limits import CoincidentEdgesError, limited
from parcels.sql import steps
from tests.conftest import key, square
from tests.little_worlds import holding, parcel, zone
from tests.shapes import ewkt

KNOWN = datetime(2026, 6, 1, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden" / "coincident_edges.csv"
PAIRS = {row["name"]: tuple(map(shapely.from_wkb, (row["one"], row["other"]))) for row in csv.DictReader(GOLDEN.open())}


@pytest.fixture(params=PAIRS)
def pair(request):
    """Two outlines, as shapes; shapely's newer GEOS knows what they share."""
    return PAIRS[request.param]


def states(shapes):
    return dict(zip(("a", "b"), map(ewkt, shapes), strict=True))


def asked(session, expression, shapes):
    return session.scalar(
        text(f"SELECT {expression} FROM (SELECT CAST(:a AS geometry) AS a, CAST(:b AS geometry) AS b OFFSET 0) pair"),
        states(shapes),
    )


def counted(session):
    return session.scalars(text("SELECT gross_m2 FROM ledger WHERE upper_inf(known) AND designation = 'GE'")).all()


def test_postgis_s_own_predicates_fail_over_these(session, pair):
    """Else the tests below would show nothing."""
    with pytest.raises(InternalError, match="TopologyException"):
        asked(session, "ST_Intersects(a, b)", pair)


def test_the_register_s_predicates_and_overlays_answer(session, pair):
    one, other = pair
    shared = one.intersection(other).area
    assert asked(session, "land_meets(a, b)", pair)
    assert asked(session, "land_overlaps(a, b)", pair) == (shared > 0.01)
    assert asked(session, "land_covers(a, b)", pair) == (other.area - shared < 1e-6)
    assert not asked(session, "land_covers(b, a)", pair)
    assert asked(session, "ST_Area(shared_land(a, b))", pair) == pytest.approx(shared, abs=1e-3)
    assert asked(session, "shared_m2(a, b)", pair) == pytest.approx(shared, abs=1e-3)
    assert asked(session, "ST_Area(land_without(a, b))", pair) == pytest.approx(one.area - shared, abs=1e-3)


def test_other_failures_are_not_taken_for_this_one(session):
    with pytest.raises(InternalError, match="mixed SRID"):
        session.scalar(text("SELECT land_meets(ST_Point(0, 0, 25832), ST_Point(0, 0, 4326))"))


@pytest.mark.parametrize("turned", [False, True])
def test_measured_by_one_statement_and_in_chunks(session, fill, pair, turned):
    """Plan over parcel, with its Bezirk, an older plan below and the port: every predicate of the overlay meets the pair."""
    land, other = reversed(pair) if turned else pair
    fill("districts", {"name": "Nord", "geom": ewkt(other)})
    fill("port", {"kind": "port", "geom": ewkt(other), "valid_to": "2020-01-01"})
    fill("zones", zone(geom=ewkt(other), valid_from="2020-01-01"))
    fill("zones", zone("Older", ewkt(land), designation="MU"))
    fill("holdings", holding())
    fill("parcels", parcel(geom=ewkt(land), official_m2=f"{land.area:.2f}", district=None))
    shared = land.intersection(other).area
    assert [float(m2) for m2 in counted(session)] == ([pytest.approx(shared, abs=0.02)] if shared > 0.01 else [])
    assert ledger.verify(session, KNOWN) == ledger.Difference([], [])
    measured = "SELECT sum(gross_m2) FROM ledger WHERE upper_inf(known) AND upper_inf(valid)"
    assert float(session.scalar(text(measured))) == pytest.approx(land.area, abs=0.02)


def test_a_put_and_what_is_said_of_it(session, fill, pair):
    """The holding of a part, beside another parcel, on land of a plan."""
    land, other = pair
    shared = land.intersection(other).area
    fill("parcels", parcel(geom=ewkt(other), official_m2=None), parcel(2, square(9_000, 0)))
    fill("zones", zone(geom=ewkt(other)))
    facts = {"official_m2": None, "gemarkung": None, "district": None}
    span, by_hand = Span(KNOWN.date(), None), Recording(KNOWN, "test", None)
    remarks = edits.set_parcel(session, key(2), span, facts, by_hand, ewkt(land)).remarks
    told = [float(one.value) for one in remarks if one.kind == "parcels-overlap"]
    assert told == ([pytest.approx(shared, abs=0.01)] if shared > 1 else [])
    assert len(parcels.find(session, key(2), KNOWN.date(), KNOWN).zones) == 1


def test_parts_beside_each_other(session, fill, pair):
    """The guard against parts that share land, and the check of what lies outside the parcel."""
    land, other = pair
    shared = land.intersection(other).area
    fill("parcels", parcel(geom=ewkt(land), official_m2=None))
    fill("holdings", {**holding(), "geom": ewkt(other)})
    row = {**holding(), "geom": ewkt(other), "valid_from": None, "valid_to": None}
    found = beside.check(session, history.LAYERS["holdings"], [row])
    told = [float(one.value) for one in found if one.kind == "part-outside"]
    outside = other.area - shared
    assert told == ([pytest.approx(outside, abs=0.02)] if outside > 1 else [])


def test_every_predicate_of_the_overlay_has_one_that_answers():
    sure = "".join(measuring.surely(steps("measure")[0]).values())
    for plain in ("ST_Intersects", "ST_Covers", "ST_Relate", "ST_Within", "ST_Contains", "ST_Overlaps", "ST_Touches"):
        assert plain not in sure
    for name in ("land_meets", "land_covers", "land_overlaps"):
        assert name in sure


def test_what_no_grid_decides_is_told_with_its_place(session, fill, monkeypatch):
    land, other = PAIRS["partly"]
    fill("parcels", parcel(geom=ewkt(land)))
    fill("zones", zone(geom=ewkt(land)))
    fill("port", {"kind": "port", "geom": ewkt(other)})
    monkeypatch.setattr(measuring, "surely", lambda queries: dict(queries))
    with pytest.raises(CoincidentEdgesError, match=r"near 565\d{3}\.\d\d 593\d{4}\.\d\d \(EPSG:25832\).*1 mm"):
        ledger.verify(session, KNOWN)
    assert session.scalar(text("SELECT count(*) FROM parcel")) == 1


def test_what_reprojection_leaves_between_edges_is_no_land(session, fill):
    """Outlines of one block that came by different ways: edges 1e-8 m apart."""
    land = shapely.Polygon(
        [
            (565299.9999999999, 5930000),
            (565300.0000000001, 5930300),
            (565100.0000000001, 5930300),
            (565099.9999999999, 5930000),
        ]
    )
    above, below = (
        shapely.box(565100, 5930000, 565300, 5930300),
        shapely.Polygon(
            [
                (565300.0000000033, 5930000.000000007),
                (565299.9999999912, 5930299.9999999935),
                (565099.9999999915, 5930299.999999992),
                (565100.0000000026, 5930000.000000008),
            ]
        ),
    )
    fill("zones", zone("Plan 0", ewkt(above), designation="WA", valid_from="2019-12-31"))
    fill("zones", zone("Plan 3", ewkt(below)))
    fill("deductions", {"ref": "d", "kind": "road", "geom": ewkt(shapely.box(565000, 5930000, 565101, 5930080))})
    fill("holdings", holding(holder="private"))
    fill("parcels", parcel(geom=ewkt(land), official_m2=None, valid_from="2014-01-01", valid_to="2015-01-01"))
    fill("parcels", parcel(geom=ewkt(land), official_m2=None, valid_from="2019-12-31"))
    assert ledger.verify(session, KNOWN) == ledger.Difference([], [])
    [gross_m2, net_m2] = session.execute(
        text("SELECT gross_m2, net_m2 FROM ledger WHERE upper_inf(known) AND designation = 'GE'")
    ).one()
    assert float(gross_m2 - net_m2) == pytest.approx(80, abs=0.5)


def test_overlays_give_areas_alone(session, pair):
    """A line that remained beside an area would make the next overlay fail."""
    for one, other in (pair, pair[::-1]):
        for overlay in ("shared_land(a, b)", "land_without(a, b)", "land_without(land_without(a, b), b)"):
            assert asked(session, f"ST_GeometryType({overlay})", (one, other)) in ("ST_Polygon", "ST_MultiPolygon")


def test_lines_and_areas_in_one_are_told_as_an_overlay_that_failed(session):
    mixed = "GEOMETRYCOLLECTION(POLYGON((0 0, 1 0, 1 1, 0 0)), LINESTRING(5 5, 6 6))"
    with pytest.raises(CoincidentEdgesError, match="round their coordinates"), limited(session, 5):
        session.scalar(text(f"SELECT ST_Difference('{mixed}', ST_MakeEnvelope(0, 0, 9, 9), 1e-6)"))
