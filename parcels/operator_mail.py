"""What the operator is told by e-mail, each finding once: alerts that nobody attends to, receivers disabled, deliveries given up.

That it was told stands beside what it is about. One row is locked from looking to noting it, so that of several workers one
writes; whoever dies before noting it lets it be told again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import undelivered
from parcels.undelivered import Lost, Trouble

MOST = 500  # deliveries in one mail; the next mail has the others


@dataclass(frozen=True, slots=True)
class Findings:
    """What is to be told now. `unattended_since`: None where nothing waits or that was told; `over`: nothing waits any more."""

    unattended_since: datetime | None
    over: bool
    disabled: tuple[Trouble, ...]
    given_up: tuple[Lost, ...]

    @property
    def any(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.unattended_since or self.disabled or self.given_up)


def findings(session: Session, at: datetime, late: timedelta) -> Findings | None:
    """What was not told yet; an alert is unattended after `late`. None where another worker is at it."""
    query = "SELECT unattended_told_at FROM operator_mail FOR UPDATE SKIP LOCKED"
    kept = session.execute(text(query)).one_or_none()
    if kept is None:
        return None
    since = undelivered.unattended_since(session, at)
    waits = since is not None and at - since > late
    return Findings(
        since if waits and kept.unattended_told_at is None else None,
        not waits and kept.unattended_told_at is not None,
        tuple(undelivered.disabled(session)),
        tuple(undelivered.given_up(session, MOST)),
    )


def told(session: Session, found: Findings, at: datetime) -> None:
    """Note that findings were told, or that what was told before is over."""
    if found.unattended_since or found.over:
        told_at = None if found.over else at
        session.execute(text("UPDATE operator_mail SET unattended_told_at = :at"), {"at": told_at})
    numbers = {
        "subscription": [one.subscription.id for one in found.disabled],
        "delivery": [one.id for one in found.given_up],
    }
    for table, ended in (("subscription", "disabled_at"), ("delivery", "finished_at")):
        query = f"UPDATE {table} SET operator_told_at = greatest(:at, {ended}) WHERE id = ANY (:numbers)"
        session.execute(text(query), {"at": at, "numbers": numbers[table]})
