"""Cases as they are recorded: versions, states, lists as known at an instant, assessments kept, comparable cases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, text

from parcels import assessing, conversions, effects
from parcels import conversion_assessments as assessments
from parcels.affected import taken
from parcels.authors import Author, KeyReusedError, Sent, sent_before
from parcels.conversion_assessments import Answered
from parcels.conversion_tables import Conversion, ConversionStep
from parcels.conversions import ConversionUnknownError, Stated, Wanted
from parcels.sites import Site, place
from rules.conversions import Hearing, Planning, Purpose, Route
from rules.deadlines import Request
from rules.facts import Outcome
from rules.law import LAW
from tests.conftest import key, square
from tests.little_worlds import holding, parcel, zone

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
DAY, LATER = date(2026, 6, 1), AT + timedelta(days=200)
STATED = Stated(
    Route.B31_3,
    Purpose.HOUSING,
    Site((key(1), key(2))),
    planning=Planning.BPLAN,
    housing_share=Decimal("0.25"),
    district="Nord",
    application_on=date(2026, 1, 2),
    hearing=Hearing(days=14),
)
ANSWERED = Answered(
    version=1,
    on=DAY,
    known_at=AT,
    law_version="P31_3_V2",
    rules_version="1-0",
    involvement="check",
    legal_review=False,
    consent_deadline=date(2026, 5, 1),
    bwi_deadline=None,
    facts={"route": "B31_3"},
    plans=[("Plan 1", "GE")],
    result={"de": {"involvement": "check"}, "en": {"involvement": "check"}},
)


def author(days=0, **said):
    return Author(**{"name": "Frau Muster", "role": "planner", "at": AT + timedelta(days=days), **said})


def enter(session, days=0, stated=STATED, reference="N/61-1", sent=None):
    return conversions.enter(session, reference, stated, author(days), sent)


def test_what_is_entered_is_found(session):
    number = enter(session)
    found = conversions.find(session, number, LATER)
    assert (found.reference, found.state, found.version.stated) == ("N/61-1", "open", STATED)
    assert (found.assessment, found.involvement) == (None, None)


def test_an_outline_is_found_as_it_was_drawn(session):
    outline = session.execute(text("SELECT ST_AsHEXEWKB(CAST(:g AS geometry))"), {"g": square(0, 0)}).scalar_one()
    stated = replace(STATED, site=Site(outline=outline), hearing=Hearing(months=1))
    assert conversions.find(session, enter(session, stated=stated), LATER).version.stated == stated


def test_an_amendment_leaves_what_was_said_before(session):
    number = enter(session)
    made = conversions.amend(session, number, {"request_received_on": date(2026, 2, 3)}, author(2, note="Ersuchen"))
    assert (made.number, made.note) == (2, "Ersuchen")
    before, after = conversions.versions(session, number, LATER)
    assert (before.stated.request_received_on, after.stated.request_received_on) == (None, date(2026, 2, 3))
    assert after.stated == replace(STATED, request_received_on=date(2026, 2, 3))
    then = conversions.find(session, number, AT + timedelta(days=1))
    assert then.version.number == 1
    assert conversions.find(session, number, LATER).version == made


def test_the_same_said_again_is_no_version(session):
    number = enter(session)
    assert conversions.amend(session, number, {"application_on": date(2026, 1, 2)}, author(2)).number == 1
    assert len(conversions.versions(session, number, None)) == 1


def test_knowledge_does_not_run_backwards(session):
    number = enter(session, days=5)
    made = conversions.amend(session, number, {"decision_on": date(2026, 3, 1), "decision": "granted"}, author(1))
    assert made.recorded_at == AT + timedelta(days=5)
    assert conversions.last_at(session) == made.recorded_at


def test_what_nobody_entered(session):
    number = enter(session)
    for ask in (conversions.find, conversions.versions):
        with pytest.raises(ConversionUnknownError):
            ask(session, number + 1, LATER)
        with pytest.raises(ConversionUnknownError):
            ask(session, number, AT - timedelta(days=1))
    with pytest.raises(ConversionUnknownError):
        conversions.amend(session, number + 1, {}, author())


def test_lists_by_district_involvement_and_state(session):
    one, two = enter(session), enter(session, 1, replace(STATED, district="Altona"))
    assessments.keep(session, one, ANSWERED, author(2))

    def numbers(known_at=LATER, **wanted):
        return [case.id for case in conversions.listing(session, known_at, Wanted(**wanted)) if case.id >= one]

    assert numbers() == [two, one]
    assert numbers(limit=1) == [two]
    assert numbers(before=two) == [one]
    assert numbers(district="Altona") == [two]
    assert numbers(involvement="check") == [one]
    assert numbers(AT + timedelta(days=1), involvement="check") == []
    assert numbers(state="open") == [two, one]
    assert numbers(state="decided") == []
    assert numbers(AT) == [one]


def test_one_key_enters_once(session):
    sent = Sent("token", "7f3c", "digest")
    number = enter(session, sent=sent)
    assert sent_before(session, Conversion, sent) == number
    assert enter(session, sent=sent) is None
    assert sent_before(session, Conversion, replace(sent, token="another")) is None
    assert sent_before(session, Conversion, replace(sent, key=None)) is None
    with pytest.raises(KeyReusedError):
        sent_before(session, Conversion, replace(sent, fingerprint="other"))


def test_assessments_are_numbered_and_kept(session):
    number = enter(session)
    assert assessments.keep(session, number, ANSWERED, author(1)) == 1
    assert assessments.keep(session, number, replace(ANSWERED, involvement="required"), author()) == 2
    first, second = assessments.kept(session, number)
    assert second.at == first.at  # knowledge does not run backwards
    assert first.result == ANSWERED.result
    assert first.at == AT + timedelta(days=1)
    assert assessments.kept(session, number, AT) == []
    assert conversions.find(session, number, LATER).involvement == "required"


def test_comparable_cases_share_plan_and_designation(session):
    one, two, three = (enter(session, days, reference=f"N/{days}") for days in range(3))
    assessments.keep(session, one, ANSWERED, author(3))
    assessments.keep(session, two, replace(ANSWERED, plans=[("Plan 1", "GI"), ("Plan 2", "GE")]), author(3))

    def found(plans, known_at=LATER, before=None):
        return [
            (case.id, case.plan) for case in assessments.comparable(session, plans, known_at, before) if case.id >= one
        ]

    assert found([("Plan 1", "GE")]) == [(one, "Plan 1")]
    assert found([("Plan 1", "GE"), ("Plan 2", "GE")]) == [(one, "Plan 1"), (two, "Plan 2")]
    assert found([("Plan 2", "GI")]) == []
    assert found([]) == []
    assert found([("Plan 1", "GE")], before=one) == []
    assert found([("Plan 1", "GE")], known_at=AT + timedelta(days=2)) == []
    conversions.amend(session, one, {"decision": "refused", "decision_on": date(2026, 3, 1)}, author(5))
    assert found([("Plan 1", "GE")], before=three) == []
    assert found([("Plan 1", "GE")], known_at=AT + timedelta(days=4)) == [(one, "Plan 1")]


def test_what_a_conversion_takes(session, fill):
    """Private marketable GE, a counting GE, G of unknown use, port land: sums by what they mean."""
    fill("parcels", *(parcel(n, square(100 * n, 0)) for n in range(1, 5)))
    uses = {1: "GE", 2: "GE", 3: "G", 4: "GI"}
    fill("zones", *(zone(f"Plan {n}", square(100 * n, 0), designation=use) for n, use in uses.items()))
    fill("port", {"kind": "Gesamt", "geom": square(450, 0, 50, 100)})
    fill("holdings", holding(1, holder="private", marketable=True), holding(2, marketable=True))
    law = LAW.on(DAY, LATER)
    lines = taken(session, place(session, Site(tuple(key(n) for n in uses)), DAY, LATER), DAY, LATER)
    land = effects.affected(lines, law)
    assert [
        (one.parcel, one.designation, one.m2, one.workplace, one.private_marketable, one.in_port) for one in land
    ] == [
        (key(1), "GE", 10_000, Outcome.MET, Outcome.MET, False),
        (key(2), "GE", 10_000, Outcome.MET, Outcome.NOT_MET, False),
        (key(3), "G", 10_000, Outcome.UNKNOWN, Outcome.UNKNOWN, False),
        (key(4), "GI", 5_000, Outcome.MET, Outcome.UNKNOWN, False),
        (key(4), "GI", 5_000, Outcome.NOT_MET, Outcome.NOT_MET, True),
    ]
    assert sum(one.m2 for one in land) == 40_000
    effect = effects.effect(lines, law)
    assert (effect.stock_m2, effect.stock_unclear_m2, effect.total_m2) == (25_000, 10_000, 40_000)
    assert (effect.reserve_net_m2, effect.reserve_free_m2) == (10_000, 10_000)
    assert effect.reserve_unclear_m2 == Decimal(5_000)  # the GI land that nobody is recorded to hold
    assert effects.plans(lines, law) == [("Plan 1", "GE"), ("Plan 2", "GE"), ("Plan 3", "G"), ("Plan 4", "GI")]
    assert effects.district(lines) == "Nord"


def renewed(session, number, day, at):
    """The step that a request was renewed, as it is taken with the amendment."""
    step = {
        "conversion_id": number,
        "at": at,
        "kind": "request_renewed",
        "state": "open",
        "role": "planner",
        "actor": "x",
    }
    session.execute(insert(ConversionStep).values(**step, details={"on": day.isoformat()}))


def test_a_request_is_corrected_or_renewed(session):
    number = enter(session, stated=replace(STATED, hearing=None))
    first, corrected, again = date(2026, 2, 3), date(2026, 2, 5), date(2026, 4, 1)
    conversions.amend(session, number, {"request_received_on": first}, author(1))
    conversions.amend(session, number, {"request_received_on": corrected, "hearing": Hearing(days=7)}, author(2))
    conversions.amend(session, number, {"request_received_on": again, "hearing": None}, author(60))
    renewed(session, number, again, AT + timedelta(days=60))

    def requests(days):
        known_at = AT + timedelta(days=days)
        return assessing.requests(session, number, conversions.versions(session, number, known_at), known_at)

    assert requests(0) == []
    assert requests(1) == [Request(first)]
    assert requests(2) == [Request(corrected, Hearing(days=7))]
    assert requests(60) == [Request(corrected, Hearing(days=7)), Request(again)]
    clock = assessing.clock(STATED, requests(60), assessing.Asked(date(2026, 4, 2), AT + timedelta(days=61)))
    assert (clock.current.received_on, [one.received_on for one in clock.earlier]) == (again, [corrected])
