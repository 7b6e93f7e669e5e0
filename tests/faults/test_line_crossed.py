"""Fifty sales at once across the line, and across the margin above it: each is told once, by the sale that passed it."""

from datetime import timedelta

import pytest

from parcels import alerts, db, queries, register
from rules.alerts import Kind
from tests.conftest import key, square
from tests.faults.own import engine_of, own_database
from tests.faults.test_two_writers import AT, DAY, LATER, edit, together
from tests.little_worlds import holding

SALES = 50


@pytest.fixture
def sessions(cluster):
    """60 parcels of 2 ha each: 120 ha."""
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        made = db.sessions(engine)
        zone = {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 6000, 100)}
        rows = {
            "parcels": [{"key": key(n), "official_m2": 20_000, "geom": square(100 * n, 0)} for n in range(60)],
            "zones": [zone],
            "holdings": [holding(n) for n in range(60)],
        }
        with made() as session:
            for layer, stated in rows.items():
                register.edit(session, layer, stated, AT, "test", None)
            session.commit()
        yield made


def test_concurrent_sales_across_the_line_give_one_alert(sessions):
    jobs = [edit(sessions, "holdings", holding(n, disposition="sold"), at=AT) for n in range(SALES)]
    changes = together(*jobs)
    recorded = {change.recording: change for change in changes}
    assert len(recorded) == SALES
    with sessions() as session:
        for kind in (Kind.NEAR, Kind.BELOW):
            assert sorted(one.subject for one in alerts.listing(session, kinds=[kind])) == ["free", "net"]
        below = next(one for one in alerts.listing(session, kinds=[Kind.BELOW]) if one.subject == "net")
        at = recorded[below.recording].at
        before, after = (queries.reserve(session, DAY, when)[0].net_m2 for when in (at - timedelta(microseconds=1), at))
        assert (before, after) == (1_000_000, 980_000)
        assert queries.reserve(session, DAY, LATER)[0].net_m2 == 200_000


def test_a_sale_that_is_rolled_back_has_told_nothing(sessions):
    with sessions() as session:
        register.edit(session, "holdings", [holding(n, disposition="sold") for n in range(30)], AT, "test", None)
        assert alerts.listing(session)
        session.rollback()
        assert alerts.listing(session) == []
