"""The one place where the clock is read; everything below the edge is told the instant and the day."""

from datetime import UTC, date, datetime

from rules.law import BERLIN


def now() -> datetime:
    """The present instant, aware, UTC."""
    return datetime.now(UTC)


def day(instant: datetime) -> date:
    """The calendar day of an instant in Hamburg (Europe/Berlin)."""
    return instant.astimezone(BERLIN).date()
