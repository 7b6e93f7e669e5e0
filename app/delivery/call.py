"""One call of a receiver: name resolved once and checked, TLS to that very address, the status read and little more.

A client of our own on h11: no redirect, proxy, cookie, compression or connection kept, and not a byte more than is needed.
"""

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import h11

from app.delivery.guard import Address, Policy, Target, allowed

log = logging.getLogger(__name__)

TOTAL_S = 15.0
EXCERPT_S = 1.0  # how long one waits for the body of an answer that was no success
BLOCK = 4096
MOST_BYTES = 16 * BLOCK
EXCERPT = 200
NO_ANSWER = (
    "no-answer"  # closed, refused, unknown, hanging: told alike, or the service would be a scanner of inner networks
)
RESOLVERS = ThreadPoolExecutor(64, "resolver")  # names that hang hold these up, and nothing else

Resolve = Callable[[str, int], Awaitable[list[Address]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a status, or NO_ANSWER; the first characters of what was not a success; what Retry-After said."""

    status: int | None
    failure: str | None
    excerpt: str | None = None
    retry_after: str | None = None

    @property
    def success(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


class _Refused(Exception):
    """Nothing is called; the reason is for the operator's log."""


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later against the system's authorities, or those of a file as well."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def resolve(host: str, port: int) -> list[Address]:
    """All addresses that a name has now."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        RESOLVERS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    )
    return list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))


async def post(
    to: Target,
    headers: Mapping[str, str],
    body: bytes,
    policy: Policy,
    context: ssl.SSLContext,
    resolving: Resolve = resolve,
    total_s: float = TOTAL_S,
) -> Answer:
    """Send one message and give what came of it; never raises for what the other side does, never takes longer than `total_s`."""
    try:
        async with asyncio.timeout(total_s):
            return await _exchange(to, headers, body, policy, context, resolving)
    except (OSError, ValueError, EOFError, _Refused, h11.ProtocolError, TimeoutError) as reason:
        log.info("no answer from %s: %s: %s", to.authority, type(reason).__name__, reason)
        return Answer(None, NO_ANSWER)


async def _exchange(
    to: Target, headers: Mapping[str, str], body: bytes, policy: Policy, context: ssl.SSLContext, resolving: Resolve
) -> Answer:
    reader, writer = await _connected(to, await _addresses(to, policy, resolving), context)
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_BYTES)
        said = {"Host": to.authority, "Connection": "close", "Content-Length": str(len(body)), **headers}
        request = h11.Request(method="POST", target=to.path, headers=list(said.items()))
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return await _answer(connection, reader)
    finally:
        writer.transport.abort()


async def _addresses(to: Target, policy: Policy, resolving: Resolve) -> list[Address]:
    """The addresses of a receiver; one among them that may not be called, and none is."""
    found = await resolving(to.host, to.port)
    if not found or not all(allowed(one, policy) for one in found):
        raise _Refused(f"{len(found)} addresses, not all of them allowed")
    return found


async def _connected(
    to: Target, addresses: list[Address], context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for number, address in enumerate(addresses, 1):
        try:
            return await asyncio.open_connection(
                str(address), to.port, limit=BLOCK, ssl=context, server_hostname=to.host, ssl_handshake_timeout=10
            )
        except OSError:
            if number == len(addresses):
                raise
    raise _Refused("no address")


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
    """The status; of what is no success also the beginning of the body, if that comes at once."""
    head, taken = None, 0
    while head is None:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            block = await reader.read(BLOCK)
            if (taken := taken + len(block)) > MOST_BYTES:
                raise _Refused("the head of the answer has no end")
            connection.receive_data(block)
        elif isinstance(event, h11.Response):
            head = event
        elif not isinstance(event, h11.InformationalResponse):
            raise EOFError("closed before it answered")
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    if 200 <= head.status_code < 300:
        return Answer(head.status_code, None)
    excerpt = None if "content-encoding" in named else await _excerpt(connection, reader)
    return Answer(head.status_code, "status", excerpt, named.get("retry-after"))


async def _excerpt(connection: h11.Connection, reader: asyncio.StreamReader) -> str | None:
    """The first characters of a body, as plain text; what does not come within a second does not count."""
    found = b""
    # The answer is known by then: whatever goes wrong with its body, what came of it is told.
    with contextlib.suppress(TimeoutError, OSError, h11.ProtocolError):
        async with asyncio.timeout(EXCERPT_S):
            while len(found) < BLOCK:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(BLOCK))
                elif isinstance(event, h11.Data):
                    found += bytes(event.data)
                else:
                    break
    text = re.sub(r"[^\w\s.,:;!?()\[\]{}\"'/=+-]", "?", found[:BLOCK].decode("utf-8", "replace"))
    return " ".join(text.split())[:EXCERPT] or None
