"""Whether the owner of an e-mail address wants what is sent to it: asked by a mail with a code, confirmed by whoever has the code.

A mail that was lost, or was asked for again, has a code of its own; each is good until it expires.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import codes, deliveries, subscriptions
from parcels.deliveries import Delivery
from parcels.subscriptions import Subscription


class CodeUnknownError(LookupError):
    """No subscription waits behind this code, or no longer."""


def ask(session: Session, to: Subscription, at: datetime) -> Delivery:
    """Let the address of a subscription be asked; the code is made by whoever sends the mail."""
    return deliveries.order(session, to, at, confirms=True)


def make(session: Session, number: int, at: datetime, until: datetime) -> str:
    """A new code of a subscription; gives it, for it stands nowhere else. What has expired is forgotten."""
    session.execute(text("DELETE FROM subscription_code WHERE until <= :at"), {"at": at})
    code = codes.new()
    query = "INSERT INTO subscription_code (code_sha256, subscription_id, until) VALUES (:hash, :number, :until)"
    session.execute(text(query), {"hash": codes.hashed(code), "number": number, "until": until})
    return code


def find(session: Session, code: str, at: datetime) -> Subscription:
    """The subscription behind a code, confirmed or not; CodeUnknownError where there is none, it has expired or was ended."""
    row = session.execute(text(_FIND), {"hash": codes.hashed(code), "at": at}).one_or_none()
    if row is None:
        raise CodeUnknownError("There is no such link, or it has expired.")
    return subscriptions.subscription(row)


def confirm(session: Session, code: str, at: datetime) -> Subscription:
    """What is raised from now on is sent to the address behind a code; a second time changes nothing."""
    found = find(session, code, at)
    query = "UPDATE subscription SET confirmed_at = :at WHERE id = :id AND confirmed_at IS NULL"
    session.execute(text(query), {"id": found.id, "at": at})
    subscriptions.cancel(session, found.id, at, only="confirms")
    return found


_FIND = """
SELECT s.* FROM subscription_code c JOIN subscription s ON s.id = c.subscription_id
WHERE c.code_sha256 = :hash AND c.until > :at AND s.deleted_at IS NULL
"""
