"""What a candidate is worth to a proposal: the requirements that it fails by itself, and what each of its square metres costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from rules.criteria import first_day_within
from rules.facts import Outcome
from rules.law import DatedLaw
from rules.replacement_criteria import CRITERIA, GATES, Found, available_on
from rules.replacement_facts import Candidate, Loss

OF_THE_SET = ("firm_kinds",)  # what the candidates meet together cannot rule one of them out
PLEDGED, UNMEASURED = "pledged", "measured"


@dataclass(frozen=True, slots=True)
class Option:
    """A candidate as a proposal sees it: net m2 that are free and in all, what they cost, and which requirements it fails.

    `cost_m2`: its free net m2, made dearer by distance, lateness and what it is not as good in, in whole
    steps (parameter); the cheapest set is proposed.
    """

    candidate: Candidate
    free_m2: Decimal
    net_m2: Decimal
    cost_steps: int
    cost_m2: Decimal
    fails: frozenset[str]


def options(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> tuple[Option, ...]:
    """Every candidate as an option, by its key; the order in which they are given says nothing.

    Source: Vorschlag dieses Dienstes.
    """
    return tuple(_option(loss, one, law) for one in sorted(candidates, key=lambda one: one.key))


def _option(loss: Loss, one: Candidate, law: DatedLaw) -> Option:
    findings = {name: judge(loss, [one], law) for name, (_, judge) in CRITERIA.items()}
    net = one.net_m2 or Decimal(0)
    free = max(net - one.pledged_m2, Decimal(0))
    dearer = sum((_distance(one, law), _lateness(loss, one, law), _quality(findings, law)), Decimal(1))
    step_m2 = law["replacements.cost_step_m2"].amount
    steps = int((free * dearer / step_m2).to_integral_value(ROUND_CEILING))
    return Option(one, free, net, steps, steps * step_m2, _fails(one, findings, law))


def _fails(one: Candidate, findings: dict[str, Found], law: DatedLaw) -> frozenset[str]:
    """What keeps it out of a proposal: an essential criterion not met, or one without which its hectares are not certain."""
    essential = set(law["replacements.essential"].codes) - set(OF_THE_SET)
    failed = {name for name, found in findings.items() if name in essential and found.outcome is Outcome.NOT_MET}
    failed |= {name for name in GATES if findings[name].outcome is not Outcome.MET}
    if available_on(one) is None:
        failed.add("available_in_time")
    if not one.net_m2:
        failed.add(UNMEASURED)
    elif one.net_m2 <= one.pledged_m2:
        failed.add(PLEDGED)
    return frozenset(failed)


def _distance(one: Candidate, law: DatedLaw) -> Decimal:
    """Its share of the largest accepted distance, weighed; as far as that where nobody recorded it."""
    limit_m = law["replacements.distance_m"].amount
    share = (limit_m if one.distance_m is None else one.distance_m) / limit_m
    return share * law["replacements.weight_distance"].amount


def _lateness(loss: Loss, one: Candidate, law: DatedLaw) -> Decimal:
    """Its share of the tolerated days after the loss, weighed; nothing for what is there by the loss."""
    day, tolerated = available_on(one), loss.lost_on - _tolerated_since(loss.lost_on, law)
    late = max((day - loss.lost_on).days, 0) if day else 0
    return Decimal(late) / Decimal(max(tolerated.days, 1)) * law["replacements.weight_time"].amount


def _tolerated_since(day: date, law: DatedLaw) -> date:
    return first_day_within(day, law["replacements.tolerance_months"].count)


def _quality(findings: dict[str, Found], law: DatedLaw) -> Decimal:
    """The share of criteria that it does not meet, weighed."""
    half, unmet = law["replacements.unknown_share"].amount, Decimal(0)
    for found in findings.values():
        unmet += {Outcome.MET: Decimal(0), Outcome.UNKNOWN: half, Outcome.NOT_MET: Decimal(1)}[found.outcome]
    return unmet / len(findings) * law["replacements.weight_quality"].amount
