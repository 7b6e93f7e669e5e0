"""Every verdict on a conversion can be read aloud: all that the law's rules give as reasons has a whole sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product

import pytest

from app.web.language import LANGUAGES, translator
from rules.conversion_facts import Ground, Refusal
from rules.conversions import (
    AffectedLand,
    Assessment,
    CaseFacts,
    CaseRefused,
    Cases,
    EnvironmentScreening,
    GuidanceResult,
    Hearing,
    Planning,
    Purpose,
    Route,
    assess,
)
from rules.facts import Outcome
from rules.law import LAW

KNOWN_AT = datetime(2026, 11, 22, tzinfo=UTC)
DAYS = (date(2019, 6, 1), date(2021, 7, 1), date(2022, 5, 1), date(2025, 10, 29), date(2026, 11, 22), date(2031, 1, 1))


def land(designation: str | None, workplace: Outcome, in_port: bool = False) -> AffectedLand:
    return AffectedLand(None, designation, Decimal("1234.5"), workplace, workplace, in_port)


LANDS = (
    (),
    (land("GE", Outcome.MET),),
    (land("WA", Outcome.NOT_MET), land("GE", Outcome.MET, in_port=True)),
    (land(None, Outcome.UNKNOWN),),
    (land("GE", Outcome.MET, in_port=True),),
)
BASE = CaseFacts(
    *(Route.B31_3, None, Purpose.HOUSING, None, None, None, None, None, date(2026, 11, 22), None, (), Outcome.UNKNOWN),
    GuidanceResult.SILENT,
)


def cases() -> Iterator[CaseFacts]:
    """Cases of all sorts: every route on every sort of day and land, and around one of them every other fact."""
    for route, on, affected, planning in product(Route, DAYS, LANDS, (None, *Planning)):
        yield replace(BASE, route=route, on=on, affected=affected, planning=planning)
    for route, purpose, cases, earlier, effects in product(
        Route, Purpose, (None, *Cases), (0, 2), (None, *EnvironmentScreening)
    ):
        facts = replace(BASE, route=route, purpose=purpose, cases=cases, comparable_cases=earlier, environment=effects)
        yield facts
        yield replace(facts, on=date(2025, 10, 29))
    for impaired, guidance in product(Outcome, GuidanceResult):
        yield replace(BASE, impaired=impaired, guidance=guidance)
    for began in (date(2021, 6, 1), date(2025, 10, 1)):
        yield replace(BASE, application_on=began, request_received_on=date(2026, 1, 5))
    day, later = date(2026, 2, 1), date(2026, 2, 2)
    yield replace(BASE, application_on=later, decision_on=day)
    yield replace(BASE, request_received_on=later, decision_on=day)
    yield replace(BASE, application_on=later, request_received_on=day)
    yield replace(BASE, application_on=date(2027, 1, 1))
    yield replace(BASE, request_received_on=date(2027, 1, 1))
    for hearing in (Hearing(), Hearing(months=2)):
        yield replace(BASE, hearing=hearing)
    yield replace(BASE, route=Route.B31_2, hearing=Hearing(months=1))


def found(known_at: datetime = KNOWN_AT) -> Iterator[Assessment | CaseRefused]:
    for case in cases():
        try:
            yield assess(case, LAW, known_at)
        except CaseRefused as refused:
            yield refused


def whole(sentence: str, code: str) -> None:
    assert sentence.endswith(".")
    assert sentence != code
    for broken in ("{", "None", "Outcome", "_V1", "_V2"):
        assert broken not in sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_law_of_conversions_says_can_be_said_in_words(language: str) -> None:
    speak = translator(language)
    grounds, refusals = set(), set()
    for one in (*found(), *found(datetime(2025, 9, 1, tzinfo=UTC))):
        if isinstance(one, CaseRefused):
            refusals.add((one.code, one.params))
        else:
            grounds |= {condition.reason for condition in one.conditions} | set(one.reasons)
    assert {ground.code for ground in grounds} == set(Ground)
    assert {code for code, _ in refusals} == set(Refusal)
    for ground in grounds:
        whole(speak.sentence("ground", ground.code, ground.params), ground.code)
    for code, params in refusals:
        whole(speak.sentence("refusal", code, params), code)
        whole(speak.code("remedy", code), code)


def test_a_ground_reads_as_a_lawyer_would_have_it() -> None:
    facts = replace(BASE, planning=Planning.BPLAN, affected=LANDS[1], on=date(2025, 10, 29), route=Route.B31_3)
    german = translator("de")
    said = {
        condition.name.value: german.sentence("ground", condition.reason.code, condition.reason.params)
        for condition in assess(facts, LAW, KNOWN_AT).conditions
    }
    assert said["version"] == "Es gilt § 31 Abs. 3 BauGB in der Fassung vom 23. Juni 2021, seit 23. Juni 2021."
    assert said["planning"].startswith("Das Land liegt im Geltungsbereich eines Bebauungsplans;")
    assert "§ 201a BauGB" in said["housing_market_area"]
    reasons = [german.sentence("ground", one.code, one.params) for one in assess(facts, LAW, KNOWN_AT).reasons]
    assert "Betroffen sind 1.234,5 m² Arbeitsstättenflächen (GE)." in reasons
