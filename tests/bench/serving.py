"""GET /api/reserve of the real application, one worker on one core, against its own statement by pgbench on the same cores."""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from app import embedded
from parcels.sql import statement
from rules.law import LAW
from tests.bench.jobs import Place
from tests.bench.measure import Outcome, interleaved

CLIENTS = 4
SECONDS = 2.0
PATH = "/api/reserve"
SERVER = "import sys, uvicorn; from app.main import create_app; from app.settings import Settings; " + (
    "uvicorn.run(create_app(Settings()), host='127.0.0.1', port=int(sys.argv[1]), log_level='warning', access_log=False)"
)


def reserve(place: Place) -> list[Outcome]:
    """Requests per second, answered in full and answered by ETag (304), each against the raw statement."""
    rate = _pgbench(place)
    with _postgres_on(place, 1), _serving(place) as port, place.peak.watch():
        etag = _first(port)
        plain, tagged = _request(port), _request(port, f"If-None-Match: {etag}\r\n")
        full = interleaved(lambda: _rate(port, plain, b"200"), rate, place.runs)
        matched = interleaved(lambda: _rate(port, tagged, b"304"), rate, place.runs)
    return [
        Outcome("GET /api/reserve", "requests/s", *full, 0.25, False, place.runs),
        Outcome("the same, ETag matched (304)", "requests/s", *matched, 0.6, False, place.runs),
    ]


def _pgbench(place: Place) -> Callable[[], float]:
    """A function that measures transactions per second of the reserve's statement, prepared, by as many clients."""
    program, environment = embedded.program(place.home, "pgbench")
    url = place.engine.url
    command = [str(program), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", str(int(SECONDS))]
    command += ["-h", str(url.query["host"]), "-U", "landreserve_web", "-f"]

    def rate() -> float:
        with NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(_script())
            script.flush()
            done = subprocess.run(
                [*command, script.name, str(url.database)],
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
                timeout=60 + SECONDS,
                check=True,
            )
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        assert found, done.stdout
        return float(found[1])

    return rate


def _script() -> str:
    """The statement that the application runs for the total, its values written in."""
    now = datetime.now(UTC)
    limits = [limit * 10_000 for limit in LAW.on(now.date(), now)["reserve.size_classes_ha"].amounts]
    values = {
        ":known_at": f"'{now.isoformat()}'",
        ":limits": "'{" + ",".join(str(limit) for limit in limits) + "}'",
        ":on": f"'{now.date()}'",
    }
    lines = statement("reserve").text.splitlines()
    sql = " ".join(line.split("--")[0] for line in lines).replace("/* by */", "").replace("/* group */", "")
    for name, value in values.items():
        sql = re.sub(rf"(?<!:){name}\b", value, sql)
    return sql + ";\n"


@contextmanager
def _postgres_on(place: Place, core: int) -> Iterator[None]:
    """Keep the server's new sessions on one core, where there are several, as long as the block runs."""
    pid = embedded.status(place.home).pid
    before = os.sched_getaffinity(pid) if pid else set()
    if pid and core in before:
        os.sched_setaffinity(pid, {core})
    try:
        yield
    finally:
        if pid and core in before:
            os.sched_setaffinity(pid, before)


@contextmanager
def _serving(place: Place) -> Iterator[int]:
    """The application in a process of its own on core 0; its port. Waits until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    urls = embedded.urls(place.home)
    environment = {"LANDRESERVE_DATABASE_URL": urls.owner, "LANDRESERVE_WEB_DATABASE_URL": urls.web}
    child = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(port)],
        env={**os.environ, **environment},
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        os.sched_setaffinity(child.pid, {0})
        _wait(port, child)
        yield port
    finally:
        child.terminate()
        child.wait(timeout=30)


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert child.poll() is None, "the application ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the application does not answer")


def _request(port: int, extra: str = "") -> bytes:
    return f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n{extra}\r\n".encode()


def _first(port: int) -> str:
    """One answer in full; its ETag."""
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        line.sendall(_request(port))
        head = _answer(line)
    found = re.search(rb"\r\netag: ([^\r]+)", head, re.IGNORECASE)
    assert head.split()[1] == b"200", head
    assert found, head
    return found[1].decode()


def _answer(line: socket.socket) -> bytes:
    """The head of one whole answer from a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(line)
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    missing = (int(length[1]) if length else 0) - len(body)
    while missing > 0:
        missing -= len(_some(line))
    return head


def _some(line: socket.socket) -> bytes:
    part = line.recv(65_536)
    if not part:
        raise ConnectionError("the application closed the connection")
    return part


def _rate(port: int, request: bytes, status: bytes) -> float:
    """Answers per second over some connections that each ask again as soon as they are answered."""
    with selectors.DefaultSelector() as ready:
        lines = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(CLIENTS)]
        for line in lines:
            ready.register(line, selectors.EVENT_READ)
            line.sendall(request)
        answered, began = 0, time.perf_counter()
        while time.perf_counter() < began + SECONDS:
            for key, _ in ready.select(timeout=30):
                line = lines[[one.fileno() for one in lines].index(key.fd)]
                head = _answer(line)
                assert head.split()[1] == status, head
                answered += 1
                line.sendall(request)
        taken = time.perf_counter() - began
        for line in lines:
            line.close()
    return answered / taken
