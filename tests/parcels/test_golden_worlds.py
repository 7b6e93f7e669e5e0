"""Little worlds in a table (golden/worlds.csv) and what must come out of them (golden/worlds_expected.csv)."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import Geod, Transformer
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from parcels import ledger, queries, stock
from parcels.parcels import listing
from tests.conftest import key, square
from tests.little_worlds import holding, parcel, zone

GOLDEN = Path(__file__).parent / "golden"
KNOWN = datetime(2026, 6, 1, tzinfo=UTC)
YES_NO = {"yes": True, "no": False, "": None}
FLAGS = {"regulates_use", "in_use_as_commercial", "serviced", "cleared", "binding_use", "opposing_plan"}
TABLE_OF_LAYER = {"districts": "name", "port": "kind", "zones": "plan"}


def table(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


WORLDS = table("worlds.csv")
EXPECTED = table("worlds_expected.csv")


def place(written: str) -> str | None:
    if not written:
        return None
    west, south, east, north = (float(metres) for metres in written.split())
    return square(west, south, east - west, north - south)


def fact(row: dict[str, str]) -> dict[str, Any]:
    """A row of worlds.csv as a row of its layer."""
    said = dict(pair.split("=") for pair in row["facts"].split(";") if pair)
    facts = {name: YES_NO[value] if name in FLAGS else value or None for name, value in said.items()}
    days = {"valid_from": row["from"] or None, "valid_to": row["to"] or None}
    geom = place(row["place"])
    if row["layer"] == "parcels":
        facts = {"official_m2": facts.pop("official", None), "district": None, **facts}
        return {**parcel(int(row["id"])), "geom": geom, **facts, **days}
    if row["layer"] == "holdings":
        return {**holding(int(row["id"])), "geom": geom, **facts, **days}
    if row["layer"] == "deductions":
        return {"ref": row["id"], "kind": "road", "geom": geom, **days}
    base = zone() if row["layer"] == "zones" else {}
    return {**base, TABLE_OF_LAYER[row["layer"]]: row["id"], "geom": geom, **facts, **days}


def build(fill, name: str) -> None:
    """Record a world, unit by unit, as its rows stand in the table."""
    units: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in (row for row in WORLDS if row["world"] == name):
        units.setdefault((row["layer"], row["id"]), []).append(fact(row))
    for (layer, _), rows in units.items():
        fill(layer, *rows)


def test_every_world_is_expected_and_every_expectation_has_a_world():
    assert {row["world"] for row in WORLDS} | {"no plan and no holding"} == {row["world"] for row in EXPECTED}


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['world']}, {row['on']} {row['by']}")
def test_world(session, fill, row):
    build(fill, row["world"])
    on = date.fromisoformat(row["on"])
    dimension, _, value = row["by"].partition("=")
    total, groups = queries.reserve(session, on, KNOWN, [dimension] if dimension else [])
    if dimension:
        (total,) = [group.totals for group in groups if group.values == {dimension: value or None}]
    found = {name: getattr(total, f"{name}_m2") for name in ("net", "free", "gross", "unclear", "unrecorded")}
    assert {**found, "areas": total.areas} == {name: Decimal(row[name]) for name in (*found, "areas")}
    if row["stock"]:
        (all_of_it,) = stock.on_day(session, on, KNOWN)
        assert (all_of_it.area_m2, all_of_it.unclear_m2) == (Decimal(row["stock"]), Decimal(row["stock_unclear"]))
    assert ledger.verify(session, KNOWN) == ledger.Difference([], [])


def test_without_an_official_area_the_ellipsoidal_one_counts(session, fill):
    """Against pyproj's geodesic area on GRS80; the projected area would be 6.9 m2 per hectare too small."""
    fill("parcels", parcel(official_m2=None))
    fill("zones", zone())
    fill("holdings", holding())
    (line,) = queries.entries(session, date(2026, 1, 1), KNOWN)
    ring = shapely.box(565_000, 5_930_000, 565_100, 5_930_100)
    degrees = shapely.transform(ring, Transformer.from_crs(25832, 4258, always_xy=True).transform, interleaved=False)
    geodesic, _ = Geod(ellps="GRS80").geometry_area_perimeter(degrees)
    assert line.area_basis == "ellipsoidal"
    assert float(line.net_m2) == pytest.approx(abs(geodesic), abs=0.02)
    assert 10_006 < line.net_m2 < 10_008


def test_a_declared_area_says_so(session, fill):
    fill("holdings", holding(declared_net_m2=Decimal("1234.56"), designation="GE"))
    (line,) = queries.entries(session, date(2026, 1, 1), KNOWN)
    assert (line.area_basis, line.gross_m2, line.port_m2, line.net_m2) == (
        "declared",
        *map(Decimal, ("1234.56", 0, "1234.56")),
    )


def test_two_parts_that_declare_the_same_are_two_areas(session, fill):
    facts = {"declared_net_m2": Decimal(500), "designation": "GE"}
    fill("holdings", holding(geom=square(0, 0, 40), **facts), holding(geom=square(50, 0, 40), **facts))
    total, _ = queries.reserve(session, date(2026, 1, 1), KNOWN)
    assert total.net_m2 == 1_000


def test_the_area_of_a_parcel_known_in_parts_is_that_of_the_parts_of_the_day(session, fill):
    """In the list as in the ledger; what is declared by none is unknown."""
    parts = {"designation": "GE", "valid_from": "2020-01-01"}
    west = holding(geom=square(0, 0, 40), declared_net_m2=100, **parts)
    fill("holdings", west, holding(geom=square(50, 0, 40), declared_net_m2=200, **parts, valid_to="2026-01-01"))
    fill("holdings", holding(2, holder=None))
    found = [listing(session, date(year, 1, 1), KNOWN) for year in (2025, 2026)]
    assert [(one.area_m2, one.net_m2) for day in found for one in day] == [(300, 300), (None, 0), (100, 100), (None, 0)]


def test_only_plans_with_land_in_it_are_named(session, fill):
    fill("parcels", parcel())
    fill("holdings", holding())
    fill("zones", zone("Above", square(0, 0, 50, 100), valid_from=date(2020, 1, 1)))
    fill("zones", zone("Beneath", square(0, 0, 50, 100)))
    fill("zones", zone("Beside", square(50, 0, 50, 100)))
    fill("zones", zone("Touching", square(100, 0)))
    fill("zones", zone("Corner", square(100, 100)))
    (line,) = queries.entries(session, date(2026, 1, 1), KNOWN)
    assert (line.plans, line.net_m2) == (["Above", "Beside"], 10_000)


def test_a_part_that_touches_a_zone_here_and_overlaps_it_there(session, fill):
    """Such an intersection is an area and a line; the line must not disturb what is overlaid on it."""
    west, east = (
        shapely.box(565_000, 5_930_000, 565_030, 5_930_100),
        shapely.box(565_050, 5_930_000, 565_100, 5_930_100),
    )
    fork = shapely.union_all([west, east, shapely.box(565_000, 5_930_000, 565_100, 5_930_010)])
    fill("parcels", parcel())
    fill("zones", zone(geom=f"SRID=25832;{shapely.MultiPolygon([fork]).wkt}"))
    fill("zones", zone("Beneath", designation="WA"))
    fill("zones", zone("Above", square(0, 90, 100, 10), designation="MU", valid_from=date(2020, 1, 1)))
    fill("deductions", {"ref": "d", "kind": "road", "geom": square(52, 30, 100, 10)})
    fill("port", {"kind": "p", "geom": square(0, 20, 100, 10)})
    fill("holdings", holding(geom=square(30, 10, 30, 90)))
    total, _ = queries.reserve(session, date(2026, 1, 1), KNOWN)
    assert (total.gross_m2, total.net_m2) == (10 * 80, 10 * 80 - 10 * 10 - 8 * 10)


def test_a_large_ragged_parcel_is_measured_as_one(session, fill):
    """More than 256 vertices: cut into fragments on the way, put together in the line."""
    ragged = shapely.Point(565_500, 5_930_500).buffer(400, quad_segs=300)
    road = shapely.box(565_480, 5_930_000, 565_520, 5_931_000)
    half = shapely.box(565_000, 5_930_000, 565_500, 5_931_000)
    geom = f"SRID=25832;{shapely.MultiPolygon([ragged]).wkt}"
    fill("parcels", parcel(geom=geom, official_m2=500_000))
    fill("zones", zone(geom=f"SRID=25832;{shapely.MultiPolygon([half]).wkt}"))
    fill("deductions", {"ref": "r", "kind": "road", "geom": f"SRID=25832;{shapely.MultiPolygon([road]).wkt}"})
    fill("holdings", holding())
    total, _ = queries.reserve(session, date(2026, 1, 1), KNOWN)
    west = ragged.intersection(half)
    assert float(total.gross_m2) == pytest.approx(500_000 * west.area / ragged.area, abs=0.02)
    assert float(total.net_m2) == pytest.approx(500_000 * west.difference(road).area / ragged.area, abs=0.02)
    assert float(total.unclear_m2) == pytest.approx(
        500_000 * ragged.difference(half).difference(road).area / ragged.area, abs=0.02
    )


PARTS = {
    "whole beside part": [holding(), holding(geom=square(0, 0, 10))],
    "overlapping parts": [holding(geom=square(0, 0, 20)), holding(geom=square(10, 0, 20), site="other")],
    "two wholes": [holding(), holding(site="other")],
}


@pytest.mark.parametrize("name", PARTS)
def test_holdings_that_contradict_each_other_are_refused(session, fill, name):
    fill("parcels", parcel())
    with pytest.raises(IntegrityError, match=r"ex_holding|two holdings share"), session.begin_nested():
        fill("holdings", *PARTS[name])
    session.rollback()
    assert session.execute(text("SELECT count(*) FROM holding")).scalar_one() == 0
    assert session.execute(text("SELECT count(*) FROM recording")).scalar_one() == 1


def test_parts_on_different_days_may_overlap(session, fill):
    fill("parcels", parcel())
    fill("zones", zone())
    seam = date(2025, 1, 1)
    before, after = holding(geom=square(0, 0, 60, 100)), holding(geom=square(40, 0, 60, 100), site="other")
    fill("holdings", {**before, "valid_to": seam}, {**after, "valid_from": seam})
    for day in (date(2024, 12, 31), seam):
        total, _ = queries.reserve(session, day, KNOWN)
        assert (total.net_m2, total.unrecorded_m2) == (6_000, 4_000)
    assert [line.parcel_key for line in queries.entries(session, seam, KNOWN)] == [key(1)] * 2
