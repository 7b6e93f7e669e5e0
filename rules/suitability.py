"""The criteria that only HIE's questions have: may land be offered, is it to be protected. Three-valued like the reserve's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from rules.criteria import Because, Fact, Finding, Reason, is_municipal
from rules.facts import Outcome, Part
from rules.law import DatedLaw
from rules.reserve import is_reserved
from rules.stock import in_stock


class Ground(StrEnum):
    """The codes of the reasons that these criteria give beside those of the reserve."""

    RECORDED = "recorded"
    NOTHING_RECORDED = "nothing_recorded"
    NOT_MEASURED = "not_measured"
    RESERVED = "reserved"
    RESERVED_UNTIL = "reserved_until"
    RESERVATION_ENDED = "reservation_ended"
    WORKPLACE_LAND = "workplace_land"
    NOT_WORKPLACE_LAND = "not_workplace_land"
    COMMERCIAL_USE = "commercial_use"
    NO_COMMERCIAL_USE = "no_commercial_use"
    COMMERCIAL_USE_UNKNOWN = "commercial_use_unknown"
    MARKETABLE = "marketable"
    NOT_MARKETABLE = "not_marketable"
    MARKETABLE_UNKNOWN = "marketable_unknown"
    TO_BE_JUDGED = "to_be_judged"


@dataclass(frozen=True, slots=True)
class Land:
    """A part of a parcel as it is asked about: `part` as the reserve judges it, and whether it is recorded as marktfähig.

    `measured` False: nobody has measured its net area, because it is neither workplace land nor held. `recorded` False: on that
    day there is no such parcel.
    """

    part: Part
    marketable: bool | None = None
    measured: bool = True
    recorded: bool = True


Judge = Callable[[Land, date, DatedLaw], Finding]


def finding(outcome: Outcome, code: StrEnum, fact: Fact = None, **params: Fact | int) -> Finding:
    """A finding with the values that its sentence needs."""
    return Finding(outcome, Reason(code, tuple(params.items())), fact)


def recorded(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met where the parcel exists on the day, or somebody is recorded as its holder. Source: Vorschlag dieses Dienstes."""
    if land.recorded == law["eligibility.recorded"].flag:
        return finding(Outcome.MET, Ground.RECORDED, land.recorded)
    return finding(Outcome.NOT_MET, Ground.NOTHING_RECORDED, land.recorded)


def offerable(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met by land that is not sold, given in Erbbaurecht or anhandgegeben on the day. Source: Vorschlag dieses Dienstes."""
    held = land.part.holding
    if held is None:
        return finding(Outcome.UNKNOWN, Because.NO_HOLDING_RECORDED)
    code, until = held.disposition, held.disposition_until
    if code is None:
        return finding(Outcome.UNKNOWN, Because.DISPOSITION_UNKNOWN)
    if code in law["dispositions.disposed"].codes:
        return finding(Outcome.NOT_MET, Because.DISPOSED, code, disposition=code)
    if code in law["eligibility.offerable"].codes:
        return finding(Outcome.MET, Because.NOT_DISPOSED, code, disposition=code)
    if code not in law["dispositions.reserved"].codes:
        return finding(Outcome.UNKNOWN, Because.DISPOSITION_NOT_LISTED, code, disposition=code)
    if until is None:
        return finding(Outcome.NOT_MET, Ground.RESERVED, code)
    if is_reserved(held, day, law):
        return finding(Outcome.NOT_MET, Ground.RESERVED_UNTIL, code, until=until)
    return finding(Outcome.MET, Ground.RESERVATION_ENDED, code, until=until)


def award_size(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met by a part that is large enough to be offered by itself. Source: Vorschlag dieses Dienstes."""
    return sized(land, law["eligibility.award_minimum_m2"].amount)


def workplace_land(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met by GE, GI and I, and by G in use as commercial area. Source: Masterplan Industrie 2023, Nr. 1 Abs. 2 Satz 1."""
    part, code = land.part, land.part.designation
    if code is None:
        return finding(Outcome.UNKNOWN, Because.NO_PLAN_RECORDED)
    if code in law["stock.designations_if_in_use_as_commercial"].codes:
        use = {True: Ground.COMMERCIAL_USE, False: Ground.NO_COMMERCIAL_USE, None: Ground.COMMERCIAL_USE_UNKNOWN}
        return finding(_judged(part, law), use[part.in_use_as_commercial], code, designation=code)
    grounds = {
        Outcome.MET: Ground.WORKPLACE_LAND,
        Outcome.NOT_MET: Ground.NOT_WORKPLACE_LAND,
        Outcome.UNKNOWN: Because.DESIGNATION_NOT_LISTED,
    }
    outcome = _judged(part, law)
    return finding(outcome, grounds[outcome], code, designation=code)


def _judged(part: Part, law: DatedLaw) -> Outcome:
    """Whether the designation is one of the stock's; the port is a criterion of its own."""
    return in_stock(Part(part.designation, part.in_use_as_commercial, False, part.net_m2, part.holding), law)


def outside_port_law(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met unless the part lies wholly in the port, where the HafenEG rules. Source: Vorschlag dieses Dienstes."""
    inside = land.part.wholly_in_port
    if inside == law["eligibility.protected_in_port"].flag:
        return finding(Outcome.MET, Because.OUTSIDE_PORT, inside)
    return finding(Outcome.NOT_MET, Because.INSIDE_PORT, inside)


def private_holder(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met by a known holder that is not municipal. Source: Vorschlag dieses Dienstes."""
    held = land.part.holding
    if held is None:
        return finding(Outcome.UNKNOWN, Because.NO_HOLDING_RECORDED)
    code = held.holder
    if code is None:
        return finding(Outcome.UNKNOWN, Because.HOLDER_UNKNOWN)
    municipal = is_municipal(code, law)
    if municipal is None:
        return finding(Outcome.UNKNOWN, Because.HOLDER_NOT_LISTED, code, holder=code)
    outcome = Outcome.MET if municipal == law["eligibility.held_by_municipal"].flag else Outcome.NOT_MET
    return finding(outcome, Because.HOLDER_MUNICIPAL if municipal else Because.HOLDER_NOT_MUNICIPAL, code, holder=code)


def marketable(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met where somebody recorded it as marktfähig: no machine judges prices. Source: Masterplan Industrie 2023."""
    held = land.part.holding
    if held is None:
        return finding(Outcome.UNKNOWN, Because.NO_HOLDING_RECORDED)
    if land.marketable is None:
        return finding(Outcome.UNKNOWN, Ground.MARKETABLE_UNKNOWN)
    if land.marketable == law["eligibility.marketable"].flag:
        return finding(Outcome.MET, Ground.MARKETABLE, land.marketable)
    return finding(Outcome.NOT_MET, Ground.NOT_MARKETABLE, land.marketable)


def protected_size(land: Land, day: date, law: DatedLaw) -> Finding:
    """Met where Nettobauland is left. Source: Vorschlag dieses Dienstes."""
    return sized(land, law["eligibility.protected_minimum_m2"].amount)


def sized(land: Land, minimum_m2: Decimal) -> Finding:
    """Met by a part of which something is left and no less than `minimum_m2`; a bound belongs to what is large enough."""
    net_m2 = land.part.net_m2
    if not land.measured:
        return finding(Outcome.UNKNOWN, Ground.NOT_MEASURED)
    if net_m2 is None:
        return finding(Outcome.UNKNOWN, Because.SIZE_UNKNOWN, minimum_m2=minimum_m2)
    code = Because.LARGE_ENOUGH if net_m2 >= minimum_m2 else Because.TOO_SMALL
    outcome = Outcome.MET if net_m2 and net_m2 >= minimum_m2 else Outcome.NOT_MET
    return finding(outcome, code if net_m2 else Because.NOTHING_LEFT, net_m2, net_m2=net_m2, minimum_m2=minimum_m2)
