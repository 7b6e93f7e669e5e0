"""Who records something, and that what is sent twice under one idempotency key is recorded once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from parcels.model_base import Base


class KeyReusedError(Exception):
    """Under this idempotency key something else was sent before."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who records something, in which role, at which instant, and why."""

    name: str
    role: str
    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that must be carried out once: the token that sent it, its idempotency key, and a digest of what it says."""

    token: str
    key: str | None
    fingerprint: str


def keyed(sent: Sent | None) -> dict[str, str | None]:
    """The columns of a row by which the same request is known again."""
    if sent is None:
        return {}
    return {"token": sent.token, "idempotency_key": sent.key, "fingerprint": sent.fingerprint}


def sent_before(session: Session, table: type[Base], sent: Sent) -> int | None:
    """The row of a table that an idempotency key already stands for; KeyReusedError where something else was sent under it."""
    if sent.key is None:
        return None
    row = table.__table__.c
    query = select(row.id, row.fingerprint).where(row.token == sent.token, row.idempotency_key == sent.key)
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    if found.fingerprint != sent.fingerprint:
        raise KeyReusedError("Under this Idempotency-Key something else was sent before.")
    return int(found.id)
