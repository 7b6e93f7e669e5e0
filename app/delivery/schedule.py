"""When a delivery that failed is tried again. Pure: the instant and the chance are given by the caller."""

from datetime import datetime, timedelta

# Standard Webhooks 1.0.0 gives this as its example of a schedule: ten attempts in 75.6 hours.
DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS = len(DELAYS)
JITTER = 0.2
LONGEST_RETRY_AFTER = timedelta(hours=24)
FAILING = timedelta(days=5)  # so long without one success, and a receiver is disabled


def due_again(attempt: int, at: datetime, chance: float, retry_after: timedelta | None = None) -> datetime | None:
    """When to try after the attempt of that number (from 1) failed at an instant; None where it was the last.

    `chance` from 0 to 1 spreads the delay by JITTER to both sides; a receiver that asks for more time gets up to a day.
    """
    if attempt >= ATTEMPTS:
        return None
    delay = DELAYS[attempt] * (1 - JITTER + 2 * JITTER * chance)
    return at + max(delay, min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))
