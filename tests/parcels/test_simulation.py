"""What if: the answer of a simulation is that of a real recording, and nothing of it stays."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import text

from parcels import edits, ledger, limits, queries, register, simulation
from parcels.edits import HeldInPartsError, Recording, Span, ValueRefusedError
from parcels.limits import OutOfTimeError
from parcels.simulated import ParcelsUnknownError
from parcels.simulation import Effect, Question
from parcels.tried import FACTS, ContradictionError, Kind, Land, Side, Step
from rules.law import LAW
from tests.conftest import key, square
from tests.faults.own import PIECES, TABLES
from tests.little_worlds import holding, parcel, zone

NOW = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
DAY, SEAM, LATER = date(2026, 6, 1), date(2027, 1, 1), date(2028, 1, 1)
SINCE, UNTIL = date(2026, 1, 1), date(2029, 1, 1)


def ewkb(session, geom):
    return session.execute(text("SELECT CAST(CAST(:geom AS geometry) AS text)"), {"geom": geom}).scalar_one()


def step(kind, *numbers, since=SEAM, to=None, number=0, **facts):
    return Step(number, kind, Span(since, to), Land(tuple(key(n) for n in numbers)), **facts)


def ask(session, *steps, on=SEAM, by=()):
    return simulation.run(session, Question(steps, on, SINCE, UNTIL, by), NOW)


def state(session):
    """All that is stored, down to the last column."""
    digest = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return [tuple(session.execute(text(digest.format(name))).one()) for name in (*TABLES, *PIECES)]


@pytest.fixture
def town(session, fill):
    """Parcels 1 to 4 of a hectare each count under GE; 5 is housing land held like them, 6 is under GE and nobody says who holds
    it, 7 is declared in a list only, 8 is held in parts."""
    fill("districts", {"name": "Nord", "geom": square(-1000, -1000, 9000)})
    numbers = (1, 2, 3, 4, 5, 6, 8)
    fill("parcels", *(parcel(n, square(n * 200, 0)) for n in numbers))
    fill("zones", *(zone(f"Plan {n}", square(n * 200, 0), designation="WA" if n == 5 else "GE") for n in numbers))
    held = [holding(n, site=f"Feld {n}") for n in (1, 2, 3, 4, 5)]
    declared = holding(7, declared_net_m2=Decimal(5000), designation="GE")
    fill("holdings", *held, declared, holding(8, geom=square(1600, 0, 50, 100)))
    return session


def total(reading):
    return reading.total.net_m2, reading.total.free_m2


def test_a_sale_takes_its_hectares_from_its_day_on(town):
    before = state(town)
    found = ask(town, step(Kind.SELL, 1))
    assert (total(found.before), total(found.after)) == ((50_000, 50_000), (40_000, 40_000))
    assert [(p.on, p.net_m2) for p in found.after.points] == [(SINCE, 50_000), (SEAM, 40_000)]
    assert [(p.on, p.net_m2) for p in found.before.points] == [(SINCE, 50_000)]
    (move,) = found.moves
    assert (move.before.standing, move.after.standing, move.after.not_met) == (
        "counted_free",
        "excluded",
        ["not_disposed"],
    )
    assert (move.net_m2, move.free_m2, move.changes) == (-10_000, -10_000, (0,))
    assert [(done.effect, done.net_m2) for done in found.done] == [(Effect.RESERVE, -10_000)]
    assert state(town) == before
    assert ledger.verify(town, NOW) == ledger.Difference([], [])


def test_reserved_land_stays_in_one_series_until_its_day(town):
    found = ask(town, step(Kind.RESERVE, 1, 2, until=LATER))
    assert (total(found.after), len(found.moves)) == ((50_000, 30_000), 2)
    assert [(p.on, p.net_m2, p.free_m2) for p in found.after.points] == [
        (SINCE, 50_000, 50_000),
        (SEAM, 50_000, 30_000),
        (LATER, 50_000, 50_000),
    ]


def test_each_kind_states_codes_of_the_law():
    known = {code for value in LAW.parameters["dispositions.known"] for code in value.codes}
    assert {facts["disposition"] for facts in FACTS.values() if "disposition" in facts} <= known
    assert set(FACTS) == set(Kind) - {Kind.DESIGNATE, Kind.CONVERT, Kind.REPLACE}


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (Kind.SERVICE, {"serviced": False}),
        (Kind.CLEAR, {"cleared": None}),
        (Kind.END_BINDING_USE, {"binding_use": True}),
        (Kind.FREE, {"disposition": "sold"}),
    ],
)
def test_what_is_missing_is_made_good(town, fill, kind, missing):
    fill("holdings", holding(1, **missing))
    found = ask(town, step(kind, 1))
    assert (found.before.total.net_m2, found.after.total.net_m2) == (40_000, 50_000)
    assert (found.moves[0].before.standing in ("excluded", "unclear"), found.moves[0].after.standing) == (
        True,
        "counted_free",
    )


def test_land_is_converted_and_designated(town):
    found = ask(town, step(Kind.CONVERT, 1, designation="MU"), step(Kind.DESIGNATE, 5, designation="GI", number=1))
    assert total(found.after) == total(found.before)
    assert [(done.effect, done.net_m2) for done in found.done] == [(Effect.RESERVE, -10_000), (Effect.RESERVE, 10_000)]
    assert {move.parcel_key: move.after.designation for move in found.moves} == {key(1): "MU", key(5): "GI"}
    assert found.moves[0].after.plans == ["Simulation 0"]


def test_both_sides_of_a_replacement_stand_side_by_side(town):
    sides = (
        step(Kind.REPLACE, 1, 2, designation="MU", side=Side.DISSOLVED),
        step(Kind.REPLACE, 5, designation="GE", side=Side.OFFERED),
    )
    found = ask(town, *sides)
    assert [(done.reach.step.side, done.net_m2) for done in found.done] == [("dissolved", -20_000), ("offered", 10_000)]
    assert found.after.total.net_m2 == 40_000


def test_a_part_of_a_parcel_is_converted_by_its_outline(town):
    half = Land(outline=ewkb(town, square(200, 0, 50, 100)))
    found = ask(town, Step(0, Kind.CONVERT, Span(SEAM, LATER), half, designation="MU"))
    assert found.after.total.net_m2 == 45_000
    assert [(p.on, p.net_m2) for p in found.after.points] == [(SINCE, 50_000), (SEAM, 45_000), (LATER, 50_000)]
    assert found.done[0].reach.keys == [key(1)]


def test_a_plan_reaches_parcels_to_come(town, fill):
    """A parcel that begins a year later lies in the plan's outline too, and what becomes of it is the plan's doing."""
    fill("parcels", parcel(30, square(7000, 0), valid_from=str(LATER)))
    fill("zones", zone("Plan 30", square(7000, 0)))
    fill("holdings", holding(30, valid_from=str(LATER)))
    both = Land(outline=ewkb(town, square(7000, 0)))
    found = ask(town, Step(0, Kind.CONVERT, Span(SEAM, None), both, designation="MU"), on=LATER)
    assert (found.done[0].reach.keys, found.done[0].effect, found.moves[0].changes) == ([key(30)], Effect.RESERVE, (0,))
    with pytest.raises(ValueRefusedError, match="No parcel lies wholly in"):
        ask(town, Step(0, Kind.SELL, Span(SEAM, None), both), on=LATER)


def test_an_outline_sells_the_parcels_that_lie_in_it_and_names_those_it_cuts(town):
    land = Land(outline=ewkb(town, square(190, -10, 250, 150)))
    found = ask(town, Step(0, Kind.SELL, Span(SEAM, None), land))
    assert (found.done[0].reach.keys, found.done[0].reach.partly) == ([key(1)], {key(2): pytest.approx(0.4)})
    assert found.after.total.net_m2 == 40_000


def test_a_parcel_of_a_list_only_is_designated_there(town):
    found = ask(town, step(Kind.CONVERT, 7, designation="MU"))
    assert (found.after.total.net_m2, found.moves[0].parcel_key) == (45_000, key(7))


def test_land_that_nobody_is_known_to_hold_moves_too(town):
    found = ask(town, step(Kind.SERVICE, 6))
    assert [(m.before.standing, m.after.standing, m.net_m2) for m in found.moves] == [("unrecorded", "unclear", 0)]
    assert (found.done[0].effect, found.after.total.unclear_m2) == (Effect.LEDGER, 10_000)


def test_what_is_recorded_already_has_no_effect_and_needs_no_lock(town):
    found = ask(town, step(Kind.SERVICE, 1), step(Kind.FREE, 2, number=1))
    assert ([done.effect for done in found.done], found.moves) == ([Effect.NONE, Effect.NONE], [])
    assert found.after == found.before


def test_one_change_of_several_may_have_no_effect(town):
    found = ask(town, step(Kind.SERVICE, 1), step(Kind.SELL, 1, number=1))
    assert [done.effect for done in found.done] == [Effect.NONE, Effect.RESERVE]
    assert found.moves[0].changes == (1,)


def test_changes_follow_one_another_by_their_days(town):
    sold = step(Kind.SELL, 1, since=LATER)
    reserved = step(Kind.RESERVE, 1, until=date(2029, 1, 1), number=1)
    found = ask(town, sold, reserved)
    assert [(p.on, p.net_m2, p.free_m2) for p in found.after.points] == [
        (SINCE, 50_000, 50_000),
        (SEAM, 50_000, 40_000),
        (LATER, 40_000, 40_000),
    ]
    assert [done.reach.step.number for done in found.done] == [0, 1]


def test_a_plan_of_the_very_day_of_another_wins(town, fill):
    fill("zones", zone("Zz 99", square(200, 0), designation="GI", valid_from=str(SEAM)))
    found = ask(town, step(Kind.CONVERT, 1, designation="MU"))
    assert (found.after.total.net_m2, found.moves[0].after.plans) == (40_000, ["Zz 99 + Simulation 0"])


def test_a_plan_of_the_same_name_is_not_amended(town, fill):
    fill("zones", zone("Simulation 0", square(400, 0), designation="GI", valid_from="2026-06-01"))
    found = ask(town, step(Kind.CONVERT, 1, designation="MU"))
    assert [move.parcel_key for move in found.moves] == [key(1)]


REFUSED: list[tuple[Any, Any, str]] = [
    ([step(Kind.SELL, 1, 98, 99)], ParcelsUnknownError, key(98)),
    ([step(Kind.SELL, 8)], HeldInPartsError, "held in parts"),
    ([step(Kind.SELL, 1), step(Kind.FREE, 1, number=1)], ContradictionError, "changes.0 and changes.1 say different"),
    ([step(Kind.SELL, 1), step(Kind.RESERVE, 1, since=LATER, number=1)], ContradictionError, "is sold on 2028-01-01"),
    (
        [step(Kind.CONVERT, 1, designation="MU"), step(Kind.DESIGNATE, 1, designation="GI", number=1)],
        ContradictionError,
        "changes.0 says MU and changes.1 says GI of the same 10000 m2",
    ),
    ([step(Kind.CONVERT, 1, designation="XX")], ValueRefusedError, "'XX'"),
]


@pytest.mark.parametrize(("steps", "error", "said"), REFUSED)
def test_what_cannot_be_so_is_refused_by_name(town, steps, error, said):
    before = state(town)
    with pytest.raises(error, match=said):
        ask(town, *steps)
    assert state(town) == before


def test_a_later_change_on_record_is_not_overwritten_unsaid(town, fill):
    fill("holdings", holding(1, disposition="leasehold", valid_from=str(LATER)))
    with pytest.raises(ValueRefusedError, match="From 2028-01-01 on, another disposition") as refused:
        ask(town, step(Kind.SELL, 1))
    assert refused.value.field == "changes.0.disposition"
    assert "`valid_to` 2028-01-01" in refused.value.remedy
    assert ask(town, step(Kind.SELL, 1, to=LATER)).after.total.net_m2 == 40_000


def test_an_outline_without_parcels_is_refused(town):
    nowhere = Land(outline=ewkb(town, square(0, 5000)))
    with pytest.raises(ValueRefusedError, match="No parcel lies wholly"):
        ask(town, Step(0, Kind.SELL, Span(SEAM, None), nowhere))


def test_a_failure_while_it_is_recorded_leaves_nothing(town, monkeypatch):
    def failing(session, *_):
        session.execute(text("SELECT 1 / 0"))

    before = state(town)
    monkeypatch.setattr(simulation.changes, "turned", failing)
    with pytest.raises(Exception, match="division by zero"):
        ask(town, step(Kind.SELL, 1))
    assert state(town) == before


def test_time_that_is_up_ends_it_and_leaves_nothing(town, monkeypatch):
    """The hold is bounded as a whole, although each of its statements is short."""

    def slow(session, *_):
        while True:
            session.execute(text("SELECT pg_sleep(0.1)"))

    before = state(town)
    monkeypatch.setattr(simulation, "HOLD_S", 0.3)
    monkeypatch.setattr(simulation.changes, "turned", slow)
    with pytest.raises(OutOfTimeError):
        ask(town, step(Kind.SELL, 1))
    assert state(town) == before
    assert ask_again(town, monkeypatch) == 40_000


def ask_again(session, monkeypatch):
    monkeypatch.undo()
    return ask(session, step(Kind.SELL, 1)).after.total.net_m2


KINDS = [kind for kind in Kind if kind is not Kind.REPLACE]
DAYS = [date(2025, 1, 1), DAY, SEAM, LATER]


@st.composite
def drawn_steps(draw):
    found = []
    for number in range(draw(st.integers(1, 6))):
        kind, since = draw(st.sampled_from(KINDS)), draw(st.sampled_from(DAYS))
        to = draw(st.sampled_from([None, *(day for day in [*DAYS, UNTIL] if day > since)]))
        facts = {}
        if kind is Kind.RESERVE:
            facts["until"] = draw(st.sampled_from([None, LATER, date(2028, 7, 1)]))
        if not FACTS.get(kind):
            facts["designation"] = draw(st.sampled_from(["GE", "GI", "MU", "G"]))
        keys = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True))
        found.append(step(kind, *keys, since=since, to=to, number=number, **facts))
    return found


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(steps=drawn_steps())
def test_simulated_is_as_really_recorded(town, steps):
    """The same changes, recorded one by one as by hand and by import, give the same reserve, series and entries."""
    before = state(town)
    try:
        found = ask(town, *steps, by=("district", "designation"))
    except (ContradictionError, ValueRefusedError):
        assert state(town) == before
        return
    assert state(town) == before
    savepoint = town.begin_nested()
    try:
        note(
            [
                f"{s.kind} {[k[9:14] for k in s.land.keys]} {s.span.since} {s.span.until} {s.until} {s.designation}"
                for s in steps
            ]
        )
        compare(town, found, steps)
    finally:
        savepoint.rollback()
    assert state(town) == before


def compare(session, found, steps):
    stood = {said(line) for line in queries.entries(session, SEAM, NOW)}
    known = record(session, steps)
    really, groups = queries.reserve(session, SEAM, known, ("district", "designation"))
    assert found.after.total == really
    assert found.after.groups == groups
    assert found.after.points == queries.series(session, SINCE, UNTIL, known)
    lines = {said(line) for line in queries.entries(session, SEAM, known)}
    assert {said(move.after) for move in found.moves if move.after} == lines - stood
    assert {said(move.before) for move in found.moves if move.before} == stood - lines
    assert sum(move.net_m2 for move in found.moves) == found.after.total.net_m2 - found.before.total.net_m2


def said(line):
    """A line without its number and days, and without what a simulated plan is called."""
    plans = tuple(name for name in line.plans if not name.startswith("Simulation"))
    criteria = tuple(line.not_met), tuple(line.unknown)
    land = line.parcel_key, str(line.part), line.designation, len(line.plans), plans
    return *land, line.disposition, str(line.standing), line.net_m2, *criteria


def record(session, steps):
    """Really, in the order of their days: holdings by the edit of the command line, plans as an import states them."""
    known = NOW
    for one in sorted(steps, key=lambda one: (one.span.since, one.number)):
        if one.facts:
            known = max([known, *(at for parcel_key in one.land.keys for at in by_hand(session, parcel_key, one))])
        else:
            days = {"designation": one.designation, "valid_from": one.span.since, "valid_to": one.span.until}
            rows = [zone(one.name, square(int(k[9:14]) * 200, 0)) | days for k in one.land.keys]
            known = max(known, register.edit(session, "zones", rows, NOW, "test", None).at)
    return known


HELD = """
SELECT to_jsonb(h) AS facts, greatest(lower(valid), :since) AS since, least(upper(valid), :until) AS until
FROM holding h
WHERE parcel_key = :key AND upper_inf(known) AND valid && daterange(:since, :until) ORDER BY lower(valid)
"""


def by_hand(session, parcel_key, one):
    """Each stretch of days on which something else is recorded; to repeat what is recorded until a day would end it there."""
    bound = {"key": parcel_key, "since": one.span.since, "until": one.span.until}
    stretches = session.execute(text(HELD), bound).all()
    wanted = {name: str(value) if isinstance(value, date) else value for name, value in one.facts.items()}
    spans = [Span(s.since, s.until) for s in stretches if any(s.facts[name] != value for name, value in wanted.items())]
    for span in spans if stretches else [one.span]:
        yield edits.change_holding(session, parcel_key, span, one.facts, Recording(NOW, "test", None)).change.at


def test_a_block_ends_after_its_time(session):
    with pytest.raises(OutOfTimeError), limits.ended_after(session, 0.1), session.begin_nested():
        session.execute(text("SELECT pg_sleep(30)"))
    with limits.ended_after(session, 30):
        assert session.execute(text("SELECT 1")).scalar_one() == 1
