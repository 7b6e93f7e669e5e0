"""The ten named criteria of "sofort verfügbar": each a small three-valued rule with a source and a reason code."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import wraps

from rules.facts import Holding, Outcome, Part
from rules.law import DatedLaw, Value

Fact = str | bool | Decimal | date | None


class Because(StrEnum):
    """The codes of all reasons; the sentences to them are the user interface's, not the rules'."""

    DESIGNATION_COUNTS = "designation_counts"
    DESIGNATION_DOES_NOT_COUNT = "designation_does_not_count"
    DESIGNATION_NOT_LISTED = "designation_not_listed"
    NO_PLAN_RECORDED = "no_plan_recorded"
    OUTSIDE_PORT = "outside_port"
    INSIDE_PORT = "inside_port"
    NO_HOLDING_RECORDED = "no_holding_recorded"
    HOLDER_MUNICIPAL = "holder_municipal"
    HOLDER_NOT_MUNICIPAL = "holder_not_municipal"
    HOLDER_NOT_LISTED = "holder_not_listed"
    HOLDER_UNKNOWN = "holder_unknown"
    SERVICED = "serviced"
    NOT_SERVICED = "not_serviced"
    SERVICED_UNKNOWN = "serviced_unknown"
    NO_BINDING_USE = "no_binding_use"
    BINDING_USE = "binding_use"
    BINDING_USE_UNKNOWN = "binding_use_unknown"
    CLEARED = "cleared"
    NOT_CLEARED = "not_cleared"
    CLEARED_UNKNOWN = "cleared_unknown"
    NO_OPPOSING_PLAN = "no_opposing_plan"
    OPPOSING_PLAN = "opposing_plan"
    OPPOSING_PLAN_UNKNOWN = "opposing_plan_unknown"
    NOT_DISPOSED = "not_disposed"
    DISPOSED = "disposed"
    DISPOSITION_NOT_LISTED = "disposition_not_listed"
    DISPOSITION_UNKNOWN = "disposition_unknown"
    CONSTRUCTION_WITHIN_HORIZON = "construction_within_horizon"
    CONSTRUCTION_TOO_LATE = "construction_too_late"
    CONSTRUCTION_UNKNOWN = "construction_unknown"
    LARGE_ENOUGH = "large_enough"
    TOO_SMALL = "too_small"
    NOTHING_LEFT = "nothing_left"
    SIZE_UNKNOWN = "size_unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a criterion found what it found: a stable code and the values a sentence about it needs."""

    code: StrEnum  # Because, or the codes of another module
    params: tuple[tuple[str, Fact | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one criterion finds of one part, and the fact that decided (None where none is recorded)."""

    outcome: Outcome
    reason: Reason
    fact: Fact = None


Judge = Callable[[Part, date, DatedLaw], Finding]


def of_holding(judge: Callable[[Holding, date, DatedLaw], Finding]) -> Judge:
    """A criterion of a holding's facts as one of a part's: unknown where no holding is recorded."""

    @wraps(judge)
    def judge_part(part: Part, day: date, law: DatedLaw) -> Finding:
        if part.holding is None:
            return Finding(Outcome.UNKNOWN, Reason(Because.NO_HOLDING_RECORDED))
        return judge(part.holding, day, law)

    return judge_part


def _finding(outcome: Outcome, because: Because, fact: Fact, **params: Fact | int) -> Finding:
    return Finding(outcome, Reason(because, tuple(params.items())), fact)


def _as_required(fact: bool | None, required: Value, met: Because, not_met: Because, unknown: Because) -> Finding:
    if fact is None:
        return _finding(Outcome.UNKNOWN, unknown, None)
    if fact == required.flag:
        return _finding(Outcome.MET, met, fact)
    return _finding(Outcome.NOT_MET, not_met, fact)


def designation(part: Part, day: date, law: DatedLaw) -> Finding:
    """Met under a designation GE, GI or I. Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1."""
    code = part.designation
    if code is None:
        return _finding(Outcome.UNKNOWN, Because.NO_PLAN_RECORDED, None)
    if code in law["reserve.designations"].codes:
        return _finding(Outcome.MET, Because.DESIGNATION_COUNTS, code, designation=code)
    if code in law["designations.known"].codes:
        return _finding(Outcome.NOT_MET, Because.DESIGNATION_DOES_NOT_COUNT, code, designation=code)
    return _finding(Outcome.UNKNOWN, Because.DESIGNATION_NOT_LISTED, code, designation=code)


def outside_port(part: Part, day: date, law: DatedLaw) -> Finding:
    """Met unless the part lies wholly in the port area. Source: Masterplan Industrie 2023, Nr. 1 Abs. 1 Satz 3."""
    if part.wholly_in_port == law["reserve.in_port"].flag:
        return _finding(Outcome.MET, Because.OUTSIDE_PORT, part.wholly_in_port)
    return _finding(Outcome.NOT_MET, Because.INSIDE_PORT, part.wholly_in_port)


@of_holding
def municipal_holder(holding: Holding, day: date, law: DatedLaw) -> Finding:
    """Met by a holder on the list of municipal ("städtischer") ones. Source: Vorschlag dieses Dienstes."""
    code = holding.holder
    if code is None:
        return _finding(Outcome.UNKNOWN, Because.HOLDER_UNKNOWN, None)
    municipal = is_municipal(code, law)
    if municipal is None:
        return _finding(Outcome.UNKNOWN, Because.HOLDER_NOT_LISTED, code, holder=code)
    if municipal:
        return _finding(Outcome.MET, Because.HOLDER_MUNICIPAL, code, holder=code)
    return _finding(Outcome.NOT_MET, Because.HOLDER_NOT_MUNICIPAL, code, holder=code)


def is_municipal(holder: str | None, law: DatedLaw) -> bool | None:
    """Whether a holder is on the list of municipal ones; None if unknown or on no list. Source: Vorschlag dieses Dienstes."""
    if holder in law["holders.municipal"].codes:
        return True
    return False if holder in law["holders.known"].codes else None


@of_holding
def serviced(holding: Holding, day: date, law: DatedLaw) -> Finding:
    """Met where servicing (Erschließung) is secured. Source: Vorschlag dieses Dienstes after § 30 Abs. 1 BauGB."""
    required = law["reserve.serviced"]
    return _as_required(holding.serviced, required, Because.SERVICED, Because.NOT_SERVICED, Because.SERVICED_UNKNOWN)


@of_holding
def no_binding_use(holding: Holding, day: date, law: DatedLaw) -> Finding:
    """Met where no use or lease binds the land. Source: Vorschlag dieses Dienstes."""
    required = law["reserve.binding_use"]
    return _as_required(
        holding.binding_use, required, Because.NO_BINDING_USE, Because.BINDING_USE, Because.BINDING_USE_UNKNOWN
    )


@of_holding
def cleared(holding: Holding, day: date, law: DatedLaw) -> Finding:
    """Met where the ground is cleared (Altlasten, Kampfmittel). Source: Vorschlag dieses Dienstes."""
    return _as_required(
        holding.cleared, law["reserve.cleared"], Because.CLEARED, Because.NOT_CLEARED, Because.CLEARED_UNKNOWN
    )


@of_holding
def no_opposing_plan(holding: Holding, day: date, law: DatedLaw) -> Finding:
    """Met where no plan procedure or Veränderungssperre opposes. Source: Vorschlag dieses Dienstes, § 14 BauGB."""
    return _as_required(
        holding.opposing_plan,
        law["reserve.opposing_plan"],
        Because.NO_OPPOSING_PLAN,
        Because.OPPOSING_PLAN,
        Because.OPPOSING_PLAN_UNKNOWN,
    )


@of_holding
def not_disposed(holding: Holding, day: date, law: DatedLaw) -> Finding:
    """Met unless sold or given in Erbbaurecht; let and requested decide nothing. Source: Vorschlag dieses Dienstes."""
    code = holding.disposition
    if code is None:
        return _finding(Outcome.UNKNOWN, Because.DISPOSITION_UNKNOWN, None)
    if code in law["dispositions.disposed"].codes:
        return _finding(Outcome.NOT_MET, Because.DISPOSED, code, disposition=code)
    if code in law["dispositions.known"].codes:
        return _finding(Outcome.MET, Because.NOT_DISPOSED, code, disposition=code)
    return _finding(Outcome.UNKNOWN, Because.DISPOSITION_NOT_LISTED, code, disposition=code)


@of_holding
def construction_within_horizon(holding: Holding, day: date, law: DatedLaw) -> Finding:
    """Met where building can start by the same day twelve months later. Source: Vorschlag dieses Dienstes."""
    possible_from, months = holding.construction_possible_from, law["reserve.horizon_months"].count
    if possible_from is None:
        return _finding(Outcome.UNKNOWN, Because.CONSTRUCTION_UNKNOWN, None, months=months)
    counts_from = first_day_within(possible_from, months)
    params: dict[str, Fact | int] = {"possible_from": possible_from, "counts_from": counts_from, "months": months}
    if day >= counts_from:
        return _finding(Outcome.MET, Because.CONSTRUCTION_WITHIN_HORIZON, possible_from, **params)
    return _finding(Outcome.NOT_MET, Because.CONSTRUCTION_TOO_LATE, possible_from, **params)


def minimum_size(part: Part, day: date, law: DatedLaw) -> Finding:
    """Met by a part of which something is left and no less than the minimum. Source: Vorschlag dieses Dienstes."""
    minimum_m2 = law["reserve.minimum_m2"].amount
    params: dict[str, Fact | int] = {"net_m2": part.net_m2, "minimum_m2": minimum_m2}
    if part.net_m2 is None:
        return _finding(Outcome.UNKNOWN, Because.SIZE_UNKNOWN, None, minimum_m2=minimum_m2)
    if not part.net_m2:
        return _finding(Outcome.NOT_MET, Because.NOTHING_LEFT, part.net_m2, **params)
    if part.net_m2 < minimum_m2:
        return _finding(Outcome.NOT_MET, Because.TOO_SMALL, part.net_m2, **params)
    return _finding(Outcome.MET, Because.LARGE_ENOUGH, part.net_m2, **params)


# name -> (the parameter whose citation the answer carries, the rule), in the order in which people read them
CRITERIA: dict[str, tuple[str, Judge]] = {
    "designation": ("reserve.designations", designation),
    "outside_port": ("reserve.in_port", outside_port),
    "municipal_holder": ("holders.municipal", municipal_holder),
    "serviced": ("reserve.serviced", serviced),
    "no_binding_use": ("reserve.binding_use", no_binding_use),
    "cleared": ("reserve.cleared", cleared),
    "no_opposing_plan": ("reserve.opposing_plan", no_opposing_plan),
    "not_disposed": ("dispositions.disposed", not_disposed),
    "construction_within_horizon": ("reserve.horizon_months", construction_within_horizon),
    "minimum_size": ("reserve.minimum_m2", minimum_size),
}


def first_day_within(target: date, months: int) -> date:
    """The first day from which `target` is no more than `months` months away (§ 188 Abs. 2, 3 BGB: month ends clip)."""
    first = target.replace(day=1)
    for _ in range(months):
        if first == date.min:
            return date.min
        first = (first - timedelta(days=1)).replace(day=1)
    _, last = calendar.monthrange(first.year, first.month)
    if target.day <= last:
        return first.replace(day=target.day)
    return first + timedelta(days=last)  # from that month's end one falls short of the target
