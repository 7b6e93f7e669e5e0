"""Alerts and processes that die: each reaches its receiver at least once, and again only for what was under way at a death."""

import asyncio
import email
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from httpx2 import Client
from sqlalchemy import text

from app import clock, embedded
from app.bodies import SOLD
from parcels import db, delivering, register
from tests.app.conftest import Town, token
from tests.conftest import key, square
from tests.delivery.conftest import Post, settings_for
from tests.delivery.receiver import Authority, Receiver, answers, authority, receiving
from tests.delivery.test_mail import House
from tests.faults.own import engine_of, own_database
from tests.faults.test_killed_worker import until
from tests.faults.test_up_worker import answers as answering
from tests.little_worlds import holding

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
WORKER = [sys.executable, "-m", "app", "worker", "--only", "deliveries"]


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def receiver(trusted: Authority) -> Iterator[Receiver]:
    with receiving(trusted) as made:
        yield made


@pytest.fixture
def post(cluster: Path | None, trusted: Authority, receiver: Receiver, tmp_path: Path) -> Iterator[Post]:
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        yield Post(urls, engine, settings_for(urls, trusted, tmp_path / "home", receiver.port))


def environment(post: Post) -> dict[str, str]:
    settings = post.settings
    assert settings.secret_key is not None
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LANDRESERVE_")},
        "LANDRESERVE_DATABASE_URL": post.urls.owner,
        "LANDRESERVE_WEB_DATABASE_URL": post.urls.web,
        "LANDRESERVE_HOME": str(settings.home),
        "LANDRESERVE_SECRET_KEY": settings.secret_key.get_secret_value(),
        "LANDRESERVE_WEBHOOK_CA_FILE": str(settings.webhook_ca_file),
        "LANDRESERVE_DELIVERIES_KEPT_DAYS": "30",
        "LANDRESERVE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8,::1",
        "LANDRESERVE_WEBHOOK_ALLOWED_PORTS": ",".join(map(str, settings.webhook_allowed_ports)),
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def worker(post: Post) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(WORKER, cwd=ROOT, env=environment(post), stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def delivered(post: Post) -> int:
    return int(post.rows("SELECT count(*) FROM delivery WHERE state = 'delivered'")[0][0])


def raise_many(post: Post, count: int) -> set[str]:
    return {post.alert(str(uuid4())) for _ in range(count)}


@pytest.mark.timeout(240)
def test_workers_killed_at_random_lose_nothing(post: Post, receiver: Receiver) -> None:
    """A hundred alerts, two workers, each killed again and again: what a death may double is what was under way to a receiver."""
    chance = random.Random(20261122)  # noqa: S311 (instants to kill at, no secret)

    async def slowly(got: object, writer: object) -> None:
        await asyncio.sleep(0.02)
        await answers(200)(got, writer)  # type: ignore[arg-type]

    receiver.behave = slowly
    post.subscribe(receiver.url())
    uids = raise_many(post, 100)
    kills = 0
    while delivered(post) < 100 and kills < 12:
        begun = len(receiver.got)
        with worker(post) as one, worker(post) as other:
            until(lambda begun=begun: len(receiver.got) > begun or delivered(post) == 100, 60)  # type: ignore[misc]
            time.sleep(chance.random() * 0.4)
            for process in (one, other):
                process.send_signal(signal.SIGKILL)
                process.wait()
        kills += 2
    with worker(post):
        until(lambda: delivered(post) == 100, 60)
    counts = receiver.counts()
    assert set(counts) == uids
    assert kills > 2
    doubled = sum(counts.values()) - 100
    print(f"{kills} kills, {doubled} sent twice")
    assert doubled <= kills  # two die at a time, and two at most are under way to the receiver


def test_two_workers_send_once_what_one_would(post: Post, receiver: Receiver) -> None:
    post.subscribe(receiver.url("/a"))
    post.subscribe(receiver.url("/b"))
    with worker(post), worker(post):
        uids = raise_many(post, 60)
        until(lambda: delivered(post) == 120, 60)
    assert receiver.counts() == dict.fromkeys(uids, 2)
    assert {(got.path, got.id) for got in receiver.got} == {(path, uid) for path in ("/a", "/b") for uid in uids}


def test_a_worker_that_is_told_to_stop_ends_what_is_under_way(post: Post, receiver: Receiver) -> None:
    async def slowly(got: object, writer: object) -> None:
        await asyncio.sleep(1.5)
        await answers(200)(got, writer)  # type: ignore[arg-type]

    receiver.behave = slowly
    post.subscribe(receiver.url())
    with worker(post) as first:
        uids = raise_many(post, 4)
        until(lambda: len(receiver.got) == delivering.AT_ONCE)
        first.terminate()
        assert first.wait(20) == 0
    assert delivered(post) == delivering.AT_ONCE
    with worker(post):
        until(lambda: delivered(post) == 4)
    assert receiver.counts() == dict.fromkeys(uids, 1)


def test_the_process_that_raised_it_dies_after_the_commit(post: Post, receiver: Receiver) -> None:
    """Nobody has handed the alert out, and nobody was told: the worker that comes finds it in the table."""
    post.subscribe(receiver.url())
    script = (
        "import os, signal, sys; from datetime import *; from parcels import alerts, db; from rules.alerts import *\n"
        "with db.sessions(db.engine(sys.argv[1]))() as s:\n"
        "    alerts.raise_one(s, Kind.IMPORT_REJECTED, Severity.WARNING, '7', date(2026, 11, 22), datetime.now(UTC), {})\n"
        "    s.commit()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, post.urls.owner], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    with worker(post):
        until(lambda: len(receiver.got) == 1 and delivered(post) == 1)
    assert receiver.got[0].event["data"]["subject"] == "7"


def test_what_kills_its_worker_is_given_up_in_the_end(post: Post, receiver: Receiver) -> None:
    hook = post.subscribe(receiver.url())
    post.alert()
    post.round()
    with post.session() as session:
        dead = "UPDATE delivery SET state = 'pending', finished_at = NULL, attempts = 10, worker = 12345"
        session.execute(text(dead))
        session.commit()
    assert post.round() == 0
    assert (post.one(hook).state, post.one(hook).last_failure) == ("given_up", "worker-died")


def test_the_database_is_restarted_meanwhile(trusted: Authority, receiver: Receiver, tmp_path: Path) -> None:
    """What was under way when it went is not sent again by the same worker; what came later is delivered by it."""
    with embedded.temporary() as (home, urls):
        with engine_of(urls.owner) as engine:
            db.migrate(engine)
        with engine_of(urls.owner) as engine:
            post = Post(urls, engine, settings_for(urls, trusted, tmp_path / "home", receiver.port))

            async def slowly(got: object, writer: object) -> None:
                await asyncio.sleep(4)
                await answers(200)(got, writer)  # type: ignore[arg-type]

            receiver.by_path["/slow"] = slowly
            post.subscribe(receiver.url("/slow"))
            with worker(post) as process:
                first = post.alert("1")
                until(lambda: len(receiver.got) == 1)
                embedded.stop(home)
                time.sleep(1)
                embedded.start(home, lambda _: None)
                engine.dispose()
                second = post.alert("2")
                until(lambda: delivered(post) == 2, 60)
                assert process.poll() is None
            assert receiver.counts() == {first: 1, second: 1}


SENT_LONG_AGO = """
INSERT INTO delivery (subscription_id, state, created_at, due_at, finished_at)
SELECT s.id, 'delivered', at, at, at FROM subscription s CROSS JOIN unnest(CAST(:at AS timestamptz[])) at
"""


def test_the_worker_goes_with_the_days_and_forgets_what_was_sent_long_ago(post: Post, receiver: Receiver) -> None:
    """The line was last evaluated some days ago; the worker that starts catches up, and deletes what is kept for 30 days."""
    hook = post.subscribe(receiver.url())
    today = clock.day(clock.now())
    zone = {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0)}
    land = {"key": key(1), "official_m2": 10_000, "geom": square(0, 0)}
    with post.session() as session:
        for layer, row in (("parcels", land), ("zones", zone), ("holdings", holding(1))):
            register.edit(session, layer, [row], clock.now(), "test", None)
        session.execute(text("UPDATE reserve_line SET evaluated_on = evaluated_on - 3"))
        kept, gone = (clock.now() - timedelta(days=days) for days in (29, 31))
        session.execute(text(SENT_LONG_AGO), {"at": [kept, gone]})
        session.commit()
    with worker(post):
        until(lambda: post.rows("SELECT evaluated_on FROM reserve_line")[0][0] == today)
        until(lambda: gone not in {one.finished_at for one in post.sent(hook)})
    assert kept in {one.finished_at for one in post.sent(hook)}


def deliverers() -> list[int]:
    """The processes that deliver, of whoever started them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"deliveries" in line and b"--until-input-ends" in line:
            found.append(int(path.parent.name))
    return found


def of_ours(post: Post) -> list[int]:
    """Those among them that work on this test's database."""
    told = f"LANDRESERVE_DATABASE_URL={post.urls.owner}".encode()
    return [pid for pid in deliverers() if told in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")]


@contextmanager
def up(post: Post, **more: str) -> Iterator[Client]:
    """`landreserve up` over the post's database, and a planner who calls it."""
    port = free_port()
    shown = token(Town(post.urls.owner, post.urls.web), "planner")[1]
    command = [sys.executable, "-m", "app", "up", "--empty", "--port", str(port)]
    base, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {shown}"}
    environ = {**environment(post), **{f"LANDRESERVE_{name}": value for name, value in more.items()}}
    with (
        subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL) as process,
        Client(base_url=base, headers=headers, timeout=20) as client,
    ):
        try:
            until(lambda: answering(f"{base}/healthz"))
            yield client
        finally:
            process.terminate()
            process.wait(40)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def subscribe(client: Client, channel: str, target: str, **wanted: Any) -> str:
    made = client.post("/api/subscriptions", json={"channel": channel, "target": target, **wanted})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def land_of_120_ha(post: Post) -> None:
    """Two parcels of 60 ha: one sold, and the reserve is below its line."""
    zone = {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 2000, 600)}
    parcels = [{"key": key(n), "official_m2": 600_000, "geom": square(1000 * n, 0, 1000, 600)} for n in range(2)]
    with post.session() as session:
        for layer, rows in (("parcels", parcels), ("zones", [zone]), ("holdings", [holding(n) for n in range(2)])):
            register.edit(session, layer, rows, clock.now(), "test", None)
        session.commit()


def sell(client: Client, parcel: str) -> None:
    read = client.get(f"/api/parcels/{parcel}")
    body = {**SOLD, "valid_from": clock.day(clock.now()).isoformat()}
    done = client.put(f"/api/parcels/{parcel}/holding", json=body, headers={"If-Match": read.headers["ETag"]})
    assert done.status_code == 200, done.text


BASE = "https://reserve.hamburg.example"


@contextmanager
def mail_server(house: House, port: int) -> Iterator[None]:
    server = Controller(house, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()


def confirmed(client: Client, house: House) -> None:
    """Follow the links of all mails: a program that only opens them confirms nothing."""
    for envelope in house.got:
        (code,) = re.findall(rf"{BASE}(/confirm/[\w-]{{43}})\?", text_of(envelope))
        assert client.get(code).status_code == 200
        assert None in [
            one["confirmed_at"] for one in client.get("/api/subscriptions").json()["subscriptions"] if mailed(one)
        ]
        assert client.post(code).status_code == 200
    assert all(one["confirmed_at"] for one in client.get("/api/subscriptions").json()["subscriptions"] if mailed(one))
    house.got.clear()


def mailed(one: dict[str, Any]) -> bool:
    return bool(one["channel"] == "email")


def text_of(envelope: Any) -> str:
    found = email.message_from_bytes(envelope.original_content, policy=default)
    return str(found.get_body(("plain",)).get_content())  # type: ignore[attr-defined]


MAILED = """
SELECT d.state, d.attempts, d.last_failure FROM delivery d JOIN subscription s ON s.id = d.subscription_id
WHERE s.channel = 'email' AND NOT d.confirms
"""
SAID = {
    "de@hamburg.example": ("[Flächenreserve, kritisch] Unter dem Ziel: Reserve (netto)", "Es fehlen 40"),
    "en@hamburg.example": ("[Land reserve, critical] Below target: reserve (net)", "40 ha are missing"),
}


def test_up_delivers_and_starts_what_delivers_again(post: Post, receiver: Receiver) -> None:
    """A sale across the line while the mail server is down, and the process that delivers is killed before it comes back: each is
    told once, by webhook and by e-mail, under one id."""
    land_of_120_ha(post)
    port, house = free_port(), House()
    mail = {
        "SMTP_URL": f"smtp+plain://localhost:{port}",
        "MAIL_FROM": "landreserve@hamburg.example",
        "PUBLIC_URL": BASE,
    }
    mail["OPERATOR_MAIL"] = "betrieb@hamburg.example"  # nothing is found that he would be told
    with up(post, **mail) as client:
        hook = subscribe(client, "webhook", receiver.url())
        with mail_server(house, port):
            for address in SAID:
                subscribe(client, "email", address, language=address[:2], kinds=["below"], series=["net"])
            until(lambda: len(house.got) == len(SAID))
            confirmed(client, house)
        assert client.post(f"/api/subscriptions/{hook}/test").status_code == 202
        until(lambda: len(receiver.got) == 1)
        assert receiver.got[0].event["data"]["test"] is True
        (first,) = of_ours(post)
        sell(client, key(1))
        until(lambda: post.rows(MAILED) == [("pending", 1, "mail-server")] * 2)
        os.kill(first, signal.SIGKILL)
        with mail_server(house, port):
            uid = post.alert("1")
            until(lambda: receiver.counts()[uid] == 1)
            until(lambda: post.rows(MAILED) == [("delivered", 2, None)] * 2, 60)
        assert of_ours(post) != [first]
    until(lambda: of_ours(post) == [])
    (below,) = (
        got for got in receiver.got if got.event["data"].get("kind") == "below" and got.event["subject"] == "net"
    )
    assert sorted(envelope.rcpt_tos for envelope in house.got) == [[address] for address in SAID]
    for envelope in house.got:
        (address,) = envelope.rcpt_tos
        found = email.message_from_bytes(envelope.original_content, policy=default)  # type: ignore[arg-type]
        title, sentence = SAID[address]
        assert found["Subject"].startswith(title)
        assert found["Message-ID"].strip().startswith(f"<{below.id}.")
        for kind in ("plain", "html"):
            assert sentence in found.get_body((kind,)).get_content()
