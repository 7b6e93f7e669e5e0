"""A table that is filled for the first time gets its indexes afterwards, and all it guarantees holds as before."""

from contextlib import nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from parcels import db
from parcels.filling import MANY, indexed_afterwards
from tests.conftest import AT, square
from tests.little_worlds import parcel

INSERT = """
INSERT INTO parcel (id, key, geom, area_m2, area_basis, content, valid, known) OVERRIDING SYSTEM VALUE
VALUES (:id, :key, :geom, 1, 'official', gen_random_uuid(), '[,)', tstzrange(:at, NULL))
"""


def indexes(session, table="parcel"):
    """What indexes and constraints of a table are called, and what they say."""
    return set(
        session.execute(
            text(
                """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
                WHERE indrelid = CAST(:t AS regclass)
                UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = CAST(:t AS regclass)"""
            ),
            {"t": table},
        ).all()
    )


def put(session, number, at=0):
    row = {"id": number, "key": f"02{at:07d}00001______", "geom": square(200 * at, 0), "at": AT}
    session.execute(text(INSERT), row)


def gone(session):
    return {"parcel_pkey", "ix_parcel_key", "ix_parcel_geom"}.isdisjoint(name for name, _ in indexes(session))


def test_indexes_are_made_once_the_rows_stand(session):
    before = indexes(session)
    with indexed_afterwards(session, "parcel", MANY):
        assert gone(session)
        put(session, 1)
        put(session, 2, at=1)
    assert indexes(session) == before
    session.execute(text("SET LOCAL enable_seqscan = off"))
    assert session.execute(
        text("SELECT id FROM parcel WHERE geom && CAST(:g AS geometry) AND upper_inf(known)"), {"g": square(0, 0)}
    ).all() == [(1,)]


def fill_with(session, *rows):
    with session.begin_nested(), indexed_afterwards(session, "parcel", MANY):
        for number, at in rows:
            put(session, number, at)


def test_an_identity_twice_is_refused_at_the_end(session):
    with pytest.raises(DBAPIError, match="parcel_pkey"):
        fill_with(session, (1, 0), (1, 1))


def test_parcels_that_overlap_in_time_are_refused_without_indexes_too(session):
    with pytest.raises(DBAPIError, match="recorded twice"):
        fill_with(session, (1, 0), (2, 0))


def test_what_others_refer_to_stays(session):
    with indexed_afterwards(session, "zone", MANY):
        assert "zone_pkey" in {name for name, _ in indexes(session, "zone")}


def test_indexes_stay_where_few_rows_come(session):
    with indexed_afterwards(session, "parcel", MANY - 1):
        assert not gone(session)


def test_indexes_stay_where_something_is_recorded(session, fill):
    fill("parcels", parcel())
    with indexed_afterwards(session, "parcel", MANY):
        assert not gone(session)


def test_indexes_stay_where_somebody_reads(session, engine):
    with engine.connect() as reader:
        reader.execute(text("SELECT FROM parcel"))
        with indexed_afterwards(session, "parcel", MANY):
            assert not gone(session)
            put(session, 1)


def test_indexes_stay_where_the_table_is_not_ones_own(database):
    if database[0] == database[1]:
        pytest.skip("one role for all")
    web = db.engine(database[1], pool_size=1)
    with Session(web) as session, indexed_afterwards(session, "parcel", MANY):
        assert not gone(session)
    web.dispose()


MANY_AT_ONCE = """
INSERT INTO parcel (key, geom, area_m2, area_basis, content, valid, known)
SELECT '02' || lpad(least(n, :last)::text, 7, '0') || '00001______', CAST(:geom AS geometry), 1, 'official',
       gen_random_uuid(), '[,)', tstzrange(:at, NULL)
FROM generate_series(:first, :first + 1000) n
"""


@pytest.mark.parametrize(
    ("statements", "refused"),
    [
        ([(0, 1000)], False),
        ([(0, 999)], True),  # the last two are of one key
        ([(0, 1000), (1001, 2001)], False),
        ([(0, 1000), (1000, 2000)], True),  # one of the first again
    ],
)
def test_of_many_parcels_those_recorded_twice_are_refused(session, statements, refused):
    *before, last = [{"first": first, "last": end, "geom": square(0, 0), "at": AT} for first, end in statements]
    for rows in before:
        session.execute(text(MANY_AT_ONCE), rows)
    with pytest.raises(DBAPIError, match="recorded twice") if refused else nullcontext():
        session.execute(text(MANY_AT_ONCE), last)
