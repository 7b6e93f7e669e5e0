"""What has not arrived: alerts that nobody attends to, and since when others wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.delivering import FAULT


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


_UNATTENDED = """
SELECT min(since) FROM (
    SELECT min(a.raised_at) AS since FROM alert a WHERE NOT EXISTS (SELECT FROM alert_fanned_out f WHERE f.alert_id = a.id)
    UNION ALL
    SELECT min(d.due_at) FROM delivery d JOIN subscription s ON s.id = d.subscription_id
    WHERE d.state = 'pending' AND d.due_at <= :at AND s.disabled_at IS NULL
) found
"""
