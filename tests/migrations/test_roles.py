"""The web role states, closes and derives; it rewrites nothing, deletes nothing, makes nothing and reaches no file."""

from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from parcels import alerts, changes, ledger, line, neighbours, overlays, parcels, plan_listing, queries, register, stock
from tests.conftest import key, square
from tests.faults.own import engine_of, own_database
from tests.little_worlds import holding

AT = datetime(2026, 5, 1, tzinfo=UTC)
DAY, LATER = date(2026, 6, 1), AT + timedelta(days=9)
FACTS = (
    "district",
    "parcel",
    "zone",
    "port_area",
    "deduction",
    "holding",
    "ledger",
    "plan",
    "pipeline_zone",
    "plan_mark",
    "sensitive_use",
    "site_of_concern",
    "overlay",
    "guidance",
)
STATED = {
    "districts": {"name": "Nord", "geom": square(0, 0, 400)},
    "parcels": {"key": key(1), "official_m2": 10_000, "geom": square(0, 0)},
    "zones": {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0)},
    "port": {"kind": "Gesamt", "geom": square(0, 0, 10)},
    "deductions": {"ref": "d", "kind": "road", "geom": square(50, 50, 10)},
    "holdings": holding(),
}


@pytest.fixture(scope="module")
def web(cluster):
    """An engine of the web role on a database where every layer has been stated, by that role."""
    with own_database(cluster) as urls, engine_of(urls.web) as engine:
        with Session(engine) as session:
            for layer, row in STATED.items():
                register.edit(session, layer, [row], AT, "test", None)
                session.commit()
        yield engine


def test_it_does_all_that_the_api_needs(web):
    with Session(web) as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == "landreserve_web"
        assert queries.reserve(session, DAY, LATER, ["district"])[0].net_m2 == 9_800
        register.edit(session, "holdings", [holding(cleared=False)], AT, "test", "note")
        number = alerts.listing(session)[0].id
        alerts.acknowledge(session, number, AT, "test", None)
        assert line.tick(session, LATER)
        assert queries.reserve(session, DAY, LATER)[0].net_m2 == 0
        assert len(changes.over_knowledge(session, DAY, AT, LATER)) == 2
        assert queries.series(session, date(2020, 1, 1), DAY, LATER)
        assert stock.on_day(session, DAY, LATER)[0].area_m2 == 9_900
        assert parcels.find(session, key(1), DAY, LATER).lines
        assert [plan.name for plan in plan_listing.listing(session, DAY, LATER)] == ["A"]
        assert len(parcels.history(session, key(1))) == 3
        assert neighbours.near(session, square(150, 0), DAY, LATER, "housing").impaired == "met"
        assert neighbours.sensitive(session, square(150, 0), DAY, LATER) == []
        assert {one.outcome for one in overlays.over(session, [key(1)], DAY, LATER)[key(1)]} == {"unknown"}
        assert parcels.version_tag(session, key(1))
        assert ledger.verify(session, LATER) == ledger.Difference([], [])
        session.rollback()
        assert queries.reserve(session, DAY, LATER)[0].net_m2 == 9_800


def refused(web, statement):
    with web.connect() as connection, pytest.raises(DBAPIError) as refusal:
        connection.execute(text(statement))
    assert isinstance(refusal.value.orig, InsufficientPrivilege), refusal.value


@pytest.mark.parametrize("table", FACTS)
def test_it_cannot_rewrite_history(web, table):
    refused(web, f"DELETE FROM {table}")
    refused(web, f"TRUNCATE {table}")
    refused(web, f"UPDATE {table} SET valid = daterange('2001-01-01', NULL)")
    refused(web, f"UPDATE {table} SET valid = NULL")
    refused(web, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    refused(web, f"DROP TRIGGER keep_history ON {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE parcel",
        "UPDATE recording SET actor = 'someone else'",
        "DELETE FROM recording",
        "UPDATE lineage SET shared_m2 = 1",
        "DELETE FROM lineage",
        "DELETE FROM register",
        "INSERT INTO plan_mark (plan, kind) VALUES ('A', 'ban')",
        "INSERT INTO site_of_concern (ref, kas18_class) VALUES ('A', 'none')",
        "INSERT INTO overlay_piece (fact_id) VALUES (1)",
        "DELETE FROM overlay_piece",
        "INSERT INTO register (id) VALUES (2)",
        "INSERT INTO guidance (document, file_id, valid, known) SELECT 'a', 1, 'empty', 'empty'",
        "UPDATE guidance SET known = 'empty'",
        "UPDATE guidance_rule SET result = 'permitted'",
        "DELETE FROM guidance_zone",
        "DELETE FROM guidance_file",
        "UPDATE alembic_version SET version_num = '1'",
        "INSERT INTO api_token (id, name, role, secret_sha256, created_at) VALUES ('x', 'x', 'admin', '', now())",
        "UPDATE api_token SET role = 'admin'",
        "UPDATE api_token SET revoked_at = NULL",
        "DELETE FROM api_token",
        "UPDATE subscription SET owner = 'x'",
        "DELETE FROM subscription",
        "UPDATE subscription SET vouched_by = 'x'",
        "UPDATE subscription_code SET until = 'infinity'",
        "DELETE FROM mail_sent",
        "UPDATE operator_mail SET unattended_told_at = NULL",
        "UPDATE delivery SET last_status = 200",
        "DELETE FROM delivery",
        "INSERT INTO alert_fanned_out (alert_id, at) VALUES (1, '2026-01-01')",
        "COPY parcel TO PROGRAM 'cat'",
        "COPY parcel FROM PROGRAM 'id'",
        "COPY parcel TO '/tmp/parcel'",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE EXTENSION dblink",
        "SET ROLE landreserve_owner",
        "ALTER ROLE landreserve_web SUPERUSER",
    ],
)
def test_it_cannot_reach_beyond_its_work(web, statement):
    refused(web, statement)


def test_its_statements_end(web):
    with web.connect() as connection:
        settings = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert settings == {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "15s"}
