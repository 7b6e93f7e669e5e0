"""How long after the commit of a sale its alert is received, by a webhook with TLS from a worker process of its own.

The peer does the same without a queue, a guard or a signature: a row with a trigger that notifies, a listener that posts.
"""

from __future__ import annotations

import http.client
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, text

from app import embedded, subscribing
from app.settings import Settings
from parcels import db, register
from parcels.subscriptions import Order
from tests.bench.jobs import Place
from tests.bench.measure import Outcome
from tests.conftest import key, square
from tests.delivery.receiver import Authority, Receiver, authority, receiving
from tests.little_worlds import holding

ROOT = Path(__file__).resolve().parents[2]
WORKER = [sys.executable, "-m", "app", "worker", "--only", "deliveries"]
NAME = "alerts"
PATIENCE_S = 30.0
BARE = """
CREATE TABLE bare_told (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE FUNCTION bare_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('bare', NEW.id::text); RETURN NULL; END $$;
CREATE TRIGGER bare_tell AFTER INSERT ON bare_told FOR EACH ROW EXECUTE FUNCTION bare_tell()
"""


def alert(place: Place) -> list[Outcome]:
    """The 95th percentile of both, sample by sample in turn."""
    samples = min(100, 20 * place.runs)
    with tempfile.TemporaryDirectory() as folder, _database(place) as (urls, engine):
        trusted = authority(Path(folder))
        with (
            receiving(trusted) as receiver,
            _worker(urls, trusted, receiver, Path(folder), engine) as sessions,
            _bare_listener(urls.owner, trusted, receiver),
        ):
            ours, peer = [], []
            for number in range(samples + 1):
                ours.append(_sale(sessions, receiver, sold=number % 2 == 0))
                peer.append(_bare(engine, receiver))
    p95 = (1000 * statistics.quantiles(side[1:], n=20)[-1] for side in (ours, peer))
    return [Outcome("alert received after the sale's commit, p95", "ms", *p95, None, True, samples)]


@contextmanager
def _database(place: Place) -> Iterator[tuple[Any, Engine]]:
    """A register of 100.5 ha of which one parcel of 20 ha is sold and given back: each crosses the line."""
    urls = embedded.create_database(place.home, NAME)
    engine = db.engine(urls.owner)
    try:
        db.migrate(engine)
        zone = {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 1000, 100)}
        areas = {0: 200_000, 1: 805_000}
        with db.sessions(engine)() as session:
            rows = {
                "parcels": [{"key": key(n), "official_m2": m2, "geom": square(100 * n, 0)} for n, m2 in areas.items()],
                "zones": [zone],
                "holdings": [holding(n) for n in areas],
            }
            for layer, stated in rows.items():
                register.edit(session, layer, stated, datetime.now(UTC), "bench", None)
            session.execute(text(BARE))
            session.commit()
        yield urls, engine
    finally:
        engine.dispose()
        embedded.drop_database(place.home, NAME)


@contextmanager
def _worker(urls: Any, trusted: Authority, receiver: Receiver, folder: Path, engine: Engine) -> Iterator[Any]:
    """A worker process, and sessions; it is there when it has delivered a first alert."""
    chosen = {
        "LANDRESERVE_DATABASE_URL": urls.owner,
        "LANDRESERVE_HOME": str(folder),
        "LANDRESERVE_WEBHOOK_CA_FILE": str(trusted.file),
        "LANDRESERVE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8,::1",
        "LANDRESERVE_WEBHOOK_ALLOWED_PORTS": str(receiver.port),
    }
    settings = Settings(home=folder, webhook_allowed_ports=frozenset({receiver.port}))
    sessions = db.sessions(engine)
    with sessions() as session:
        order = Order("webhook", receiver.url("/ours"), series=("net",), kinds=("below", "recovered"))
        subscribing.create(session, settings, order, "bench", "bench", datetime.now(UTC))
        session.commit()
    with subprocess.Popen(WORKER, cwd=ROOT, env={**os.environ, **chosen}, stderr=subprocess.DEVNULL) as process:
        try:
            for sold in (True, False):
                _sale(sessions, receiver, sold)
            yield sessions
        finally:
            process.kill()


def _sale(sessions: Any, receiver: Receiver, sold: bool) -> float:
    """Seconds from the commit of a sale (or of its reversal) to the whole message at the receiver."""
    seen = len(receiver.got)
    with sessions() as session:
        row = holding(0, disposition="sold" if sold else "free")
        register.edit(session, "holdings", [row], datetime.now(UTC), "bench", None)
        session.commit()
        committed = time.time()
    return _received(receiver, seen) - committed


def _bare(engine: Engine, receiver: Receiver) -> float:
    seen = len(receiver.got)
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO bare_told DEFAULT VALUES"))
        connection.commit()
        committed = time.time()
    return _received(receiver, seen) - committed


def _received(receiver: Receiver, seen: int) -> float:
    """When the next message came; never before it was looked for, since it is committed."""
    deadline = time.monotonic() + PATIENCE_S
    while len(receiver.got) == seen:
        if time.monotonic() > deadline:
            raise AssertionError("the alert was not received")
        time.sleep(0.0005)
    return receiver.got[seen].at


@contextmanager
def _bare_listener(url: str, trusted: Authority, receiver: Receiver) -> Iterator[None]:
    """Posts each notification at once, by the standard library."""
    context = ssl.create_default_context(cafile=str(trusted.file))
    connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    connection.execute("LISTEN bare")
    ending = threading.Event()

    def listen() -> None:
        while not ending.is_set():
            for told in connection.notifies(timeout=0.2):
                call = http.client.HTTPSConnection("localhost", receiver.port, context=context)
                call.request("POST", "/bare", told.payload.encode(), {"webhook-id": told.payload})
                call.getresponse().read()
                call.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(5)
        connection.close()
