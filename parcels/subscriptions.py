"""Subscriptions: who is told of which alerts, where. Secrets come and go encrypted; only the edge can read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from rules.alerts import Severity

Channel = Literal["webhook", "email"]
Language = Literal["de", "en"]
DisabledReason = Literal["gone", "failing"]
MOST = 20  # subscriptions of one owner: each may hold two connections of the worker


class SubscriptionUnknownError(LookupError):
    """There is no subscription of that id, or it is somebody else's: that is not told apart."""


class TooManySubscriptionsError(ValueError):
    """The owner has as many subscriptions as one may have."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: empty `kinds`, `series` and `districts` mean all; `least` is the least severity that is told."""

    channel: Channel
    target: str
    language: Language = "de"
    kinds: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    least: Severity = Severity.INFORMATION


@dataclass(frozen=True, slots=True)
class Subscription:
    """One receiver as it is kept; `owner` is the id of the token that made it. `secret` and `old_secret` are encrypted.

    To an e-mail address nothing is sent until `confirmed_at`, by its owner, or `vouched_by` somebody in his place.
    """

    id: int
    uid: UUID
    order: Order
    owner: str
    created_by: str
    created_at: datetime
    secret: bytes | None
    old_secret: bytes | None
    old_secret_until: datetime | None
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    confirmed_at: datetime | None
    vouched_by: str | None

    @property
    def unconfirmed(self) -> bool:
        """Whether nothing is sent but the question whether it is wanted."""
        return self.order.channel == "email" and self.confirmed_at is None


def create(
    session: Session,
    order: Order,
    secret: bytes | None,
    owner: str,
    created_by: str,
    at: datetime,
    vouched_by: str | None = None,
) -> Subscription:
    """Keep a new subscription; TooManySubscriptionsError where its owner has MOST already."""
    count = "SELECT count(*) FROM subscription WHERE owner = :owner AND deleted_at IS NULL"
    if session.execute(text(count), {"owner": owner}).scalar_one() >= MOST:
        raise TooManySubscriptionsError(f"One token may have {MOST} subscriptions: delete one first.")
    bound = {name: getattr(order, name) for name in ("channel", "target", "language", "least")}
    bound |= {name: list(getattr(order, name)) for name in ("kinds", "series", "districts")}
    made = {**bound, "secret": secret, "owner": owner, "created_by": created_by, "at": at}
    made |= {"vouched_by": vouched_by, "confirmed_at": at if vouched_by else None}
    return subscription(session.execute(text(_CREATE), made).one())


def listing(session: Session, owner: str | None) -> list[Subscription]:
    """The subscriptions of an owner, or of all, in the order of their making."""
    query = f"{_SELECT} AND (CAST(:owner AS text) IS NULL OR owner = :owner) ORDER BY id"
    return [subscription(row) for row in session.execute(text(query), {"owner": owner})]


def find(session: Session, uid: UUID, owner: str | None) -> Subscription:
    """One subscription of an owner (None: of anybody), locked until the end of the transaction; SubscriptionUnknownError else."""
    query = f"{_SELECT} AND uid = :uid AND (CAST(:owner AS text) IS NULL OR owner = :owner) FOR UPDATE"
    row = session.execute(text(query), {"uid": uid, "owner": owner}).one_or_none()
    if row is None:
        raise SubscriptionUnknownError(f"There is no subscription {uid}.")
    return subscription(row)


def delete(session: Session, found: Subscription, at: datetime) -> None:
    """End a subscription: what was to be sent is not sent any more, where it went and its secrets are forgotten."""
    forget = "target = '', secret = NULL, old_secret = NULL, old_secret_until = NULL"
    session.execute(
        text(f"UPDATE subscription SET deleted_at = :at, {forget} WHERE id = :id"), {"id": found.id, "at": at}
    )
    cancel(session, found.id, at)


def rotate(session: Session, found: Subscription, secret: bytes, until: datetime) -> None:
    """Put a new secret beside the old one, with which is signed as well until then."""
    query = "UPDATE subscription SET secret = :secret, old_secret = secret, old_secret_until = :until WHERE id = :id"
    session.execute(text(query), {"id": found.id, "secret": secret, "until": until})


def enable(session: Session, found: Subscription) -> None:
    """Send again to a receiver that was disabled. What was cancelled meanwhile stays so until it is replayed."""
    query = "UPDATE subscription SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL WHERE id = :id"
    session.execute(text(query), {"id": found.id})


def disable(session: Session, number: int, reason: DisabledReason, at: datetime) -> None:
    """Send no more to a receiver, and say why."""
    query = (
        "UPDATE subscription SET disabled_at = :at, disabled_reason = :reason WHERE id = :id AND disabled_at IS NULL"
    )
    session.execute(text(query), {"id": number, "reason": reason, "at": at})
    cancel(session, number, at)


def cancel(session: Session, number: int, at: datetime, only: Literal["confirms", "true"] = "true") -> None:
    """What was still to be sent to a receiver, or `only` the question whether he confirms, will not be."""
    query = f"""UPDATE delivery SET state = 'cancelled', worker = NULL, finished_at = :at
    WHERE subscription_id = :id AND state = 'pending' AND {only}"""
    session.execute(text(query), {"id": number, "at": at})


def counts(session: Session) -> dict[str, int]:
    """How many receivers take what is sent, fail at present, are disabled, or have not confirmed: those two are told nothing."""
    return dict(session.execute(text(_COUNTS)).mappings().one())


def subscription(row: Any) -> Subscription:
    """A row of the table, or one that has its columns among others."""
    lists = {name: tuple(getattr(row, name)) for name in ("kinds", "series", "districts")}
    order = Order(row.channel, row.target, row.language, **lists, least=Severity(row.least))
    same = ("owner", "created_by", "created_at", "secret", "old_secret", "old_secret_until")
    state = ("failing_since", "disabled_at", "disabled_reason", "confirmed_at", "vouched_by")
    return Subscription(row.id, row.uid, order, **{name: getattr(row, name) for name in (*same, *state)})


_CREATE = """
INSERT INTO subscription
    (channel, target, language, kinds, series, districts, least, secret, owner, created_by, created_at, confirmed_at, vouched_by)
VALUES (:channel, :target, :language, :kinds, :series, :districts, :least, :secret, :owner, :created_by, :at,
    :confirmed_at, :vouched_by)
RETURNING *
"""

_SELECT = "SELECT * FROM subscription WHERE deleted_at IS NULL"

_COUNTS = """
SELECT count(*) FILTER (WHERE told AND failing_since IS NULL) AS taking,
       count(*) FILTER (WHERE told AND failing_since IS NOT NULL) AS failing,
       count(*) FILTER (WHERE disabled_at IS NOT NULL) AS disabled,
       count(*) FILTER (WHERE NOT told AND disabled_at IS NULL) AS unconfirmed
FROM subscription CROSS JOIN LATERAL (
    SELECT disabled_at IS NULL AND (channel <> 'email' OR confirmed_at IS NOT NULL) AS told
) judged
WHERE deleted_at IS NULL
"""
