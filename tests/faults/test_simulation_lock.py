"""A simulation beside writers: it holds nobody up for long, waits for nobody for long, and leaves nothing, even when killed."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import problems
from parcels import db, ledger, register, simulation
from parcels.edits import Span
from parcels.limits import OutOfTimeError
from parcels.simulation import Question, RegisterBusyError
from parcels.tried import Kind, Land, Step
from tests.conftest import key, square
from tests.faults.own import engine_of, fingerprint, own_database
from tests.little_worlds import holding, parcel, zone

AT = datetime(2026, 5, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY, LATER = date(2026, 6, 1), NOW + timedelta(days=9)
COUNT = 6


@pytest.fixture
def town(cluster):
    """Six parcels that count, a hectare each."""
    with own_database(cluster) as urls, engine_of(urls.owner) as engine, engine_of(urls.web) as web:
        with db.sessions(engine)() as session:
            rows = {
                "parcels": [parcel(n, square(100 * n, 0)) for n in range(COUNT)],
                "zones": [zone(geom=square(0, 0, 100 * COUNT, 100))],
                "holdings": [holding(n) for n in range(COUNT)],
            }
            for layer, stated in rows.items():
                register.edit(session, layer, stated, AT, "test", None)
                session.commit()
        yield urls, engine, db.sessions(web)


def sale(*numbers):
    land = Land(tuple(key(n) for n in numbers))
    step = Step(0, Kind.SELL, Span(DAY, None), land)
    return Question((step,), DAY, DAY, date(2027, 6, 1))


def sold(sessions, number):
    """Really sold, by a session of its own."""
    with sessions() as session:
        register.edit(session, "holdings", [holding(number, disposition="sold")], NOW, "test", None)
        session.commit()


def untouched(engine, before):
    assert fingerprint(engine) == before
    with db.sessions(engine)() as session:
        assert ledger.verify(session, LATER) == ledger.Difference([], [])


def test_nothing_stays_even_if_the_caller_commits(town):
    _, engine, sessions = town
    before = fingerprint(engine)
    with sessions() as session:
        assert simulation.run(session, sale(1, 2), NOW).after.total.net_m2 == 40_000
        session.commit()
    untouched(engine, before)


def test_a_sale_waits_for_a_simulation_only_as_long_as_it_may_hold(town, monkeypatch):
    """Made to last for ever while it holds the lock, it is ended, and the sale behind it is recorded by its own limit of 2 s."""
    _, _, sessions = town
    holds, failed = threading.Event(), []

    def endless(session, _):
        holds.set()
        while True:
            session.execute(text("SELECT pg_sleep(0.05)"))

    with sessions() as session:
        assert session.execute(
            text("SELECT :hold * interval '1 s' < current_setting('lock_timeout')::interval"),
            {"hold": simulation.HOLD_S},
        ).scalar_one()
    monkeypatch.setattr(simulation, "HOLD_S", 0.5)
    monkeypatch.setattr(simulation.changes, "turned", endless)

    def simulate():
        with sessions() as session:
            try:
                simulation.run(session, sale(1), NOW)
            except OutOfTimeError as ended:
                failed.append(ended)

    thread = threading.Thread(target=simulate)
    thread.start()
    assert holds.wait(20)
    sold(sessions, 2)
    thread.join(20)
    assert len(failed) == 1
    monkeypatch.undo()
    with sessions() as session:
        found = simulation.run(session, sale(1), NOW)
    assert (found.before.total.net_m2, found.after.total.net_m2) == (50_000, 40_000)


def test_it_gives_up_behind_a_writer_that_stays(town, monkeypatch):
    _, engine, sessions = town
    monkeypatch.setattr(simulation, "WAIT_S", 0.2)
    before = fingerprint(engine)
    with sessions() as writer, sessions() as session:
        writer.execute(text("SELECT FROM register FOR UPDATE"))
        with pytest.raises(RegisterBusyError):
            simulation.run(session, sale(1), NOW)
    untouched(engine, before)


def test_what_was_recorded_meanwhile_is_in_the_answer(town, monkeypatch):
    """Another sale is recorded after the plan was made and before the lock was taken: the plan is made anew."""
    _, _, sessions = town
    lock, overtaken = simulation._lock, []

    def late(session, recorded_at):
        if not overtaken:
            overtaken.append(True)
            sold(sessions, 2)
        lock(session, recorded_at)

    monkeypatch.setattr(simulation, "_lock", late)
    with sessions() as session:
        found = simulation.run(session, sale(1, 2), NOW)
    assert (found.before.total.net_m2, found.after.total.net_m2) == (50_000, 40_000)


def test_sales_and_simulations_at_once(town):
    """Each sale is recorded, each simulation sees a state between two sales, and the ledger is as a rebuild would have it."""
    _, _, sessions = town
    answers, failures = [], []

    def try_sales():
        for _ in range(8):
            with sessions() as session:
                try:
                    found = simulation.run(session, sale(0), NOW)
                    answers.append((found.before.total.net_m2, found.after.total.net_m2))
                except RegisterBusyError:
                    answers.append(None)

    def sell():
        try:
            for number in range(1, COUNT):
                sold(sessions, number)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=job) for job in (try_sales, try_sales, sell)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(answers) == 16
    assert {before - after for before, after in filter(None, answers)} == {10_000}
    with sessions() as session:
        assert simulation.run(session, sale(0), NOW).before.total.net_m2 == 10_000
        assert ledger.verify(session, LATER) == ledger.Difference([], [])


def test_a_connection_that_is_lost_while_it_holds_the_lock(town, monkeypatch):
    """The caller is told that, and not some fault that follows from it."""
    _, engine, sessions = town
    before = fingerprint(engine)

    def lost(session, _):
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(simulation.changes, "turned", lost)
    with pytest.raises(DBAPIError) as failure, sessions() as session:
        simulation.run(session, sale(1), NOW)
    assert failure.value.connection_invalidated
    assert problems.of(failure.value).slug == "database-unavailable"
    untouched(engine, before)


CHILD = """
import sys, time
from datetime import UTC, datetime
from parcels import db, simulation
from tests.faults.test_simulation_lock import NOW, sale

def endless(session, _):
    print("holds", flush=True)
    time.sleep(60)

simulation.changes.turned = endless
simulation.HOLD_S = 60
with db.sessions(db.engine(sys.argv[1]))() as session:
    simulation.run(session, sale(1), NOW)
"""


def test_killed_while_it_holds_the_lock_it_leaves_nothing(town):
    urls, engine, sessions = town
    before = fingerprint(engine)
    with subprocess.Popen([sys.executable, "-c", CHILD, urls.web], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"holds\n"
        os.kill(child.pid, signal.SIGKILL)
    sold(sessions, 2)
    with sessions() as session:
        assert simulation.run(session, sale(1), NOW).after.total.net_m2 == 40_000
    assert fingerprint(engine)["recording"][0] == before["recording"][0] + 1


def test_one_that_hangs_while_it_holds_the_lock_loses_its_connection(town, monkeypatch):
    """Stopped as a whole, it cannot end itself: the database does, sooner than a request that hangs."""
    urls, engine, sessions = town
    before = fingerprint(engine)
    with subprocess.Popen([sys.executable, "-c", CHILD, urls.web], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"holds\n"
        os.kill(child.pid, signal.SIGSTOP)
        with sessions() as session:
            session.execute(text("SET LOCAL lock_timeout = '12s'"))
            session.execute(text("SET LOCAL statement_timeout = '30s'"))
            session.execute(text("SELECT FROM register FOR UPDATE"))
        os.kill(child.pid, signal.SIGKILL)
    untouched(engine, before)
