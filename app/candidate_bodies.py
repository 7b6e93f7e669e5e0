"""What callers send of land that is offered as replacement."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.conversion_bodies import SiteIn
from app.inputs import AreaM2, Day, Text, fault
from app.land_bodies import NOTHING, Designation, FactsIn, WayStepIn

CANDIDATE: dict[str, JsonValue] = {
    "name": "Beispielfeld Nord (fiktiv)",
    "designation": "GE",
    "site": {"parcels": ["029901___00018______"]},
    "planned_net_m2": 18500,
    "facts": {"road_m": 2400, "around_the_clock": True, "firm_kinds": ["classic", "logistics"]},
    "on": "2026-11-02",
    "note": None,
}
AMENDED: dict[str, JsonValue] = {"planned_net_m2": 16000, "note": "Grünstreifen verbreitert"}
MILESTONE: dict[str, JsonValue] = {"kind": "servicing", "planned_on": "2027-05-01", "note": "Bauzeitenplan vom 2.11."}


class CandidateIn(BaseModel):
    """Land offered as replacement: a site, or with `plan` alone the zones that the plan in procedure would bring."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [CANDIDATE]})

    name: Text
    designation: Designation | None = Field(
        None, description="What it has or is to have; else what plans say of most of it"
    )
    plan: Text | None = Field(None, description="The plan that brings it")
    site: SiteIn | None = None
    planned_net_m2: AreaM2 | None = Field(None, description="Nettobauland that is planned; bounds what is measured")
    facts: FactsIn = NOTHING
    on: Day | None = Field(None, description="Day of measurement; today in Hamburg if left out, not in the future")
    note: Text | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.site is None and self.plan is None:
            raise fault("site", "There is no site", "Give `site`, or the `plan` in procedure that brings the land.")
        return self


class CandidateVersionIn(BaseModel):
    """What is said anew of a candidate; what is left out stays. `facts` takes the place of all that was stated."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [AMENDED]})

    on: Day | None = Field(None, description="The land is measured anew on this day, not in the future")
    planned_net_m2: AreaM2 | None = Field(None, description="Null: nobody states it any more")
    facts: FactsIn | None = None
    withdrawn_on: Day | None = Field(None, description="It is no longer offered; null takes that back")
    note: Text | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"note"}:
            raise fault("body", "Nothing is said anew", "Give `on`, `planned_net_m2`, `facts` or `withdrawn_on`.")
        return self


class MilestoneIn(WayStepIn):
    """A milestone to be recorded: of a kind the last one holds, one without days takes it back."""

    model_config = ConfigDict(json_schema_extra={"examples": [MILESTONE]})

    note: Text | None = None
