"""Milestones: golden cases of a path and of a pledge's security, of what they state of a holding, and what holds of all of them."""

import csv
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path as File

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Holding, Outcome
from rules.law import LAW, NotInForce
from rules.pipeline import (
    WORST,
    Milestone,
    MilestoneKind,
    Security,
    Slip,
    dated,
    own_security,
    path,
    security,
    slipped,
    stated,
)
from rules.replacement_criteria import CRITERIA
from rules.replacement_facts import Candidate
from rules.replacement_reasons import Match, Progress

KNOWN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ON = date(2026, 11, 22)
TODAY = LAW.on(ON, KNOWN_AT)


def rows(name: str) -> list[dict[str, str]]:
    with (File(__file__).parent / "golden" / name).open(newline="", encoding="utf-8") as golden:
        return list(csv.DictReader(golden))


PATHS, STATEMENTS = rows("pipeline.csv"), rows("pipeline_statements.csv")


def day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None


def milestones(written: str) -> list[Milestone]:
    """`kind:planned:done`, several parted by semicolons."""
    parts = [one.split(":") for one in written.split(";") if one]
    return [Milestone(MilestoneKind(kind), day(planned), day(done)) for kind, planned, done in parts]


def text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: ""}[value]
    return str(value)


@pytest.mark.parametrize("row", PATHS, ids=lambda row: row["case"])
def test_golden_path(row: dict[str, str]) -> None:
    on = date.fromisoformat(row["on"])
    way = path(milestones(row["milestones"]), on, TODAY)
    facts = ("stage", "plan_ripe", "in_force_expected", "servicing_done_on", "servicing_funded", "available_from")
    assert {name: text(getattr(way, name)) for name in facts} == {name: row[name] for name in facts}
    assert ";".join(one.kind for one in way.overdue) == row["overdue"]
    found = security(date.fromisoformat(row["lost_on"]), way, TODAY)
    assert (found.security, ";".join(one.code for one in found.reasons)) == (row["security"], row["reasons"])
    assert row["source"] in LAW.parameters


def test_golden_paths_are_distinct_and_give_every_security_and_every_reason_of_progress() -> None:
    assert len({row["case"] for row in PATHS}) == len(PATHS)
    assert len({(row["milestones"], row["on"], row["lost_on"]) for row in PATHS}) == len(PATHS)
    assert {row["security"] for row in PATHS} == set(Security)
    assert set(Progress) <= {code for row in PATHS for code in row["reasons"].split(";")} <= {*Progress, *Match}


@pytest.mark.parametrize("row", STATEMENTS, ids=lambda row: row["case"])
def test_golden_statements(row: dict[str, str]) -> None:
    found = stated(milestones(row["milestones"]), date.fromisoformat(row["on"]))
    said = [" ".join(filter(None, (one.fact, text(one.value), text(one.since), text(one.until)))) for one in found]
    assert ";".join(said) == row["expect"]
    assert all(hasattr(Holding(), one.fact) for one in found)


@pytest.mark.parametrize(
    ("before", "after", "expect"),
    [
        ("servicing:2028-06-30:", "servicing:2028-06-30:", ()),
        ("servicing:2028-06-30:", "servicing:2028-07-01:", (("servicing", "2028-06-30", "2028-07-01", 1),)),
        ("servicing:2028-06-30:", "servicing:2028-06-29:", (("servicing", "2028-06-30", "2028-06-29", -1),)),
        ("servicing:2028-06-30:", "servicing::", (("servicing", "2028-06-30", "", None),)),
        ("servicing:2028-06-30:", "", (("servicing", "2028-06-30", "", None),)),
        ("servicing::", "servicing:2028-06-30:", ()),
        ("", "servicing:2028-06-30:", ()),
        ("servicing:2028-06-30:", "servicing:2028-06-30:2028-06-30", ()),
        (
            "servicing:2028-06-30:",
            "servicing:2028-06-30:2028-07-30",
            (("servicing", "2028-06-30", "2028-07-30", 30),),
        ),
        ("in_force::2026-05-04", "in_force:2027-05-04:", (("in_force", "2026-05-04", "2027-05-04", 365),)),
        (
            "available:2028-02-29:;funding:2027-01-01:",
            "funding::;available:2029-02-28:",
            (("funding", "2027-01-01", "", None), ("available", "2028-02-29", "2029-02-28", 365)),
        ),
    ],
)
def test_slips(before: str, after: str, expect: tuple[tuple[str, str, str, int | None], ...]) -> None:
    moved = tuple(Slip(MilestoneKind(kind), date.fromisoformat(was), day(now), days) for kind, was, now, days in expect)
    assert slipped(milestones(before), milestones(after)) == moved


def test_the_lists_fit_the_kinds_and_the_criteria() -> None:
    stages = set(TODAY["replacements.stages"].codes)
    others = {MilestoneKind.PLAN_RIPE, MilestoneKind.FUNDING, MilestoneKind.SERVICING, MilestoneKind.AVAILABLE}
    assert stages | others == set(MilestoneKind)
    assert not stages & others
    secure, provisional = (set(TODAY[f"replacements.stages_{name}"].codes) for name in ("secure", "provisional"))
    set_back = TODAY["replacements.stages_set_back"].codes
    assert TODAY["replacements.stages"].codes[-len(set_back) :] == set_back  # so each step's order is that of the way
    assert not set(set_back) & (secure | provisional)
    assert all(set(row.split()) <= set(MilestoneKind) for row in TODAY["replacements.milestones_overtaken"].codes)
    assert set(TODAY["replacements.security_criteria"].codes) <= set(CRITERIA)
    assert set(WORST) == set(Outcome)
    assert set(WORST.values()) == set(Security) - {Security.DELIVERED}


def test_before_the_masterplan_there_was_no_path_to_ask_for() -> None:
    with pytest.raises(NotInForce, match="replacements"):
        path([], ON, LAW.on(date(2022, 12, 31), KNOWN_AT))


def test_offered_land_takes_the_facts_of_its_way_and_keeps_its_own() -> None:
    land = Candidate(key="A", net_m2=None, designation="GI", stage="draft", available_from=date(2020, 1, 1))
    way = path(milestones("adopted::2026-05-04;available:2028-07-01:"), ON, TODAY)
    found = dated(land, way)
    assert (found.key, found.designation, found.stage) == ("A", "GI", "adopted")
    assert (found.available_from, found.servicing_done_on) == (date(2028, 7, 1), None)


@pytest.mark.parametrize(
    ("in_force", "servicing", "available"),
    [
        ("2026-07-01", "2026-06-30", "2026-05-01"),
        ("2026-05-01", "2026-07-01", "2026-06-30"),
        ("2026-05-01", "2026-06-30", "2026-07-01"),
    ],
)
def test_delivered_since_the_last_of_what_the_land_waited_for(in_force: str, servicing: str, available: str) -> None:
    said = milestones(f"in_force::{in_force};servicing::{servicing};available::{available}")
    (reason,) = security(date(2028, 7, 1), path(said, ON, TODAY), TODAY).reasons
    assert reason.params == (("delivered_on", date(2026, 7, 1)), ("lost_on", date(2028, 7, 1)))


def test_a_reason_names_the_milestone_and_its_day() -> None:
    way = path(milestones("in_force:2026-11-21:;servicing::;repealed:2027-01-01:"), ON, TODAY)
    reasons = security(date(2028, 7, 1), way, TODAY).reasons
    assert [one.params for one in reasons if one.code in set(Progress)] == [
        (("milestone", "in_force"), ("planned_on", date(2026, 11, 21))),
        (("milestone", "servicing"),),
        (("milestone", "repealed"), ("planned_on", date(2027, 1, 1))),
    ]


days = st.none() | st.integers(-40, 800).map(lambda more: ON + timedelta(days=more))
sites = st.dictionaries(st.sampled_from(MilestoneKind), st.tuples(days, days)).map(
    lambda said: tuple(Milestone(kind, *both) for kind, both in said.items())
)
STEPS = (MilestoneKind.IN_FORCE, MilestoneKind.FUNDING, MilestoneKind.SERVICING, MilestoneKind.AVAILABLE)
BEST_FIRST = list(Security)


def judged(said: tuple[Milestone, ...], lost_on: date) -> Security:
    return security(lost_on, path(said, ON, TODAY), TODAY).security


@given(sites, st.randoms())
def test_every_milestone_is_done_awaited_overtaken_or_ended_and_the_order_says_nothing(
    said: tuple[Milestone, ...], chance: object
) -> None:
    way = path(said, ON, TODAY)
    shuffled = list(said)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert path(shuffled, ON, TODAY) == way
    pending = [*way.ahead, *way.overdue, *way.undated]
    assert len(set(pending)) == len(pending)
    assert not {one.kind for one in pending} & way.done
    assert {one.kind for one in said} >= {one.kind for one in pending} | way.done
    assert all(one.day is not None and one.day < ON and one.done_on is None for one in way.overdue)
    for name in ("in_force_expected", "servicing_done_on", "available_from"):
        assert getattr(way, name) in {None, *(one.day for one in said if one not in way.overdue)}


@given(sites, st.integers(-400, 1200))
def test_what_is_overdue_or_has_no_day_is_named_and_never_secure(said: tuple[Milestone, ...], later: int) -> None:
    way = path(said, ON, TODAY)
    found = security(ON + timedelta(days=later), way, TODAY)
    assert found.reasons
    named = {dict(one.params).get("milestone") for one in found.reasons}
    missing = {one.kind.value for one in (*way.overdue, *way.undated)}
    assert missing <= named
    assert not missing or found.security in (Security.OPEN, Security.INSECURE)


@given(sites, st.sampled_from(STEPS), st.integers(0, 900), st.integers(0, 900), st.integers(-400, 1200))
def test_a_later_day_never_makes_a_pledge_more_secure(
    said: tuple[Milestone, ...], kind: MilestoneKind, first: int, more: int, later: int
) -> None:
    lost_on = ON + timedelta(days=later)
    early, late = (
        judged((*said, Milestone(kind, ON + timedelta(days=ahead))), lost_on) for ahead in (first, first + more)
    )
    assert BEST_FIRST.index(late) >= BEST_FIRST.index(early)


@given(sites, st.sampled_from(STEPS[1:]), st.integers(0, 40), st.integers(0, 900), st.integers(0, 1200))
def test_done_is_never_less_secure_than_planned(
    said: tuple[Milestone, ...], kind: MilestoneKind, ago: int, ahead: int, later: int
) -> None:
    lost_on = ON + timedelta(days=later)
    done = judged((*said, Milestone(kind, None, ON - timedelta(days=ago))), lost_on)
    planned = judged((*said, Milestone(kind, ON + timedelta(days=ahead))), lost_on)
    assert BEST_FIRST.index(done) <= BEST_FIRST.index(planned)


@given(sites, sites)
def test_slips_say_every_move_once_and_none_where_nothing_moved(
    before: tuple[Milestone, ...], after: tuple[Milestone, ...]
) -> None:
    moved = slipped(before, after)
    assert slipped(before, before) == ()
    assert len({one.kind for one in moved}) == len(moved)
    was, now = ({one.kind: one.day for one in said} for said in (before, after))
    still = {kind for kind, on in was.items() if on is None or now.get(kind) == on}
    assert {one.kind for one in moved} == set(was) - still
    for one in moved:
        assert one.is_on == (one.was_on + timedelta(days=one.days) if one.days is not None else None)


@given(sites)
def test_a_fact_is_stated_once_for_each_day(said: tuple[Milestone, ...]) -> None:
    for fact in ("serviced", "construction_possible_from"):
        periods = [one for one in stated(said, ON) if one.fact == fact]
        assert all(one.until == after.since for one, after in pairwise(periods))
        assert all(one.until is None or one.since < one.until for one in periods)
        assert not periods or periods[-1].until is None


def test_a_way_by_itself_says_nothing_of_a_loss():
    law, done = LAW.on(date(2026, 6, 1), KNOWN_AT), date(2026, 5, 1)
    steps = [
        Milestone(kind, done_on=done)
        for kind in (MilestoneKind.ADOPTED, MilestoneKind.FUNDING, MilestoneKind.SERVICING)
    ]
    for more, said in (
        ([Milestone(MilestoneKind.AVAILABLE, planned_on=date(2026, 9, 1))], Security.SECURE),
        ([], Security.OPEN),
    ):
        finding = own_security(path([*steps, *more], date(2026, 6, 1), law), law)
        assert finding.security is said
        assert not any(name == "lost_on" for reason in finding.reasons for name, _ in reason.params)
