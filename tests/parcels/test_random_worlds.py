"""Random little worlds: whatever is recorded, in whatever order, the ledger is the one that follows from the facts.

Rectangles on a grid of 50 m, so that they touch, overlap and share edges; an independent reckoning overlays them with shapely.
"""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from parcels import changes, ledger, queries, register
from tests.conftest import key
from tests.little_worlds import AVAILABLE

FEW = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],  # shrinking against a database takes minutes; worlds are small as they are
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
START = datetime(2026, 1, 15, 11, tzinfo=UTC)
LATER = START + timedelta(days=99)
DAYS = [date(2020, 1, 1), date(2021, 6, 1), date(2023, 1, 1), date(2024, 2, 29), date(2027, 7, 1)]
PROBES = [date(2013, 1, 1), *(day + timedelta(days=shift) for day in DAYS for shift in (-1, 0)), date(2030, 1, 1)]
FIRST, LAST = date.min, date.max
WEST, SOUTH, CELL, SIZE = 565_000, 5_930_000, 50, 6
UNIT = {
    "parcels": "key",
    "zones": "plan",
    "port": "kind",
    "deductions": "ref",
    "holdings": "parcel_key",
    "districts": "name",
}
MUNICIPAL, COUNTING, WORKPLACE = {"LIG", "HPA"}, {"GE", "GI", "I"}, {"GE", "GI", "I", "G"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """What one edit says: rows of one unit of a layer."""

    layer: str
    rows: tuple[Row, ...]

    @property
    def unit(self) -> str:
        return str(self.rows[0][UNIT[self.layer]])


# ---------------------------------------------------------------------------------------------------- worlds


@st.composite
def boxes(draw: st.DrawFn) -> shapely.Polygon:
    west, east = sorted(draw(st.lists(st.integers(0, SIZE), min_size=2, max_size=2, unique=True)))
    south, north = sorted(draw(st.lists(st.integers(0, SIZE), min_size=2, max_size=2, unique=True)))
    corners = (WEST + CELL * west, SOUTH + CELL * south, WEST + CELL * east, SOUTH + CELL * north)
    return shapely.box(*corners)


@st.composite
def periods(draw: st.DrawFn) -> Row:
    first, last = sorted(draw(st.lists(st.integers(-1, len(DAYS)), min_size=2, max_size=2, unique=True)))
    return {"valid_from": None if first < 0 else DAYS[first], "valid_to": None if last == len(DAYS) else DAYS[last]}


ALWAYS = st.just({"valid_from": None, "valid_to": None})
SPANS = st.one_of(ALWAYS, periods())


@st.composite
def successive(draw: st.DrawFn, most: int = 3) -> list[Row]:
    """Periods that follow one another, with gaps."""
    seams = [None, *DAYS, None]
    cuts = sorted(draw(st.lists(st.integers(0, len(seams) - 1), min_size=2, max_size=2 * most, unique=True)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return [{"valid_from": seams[a], "valid_to": seams[b]} for a, b in pairs]


@st.composite
def parcels(draw: st.DrawFn, number: int) -> Statement:
    official = st.one_of(st.none(), st.decimals("0.01", "99999.99", places=2))
    row = st.fixed_dictionaries(
        {"geom": boxes(), "official_m2": official, "district": st.sampled_from([None, None, "Eigen"])}
    )
    return Statement("parcels", tuple({"key": key(number), **draw(row), **span} for span in draw(successive(2))))


@st.composite
def zones(draw: st.DrawFn, number: int) -> Statement:
    facts = {
        "plan": f"Plan {number}",
        "designation": draw(st.sampled_from(["GE", "GI", "I", "G", "MU", "WA"])),
        "regulates_use": draw(st.sampled_from([True, True, True, False])),
        "in_use_as_commercial": draw(st.sampled_from([None, True, False])),
    }
    places = draw(st.lists(st.tuples(boxes(), SPANS), min_size=1, max_size=2))
    return Statement("zones", tuple({**facts, "geom": geom, **span} for geom, span in places))


@st.composite
def areas(draw: st.DrawFn, layer: str, number: int) -> Statement:
    facts = {
        "port": {"kind": f"Hafen {number}"},
        "deductions": {"ref": f"d{number}", "kind": "road"},
        "districts": {"name": f"Bezirk {number}"},
    }
    return Statement(layer, ({**facts[layer], "geom": draw(boxes()), **draw(SPANS)},))


def holdings_facts() -> st.SearchStrategy[Row]:
    flag = st.sampled_from([True, True, True, False, None])
    return st.fixed_dictionaries(
        {
            "holder": st.sampled_from(["LIG", "LIG", "HPA", "private", None]),
            "site": st.sampled_from([None, "Hof", "Kai"]),
            "disposition": st.sampled_from(["free", "reserved", "sold", None]),
            "disposition_until": st.sampled_from([None, *DAYS]),
            "serviced": flag,
            "construction_possible_from": st.sampled_from([date(2013, 1, 1), date(2013, 1, 1), *DAYS, None]),
        }
    )


@st.composite
def holdings(draw: st.DrawFn, number: int) -> Statement:
    rows: list[Row] = []
    for span in draw(successive(2)):
        split = draw(st.sampled_from([None, None, 1, 3]))
        places: list[shapely.Polygon | None] = [None]
        if split:  # two parts that touch, or with what lies between them left out
            gap = draw(st.integers(0, 1))
            low, high = (WEST, WEST + CELL * split), (WEST + CELL * (split + gap), WEST + CELL * SIZE)
            places = [shapely.box(west, SOUTH, east, SOUTH + CELL * SIZE) for west, east in (low, high)]
        rows += [{"parcel_key": key(number), **AVAILABLE, **draw(holdings_facts()), "geom": g, **span} for g in places]
    if draw(st.booleans()):  # equal amounts for two parts too: they are two areas
        declared = {"declared_net_m2": draw(st.decimals("0", "99999.99", places=2)), "designation": "GE"}
        rows = [row | declared for row in rows]
    return Statement("holdings", tuple(rows))


@st.composite
def worlds(draw: st.DrawFn) -> list[Statement]:
    """Statements about different units, in random order; some worlds are turned, so that no coordinate is a round number."""
    made = [draw(parcels(number)) for number in range(draw(st.integers(1, 3)))]
    made += [draw(zones(number)) for number in range(draw(st.integers(1, 4)))]
    made += [draw(holdings(number)) for number in range(draw(st.integers(1, 4)))]
    for layer, most in (("port", 2), ("deductions", 3), ("districts", 2)):
        made += [draw(areas(layer, number)) for number in range(draw(st.integers(0, most)))]
    if draw(st.sampled_from([True, False])):  # an old plan's road under all: nothing of it is deducted under newer ones
        everywhere = shapely.box(WEST, SOUTH, WEST + CELL * SIZE, SOUTH + CELL * SIZE)
        made.append(
            Statement("deductions", ({"ref": "plan: Alt", "kind": "road", "geom": everywhere, **draw(ALWAYS)},))
        )
    degrees = draw(st.sampled_from([0, 17.3]))
    return [turned(statement, degrees) for statement in draw(st.permutations(made))]


def turned(statement: Statement, degrees: float) -> Statement:
    if not degrees:
        return statement
    origin = (WEST, SOUTH)
    return Statement(
        statement.layer,
        tuple({**row, "geom": row["geom"] and rotate(row["geom"], degrees, origin)} for row in statement.rows),
    )


# ---------------------------------------------------------------------------------------------------- recording


@contextmanager
def blank(engine: Engine):
    """A register of its own, gone afterwards."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        outer.rollback()


def record(session: Session, statement: Statement, hour: int) -> datetime:
    rows = [{**row, "geom": ewkt(row["geom"])} for row in statement.rows]
    return register.edit(session, statement.layer, rows, START + timedelta(hours=hour), "test", None).at


def ewkt(geom: shapely.Polygon | None) -> str | None:
    return None if geom is None else f"SRID=25832;{shapely.MultiPolygon([geom]).wkt}"


def standing(session: Session) -> list[Any]:
    """What the ledger says now, whatever its ids and instants."""
    return list(
        session.scalars(
            text("SELECT (to_jsonb(l) - 'id' - 'known')::text FROM ledger l WHERE upper_inf(known) ORDER BY 1")
        )
    )


# ---------------------------------------------------------------------------------------------------- reckoning


def holds(row: Row, day: date) -> bool:
    return (row["valid_from"] or FIRST) <= day < (row["valid_to"] or LAST)


def on_day(world: list[Statement], layer: str, day: date) -> list[Row]:
    return [row for statement in world if statement.layer == layer for row in statement.rows if holds(row, day)]


def reckoned(world: list[Statement], day: date) -> dict[tuple[Any, ...], tuple[float, float, str]]:
    """(gross, net, standing) by parcel, part and designation on a day; by shapely and by hand, not by the service's rules."""
    lost = lost_on(world, day)
    port = shapely.union_all([row["geom"] for row in on_day(world, "port", day)])
    zones = [row for row in on_day(world, "zones", day) if row["regulates_use"]]
    versions = [row for s in world if s.layer == "zones" for row in s.rows if row["regulates_use"]]
    held = defaultdict(list)
    for row in on_day(world, "holdings", day):
        held[row["parcel_key"]].append(row)
    found: dict[tuple[Any, ...], tuple[float, float, str]] = {}
    for parcel in on_day(world, "parcels", day):
        order = [(in_force_since(zone, versions, parcel["geom"]), zone["plan"], at) for at, zone in enumerate(zones)]
        newest_first = [(zones[at], since) for since, _, at in sorted(order, reverse=True)]
        found |= reckoned_parcel(parcel, newest_first, held.pop(parcel["key"], []), lost, port, day)
    for row in itertools.chain(*held.values()):
        declared = None if row.get("declared_net_m2") is None else float(row["declared_net_m2"])
        kind = standing_of(row, row.get("designation"), declared, False, day)
        part = None if row["geom"] is None else digest(row["geom"])
        found[row["parcel_key"], part, row.get("designation"), None] = (declared or 0, declared or 0, kind)
    return found


def lost_on(world: list[Statement], day: date) -> Callable[[Row | None, date], shapely.Geometry]:
    """What port and deductions take of the land of a zone: those of a plan nothing of what a newer one designates."""
    port = [row["geom"] for row in on_day(world, "port", day)]
    deductions = on_day(world, "deductions", day)

    def since(plan: str) -> date:
        said = [row for s in world if s.unit in (plan, f"plan: {plan}") for row in s.rows]
        return min(row["valid_from"] or FIRST for row in said)

    def under(zone: Row | None, zone_since: date) -> shapely.Geometry:
        taken = list(port)
        for row in deductions:
            _, prefix, plan = row["ref"].rpartition("plan: ")
            if not prefix or zone is None or plan == zone["plan"] or since(plan) >= zone_since:
                taken.append(row["geom"])
        return shapely.union_all(taken)

    return under


def in_force_since(zone: Row, versions: list[Row], ground: Any) -> date:
    """The first of the days on which a plan covers some of the ground without a gap up to those of this zone."""
    since = zone["valid_from"] or FIRST
    while True:
        before = [
            row["valid_from"] or FIRST
            for row in versions
            if row["plan"] == zone["plan"]
            and (row["valid_from"] or FIRST) < since <= (row["valid_to"] or LAST)
            and areal(row["geom"] & ground).area
        ]
        if not before or not areal(zone["geom"] & ground).area:
            return since
        since = min(before)


def reckoned_parcel(parcel, zones, held, lost, port, day):
    ground, found = parcel["geom"], {}
    amount = ellipsoidal(ground) if parcel["official_m2"] is None else float(parcel["official_m2"])
    recorded = shapely.union_all([ground if row["geom"] is None else row["geom"] for row in held])
    shares = [(row, ground if row["geom"] is None else areal(ground & row["geom"])) for row in held]
    for (designation, commercial), (under, kept) in stacked(ground, zones, lost).items():
        for row, place in [*shares, (None, ground - recorded)]:
            piece = areal(under & place)
            left = areal(kept & place)
            gross, net = (round(amount * area / ground.area, 6) for area in (piece.area, left.area))
            if round(gross, 2) < 0.01 or (row is None and designation not in WORKPLACE):
                continue
            in_port = round(amount * (piece - port).area / ground.area, 2) < 0.01
            part = None if row is None or row["geom"] is None else digest(row["geom"])
            kind = standing_of(row, designation, net, in_port, day)
            found[parcel["key"], part, designation, commercial] = (gross, net, kind)
    return found


def areal(geom):
    """Without the lines and points in which areas that only touch intersect."""
    return shapely.union_all([piece for piece in shapely.get_parts(geom) if piece.area])


def stacked(ground, zones, lost):
    """By designation: the land under it, and what port and deductions leave of that."""
    left, under = ground, defaultdict(lambda: (shapely.Polygon(), shapely.Polygon()))
    for zone, since in [*zones, (None, FIRST)]:
        name = (zone and zone["designation"], zone and zone["in_use_as_commercial"])
        top = left if zone is None else areal(left & zone["geom"])
        whole, kept = under[name]
        under[name] = (whole | top, kept | areal(top - lost(zone, since)))
        left = areal(left - top)
    return under


def standing_of(row, designation, net, in_port, day):
    answers = [
        None if designation is None else designation in COUNTING,
        not in_port,
        None if net is None else net >= 0.005,
    ]
    if row is not None:
        start = row["construction_possible_from"]
        in_a_year = date(day.year + 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
        answers += [
            None if row["holder"] is None else row["holder"] in MUNICIPAL,
            row["serviced"],
            None if row["disposition"] is None else row["disposition"] != "sold",
            None if start is None else start <= in_a_year,
        ]
    if False in answers:
        return "excluded"
    if row is None:
        return "unrecorded"
    if None in answers:
        return "unclear"
    until = row["disposition_until"]
    reserved = row["disposition"] == "reserved" and (until is None or day < until)
    return "counted_reserved" if reserved else "counted_free"


def ellipsoidal(ground):
    from pyproj import Geod, Transformer

    degrees = shapely.transform(ground, Transformer.from_crs(25832, 4258, always_xy=True).transform, interleaved=False)
    return abs(Geod(ellps="GRS80").geometry_area_perimeter(degrees)[0])


# ---------------------------------------------------------------------------------------------------- properties


@FEW
@given(world=worlds())
def test_incremental_is_the_full_derivation_and_what_shapely_finds(engine, world):
    with blank(engine) as session:
        for hour, statement in enumerate(world):
            record(session, statement, hour)
        assert ledger.verify(session, LATER) == ledger.Difference([], [])
        for day in PROBES:
            expected = reckoned(world, day)
            rows = session.execute(text(LINES), {"day": day}).all()
            lines = {(r.parcel_key, r.part, r.designation, r.in_use_as_commercial): r for r in rows}
            assert len(lines) == len(rows)
            assert set(lines) == set(expected), day
            for place, (gross, net, kind) in expected.items():
                line = lines[place]
                assert abs(float(line.gross_m2) - gross) < 0.05, (place, day)
                assert abs(float(line.net_m2) - net) < 0.05, (place, day)
                assert line.standing == kind, (place, day)


LINES = """
SELECT l.parcel_key, l.part::text, l.designation, l.in_use_as_commercial, l.gross_m2, l.port_m2, l.net_m2, l.standing
FROM ledger l WHERE upper_inf(l.known) AND l.valid @> CAST(:day AS date)
"""


def digest(part: shapely.Polygon) -> str:
    """How the ledger names a part: by the digest of its geometry."""
    return str(UUID(hashlib.md5(shapely.to_wkb(shapely.MultiPolygon([part])), usedforsecurity=False).hexdigest()))


@FEW
@given(world=worlds(), data=st.data())
def test_the_order_of_recording_leaves_the_same_ledger(engine, world, data):
    other = data.draw(st.permutations(world))
    found = []
    for order in (world, other):
        with blank(engine) as session:
            for hour, statement in enumerate(order):
                record(session, statement, hour)
            found.append(standing(session))
    assert found[0] == found[1]


@FEW
@given(world=worlds())
def test_every_answer_agrees_with_every_other(engine, world):
    with blank(engine) as session:
        instants = [record(session, statement, hour) for hour, statement in enumerate(world)]
        series = queries.series(session, PROBES[0], PROBES[-1], LATER)
        for day in PROBES:
            total, groups = queries.reserve(session, day, LATER, queries.DIMENSIONS)
            point = [point for point in series if point.on <= day][-1]
            assert (point.net_m2, point.free_m2) == (total.net_m2, total.free_m2)
            for name in ("net_m2", "free_m2", "gross_m2", "unclear_m2", "unrecorded_m2"):
                assert sum((getattr(group.totals, name) for group in groups), Decimal(0)) == getattr(total, name)
            nothing_counted_twice(session, day)
        for since, until in itertools.pairwise(PROBES):
            adds_up(session, changes.over_days(session, since, until, LATER), (since, LATER), (until, LATER))
        for known_from, known_to in itertools.pairwise([START - timedelta(days=1), *instants, LATER]):
            found = changes.over_knowledge(session, DAYS[2], known_from, known_to)
            adds_up(session, found, (DAYS[2], known_from), (DAYS[2], known_to))


def nothing_counted_twice(session: Session, day: date) -> None:
    sums = session.execute(
        text(
            """SELECT p.area_m2, sum(l.gross_m2) AS gross, min(l.gross_m2 - l.port_m2 - l.net_m2) AS least, min(l.net_m2) AS net,
                      count(*) AS parts
            FROM ledger l JOIN parcel p ON p.key = l.parcel_key AND upper_inf(p.known) AND p.valid @> CAST(:day AS date)
            WHERE upper_inf(l.known) AND l.valid @> CAST(:day AS date) GROUP BY p.id"""
        ),
        {"day": day},
    )
    for row in sums:
        assert row.gross <= row.area_m2 + Decimal("0.005") * row.parts
        assert row.least >= Decimal("-0.01")
        assert row.net >= 0


def adds_up(
    session: Session, found: list[changes.Change], since: tuple[date, datetime], until: tuple[date, datetime]
) -> None:
    before, after = queries.reserve(session, *since)[0], queries.reserve(session, *until)[0]
    assert sum((change.net_m2 for change in found), Decimal(0)) == after.net_m2 - before.net_m2
    assert sum((change.free_m2 for change in found), Decimal(0)) == after.free_m2 - before.free_m2


# ---------------------------------------------------------------------------------------------------- amendments


@st.composite
def edits(draw: st.DrawFn) -> list[Statement]:
    """Statements about few units again and again: each replaces, on its days, what was said of its unit before."""
    kinds = st.one_of(
        parcels(0), zones(0), zones(1), holdings(0), areas("port", 0), areas("deductions", 0), areas("districts", 0)
    )
    return [draw(parcels(0)), draw(zones(0)), draw(holdings(0)), *draw(st.lists(kinds, min_size=4, max_size=9))]


def end_what_is_repeated_with_an_end(model: dict[tuple[str, str, date], set[str]], statement: Statement) -> None:
    """A fact on successive days that is stated again, the same but with an end, loses the days from that end on."""
    ends: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in statement.rows:
        if row.get("valid_to"):
            ends[content(row)].append(row)
    for said, rows in ends.items():
        end = max(row["valid_to"] for row in rows)
        for held, run in itertools.groupby(
            PROBES, lambda day, said=said: said in model[statement.layer, statement.unit, day]
        ):
            days = list(run)
            if held and any(holds(row, day) for row in rows for day in days):
                for day in days:
                    if day >= end:
                        model[statement.layer, statement.unit, day].discard(said)


@FEW
@given(said=edits())
def test_amendments_replace_the_days_they_cover_and_keep_what_was_known(engine, said):
    model: dict[tuple[str, str, date], set[str]] = defaultdict(set)
    answers: list[tuple[datetime, Any]] = []
    with blank(engine) as session:
        for hour, statement in enumerate(said):
            at = record(session, statement, hour)
            assert ledger.verify(session, LATER) == ledger.Difference([], [])
            end_what_is_repeated_with_an_end(model, statement)
            for day in PROBES:
                if rows := [row for row in statement.rows if holds(row, day)]:
                    model[statement.layer, statement.unit, day] = {content(row) for row in rows}
            answers.append((at, [queries.reserve(session, day, at)[0] for day in PROBES]))
        for (layer, unit, day), expected in model.items():
            assert recorded(session, layer, unit, day) == expected, (layer, unit, day)
        for at, answer in answers:
            assert [queries.reserve(session, day, at)[0] for day in PROBES] == answer


def content(row: Row) -> str:
    """What tells two rows of a unit apart: where they lie, and all that is said of them."""
    geom = None if row["geom"] is None else shapely.normalize(row["geom"]).wkt
    return " ".join(str(value) for value in (geom, *(row.get(name) for name in SAID)))


SAID = (
    *("designation", "official_m2", "holder", "site", "disposition", "disposition_until", "serviced", "cleared"),
    *("binding_use", "opposing_plan", "construction_possible_from", "in_use_as_commercial"),
)


TABLES = {
    "parcels": "parcel",
    "zones": "zone",
    "port": "port_area",
    "deductions": "deduction",
    "holdings": "holding",
    "districts": "district",
}


def recorded(session: Session, layer: str, unit: str, day: date) -> set[str]:
    rows = session.execute(
        text(
            f"SELECT *, ST_AsBinary(geom) AS wkb FROM {TABLES[layer]} "
            f"WHERE {UNIT[layer]} = :unit AND upper_inf(known) AND valid @> CAST(:day AS date)"
        ),
        {"unit": unit, "day": day},
    )
    found = []
    for row in rows.mappings():
        geom = None if row["wkb"] is None else shapely.from_wkb(bytes(row["wkb"])).geoms[0]
        found.append(content({**row, "geom": geom}))
    assert len(found) == len(set(found)) or layer in ("zones", "holdings")
    return set(found)
