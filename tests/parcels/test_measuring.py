"""Measuring: by one statement or in chunks the same; intricate outlines exact, and given up by name when they take too long."""

import math
import re
from datetime import UTC, datetime

import pytest
import shapely
from sqlalchemy import text

from parcels import ledger, measuring, queries
from parcels.limits import TooIntricateError
from parcels.sql import chained, statement, steps
from tests.conftest import key, square
from tests.little_worlds import holding, parcel, zone
from tests.shapes import comb, ewkt

KNOWN = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def combs(fill):
    """A parcel, two plans, a port and a deduction, all of them combs that cross each other."""
    shapes = {
        "parcel": comb(30, across=True),
        "older": comb(30),
        "newer": comb(30, shift=3.3),
        "port": comb(18, shift=1.7),
        "road": comb(18, across=True, shift=2.9),
    }
    fill("parcels", parcel(geom=ewkt(shapes["parcel"]), official_m2=f"{shapes['parcel'].area:.2f}"))
    fill("holdings", holding())
    fill("zones", zone("Older", ewkt(shapes["older"]), valid_from="2014-01-01"))
    fill("zones", zone("Newer", ewkt(shapes["newer"]), valid_from="2020-01-01", designation="GI"))
    fill("port", {"kind": "port", "geom": ewkt(shapes["port"])})
    fill("deductions", {"ref": "1", "kind": "road", "geom": ewkt(shapes["road"])})
    return shapes


def test_crossing_combs_measure_what_shapely_finds(session, combs):
    newer = combs["parcel"].intersection(combs["newer"])
    older = combs["parcel"].intersection(combs["older"]).difference(combs["newer"])
    for shape, designation in ((newer, "GI"), (older, "GE")):
        outside = shape.difference(combs["port"])
        entry = session.execute(
            text(
                """SELECT gross_m2, gross_m2 - port_m2 AS outside_m2, net_m2 FROM ledger
                   WHERE upper_inf(known) AND upper_inf(valid) AND designation = :designation"""
            ),
            {"designation": designation},
        ).one()
        assert float(entry.gross_m2) == pytest.approx(shape.area, abs=0.02)
        assert float(entry.outside_m2) == pytest.approx(outside.area, abs=0.02)
        assert float(entry.net_m2) == pytest.approx(outside.difference(combs["road"]).area, abs=0.02)


def test_outlines_that_take_too_long_are_given_up_by_name(session, combs, fill, monkeypatch):
    before = queries.reserve(session, KNOWN.date(), KNOWN, [])
    monkeypatch.setattr(measuring, "LONGEST_S", 0.05)
    with pytest.raises(TooIntricateError) as refused, session.begin_nested():
        fill("deductions", {"ref": "2", "kind": "rail", "geom": ewkt(comb(200))})
    assert f"The largest: deduction 2 (805 vertices), parcel {key(1)} (125 vertices)" in str(refused.value)
    assert "Simplify" in str(refused.value)
    assert queries.reserve(session, KNOWN.date(), KNOWN, []) == before
    assert session.scalar(text("SELECT count(*) FROM deduction")) == 1
    assert session.scalar(text("SHOW statement_timeout")) == "0"


def test_chunk_by_chunk_is_the_same(session, fill, monkeypatch):
    """Written a parcel at a time by one statement; derived again by the steps, all at once and a parcel a chunk."""
    west, east = square(0, 0, 60), square(60, 0, 40)
    for number in range(1, 6):
        fill("parcels", parcel(number, square(0, 100 * number), district=None))
    fill("districts", {"name": "Nord", "geom": square(-50, -50, 120, 900)})
    fill("zones", zone(geom=square(0, 150, 80, 300)), zone(geom=square(80, 150, 20, 250), designation="MU"))
    fill("holdings", holding(1), holding(2, cleared=None))
    fill("holdings", *(holding(3, geom=geom.replace("5930000", "5930300").replace("5930100", "5930400"), site=site)
                       for geom, site in ((west, "west"), (east, "east"))))  # fmt: skip
    fill("port", {"kind": "port", "geom": square(50, 320, 10, 400)})
    assert session.scalar(text("SELECT count(*) FROM ledger WHERE upper_inf(known)")) > 6
    for size in (measuring.CHUNK, 1):
        monkeypatch.setattr(measuring, "CHUNK", size)
        steps_told: list[str] = []
        assert ledger.verify(session, KNOWN, steps_told.append) == ledger.Difference([], [])
    assert [told for told in steps_told if told.startswith("measuring")] == [
        f"measuring, part {part} of 4" for part in range(1, 5)
    ]


@pytest.mark.parametrize("name", ["measure", "settle"])
def test_the_steps_are_the_whole_statement(name):
    """Nothing of the file is lost when it is taken apart."""
    queries_by_name, ending = steps(name)
    together, whole = (
        re.sub(r"--.*|\s+", "", sql) for sql in (chained(queries_by_name) + ending, statement(name).text)
    )
    assert together == whole


def test_the_bezirk_of_a_parcel_in_fragments_does_not_change_with_its_neighbours(session, fill):
    """Under two Bezirke of the same share the name decides, whatever order the pieces are added up in."""
    here, there = (
        ewkt(shapely.box(559_000, 5_930_000, 569_000, 5_940_000)),
        ewkt(shapely.Point(564_000, 5_935_000).buffer(6_000, 80)),
    )
    fill("districts", {"name": "Altona", "geom": here}, {"name": "Altona (neu)", "geom": there})
    fill("zones", zone(geom=here))
    rows = [
        parcel(number, geom=ewkt(wobbly(562_000 + 300 * number, 5_935_000, 317 + 17 * number)), district=None)
        for number in range(1, 15)
    ]
    fill("parcels", *rows)
    for row in rows:
        fill("parcels", {**row, "gemarkung": "X"})
    assert ledger.verify(session, KNOWN) == ledger.Difference([], [])
    assert set(session.scalars(text("SELECT district FROM ledger WHERE upper_inf(known)"))) == {"Altona"}


def wobbly(x, y, corners):
    turns = [2 * math.pi * n / corners for n in range(corners)]
    return shapely.Polygon(
        [(x + (120 + 9 * math.sin(7 * t)) * math.cos(t), y + (120 + 9 * math.cos(5 * t)) * math.sin(t)) for t in turns]
    )
