"""Public links to the state of a case: a code of 256 random bits, shown once when it is made and kept as its SHA-256.

Whoever has lost a link makes a new one, which ends the one before. The code is looked up by its hash, so that the time taken
tells nothing of it; with so many bits no guessing needs to be slowed down.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from parcels.conversion_tables import ConversionTrack

BYTES = 32
LONGEST = 100  # characters of a code that are looked at; ours have 43


class TrackUnknownError(ValueError):
    """No case is behind this code, or no longer."""

    def __init__(self) -> None:
        super().__init__("There is no such link, or it has been revoked.")


def make(session: Session, number: int, actor: str, at: datetime) -> str:
    """A new link to a case, in the place of the one before; gives its code, which stands nowhere else."""
    revoke(session, number, at)
    code = secrets.token_urlsafe(BYTES)
    session.add(ConversionTrack(conversion_id=number, code_sha256=_hash(code), created_at=at, actor=actor))
    session.flush()
    return code


def revoke(session: Session, number: int, at: datetime) -> bool:
    """End the link to a case; False where there is none."""
    live = (ConversionTrack.conversion_id == number) & ConversionTrack.revoked_at.is_(None)
    ended = update(ConversionTrack).where(live).values(revoked_at=at).returning(ConversionTrack.id)
    return session.scalars(ended.execution_options(synchronize_session=False)).one_or_none() is not None


def since(session: Session, number: int) -> datetime | None:
    """Since when there is a link to a case; None where there is none."""
    live = (ConversionTrack.conversion_id == number) & ConversionTrack.revoked_at.is_(None)
    return session.scalar(select(ConversionTrack.created_at).where(live))


def find(session: Session, code: str) -> int:
    """The case behind a code; TrackUnknownError where there is none, never was, or the link was revoked."""
    if not code or len(code) > LONGEST:
        raise TrackUnknownError
    own = select(ConversionTrack.conversion_id).where(
        ConversionTrack.code_sha256 == _hash(code), ConversionTrack.revoked_at.is_(None)
    )
    number = session.scalar(own)
    if number is None:
        raise TrackUnknownError
    return number


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
