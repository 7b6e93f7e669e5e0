"""An assessment of a conversion: the facts that the register holds of it on a day, and what the rules make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from parcels import affected, conversions, effects, guidance, neighbours, sites
from parcels.conversion_assessments import Comparable, comparable
from parcels.conversions import Stated, Version
from parcels.effects import Effect
from parcels.holidays import is_holiday
from rules import deadlines
from rules.conversions import AffectedLand, Assessment, CaseFacts, Cases, assess
from rules.criteria import Reason
from rules.deadlines import Clock, Request
from rules.facts import Outcome
from rules.guidance import GuidanceFinding, GuidanceQuestion, combined, find
from rules.law import LAW, Law
from rules.neighbours import Near, Screening

OF_LAND = (
    "reserve.target_ha",
    "stock.designations",
    "holders.municipal",
)  # what is asked of land begins with the last of these


@dataclass(frozen=True, slots=True)
class Asked:
    """What is assessed: the day of asking, the state of knowledge, and the case's number where it has one."""

    on: date
    known_at: datetime
    case_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """All that an assessment rests on and says; amounts in m2. `plans` are those whose workplace land the site takes, `land_on` is
    the day whose land, plans and neighbours were looked at."""

    stated: Stated
    case: CaseFacts
    assessment: Assessment
    clock: Clock
    effect: Effect
    screening: Screening
    guidance: GuidanceFinding
    comparable: tuple[Comparable, ...]
    plans: tuple[tuple[str, str], ...]
    district: str | None
    land_on: date


def assessed(session: Session, stated: Stated, requests: Sequence[Request], asked: Asked, law: Law = LAW) -> Found:
    """Assess what is stated; `requests` are all that were received, renewed ones too.

    SiteRefusedError for a site that is none, CaseRefused (rules) where the law gives no answer, OutlinesError where outlines cannot
    be laid over each other, NotInForce before the rules begin.
    """
    then = replace(asked, on=land_on(stated, asked, law))
    dated = law.on(then.on, then.known_at)
    place = sites.place(session, stated.site, then.on, then.known_at)
    lines = affected.taken(session, place, then.on, then.known_at)
    land = effects.affected(lines, dated)
    plans = tuple(effects.plans(lines, dated))
    district = stated.district or effects.district(lines)
    series = tuple(comparable(session, plans, asked.known_at, asked.case_id))
    screening = _screening(session, place.geometry, stated, then)
    doubted = replace(stated, cases=None) if series and stated.cases is Cases.SINGLE else stated
    alone = effects.sole_district(lines) if effects.district(lines) else stated.district
    said = _guidance(session, replace(doubted, district=alone), place.geometry, land, then)
    case = _case(stated, land, screening.impaired, said, len({one.id for one in series}), asked.on)
    return Found(
        stated=stated,
        case=case,
        assessment=assess(case, law, asked.known_at),
        clock=clock(stated, requests, asked, law),
        effect=effects.effect(lines, dated),
        screening=screening,
        guidance=said,
        comparable=series,
        plans=plans,
        district=district,
        land_on=then.on,
    )


def land_on(stated: Stated, asked: Asked, law: Law) -> date:
    """The day whose land is looked at: a decided case is judged by the land of that day, but no earlier than the rules begin."""
    decided = min(stated.decision_on or asked.on, asked.on)
    return max(decided, law.begins(asked.known_at, OF_LAND)) if decided < asked.on else asked.on


def check(stated: Stated, asked: Asked, law: Law = LAW) -> None:
    """CaseRefused where the law gives no answer to what is stated, whatever land the case takes."""
    assess(_case(stated, (), Outcome.UNKNOWN, combined([]), 0, asked.on), law, asked.known_at)


def requests(session: Session, case_id: int, versions: Sequence[Version], known_at: datetime) -> list[Request]:
    """The requests that a case's versions tell of, each with the hearing last stated for it.

    Another day of receipt is a correction of the one before, unless a step says that the request was renewed on it.
    """
    renewed = conversions.renewed_on(session, case_id, known_at)
    found: list[Request] = []
    for version in versions:
        received = version.stated.request_received_on
        if received is None:
            continue
        if found and (received == found[-1].received_on or received not in renewed):
            found.pop()
        found.append(Request(received, version.stated.hearing))
    return found


def clock(stated: Stated, requests: Sequence[Request], asked: Asked, law: Law = LAW) -> Clock:
    """How the clock of a case stands on the day asked. CaseRefused for a hearing that is not allowed."""
    return deadlines.clock(stated.route, requests, asked.on, asked.known_at, is_holiday, stated.decision_on, law)


def _case(
    stated: Stated,
    land: tuple[AffectedLand, ...],
    impaired: Outcome,
    said: GuidanceFinding,
    comparable_cases: int,
    on: date,
) -> CaseFacts:
    return CaseFacts(
        route=stated.route,
        planning=stated.planning,
        purpose=stated.purpose,
        cases=stated.cases,
        application_on=stated.application_on,
        request_received_on=stated.request_received_on,
        hearing=stated.hearing,
        decision_on=stated.decision_on,
        on=on,
        environment=stated.environment,
        affected=land,
        impaired=impaired,
        guidance=said.result,
        comparable_cases=comparable_cases,
    )


def _screening(session: Session, geometry: str | None, stated: Stated, asked: Asked) -> Screening:
    """A site that is known by its declared area only lies nowhere: nobody can tell what is near it."""
    if geometry is None:
        return Screening((), Outcome.UNKNOWN, (Reason(Near.LAND_NOT_RECORDED),), 0)
    return neighbours.near(session, geometry, asked.on, asked.known_at, stated.purpose)


def _guidance(
    session: Session,
    stated: Stated,
    geometry: str | None,
    land: Sequence[AffectedLand],
    asked: Asked,
) -> GuidanceFinding:
    """What the guidance in force says of the workplace land taken, designation by designation: the strictest of it.

    `stated` as far as the register bears it out: the Bezirk of the land, and no single case where there are comparable ones.
    """
    rules = guidance.applicable(session, asked.on, asked.known_at).rules
    met = None if geometry is None else guidance.zones_met(session, geometry, asked.on, asked.known_at)
    zones = None if met is None else guidance.named(met)
    pieces = [piece for piece in land if piece.workplace is not Outcome.NOT_MET]
    private: dict[str | None, set[Outcome]] = defaultdict(set)
    for piece in pieces:
        private[piece.designation].add(piece.private_marketable)
    questions = [
        GuidanceQuestion(
            route=stated.route,
            purpose=stated.purpose,
            designation=designation,
            planning=stated.planning,
            cases=stated.cases,
            district=stated.district,
            affected_m2=sum((piece.m2 for piece in pieces), Decimal(0)),
            housing_share=stated.housing_share,
            private_marketable=_any(outcomes),
            zones=zones,
        )
        for designation, outcomes in private.items()
    ]
    return combined([find(rules, question) for question in questions])


def _any(outcomes: set[Outcome]) -> Outcome:
    """Met where a part is; unknown where a part may be."""
    return next((one for one in (Outcome.MET, Outcome.UNKNOWN) if one in outcomes), Outcome.NOT_MET)
