"""Bearer tokens `lr_<id>_<secret>`: shown once when made, kept as SHA-256 of the secret (256 random bits)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from parcels.models import ApiToken

Role = Literal["viewer", "planner", "hie", "bwi", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
PREFIX = "lr"
USE_NOTED_EVERY = timedelta(minutes=1)
NOBODY = hashlib.sha256(b"").digest()  # compared with where no token has the id, so that the time taken tells nothing


class TokenUnknown(Exception):
    """There is no token of that id."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the secret is not."""

    id: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create(
    session: Session, name: str, role: Role, now: datetime, expires_at: datetime | None = None
) -> tuple[Token, str]:
    """Make a token; the text beside it is the only place where its secret ever stands."""
    secret = secrets.token_urlsafe(32)
    row = ApiToken(
        id=secrets.token_hex(6),
        name=name,
        role=role,
        secret_sha256=_hash(secret),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return _token(row), f"{PREFIX}_{row.id}_{secret}"


def listing(session: Session) -> list[Token]:
    """All tokens in the order of their making, revoked and expired ones too."""
    return [_token(row) for row in session.scalars(select(ApiToken).order_by(ApiToken.created_at, ApiToken.id))]


def revoke(session: Session, token_id: str, now: datetime) -> Token:
    """End a token now; TokenUnknown for an id that was never given. Revoking twice keeps the first instant."""
    row = session.get(ApiToken, token_id)
    if row is None:
        raise TokenUnknown(f"There is no token {token_id}.")
    row.revoked_at = row.revoked_at or now
    session.flush()
    return _token(row)


def find(session: Session, text: str, now: datetime) -> Token | None:
    """The token that a caller has shown, if it is genuine and holds; its use is noted at most once a minute."""
    prefix, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    row = session.get(ApiToken, token_id) if prefix == PREFIX else None
    genuine = hmac.compare_digest(row.secret_sha256 if row else NOBODY, _hash(secret))
    if row is None or not genuine or not _token(row).holds(now):
        return None
    if row.last_used_at is None or row.last_used_at <= now - USE_NOTED_EVERY:
        session.execute(update(ApiToken).where(ApiToken.id == row.id).values(last_used_at=now))
    return _token(row)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _token(row: ApiToken) -> Token:
    role = cast(Role, row.role)
    return Token(row.id, row.name, role, row.created_at, row.expires_at, row.revoked_at, row.last_used_at)
