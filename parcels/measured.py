"""Lost and offered land as the register measures it, and what people state of it beside: the stated fact wins, but for the area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from rules.facts import Outcome
from rules.replacement_facts import Candidate, Land, Loss

PLANNED_NET = "planned_net_m2"
STATABLE = frozenset(field.name for field in fields(Land)) - {"net_m2", "designation"}
OUTCOMES = frozenset({"restricted", "emission_limited"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLand(Loss):
    """Dissolved land of one designation, as it lay on `measured_on`, the last day before `lost_on`.

    `net_m2` is None where nobody knows it: of no line is it certain that it belongs to the stock, or an area is not recorded.
    `unclear_m2`: net m2 of G land of which nobody knows whether it is in commercial use. `unmeasured`: parcels without an area.
    """

    unclear_m2: Decimal
    measured_on: date
    unmeasured: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedLand(Land):
    """Offered land: `gross_m2` with the port, `outside_m2` without it, `net_m2` without deductions too.

    `new_net_m2` of it is neither in the stock on `newness_on` nor counted in the reserve; of `unclear_m2` nobody knows that.
    `in_stock_on_loss`, `in_reserve`: all of it is; unknown where that is unknown of some, and the rest is in. `designations`: what
    the land would be, with its share of it, largest first; `designation` is the one that was asked for, or the first.
    `plan`, `stage`, `in_force_expected` are of the plan that most of it lies in. `unmeasured`: parcels without an area.
    """

    gross_m2: Decimal
    outside_m2: Decimal
    new_net_m2: Decimal
    unclear_m2: Decimal
    newness_on: date
    in_stock_on_loss: Outcome
    in_reserve: Outcome
    in_port: Outcome
    overlaps_loss: Outcome
    distance_m: Decimal | None
    designations: tuple[tuple[str, Decimal], ...]
    plan: str | None
    stage: str | None
    in_force_expected: date | None
    unmeasured: tuple[str, ...]

    @property
    def counting_m2(self) -> Decimal | None:
        """Net m2 that a comparison may count: what is new, or where nothing surely is, what may be; None where nobody knows."""
        if self.net_m2 is None:
            return None
        return self.new_net_m2 or self.unclear_m2

    def candidate(self, key: str, **path: Any) -> Candidate:
        """As a comparison takes it; `path` are the candidate's own milestones and pledges, which win where they say something."""
        names = {field.name for field in fields(Candidate)} - {"key", "net_m2"}
        own = {field.name: getattr(self, field.name) for field in fields(self) if field.name in names}
        said = {name: value for name, value in path.items() if value is not None}
        return Candidate(key=key, net_m2=self.counting_m2, **{**own, **said})


class PlannedNetError(Exception):
    """More Nettobauland is planned than there is land outside the port."""

    def __init__(self, planned_m2: Decimal, outside_m2: Decimal) -> None:
        super().__init__(f"{planned_m2} m2 of Nettobauland are planned on {outside_m2} m2 of land outside the port.")
        self.planned_m2, self.outside_m2 = planned_m2, outside_m2


Measured = TypeVar("Measured", LostLand, OfferedLand)


def merged(measured: Measured, stated: Mapping[str, Any]) -> Measured:
    """What was measured, with what people state in its place; None and `unknown` state nothing.

    Newness, port, overlap and designation cannot be stated, nor the net area: an offered site's `planned_net_m2` only bounds it.
    PlannedNetError where that exceeds the land outside the port, ValueError for a name that nobody can state.
    """
    planned = stated.get(PLANNED_NET)
    facts = {name: value for name, value in stated.items() if name != PLANNED_NET and value is not None}
    if wrong := sorted(facts.keys() - STATABLE):
        raise ValueError(f"cannot be stated: {', '.join(wrong)}")
    facts |= {name: Outcome(facts[name]) for name in OUTCOMES & facts.keys()}
    land = replace(measured, **{name: value for name, value in facts.items() if value is not Outcome.UNKNOWN})
    if planned is None:
        return land
    if not isinstance(land, OfferedLand):
        raise ValueError(f"{PLANNED_NET} is of offered land")
    return _bounded(land, planned)


def _bounded(land: OfferedLand, planned_m2: Decimal) -> OfferedLand:
    """What is left of the plan beside the land that is surely or perhaps not new: the plan may put its deductions anywhere."""
    if planned_m2 > land.outside_m2 and not land.unmeasured:
        raise PlannedNetError(planned_m2, land.outside_m2)
    if land.net_m2 is None:
        return land
    nothing = Decimal(0)
    not_new = land.net_m2 - land.new_net_m2 - land.unclear_m2
    new = min(land.new_net_m2, max(planned_m2 - not_new - land.unclear_m2, nothing))
    unclear = min(land.unclear_m2, max(planned_m2 - not_new - new, nothing))
    bounded = replace(land, net_m2=min(land.net_m2, planned_m2), new_net_m2=new, unclear_m2=unclear)
    if unclear and not new and land.in_stock_on_loss is land.in_reserve is Outcome.NOT_MET:
        return replace(bounded, in_stock_on_loss=Outcome.UNKNOWN)
    return bounded
