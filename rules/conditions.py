"""The conditions of a route's wording: each a small three-valued rule with a reason code and its citation.

What a machine cannot find (neighbours' and public interests, the exercise of discretion) is named and left to people.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from rules.conversion_facts import (
    CaseFacts,
    Cases,
    Condition,
    Consent,
    EnvironmentScreening,
    Ground,
    Planning,
    Reason,
    Requirement,
)
from rules.conversion_law import CASES, Environment, Version, last_day
from rules.criteria import Fact
from rules.deadlines import MONTHS
from rules.facts import Outcome
from rules.law import Cite, DatedLaw, NotInForce, Value


@dataclass(frozen=True, slots=True)
class Question:
    """A case under the wording that holds for it, and under the one that the clock of its request runs by."""

    case: CaseFacts
    version: Version
    clock: Version
    value: Value
    law: DatedLaw


Judged = tuple[Outcome, Reason, Cite]


def _found(asked: Question, outcome: Outcome, code: Ground, **params: Fact | int) -> Judged:
    return outcome, Reason(code, tuple(params.items())), asked.value.cite


def version(asked: Question) -> Judged:
    """Met by the wording that holds on the day of the decision, with its end if it has one."""
    known: dict[str, Fact | int] = {"law_version": asked.version.name, "since": asked.value.since}
    if last := last_day(asked.case.route, asked.version.name, asked.law):
        return _found(asked, Outcome.MET, Ground.IN_FORCE_UNTIL, **known, last_day=last)
    return _found(asked, Outcome.MET, Ground.IN_FORCE, **known)


def outside_port(asked: Question) -> Judged:
    """Met outside the port: inside, the BauGB's planning law gives way to the HafenEG (§ 1 Abs. 3)."""
    cite = asked.law["conversions.in_port"].cite
    inside = sum((land.m2 for land in asked.case.affected if land.in_port), Decimal(0))
    if inside:
        return Outcome.UNKNOWN, Reason(Ground.PARTLY_IN_PORT, (("m2", inside),)), cite
    return Outcome.MET, Reason(Ground.OUTSIDE_PORT), cite


def planning(asked: Question) -> Judged:
    """Met on land of the planning law that the route is for; by § 34 Abs. 2 BauGB also in a faktisches Baugebiet."""
    found, wanted = asked.case.planning, asked.version
    if found is None:
        return _found(asked, Outcome.UNKNOWN, Ground.PLANNING_UNKNOWN)
    if found in wanted.planning:
        return _found(asked, Outcome.MET, Ground.PLANNING_FITS, planning=found.value)
    if found in wanted.planning_nearby:
        return _found(asked, Outcome.UNKNOWN, Ground.PLANNING_NEARBY, planning=found.value)
    if found in wanted.planning_as_building_area:
        return _as_building_area(asked, found)
    return _found(asked, Outcome.NOT_MET, Ground.PLANNING_DOES_NOT_FIT, planning=found.value)


def _as_building_area(asked: Question, found: Planning) -> Judged:
    areas = _building_areas(asked)
    listed = asked.law["conversions.building_areas"]
    if areas and set(areas) <= set(listed.codes):
        named = ", ".join(str(area) for area in areas)
        return _found(asked, Outcome.MET, Ground.PLANNING_AS_BUILDING_AREA, planning=found.value, designations=named)
    return _found(asked, Outcome.UNKNOWN, Ground.PLANNING_BUILDING_AREA_UNKNOWN, planning=found.value)


def building_area(asked: Question) -> Judged | None:
    """Met in the Baugebiete that the wording names (§ 246 Abs. 10, 12 BauGB); not asked where it names none."""
    wanted, areas = asked.version.building_areas, _building_areas(asked)
    if not wanted:
        return None
    if not areas or None in areas:
        return _found(asked, Outcome.UNKNOWN, Ground.BUILDING_AREA_UNKNOWN, wanted=", ".join(wanted))
    named: dict[str, Fact | int] = {"wanted": ", ".join(wanted), "designations": ", ".join(str(a) for a in areas)}
    if set(areas) <= set(wanted):
        return _found(asked, Outcome.MET, Ground.BUILDING_AREA_FITS, **named)
    if asked.version.building_areas_else is Outcome.UNKNOWN:
        return _found(asked, Outcome.UNKNOWN, Ground.MOBILE_SHELTERS_ONLY, **named)
    return _found(asked, Outcome.NOT_MET, Ground.BUILDING_AREA_DOES_NOT_FIT, **named)


def _building_areas(asked: Question) -> list[str | None]:
    """The designations of the land outside the port, each once."""
    found = {land.designation for land in asked.case.affected if land.m2 and not land.in_port}
    return sorted(found, key=str)


def purpose(asked: Question) -> Judged:
    """Met by a purpose that the wording serves; unknown where that depends on the project."""
    found = asked.case.purpose
    if found in asked.version.purposes:
        return _found(asked, Outcome.MET, Ground.PURPOSE_SERVED, purpose=found.value)
    if found in asked.version.purposes_in_part:
        return _found(asked, Outcome.UNKNOWN, Ground.PURPOSE_PARTLY_SERVED, purpose=found.value)
    return _found(asked, Outcome.NOT_MET, Ground.PURPOSE_NOT_SERVED, purpose=found.value)


def cases(asked: Question) -> Judged:
    """Whether a single case, or one of several comparable ones, is what the wording allows (§ 31 Abs. 3 BauGB)."""
    stated, allowed = asked.case.cases, CASES[asked.version.cases]
    earlier = asked.case.comparable_cases
    if stated is Cases.SEVERAL or (earlier and allowed[Cases.SEVERAL] is Outcome.MET):
        codes = {
            Outcome.MET: Ground.COMPARABLE_CASES_ALLOWED,
            Outcome.NOT_MET: Ground.COMPARABLE_CASES_NOT_ALLOWED,
            Outcome.UNKNOWN: Ground.COMPARABLE_CASES_IN_PART,
        }
        return _found(asked, allowed[Cases.SEVERAL], codes[allowed[Cases.SEVERAL]], earlier=earlier)
    if earlier:
        return _found(asked, Outcome.UNKNOWN, Ground.SINGLE_CASE_DOUBTED, earlier=earlier)
    if stated is None and allowed[Cases.SEVERAL] is not Outcome.MET:
        return _found(asked, Outcome.UNKNOWN, Ground.CASES_UNKNOWN)
    return _found(asked, Outcome.MET, Ground.SINGLE_CASE)


def housing_market_area(asked: Question) -> Judged | None:
    """Met while the ordinance of § 201a BauGB is in force, which the first wording of § 31 Abs. 3 asked for."""
    if not asked.version.housing_market_area:
        return None
    try:
        value = asked.law["conversions.housing_market_area"]
    except NotInForce as silence:
        begins: dict[str, Fact | int] = {"day": asked.law.day}
        code = Ground.AREA_NOT_DETERMINED
        if silence.begins:
            begins["begins"], code = silence.begins, Ground.AREA_NOT_YET_DETERMINED
        return _found(asked, Outcome.NOT_MET, code, **begins)
    outcome, code = (
        (Outcome.MET, Ground.AREA_DETERMINED) if value.flag else (Outcome.NOT_MET, Ground.AREA_NOT_DETERMINED)
    )
    return outcome, Reason(code, (("day", asked.law.day),)), value.cite


def environment(asked: Question) -> Judged | None:
    """What the überschlägige Prüfung says (§ 31 Abs. 3 Satz 2, § 246e Abs. 1 Satz 2 BauGB); not asked of other routes."""
    wanted, found = asked.version.environment, asked.case.environment
    if wanted is None:
        return None
    if found is None:
        return _found(asked, Outcome.UNKNOWN, Ground.SCREENING_UNKNOWN)
    if found is EnvironmentScreening.NOT_SIGNIFICANT:
        return _found(asked, Outcome.MET, Ground.NO_SIGNIFICANT_EFFECTS)
    if wanted is Environment.ASSESSED:
        return _found(asked, Outcome.UNKNOWN, Ground.SIGNIFICANT_EFFECTS_NEED_ASSESSMENT)
    return _found(asked, Outcome.NOT_MET, Ground.SIGNIFICANT_EFFECTS)


def consent(asked: Question) -> Judged | None:
    """By what the municipality takes part; whether it agreed is a person's finding, so this is never met by itself."""
    how = asked.clock.consent
    if how is Consent.NONE:
        return None
    if how is Consent.HEARD:
        return _found(asked, Outcome.UNKNOWN, Ground.CONSENT_HEARING_OF_MUNICIPALITY)
    months = asked.law[MONTHS[how]]
    known: dict[str, Fact | int] = {"consent": how.value, "months": months.count}
    if asked.case.request_received_on is None:
        return Outcome.UNKNOWN, Reason(Ground.CONSENT_NOT_REQUESTED, tuple(known.items())), months.cite
    known["received"] = asked.case.request_received_on
    return Outcome.UNKNOWN, Reason(Ground.CONSENT_REQUESTED, tuple(known.items())), months.cite


def public_interests(asked: Question) -> Judged | None:
    """Neighbours' and public interests and discretion are weighed by people; a machine only says that they must be."""
    if asked.version.consent is Consent.NONE:
        return None
    return _found(asked, Outcome.UNKNOWN, Ground.FOR_PEOPLE_TO_WEIGH)


# in the order in which people read them; one that the wording does not ask for answers None
CONDITIONS: dict[Requirement, Callable[[Question], Judged | None]] = {
    Requirement.VERSION: version,
    Requirement.OUTSIDE_PORT: outside_port,
    Requirement.PLANNING: planning,
    Requirement.BUILDING_AREA: building_area,
    Requirement.PURPOSE: purpose,
    Requirement.CASES: cases,
    Requirement.HOUSING_MARKET_AREA: housing_market_area,
    Requirement.ENVIRONMENT: environment,
    Requirement.CONSENT: consent,
    Requirement.PUBLIC_INTERESTS: public_interests,
}


def conditions(asked: Question) -> tuple[Condition, ...]:
    """What is found of every condition that the wording asks for, in the order of CONDITIONS."""
    judged = [(name, judge(asked)) for name, judge in CONDITIONS.items()]
    return tuple(Condition(name, *found) for name, found in judged if found)
