"""Sites that may enter the reserve: golden cases on both sides of each condition, and what must hold of a course with them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Outcome
from rules.law import LAW
from rules.outlook import Step, first_below
from rules.outlook_sites import Aside, Site, entering, with_sites
from rules.pipeline import path
from tests.rules.test_pipeline import ON, TODAY, day, milestones, rows

CASES = rows("outlook_sites.csv")
SOON = "in_force::2026-02-01;funding::2026-02-01;servicing:2027-03-01:;available:2027-03-01:"


def site(number: int = 1, net_m2: str = "10000", said: str = SOON, shares: tuple[int, ...] = (), **facts: str) -> Site:
    return Site(
        number=number,
        net_m2=Decimal(net_m2) if net_m2 else None,
        designation=facts.get("designation", "GE"),
        way=path(milestones(said), ON, TODAY),
        pledged_m2=Decimal(facts.get("pledged_m2", 0)),
        counted_m2=Decimal(facts.get("counted_m2", 0)),
        municipal=Outcome(facts.get("municipal", "met")),
        shares=frozenset(shares),
    )


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["case"])
def test_golden_site(row: dict[str, str]) -> None:
    facts = {name: row[name] for name in ("designation", "pledged_m2", "counted_m2", "municipal")}
    (found,) = entering([site(1, row["net_m2"], row["milestones"], **facts)], TODAY)
    assert (found.security.security, found.available_on) == (row["security"], day(row["available_on"]))
    assert (found.net_m2, found.in_course_m2) == (Decimal(row["enters_m2"]), Decimal(row["in_course_m2"]))
    assert " ".join(found.aside) == row["aside"]
    assert row["source"] in LAW.parameters


def test_every_reason_but_shared_land_has_a_golden_case() -> None:
    said = {why for row in CASES for why in row["aside"].split()}
    assert said == set(Aside) - {Aside.SHARES_LAND}


def test_land_that_two_offer_enters_once_with_the_earlier_of_those_that_enter() -> None:
    later = SOON.replace("2027-03-01", "2027-04-01")
    pair = [site(1, said=later, shares=(2,)), site(2, shares=(1,))]
    assert [(one.number, one.net_m2, one.aside) for one in entering(pair, TODAY)] == [
        (2, 10_000, ()),
        (1, 0, (Aside.SHARES_LAND,)),
    ]
    private = [site(1, said=later, shares=(2,)), site(2, shares=(1,), municipal="not_met")]
    assert [(one.number, one.net_m2) for one in entering(private, TODAY)] == [(2, 0), (1, 10_000)]


def test_land_that_is_pledged_as_another_site_enters_as_none() -> None:
    pledged = site(1, said="draft::2026-02-01", shares=(2,), pledged_m2="1")
    assert [(one.number, one.net_m2, one.aside) for one in entering([pledged, site(2, shares=(1,))], TODAY)] == [
        (2, 0, (Aside.PLEDGED,)),
        (1, 0, (Aside.NOT_SECURE, Aside.PLEDGED)),
    ]


def test_a_site_is_in_the_course_from_its_day_on() -> None:
    course = [Step(ON, Decimal(5), Decimal(0)), Step(date(2027, 3, 2), Decimal(4), Decimal(1))]
    assert with_sites(course, entering([site()], TODAY)) == [
        course[0],
        Step(date(2027, 3, 1), Decimal(10_005), Decimal(0)),
        Step(date(2027, 3, 2), Decimal(10_004), Decimal(1)),
    ]
    assert with_sites(course, entering([site(municipal="unknown")], TODAY)) == course


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 50_000)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 20_000)), max_size=4),
    st.integers(0, 40_000),
)
def test_with_sites_no_line_is_passed_earlier(
    steps: list[tuple[int, int]], offered: list[tuple[int, int]], rate: int
) -> None:
    course = [Step(ON, Decimal(30_000), Decimal(0))]
    course += [Step(ON + timedelta(days=days), Decimal(m2), Decimal(0)) for days, m2 in sorted(dict(steps).items())]
    sites = [
        site(n, str(m2), SOON.replace("2027-03-01", (ON + timedelta(days=days)).isoformat()))
        for n, (days, m2) in enumerate(offered)
    ]
    line, until = [(ON, Decimal(20_000))], ON + timedelta(days=1_000)
    found = entering(sites, TODAY)
    assert sum(one.net_m2 for one in found) == sum(m2 for _, m2 in offered)
    last = with_sites(course, found)[-1].recorded_m2
    assert last == course[-1].recorded_m2 + sum(one.net_m2 for one in found)
    bare, more = (first_below(one, line, until, rate, 365) for one in (course, with_sites(course, found)))
    assert (more.on or date.max) >= (bare.on or date.max)
