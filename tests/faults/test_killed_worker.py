"""Workers that are killed, stopped or many: each import is recorded exactly once, the register never in between."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app import imports, uploads
from parcels import db, ledger, run_queries, runs
from parcels.importing.store import LoadOptions
from parcels.run_queries import Seen
from tests.app.test_imports_cli import squares
from tests.faults.own import engine_of, fingerprint, own_database

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
WORKER = [sys.executable, "-m", "app", "worker"]


class Yard:
    """A database and a home, and workers over both."""

    def __init__(self, urls: Any, engine: Engine, home: Path) -> None:
        self.urls, self.engine, self.home = urls, engine, home

    def send(self, file: Path, layer: str = "parcels") -> int:
        with file.open("rb") as content:
            kept = uploads.store(self.home, file.name, content)
        order = runs.Order(layer, kept.name, "test", LoadOptions(), sha256=kept.sha256, upload=kept.folder)
        with db.sessions(self.engine)() as session:
            number = runs.queue(session, order, datetime.now(UTC))
            session.commit()
        return number

    def seen(self, number: int) -> Seen:
        with db.sessions(self.engine)() as session:
            return run_queries.find(session, number)

    @contextmanager
    def worker(self) -> Iterator["subprocess.Popen[bytes]"]:
        environment = {
            **os.environ,
            "LANDRESERVE_DATABASE_URL": self.urls.owner,
            "LANDRESERVE_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
        }
        with subprocess.Popen(WORKER, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    @contextmanager
    def register_held(self) -> Iterator[None]:
        """Another writer at the register: whoever imports has read the file, and waits in the midst of its transaction."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT FROM register FOR UPDATE"))
            yield
            connection.rollback()

    def waits_for_the_register(self) -> bool:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        with self.engine.connect() as connection:
            return bool(connection.execute(text(waiting)).scalar_one())

    def recordings(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM recording WHERE kind = 'import'")).scalar_one())


@pytest.fixture
def yard(cluster: Path | None, tmp_path: Path) -> Iterator[Yard]:
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        yield Yard(urls, engine, tmp_path / "home")


def until(what: Callable[[], Any], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def test_a_killed_worker_s_import_goes_on_by_itself_and_is_recorded_once(yard: Yard, tmp_path: Path) -> None:
    number = yard.send(squares(tmp_path / "a.geojson", 1, 2, 3))
    before = fingerprint(yard.engine)
    with yard.register_held(), yard.worker() as first:
        until(yard.waits_for_the_register)
        under_way = yard.seen(number)
        assert (under_way.state, under_way.run.attempt) == ("running", 1)
        assert (under_way.run.step, under_way.run.done) == ("reading", 3)
        first.kill()
        first.wait()
        until(lambda: yard.seen(number).state == "queued")  # nobody wrote that: its lock is gone
        with yard.worker() as second:
            until(lambda: yard.seen(number).run.attempt == 2)
            until(yard.waits_for_the_register)
            assert fingerprint(yard.engine) == before
            assert yard.seen(number).state == "running"
            second.kill()
    with yard.worker():
        until(lambda: yard.seen(number).state == "done")
        until(lambda: not list((yard.home / "uploads").iterdir()))
    done = yard.seen(number).run
    assert (done.attempt, done.rows_read, yard.recordings()) == (3, 3, 1)
    assert done.recording_id is not None


def test_a_file_that_kills_its_workers_is_given_up(yard: Yard, tmp_path: Path) -> None:
    number = yard.send(squares(tmp_path / "a.geojson", 1))
    with yard.register_held():
        for attempt in range(1, runs.TRIES + 1):
            with yard.worker() as process:
                until(lambda attempt=attempt: yard.seen(number).run.attempt == attempt)  # type: ignore[misc]
                until(yard.waits_for_the_register)
                process.kill()
                process.wait()
            until(lambda: yard.seen(number).state != "running")
    assert yard.seen(number).state == "failed"
    other = yard.send(squares(tmp_path / "b.geojson", 2))
    with yard.worker():
        until(lambda: yard.seen(other).state == "done")
    found = yard.seen(number)
    assert (found.state, found.run.refusal_kind, yard.recordings()) == ("failed", "given-up", 1)


def test_a_worker_that_is_told_to_stop_hands_its_run_back(yard: Yard, tmp_path: Path) -> None:
    number = yard.send(squares(tmp_path / "a.geojson", 1))
    with yard.register_held(), yard.worker() as process:
        until(yard.waits_for_the_register)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert time.monotonic() - began < 10
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    handed = yard.seen(number)
    assert (handed.state, handed.run.state, handed.run.attempt) == ("queued", "queued", 0)
    with yard.worker():
        until(lambda: yard.seen(number).state == "done")


def test_two_workers_never_take_one_run(yard: Yard, tmp_path: Path) -> None:
    numbers = [yard.send(squares(tmp_path / f"{n}.geojson", 10 * n, 10 * n + 1)) for n in range(6)]
    with yard.worker(), yard.worker():
        until(lambda: all(yard.seen(number).state == "done" for number in numbers), 80)
    assert [yard.seen(number).run.attempt for number in numbers] == [1] * 6
    assert yard.recordings() == 6


def test_what_was_sent_later_into_a_layer_does_not_overtake(yard: Yard, tmp_path: Path) -> None:
    """A small correction would be done before the large file that it corrects, which then had the last word."""
    file = squares(tmp_path / "a.geojson", 1)
    layers = ("plans", "parcels", "zones", "parcels", "holdings")
    plans, first, zones, second, holdings = [yard.send(file, layer) for layer in layers]
    taken = []
    with ExitStack() as workers:
        for _ in layers:
            session = workers.enter_context(imports.own_session(yard.engine))
            run = runs.claim(session, datetime.now(UTC))
            session.commit()
            taken.append(run and run.id)
    assert taken == [plans, first, holdings, None, None]
    with imports.own_session(yard.engine) as session:
        runs.fail(session, still(runs.claim(session, datetime.now(UTC))), "test", "test", datetime.now(UTC))
        session.commit()
        assert (
            still(runs.claim(session, datetime.now(UTC))).id == first
        )  # its worker is gone: it is taken up before the others
        session.commit()
    assert [yard.seen(number).state for number in (zones, second)] == ["queued", "queued"]


def still(run: Any) -> Any:
    assert run is not None
    return run


def test_a_worker_outlives_a_break_of_its_connection(yard: Yard, tmp_path: Path) -> None:
    number = yard.send(squares(tmp_path / "a.geojson", 1))
    end = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
    """
    with yard.worker() as process:
        with yard.register_held():
            until(yard.waits_for_the_register)
            with yard.engine.connect() as connection:
                connection.execute(text(end))
            until(lambda: yard.seen(number).run.attempt == 2)
        until(lambda: yard.seen(number).state == "done")
        assert process.poll() is None
    assert yard.recordings() == 1


def test_a_job_waits_for_its_turn_longer_than_somebody_at_a_terminal(yard: Yard, tmp_path: Path) -> None:
    """The owner's own lock timeout would end it; two imports at once follow one another instead."""
    with yard.engine.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET lock_timeout = '300ms'"))
    number = yard.send(squares(tmp_path / "a.geojson", 1))
    with yard.worker():
        with yard.register_held():
            until(yard.waits_for_the_register)
            time.sleep(1)
            assert yard.seen(number).state == "running"
        until(lambda: yard.seen(number).state == "done")


@pytest.mark.timeout(240)
def test_workers_killed_at_random_record_each_import_once(yard: Yard, tmp_path: Path) -> None:
    """Two at a time, each killed somewhere in its first try of an import; in the end the register is as if none had been."""
    chance = random.Random(20261122)  # noqa: S311 (places to kill at, no secret)
    numbers = [yard.send(squares(tmp_path / f"{n}.geojson", *range(10 * n, 10 * n + 5))) for n in range(5)]
    kills = 0
    while kills < 6:
        with yard.worker() as one, yard.worker() as other:
            until(lambda: in_its_first_try(yard, numbers) or all_done(yard, numbers), 80)
            time.sleep(chance.random() * 0.6)
            for process in (one, other):
                process.kill()
                process.wait()
        kills += 1
    with yard.worker():
        until(lambda: all_done(yard, numbers), 80)
        until(lambda: not list((yard.home / "uploads").iterdir()))
    assert [yard.seen(number).state for number in numbers] == ["done"] * 5
    assert yard.recordings() == 5
    with db.sessions(yard.engine)() as session:
        assert session.execute(text("SELECT count(*) FROM parcel")).scalar_one() == 25
        assert ledger.verify(session, datetime.now(UTC)) == ledger.Difference([], [])


def all_done(yard: Yard, numbers: list[int]) -> bool:
    return all(yard.seen(number).state not in ("queued", "running") for number in numbers)


def in_its_first_try(yard: Yard, numbers: list[int]) -> bool:
    """Whether an import runs for the first time, and none that was killed before waits or runs: three kills would give it up."""
    seen = [yard.seen(number) for number in numbers]
    again = any(one.state in ("queued", "running") and one.run.attempt > (one.state == "running") for one in seen)
    return not again and any(one.state == "running" for one in seen)
