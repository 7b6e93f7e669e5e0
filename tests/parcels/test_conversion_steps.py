"""Steps of a case as they are recorded: in order, one at a time, with a new version of the case where they state something."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import conversion_map, conversion_steps, conversion_tracks, conversions
from parcels.authors import Author, KeyReusedError, Sent
from parcels.conversion_steps import OvertakenError, StepOrder
from parcels.conversion_tables import Conversion, ConversionStep, ConversionTrack, ConversionVersion
from parcels.conversion_tracks import TrackUnknownError
from parcels.conversions import ConversionUnknownError
from parcels.edits import ValueRefusedError
from rules.conversion_facts import Hearing
from rules.conversion_steps import CaseState, StepKind, StepRefused
from tests.conftest import Fill, key, square
from tests.faults.own import engine_of, own_database
from tests.little_worlds import parcel, zone

AT = datetime(2026, 5, 1, 9, tzinfo=UTC)
DAY = date(2026, 5, 1)
WHO = Author("Erika Musterfrau", "planner", AT)


@pytest.fixture
def case(session: Session) -> int:
    """A case that was entered."""
    made = Conversion(reference="N/61-1", created_at=AT, actor="test")
    session.add(made)
    session.flush()
    said = {"recorded_at": AT, "actor": "test", "route": "B31_3", "purpose": "housing", "application_on": DAY}
    session.add(ConversionVersion(conversion_id=made.id, number=1, parcel_keys=[key(1)], **said))
    session.add(
        ConversionStep(conversion_id=made.id, at=AT, kind="entered", state="open", role="planner", actor="test")
    )
    session.flush()
    return made.id


def take(session: Session, case: int, kind: StepKind, on: date = DAY, **said):
    last = conversion_steps.steps(session, case)[-1].id
    who = replace(WHO, note=said.pop("note", None))
    sent = Sent("0a1b2c", said.pop("key", None), said.pop("fingerprint", "f"))
    return conversion_steps.take(session, case, StepOrder(kind, said.pop("after", last), on, **said), who, sent)


def test_a_step_is_recorded_with_its_author_and_the_state_after_it(session: Session, case: int) -> None:
    take(session, case, StepKind.BWI_INVOLVED, note="Anruf")
    taken = conversion_steps.steps(session, case)[-1]
    assert (taken.kind, taken.state, taken.role, taken.actor) == ("bwi_involved", "coordination", "planner", WHO.name)
    assert (taken.note, taken.details) == ("Anruf", {"on": "2026-05-01"})
    assert conversion_steps.state(session, case) is CaseState.COORDINATION


def test_a_step_that_does_not_follow_leaves_nothing(session: Session, case: int) -> None:
    with pytest.raises(StepRefused):
        take(session, case, StepKind.ESCALATED)
    assert [step.kind for step in conversion_steps.steps(session, case)] == ["entered"]


def test_whoever_was_overtaken_takes_no_step(session: Session, case: int) -> None:
    seen = conversion_steps.steps(session, case)[-1].id
    now = take(session, case, StepKind.GRANTED).step.id
    with pytest.raises(OvertakenError) as overtaken:
        take(session, case, StepKind.REFUSED, after=seen)
    assert overtaken.value.last_step == now


def test_a_repeated_step_is_the_one_that_was_taken(session: Session, case: int) -> None:
    seen = conversion_steps.steps(session, case)[-1].id
    first = take(session, case, StepKind.NOTE, key="k")
    again = take(session, case, StepKind.NOTE, after=seen, key="k")
    assert (again.step.id, again.repeated) == (first.step.id, True)
    with pytest.raises(KeyReusedError):
        take(session, case, StepKind.NOTE, key="k", fingerprint="other")


def test_steps_that_state_something_record_a_version_and_a_renewed_request_begins_anew(
    session: Session, case: int
) -> None:
    take(session, case, StepKind.REQUEST_RECEIVED, date(2026, 5, 4))
    take(session, case, StepKind.HEARING_SET, hearing=Hearing(months=1))
    take(session, case, StepKind.NOTE)
    take(session, case, StepKind.REFUSED, date(2026, 6, 1))
    last = conversions.versions(session, case, None)[-1]
    said = last.stated
    assert (last.number, said.request_received_on, said.hearing) == (4, date(2026, 5, 4), Hearing(months=1))
    assert (said.decision, said.decision_on, said.site.keys) == ("refused", date(2026, 6, 1), (key(1),))
    take(session, case, StepKind.REQUEST_RENEWED, date(2026, 7, 1))
    last = conversions.versions(session, case, None)[-1]
    said = last.stated
    assert (said.request_received_on, said.hearing, said.decision) == (date(2026, 7, 1), None, None)
    assert conversion_steps.state(session, case) is CaseState.OPEN


def test_a_request_is_renewed_after_the_one_before(session: Session, case: int) -> None:
    with pytest.raises(ValueRefusedError, match="No request"):
        take(session, case, StepKind.REQUEST_RENEWED)
    take(session, case, StepKind.REQUEST_RECEIVED)
    with pytest.raises(ValueRefusedError, match="after the one before"):
        take(session, case, StepKind.REQUEST_RENEWED)


def test_a_case_that_there_is_not(session: Session) -> None:
    for ask in (conversion_steps.hold, conversion_steps.steps):
        with pytest.raises(ConversionUnknownError):
            ask(session, 4711)


def test_two_steps_in_one_case_wait_for_each_other(cluster) -> None:
    with own_database(cluster) as urls, engine_of(urls.web) as engine, Session(engine) as one, Session(engine) as other:
        one.add(Conversion(reference="N/1", created_at=AT, actor="test"))
        one.commit()
        conversion_steps.hold(one, 1)
        other.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            conversion_steps.hold(other, 1)


def test_a_link_leads_to_its_case_until_it_is_renewed_or_revoked(session: Session, case: int) -> None:
    first = conversion_tracks.make(session, case, "test", AT)
    assert len(first) >= 43  # 256 bits
    assert conversion_tracks.find(session, first) == case
    assert conversion_tracks.since(session, case) == AT
    second = conversion_tracks.make(session, case, "test", AT)
    assert conversion_tracks.find(session, second) == case
    assert conversion_tracks.revoke(session, case, AT)
    assert not conversion_tracks.revoke(session, case, AT)
    assert conversion_tracks.since(session, case) is None
    for code in (first, second, "", "x", "x" * 10_000, "\udc80", "\x00"):
        with pytest.raises(TrackUnknownError):
            conversion_tracks.find(session, code)


def test_no_code_is_kept(session: Session, case: int) -> None:
    code = conversion_tracks.make(session, case, "test", AT)
    row = session.query(ConversionTrack).one()
    assert code.encode() not in row.code_sha256
    assert code not in str(session.execute(text("SELECT conversion_track::text FROM conversion_track")).scalars().all())


def test_the_map_shows_the_site_in_its_surroundings(session: Session, fill: Fill) -> None:
    fill("parcels", parcel(1), parcel(2, square(100, 0)), parcel(3, square(5_000, 0)))
    fill("zones", zone("Alt", square(-500, -500, 2_000), designation="GI"), zone("Neu", valid_from=date(2020, 1, 1)))
    fill("port", {"kind": "use", "geom": square(100, 0)})
    fill("sites_of_concern", {"ref": "P1", "name": "Werk", "kas18_class": "II", "geom": square(110, 10, 20)})
    frame = conversion_map.window(session, [key(1)], None, DAY, AT)
    assert frame is not None
    assert (frame.width, frame.height) == (250, 250)
    found = conversion_map.outlines(session, frame, [key(1)], None, DAY, AT)
    assert [(one.kind, one.name) for one in found] == [
        ("zone", "GI"),
        ("zone", "GE"),
        ("port", "use"),
        ("parcel", None),
        ("affected", key(1)),
        ("site", None),
        ("plant", "Werk"),
    ]
    assert found[5].path == "M 75 75 l 100 0 0 100 -100 0 z"
    assert (found[4].x, found[4].y) == (125, 125)
    drawn = conversion_map.outlines(session, frame, None, square(20, 20, 60), DAY, AT)
    assert [one.kind for one in drawn][-3:] == ["affected", "site", "plant"]
    assert conversion_map.window(session, [key(9)], None, DAY, AT) is None
