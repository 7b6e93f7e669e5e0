"""What was said of a case, its assessments and steps stay as they were: the database says so, to everybody."""

from datetime import UTC, date, datetime

import pytest
from psycopg.errors import InsufficientPrivilege, RestrictViolation
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from parcels.conversion_tables import (
    Conversion,
    ConversionAssessment,
    ConversionStep,
    ConversionTrack,
    ConversionVersion,
)
from tests.conftest import key
from tests.faults.own import engine_of, own_database

AT = datetime(2026, 5, 1, tzinfo=UTC)
TABLES = ("conversion", "conversion_version", "conversion_assessment", "conversion_step", "conversion_track")


def case(session):
    """A case with one of everything, as the web role writes it."""
    made = Conversion(reference="N/61-1", created_at=AT, actor="test")
    session.add(made)
    session.flush()
    said = {"recorded_at": AT, "actor": "test", "route": "B31_3", "purpose": "housing", "parcel_keys": [key(1)]}
    session.add(ConversionVersion(conversion_id=made.id, number=1, **said))
    session.flush()
    answered = {"law_version": "P31_3_V2", "rules_version": "1", "involvement": "check", "legal_review": False}
    answered |= {"version": 1, "on": date(2026, 5, 1), "known_at": AT, "facts": {}, "result": {}}
    session.add(ConversionAssessment(conversion_id=made.id, number=1, at=AT, actor="test", **answered))
    session.add(
        ConversionStep(conversion_id=made.id, at=AT, kind="entered", state="open", role="planner", actor="test")
    )
    session.add(ConversionTrack(conversion_id=made.id, code_sha256=b"1" * 32, created_at=AT, actor="test"))
    session.flush()
    return made.id


@pytest.fixture
def own(cluster):
    with own_database(cluster) as urls:
        with engine_of(urls.web) as engine, Session(engine) as session:
            case(session)
            session.commit()
        yield urls


def fails(url, statement, why):
    with engine_of(url) as engine, engine.connect() as connection, pytest.raises(DBAPIError) as refusal:
        connection.execute(text(statement))
    assert isinstance(refusal.value.orig, why), refusal.value


def test_nothing_of_a_case_is_rewritten_or_deleted(own):
    for table in TABLES:
        fails(own.owner, f"UPDATE {table} SET actor = 'somebody else'", RestrictViolation)
        fails(own.owner, f"DELETE FROM {table}", RestrictViolation)
        fails(own.web, f"UPDATE {table} SET actor = 'somebody else'", InsufficientPrivilege)
        fails(own.web, f"DELETE FROM {table}", InsufficientPrivilege)
        fails(own.web, f"TRUNCATE {table} CASCADE", InsufficientPrivilege)
    fails(own.owner, "UPDATE conversion_assessment SET result = '{}'", RestrictViolation)


def test_a_link_is_revoked_once(own):
    with engine_of(own.web) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE conversion_track SET revoked_at = '2026-06-01T00:00:00Z'"))
    fails(own.web, "UPDATE conversion_track SET revoked_at = '2026-07-01T00:00:00Z'", RestrictViolation)
    fails(own.web, "UPDATE conversion_track SET revoked_at = NULL", RestrictViolation)


@pytest.mark.parametrize(
    "said",
    [
        {"parcel_keys": None},
        {"parcel_keys": []},
        {"geom": "SRID=25832;MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))"},
        {"hearing_months": 1, "hearing_days": 14},
        {"decision": "granted"},
        {"decision": "perhaps", "decision_on": date(2026, 5, 1)},
        {"number": 1},
    ],
)
def test_a_version_says_one_thing(session, said):
    number = case(session)
    values = {"number": 2, "recorded_at": AT, "actor": "test", "route": "B31_3", "purpose": "housing"}
    values |= {"parcel_keys": [key(1)], **said}
    with pytest.raises(IntegrityError):
        session.execute(ConversionVersion.__table__.insert().values(conversion_id=number, **values))


def test_an_assessment_is_of_a_version_that_there_is(session):
    number = case(session)
    with pytest.raises(IntegrityError, match="fk_conversion_assessment_version"):
        session.execute(
            text(
                'INSERT INTO conversion_assessment (conversion_id, number, version, at, actor, "on", known_at, law_version, '
                "rules_version, involvement, legal_review, facts, result) VALUES (:id, 2, 9, :at, 'test', '2026-05-01', :at, "
                "'P31_3_V2', '1', 'check', false, '{}', '{}')"
            ),
            {"id": number, "at": AT},
        )
