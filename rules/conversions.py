"""Conversions of workplace land: which wording of the law holds, what it requires, and who is to be involved."""

from datetime import date, datetime

from rules import involvement
from rules.conditions import Question, conditions
from rules.conversion_facts import (
    AffectedLand,
    Assessment,
    CaseFacts,
    CaseRefused,
    Cases,
    Condition,
    EnvironmentScreening,
    Ground,
    GuidanceResult,
    Hearing,
    Involvement,
    Level,
    Planning,
    Purpose,
    Reason,
    Refusal,
    Requirement,
    Route,
)
from rules.conversion_law import Version, in_force, name_on, versions
from rules.deadlines import check_hearing
from rules.law import Cite, DatedLaw, Law

__all__ = [
    "AffectedLand",
    "Assessment",
    "CaseFacts",
    "CaseRefused",
    "Cases",
    "Condition",
    "EnvironmentScreening",
    "Ground",
    "GuidanceResult",
    "Hearing",
    "Involvement",
    "Level",
    "Planning",
    "Purpose",
    "Reason",
    "Refusal",
    "Requirement",
    "Route",
    "assess",
]


def assess(case: CaseFacts, law: Law, known_at: datetime) -> Assessment:
    """What the law known by `known_at` makes of a case: the wording of the day of decision, else of the day of asking.

    CaseRefused where the route cannot be used on that day, the days contradict each other or the port takes all land;
    NotInForce before any wording. Source: BauGB; Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1.
    """
    check_days(case)
    if case.affected and all(land.in_port for land in case.affected):
        raise CaseRefused(Refusal.IN_PORT_ONLY)
    dated = law.on(case.decision_on or case.on, known_at)
    version, value = in_force(case.route, dated)
    clock = _clock_version(case, version, law, known_at)
    check_hearing(clock.consent, case.hearing, dated)
    found = conditions(Question(case, version, clock, value, dated))
    level = involvement.level(case.route, dated)
    situation = (Level(str(level.value)), involvement.touched(case.affected), case.impaired, case.guidance)
    reasons = involvement.reasons(situation[0], case.affected, case.impaired, case.guidance)
    other = _began_under(case, version, dated)
    return Assessment(
        law_version=version.name,
        legal_review=other is not None,
        conditions=found,
        involvement=involvement.decide(*situation),
        reasons=(*reasons, *(_of_series(case)), *(other or ())),
        citations=_each_once(value.cite, level.cite, *(one.citation for one in found)),
    )


def check_days(case: CaseFacts) -> None:
    """CaseRefused where days come in an order in which they cannot: application, request, decision; none ahead of `on`.

    A decision may lie ahead: so one asks what will hold on a coming day.
    """
    application, request, decision = case.application_on, case.request_received_on, case.decision_on
    if application and request and request < application:
        raise CaseRefused(Refusal.REQUEST_BEFORE_APPLICATION, application=application, request=request)
    if decision and application and decision < application:
        raise CaseRefused(Refusal.DECISION_BEFORE_APPLICATION, application=application, decision=decision)
    if decision and request and decision < request:
        raise CaseRefused(Refusal.DECISION_BEFORE_REQUEST, request=request, decision=decision)
    if application and application > case.on:
        raise CaseRefused(Refusal.APPLICATION_IN_FUTURE, application=application, day=case.on)
    if request and request > case.on:
        raise CaseRefused(Refusal.REQUEST_IN_FUTURE, request=request, day=case.on)


def _clock_version(case: CaseFacts, version: Version, law: Law, known_at: datetime) -> Version:
    """The wording that the clock of the request runs by: that of its receipt, where the route could be used then."""
    if case.request_received_on is None:
        return version
    return versions().get(name_on(case.route, law.on(case.request_received_on, known_at)) or "", version)


def _began_under(case: CaseFacts, version: Version, law: DatedLaw) -> tuple[Reason, ...] | None:
    """Why people must look at which wording holds: the case began under another one (§ 233 Abs. 1 BauGB); else None."""
    for day in (case.application_on, case.request_received_on):
        if day and (name := name_on(case.route, law.law.on(day, law.known_at))) != version.name:
            began: tuple[tuple[str, date | str], ...] = (("began", day), ("law_version", version.name))
            if name in versions():
                return (Reason(Ground.STRADDLES, (*began, ("earlier_version", name))),)
            return (Reason(Ground.BEGAN_BEFORE_ROUTE, began),)
    return None


def _of_series(case: CaseFacts) -> tuple[Reason, ...]:
    return (Reason(Ground.SERIES, (("earlier", case.comparable_cases),)),) if case.comparable_cases else ()


def _each_once(*cites: Cite) -> tuple[Cite, ...]:
    return tuple(dict.fromkeys(cites))
