"""What holds for every answer: the host must be one of ours, and browsers get strict orders."""

from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problem_kinds import KINDS
from app.problems import Problem, field_error, respond

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
}
RAW = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class Guard:
    """ASGI middleware: refuses foreign hosts, adds the security headers to every answer. Must be the outermost."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

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

        inner: Any = self.app if "*" in self.hosts or _host(scope) in self.hosts else respond(_foreign())
        await inner(scope, receive, with_headers)


def _host(scope: Scope) -> str:
    """The host name that the request is meant for, without port, lower case; empty where it cannot be told."""
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    try:
        found = urlsplit(f"//{named[0]}").hostname if len(named) == 1 else None
    except ValueError:
        return ""
    return f"[{found}]" if found and ":" in found else found or ""


def _foreign() -> Problem:
    remedy = "Use one of the service's own names, or add this one to LANDRESERVE_ALLOWED_HOSTS."
    return Problem("host-not-allowed", KINDS["host-not-allowed"].meaning, [field_error("Host", "Unknown", remedy)])
