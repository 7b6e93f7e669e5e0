"""The service as `landreserve up` starts it: with a worker beside it that is started again when it falls, and ends with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from httpx2 import Client

from tests.app.conftest import Town, token
from tests.app.test_imports_cli import squares
from tests.faults.own import engine_of, own_database
from tests.faults.test_killed_worker import Yard, until

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]


class Service(NamedTuple):
    """`landreserve up` over a database of its own."""

    process: "subprocess.Popen[bytes]"
    client: Client
    yard: Yard

    def worker(self) -> int | None:
        """The process that `up` has started to work."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        found = [int(pid) for path in (children, *threads) for pid in path.read_text().split()]
        working = [pid for pid in found if b"--until-input-ends" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return working[0] if working else None

    def send(self, file: Path) -> int:
        answer = self.client.post(
            "/api/imports", files={"file": (file.name, file.read_bytes())}, data={"layer": "parcels"}
        )
        assert answer.status_code == 202, answer.text
        return int(answer.json()["id"])

    def state(self, number: int) -> str:
        return str(self.client.get(f"/api/imports/{number}").json()["state"])


@pytest.fixture
def served(cluster: Path | None, tmp_path: Path) -> Iterator[Service]:
    with own_database(cluster) as urls, engine_of(urls.owner) as engine, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        home = tmp_path / "home"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LANDRESERVE_")},
            **{"LANDRESERVE_DATABASE_URL": urls.owner, "LANDRESERVE_WEB_DATABASE_URL": urls.web},
            **{"LANDRESERVE_HOME": str(home), "LANDRESERVE_PORT": str(port), "PYTHONPATH": str(ROOT)},
        }
        command = [sys.executable, "-m", "app", "up", "--empty"]
        shown = token(Town(urls.owner, urls.web), "planner")[1]
        base = f"http://127.0.0.1:{port}"
        with (
            subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process,
            Client(base_url=base, headers={"Authorization": f"Bearer {shown}"}, timeout=20) as client,
        ):
            try:
                until(lambda: answers(f"{base}/healthz"))
                yield Service(process, client, Yard(urls, engine, home))
            finally:
                process.kill()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 (our own server)
            return bool(json.load(answer)["status"] == "ok")
    except OSError:
        return False


def gone(pid: int) -> bool:
    """Whether a process has ended, be it collected or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_sent_files_are_imported_and_answers_go_on_meanwhile(served: Service, tmp_path: Path) -> None:
    number = served.send(squares(tmp_path / "a.geojson", 1, 2))
    until(lambda: served.state(number) == "done")
    with served.yard.register_held():
        waiting = served.send(squares(tmp_path / "b.geojson", 3))
        until(lambda: served.state(waiting) == "running")
        until(served.yard.waits_for_the_register)
        began = time.monotonic()
        assert served.client.get("/api/reserve").status_code == 200
        assert time.monotonic() - began < 2
    until(lambda: served.state(waiting) == "done")


def test_a_killed_worker_is_started_again_and_takes_its_run_up(served: Service, tmp_path: Path) -> None:
    until(lambda: served.worker() is not None)
    first = served.worker()
    assert first is not None
    with served.yard.register_held():
        number = served.send(squares(tmp_path / "a.geojson", 1, 2))
        until(served.yard.waits_for_the_register)
        os.kill(first, signal.SIGKILL)
        until(lambda: served.worker() not in (None, first))
    until(lambda: served.state(number) == "done")
    assert served.yard.recordings() == 1
    assert served.yard.seen(number).run.attempt == 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_worker_ends_with_the_service(served: Service, how: signal.Signals, tmp_path: Path) -> None:
    """However the service ends, and though an import is under way; that waits for the next worker."""
    until(lambda: served.worker() is not None)
    working = served.worker()
    assert working is not None
    with served.yard.register_held():
        number = served.send(squares(tmp_path / "a.geojson", 1, 2))
        until(served.yard.waits_for_the_register)
        served.process.send_signal(how)
        served.process.wait(timeout=30)
        until(lambda: gone(working), 20)
    seen = served.yard.seen(number)
    assert (seen.state, seen.run.attempt) == ("queued", 0)
