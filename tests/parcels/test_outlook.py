"""Departures by take-up out of the ledger: whole parcels, parts, surveyed on the day of the sale, on both time axes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import changes, outlook, queries
from tests.conftest import AT, Fill, key, square
from tests.little_worlds import holding, parcel, zone

FEW = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SEAMS = [date(2025, 2, 1), date(2025, 6, 1), date(2025, 6, 2), date(2025, 12, 31)]
LIVES = st.lists(
    st.tuples(st.sampled_from(["free", "reserved", "sold", "leasehold", None]), st.sampled_from([True, True, False])),
    min_size=len(SEAMS) + 1,
    max_size=len(SEAMS) + 1,
)
SOLD_ON = date(2025, 6, 1)
SINCE, UNTIL = date(2025, 1, 1), date(2025, 12, 31)
LATER = AT + timedelta(days=9)


def taken(session: Session, since: date = SINCE, until: date = UNTIL, known_at: datetime = LATER) -> list[tuple]:
    found = outlook.departures(session, since, until, known_at)
    return [(one.on, one.parcels, one.site, one.net_m2) for one in found]


@pytest.fixture
def world(fill: Fill) -> None:
    fill("parcels", *(parcel(n, square(n * 200, 0)) for n in (1, 2, 3)))
    fill("zones", *(zone(f"Plan {n}", square(n * 200, 0)) for n in (1, 2, 3)))
    fill("holdings", *(holding(n, site=f"Feld {n}") for n in (1, 2, 3)))


@pytest.mark.usefixtures("world")
def test_a_sale_is_take_up_on_its_day_and_from_when_it_is_known(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, site="Feld 1", disposition="sold", valid_from=SOLD_ON), at=AT + timedelta(days=1))
    assert taken(session) == [(SOLD_ON, [key(1)], "Feld 1", Decimal(10_000))]
    assert taken(session, since=SOLD_ON) == []
    assert taken(session, since=SOLD_ON - timedelta(days=1), until=SOLD_ON) == taken(session)
    assert taken(session, until=SOLD_ON - timedelta(days=1)) == []
    assert taken(session, known_at=AT + timedelta(hours=23)) == []


@pytest.mark.usefixtures("world")
def test_what_leaves_for_another_reason_is_none(session: Session, fill: Fill) -> None:
    fill("zones", zone("Plan 1", square(200, 0), designation="WA", valid_from=SOLD_ON))
    fill("holdings", holding(2, serviced=False, valid_from=SOLD_ON))
    fill("holdings", holding(3, disposition="reserved", valid_from=SOLD_ON))
    assert len(changes.over_days(session, SINCE, UNTIL, LATER)) == 3
    assert taken(session) == []


@pytest.mark.usefixtures("world")
def test_a_sale_that_is_corrected_never_was_take_up(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, disposition="leasehold", valid_from=SOLD_ON), at=AT + timedelta(days=1))
    fill("holdings", holding(1, valid_from=SOLD_ON), at=AT + timedelta(days=2))
    assert taken(session) == []
    assert len(taken(session, known_at=AT + timedelta(days=1))) == 1


@pytest.mark.usefixtures("world")
def test_a_part_that_is_sold_takes_its_net_area(session: Session, fill: Fill) -> None:
    fill(
        "holdings",
        holding(1, site="Ost", disposition="sold", valid_from=SOLD_ON, geom=square(200, 0, 40, 100)),
        holding(1, site="West", valid_from=SOLD_ON, geom=square(240, 0, 60, 100)),
    )
    assert taken(session) == [(SOLD_ON, [key(1)], "Feld 1", Decimal(4_000))]


@pytest.mark.usefixtures("world")
def test_a_part_surveyed_on_the_day_of_its_sale_is_taken_up_from_the_old_parcel(session: Session, fill: Fill) -> None:
    fill(
        "parcels",
        parcel(1, square(200, 0), valid_to=SOLD_ON),
        parcel(11, square(200, 0, 30, 100), official_m2=3_000, valid_from=SOLD_ON),
        parcel(12, square(230, 0, 70, 100), official_m2=7_000, valid_from=SOLD_ON),
    )
    fill(
        "holdings",
        holding(11, site="Feld 1", disposition="sold", valid_from=SOLD_ON),
        holding(12, site="Feld 1", valid_from=SOLD_ON),
    )
    add = text(
        "INSERT INTO lineage (predecessor, successor, changed_on, shared_m2, known) VALUES "
        "(:old, :new, :on, 1, tstzrange(:at, NULL))"
    )
    for new in (11, 12):
        session.execute(add, {"old": key(1), "new": key(new), "on": SOLD_ON, "at": AT})
    family = [key(1), key(11), key(12)]
    (found,) = taken(session)
    assert found[:2] == (SOLD_ON, family)
    assert found[3] == Decimal(3_000)


@pytest.mark.usefixtures("world")
def test_steps_carry_the_take_up_to_come(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, disposition="sold", valid_from=SOLD_ON))
    fill("holdings", holding(2, binding_use=True, valid_from=SOLD_ON + timedelta(days=9)))
    points = queries.series(session, SINCE, UNTIL, LATER)
    net, free = outlook.courses(points, outlook.departures(session, SINCE, UNTIL, LATER))
    assert [(step.on, step.recorded_m2, step.taken_m2) for step in net] == [
        (SINCE, 30_000, 0),
        (SOLD_ON, 20_000, 10_000),
        (SOLD_ON + timedelta(days=9), 10_000, 10_000),
    ]
    assert net == free


def test_the_history_begins_with_the_first_recording(session: Session, fill: Fill) -> None:
    at = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)  # the next day in Hamburg
    fill("parcels", parcel(), at=at)
    assert outlook.first_recorded_on(session, AT) == date(2026, 1, 15)
    assert outlook.first_recorded_on(session, at - timedelta(seconds=1)) is None


def test_what_plans_in_procedure_would_bring(session: Session, fill: Fill) -> None:
    coming = {"stage": "draft", "regulates_use": True, "geom": square(0, 0)}
    fill(
        "pipeline",
        {**coming, "plan": "Ohne Tag", "designation": "GE", "stage": "adopted"},
        {**coming, "plan": "Bald", "designation": "GI", "expected": "2027-05-01"},
        {**coming, "plan": "Wohnen", "designation": "WA", "expected": "2026-12-01"},
        {**coming, "plan": "Auflage", "designation": "GE", "regulates_use": False},
    )
    found = outlook.pending(session, UNTIL, LATER)
    assert [(one.plan, one.stage, one.designation, one.expected) for one in found] == [
        ("Bald", "draft", "GI", date(2027, 5, 1)),
        ("Ohne Tag", "adopted", "GE", None),
    ]
    assert all(abs(one.area_m2 - 10_000) < 20 for one in found)
    assert outlook.pending(session, UNTIL, AT - timedelta(days=1)) == []


def held_on(session: Session, day: date, number: int) -> tuple[Decimal, Decimal]:
    """How many m2 of a parcel count on a day, and how many are disposed of as commercial land, by the entries of that day."""
    lines = [line for line in queries.entries(session, day, LATER) if line.parcel_key == key(number)]
    counted = sum((line.net_m2 for line in lines if line.standing.startswith("counted")), Decimal(0))
    gone = (line.net_m2 for line in lines if "not_disposed" in line.not_met and "designation" not in line.not_met)
    return counted, sum(gone, Decimal(0))


@FEW
@given(st.lists(LIVES, min_size=2, max_size=2), st.sampled_from(SEAMS))
def test_departures_are_those_that_comparing_each_day_with_the_next_finds(
    session: Session, fill: Fill, lives: list[list[tuple[str | None, bool]]], cut: date
) -> None:
    days = [None, *SEAMS, None]
    for number, life in enumerate(lives, 31):
        place = square(number * 200, 0)
        fill("parcels", parcel(number, place))
        spans = [{"valid_from": since, "valid_to": until} for since, until in pairwise(days)]
        said = zip(spans, life, strict=True)
        fill("holdings", *(holding(number, disposition=how, **span) for span, (how, _) in said))
        zones = [
            zone(f"Q {number}", place, designation="GE" if ge else "WA", **s)
            for s, (_, ge) in zip(spans, life, strict=True)
        ]
        fill("zones", *zones)
    expected = []
    for day in SEAMS:
        for number in (31, 32):
            before, after = (held_on(session, on, number) for on in (day - timedelta(days=1), day))
            taken_then = min(before[0] - after[0], after[1] - before[1])
            expected += [(day, [key(number)], taken_then)] if taken_then > 0 else []
    found = outlook.departures(session, SINCE, SEAMS[-1], LATER)
    assert sorted((one.on, one.parcels, one.net_m2) for one in found) == expected
    parts = [
        outlook.departures(session, SINCE, cut, LATER),
        outlook.departures(session, cut, SEAMS[-1], LATER),
    ]
    assert [*parts[0], *parts[1]] == found
