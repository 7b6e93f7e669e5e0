"""A database that writes dates, and a client that writes texts, in another way than usual, as an operator may have set it."""

from datetime import UTC, datetime

from sqlalchemy import text

from parcels import db, register
from tests.faults.own import engine_of, own_database

HOLDING = {"parcel_key": "020114___00001______", "site": "Försterei", "construction_possible_from": "2027-03-01"}


def stated(url):
    with engine_of(url) as engine, db.sessions(engine)() as session:
        amendment = register.edit(session, "holdings", [HOLDING], datetime.now(UTC), "test", None).amendment
        session.commit()
        return amendment.changed


def test_what_is_stated_again_changes_nothing_though_dates_and_texts_are_written_otherwise(cluster, monkeypatch):
    with own_database(cluster) as urls:
        assert stated(urls.owner)
        with engine_of(urls.owner) as engine, engine.begin() as connection:
            name = connection.execute(text("SELECT current_database()")).scalar_one()
            connection.execute(text(f"ALTER DATABASE {name} SET DateStyle = 'German'"))
        monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
        assert not stated(urls.owner)
