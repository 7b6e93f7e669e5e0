"""Is this parcel eligible: for the reserve (does it count), for an award (could HIE offer it), for protection from conversion.

A verdict is a table: each criterion's outcome has an effect, the worst effect decides. What is not met but can be put right, and
what is unknown, makes a part conditional; what nobody can put right makes it not eligible. A verdict is no promise of a sale.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rules import suitability as own
from rules.criteria import CRITERIA, Because, Fact, Finding, Reason
from rules.criteria import Judge as PartJudge
from rules.facts import Outcome, Part
from rules.law import DatedLaw, Value
from rules.stock import in_stock
from rules.suitability import Ground, Judge, Land, finding


class Purpose(StrEnum):
    """What a parcel is asked about for."""

    RESERVE = "reserve"
    AWARD = "award"
    PROTECTION = "protection"


class Effect(StrEnum):
    """What a finding does to the verdict; in the order from none to the worst."""

    NONE = "none"
    MISSING = "missing"
    REMEDIABLE = "remediable"
    DECISIVE = "decisive"


class Verdict(StrEnum):
    """Whether a part or a parcel is eligible."""

    ELIGIBLE = "eligible"
    CONDITIONAL = "conditional"
    NOT_ELIGIBLE = "not_eligible"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A finding under its criterion's name, what it does to the verdict, and the parameter whose citation it carries."""

    name: str
    outcome: Outcome
    effect: Effect
    reason: Reason
    fact: Fact
    basis: Value


# What a reason does to the verdict where its criterion is not met: every such reason stands here.
NOT_MET: dict[StrEnum, Effect] = {
    Because.DESIGNATION_DOES_NOT_COUNT: Effect.DECISIVE,
    Because.INSIDE_PORT: Effect.DECISIVE,
    Because.HOLDER_NOT_MUNICIPAL: Effect.DECISIVE,
    Because.HOLDER_MUNICIPAL: Effect.DECISIVE,
    Because.NOT_SERVICED: Effect.REMEDIABLE,
    Because.BINDING_USE: Effect.REMEDIABLE,
    Because.NOT_CLEARED: Effect.REMEDIABLE,
    Because.OPPOSING_PLAN: Effect.REMEDIABLE,
    Because.DISPOSED: Effect.DECISIVE,
    Because.CONSTRUCTION_TOO_LATE: Effect.REMEDIABLE,
    Because.TOO_SMALL: Effect.REMEDIABLE,  # with its neighbours it may be large enough
    Because.NOTHING_LEFT: Effect.DECISIVE,
    Ground.NOTHING_RECORDED: Effect.DECISIVE,
    Ground.RESERVED: Effect.REMEDIABLE,
    Ground.RESERVED_UNTIL: Effect.REMEDIABLE,
    Ground.NOT_WORKPLACE_LAND: Effect.DECISIVE,
    Ground.NO_COMMERCIAL_USE: Effect.DECISIVE,
    Ground.NOT_MARKETABLE: Effect.DECISIVE,
}
# The reasons that name the day from which their criterion is met, and the parameter of theirs that is this day.
DATED: dict[StrEnum, str] = {Because.CONSTRUCTION_TOO_LATE: "counts_from", Ground.RESERVED_UNTIL: "until"}


def _of_part(judge: PartJudge) -> Judge:
    def judge_land(land: Land, day: date, law: DatedLaw) -> Finding:
        return judge(land.part, day, law)

    return judge_land


def _minimum_size(land: Land, day: date, law: DatedLaw) -> Finding:
    if not land.measured:
        return finding(Outcome.UNKNOWN, Ground.NOT_MEASURED)
    return CRITERIA["minimum_size"][1](land.part, day, law)


RECORDED: dict[str, tuple[str, Judge]] = {"recorded": ("eligibility.recorded", own.recorded)}
RESERVE = {name: (parameter, _of_part(judge)) for name, (parameter, judge) in CRITERIA.items()}
# purpose -> criterion -> (the parameter whose citation the answer carries, the rule), in the order in which people read them
PURPOSES: dict[Purpose, dict[str, tuple[str, Judge]]] = {
    Purpose.RESERVE: {**RESERVE, "minimum_size": (CRITERIA["minimum_size"][0], _minimum_size)},
    Purpose.AWARD: {
        **{name: entry for name, entry in RESERVE.items() if name not in ("not_disposed", "minimum_size")},
        "offerable": ("eligibility.offerable", own.offerable),
        "award_size": ("eligibility.award_minimum_m2", own.award_size),
    },
    Purpose.PROTECTION: {
        "workplace_land": ("stock.designations", own.workplace_land),
        "outside_port_law": ("eligibility.protected_in_port", own.outside_port_law),
        "private_holder": ("eligibility.held_by_municipal", own.private_holder),
        "marketable": ("eligibility.marketable", own.marketable),
        "protected_size": ("eligibility.protected_minimum_m2", own.protected_size),
    },
}


def judge(
    land: Land, purpose: Purpose, day: date, law: DatedLaw, names: Collection[str] | None = None
) -> tuple[Criterion, ...]:
    """Every criterion of a purpose (or those of `names`) for a part on a day, in their order; NotInForce where the law is silent.

    Of a parcel that is not there on the day only `recorded` is judged.
    """
    asked = PURPOSES[purpose] if land.recorded else RECORDED
    criteria = []
    for name, (parameter, rule) in asked.items():
        if names is not None and name not in names:
            continue
        found = rule(land, day, law)
        effect = effect_of(found.outcome, found.reason.code)
        criteria.append(Criterion(name, found.outcome, effect, found.reason, found.fact, law[parameter]))
    return tuple(criteria)


def effect_of(outcome: Outcome, code: StrEnum) -> Effect:
    """What a criterion's outcome does to the verdict, for the reason it has."""
    if outcome is Outcome.MET:
        return Effect.NONE
    return Effect.MISSING if outcome is Outcome.UNKNOWN else NOT_MET[code]


def verdict(criteria: Iterable[Criterion]) -> Verdict:
    """The worst effect decides: one decisive criterion is enough, else one that is open makes it conditional."""
    effects = {criterion.effect for criterion in criteria}
    if Effect.DECISIVE in effects:
        return Verdict.NOT_ELIGIBLE
    return Verdict.ELIGIBLE if effects <= {Effect.NONE} else Verdict.CONDITIONAL


def dated(criteria: Iterable[Criterion]) -> date | None:
    """The day on which all that stands in the way is over, by the facts of today; None where that has no day, or nothing does."""
    days = []
    for criterion in criteria:
        if criterion.effect is Effect.NONE:
            continue
        param = DATED.get(criterion.reason.code) if criterion.effect is Effect.REMEDIABLE else None
        day = dict(criterion.reason.params).get(param) if param else None
        if not isinstance(day, date):
            return None
        days.append(day)
    return max(days, default=None)


def in_question(lands: Sequence[Land], law: DatedLaw) -> list[bool]:
    """Which parts of a parcel its verdict rests on: its workplace land and what may be some; if there is none, all of it.

    Land for which no plan is recorded is no question where it is a sliver, as two drawings of one border leave them.
    """
    asked = [_in_question(land, law) for land in lands]
    return asked if any(asked) else [True] * len(lands)


def _in_question(land: Land, law: DatedLaw) -> bool:
    part = land.part
    if part.designation is None:
        return part.net_m2 is None or part.net_m2 >= law["plans.sliver_m2"].amount
    outcome = in_stock(Part(part.designation, part.in_use_as_commercial, False, None, None), law)
    return outcome is not Outcome.NOT_MET


def of_parcel(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a parcel from those on its parts in question: eligible if all of them are, not eligible if none can be."""
    found = set(verdicts)
    if found == {Verdict.ELIGIBLE}:
        return Verdict.ELIGIBLE
    return Verdict.NOT_ELIGIBLE if found <= {Verdict.NOT_ELIGIBLE} else Verdict.CONDITIONAL
