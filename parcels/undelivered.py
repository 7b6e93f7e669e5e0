"""What has not arrived: alerts that nobody attends to, since when others wait, receivers that take nothing, what was given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import subscriptions
from parcels.deliveries import State
from parcels.delivering import FAULT
from parcels.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the last attempt came to; status, failure and excerpt are for the receiver's owner alone."""

    at: datetime | None
    status: int | None
    failure: str | None
    excerpt: str | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A receiver that is disabled or has not taken what is tried again: since when, how many alerts wait, how many it never got."""

    subscription: Subscription
    since: datetime
    waiting: int
    lost: int
    last: Attempt


@dataclass(frozen=True, slots=True)
class Lost:
    """A delivery that was given up, or cancelled since its receiver was disabled; `alert` is the number, None for a test."""

    id: int
    uid: UUID
    subscription: Subscription
    alert: int | None
    state: State
    attempts: int
    finished_at: datetime
    last: Attempt


def unattended_since(session: Session, at: datetime) -> datetime | None:
    """Since when the oldest alert waits that nobody attends to: not handed out, or due and not tried. None where there is none.

    What was delivered, is retried later, or was given up visibly is attended to.
    """
    since: datetime | None = session.execute(text(_UNATTENDED), {"at": at}).scalar_one()
    return since


def waiting_since(session: Session) -> datetime | None:
    """When the oldest alert was handed out that a receiver has not taken yet and that is still tried; None where there is none."""
    query = """SELECT min(d.created_at) FROM delivery d JOIN subscription s ON s.id = d.subscription_id
    WHERE d.state = 'pending' AND d.alert_id IS NOT NULL AND s.disabled_at IS NULL"""
    since: datetime | None = session.execute(text(query)).scalar_one()
    return since


def at_fault(session: Session) -> bool:
    """Whether something waits to be sent that last failed by our doing."""
    query = "SELECT EXISTS (SELECT FROM delivery WHERE state = 'pending' AND last_failure = :fault)"
    return bool(session.execute(text(query), {"fault": FAULT}).scalar_one())


def troubled(session: Session) -> list[Trouble]:
    """The receivers that take nothing, those that are disabled first, in the order of their making."""
    return _troubles(session, "")


def lost(session: Session, limit: int) -> tuple[list[Lost], int]:
    """What its receiver never got, newest first, and how much of that there is: alerts of which nobody has taken note."""
    rows = session.execute(text(_LOST), {"limit": limit}).all()
    return [_lost(row) for row in rows], rows[0].total if rows else 0


def failing(session: Session) -> bool:
    """Whether a receiver takes nothing, or something was given up of which nobody has taken note."""
    return bool(troubled(session) or lost(session, 1)[1])


def disabled(session: Session) -> list[Trouble]:
    """Receivers that were disabled and of which the operator was not told."""
    untold = "AND s.disabled_at IS NOT NULL AND (s.operator_told_at IS NULL OR s.operator_told_at < s.disabled_at)"
    return _troubles(session, untold)


def given_up(session: Session, limit: int) -> list[Lost]:
    """Deliveries that were given up and of which the operator was not told, oldest first."""
    return [_lost(row) for row in session.execute(text(_UNTOLD), {"limit": limit})]


def _troubles(session: Session, where: str) -> list[Trouble]:
    rows = session.execute(text(_TROUBLED.format(where=where)))
    return [Trouble(subscriptions.subscription(row), row.since, row.waiting, row.lost, _attempt(row)) for row in rows]


def _lost(row: Any) -> Lost:
    to = subscriptions.subscription(row)
    return Lost(row.delivery, row.delivery_uid, to, row.alert, row.state, row.attempts, row.finished_at, _attempt(row))


def _attempt(row: Any) -> Attempt:
    return Attempt(row.last_at, row.last_status, row.last_failure, row.excerpt)


# What still waits after an attempt is trouble too where the mail server is to blame, which is not held against receivers.
_TROUBLED = """
SELECT s.*, n.*, l.last_at, l.last_status, l.last_failure, l.excerpt
FROM (
    SELECT s.*, coalesce(disabled_at, failing_since, (
        SELECT min(created_at) FROM delivery
        WHERE subscription_id = s.id AND state = 'pending' AND attempts > 0 AND worker IS NULL
    )) AS since
    FROM subscription s WHERE deleted_at IS NULL
) s CROSS JOIN LATERAL (
    SELECT (SELECT count(*) FROM delivery WHERE subscription_id = s.id AND state = 'pending' AND alert_id IS NOT NULL) AS waiting,
        (SELECT count(*) FROM delivery d
        WHERE subscription_id = s.id AND state IN ('given_up', 'cancelled') AND alert_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM alert_acknowledgement k WHERE k.alert_id = d.alert_id)) AS lost
) n LEFT JOIN LATERAL (
    SELECT * FROM delivery WHERE subscription_id = s.id AND last_at IS NOT NULL ORDER BY last_at DESC, id DESC LIMIT 1
) l ON true
WHERE s.since IS NOT NULL {where}
ORDER BY s.disabled_at IS NULL, s.id
"""

_NOT_TAKEN = """
SELECT s.*, d.id AS delivery, d.uid AS delivery_uid, d.alert_id AS alert, d.state, d.attempts, d.finished_at,
    d.last_at, d.last_status, d.last_failure, d.excerpt, count(*) OVER () AS total
FROM delivery d JOIN subscription s ON s.id = d.subscription_id
WHERE s.deleted_at IS NULL
"""
_LOST = f"""{_NOT_TAKEN} AND d.state IN ('given_up', 'cancelled') AND d.alert_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM alert_acknowledgement k WHERE k.alert_id = d.alert_id)
ORDER BY d.finished_at DESC, d.id DESC LIMIT :limit
"""
_UNTOLD = f"""{_NOT_TAKEN} AND d.state = 'given_up' AND (d.operator_told_at IS NULL OR d.operator_told_at < d.finished_at)
ORDER BY d.finished_at, d.id LIMIT :limit
"""

_UNATTENDED = """
SELECT min(since) FROM (
    SELECT min(a.raised_at) AS since FROM alert a WHERE NOT EXISTS (SELECT FROM alert_fanned_out f WHERE f.alert_id = a.id)
    UNION ALL
    SELECT min(d.due_at) FROM delivery d JOIN subscription s ON s.id = d.subscription_id
    WHERE d.state = 'pending' AND d.due_at <= :at AND s.disabled_at IS NULL
) found
"""
