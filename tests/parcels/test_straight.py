"""Statements run by the driver itself answer and fail as those of the session do."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from parcels import db, straight


def test_a_statement_sees_the_session_s_transaction(session):
    session.execute(
        text("CREATE TEMP TABLE mine (n int, said text) ON COMMIT DROP; INSERT INTO mine VALUES (1, 'a:b'), (2, '%')")
    )
    query = straight.for_driver(
        "SELECT n, said FROM mine WHERE n = ANY (CAST(:wanted AS int[])) AND said LIKE '%' ORDER BY n"
    )
    found = straight.rows(session, query, {"wanted": [1, 2]})
    assert [(row.n, row.said) for row in found] == [(1, "a:b"), (2, "%")]
    assert straight.one(session, query, {"wanted": [2]}).said == "%"
    with pytest.raises(ValueError, match="unpack"):
        straight.one(session, query, {"wanted": []})


def test_a_refusal_is_the_session_s_own_and_leaves_it_usable(session):
    insert = straight.for_driver("INSERT INTO register (id) VALUES (:id) RETURNING id")
    with pytest.raises(IntegrityError, match="register_pkey") as refusal, session.begin_nested():
        straight.rows(session, insert, {"id": 1})
    assert refusal.value.orig.sqlstate == "23505"
    assert not refusal.value.connection_invalidated
    assert session.execute(text("SELECT count(*) FROM register")).scalar_one() == 1


def test_a_connection_that_is_lost_is_given_up_and_the_next_one_works(database):
    engine = db.engine(database[0], pool_size=1)
    with db.sessions(engine)() as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with pytest.raises(DBAPIError) as loss:
            straight.rows(session, "SELECT pg_terminate_backend(%(pid)s)", {"pid": pid})
    assert loss.value.connection_invalidated
    with db.sessions(engine)() as session:
        assert straight.one(session, "SELECT 1 AS n", {}).n == 1
    engine.dispose()
