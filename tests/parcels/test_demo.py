"""The demo register: the same bytes each time, sound, and its reserve reckoned a second time, straight from its files.

The reckoning below knows nothing of the service: it reads data/demo, amends step by step, and overlays with shapely.
Its results stand in golden/demo_reserve.csv; `python -m tests.parcels.test_demo` writes that table anew.
"""

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import shapely
from pyproj import Geod, Transformer
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from parcels.demo import FOLDER, STEPS, generate
from parcels.demo.lives import lives
from parcels.demo.steps import GUIDANCE
from parcels.published import figures

GOLDEN = Path(__file__).parent / "golden" / "demo_reserve.csv"
BERLIN = ZoneInfo("Europe/Berlin")
UNIT = {"parcels": "key", "holdings": "key", "zones": "plan", "districts": "name", "port": "kind", "deductions": "id"}
UNIT |= dict.fromkeys(("sensitive", "sites_of_concern", "overlays"), "id")
MUNICIPAL, WORKPLACE = {"LIG", "HIE", "HPA"}, {"GE", "GI", "I"}
CENT, ALWAYS, OPEN = Decimal("0.01"), date.min, date.max
NO_GROUND: BaseGeometry = shapely.Polygon()


@dataclass(frozen=True)
class Fact:
    row: dict[str, str]
    ground: BaseGeometry | None
    since: date
    until: date


@dataclass
class Tally:
    net: Decimal = Decimal(0)
    free: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)
    unclear: Decimal = Decimal(0)
    unrecorded: Decimal = Decimal(0)
    areas: set[str] = field(default_factory=set)

    def cells(self) -> list[str]:
        amounts = (self.net, self.free, self.gross, self.unclear, self.unrecorded)
        return [*(str(amount.quantize(CENT)) for amount in amounts), str(len(self.areas))]


def read(path: Path) -> list[Fact]:
    """All rows of a file of the demo register as dated facts."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as lines:
            return [fact(row, None) for row in csv.DictReader(lines)]
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    rows = [({k: "" if v is None else str(v) for k, v in f["properties"].items()}, f["geometry"]) for f in features]
    return [fact(row, shape(geometry)) for row, geometry in rows]


def fact(row: dict[str, str], ground: BaseGeometry | None) -> Fact:
    since, until = row.get("valid_from"), row.get("valid_to")
    return Fact(
        row, ground, date.fromisoformat(since) if since else ALWAYS, date.fromisoformat(until) if until else OPEN
    )


@cache
def register(known_at: datetime) -> dict[str, list[Fact]]:
    """The facts by layer as known at an instant: a file replaces, for its units, the days that its rows cover."""
    layers: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for step in (step for step in STEPS if step.at <= known_at):
        for layer, name, _ in step.files:
            stated = defaultdict(list)
            for new in read(FOLDER / name):
                stated[new.row[UNIT[layer]]].append(new)
            for unit, news in stated.items():
                kept = layers[layer][unit]
                for new in news:
                    kept = [rest for old in kept for rest in without(old, new)]
                layers[layer][unit] = kept + news
    return {layer: [fact for facts in units.values() for fact in facts] for layer, units in layers.items()}


def without(old: Fact, new: Fact) -> list[Fact]:
    """What stays of an old fact outside the days of a new one."""
    pieces = ((old.since, min(old.until, new.since)), (max(old.since, new.until), old.until))
    return [Fact(old.row, old.ground, since, until) for since, until in pieces if since < until]


def reckon(day: date, known_at: datetime) -> Tally:
    """The reserve on a day from overlays alone (design: areas by official area times share, newest plan first)."""
    on_day = {
        layer: [fact for fact in facts if fact.since <= day < fact.until] for layer, facts in register(known_at).items()
    }
    taken_off = [fact.ground for fact in on_day["port"] + on_day["deductions"]]
    zones = [fact for fact in on_day["zones"] if fact.row["regulates_use"] == "yes"]
    zones.sort(key=lambda zone: (zone.since, zone.row["plan"]), reverse=True)
    holdings: dict[str, list[Fact]] = defaultdict(list)
    for holding in on_day["holdings"]:
        holdings[holding.row["key"]].append(holding)
    tally = Tally()
    for parcel in on_day["parcels"]:
        _count_parcel(tally, day, parcel, zones, taken_off, holdings.pop(parcel.row["key"], []))
    for (holding,) in holdings.values():  # declared: there is no parcel on this day
        if holding.row["designation"] in WORKPLACE:
            declared = Decimal(holding.row["declared_net_m2"])
            _count(tally, day, holding.row, declared, declared)
    return tally


def _count_parcel(
    tally: Tally,
    day: date,
    parcel: Fact,
    zones: list[Fact],
    taken_off: list[BaseGeometry | None],
    holdings: list[Fact],
) -> None:
    ground = parcel.ground
    assert ground is not None
    lost = shapely.union_all([other for other in taken_off if other is not None and other.intersects(ground)])
    recorded = [(holding.row, ground if holding.ground is None else holding.ground) for holding in holdings]
    held = shapely.union_all([part for _, part in recorded])
    official = Decimal(parcel.row["official_m2"] or repr(ellipsoidal_m2(ground)))
    for under in designated(ground, zones).values():
        for row, part in [*recorded, (None, ground.difference(held))]:
            piece = under.intersection(part)
            amounts = [
                (official * Decimal(area / ground.area)).quantize(CENT, ROUND_HALF_UP)
                for area in (piece.difference(lost).area, piece.area)
            ]
            _count(tally, day, row, *amounts, parcel.row["key"])


def designated(ground: BaseGeometry, zones: list[Fact]) -> dict[str, BaseGeometry]:
    """The ground under each workplace designation; zones come newest first, so that the first to cover it wins."""
    left, under = ground, defaultdict(lambda: NO_GROUND)
    for zone in zones:
        if zone.ground is not None and zone.ground.intersects(left):
            name = zone.row["designation"]
            under[name] = under[name].union(left.intersection(zone.ground))
            left = left.difference(zone.ground)
    return {name: part for name, part in under.items() if name in WORKPLACE}


def _count(
    tally: Tally, day: date, holding: dict[str, str] | None, net: Decimal, gross: Decimal, key: str = ""
) -> None:
    if not net:
        return
    answers = None if holding is None else criteria(holding, day)
    if answers is None:
        tally.unrecorded += net
    elif all(answers):
        tally.net, tally.gross = tally.net + net, tally.gross + gross
        tally.free += 0 if holding and is_reserved(holding, day) else net
        tally.areas.add(holding["site"] or key if holding else key)
    elif False not in answers:
        tally.unclear += net


def criteria(row: dict[str, str], day: date) -> list[bool | None]:
    """The holding's criteria of "immediately available": True met, False not met, None unknown."""
    start = row["construction_possible_from"]
    in_a_year = day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
    return [
        row["holder"] in MUNICIPAL if row["holder"] else None,
        answer(row["serviced"], "yes"),
        answer(row["cleared"], "yes"),
        answer(row["binding_use"], "no"),
        answer(row["opposing_plan"], "no"),
        row["disposition"] not in ("sold", "leasehold") if row["disposition"] else None,
        date.fromisoformat(start) <= in_a_year if start else None,
    ]


def answer(said: str, wanted: str) -> bool | None:
    return said == wanted if said else None


def is_reserved(row: dict[str, str], day: date) -> bool:
    until = row["disposition_until"]
    return row["disposition"] == "reserved" and (not until or day < date.fromisoformat(until))


def ellipsoidal_m2(ground: BaseGeometry) -> float:
    to_degrees = Transformer.from_crs(25832, 4258, always_xy=True)
    in_degrees = shapely.transform(ground, to_degrees.transform, interleaved=False)
    return abs(Geod(ellps="GRS80").geometry_area_perimeter(in_degrees)[0])


def golden() -> list[dict[str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def rewrite() -> None:
    """Reckon the golden table anew for the days and instants that it lists."""
    rows = golden()
    with GOLDEN.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(rows[0])
        for row in rows:
            on, known_at = date.fromisoformat(row["on"]), datetime.fromisoformat(row["known_at"])
            table.writerow([row["on"], row["known_at"], row["why"], *reckon(on, known_at).cells()])


@pytest.mark.parametrize("row", golden(), ids=lambda row: f"{row['on']} known {row['known_at']}")
def test_reserve_as_reckoned_from_the_files(row: dict[str, str]) -> None:
    cells = reckon(date.fromisoformat(row["on"]), datetime.fromisoformat(row["known_at"])).cells()
    expected = list(row.values())[3:]
    assert [float(cell) for cell in cells] == pytest.approx([float(cell) for cell in expected], abs=0.1)


def ha(on: str, known_at: datetime = STEPS[-1].at) -> tuple[float, float]:
    tally = reckon(date.fromisoformat(on), known_at)
    return float(tally.net) / 10_000, float(tally.free) / 10_000


def test_history_crosses_the_line_as_told() -> None:
    below, above = ["2017-01-01", "2019-02-01", "2022-05-01", "2024-12-01", "2027-02-01"], ["2018-09-01", "2021-04-01"]
    assert all(ha(day)[0] < 100 for day in below)
    assert all(ha(day)[0] > 100 for day in [*above, "2022-11-01", "2027-01-31", "2027-03-01"])
    assert round(ha("2020-07-01")[0], 1) == 98.8
    net, free = ha("2026-11-21")
    assert free < 100 < net


def test_as_known_then_differs_from_as_known_now() -> None:
    before = datetime(2025, 9, 10, 8, 59, 59, tzinfo=BERLIN)
    after = datetime(2025, 9, 10, 9, tzinfo=BERLIN)
    assert ha("2025-06-01", before)[0] - ha("2025-06-01", after)[0] > 1  # the contamination found late
    assert ha("2025-04-30", before) == ha("2025-04-30", after)
    assert ha("2026-01-01", datetime(2026, 4, 1, tzinfo=BERLIN)) != ha("2026-01-01")  # two official areas put right


def test_generated_files_are_the_committed_ones(tmp_path: Path) -> None:
    generate(tmp_path)
    committed = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.name != GUIDANCE[1]}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == committed
    assert set(committed) == {name for step in STEPS for _, name, _ in step.files}
    assert sum(map(len, committed.values())) < 1_500_000
    assert all("fiktiv" in name for name in committed)


def test_steps_run_forward() -> None:
    instants = [step.at for step in STEPS]
    assert instants == sorted(set(instants))
    assert all(at.tzinfo is not None for at in instants)
    assert (instants[0].year, instants[-1].year) == (2017, 2026)


def test_a_step_states_no_unit_in_two_files() -> None:
    for step in STEPS:
        stated = [{(layer, fact.row[UNIT[layer]]) for fact in read(FOLDER / name)} for layer, name, _ in step.files]
        assert sum(map(len, stated)) == len(set().union(*stated)), step.note


def ground(layer: str) -> list[BaseGeometry]:
    return [fact.ground for fact in register(STEPS[-1].at)[layer] if fact.ground is not None]


def test_districts_cover_one_city_without_overlap() -> None:
    districts = ground("districts")
    assert len(districts) == 7
    city = shapely.union_all(districts)
    assert city.geom_type == "Polygon"
    assert sum(district.area for district in districts) == pytest.approx(city.area, abs=1)
    assert all(city.contains(parcel) for parcel in ground("parcels"))
    assert city.buffer(300).contains(shapely.union_all(ground("port")))


def test_parcels_are_sound_and_do_not_overlap() -> None:
    parcels = [fact for fact in register(STEPS[-1].at)["parcels"] if fact.until == OPEN]
    keys = [fact.row["key"] for fact in parcels]
    shapes = [fact.ground for fact in parcels if fact.ground is not None]
    assert len(keys) == len(set(keys))
    assert all(len(key) == 20 and key.startswith("0299") for key in keys)
    assert all(parcel.is_valid and parcel.area > 500 for parcel in shapes)
    assert sum(parcel.area for parcel in shapes) == pytest.approx(shapely.union_all(shapes).area, abs=1)
    assert sum(len(parcel.exterior.coords) > 5 for parcel in shapes) > 100  # not only rectangles
    for fact, parcel in zip(parcels, shapes, strict=True):
        official = fact.row["official_m2"]
        assert not official or float(official) == pytest.approx(ellipsoidal_m2(parcel), rel=0.005)


def test_every_line_of_the_story_has_its_site() -> None:
    facts = register(STEPS[-1].at)
    told = {fact.row["site"].removesuffix(" (fiktiv)") for fact in facts["holdings"] if fact.row["site"]}
    assert told == set(lives())
    known = {fact.row["key"] for fact in facts["parcels"]}
    assert sum(fact.row["key"] not in known for fact in facts["holdings"]) == 1  # declared, still without a parcel
    assert 85 <= len(told) <= 100


def test_holdings_never_contradict_each_other() -> None:
    by_key = defaultdict(list)
    for holding in register(STEPS[-1].at)["holdings"]:
        by_key[holding.row["key"]].append(holding)
    for key, facts in by_key.items():
        for one, other in combinations(facts, 2):
            if one.since < other.until and other.since < one.until:
                assert one.ground is not None, key
                assert other.ground is not None, key
                assert one.ground.intersection(other.ground).area == pytest.approx(0, abs=1e-6)


def test_newest_plan_is_never_ambiguous() -> None:
    zones = [zone for zone in register(STEPS[-1].at)["zones"] if zone.row["regulates_use"] == "yes"]
    for one, other in combinations(zones, 2):
        if one.since == other.since and one.ground is not None and other.ground is not None:
            assert one.ground.intersection(other.ground).area < 0.1, (one.row, other.row)


def test_demo_shows_every_kind_of_fact() -> None:
    facts = register(STEPS[-1].at)
    values = {(layer, name, value) for layer in facts for fact in facts[layer] for name, value in fact.row.items()}
    expected = {
        *(("zones", "designation", name) for name in ("GE", "GI", "I", "G", "MU", "WA", "SO")),
        *(("zones", "in_use_as_commercial", said) for said in ("yes", "")),
        ("zones", "regulates_use", "no"),
        *(("deductions", "kind", kind) for kind in ("road", "rail", "green", "compensation", "water")),
        *(("deductions", "kind", kind) for kind in ("flood_defence", "protective_strip")),
        *(("holdings", "holder", holder) for holder in ("LIG", "HIE", "HPA", "private")),
        *(
            ("holdings", "disposition", name)
            for name in ("free", "requested", "reserved", "sold", "leasehold", "let", "")
        ),
        *(("holdings", name, "") for name in ("serviced", "cleared", "binding_use", "construction_possible_from")),
        ("holdings", "opposing_plan", "yes"),
        ("parcels", "official_m2", ""),
    }
    assert expected <= values


def test_parcels_straddle_zones_and_the_port() -> None:
    port = shapely.union_all([fact.ground for fact in register(STEPS[-1].at)["port"] if fact.until == OPEN])
    parcels = ground("parcels")
    assert sum(0.02 < parcel.intersection(port).area / parcel.area < 0.98 for parcel in parcels) >= 5
    zones = [zone for zone in register(STEPS[-1].at)["zones"] if zone.row["regulates_use"] == "yes"]
    zones.sort(key=lambda zone: zone.since, reverse=True)
    split = [designated(parcel, zones) for parcel in parcels]
    assert sum(len(parts) > 1 and min(part.area for part in parts.values()) > 100 for parts in split) >= 8


def test_published_figures_are_read_with_their_source() -> None:
    found = figures()
    by_day = {(figure.on, figure.scope): figure for figure in found}
    assert by_day[date(2020, 7, 1), "available_now"].ha == Decimal("98.8")
    assert by_day[date(2020, 7, 1), "available_now"].n_areas == 86
    assert by_day[date(2013, 1, 1), "target"].ha == 100
    summer = [figure for figure in found if figure.as_of == "2009-summer" and figure.area_scope.startswith("Hamburg")]
    assert summer[0].ha + summer[1].ha == summer[2].ha
    assert {figure.on for figure in summer} == {date(2009, 6, 1)}
    assert all(figure.source and figure.area_scope for figure in found)


if __name__ == "__main__":
    rewrite()
