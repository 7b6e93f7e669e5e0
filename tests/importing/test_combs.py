"""Outlines made to cross each other as often as possible: refused by name at the gate, or laid over each other in seconds.

Two valid combs at right angles have a corner for every pair of their teeth, and GEOS cannot be interrupted over them.
"""

import time
from contextlib import contextmanager

import pytest
import shapely
from gate_files import features, parcel_key, square, through
from registers import AT, AVAILABLE, edit, errors, take
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parcels import register
from parcels.importing import together
from parcels.importing.alongside import KIND
from parcels.importing.contract import Refused
from parcels.overlaps import parcels_overlap
from tests.conftest import key
from tests.shapes import MOST_TEETH, SIDE, comb, ewkt


@contextmanager
def within(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.mark.parametrize("teeth", [1_000, 5_000, 24_000])
def test_outlines_that_wind_too_closely_are_named_at_the_gate(tmp_path, teeth):
    """4,000 to 96,000 vertices."""
    shapes = [comb(teeth), comb(teeth, across=True), square()]
    assert shapely.is_valid(shapes).all()
    rows = [{"key": parcel_key(1), **AVAILABLE, "site": str(n)} for n in range(3)]
    with within(60):
        outcome = through(features(tmp_path / "h.geojson", shapes, rows), "holdings")
    assert outcome.kinds() == ["too-intricate"] * 2
    assert [(issue.row, issue.field) for issue in outcome.issues] == [(1, "geometry"), (2, "geometry")]
    assert "simplify it" in outcome.issues[0].message
    assert f"Row 1 ({parcel_key(1)}), geometry" in outcome.issues[0].message


def test_crossing_parts_that_the_gate_lets_pass_are_rejected_in_time(session, tmp_path):
    shapes = [comb(MOST_TEETH), comb(MOST_TEETH, across=True)]
    rows = [{"key": parcel_key(1), **AVAILABLE, "site": str(n)} for n in range(2)]
    with within(60):
        report = take(session, "holdings", features(tmp_path / "h.geojson", shapes, rows))
    assert [(issue.row, issue.kind) for issue in errors(report)] == [
        (1, "overlapping-validity"),
        (2, "overlapping-validity"),
    ]


def test_crossing_parcels_are_reported_in_time(session, tmp_path):
    teeth = 100
    first, second = comb(teeth), comb(teeth, across=True)
    shared = f"{teeth**2 * (SIDE / (2 * teeth + 1)) ** 2:.2f}"
    rows = [{"key": parcel_key(n)} for n in (1, 2)]
    with within(60):
        path = features(tmp_path / "p.geojson", [first, second], rows)
        (issue,) = [one for one in through(path, "parcels").issues if one.kind == KIND]
        rows = [{"key": key(n), "geom": ewkt(s)} for n, s in enumerate((first, second))]
        (found,), pairs = parcels_overlap(session, edit(session, "parcels", rows).at, rows)
    assert abs(float(issue.value) - float(shared)) < 1 + teeth * 5.3  # the bars share a little with the teeth
    assert pairs == 1
    assert found.m2 == pytest.approx(float(issue.value), abs=0.01)


def test_pieces_share_what_the_wholes_do(session):
    """Above 512 vertices areas are summed piece by piece."""
    statement = text("SELECT shared_m2(:a, :b), ST_Area(ST_Intersection(CAST(:a AS geometry), CAST(:b AS geometry)))")
    blobs = [shapely.Point(565_500, 5_934_500).buffer(400 + n, quad_segs=300) for n in (0, 40)]
    ring = shapely.difference(*reversed(blobs))
    for one, other in (
        (comb(100), comb(50, across=True)),
        (blobs[0], comb(100)),
        (ring, comb(100)),
        (ring, blobs[0]),
        (square(), blobs[0]),
    ):
        pieces, whole = session.execute(statement, {"a": ewkt(one), "b": ewkt(other)}).one()
        assert pieces == pytest.approx(whole, abs=0.001)


def test_slivers_are_left_out_of_pieces_too(session):
    statement = text("SELECT shared_m2(:a, :b, 0.1), shared_m2(:a, :b)")
    middle = shapely.Point(565_500, 5_934_500)
    inner, narrow, wide = (middle.buffer(radius, quad_segs=300) for radius in (400, 400.05, 400.5))
    for outer, kept in ((narrow, False), (wide, True)):
        hole = shapely.difference(middle.buffer(600, quad_segs=300), inner)
        with_wide, with_all = session.execute(statement, {"a": ewkt(hole), "b": ewkt(outer)}).one()
        assert with_all == pytest.approx(hole.intersection(outer).area, abs=0.001)
        assert (with_wide > 0) is kept


def test_what_lies_outside_the_parcel_is_measured_in_pieces_too(session, tmp_path):
    parcel, part = comb(MOST_TEETH), comb(MOST_TEETH, across=True)
    take(session, "parcels", features(tmp_path / "p.geojson", [parcel], [{"key": parcel_key(1)}]))
    with within(60):
        report = take(
            session, "holdings", features(tmp_path / "h.geojson", [part], [{"key": parcel_key(1), **AVAILABLE}])
        )
    (issue,) = [one for one in report.issues if one.kind == "part-outside"]
    assert float(issue.value) == pytest.approx(part.difference(parcel).area, abs=0.01)


def test_the_database_refuses_crossing_parts_in_time(session):
    rows = [{"parcel_key": key(1), "site": str(n), "geom": ewkt(comb(MOST_TEETH, n == 1))} for n in range(2)]
    with within(60), pytest.raises(DBAPIError, match="two holdings share"), session.begin_nested():
        register.edit(session, "holdings", rows, AT, "test", None)


def test_a_file_that_takes_too_long_is_refused_with_the_rows_to_simplify(session, tmp_path, monkeypatch):
    """Many combs, each of which passes: the statement ends in time because pieces are small."""
    patient = together.limited
    monkeypatch.setattr(together, "limited", lambda session, _: patient(session, 1))
    shapes = [comb(MOST_TEETH, n % 2 == 1) for n in range(12)]
    rows = [{"key": parcel_key(1), **AVAILABLE, "site": str(n)} for n in range(12)]
    with within(60), pytest.raises(Refused) as refusal, session.begin_nested():
        take(session, "holdings", features(tmp_path / "h.geojson", shapes, rows))
    assert refusal.value.kind == "too-intricate"
    assert f"row 1 ({parcel_key(1)})" in refusal.value.message
    assert "simplify" in refusal.value.message


def test_many_short_teeth_are_cut_into_pieces_in_time(session, tmp_path):
    """A long bar of 48,000 vertices, which the gate lets pass: pieces do not become many more than its teeth."""
    bar = comb(12_000, height=20, width=10_000)
    rows = [{"plan": "A", "designation": "GE"}]
    with within(60):
        report = take(session, "zones", features(tmp_path / "z.geojson", [bar], rows))
    assert report.change.amendment.added == 1
    pieces, m2 = session.execute(text("SELECT count(*), sum(ST_Area(geom)) FROM zone_piece")).one()
    assert pieces < 2 * 12_000
    assert m2 == pytest.approx(bar.area, abs=0.01)
