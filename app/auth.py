"""Who calls: bearer tokens and their roles. Reading is open unless LANDRESERVE_READ_REQUIRES_TOKEN closes it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from app.deps import Now
from app.problems import Problem
from parcels import tokens
from parcels.tokens import Role, Token

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="landreserve"'}
WRITERS: tuple[Role, ...] = ("planner", "admin")


def caller(request: Request, now: Now) -> Token | None:
    """The token that the request shows; None where it shows none. One that does not hold is always refused."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, shown = header.partition(" ")
    if scheme.lower() == "bearer":
        with request.app.state.writing() as session:
            found = tokens.find(session, shown.strip(), now)
            session.commit()
        if found:
            return found
    invalid = {"WWW-Authenticate": f'{CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'}
    raise Problem("token-invalid", "The token is unknown, expired or revoked.", headers=invalid)


Caller = Annotated[Token | None, Depends(caller)]


def reader(request: Request, who: Caller) -> Token | None:
    """Whoever may read: anybody, or with LANDRESERVE_READ_REQUIRES_TOKEN whoever has a token."""
    if who is None and request.app.state.settings.read_requires_token:
        raise Problem("token-missing", "Reading needs a token here.", headers=CHALLENGE)
    return who


def require(*roles: Role) -> Callable[[Token | None], Token]:
    """A dependency that lets only these roles pass."""

    def check(who: Caller) -> Token:
        if who is None:
            raise Problem("token-missing", "This call needs a token.", headers=CHALLENGE)
        if who.role not in roles:
            raise Problem("role-missing", f"This call needs the role {' or '.join(roles)}; the token has {who.role}.")
        return who

    return check


Writer = Annotated[Token, Depends(require(*WRITERS))]
READER = Depends(reader)
READ_SECURITY: dict[str, Any] = {"security": [{}, {"token": []}]}
WRITE_SECURITY: dict[str, Any] = {"security": [{"token": []}]}
