"""Two writers at once follow one another: both are recorded, none sees half of the other, readers never wait."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from parcels import db, ledger, queries, register
from tests.conftest import key, square
from tests.faults.own import engine_of, own_database
from tests.little_worlds import AVAILABLE

AT = datetime(2026, 5, 1, tzinfo=UTC)
DAY, LATER = date(2026, 6, 1), AT + timedelta(days=99)


@pytest.fixture
def sessions(cluster):
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        made = db.sessions(engine)
        with made() as session:
            rows = [{"key": key(n), "official_m2": 10_000, "geom": square(100 * n, 0)} for n in range(20)]
            register.edit(session, "parcels", rows, AT, "test", None)
            session.commit()
        yield made


def together(*jobs):
    """Run jobs at once, each in a thread; their results or the exceptions that ended them."""
    results, barrier = [None] * len(jobs), threading.Barrier(len(jobs))

    def run(number, job):
        barrier.wait(timeout=20)
        try:
            results[number] = job()
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def edit(sessions, layer, *rows, at=AT):
    def job():
        with sessions() as session:
            change = register.edit(session, layer, list(rows), at, "test", None)
            session.commit()
            return change

    return job


def check(sessions, recordings):
    with sessions() as session:
        assert ledger.verify(session, LATER) == ledger.Difference([], [])
        instants = session.scalars(text("SELECT at FROM recording ORDER BY id")).all()
        assert len(instants) == recordings
        assert list(instants) == sorted(set(instants))
        return queries.reserve(session, DAY, LATER)[0]


def test_a_plan_and_the_holdings_on_it_at_once(sessions):
    """Each alone counts nothing: only if the second to come sees the first do hectares come out."""
    zone = {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 2000, 100)}
    held = [{"parcel_key": key(n), **AVAILABLE} for n in range(20)]
    changes = together(edit(sessions, "zones", zone), edit(sessions, "holdings", *held))
    assert all(isinstance(change, register.Change) for change in changes), changes
    assert len({change.at for change in changes}) == 2
    assert check(sessions, 3).net_m2 == 200_000


def test_the_same_holding_at_once_leaves_one_of_them(sessions):
    edit(
        sessions, "zones", {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 2000, 100)}
    )()
    jobs = [edit(sessions, "holdings", {"parcel_key": key(1), **AVAILABLE, "site": f"Hof {n}"}) for n in range(6)]
    changes = together(*jobs)
    assert all(isinstance(change, register.Change) for change in changes), changes
    assert check(sessions, 8).net_m2 == 10_000
    with sessions() as session:
        spans = session.execute(text("SELECT lower(known), upper(known) FROM holding ORDER BY id")).all()
    assert [span[1] for span in spans] == [*(span[0] for span in spans[1:]), None]


def test_many_writers_of_many_parcels(sessions):
    edit(
        sessions, "zones", {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 2000, 100)}
    )()
    changes = together(*[edit(sessions, "holdings", {"parcel_key": key(n), **AVAILABLE}) for n in range(6)])
    assert all(isinstance(change, register.Change) for change in changes), changes
    assert check(sessions, 8).net_m2 == 60_000


def test_readers_do_not_wait_for_a_writer_and_see_nothing_of_it(sessions):
    with sessions() as writer, sessions() as reader:
        register.edit(writer, "holdings", [{"parcel_key": key(1), **AVAILABLE}], AT, "test", None)
        reader.execute(text("SET LOCAL statement_timeout = '2s'"))
        assert queries.reserve(reader, DAY, LATER)[0].unclear_m2 == 0
        writer.commit()
        assert queries.reserve(reader, DAY, LATER)[0].unclear_m2 == 10_000
