"""The schema's way from nothing to today and back: repeatable, one starter at a time, killable at any statement."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from parcels import db
from tests.faults.own import engine_of, own_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty(cluster):
    with own_database(cluster, migrated=False) as urls, engine_of(urls.owner) as engine:
        yield urls, engine


MIGRATE = "import sys; from parcels import db; db.migrate(db.engine(sys.argv[1]))"

SCHEMA = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('geometry_columns', 'geography_columns')
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'
UNION ALL SELECT 'trigger ' || tgname || ' ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'check ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
          WHERE connamespace = 'public'::regnamespace AND conrelid <> 'spatial_ref_sys'::regclass
UNION ALL SELECT 'function ' || proname || ' ' || proparallel::text || ' ' || md5(prosrc) FROM pg_proc f
          WHERE pronamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e')
UNION ALL SELECT 'right ' || table_name || ' ' || grantee || ' ' || privilege_type FROM information_schema.role_table_grants
          WHERE table_schema = 'public' AND grantee LIKE 'landreserve%'
ORDER BY 1
"""


def schema(engine):
    with engine.connect() as connection:
        return list(connection.scalars(text(SCHEMA)))


def version(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT to_regclass('alembic_version')::text")).scalar_one() and (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        )


def healthy(engine):
    """At the head, as the models say, without a broken index, and the register's one row there."""
    db.drift(engine)
    with engine.connect() as connection:
        assert (
            connection.scalars(text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")).all() == []
        )
        assert connection.execute(text("SELECT id, fictitious FROM register")).all() == [(1, False)]


def downgrade(engine, revision):
    from alembic import command

    with engine.connect() as connection:
        command.downgrade(db._config(connection), revision)


def test_from_nothing_and_again_and_down_and_up(empty):
    _, engine = empty
    nothing = schema(engine)
    db.migrate(engine)
    made = schema(engine)
    healthy(engine)
    db.migrate(engine)
    assert schema(engine) == made
    downgrade(engine, "base")
    assert [line for line in schema(engine) if "alembic_version" not in line] == nothing
    db.migrate(engine)
    assert schema(engine) == made
    healthy(engine)


def test_one_step_down_and_up(empty):
    _, engine = empty
    db.migrate(engine)
    made, head = schema(engine), version(engine)
    downgrade(engine, "-1")
    assert version(engine) != head
    db.migrate(engine)
    assert (schema(engine), version(engine)) == (made, head)


@pytest.mark.parametrize("revision", ["0002", "0003"])
def test_each_step_back_leaves_what_was_there(empty, revision):
    """Functions too, which later steps replace."""
    _, engine = empty
    db.migrate(engine, revision)
    made = schema(engine)
    db.migrate(engine)
    assert schema(engine) != made
    downgrade(engine, revision)
    assert schema(engine) == made


SUBSCRIBED = """
INSERT INTO subscription (channel, target, language, kinds, series, districts, least, secret, owner, created_by, created_at)
SELECT channel, channel, 'de', '{}', '{}', '{}', 'warning', secret, 'owner', 'Leitstelle', '2026-11-20'
FROM (VALUES ('email', NULL), ('webhook', '\\x00'::bytea)) AS made (channel, secret)
"""


def test_addresses_of_before_are_confirmed_and_going_back_tells_nobody_who_has_not(cluster):
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        downgrade(engine, "0018")
        with engine.begin() as connection:
            connection.execute(text(SUBSCRIBED))
        db.migrate(engine)
        with engine.begin() as connection:
            kept = "SELECT channel, confirmed_at = created_at, vouched_by FROM subscription ORDER BY channel"
            assert connection.execute(text(kept)).all() == [("email", True, "Leitstelle"), ("webhook", None, None)]
            connection.execute(text(SUBSCRIBED))
            asked = "INSERT INTO delivery (subscription_id, created_at, due_at, confirms) VALUES (3, :at, :at, true)"
            connection.execute(text(asked), {"at": "2026-11-22"})
        downgrade(engine, "0018")
        with engine.connect() as connection:
            ended = "SELECT channel, target, deleted_at IS NOT NULL FROM subscription ORDER BY id"
            assert connection.execute(text(ended)).all() == [
                *[("email", "email", False), ("webhook", "webhook", False)],
                *[("email", "", True), ("webhook", "webhook", False)],
            ]
            assert connection.execute(text("SELECT state FROM delivery")).scalar_one() == "cancelled"


def test_starters_at_once(empty):
    urls, engine = empty
    starters = [subprocess.Popen([sys.executable, "-c", MIGRATE, urls.owner], cwd=ROOT) for _ in range(3)]
    assert [starter.wait(timeout=60) for starter in starters] == [0, 0, 0]
    healthy(engine)


def test_a_newer_schema_is_named(empty):
    _, engine = empty
    db.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(db.DatabaseUnfit, match="newer version"):
        db.migrate(engine)


MIGRATE_AND_DIE = """
import os, signal, sys
from sqlalchemy import event
from parcels import db

engine, left = db.engine(sys.argv[1]), int(sys.argv[2])

@event.listens_for(engine, "after_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

db.migrate(engine)
print(int(sys.argv[2]) - left)
"""


def run(url, statements):
    command = [sys.executable, "-c", MIGRATE_AND_DIE, url, str(statements)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.faults
def test_killed_at_any_statement_the_next_start_gets_there(cluster):
    with own_database(cluster, migrated=False) as urls, engine_of(urls.owner) as engine:
        done = run(urls.owner, 1_000_000)
        assert done.returncode == 0, done.stderr
        statements, made = int(done.stdout), schema(engine)
    assert statements > 40
    for place in (8, statements // 2, statements - 15, statements - 5):
        with own_database(cluster, migrated=False) as urls, engine_of(urls.owner) as engine:
            assert run(urls.owner, place).returncode == -signal.SIGKILL, place
            db.migrate(engine)
            assert schema(engine) == made, place
            healthy(engine)


@pytest.mark.faults
def test_a_writer_that_stays_does_not_make_others_wait_for_the_migration(empty):
    """A migration that waits for a lock gives up after three seconds and asks again; who stands behind it goes on."""
    urls, engine = empty
    db.migrate(engine)
    downgrade(engine, "0001")  # of what comes after, 0002 locks the parcels
    lock, done = text("LOCK TABLE parcel IN ROW EXCLUSIVE MODE"), threading.Event()

    def upgrade():
        db.migrate(engine)
        done.set()

    with engine_of(urls.owner) as other, other.connect() as stuck:
        stuck.execute(lock)
        thread = threading.Thread(target=upgrade)
        thread.start()
        try:
            assert not done.wait(1.5)
            with other.connect() as writer:
                writer.execute(text("SET statement_timeout = '6s'"))
                writer.execute(lock)
        finally:
            stuck.rollback()
            thread.join(timeout=60)
    assert done.is_set()
    healthy(engine)
