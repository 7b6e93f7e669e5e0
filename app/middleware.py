"""What holds for every request and answer: a host of ours, a body that is not too large, strict orders for browsers."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.headers import SECURITY_HEADERS
from app.problem_kinds import KINDS
from app.problems import Problem, field_error, respond

RAW = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class Guard:
    """ASGI middleware, outermost: refuses foreign hosts and large bodies, adds the security headers to every answer."""

    def __init__(
        self, app: ASGIApp, hosts: frozenset[str], max_body_bytes: int, larger: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """`larger`: paths below which a body may be larger."""
        self.app, self.hosts, self.max_body_bytes, self.larger = app, hosts, max_body_bytes, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in RAW if pair[0] not in present)]
            await send(message)

        refusal = self._refusal(scope)
        inner: ASGIApp = self.app if refusal is None else respond(refusal)
        await inner(scope, self._counted(receive, self._most(scope)), with_headers)

    def _most(self, scope: Scope) -> int:
        """How large the body of this request may be."""
        return self.larger.get(scope["path"], self.max_body_bytes)

    def _refusal(self, scope: Scope) -> Problem | None:
        """What can be refused by the head of the request alone."""
        if "*" not in self.hosts and _host(scope) not in self.hosts:
            remedy = "Use one of the service's own names, or add this one to LANDRESERVE_ALLOWED_HOSTS."
            error = field_error("Host", "Unknown", remedy)
            return Problem("host-not-allowed", KINDS["host-not-allowed"].meaning, [error])
        most = self._most(scope)
        if any(int(length) > most for length in _named(scope, b"content-length") if length.isdigit()):
            return Problem("too-large", KINDS["too-large"].meaning)
        return None

    def _counted(self, receive: Receive, most: int) -> Receive:
        """The body as it comes, until it is too large: for callers that do not say its length, or lie about it."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413)
            return message

        return counted


def _named(scope: Scope, name: bytes) -> list[str]:
    """The values of a header."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _host(scope: Scope) -> str:
    """The host name that the request is meant for, without port, lower case; empty where it cannot be told."""
    named = _named(scope, b"host")
    try:
        found = urlsplit(f"//{named[0]}").hostname if len(named) == 1 else None
    except ValueError:
        return ""
    return f"[{found}]" if found and ":" in found else found or ""
