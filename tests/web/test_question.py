"""What people type into the page's address: days, instants of Hamburg's time, and what is refused with a remedy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy.orm import Session

from app.web.question import Misasked, question
from tests.web.conftest import NOW, TODAY


def test_nothing_typed_is_today_as_known_now(session: Session) -> None:
    asked = question(session, None, " ", None, NOW)
    assert (asked.on, asked.known_at, asked.fixed, asked.known_field) == (TODAY, NOW, False, "")


def test_today_is_hamburgs_day(session: Session) -> None:
    late = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert question(session, None, None, None, late).on == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2026-07-01T12:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-01-01T12:00:30", datetime(2026, 1, 1, 11, 0, 30, tzinfo=UTC)),
        ("2026-01-01", datetime(2025, 12, 31, 23, tzinfo=UTC)),
        ("2026-01-01T12:00:00+00:00", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("2026-03-29T02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # an hour that the clocks leave out
        ("2026-11-22T12:00", NOW),
    ],
)
def test_an_instant_without_offset_is_hamburgs_time(session: Session, typed: str, instant: datetime) -> None:
    asked = question(session, None, typed, None, NOW)
    assert (asked.known_at, asked.fixed) == (instant, True)


def test_the_field_shows_hamburgs_time_and_never_falls_before_the_instant(session: Session) -> None:
    asked = question(session, None, "2026-07-01T10:00:00.000001+00:00", None, NOW)
    assert asked.known_field == "2026-07-01T12:00:01"
    again = question(session, None, asked.known_field, None, NOW)
    assert asked.known_at < again.known_at < asked.known_at + timedelta(seconds=1)
    assert again.known_field == asked.known_field


@pytest.mark.parametrize(
    ("on", "known_at", "field"),
    [
        ("2026-02-30", None, "on"),
        ("gestern", None, "on"),
        ("1899-12-31", None, "on"),
        ("2201-01-01", None, "on"),
        ("\x00", None, "on"),
        ("9" * 5000, None, "on"),
        (None, "soon", "known_at"),
        (None, "2026-11-22T12:00:00.000001", "known_at"),
        (None, "0001-01-01T00:00", "known_at"),
        (None, "9999-12-31T23:59:59-12:00", "known_at"),
    ],
)
def test_what_cannot_be_answered_names_its_field(
    session: Session, on: str | None, known_at: str | None, field: str
) -> None:
    with pytest.raises(Misasked) as fault:
        question(session, on, known_at, None, NOW)
    assert fault.value.field == field
    assert len(str(fault.value.values)) < 200


def test_addresses_carry_the_question_on(session: Session) -> None:
    asked = question(session, "2027-01-01", "2026-11-01T08:00:00+01:00", "en", NOW)
    assert parse_qs(urlsplit(asked.here()).query) == {
        "on": ["2027-01-01"],
        "known_at": ["2026-11-01T07:00:00+00:00"],
        "lang": ["en"],
    }
    assert parse_qs(urlsplit(asked.here(lang="de", known_at=None)).query) == {"on": ["2027-01-01"], "lang": ["de"]}
    api = urlsplit(asked.api("reserve", by="district"))
    assert (api.path, parse_qs(api.query)["known_at"]) == ("/api/reserve", ["2026-11-01T07:00:00+00:00"])
    over = parse_qs(urlsplit(asked.over("reserve/changes", asked.on, date(2028, 1, 1))).query)
    assert (over["from"], over["to"], "on" in over) == (["2027-01-01"], ["2028-01-01"], False)
