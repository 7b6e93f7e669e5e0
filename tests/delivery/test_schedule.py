"""When it is tried again: ten attempts in 75.6 hours, spread by a fifth; a receiver may ask for up to a day."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.delivery.schedule import ATTEMPTS, DELAYS, due_again
from app.delivery.webhook import retry_after

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    hours = [delay.total_seconds() / 3600 for delay in DELAYS]
    assert hours == [0, 5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24]
    assert sum(DELAYS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


@given(attempt=st.integers(1, ATTEMPTS - 1), chance=st.floats(0, 1))
def test_delays_lie_within_the_jitter(attempt: int, chance: float) -> None:
    due = due_again(attempt, AT, chance)
    assert due is not None
    assert 0.8 * DELAYS[attempt] <= due - AT <= 1.2 * DELAYS[attempt] + timedelta(microseconds=1)


def test_the_last_attempt_has_no_next() -> None:
    assert due_again(ATTEMPTS, AT, 0.5) is None
    assert due_again(ATTEMPTS, AT, 0.5, timedelta(hours=1)) is None


def test_retry_after_is_honoured_up_to_a_day_and_never_hastens() -> None:
    assert due_again(1, AT, 0.5, timedelta(minutes=7)) == AT + timedelta(minutes=7)
    assert due_again(1, AT, 0.5, timedelta(days=400)) == AT + timedelta(hours=24)
    assert due_again(3, AT, 0.5, timedelta(seconds=1)) == AT + timedelta(minutes=30)


def test_retry_after_as_it_is_written() -> None:
    assert retry_after("120", AT) == timedelta(seconds=120)
    assert retry_after("Sun, 22 Nov 2026 12:10:00 GMT", AT) == timedelta(minutes=10)
    assert retry_after("Sun, 22 Nov 2020 12:10:00 GMT", AT) == timedelta(0)
    assert [retry_after(said, AT) for said in (None, "", "soon", "-5", "1.5", "9" * 40, "²")] == [None] * 7
