"""What the land that a site takes means: whether it is workplace land, and what would leave the reserve and the stock with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from parcels.affected import Taken
from rules.conversions import AffectedLand
from rules.facts import Outcome, Part, Standing
from rules.law import DatedLaw
from rules.marketable import private_marketable
from rules.stock import in_stock


@dataclass(frozen=True, slots=True)
class Effect:
    """What a conversion would take, in m2: of the reserve (with and without reserved land), of what is unclear or unrecorded there,
    and of the stock; `stock_unclear_m2` is land of which nobody knows whether it belongs to it."""

    reserve_net_m2: Decimal
    reserve_free_m2: Decimal
    reserve_unclear_m2: Decimal
    stock_m2: Decimal
    stock_unclear_m2: Decimal
    total_m2: Decimal


def affected(lines: Sequence[Taken], law: DatedLaw) -> tuple[AffectedLand, ...]:
    """The site by parcel and designation, its port share apart; the amounts are those of the lines, none is left out."""
    amounts: dict[tuple[str | None, str | None, bool, Outcome, Outcome], Decimal] = defaultdict(Decimal)
    for line in lines:
        outside_m2 = line.gross_m2 - line.port_m2
        if outside_m2:
            belongs = workplace(line, law)
            private = private_marketable(belongs, line.holder, line.marketable, law)
            amounts[line.key, line.designation, False, belongs, private] += outside_m2
        if line.port_m2:
            amounts[line.key, line.designation, True, Outcome.NOT_MET, Outcome.NOT_MET] += line.port_m2
    return tuple(
        AffectedLand(key, designation, m2, workplace, private, in_port)
        for (key, designation, in_port, workplace, private), m2 in amounts.items()
    )


def effect(lines: Sequence[Taken], law: DatedLaw) -> Effect:
    """What of the reserve and the stock lies on the site on that day."""
    found = affected(lines, law)
    return Effect(
        reserve_net_m2=_net(lines, Standing.COUNTED_FREE, Standing.COUNTED_RESERVED),
        reserve_free_m2=_net(lines, Standing.COUNTED_FREE),
        reserve_unclear_m2=_net(lines, Standing.UNCLEAR, Standing.UNRECORDED),
        stock_m2=_sum(land.m2 for land in found if land.workplace is Outcome.MET),
        stock_unclear_m2=_sum(land.m2 for land in found if land.workplace is Outcome.UNKNOWN),
        total_m2=_sum(line.gross_m2 for line in lines),
    )


def plans(lines: Sequence[Taken], law: DatedLaw) -> list[tuple[str, str]]:
    """The plans and their designations (Festsetzungen) that the site takes workplace land of, or land that may be such."""
    found = {
        (plan, line.designation)
        for line in lines
        for plan in line.plans
        if line.designation and line.gross_m2 > line.port_m2 and workplace(line, law) is not Outcome.NOT_MET
    }
    return sorted(found)


def district(lines: Sequence[Taken]) -> str | None:
    """The Bezirk with most of the site; None where it is known of none of it."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.district is not None:
            amounts[line.district] += line.gross_m2
    return max(amounts, key=lambda name: (amounts[name], name), default=None)


def sole_district(lines: Sequence[Taken]) -> str | None:
    """The Bezirk that all of the site lies in; None where it lies in several, or nobody knows of a part of it."""
    found = {line.district for line in lines if line.gross_m2}
    return found.pop() if len(found) == 1 else None


def workplace(line: Taken, law: DatedLaw) -> Outcome:
    """Whether what lies outside the port of it belongs to the stock."""
    return in_stock(Part(line.designation, line.in_use_as_commercial, False, line.net_m2, None), law)


def _net(lines: Sequence[Taken], *standings: Standing) -> Decimal:
    return _sum(line.net_m2 for line in lines if line.standing in standings)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
