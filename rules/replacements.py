"""Does new land make up for what is dissolved (Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 1 Satz 2)?

The machine compares; a person decides. Several candidates are judged together: hectares and connected loads add up, the largest
plot and its shape are those of one of them, each displaced kind of firm needs one of them; of everything else the worst decides.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import product

from rules.criteria import Reason
from rules.facts import Outcome
from rules.law import DatedLaw
from rules.replacement_criteria import CRITERIA, GATES, Found, available_on, found
from rules.replacement_facts import Assessment, Candidate, Counted, Coverage, Criterion, Loss, Verdict
from rules.replacement_reasons import Match

__all__ = [
    "NAMES",
    "Assessment",
    "Candidate",
    "Counted",
    "Coverage",
    "Criterion",
    "Loss",
    "Match",
    "Verdict",
    "assess",
    "cover",
]

NAMES = ("extent", *CRITERIA)
# (the worst of the essential criteria, the worst of the weighed ones) -> the verdict
VERDICTS: dict[tuple[Outcome, Outcome], Verdict] = {
    **{(Outcome.NOT_MET, weighed): Verdict.NOT_EQUIVALENT for weighed in Outcome},
    **dict.fromkeys(product((Outcome.MET, Outcome.UNKNOWN), Outcome), Verdict.CONDITIONAL),
    (Outcome.MET, Outcome.MET): Verdict.EQUIVALENT,
}


def assess(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> Assessment:
    """The comparison of a loss with what is offered for it, all candidates together, in the order in which they are given.

    A candidate that is not new, lies in the port or on the lost land, ranks too low, or has nothing left is set aside: named in the
    coverage, not summed, and judged no further unless nothing else is left. Where two overlap, the earlier one counts.
    Raises NotInForce on days before the parameters, ValueError for a key given twice.
    Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 1 Satz 2.
    """
    coverage = cover(loss, candidates, law)
    kept = {one.key for one in coverage.candidates if one.outcome is not Outcome.NOT_MET}
    judged = [one for one in candidates if one.key in kept] or list(candidates)
    findings = {"extent": ("extent_share", _extent(coverage, candidates))}
    for name, (parameter, judge) in CRITERIA.items():
        findings[name] = (
            parameter,
            judge(loss, judged, law) if judged else found(Outcome.UNKNOWN, Match.NOTHING_OFFERED),
        )
    criteria = tuple(_criterion(name, parameter, one, law) for name, (parameter, one) in findings.items())
    return Assessment(_verdict(criteria), criteria, coverage, law.law.version)


def cover(loss: Loss, candidates: Sequence[Candidate], law: DatedLaw) -> Coverage:
    """How many net m2 of the loss are covered, and by which candidates; what is not certain is counted apart.

    Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 1 Satz 2 ("in entsprechendem Umfang").
    """
    if len({one.key for one in candidates}) < len(candidates):
        raise ValueError("a candidate is given twice")
    counted: list[Counted] = []
    for one in candidates:
        taken = [
            other.key
            for other in counted
            if other.outcome is not Outcome.NOT_MET and _overlap(one, other.key, candidates)
        ]
        counted.append(_counted(loss, one, taken, law))
    certain, unclear = (_sum(counted, outcome) for outcome in (Outcome.MET, Outcome.UNKNOWN))
    lost, share = loss.net_m2, law["replacements.extent_share"].amount
    missing = None if lost is None else max(lost * share - certain, Decimal(0))
    return Coverage(lost, certain, unclear, missing, certain / lost if lost else None, tuple(counted))


def _overlap(one: Candidate, key: str, candidates: Sequence[Candidate]) -> bool:
    other = next(other for other in candidates if other.key == key)
    return key in one.overlaps or one.key in other.overlaps


def _sum(counted: Sequence[Counted], outcome: Outcome) -> Decimal:
    return sum((one.m2 for one in counted if one.outcome is outcome), Decimal(0))


def _counted(loss: Loss, one: Candidate, taken: Sequence[str], law: DatedLaw) -> Counted:
    """What a candidate adds to the extent, beside those that count already and share land with it."""
    gates = [CRITERIA[name][1](loss, [one], law) for name in GATES]
    failed = [gate.reason for gate in gates if gate.outcome is Outcome.NOT_MET]
    failed += [Reason(Match.COUNTED_ALREADY, (("candidate", key),)) for key in taken]
    if one.net_m2 is not None and one.net_m2 <= one.pledged_m2:
        all_of_it = Reason(Match.WHOLLY_PLEDGED, (("net_m2", one.net_m2), ("pledged_m2", one.pledged_m2)))
        failed.append(all_of_it if one.pledged_m2 else Reason(Match.OFFERED_NOTHING_LEFT))
    if failed:
        return Counted(one.key, Outcome.NOT_MET, Decimal(0), tuple(failed))
    missing = [gate.reason for gate in gates if gate.outcome is Outcome.UNKNOWN]
    if available_on(one) is None:
        missing.append(Reason(Match.NO_DATE, (("lost_on", loss.lost_on),)))
    if one.net_m2 is None:
        return Counted(one.key, Outcome.UNKNOWN, Decimal(0), (*missing, Reason(Match.OFFERED_NET_UNKNOWN)))
    free = one.net_m2 - one.pledged_m2
    amounts = (("net_m2", one.net_m2), ("pledged_m2", one.pledged_m2), ("free_m2", free))
    said = [*missing, Reason(Match.PARTLY_PLEDGED, amounts)] if one.pledged_m2 else missing
    return Counted(one.key, Outcome.UNKNOWN if missing else Outcome.MET, free, tuple(said))


def _extent(coverage: Coverage, candidates: Sequence[Candidate]) -> Found:
    """Met where what counts for certain is no less than what is lost; unknown where only the unclear would make it so."""
    lost, counted = coverage.lost_m2, coverage.counted_m2
    if lost is None or coverage.missing_m2 is None:
        return found(Outcome.UNKNOWN, Match.EXTENT_UNKNOWN, None, counted, counted_m2=counted)
    params = {
        "lost_m2": lost,
        "counted_m2": counted,
        "unclear_m2": coverage.unclear_m2,
        "missing_m2": coverage.missing_m2,
    }
    if not coverage.missing_m2:
        return found(Outcome.MET, Match.EXTENT_COVERED, lost, counted, **params)
    kept = {one.key for one in coverage.candidates if one.outcome is Outcome.UNKNOWN}
    unmeasured = any(one.key in kept and one.net_m2 is None for one in candidates)
    if unmeasured or coverage.unclear_m2 >= coverage.missing_m2:
        return found(Outcome.UNKNOWN, Match.EXTENT_UNCLEAR, lost, counted, **params)
    return found(Outcome.NOT_MET, Match.EXTENT_SHORT, lost, counted, **params)


def _criterion(name: str, parameter: str, one: Found, law: DatedLaw) -> Criterion:
    cite, essential = law[f"replacements.{parameter}"].cite, name in law["replacements.essential"].codes
    return Criterion(name, one.outcome, one.reason, one.lost, one.offered, cite, essential, one.candidate)


def _verdict(criteria: Sequence[Criterion]) -> Verdict:
    return VERDICTS[(_worst(criteria, essential=True), _worst(criteria, essential=False))]


def _worst(criteria: Sequence[Criterion], essential: bool) -> Outcome:
    outcomes = {one.outcome for one in criteria if one.essential is essential}
    return next((worst for worst in (Outcome.NOT_MET, Outcome.UNKNOWN) if worst in outcomes), Outcome.MET)
