"""What the page is asked: a day, a state of knowledge, a language; typed in by people, answered to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from rules.law import BERLIN

FIRST_YEAR, LAST_YEAR = 1900, 2200


class Misasked(Exception):  # noqa: N818 - an outcome to be shown, not a fault of the program
    """The question cannot be answered: `field` (on, known_at), a message of the catalogue and what to do about it."""

    def __init__(self, field: str, message: str, remedy: str, **values: object) -> None:
        super().__init__(message)
        self.field, self.message, self.remedy, self.values = field, message, remedy, values


@dataclass(frozen=True, slots=True)
class Question:
    """The day and the instant of knowledge asked for (default: today and now, Europe/Berlin); `fixed` if the latter was given."""

    on: date
    known_at: datetime
    now: datetime
    fixed: bool
    language: str | None

    @property
    def today(self) -> date:
        """The day on which it is asked."""
        return self.now.astimezone(BERLIN).date()

    @property
    def frontier(self) -> date:
        """The day of the state of knowledge: what lies beyond it was still to come."""
        return self.known_at.astimezone(BERLIN).date()

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


def question(on: str | None, known_at: str | None, language: str | None, now: datetime) -> Question:
    """Read the fields of the page's address; Misasked where one is no date, out of range or in the future."""
    known = _instant(known_at.strip(), now) if known_at and known_at.strip() else now
    day = _day(on.strip()) if on and on.strip() else now.astimezone(BERLIN).date()
    return Question(day, known, now, known != now, language)


def _day(raw: str) -> date:
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        raise Misasked(
            "on",
            "“{given}” is not a day.",
            "Give the day as year-month-day, for example {example}.",
            given=raw[:40],
            example="2026-11-22",
        ) from None
    _within_years("on", day.year)
    return day


def _instant(raw: str, now: datetime) -> datetime:
    """An instant; without an offset it is Berlin's time, as people type it."""
    try:
        instant = datetime.fromisoformat(raw)
    except ValueError:
        raise Misasked(
            "known_at",
            "“{given}” is not an instant.",
            "Give the state of knowledge as day and time, for example {example}, or leave it empty for now.",
            given=raw[:40],
            example="2026-11-22T09:30",
        ) from None
    _within_years("known_at", instant.year)
    aware = instant if instant.tzinfo else instant.replace(tzinfo=BERLIN)
    if aware > now:
        raise Misasked(
            "known_at",
            "The state of knowledge lies in the future: nobody knows yet what will be recorded by then.",
            "Choose an instant up to now, or leave the field empty. To look ahead, choose a coming day instead.",
        )
    return aware


def _within_years(field: str, year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Misasked(
            field,
            "The year {year} cannot be answered.",
            "Choose a year from {first} to {last}.",
            year=year,
            first=FIRST_YEAR,
            last=LAST_YEAR,
        )
