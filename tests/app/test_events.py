"""Events over a real server: none lost, none twice, in order, whoever comes and goes and however transactions end."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app import embedded, events
from app.events import Hub
from app.main import create_app
from app.settings import Settings
from parcels import alerts, db, tokens
from rules.alerts import Kind, Severity
from tests.faults.own import engine_of, own_database

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class House:
    """A database of a test's own, and the address of a server over it."""

    urls: embedded.Urls
    engine: Engine
    app: FastAPI
    port: int

    def session(self) -> Session:
        return db.sessions(self.engine)()


def raise_in(session: Session, subject: str) -> int:
    number = alerts.raise_one(session, Kind.IMPORT_REJECTED, Severity.WARNING, subject, AT.date(), AT, {})
    assert number is not None
    return number


def told(house: House, subject: str = "1") -> int:
    """Raise an alert and commit it."""
    with house.session() as session:
        number = raise_in(session, subject)
        session.commit()
    return number


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            app.state.hub.closed = True
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def new_house(cluster: Path | None) -> Iterator[Callable[..., Any]]:
    @contextmanager
    def make(**settings: Any) -> Iterator[House]:
        with own_database(cluster) as urls, engine_of(urls.owner) as engine:
            app = create_app(Settings(database_url=SecretStr(urls.web), **settings))
            with serving(app) as port:
                yield House(urls, engine, app, port)

    return make


@pytest.fixture
def house(new_house: Callable[..., Any]) -> Iterator[House]:
    with new_house(pool_size=2) as made:
        yield made


@dataclass
class Event:
    """One block of the stream."""

    id: int | None
    data: dict[str, Any] | None
    comment: str | None


class Listener:
    """A connection that reads events; leaving closes it wherever it is."""

    def __init__(self, port: int, last: int | None = None, **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        said = {"Last-Event-ID": str(last)} if last is not None else {}
        self.connection.request("GET", "/api/events", headers={**said, **headers})
        self.answer = self.connection.getresponse()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self.connection.close()

    def block(self) -> Event | None:
        """The next block; None at the end."""
        found: dict[str, str] = {}
        while True:
            line = self.answer.readline().decode()
            if not line:
                return None
            if line == "\n":
                data = json.loads(found["data"]) if "data" in found else None
                return Event(int(found["id"]) if "id" in found else None, data, found.get(""))
            name, _, value = line.rstrip("\n").partition(": ")
            found[name.rstrip(":")] = value

    def event(self) -> Event:
        """The next event that tells something."""
        while True:
            block = self.block()
            assert block is not None, "the stream has ended"
            if block.data is not None:
                return block


def test_who_comes_now_hears_what_comes_now_and_may_go_on_from_there(house: House) -> None:
    before = told(house)
    with Listener(house.port, **{"Accept-Language": "en"}) as listener:
        assert listener.answer.status == 200
        assert listener.answer.headers["Content-Type"].startswith("text/event-stream")
        first = listener.block()
        assert first is not None
        assert (first.id, first.data) == (before, None)
        number = told(house, "2")
        event = listener.event()
    assert (event.id, event.data and event.data["number"]) == (number, number)
    assert event.data is not None
    assert event.data["title"] == "Import not taken in full: 2"
    missed = told(house, "3")
    with Listener(house.port, last=first.id) as again:
        assert [again.event().id, again.event().id] == [number, missed]


def test_a_burst_with_reconnects_and_transactions_that_end_in_any_order(house: House) -> None:
    """Four writers commit late, out of order, or not at all; the listener leaves in the middle, again and again."""
    chance, committed, lock = random.Random(7), [], threading.Lock()  # noqa: S311 (a story, no secret)
    plans = [[(chance.random() * 0.01, chance.random() < 0.2) for _ in range(40)] for _ in range(4)]

    def write(plan: list[tuple[float, bool]]) -> None:
        for wait, dropped in plan:
            with house.session() as session:
                number = raise_in(session, "1")
                threading.Event().wait(wait)
                if dropped:
                    session.rollback()
                else:
                    session.commit()
                    with lock:
                        committed.append(number)

    heard: list[int] = []
    with Listener(house.port) as listener:
        start = listener.block()
        assert start is not None
    writers = [threading.Thread(target=write, args=(plan,)) for plan in plans]
    for writer in writers:
        writer.start()
    last = start.id
    expected = sum(not dropped for plan in plans for _, dropped in plan)
    while len(heard) < expected:
        with Listener(house.port, last=last) as listener:
            for _ in range(min(chance.randint(1, 17), expected - len(heard))):
                event = listener.event()
                assert event.id is not None
                heard.append(event.id)
                last = event.id
    for writer in writers:
        writer.join()
    assert heard == sorted(committed)
    end = told(house)
    with Listener(house.port, last=last) as listener:
        assert listener.event().id == end


def test_no_number_is_told_before_a_lesser_one_that_may_still_come(house: House) -> None:
    hub = Hub(house.session, None)

    def look() -> list[int]:
        high, found = hub._look()
        hub._publish(high, found)
        return [alert.id for alert in found]

    assert look() == []
    with house.session() as slow, house.session() as lost, house.session() as idle:
        first = raise_in(slow, "slow")
        raise_in(lost, "lost")
        last = told(house, "quick")
        assert look() == []
        idle.execute(
            text("UPDATE alert SET resolved_at = resolved_at WHERE false")
        )  # holds the same lock, and came later
        lost.rollback()
        assert look() == []
        slow.commit()
        assert look() == [first, last]
        following = told(house, "next")
        assert look() == [following]  # no number is missing before it: nobody is waited for
        with house.session() as other:
            raise_in(other, "other")
            other.rollback()
        beyond = told(house, "beyond a gap")
        assert look() == []
        idle.rollback()
        assert look() == [beyond]


def test_many_listeners_share_one_connection_and_leave_the_pool_alone(house: House) -> None:
    listeners = [Listener(house.port) for _ in range(20)]
    try:
        assert all(listener.block() for listener in listeners)
        listens = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        with engine_of(house.urls.web) as web, web.connect() as connection:
            assert connection.execute(text(listens)).scalar_one() == 1
        number = told(house)
        assert {listener.event().id for listener in listeners} == {number}
        plain = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
        plain.request("GET", "/readyz")
        assert plain.getresponse().status == 200
    finally:
        for listener in listeners:
            listener.__exit__()


def test_when_nobody_tells_alerts_are_found_all_the_same(house: House) -> None:
    """The connection that hears is cut, and so is every other."""
    with Listener(house.port) as listener:
        listener.block()
        ends = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"""
        with engine_of(house.urls.web) as web, web.connect() as connection:
            assert connection.execute(text(ends)).all()
        number = told(house)
        assert listener.event().id == number


def test_who_comes_from_before_memory_reads_from_the_table(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 5)
    monkeypatch.setattr(events, "PAGE", 3)
    with Listener(house.port) as listener:
        listener.block()
        numbers = [told(house) for _ in range(20)]
        assert [listener.event().id for _ in numbers] == numbers
    for last in (0, numbers[0], numbers[13], numbers[14], numbers[15]):
        later = [number for number in numbers if number > last]
        with Listener(house.port, last=last) as listener:
            assert [listener.event().id for _ in later] == later


def test_the_line_is_kept_alive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.05)
    with Listener(house.port) as listener:
        while (first := listener.block()) is not None and first.id is None:
            assert first.comment == "ping"
        assert [listener.block() for _ in range(2)] == [Event(None, None, "ping")] * 2


def test_places_are_bounded_and_given_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.routes.events.READERS", 2)
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.05)
    with Listener(house.port) as one, Listener(house.port) as two:
        assert (one.answer.status, two.answer.status) == (200, 200)
        with Listener(house.port) as third:
            assert third.answer.status == 503
            assert third.answer.headers["Retry-After"] == "30"
            assert json.loads(third.answer.read())["type"] == "/problems/too-many-listeners"
    status = 0
    while status != 200:  # the places are free as soon as the server sees that the others have left
        with Listener(house.port) as again:
            status = again.answer.status


@pytest.mark.parametrize(
    ("last", "said"),
    [("x", "integer"), ("-1", "greater"), (str(2**63), "less"), ("7", "no alert of that number"), ("1e3", "integer")],
)
def test_a_last_event_that_cannot_be_is_refused(house: House, last: str, said: str) -> None:
    with Listener(house.port, **{"Last-Event-ID": last}) as listener:
        assert listener.answer.status == 422
        (error,) = json.loads(listener.answer.read())["errors"]
    assert said in error["message"]


def test_with_read_tokens_only_who_shows_one_listens(new_house: Callable[..., Any]) -> None:
    with new_house(read_requires_token=True) as house:
        with house.session() as session:
            _, shown = tokens.create(session, "Leser", "viewer", AT, None)
            session.commit()
        with Listener(house.port) as nobody:
            assert nobody.answer.status == 401
        with Listener(house.port, Authorization=f"Bearer {shown}") as reader:
            assert reader.answer.status == 200
            reader.block()


def test_after_an_hour_one_is_sent_back_and_misses_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LONGEST_S", 0.2)
    with Listener(house.port) as listener:
        start = listener.block()
        assert start is not None
        assert listener.block() is None
    number = told(house)
    with Listener(house.port, last=start.id) as listener:
        assert listener.event().id == number


@pytest.mark.faults
def test_a_service_that_is_told_to_stop_lets_its_listeners_go(cluster: Path | None, tmp_path: Path) -> None:
    """The stream ends as a stream does: had it been cut, http.client would say that the last chunk is missing."""
    with own_database(cluster) as urls:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        more = {"DATABASE_URL": urls.owner, "WEB_DATABASE_URL": urls.web, "HOME": str(tmp_path), "PORT": str(port)}
        environment = {**os.environ, **{f"LANDRESERVE_{name}": value for name, value in more.items()}}
        command = [sys.executable, "-m", "app", "up", "--empty", "--no-worker"]
        with subprocess.Popen(command, env=environment) as process:
            try:
                listener = _patiently(port, process)
                listener.block()
                process.send_signal(signal.SIGTERM)
                assert listener.block() is None
                assert process.wait(30) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
            finally:
                process.kill()


def _patiently(port: int, process: subprocess.Popen[bytes]) -> Listener:
    """A listener, as soon as somebody answers."""
    while process.poll() is None:
        try:
            return Listener(port)
        except ConnectionRefusedError:
            threading.Event().wait(0.1)
    raise AssertionError("the service has ended")


def test_days_of_alerts_are_plain_dates(house: House) -> None:
    told(house)
    with Listener(house.port, last=0) as listener:
        data = listener.event().data
    assert data is not None
    assert date.fromisoformat(data["on"]) == AT.date()
    assert data["raised_at"] == "2026-11-22T12:00:00Z"
