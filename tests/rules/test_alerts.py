"""Where a series stands towards the line, and what is told of its moves."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts import (
    DEADLINES,
    ENDED_BY,
    IMPORTS,
    MOVES,
    PASSED,
    SEVERITIES,
    Clock,
    Kind,
    LineState,
    Series,
    Turn,
    first_below,
    foreseen,
    line,
    stands,
)
from rules.law import LAW, NotInForce

CASES = list(csv.DictReader((Path(__file__).parent / "golden" / "alerts.csv").open(encoding="utf-8")))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LINE = line(LAW.on(date(2026, 11, 21), NOW))
OF_LINE = {kind for kind in MOVES.values() if kind}


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_golden(case):
    before = LineState(case["before"]) if case["before"] else None
    state = stands(before, Decimal(case["value_ha"]), LINE)
    assert (state, MOVES[before, state] or "") == (case["state"], case["told"])


def test_every_move_is_judged_and_everything_told_has_its_severity():
    assert set(MOVES) == set(product([None, *LineState], LineState))
    assert {(kind, series) for kind, series in product(OF_LINE, Series)} <= set(SEVERITIES)
    assert set(ENDED_BY) == OF_LINE
    assert all(MOVES[before, after] is None for before, after in MOVES if before == after)


def test_what_lasts_is_ended_by_a_move_that_is_possible():
    ended = set().union(*ENDED_BY.values())
    assert ended == OF_LINE - PASSED


@given(st.lists(st.decimals(90, 120, places=4), min_size=1, max_size=30))
def test_a_walk_tells_below_once_between_recoveries(values):
    state, open_kinds = None, set()
    for value in values:
        after = stands(state, value, LINE)
        kind = MOVES[state, after]
        if kind is not None:
            open_kinds -= ENDED_BY[kind]
            assert kind not in open_kinds
            open_kinds |= {kind} - PASSED
        assert (after is LineState.BELOW) == bool(open_kinds & {Kind.BELOW, Kind.BELOW_AT_START})
        if value < LINE.target_ha:
            assert after is LineState.BELOW
        state = after


@given(st.lists(st.decimals("99.99", "100.49", places=4), min_size=2, max_size=50))
def test_a_swing_within_the_hysteresis_tells_once(values):
    state, told = LineState.CLEAR, []
    for value in [Decimal("99.9"), *values]:
        after = stands(state, value, LINE)
        told += [MOVES[state, after]]
        state = after
    assert [kind for kind in told if kind] == [Kind.BELOW]


def test_before_there_was_a_target_there_is_no_line():
    with pytest.raises(NotInForce):
        line(LAW.on(date(2012, 12, 31), NOW))


def test_the_other_kinds_have_their_severities():
    assert set(DEADLINES) == set(product([Kind.DEADLINE_NEAR, Kind.DEADLINE_MISSED], Clock))
    assert set(IMPORTS) == {False, True}
    assert {(Kind.FORECAST_BELOW, series) for series in Series} <= set(SEVERITIES)


TODAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], None),
        (["100", "100"], None),
        (["100.0001", "99.9999"], 1),
        (["120", "100", "99", "90"], 2),
        (["99", "120", "90"], None),  # below already: the line tells that
        (["100", "99", "120", "90"], 1),
    ],
)
def test_the_first_day_below(values, found):
    course = [(TODAY + timedelta(days=n), Decimal(value)) for n, value in enumerate(values)]
    assert first_below(course, lambda _: Decimal(100)) == (None if found is None else TODAY + timedelta(days=found))


def test_the_target_of_the_day_counts():
    course = [(TODAY, Decimal(100)), (TODAY + timedelta(days=9), Decimal(100))]
    assert first_below(course, lambda on: Decimal(100 if on == TODAY else 101)) == TODAY + timedelta(days=9)


@pytest.mark.parametrize(
    ("told", "found", "turn"),
    [
        (None, None, Turn.SAME),
        (None, 50, Turn.NEW),
        (50, None, Turn.OVER),
        (50, 50, Turn.SAME),
        (50, 90, Turn.SAME),
        (50, 20, Turn.SAME),
        (50, 19, Turn.AGAIN),
        (0, 40, Turn.AGAIN),  # the day has come, and another one is foreseen
    ],
)
def test_what_is_foreseen_is_told_anew_only_where_that_helps(told, found, turn):
    told, found = (None if days is None else TODAY + timedelta(days=days) for days in (told, found))
    assert foreseen(told, found, TODAY, 30) is turn
