"""Whether a new use would impair the workplace land and the plants around it: a first screening by distance.

It finds what somebody has to look at; it refuses nothing. What nobody recorded is unknown and never a "no".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from rules.criteria import Reason
from rules.facts import Outcome
from rules.law import Cite, DatedLaw


class Kind(StrEnum):
    """What lies near the site."""

    WORKPLACE = "workplace"  # land that belongs to the stock (Bestand), or may
    PORT = "port"  # Hafengebiet (HafenEG)
    UNPLANNED = "unplanned"  # parcels over which no plan is recorded
    PLANT = "plant"


class Near(StrEnum):
    """The codes of all reasons of the screening; the sentences to them are the user interface's."""

    NO_WORKPLACE_LAND = "neighbour_no_workplace_land"
    LAND_FAR_ENOUGH = "land_far_enough"
    LAND_TOO_NEAR = "land_too_near"
    NOISE_COMPATIBLE = "noise_compatible"
    NOISE_VALUES_UNKNOWN = "noise_values_unknown"
    NEIGHBOUR_USE_UNKNOWN = "neighbour_use_unknown"
    NEIGHBOUR_WITHOUT_PLAN = "neighbour_without_plan"
    PURPOSE_UNKNOWN = "purpose_unknown"
    NO_HAZARD_PLANT = "no_hazard_plant"
    HAZARD_DISTANCE_KEPT = "hazard_distance_kept"
    BEYOND_EVERY_HAZARD = "beyond_every_hazard"
    HAZARD_TOO_NEAR = "hazard_too_near"
    HAZARD_CLASS_UNKNOWN = "hazard_class_unknown"
    PURPOSE_PERHAPS_PUBLIC = "purpose_perhaps_public"
    NO_DISTANCE_CLASS = "no_distance_class"
    CLASS_DISTANCE_KEPT = "class_distance_kept"
    BEYOND_EVERY_CLASS = "beyond_every_class"
    CLASS_TOO_NEAR = "class_too_near"
    DISTANCE_CLASS_UNKNOWN = "distance_class_unknown"
    PURPOSE_NOT_RESIDENTIAL = "purpose_not_residential"
    PLANT_ON_SITE = "plant_on_site"
    PLANTS_NOT_RECORDED = "plants_not_recorded"
    LAND_NOT_RECORDED = "land_not_recorded"


NOTHING = "–"  # stands in a sentence for what nobody recorded

# The parameters whose citations a finding of noise carries: the first alone, where the distance decides.
NOISE = ("default_m", "ta_laerm", "areas", "purposes", "tolerated_step_db")


class Classes(NamedTuple):
    """Classes of plants with a distance each: their criterion, their parameters, whose citations a finding carries, its codes."""

    criterion: str
    names: str
    metres: str
    sources: tuple[str, ...]
    without: Near  # of the class that needs no distance
    kept: Near
    beyond: Near  # of an unknown class, farther away than any needs
    unknown: Near
    too_near: Near


KAS18 = Classes(
    "hazard",
    "neighbours.kas18_classes",
    "neighbours.kas18_m",
    ("kas18_m", "protected_purposes"),
    without=Near.NO_HAZARD_PLANT,
    kept=Near.HAZARD_DISTANCE_KEPT,
    beyond=Near.BEYOND_EVERY_HAZARD,
    unknown=Near.HAZARD_CLASS_UNKNOWN,
    too_near=Near.HAZARD_TOO_NEAR,
)
ABSTANDSERLASS = Classes(
    "distance_class",
    "neighbours.distance_classes",
    "neighbours.distance_m",
    ("distance_m", "residential_purposes"),
    without=Near.NO_DISTANCE_CLASS,
    kept=Near.CLASS_DISTANCE_KEPT,
    beyond=Near.BEYOND_EVERY_CLASS,
    unknown=Near.DISTANCE_CLASS_UNKNOWN,
    too_near=Near.CLASS_TOO_NEAR,
)


@dataclass(frozen=True, slots=True)
class Nearby:
    """What is recorded of something near the site; `distance_m` from edge to edge, EPSG:25832, rounded down to centimetres.

    `stock`: whether it belongs to the Bestand (rules.stock). Classes as in the parameters, None: nobody recorded it.
    `on_site`: a plant that lies wholly on the site itself. `parcels` and `m2`: of how many parcels, and of how much land of theirs,
    a neighbour consists (the whole parts, not the strip near the site); None where that says nothing.
    """

    kind: Kind
    name: str | None
    distance_m: Decimal
    designation: str | None = None
    stock: Outcome = Outcome.UNKNOWN
    kas18_class: str | None = None
    distance_class: str | None = None
    on_site: bool = False
    parcels: int | None = None
    m2: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one criterion finds of one neighbour: met is "likely impaired"; with the sources of all that decided it."""

    criterion: str
    outcome: Outcome
    reason: Reason
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One neighbour as judged: impairment likely (met), not likely (not met) or unknown, and why."""

    facts: Nearby
    outcome: Outcome
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Screening:
    """The neighbours, the worst and nearest first, and whether any workplace use is likely impaired; `left_off` counts the others.

    `reasons` are what decided it: those of the neighbours that are of the outcome of the whole, and what is not recorded at all.
    """

    neighbours: tuple[Neighbour, ...]
    impaired: Outcome
    reasons: tuple[Reason, ...]
    left_off: int


def screen(
    nearby: Sequence[Nearby], purpose: str, law: DatedLaw, plants_recorded: bool, land_recorded: bool, most: int
) -> Screening:
    """Judge all that lies near a site which is to be put to a new use, and the whole of it; `most` neighbours are listed.

    Without any plant, or any parcel around the site, in the register the whole cannot be "not met". NotInForce before the values.
    """
    rank = [Outcome.MET, Outcome.UNKNOWN, Outcome.NOT_MET]
    judged = [judge(facts, purpose, law) for facts in nearby]
    judged.sort(key=lambda one: (rank.index(one.outcome), one.facts.distance_m, one.facts.name or ""))
    gaps = [
        Reason(code)
        for code, recorded in ((Near.PLANTS_NOT_RECORDED, plants_recorded), (Near.LAND_NOT_RECORDED, land_recorded))
        if not recorded
    ]
    impaired = _worst([one.outcome for one in judged] + [Outcome.UNKNOWN for _ in gaps])
    listed = judged[:most]
    why = [f.reason for one in listed for f in one.findings if f.outcome is impaired and one.outcome is impaired]
    return Screening(tuple(listed), impaired, tuple(dict.fromkeys([*why, *gaps])), len(judged) - len(listed))


def judge(facts: Nearby, purpose: str, law: DatedLaw) -> Neighbour:
    """One neighbour: plants by their classes, land by the step between its noise values and those of the new use."""
    rules = (hazard, distance_class) if facts.kind is Kind.PLANT else (noise,)
    findings = tuple(rule(facts, purpose, law) for rule in rules)
    return Neighbour(facts, _worst([finding.outcome for finding in findings]), findings)


def widest_m(law: DatedLaw) -> Decimal:
    """How far away from a site anything can matter, in metres."""
    far = (*law["neighbours.kas18_m"].amounts, *law["neighbours.distance_m"].amounts)
    return max(*far, Decimal(law["neighbours.default_m"].count))


def noise(facts: Nearby, purpose: str, law: DatedLaw) -> Finding:
    """Met by workplace land near a use that must be quieter by more than a step. Source: TA Lärm Nr. 6.1, § 50 BImSchG."""
    limit = Decimal(law["neighbours.default_m"].count)
    known = {**_named(facts, limit), "designation": _use(facts) or NOTHING}

    def found(outcome: Outcome, code: Near, **more: str) -> Finding:
        sources = NOISE if more else NOISE[:1]
        return Finding("noise", outcome, _reason(code, {**known, **more}), _cites(law, sources))

    if facts.kind is Kind.WORKPLACE and facts.stock is Outcome.NOT_MET:
        return found(Outcome.NOT_MET, Near.NO_WORKPLACE_LAND)
    if facts.distance_m >= limit:
        return found(Outcome.NOT_MET, Near.LAND_FAR_ENOUGH)
    if facts.kind is Kind.UNPLANNED or (facts.kind is Kind.WORKPLACE and facts.designation is None):
        return found(Outcome.UNKNOWN, Near.NEIGHBOUR_WITHOUT_PLAN)
    theirs = _values(_use(facts), "neighbours.areas", law)
    own = _values(purpose, "neighbours.purposes", law)
    if own is None:
        return found(Outcome.UNKNOWN, Near.PURPOSE_UNKNOWN)
    if theirs is None:
        return found(Outcome.UNKNOWN, Near.NOISE_VALUES_UNKNOWN)
    values = {"theirs": "/".join(map(str, theirs)), "own": "/".join(map(str, own))}
    if _step(theirs, own, purpose, law) <= law["neighbours.tolerated_step_db"].count:
        return found(Outcome.NOT_MET, Near.NOISE_COMPATIBLE, **values)
    if facts.kind is Kind.WORKPLACE and facts.stock is Outcome.UNKNOWN:
        return found(Outcome.UNKNOWN, Near.NEIGHBOUR_USE_UNKNOWN, **values)
    return found(Outcome.MET, Near.LAND_TOO_NEAR, **values)


def hazard(facts: Nearby, purpose: str, law: DatedLaw) -> Finding:
    """Met by a Betriebsbereich nearer to a Schutzobjekt than its class recommends. Source: KAS-18, § 3 Abs. 5c, 5d BImSchG."""
    spared = None
    if purpose not in law["neighbours.protected_purposes"].codes:
        listed = _values(purpose, "neighbours.purposes", law) is not None
        spared = Outcome.UNKNOWN, Near.PURPOSE_PERHAPS_PUBLIC if listed else Near.PURPOSE_UNKNOWN
    return _by_class(facts, facts.kas18_class, KAS18, spared, law)


def distance_class(facts: Nearby, purpose: str, law: DatedLaw) -> Finding:
    """Met by a plant nearer to housing than its class would have it. Source: Abstandserlass NRW, orientation in Hamburg."""
    spared = None
    if purpose not in law["neighbours.residential_purposes"].codes:
        listed = _values(purpose, "neighbours.purposes", law) is not None
        not_housing, unknown = (Outcome.NOT_MET, Near.PURPOSE_NOT_RESIDENTIAL), (Outcome.UNKNOWN, Near.PURPOSE_UNKNOWN)
        spared = not_housing if listed else unknown
    return _by_class(facts, facts.distance_class, ABSTANDSERLASS, spared, law)


def _by_class(
    facts: Nearby, stated: str | None, by: Classes, spared: tuple[Outcome, Near] | None, law: DatedLaw
) -> Finding:
    """A plant by the distance of its stated class; `spared` is what is found of a purpose that the distance is not meant for."""
    metres = dict(zip(law[by.names].codes, law[by.metres].amounts, strict=True))
    limit = max(metres.values()) if stated is None else metres[stated]
    if stated is not None and not limit:
        outcome, code = Outcome.NOT_MET, by.without
    elif facts.distance_m >= limit:
        outcome, code = Outcome.NOT_MET, by.beyond if stated is None else by.kept
    elif facts.on_site:
        outcome, code = Outcome.UNKNOWN, Near.PLANT_ON_SITE
    elif spared is not None:
        outcome, code = spared
    elif stated is None:
        outcome, code = Outcome.UNKNOWN, by.unknown
    else:
        outcome, code = Outcome.MET, by.too_near
    known = {**_named(facts, limit), "stated": stated or NOTHING}
    return Finding(by.criterion, outcome, _reason(code, known), _cites(law, by.sources))


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Likely impaired by one is likely impaired; else what is unknown of one is unknown of all."""
    return next((one for one in (Outcome.MET, Outcome.UNKNOWN) if one in outcomes), Outcome.NOT_MET)


def _values(code: str | None, parameter: str, law: DatedLaw) -> tuple[int, int] | None:
    """The noise values (dB(A), day and night) of the area that a list of "code area" takes a code for; None if not listed."""
    area = _pairs(law[parameter].codes).get(code or "")
    written = _pairs(law["neighbours.ta_laerm"].codes).get(area or "")
    if written is None:
        return None
    day, _, night = written.partition("/")
    return int(day), int(night)


def _step(theirs: tuple[int, int], own: tuple[int, int], purpose: str, law: DatedLaw) -> int:
    """By how many dB(A) the new use must be quieter than its neighbour may be, at the worse of day and night."""
    day, night = (a - b for a, b in zip(theirs, own, strict=True))
    return day if purpose in law["neighbours.purposes_by_day"].codes else max(day, night)


def _pairs(written: Sequence[str]) -> dict[str, str]:
    return {code: said for code, _, said in (one.partition(" ") for one in written)}


def _use(facts: Nearby) -> str | None:
    """What the list of areas calls the neighbour's use."""
    return facts.kind.value if facts.kind is Kind.PORT else facts.designation


def _named(facts: Nearby, limit: Decimal) -> dict[str, str | Decimal]:
    return {"name": facts.name or NOTHING, "distance_m": facts.distance_m, "limit_m": limit}


def _reason(code: Near, params: dict[str, str | Decimal]) -> Reason:
    return Reason(code, tuple(params.items()))


def _cites(law: DatedLaw, parameters: Sequence[str]) -> tuple[Cite, ...]:
    return tuple(law[f"neighbours.{name}"].cite for name in parameters)
