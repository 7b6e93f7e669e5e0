"""Take-up, reach and the first day below the line: both sides of each seam, and what must hold of all courses."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Standing
from rules.law import LAW
from rules.outlook import (
    PARAMETERS,
    Crossing,
    FirstBelow,
    Reach,
    Reaching,
    Scenario,
    Side,
    Step,
    expected_m2,
    first_below,
    rates,
    reach,
    take_up,
    taken_m2,
    windows,
    years_later,
)

GOLDEN = Path(__file__).parent / "golden"
TODAY = date(2026, 11, 22)
DAYS_LAW = LAW.on(TODAY, datetime(2026, 11, 22, 12, tzinfo=UTC))
YEAR = DAYS_LAW["outlook.days_a_year"].count


def rows(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(newline="", encoding="utf-8") as golden:
        return list(csv.DictReader(golden))


def sides(said: str) -> list[Side]:
    found = []
    for piece in said.split("|") if said else []:
        standing, m2, *not_met = piece.split(":")
        found.append(Side(Standing(standing), tuple(not_met[0].split("+")) if not_met else (), Decimal(m2)))
    return found


@pytest.mark.parametrize("row", rows("outlook_take_up.csv"), ids=lambda row: row["case"])
def test_what_is_take_up(row: dict[str, str]) -> None:
    assert taken_m2(sides(row["before"]), sides(row["after"]), DAYS_LAW) == Decimal(row["expect_m2"])


def course_of(said: str) -> list[Step]:
    parts = (piece.split(":") for piece in said.split("|"))
    return [Step(date.fromisoformat(on), Decimal(recorded), Decimal(taken)) for on, recorded, taken in parts]


def line_of(said: str) -> list[tuple[date, Decimal]]:
    parts = (piece.split(":") for piece in said.split("|"))
    return [(date.fromisoformat(on), Decimal(m2)) for on, m2 in parts]


@pytest.mark.parametrize("row", rows("outlook.csv"), ids=lambda row: row["case"])
def test_the_first_day_below_the_line(row: dict[str, str]) -> None:
    rate = Fraction(row["rate_m2_a_year"]) if row["rate_m2_a_year"] else None
    until = date.fromisoformat(row["until"])
    found = first_below(course_of(row["course"]), line_of(row["line"]), until, rate, YEAR)
    on = date.fromisoformat(row["expect_on"]) if row["expect_on"] else None
    back_on = date.fromisoformat(row["expect_back_on"]) if row["expect_back_on"] else None
    assert found == FirstBelow(Crossing(row["expect"]), on, back_on)


def test_every_golden_case_names_a_parameter_and_every_crossing_has_one() -> None:
    both = rows("outlook.csv") + rows("outlook_take_up.csv")
    assert {row["source"] for row in both} <= set(LAW.parameters)
    assert {row["expect"] for row in rows("outlook.csv")} == set(Crossing)


AMOUNTS = st.integers(0, 200_000).map(lambda cents: Decimal(cents) / 100)
RATES = st.fractions(0, 5_000, max_denominator=60)


@st.composite
def courses(draw: st.DrawFn) -> list[Step]:
    """Some seams within 60 days; what is taken as recorded only grows."""
    days = sorted(draw(st.sets(st.integers(1, 60), max_size=5)))
    taken, steps = Decimal(0), [Step(TODAY, draw(AMOUNTS), Decimal(0))]
    for day in days:
        taken += draw(st.just(Decimal(0)) | AMOUNTS)
        steps.append(Step(TODAY + timedelta(days=day), draw(AMOUNTS), taken))
    return steps


LINES = st.lists(st.tuples(st.integers(1, 60), AMOUNTS), max_size=2, unique_by=lambda found: found[0]).flatmap(
    lambda later: AMOUNTS.map(
        lambda first: [
            (date(2013, 1, 1), first),
            *((TODAY + timedelta(days=day), m2) for day, m2 in sorted(later)),
        ]
    )
)


@given(courses(), LINES, RATES, st.integers(0, 90))
def test_the_first_day_is_the_one_that_counting_the_days_finds(
    course: list[Step], line: list[tuple[date, Decimal]], rate: Fraction, days: int
) -> None:
    until = TODAY + timedelta(days=days)
    course = [step for step in course if step.on <= until]

    def below(day: date) -> bool:
        return expected_m2(course, day, rate, YEAR) < next(m2 for since, m2 in reversed(line) if since <= day)

    counted = next((day for day in (TODAY + timedelta(days=n) for n in range(days + 1)) if below(day)), None)
    found = first_below(course, line, until, rate, YEAR)
    assert found.on == counted
    assert (found.found is Crossing.ALREADY_BELOW) == (counted == TODAY)
    if counted is not None:
        after = (counted + timedelta(days=n) for n in range(1, (until - counted).days + 1))
        assert found.back_on == next((day for day in after if not below(day)), None)


@given(courses(), LINES, RATES, RATES)
def test_more_take_up_never_crosses_later(
    course: list[Step], line: list[tuple[date, Decimal]], one: Fraction, other: Fraction
) -> None:
    until = TODAY + timedelta(days=400)
    slow, fast = (first_below(course, line, until, rate, YEAR) for rate in sorted((one, other)))
    assert (fast.on or date.max) <= (slow.on or date.max)


@given(courses(), RATES, st.integers(0, 400))
def test_take_up_only_ever_takes(course: list[Step], rate: Fraction, days: int) -> None:
    day = TODAY + timedelta(days=days)
    assert 0 <= expected_m2(course, day, rate, YEAR) <= expected_m2(course, day, Fraction(0), YEAR)


SIDES = st.lists(
    st.builds(
        Side,
        st.sampled_from(Standing),
        st.sets(st.sampled_from(["not_disposed", "designation", "serviced"])).map(lambda names: tuple(sorted(names))),
        AMOUNTS,
    ),
    max_size=4,
)


@given(SIDES, SIDES, st.randoms(use_true_random=False))
def test_the_order_of_the_pieces_does_not_matter(before: list[Side], after: list[Side], random: object) -> None:
    found = taken_m2(before, after, DAYS_LAW)
    random.shuffle(before)  # type: ignore[attr-defined]
    random.shuffle(after)  # type: ignore[attr-defined]
    assert taken_m2(before, after, DAYS_LAW) == found >= 0
    assert taken_m2(before, before, DAYS_LAW) == 0


def test_windows_reach_back_by_months() -> None:
    assert windows(TODAY, DAYS_LAW) == ((12, date(2025, 11, 22)), (36, date(2023, 11, 22)))
    assert windows(date(2028, 2, 29), DAYS_LAW)[0] == (12, date(2027, 3, 1))


def test_years_ahead_end_on_the_same_day_of_the_calendar() -> None:
    assert years_later(date(2026, 11, 22), 5) == date(2031, 11, 22)
    assert years_later(date(2028, 2, 29), 4) == date(2032, 2, 29)
    assert years_later(date(2028, 2, 29), 5) == date(2033, 2, 28)


@pytest.mark.parametrize(
    ("departed", "short_m2", "long_m2"),
    [
        (date(2026, 11, 22), 500, 500),  # the last day belongs to the window
        (date(2026, 11, 23), 0, 0),
        (date(2025, 11, 23), 500, 500),
        (date(2025, 11, 22), 0, 500),  # the day on which the window begins is the last one before it
        (date(2023, 11, 23), 0, 500),
        (date(2023, 11, 22), 0, 0),
    ],
)
def test_a_departure_falls_into_its_windows(departed: date, short_m2: int, long_m2: int) -> None:
    short, long = take_up([(departed, Decimal(500))], date(2013, 1, 1), TODAY, DAYS_LAW)
    assert (short.taken_m2, long.taken_m2) == (short_m2, long_m2)
    assert (short.m2_a_year, long.m2_a_year) == (Fraction(short_m2), Fraction(long_m2, 3))


@pytest.mark.parametrize(
    ("history_since", "known"),
    [
        (date(2023, 11, 22), [True, True]),
        (date(2023, 11, 23), [True, False]),
        (date(2025, 11, 22), [True, False]),
        (date(2025, 11, 23), [False, False]),  # younger than twelve months by a day
        (None, [False, False]),
    ],
)
def test_a_history_too_short_is_unknown_and_never_nothing(history_since: date | None, known: list[bool]) -> None:
    found = take_up([(TODAY, Decimal(500))], history_since, TODAY, DAYS_LAW)
    assert [one.taken_m2 is not None for one in found] == known
    assert [one.m2_a_year is not None for one in found] == known


def test_the_scenarios_are_the_lesser_the_mean_and_the_greater_rate() -> None:
    departures = [(date(2026, 5, 1), Decimal(900)), (date(2024, 5, 1), Decimal(600))]
    assert rates(take_up(departures, date(2013, 1, 1), TODAY, DAYS_LAW)) == {
        Scenario.RECORDED: 0,
        Scenario.LOW: 500,
        Scenario.MIDDLE: 700,
        Scenario.HIGH: 900,
    }
    one_window = rates(take_up(departures, date(2025, 1, 1), TODAY, DAYS_LAW))
    assert {one_window[name] for name in (Scenario.LOW, Scenario.MIDDLE, Scenario.HIGH)} == {Fraction(900)}
    none = rates(take_up(departures, None, TODAY, DAYS_LAW))
    assert none == {Scenario.RECORDED: 0, Scenario.LOW: None, Scenario.MIDDLE: None, Scenario.HIGH: None}


def test_reach_is_a_number_unlimited_or_unknown() -> None:
    assert reach(Decimal(1000), Fraction(400)) == Reach(Reaching.YEARS, Fraction(5, 2))
    assert reach(Decimal(1000), Fraction(0)) == Reach(Reaching.UNLIMITED, None)
    assert reach(Decimal(0), Fraction(0)) == Reach(Reaching.YEARS, Fraction(0))
    assert reach(Decimal(1000), None) == Reach(Reaching.UNKNOWN, None)


def test_the_parameters_are_those_of_the_file() -> None:
    assert set(PARAMETERS) == {name for name in LAW.parameters if name.startswith("outlook.")}
    assert DAYS_LAW["outlook.short_window_months"].count < DAYS_LAW["outlook.long_window_months"].count
    assert DAYS_LAW["outlook.horizon_years"].count <= DAYS_LAW["outlook.longest_horizon_years"].count
