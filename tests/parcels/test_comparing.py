"""How many facts an amendment ends: the fewest of those closed that can be short of a successor on every day it leaves short."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from parcels import comparing

DAYS = range(7)
SPANS = st.tuples(st.integers(0, 6), st.integers(1, 7)).filter(lambda span: span[0] < span[1])
UNITS = st.lists(st.tuples(st.lists(SPANS, max_size=5), st.lists(SPANS, max_size=4)), min_size=1, max_size=3)
EVER, NEVER = 0, 7  # the first and the last of the days stand for an open beginning and an open end


def fewest(closed, added):
    """By trying: the size of the smallest set of closed spans that has, on each day, as many as are missing then."""
    held, follow = (Counter(day for span in spans for day in range(*span)) for spans in (closed, added))
    for size in range(len(closed) + 1):
        for some in combinations(closed, size):
            ended = Counter(day for span in some for day in range(*span))
            if all(ended[day] >= held[day] - follow[day] for day in DAYS):
                return size
    raise AssertionError("all of them are enough")


@pytest.fixture
def workspace(session):
    session.execute(text(comparing.WORKSPACE))
    return session


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=UNITS)
def test_the_fewest_facts_that_can_have_ended_are_counted(workspace, units):
    rows = [
        {
            "fact": number if closes else None,
            "closes": closes,
            "unit": str(unit),
            "since": None if first == EVER else f"2020-01-{first:02}",
            "until": None if end == NEVER else f"2020-01-{end:02}",
        }
        for unit, (closed, added) in enumerate(units)
        for number, ((first, end), closes) in enumerate(
            [*((span, True) for span in closed), *((span, False) for span in added)], start=100 * unit
        )
    ]
    workspace.execute(text("DELETE FROM amendment"))
    if rows:
        statement = (
            "INSERT INTO amendment (fact, closes, unit, days) VALUES (:fact, :closes, :unit, daterange(:since, :until))"
        )
        workspace.execute(text(statement), rows)
    sizes = [sum(map(len, side)) for side in zip(*units, strict=True)]
    found = workspace.execute(text(comparing.COUNTS)).one()
    assert found == (*sizes, sum(fewest(*unit) for unit in units))
