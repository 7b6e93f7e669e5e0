"""How long deliveries are kept, and how many there are. Alerts themselves stay for ever: they are history."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.deliveries import State


def forget(session: Session, ended_by: datetime, most: int) -> int:
    """Delete deliveries that ended by an instant, oldest first, `most` at a time; gives how many that were.

    Never what is pending. What its receiver never took stays until somebody has taken note of its alert, or the subscription
    was deleted: until then that row is the only trace of somebody not told. Two workers do not wait for each other.
    """
    return len(session.execute(text(_FORGET), {"ended_by": ended_by, "most": most}).all())


def counts(session: Session) -> dict[State, int]:
    """How many deliveries there are in each state."""
    rows = session.execute(text("SELECT state, count(*) AS number FROM delivery GROUP BY state"))
    found: dict[State, int] = {row.state: row.number for row in rows}
    return {state: found.get(state, 0) for state in get_args(State)}


def forgotten(session: Session) -> int:
    """How many deliveries were deleted since the database began to count: by its own statistics, for nothing else deletes them."""
    return int(session.execute(text("SELECT pg_stat_get_tuples_deleted('delivery'::regclass)")).scalar_one())


# What is pending has not ended, by the table's own check. Alerts are handed out by `alert_fanned_out`: no delivery is made anew.
_FORGET = """
DELETE FROM delivery WHERE id IN (
    SELECT d.id FROM delivery d JOIN subscription s ON s.id = d.subscription_id
    WHERE d.finished_at <= :ended_by
        AND (d.state = 'delivered' OR d.alert_id IS NULL OR s.deleted_at IS NOT NULL
            OR EXISTS (SELECT FROM alert_acknowledgement k WHERE k.alert_id = d.alert_id))
    ORDER BY d.finished_at, d.id
    LIMIT :most
    FOR UPDATE OF d SKIP LOCKED
)
RETURNING id
"""
