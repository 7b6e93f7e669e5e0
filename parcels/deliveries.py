"""Deliveries as the owners of receivers see them: what was sent and what came of it, tests, and what is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.subscriptions import Subscription

State = Literal["pending", "delivered", "given_up", "cancelled"]
Purpose = Literal["alert", "test", "confirmation"]
CHANNEL = "landreserve_delivery"  # what is to be sent though no alert was raised: tests, replays


class DeliveryUnknownError(LookupError):
    """There is no delivery of that id, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as its receiver's owner sees it; `held`: its receiver is disabled, and it waits until that is enabled."""

    uid: UUID
    alert: UUID | None
    kind: str | None
    state: State
    created_at: datetime
    due_at: datetime
    attempts: int
    last_at: datetime | None
    last_status: int | None
    last_failure: str | None
    excerpt: str | None
    finished_at: datetime | None
    confirms: bool
    held: bool

    @property
    def purpose(self) -> Purpose:
        """What is sent: an alert, a test, or the question whether an e-mail address is to be written to."""
        return "confirmation" if self.confirms else "test" if self.alert is None else "alert"


def order(session: Session, to: Subscription, at: datetime, confirms: bool = False) -> Delivery:
    """Let a test be sent, or the question whether the receiver `confirms`: it says that it is one, and is tried as an alert is."""
    query = """INSERT INTO delivery (subscription_id, created_at, due_at, confirms)
    VALUES (:to, :at, :at, :confirms) RETURNING uid"""
    uid = session.execute(text(query), {"to": to.id, "at": at, "confirms": confirms}).scalar_one()
    _wake(session)
    return find(session, uid, None)


def replay(session: Session, uid: UUID, owner: str | None, at: datetime) -> Delivery:
    """Let a delivery be sent again now, under the same id; DeliveryUnknownError where the owner has none such.

    One that waits is only sent sooner; of a receiver that is disabled it waits until that is enabled.
    """
    find(session, uid, owner)
    session.execute(text(_REPLAY), {"uid": uid, "at": at})
    _wake(session)
    return find(session, uid, owner)


def find(session: Session, uid: UUID, owner: str | None) -> Delivery:
    """One delivery of an owner (None: of anybody); DeliveryUnknownError where there is none."""
    query = f"{_SELECT} AND d.uid = :uid AND (CAST(:owner AS text) IS NULL OR s.owner = :owner)"
    row = session.execute(text(query), {"uid": uid, "owner": owner}).one_or_none()
    if row is None:
        raise DeliveryUnknownError(f"There is no delivery {uid}.")
    return _delivery(row)


def listing(session: Session, to: Subscription, state: State | None, limit: int) -> list[Delivery]:
    """The deliveries to a receiver, newest first."""
    where = "AND s.id = :to AND (CAST(:state AS text) IS NULL OR d.state = :state)"
    bound = {"to": to.id, "state": state, "limit": limit}
    return [
        _delivery(row) for row in session.execute(text(f"{_SELECT} {where} ORDER BY d.id DESC LIMIT :limit"), bound)
    ]


def _wake(session: Session) -> None:
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def _delivery(row: Any) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__dataclass_fields__})


_REPLAY = """
UPDATE delivery SET state = 'pending', due_at = :at, finished_at = NULL,
    attempts = CASE WHEN state = 'pending' THEN attempts ELSE 0 END
WHERE uid = :uid AND worker IS NULL
"""

_SELECT = """
SELECT d.*, a.uid AS alert, a.kind, d.state = 'pending' AND s.disabled_at IS NOT NULL AS held FROM delivery d
JOIN subscription s ON s.id = d.subscription_id LEFT JOIN alert a ON a.id = d.alert_id WHERE s.deleted_at IS NULL
"""
