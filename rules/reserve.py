"""The land reserve: how a part stands towards it on a day, over a period, and the reserve against its target."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from rules.criteria import CRITERIA, Fact, Reason, first_day_within
from rules.facts import Holding, Outcome, Part, Standing, State
from rules.law import LAW, Cite, DatedLaw, Law


@dataclass(frozen=True, slots=True)
class Criterion:
    """A finding under its criterion's name, with the citation of the value that it was measured by."""

    name: str
    outcome: Outcome
    reason: Reason
    citation: Cite
    fact: Fact


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a part stands on a day; the names of the criteria that are not met and of those that are unknown."""

    standing: Standing
    not_met: tuple[str, ...]
    unknown: tuple[str, ...]


# every parameter that a verdict can depend on: the reserve begins when the last of them does
PARAMETERS = (
    *(parameter for parameter, _ in CRITERIA.values()),
    "designations.known",
    "dispositions.known",
    "dispositions.reserved",
    "holders.known",
)


def explain(part: Part, day: date, law: DatedLaw) -> tuple[Criterion, ...]:
    """Every criterion's finding for a part on a day, in the order of CRITERIA; NotInForce where the law is silent."""
    criteria = []
    for name, (parameter, judge) in CRITERIA.items():
        found = judge(part, day, law)
        criteria.append(Criterion(name, found.outcome, found.reason, law[parameter].cite, found.fact))
    return tuple(criteria)


def assess(part: Part, day: date, law: DatedLaw) -> Verdict:
    """How a part stands on a day; not met outweighs unknown. Source: Masterplan Industrie 2023, Nr. 1 Abs. 1 Satz 3."""
    found = [(name, judge(part, day, law).outcome) for name, (_, judge) in CRITERIA.items()]
    not_met = tuple(name for name, outcome in found if outcome is Outcome.NOT_MET)
    unknown = tuple(name for name, outcome in found if outcome is Outcome.UNKNOWN)
    if not_met:
        return Verdict(Standing.EXCLUDED, not_met, unknown)
    if part.holding is None:
        return Verdict(Standing.UNRECORDED, not_met, unknown)
    if unknown:
        return Verdict(Standing.UNCLEAR, not_met, unknown)
    standing = Standing.COUNTED_RESERVED if is_reserved(part.holding, day, law) else Standing.COUNTED_FREE
    return Verdict(standing, not_met, unknown)


def is_reserved(holding: Holding, day: date, law: DatedLaw) -> bool:
    """Whether land is anhandgegeben on a day; free again on `disposition_until`. Source: Vorschlag dieses Dienstes."""
    until = holding.disposition_until
    return holding.disposition in law["dispositions.reserved"].codes and (until is None or day < until)


def timeline(
    part: Part, since: date | None, until: date | None, known_at: datetime, law: Law = LAW
) -> list[tuple[date, date | None, Verdict]]:
    """The verdicts on a part over [since, until), each with its days [from, to), as `assess` gives them day by day.

    Open ends are None; it begins no earlier than the reserve's parameters. NotInForce if none were published yet.
    """
    begins = law.begins(known_at, PARAMETERS)
    start = max(since or begins, begins)
    if until is not None and until <= start:
        return []
    seams = {seam for seam in _seams(part, known_at, law) if start < seam and (until is None or seam < until)}
    verdicts = [(day, assess(part, day, law.on(day, known_at))) for day in sorted(seams | {start})]
    firsts = [next(alike) for _, alike in groupby(verdicts, key=itemgetter(1))]
    ends = [*(day for day, _ in firsts[1:]), until]
    return [(day, end, verdict) for (day, verdict), end in zip(firsts, ends, strict=True)]


def _seams(part: Part, known_at: datetime, law: Law) -> set[date]:
    seams = set(law.seams(known_at, PARAMETERS))
    if part.holding and part.holding.disposition_until:
        seams.add(part.holding.disposition_until)
    if part.holding and part.holding.construction_possible_from:
        horizons = law.published("reserve.horizon_months", known_at)
        seams |= {first_day_within(part.holding.construction_possible_from, horizon.count) for horizon in horizons}
    return seams


def size_limits(law: Law = LAW) -> list[Decimal]:
    """All minimum sizes in square metres above nothing that were ever in force, ascending."""
    return sorted({value.amount for value in law.parameters["reserve.minimum_m2"] if value.amount})


def state(net_ha: Decimal, free_ha: Decimal, target_ha: Decimal) -> State:
    """The reserve against its target, exactly. Source: Masterplan Industrie 2023, "netto 100 Hektar"."""
    if net_ha < target_ha:
        return State.BELOW
    return State.WARNING if free_ha < target_ha else State.MET


def gap_ha(net_ha: Decimal, target_ha: Decimal) -> Decimal:
    """The hectares missing to the target, 0 when it is met. Source: Masterplan Industrie 2023, "netto 100 Hektar"."""
    return max(target_ha - net_ha, Decimal(0))
