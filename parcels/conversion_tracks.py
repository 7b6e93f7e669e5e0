"""Public links to the state of a case: a code of 256 random bits, shown once when it is made and kept as its SHA-256.

Whoever has lost a link makes a new one, which ends the one before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from parcels import codes
from parcels.conversion_tables import ConversionTrack


class TrackUnknownError(ValueError):
    """No case is behind this code, or no longer."""

    def __init__(self) -> None:
        super().__init__("There is no such link, or it has been revoked.")


def make(session: Session, number: int, actor: str, at: datetime) -> str:
    """A new link to a case, in the place of the one before; gives its code, which stands nowhere else."""
    revoke(session, number, at)
    code = codes.new()
    session.add(ConversionTrack(conversion_id=number, code_sha256=codes.hashed(code), created_at=at, actor=actor))
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
    own = select(ConversionTrack.conversion_id).where(
        ConversionTrack.code_sha256 == codes.hashed(code), ConversionTrack.revoked_at.is_(None)
    )
    number = session.scalar(own)
    if number is None:
        raise TrackUnknownError
    return number
