"""What is recorded of dissolved land and of the land offered for it, and what a comparison of the two finds."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from rules.criteria import Fact, Reason
from rules.facts import Outcome
from rules.law import Cite


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """A piece of workplace land, lost or offered; None and `unknown` are facts that nobody recorded.

    `net_m2`: Nettobauland outside the port. `restricted`: an eingeschränktes GE or GI (§ 1 Abs. 4 to 9 BauNVO).
    `emission_limited`: whether emission quotas are set; `day_db`, `night_db`: those quotas, dB(A) per m2.
    `hazard_class`: the highest class of Betriebsbereich (KAS-18: none, I to IV) that is permitted; IV where nothing limits it.
    `largest_plot_m2`: the largest contiguous plot; `shorter_side_m`: the shorter side of that plot, in metres.
    `road_m`: metres to the nearest motorway junction. `grid_kw`: connected load, in kW. `firm_kinds`: the kinds of firm displaced,
    or those that find their place (parameter `replacements.firm_kinds`); empty is nobody.
    """

    net_m2: Decimal | None
    designation: str | None
    in_use_as_commercial: bool | None = None
    restricted: Outcome = Outcome.UNKNOWN
    emission_limited: Outcome = Outcome.UNKNOWN
    day_db: Decimal | None = None
    night_db: Decimal | None = None
    around_the_clock: bool | None = None
    hazard_class: str | None = None
    largest_plot_m2: Decimal | None = None
    shorter_side_m: Decimal | None = None
    road_m: Decimal | None = None
    rail: bool | None = None
    quay: bool | None = None
    district: str | None = None
    grid_kw: Decimal | None = None
    fibre: bool | None = None
    hydrogen: bool | None = None
    contaminated: bool | None = None
    flood: bool | None = None
    heavy_rain: bool | None = None
    firm_kinds: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss(Land):
    """Dissolved land; `lost_on` is the first day on which it is no longer workplace land."""

    lost_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Land):
    """Land offered for a loss; `key` names it among the others, and stands in every answer.

    `stage`: stage of its plan as rules.xplan calls it. `plan_ripe`: Planreife (§ 33 Abs. 1 BauGB) is established.
    `in_force_expected`, `servicing_done_on`, `available_from`: planned or actual days; `available_from`: building can start.
    `distance_m`: metres from the lost land. `in_stock_on_loss`, `in_reserve`: belonged to the stock on the day of the loss, or
    belongs to the reserve, and so is not new. `in_port`: wholly in the port (`net_m2` leaves out what lies in it in part).
    `overlaps_loss`: shares land with what is lost.
    `pledged_m2`: of its net area, what is bound to other losses. `overlaps`: keys of other candidates that share land with it.
    """

    key: str
    stage: str | None = None
    plan_ripe: bool | None = None
    in_force_expected: date | None = None
    servicing_done_on: date | None = None
    servicing_funded: bool | None = None
    available_from: date | None = None
    distance_m: Decimal | None = None
    in_stock_on_loss: Outcome = Outcome.UNKNOWN
    in_reserve: Outcome = Outcome.UNKNOWN
    in_port: Outcome = Outcome.UNKNOWN
    overlaps_loss: Outcome = Outcome.UNKNOWN
    pledged_m2: Decimal = Decimal(0)
    overlaps: frozenset[str] = frozenset()


class Verdict(StrEnum):
    """Whether what is offered makes up for what is lost; a person decides, this is what the comparison says."""

    EQUIVALENT = "equivalent"
    CONDITIONAL = "conditional"
    NOT_EQUIVALENT = "not_equivalent"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One point of the comparison: what was lost, what is offered, and what decided; of several candidates, `candidate` did.

    `essential`: without it nothing is equivalent; the others are weighed.
    """

    name: str
    outcome: Outcome
    reason: Reason
    lost: Fact
    offered: Fact
    cite: Cite
    essential: bool
    candidate: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many net m2 of a candidate count: `m2` for certain if `outcome` is met, perhaps if unknown; none if not met."""

    key: str
    outcome: Outcome
    m2: Decimal
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The extent in net m2: lost, counted for certain, perhaps, and missing; `ratio`: counted by lost, None if nothing is lost."""

    lost_m2: Decimal | None
    counted_m2: Decimal
    unclear_m2: Decimal
    missing_m2: Decimal | None
    ratio: Decimal | None
    candidates: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole comparison, itemised, under one version of the law."""

    verdict: Verdict
    criteria: tuple[Criterion, ...]
    coverage: Coverage
    law_version: str

    @property
    def open(self) -> tuple[Criterion, ...]:
        """What is not met or not known, the essential first: what is to be done before the verdict is `equivalent`."""
        left = [one for one in self.criteria if one.outcome is not Outcome.MET]
        return tuple(sorted(left, key=lambda one: not one.essential))
