"""The clock: golden cases with their paragraphs, its states day by day, and what must hold of every deadline."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcels.holidays import is_holiday
from rules.conversions import CaseRefused, Hearing, Route
from rules.deadlines import Clock, Request, State, clock, consent, months_later, next_working_day
from rules.law import LAW

KNOWN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND_WORDING = date(2025, 10, 30)

Row = dict[str, str]

with (Path(__file__).parent / "golden/deadlines.csv").open(newline="", encoding="utf-8") as golden:
    ROWS = list(csv.DictReader(golden))


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def hearing(row: Row) -> Hearing | None:
    months, days = (int(row[name]) if row[name] else None for name in ("hearing_months", "hearing_days"))
    return Hearing(months, days) if months or days else None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_golden_deadline(row: Row) -> None:
    received = date.fromisoformat(row["received_on"])
    if row["expect_unmoved"].startswith("refused:"):
        with pytest.raises(CaseRefused) as caught:
            consent(Route(row["route"]), received, hearing(row), KNOWN_AT, is_holiday)
        assert f"refused:{caught.value.code.value}" == row["expect_unmoved"]
        return
    found = consent(Route(row["route"]), received, hearing(row), KNOWN_AT, is_holiday)
    assert (found.unmoved, found.moved) == (day(row["expect_unmoved"]), day(row["expect_moved"]))
    assert found.legal_review == (row["expect_review"] == "yes")
    assert found.citations


def test_golden_cases_are_distinct_name_their_paragraph_and_every_route() -> None:
    assert len({row["case"] for row in ROWS}) == len(ROWS)
    assert all("§" in row["source"] for row in ROWS)
    assert {row["route"] for row in ROWS} == set(Route)


def test_the_authority_s_day_and_the_warnings_lie_before_the_unmoved_day() -> None:
    found = consent(Route.B31_3, date(2025, 11, 30), None, KNOWN_AT, is_holiday)
    assert found.unmoved == date(2026, 2, 28)
    assert found.bwi_on == date(2026, 2, 21)
    assert found.warnings == (date(2026, 1, 17), date(2026, 1, 31), date(2026, 2, 14))


def asked(on: date, *received: date, answered: date | None = None, route: Route = Route.B31_3) -> Clock:
    return clock(route, [Request(one) for one in received], on, KNOWN_AT, is_holiday, answered)


RECEIVED, RENEWED = date(2026, 1, 12), date(2026, 5, 4)  # unmoved 12 April (a Sunday), 4 August


@pytest.mark.parametrize(
    ("on", "state", "next_warning"),
    [
        (date(2026, 1, 11), State.NO_REQUEST, None),
        (date(2026, 1, 12), State.OPEN, date(2026, 3, 1)),
        (date(2026, 2, 28), State.OPEN, date(2026, 3, 1)),
        (date(2026, 3, 1), State.WARNED, date(2026, 3, 15)),
        (date(2026, 3, 15), State.WARNED, date(2026, 3, 29)),
        (date(2026, 4, 12), State.WARNED, None),
        (date(2026, 4, 13), State.MISSED, None),  # the moved day stands beside it, but nothing waits for it
    ],
)
def test_a_clock_day_by_day(on: date, state: State, next_warning: date | None) -> None:
    found = asked(on, RECEIVED)
    assert (found.state, found.next_warning) == (state, next_warning)


@pytest.mark.parametrize(
    ("answered", "on", "state"),
    [
        (date(2026, 4, 12), date(2026, 4, 12), State.ANSWERED),
        (date(2026, 4, 12), date(2026, 4, 11), State.WARNED),  # not yet
        (date(2026, 4, 13), date(2026, 4, 13), State.MISSED),  # too late by § 188 BGB
        (date(2026, 1, 11), date(2026, 2, 1), State.OPEN),  # an answer to something before
        (date(2026, 1, 12), date(2030, 1, 1), State.ANSWERED),
    ],
)
def test_an_answer_in_time_ends_the_clock(answered: date, on: date, state: State) -> None:
    assert asked(on, RECEIVED, answered=answered).state is state


@pytest.mark.parametrize(
    ("answered", "on", "contested"),
    [
        (None, date(2026, 4, 12), False),
        (None, date(2026, 4, 13), True),  # the Monday to which § 31 Abs. 3 VwVfG moves the end
        (None, date(2026, 4, 14), False),
        (date(2026, 4, 13), date(2026, 6, 1), True),
        (date(2026, 4, 14), date(2026, 6, 1), False),
        (date(2026, 4, 13), date(2026, 4, 13), True),
        (date(2026, 4, 12), date(2026, 6, 1), False),  # in time anyway
        (date(2026, 1, 11), date(2026, 6, 1), False),  # an answer to something before
    ],
)
def test_what_only_the_moved_day_would_save_is_for_lawyers(answered: date | None, on: date, contested: bool) -> None:
    assert asked(on, RECEIVED, answered=answered).contested is contested


def test_a_renewed_request_opens_the_clock_again_and_the_earlier_stays_visible() -> None:
    before = asked(date(2026, 5, 3), RENEWED, RECEIVED)
    assert (before.state, before.earlier) == (State.MISSED, ())
    after = asked(RENEWED, RENEWED, RECEIVED, answered=date(2026, 3, 1))
    assert after.state is State.OPEN
    assert after.current is not None
    assert after.current.unmoved == date(2026, 8, 4)
    assert [one.unmoved for one in after.earlier] == [date(2026, 4, 12)]


def test_where_nothing_is_deemed_given_there_is_no_deadline_to_miss() -> None:
    found = asked(date(2026, 12, 1), RECEIVED, route=Route.B246_14)
    assert (found.state, found.next_warning) == (State.NO_DEADLINE, None)
    assert asked(date(2026, 12, 1), RECEIVED, route=Route.B246_14, answered=date(2026, 2, 1)).state is State.ANSWERED


days = st.dates(SECOND_WORDING, date(2100, 7, 1))
hearings = st.none() | st.just(Hearing(months=1)) | st.builds(Hearing, days=st.integers(1, 31))


@given(days, hearings)
def test_no_deadline_before_its_request_and_none_moved_backwards(received: date, heard: Hearing | None) -> None:
    found = consent(Route.B31_3, received, heard, KNOWN_AT, is_holiday)
    assert found.unmoved is not None
    assert found.moved is not None
    assert found.bwi_on is not None
    assert received < found.bwi_on < found.unmoved <= found.moved <= found.unmoved + timedelta(days=5)
    assert received <= found.warnings[0] < found.warnings[-1] < found.unmoved
    assert found.moved.weekday() < 5
    assert not is_holiday(found.moved)
    assert found.unmoved <= months_later(received, 4)


@given(days, days, hearings)
def test_a_later_request_never_ends_earlier(one: date, other: date, heard: Hearing | None) -> None:
    first, second = (consent(Route.B31_3, one, heard, KNOWN_AT, is_holiday) for one in sorted((one, other)))
    assert (first.unmoved, first.moved, first.bwi_on) <= (second.unmoved, second.moved, second.bwi_on)


@given(days, st.integers(1, 30))
def test_a_longer_hearing_never_ends_earlier(received: date, span: int) -> None:
    ends = [
        consent(
            Route.B246E,
            date(2026, 1, 1) + (received - SECOND_WORDING) % timedelta(days=1500),
            heard,
            KNOWN_AT,
            is_holiday,
        )
        for heard in (None, Hearing(days=span), Hearing(days=span + 1), Hearing(months=1))
    ]
    unmoved = [end.unmoved for end in ends if end.unmoved]
    assert unmoved == sorted(unmoved)


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(0, 30))
def test_months_end_on_the_day_of_the_same_number_or_on_the_month_s_last(start: date, months: int) -> None:
    end = months_later(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


def test_hamburg_s_holidays_of_a_year() -> None:
    of_2026 = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [f"{one:%m-%d}" for one in of_2026 if is_holiday(one)] == [
        *("01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "10-31", "12-25", "12-26"),
    ]
    assert not is_holiday(date(2026, 6, 4))  # Fronleichnam, no holiday in Hamburg
    assert next_working_day(date(2026, 4, 3), is_holiday) == date(2026, 4, 7)


@pytest.mark.parametrize(("received", "moved"), [(date(2100, 9, 30), date(2100, 12, 30)), (date(2100, 10, 1), None)])
def test_where_the_holidays_of_a_year_are_not_known_no_moved_day_is_made_up(received: date, moved: date | None) -> None:
    found = consent(Route.B31_3, received, None, KNOWN_AT, is_holiday)
    assert found.unmoved == months_later(received, 3)
    assert found.moved == moved


def test_the_law_s_months_are_what_the_deadlines_count() -> None:
    law = LAW.on(date(2026, 11, 22), KNOWN_AT)
    assert [law[f"deadlines.{name}"].count for name in ("p36_months", "p36a_months", "hearing_months")] == [2, 3, 1]
