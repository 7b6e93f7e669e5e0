"""What the page is asked: a day, a state of knowledge, a language; typed in by people, answered to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.answers import KnownAtAheadError, ask
from app.clock import day as day_of
from app.inputs import FIRST_DAY, LAST_DAY
from rules.law import BERLIN


class Misasked(Exception):
    """The question cannot be answered: `field` (on, known_at), a message of the catalogue and what to do about it."""

    def __init__(self, field: str, message: str, remedy: str, **values: object) -> None:
        super().__init__(message)
        self.field, self.message, self.remedy, self.values = field, message, remedy, values


@dataclass(frozen=True, slots=True)
class Question:
    """The day and the instant of knowledge asked for (default: today and now, Europe/Berlin); `fixed` if the latter was given.

    `seen_at` is the last recording by then; None where there was none.
    """

    on: date
    known_at: datetime
    seen_at: datetime | None
    now: datetime
    fixed: bool
    language: str | None

    @property
    def today(self) -> date:
        """The day on which it is asked."""
        return day_of(self.now)

    @property
    def frontier(self) -> date:
        """The day of the state of knowledge: what lies beyond it was still to come."""
        return day_of(self.known_at)

    @property
    def known_field(self) -> str:
        """The instant as a datetime-local input takes it: Berlin's time, rounded up to the second; empty for now."""
        if not self.fixed:
            return ""
        second = 0 if self.known_at.microsecond == 0 else 1
        whole = datetime.fromtimestamp(int(self.known_at.timestamp()) + second, BERLIN)
        return whole.replace(tzinfo=None).isoformat()

    def here(self, **changed: str | None) -> str:
        """The address of this page for the same question, with some of its fields changed; None drops one."""
        known = self.known_at.isoformat() if self.fixed else None
        fields = {"on": self.on.isoformat(), "known_at": known, "lang": self.language, **changed}
        return "?" + urlencode({name: value for name, value in fields.items() if value is not None})

    def api(self, path: str, **fields: str) -> str:
        """The address of what the API says to the same question."""
        return f"/api/{path}?" + urlencode({"on": self.on.isoformat(), "known_at": self.known_at.isoformat(), **fields})

    def over(self, path: str, since: date, until: date) -> str:
        """The address of what the API says of the days since..until, as known at this question's instant."""
        fields = {"from": since.isoformat(), "to": until.isoformat(), "known_at": self.known_at.isoformat()}
        return f"/api/{path}?{urlencode(fields)}"


def plain(now: datetime, language: str | None) -> Question:
    """Today, as known now; of no register in particular."""
    return Question(day_of(now), now, None, now, False, language)


def question(session: Session, on: str | None, known_at: str | None, language: str | None, now: datetime) -> Question:
    """Read the fields of the page's address; Misasked where one is no date, out of range or in the future."""
    day = _day(on.strip()) if on and on.strip() else day_of(now)
    instant = _instant(known_at.strip()) if known_at and known_at.strip() else None
    try:
        asked = ask(session, day, instant, now)
    except KnownAtAheadError:
        raise Misasked(
            "known_at",
            "The state of knowledge lies in the future: nobody knows yet what will be recorded by then.",
            "Choose an instant up to now, or leave the field empty. To look ahead, choose a coming day instead.",
        ) from None
    return Question(day, asked.known_at, asked.recorded_at, now, instant is not None, language)


def _day(raw: str) -> date:
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        raise Misasked(
            "on",
            "“{given}” is not a day.",
            "Give the day as year-month-day, for example {example}.",
            given=_quoted(raw),
            example="2026-11-22",
        ) from None
    _within_years("on", day.year)
    return day


def _instant(raw: str) -> datetime:
    """An instant; without an offset it is Hamburg's time, as people type it."""
    try:
        instant = datetime.fromisoformat(raw)
    except ValueError:
        raise Misasked(
            "known_at",
            "“{given}” is not an instant.",
            "Give the state of knowledge as day and time, for example {example}, or leave it empty for now.",
            given=_quoted(raw),
            example="2026-11-22T09:30",
        ) from None
    _within_years("known_at", instant.year)
    return (instant if instant.tzinfo else instant.replace(tzinfo=BERLIN)).astimezone(UTC)


def _quoted(raw: str) -> str:
    """The beginning of what was typed, unless it holds characters that show nothing or turn the line around."""
    return raw[:40] if raw.isprintable() else "…"


def _within_years(field: str, year: int) -> None:
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        raise Misasked(
            field,
            "The year {year} cannot be answered.",
            "Choose a year from {first} to {last}.",
            year=year,
            first=FIRST_DAY.year,
            last=LAST_DAY.year,
        )
