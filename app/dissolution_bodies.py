"""What callers send of a dissolution."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.conversion_bodies import SiteIn
from app.inputs import Day, Text, fault
from app.land_bodies import NOTHING, Designation, FactsIn
from parcels.dissolutions import Cause

LARGEST = 2**31 - 1
DISSOLUTION: dict[str, JsonValue] = {
    "reference": "BE/SL/0042/2026",
    "cause": "entered",
    "site": {"parcels": ["029901___00017______"]},
    "designation": "GE",
    "lost_on": "2027-07-01",
    "facts": {"road_m": 1800, "rail": False, "around_the_clock": True, "firm_kinds": ["classic", "logistics"]},
    "note": "Beschluss des Bezirks liegt bei",
}
AMENDED: dict[str, JsonValue] = {"lost_on": "2028-01-01", "note": "Räumung verschoben"}


class DissolutionIn(BaseModel):
    """Workplace land of one designation that is dissolved."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [DISSOLUTION]})

    reference: Text = Field(description="The authority's file number; no name of a person")
    cause: Cause
    conversion: int | None = Field(
        None, ge=1, le=LARGEST, strict=True, description="The case, with the cause conversion"
    )
    plan: Text | None = Field(None, description="The plan, with the cause plan_change")
    site: SiteIn | None = Field(
        None, description="With a conversion it may be left out: that of the case's last version"
    )
    designation: Designation | None = Field(None, description="May be left out where the land has one only")
    lost_on: Day = Field(description="First day on which it is no longer workplace land")
    facts: FactsIn = NOTHING
    note: Text | None = None

    @model_validator(mode="after")
    def _cause_and_site(self) -> Self:
        for name, cause in (("conversion", Cause.CONVERSION), ("plan", Cause.PLAN_CHANGE)):
            if (getattr(self, name) is not None) != (self.cause is cause):
                raise fault(name, f"`{name}` goes with the cause {cause.value}", "Give both or neither.")
        if self.site is None and self.conversion is None:
            raise fault("site", "There is no site", "Give `site`; only a conversion brings its own.")
        return self


class DissolutionVersionIn(BaseModel):
    """What is said anew of a dissolution; what is left out stays. `facts` takes the place of all that was stated."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [AMENDED]})

    lost_on: Day | None = Field(None, description="Another day; the land is measured on the day before it")
    facts: FactsIn | None = None
    withdrawn_on: Day | None = Field(None, description="It does not happen; null takes that back")
    note: Text | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"note"}:
            raise fault("body", "Nothing is said anew", "Give `lost_on`, `facts` or `withdrawn_on`.")
        return self
