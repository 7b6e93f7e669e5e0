"""A receiver on 127.0.0.1 with TLS whose certificate is made for the run; it answers as it is told to, and keeps what it got."""

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

Behave = Callable[["Got", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    written: int = 0

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


def answers(status: int, body: bytes = b"", **headers: str) -> Behave:
    """Answers at once."""

    async def behave(_: Got, writer: asyncio.StreamWriter) -> None:
        said = {"Content-Length": str(len(body)), "Connection": "close", **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in said.items())
        writer.write(f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body)
        await writer.drain()

    return behave


async def hangs(_: Got, __: asyncio.StreamWriter) -> None:
    """Says nothing, and does not close."""
    await asyncio.sleep(3600)


async def drips(_: Got, writer: asyncio.StreamWriter) -> None:
    """A head that comes byte by byte and has no end."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.05)


async def drips_body(_: Got, writer: asyncio.StreamWriter) -> None:
    """No success, and a body that never ends."""
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100_000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def floods(got: Got, writer: asyncio.StreamWriter) -> None:
    """A head of many megabytes."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await pours(b"X: " + b"a" * 60_000 + b"\r\n", got, writer)


async def big_body(got: Got, writer: asyncio.StreamWriter) -> None:
    """No success, and hundreds of megabytes of reasons."""
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 300000000\r\n\r\n")
    for _ in range(5000):
        await pours(b"y" * 60_000, got, writer)


async def pours(block: bytes, got: Got, writer: asyncio.StreamWriter) -> None:
    """One block of very many. Writing to a connection that is gone waits for nothing: the others must have their turn."""
    if writer.is_closing():
        raise ConnectionResetError
    writer.write(block)
    await writer.drain()
    await asyncio.sleep(0)
    got.written += len(block)


async def resets(_: Got, writer: asyncio.StreamWriter) -> None:
    """The connection is torn down."""
    writer.transport.abort()


async def nonsense(_: Got, writer: asyncio.StreamWriter) -> None:
    """Not HTTP."""
    writer.write(b"\x00\x01SSH-2.0-nothing\r\n\r\n")


@dataclass
class Receiver:
    """Where it listens, how it behaves by path (first that fits, else `behave`), what it got."""

    port: int = 0
    behave: Behave = field(default_factory=lambda: answers(204))
    by_path: dict[str, Behave] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/hook") -> str:
        return f"https://localhost:{self.port}{path}"

    def counts(self) -> Counter[str]:
        return Counter(one.id for one in self.got)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            got = Got(lines[0].split(" ")[1], headers, body, time.time())
            self.got.append(got)
            await self.by_path.get(got.path, self.behave)(got, writer)
        writer.close()


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the run, and the file that trusts it."""

    context: ssl.SSLContext
    file: Path


def authority(folder: Path) -> Authority:
    made = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    file = folder / "ca.pem"
    made.cert_pem.write_to_path(file)
    return Authority(context, file)


@contextmanager
def receiving(trusted: Authority, port: int = 0) -> Iterator[Receiver]:
    """A receiver for the length of the block, in a thread of its own; on IPv4 and, where there is one, IPv6 loopback."""
    receiver, loop, ready = Receiver(), asyncio.new_event_loop(), threading.Event()
    done = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(receiver.serve, "127.0.0.1", port, ssl=trusted.context)
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()
        await done.wait()
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
