"""What callers state of lost or offered land beside its site, and of the way of a site."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.inputs import AreaM2, Day, Text, fault
from parcels.measured import OUTCOMES
from rules.facts import Outcome
from rules.law import LAW
from rules.pipeline import Milestone, MilestoneKind

Flag = Annotated[bool, Field(strict=True)]
Decibels = Annotated[Decimal, Field(ge=0, le=120, decimal_places=1, max_digits=4, allow_inf_nan=False)]
Metres = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2, max_digits=9, allow_inf_nan=False)]
Kilowatts = Annotated[Decimal, Field(ge=0, le=10_000_000, decimal_places=2, max_digits=10, allow_inf_nan=False)]


def coded(parameter: str) -> AfterValidator:
    """One of the codes that a parameter has, or ever had."""

    def check(value: str) -> str:
        known = list(dict.fromkeys(code for one in LAW.parameters[parameter] for code in one.codes))
        if value not in known:
            raise fault("code", "This code is not known", f"Known are {', '.join(known)}.")
        return value

    return AfterValidator(check)


Designation = Annotated[Text, coded("designations.known")]


class FactsIn(BaseModel):
    """Facts that people state; they stand in place of what is measured. What is left out or null states nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    in_use_as_commercial: Flag | None = Field(None, description="Of G land: is it in commercial use")
    restricted: Flag | None = Field(None, description="An eingeschränktes GE or GI (§ 1 Abs. 4 to 9 BauNVO)")
    emission_limited: Flag | None = Field(None, description="Whether emission quotas are set")
    day_db: Decibels | None = Field(None, description="Quota by day, dB(A) per m2")
    night_db: Decibels | None = Field(None, description="Quota by night, dB(A) per m2")
    around_the_clock: Flag | None = None
    hazard_class: Annotated[Text, coded("neighbours.kas18_classes")] | None = Field(
        None, description="Highest class of Betriebsbereich (KAS-18) that is permitted"
    )
    largest_plot_m2: AreaM2 | None = None
    shorter_side_m: Metres | None = Field(None, description="Of the largest plot")
    road_m: Metres | None = Field(None, description="To the nearest motorway junction")
    rail: Flag | None = None
    quay: Flag | None = None
    district: Text | None = None
    grid_kw: Kilowatts | None = Field(None, description="Connected electrical load")
    fibre: Flag | None = None
    hydrogen: Flag | None = None
    contaminated: Flag | None = None
    flood: Flag | None = None
    heavy_rain: Flag | None = None
    firm_kinds: list[Annotated[Text, coded("replacements.firm_kinds")]] | None = Field(
        None,
        max_length=20,
        description="Of lost land the kinds of firm displaced, of offered land those that find their place",
    )

    @model_validator(mode="after")
    def _quotas_where_there_are_some(self) -> Self:
        if self.emission_limited is False and (self.day_db is not None or self.night_db is not None):
            raise fault("emission_limited", "No quotas are set, and yet there is one", "Leave one of both out.")
        return self

    def stated(self) -> dict[str, Any]:
        """As parcels.measured.merged takes them."""
        said = {name: value for name, value in self.model_dump().items() if value is not None}
        if "firm_kinds" in said:
            said["firm_kinds"] = tuple(dict.fromkeys(said["firm_kinds"]))
        return said | {name: Outcome.MET if said[name] else Outcome.NOT_MET for name in OUTCOMES & said.keys()}


NOTHING = FactsIn.model_validate({})


class WayStepIn(BaseModel):
    """A step of a site's way; without days it is known to be needed, and no more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: MilestoneKind
    planned_on: Day | None = None
    done_on: Day | None = Field(None, description="Not in the future")

    def milestone(self) -> Milestone:
        """As the rules take it."""
        return Milestone(self.kind, self.planned_on, self.done_on)


def yes_or_no(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as they are answered: what is known as met or not met is yes or no."""
    said = {Outcome.MET: True, Outcome.NOT_MET: False, Outcome.UNKNOWN: None}
    return {name: said[Outcome(value)] if name in OUTCOMES else value for name, value in facts.items()}
