"""Milestones and what follows from them in the register: days move, what people say stays, pledges become insecure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import (
    alerts,
    candidates,
    dissolutions,
    edits,
    pipeline,
    pledges,
    queries,
    register,
)
from parcels.authors import Author, Sent
from parcels.candidates import CandidateUnknownError, Offered
from parcels.dissolutions import Cause, Lost
from parcels.edits import Recording, Span
from parcels.pledges import Bound
from parcels.restating import Why
from parcels.sites import Place, Site
from rules.alerts import Kind
from rules.pipeline import Milestone, MilestoneKind, Security, Slip
from tests.conftest import Fill, key, square
from tests.little_worlds import holding, parcel, zone

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
ON = date(2026, 3, 1)
FOREVER = date(2040, 1, 1)
HA = Decimal(10_000)
SERVICING, AVAILABLE = MilestoneKind.SERVICING, MilestoneKind.AVAILABLE


def day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)


def author(days: int = 0, note: str | None = None) -> Author:
    return Author("Planner", "planner", AT + timedelta(days=days), note)


def offer(session: Session, *keys: str, outline: str | None = None, name: str = "Altenfelde") -> int:
    site = Site(keys) if outline is None else Site(outline=outline)
    origin = candidates.Origin(name, "GE", site)
    number = candidates.enter(session, origin, Place(keys, None, outline, None), Offered(ON, HA), author())
    assert number is not None
    return number


def state(
    session: Session, site: int, kind: MilestoneKind, planned: str | None, done: str | None = None, days: int = 1
) -> pipeline.Stated:
    found = pipeline.state(session, site, Milestone(kind, day(planned), day(done)), author(days))
    assert found is not None
    return found


def course(session: Session, number: int, fact: str, known_at: str = "infinity") -> list[tuple[str, object]]:
    """(first day, value) of what is recorded of a fact, day by day, equal neighbours as one."""
    query = f"""
        SELECT coalesce(lower(valid)::text, 'always') AS since, {fact} FROM holding
        WHERE parcel_key = :key AND lower(known) <= :at AND (upper_inf(known) OR upper(known) > :at) ORDER BY lower(valid)
            NULLS FIRST"""
    rows = [tuple(row) for row in session.execute(text(query), {"key": key(number), "at": known_at})]
    return [next(of) for _, of in groupby(rows, key=lambda row: row[1])]


def entries(session: Session, known_at: datetime) -> list[tuple[str, Decimal]]:
    points = queries.series(session, ON, FOREVER, known_at)
    return [(point.on.isoformat(), point.net_m2) for point in points]


def lost(
    session: Session, lost_on: str, reference: str = "B 1", district: str | None = "Nord", net_m2: Decimal | None = HA
) -> int:
    origin = dissolutions.Origin(reference, Cause.ENTERED, "GE", Site((key(9),)))
    said = Lost(date.fromisoformat(lost_on), ON, net_m2, district=district)
    number = dissolutions.enter(session, origin, Place((key(9),), None, None, None), said, author())
    assert number is not None
    return number


def told(session: Session) -> list[tuple[str, str, str, list[str]]]:
    """(severity, subject, security, reasons) of the alerts of pledges that are open."""
    found = alerts.listing(session, open_only=True, kinds=[Kind.PLEDGE_INSECURE])
    return [(a.severity, a.subject, a.facts["security"], [one["code"] for one in a.facts["reasons"]]) for a in found]


@pytest.fixture
def raw(fill: Fill) -> None:
    """Two parcels of one hectare that count as soon as they are serviced."""
    earlier = AT - timedelta(days=100)
    fill("parcels", *(parcel(n, square(n * 200, 0)) for n in (1, 2)), at=earlier)
    fill("zones", *(zone(f"Plan {n}", square(n * 200, 0)) for n in (1, 2)), at=earlier)
    fill("holdings", *(holding(n, serviced=False) for n in (1, 2)), at=earlier)


@pytest.mark.usefixtures("raw")
def test_a_slip_of_eight_months_moves_the_ledgers_entry_by_eight_months(session: Session) -> None:
    site = offer(session, key(1), key(2))
    first = state(session, site, SERVICING, "2027-03-01")
    assert (first.slips, first.left, first.outlined) == ((), (), False)
    assert [(one.parcel_key, one.since, one.until, one.was, one.value) for one in first.restated] == [
        (key(n), date(2027, 3, 1), None, False, True) for n in (1, 2)
    ]
    assert entries(session, first.at) == [("2026-03-01", 0), ("2027-03-01", 20_000)]
    later = state(session, site, SERVICING, "2027-11-01", days=2)
    assert later.slips == (Slip(SERVICING, date(2027, 3, 1), date(2027, 11, 1), 245),)
    assert [(one.since, one.until, one.was, one.value) for one in later.restated] == [
        (date(2027, 3, 1), date(2027, 11, 1), True, False)
    ] * 2
    assert entries(session, later.at) == [("2026-03-01", 0), ("2027-11-01", 20_000)]
    assert entries(session, first.at) == [("2026-03-01", 0), ("2027-03-01", 20_000)]
    recorded = session.execute(text("SELECT at, actor, summary ->> 'candidate' AS site FROM recording ORDER BY at"))
    assert [tuple(row) for row in recorded][-2:] == [(one.at, "Planner", str(site)) for one in (first, later)]
    rebuilt = register.rebuild(session, AT + timedelta(days=3), "test")
    assert (rebuilt.closed, rebuilt.added) == (0, 0)


@pytest.mark.usefixtures("raw")
def test_a_slip_says_which_pledges_are_insecure_now_and_tells_of_them(session: Session) -> None:
    site, loss = offer(session, key(1)), lost(session, "2027-03-01")
    state(session, site, MilestoneKind.IN_FORCE, None, "2026-02-01", days=0)
    state(session, site, MilestoneKind.FUNDING, None, "2026-02-01", days=0)
    state(session, site, SERVICING, "2027-03-01", days=0)
    state(session, site, AVAILABLE, "2027-03-01", days=0)
    number = pledges.pledge(session, Bound(site, loss, HA, ON), author())
    kept = state(session, site, SERVICING, "2028-03-01")  # twelve months after the loss: the last day in time
    assert [(one.pledge.id, one.before.security, one.after.security) for one in kept.pledges] == [
        (number, Security.SECURE, Security.SECURE)
    ]
    assert told(session) == []
    slip = state(session, site, SERVICING, "2028-03-02")
    assert [(one.pledge.id, one.before.security, one.after.security) for one in slip.pledges] == [
        (number, Security.SECURE, Security.INSECURE)
    ]
    assert told(session) == [("warning", f"B 1 ({number})", "insecure", ["available_too_late"])]


CASES = [
    # recorded by people before: (from, value); milestones (recorded on day n, planned, done); then recorded; what is left and why
    (
        "unknown until it is done",
        [(None, None)],
        [(1, "2027-03-01", None)],
        ["always", "2026-03-02 no", "2027-03-01 yes"],
        [],
    ),
    (
        "moved earlier",
        [(None, False)],
        [(1, "2027-03-01", None), (2, "2027-01-01", None)],
        ["always no", "2027-01-01 yes"],
        [],
    ),
    (
        "done before it was recorded",
        [(None, None)],
        [(1, "2026-03-03", None), (20, None, "2026-03-11")],
        ["always", "2026-03-02 no", "2026-03-11 yes"],
        [],
    ),
    (
        "planned, not done, planned anew: it never was done",
        [(None, None)],
        [(1, "2026-03-11", None), (20, "2027-01-01", None)],
        ["always", "2026-03-02 no", "2027-01-01 yes"],
        [],
    ),
    ("withdrawn", [(None, False)], [(1, "2027-03-01", None), (2, None, None)], ["always no"], []),
    (
        "withdrawn, of days gone by it was known",
        [(None, None)],
        [(1, "2027-03-01", None), (9, None, None)],
        ["always", "2026-03-02 no", "2026-03-10"],
        [],
    ),
    (
        "serviced by what people say",
        [(None, True)],
        [(1, "2027-03-01", None)],
        ["always yes"],
        ["stated_otherwise 2026-03-02 2027-03-01"],
    ),
    (
        "a later change is recorded",
        [(None, False), ("2028-01-01", True)],
        [(1, "2028-06-01", None)],
        ["always no", "2028-01-01 yes"],
        ["later_change 2028-01-01 2028-06-01"],
    ),
    (
        "before a later change to the same",
        [(None, False), ("2028-01-01", True)],
        [(1, "2027-03-01", None)],
        ["always no", "2027-03-01 yes"],
        [],
    ),
    (
        "slipped beyond a later change",
        [(None, False), ("2028-01-01", True)],
        [(1, "2027-03-01", None), (2, "2028-06-01", None)],
        ["always no", "2028-01-01 yes"],
        ["later_change 2028-01-01 2028-06-01"],
    ),
]


@pytest.mark.parametrize(
    ("recorded", "said", "then", "left"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_milestones_state_of_what_is_recorded(
    session: Session,
    fill: Fill,
    recorded: list[tuple[str | None, bool | None]],
    said: list[tuple],
    then: list[str],
    left: list[str],
) -> None:
    days = [*(since for since, _ in recorded[1:]), None]
    rows = [
        holding(1, serviced=value, valid_from=since, valid_to=until)
        for (since, value), until in zip(recorded, days, strict=True)
    ]
    fill("holdings", *rows, at=AT - timedelta(days=9))
    site = offer(session, key(1))
    for after, planned, done in said:
        found = state(session, site, SERVICING, planned, done, after)
    written = {True: " yes", False: " no", None: ""}
    assert [f"{since}{written[value]}" for since, value in course(session, 1, "serviced")] == then
    assert [f"{one.why} {one.since} {one.until}" for one in found.left] == left


def test_what_somebody_states_in_between_stays_and_is_told(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, serviced=False), at=AT - timedelta(days=9))
    site = offer(session, key(1))
    state(session, site, SERVICING, "2027-03-01")
    by_hand = Recording(AT + timedelta(days=2), "Somebody", None)
    edits.change_holding(session, key(1), Span(date(2026, 10, 1), date(2027, 1, 1)), {"serviced": True}, by_hand)
    found = state(session, site, SERVICING, "2027-11-01", days=3)
    (left,) = found.left
    assert (left.since, left.until, left.recorded, left.value, left.why) == (
        *(date(2026, 10, 1), date(2027, 1, 1), True, False),
        Why.STATED_SINCE,
    )
    seams = [("always", False), ("2026-10-01", True), ("2027-01-01", False), ("2027-11-01", True)]
    assert course(session, 1, "serviced") == seams
    edits.change_holding(
        session, key(1), Span(ON, None), {"site": "Altenfelde"}, Recording(AT + timedelta(days=4), "Somebody", None)
    )
    state(
        session, site, SERVICING, "2027-10-01", days=5
    )  # another fact of the holding stated: the day is still the milestone's
    assert course(session, 1, "serviced") == [*seams[:3], ("2027-10-01", True)]


def test_the_milestone_of_another_site_is_not_taken_back(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, serviced=False), at=AT - timedelta(days=9))
    one, other = offer(session, key(1)), offer(session, key(1), name="Altenfelde II")
    state(session, one, SERVICING, "2027-03-01")
    found = state(session, other, SERVICING, "2027-11-01", days=2)
    assert course(session, 1, "serviced") == [("always", False), ("2027-03-01", True)]
    assert [(left.since, left.until, left.why) for left in found.left] == [
        (date(2027, 3, 1), date(2027, 11, 1), Why.LATER_CHANGE)
    ]


def test_from_when_it_can_be_built_on_is_told_from_the_day_of_recording(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, construction_possible_from="2028-01-01"), at=AT - timedelta(days=9))
    site = offer(session, key(1))
    state(session, site, AVAILABLE, "2028-01-01")
    moved = state(session, site, AVAILABLE, "2028-09-01", days=2)
    fact = "construction_possible_from"
    assert course(session, 1, fact) == [("always", date(2028, 1, 1)), ("2026-03-03", date(2028, 9, 1))]
    assert [(one.fact, one.was, one.value) for one in moved.restated] == [(fact, date(2028, 1, 1), date(2028, 9, 1))]
    again = state(session, site, AVAILABLE, "2028-10-01", days=4)
    assert course(session, 1, fact)[1:] == [("2026-03-03", date(2028, 9, 1)), ("2026-03-05", date(2028, 10, 1))]
    assert again.left == ()


def test_what_cannot_be_restated_is_told(session: Session, fill: Fill) -> None:
    fill("parcels", parcel(1), at=AT - timedelta(days=9))
    fill(
        "holdings",
        holding(1, geom=square(0, 0, 50, 100)),
        holding(2, valid_from="2026-06-01"),
        at=AT - timedelta(days=9),
    )
    site = offer(session, key(1), key(2), key(3))
    found = state(session, site, SERVICING, "2027-03-01")
    assert [(one.parcel_key, one.why, str(one.since), str(one.until)) for one in found.left] == [
        (key(1), Why.HELD_IN_PARTS, "2026-03-02", "2027-03-01"),
        (key(1), Why.HELD_IN_PARTS, "2027-03-01", "None"),
        (key(2), Why.NO_HOLDING, "2026-03-02", "2026-06-01"),
        (key(2), Why.STATED_OTHERWISE, "2026-06-01", "2027-03-01"),
        (key(3), Why.NO_HOLDING, "2026-03-02", "2027-03-01"),
        (key(3), Why.NO_HOLDING, "2027-03-01", "None"),
    ]
    assert (found.restated, found.recording) == ((), None)
    drawn = state(session, offer(session, outline=square(0, 0)), SERVICING, "2027-03-01")
    assert (drawn.outlined, drawn.restated, drawn.left, drawn.recording) == (True, (), (), None)
    with pytest.raises(CandidateUnknownError):
        pipeline.state(session, 10**6, Milestone(SERVICING, date(2027, 3, 1)), author())


def test_what_is_sent_twice_is_stated_once_and_no_instant_runs_backwards(session: Session, fill: Fill) -> None:
    fill("holdings", holding(1, serviced=False), at=AT - timedelta(days=9))
    site, sent = offer(session, key(1)), Sent("token", "a key", "print")
    milestone = Milestone(SERVICING, date(2027, 3, 1))
    first = pipeline.state(session, site, milestone, author(5), sent)
    assert pipeline.state(session, site, milestone, author(6), sent) is None
    second = state(
        session, site, MilestoneKind.FUNDING, "2026-12-01", days=4
    )  # waited for the first since the day before
    third = state(session, site, MilestoneKind.FUNDING, "2027-12-01", days=4)
    assert first is not None
    assert first.at < second.at < third.at
    assert third.slips == (Slip(MilestoneKind.FUNDING, date(2026, 12, 1), date(2027, 12, 1), 365),)


DAYS = st.sampled_from(["2026-02-01", "2026-03-05", "2027-03-01", "2027-11-01", "2030-01-01", None])
FEW = settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@FEW
@given(
    st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=4),
    st.tuples(DAYS, DAYS),
    st.lists(st.tuples(st.sampled_from(["2026-06-01", "2027-06-01"]), st.booleans()), unique_by=lambda one: one[0]),
)
def test_however_a_day_is_reached_the_same_is_recorded(
    session: Session, moves: list[tuple], last: tuple, recorded: list[tuple[str, bool]]
) -> None:
    """Stated at once or in steps, in any order of the kinds, on one day: one course of facts, one of the reserve."""
    found = set()
    for way in ([], moves, moves[::-1]):
        with session.begin_nested() as savepoint:
            starts = [None, *sorted(since for since, _ in recorded)]
            values = [None, *(value for _, value in sorted(recorded))]
            rows = [
                holding(1, serviced=value, valid_from=since, valid_to=until)
                for since, value, until in zip(starts, values, [*starts[1:], None], strict=True)
            ]
            register.edit(session, "parcels", [parcel()], AT, "test", None)
            register.edit(session, "zones", [zone()], AT, "test", None)
            register.edit(session, "holdings", rows, AT, "test", None)
            site = offer(session, key(1))
            for served, available in way:
                state(session, site, SERVICING, served)
                state(session, site, AVAILABLE, available)
            kinds = ((AVAILABLE, last[1]), (SERVICING, last[0]))
            for kind, planned in kinds[:: 1 if way is moves else -1]:
                state(session, site, kind, planned)
            kept = tuple(tuple(course(session, 1, fact)) for fact in ("serviced", "construction_possible_from"))
            net = tuple(entries(session, AT + timedelta(days=2)))
            found.add((kept, net))
            savepoint.rollback()
    assert len(found) == 1
