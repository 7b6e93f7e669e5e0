"""What callers send to compare lost and offered land, to be proposed candidates, and to decide."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.conversion_bodies import SiteIn
from app.dissolution_bodies import LARGEST
from app.inputs import AreaM2, Day, Instant, Text, fault
from app.land_bodies import NOTHING, Designation, FactsIn, WayStepIn
from app.schemas.decisions import Decision

MOST_RECORDED, MOST_INLINE = 1_000, 20
COMPARISON: dict[str, JsonValue] = {
    "loss": {
        "site": {"parcels": ["029901___00017______"]},
        "designation": "GE",
        "lost_on": "2027-07-01",
        "facts": {"road_m": 1800, "rail": False},
    },
    "candidates": [
        {"id": 3},
        {
            "name": "Beispielfeld Süd (fiktiv)",
            "site": {"parcels": ["029901___00019______"]},
            "designation": "GE",
            "milestones": [
                {"kind": "in_force", "planned_on": "2027-03-01"},
                {"kind": "available", "planned_on": "2027-06-01"},
            ],
        },
    ],
    "on": "2026-11-20",
}
PROPOSAL: dict[str, JsonValue] = {"dissolution": 17, "max_areas": 3, "on": "2026-11-20"}
DECISION: dict[str, JsonValue] = {
    "dissolution": 17,
    "candidates": [3],
    "decision": "accepted_with_conditions",
    "decided_on": "2026-11-20",
    "decided_by": "Arbeitsgruppe Flächen",
    "reason": "Gleichwertig, sobald die Erschließung finanziert ist.",
}
Number = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]


class LossIn(BaseModel):
    """Dissolved land that nobody records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: SiteIn
    designation: Designation | None = Field(None, description="May be left out where the land has one only")
    lost_on: Day = Field(description="First day on which it is no longer workplace land")
    facts: FactsIn = NOTHING


class OfferIn(BaseModel):
    """A candidate: a recorded one by its `id`, or land that nobody records by `name` and `site`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Number | None = None
    net_m2: AreaM2 | None = Field(
        None, description="How much of a recorded candidate is offered; all that is not pledged elsewhere if left out"
    )
    name: Text | None = None
    site: SiteIn | None = None
    designation: Designation | None = Field(
        None, description="What it has or is to have; else what plans say of most of it"
    )
    planned_net_m2: AreaM2 | None = None
    facts: FactsIn = NOTHING
    milestones: list[WayStepIn] = Field([], max_length=20)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.id is not None and self.model_fields_set - {"id", "net_m2"}:
            raise fault("id", "A recorded candidate is told by its number", "Leave the rest out, or `id`.")
        if self.id is None and self.net_m2 is not None:
            raise fault("net_m2", "Only of a recorded candidate a part is offered", "Give `planned_net_m2`.")
        if self.id is None and (self.name is None or self.site is None):
            raise fault("site", "A candidate is recorded, or has a name and a site", "Give `id`, or `name` and `site`.")
        return self


def _once(offers: list[OfferIn]) -> None:
    """No recorded candidate twice, and no more land that is to be measured than one answer takes."""
    numbers = [one.id for one in offers if one.id is not None]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        said = ", ".join(map(str, twice))
        raise fault("candidates", f"Given more than once: {said}", "Name each candidate once: it counts once.")
    if len(offers) - len(numbers) > MOST_INLINE:
        raise fault("candidates", f"More than {MOST_INLINE} are not recorded", "Record them, or ask in several calls.")


class _LossOrDissolution(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    dissolution: Number | None = Field(None, description="A recorded dissolution; or give `loss`")
    loss: LossIn | None = Field(None, description="Land that nobody records; or give `dissolution`")
    on: Day | None = Field(None, description="The day asked about; today in Hamburg if left out")
    known_at: Instant | None = Field(None, description="The state of knowledge; all that is recorded if left out")

    @model_validator(mode="after")
    def _one_loss(self) -> Self:
        if (self.dissolution is None) == (self.loss is None):
            raise fault("loss", "One loss is compared", "Give `dissolution`, or `loss`.")
        return self


class ComparisonIn(_LossOrDissolution):
    """A loss and what is offered for it. Nothing is stored."""

    model_config = ConfigDict(json_schema_extra={"examples": [COMPARISON]})

    candidates: list[OfferIn] = Field(max_length=100)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _once(self.candidates)
        return self


class ProposalIn(_LossOrDissolution):
    """A loss for which a set of candidates is to be proposed. Nothing is stored."""

    model_config = ConfigDict(json_schema_extra={"examples": [PROPOSAL]})

    candidates: list[OfferIn] | None = Field(
        None, max_length=MOST_RECORDED, description="All that are still offered on the day if left out"
    )
    max_areas: Annotated[int, Field(ge=1, le=MOST_RECORDED, strict=True)] | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _once(self.candidates or [])
        return self


class DecisionIn(BaseModel):
    """What was decided of recorded candidates for a dissolution; the assessment of the day `on` is kept beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [DECISION]})

    dissolution: Number
    candidates: list[Number] = Field(min_length=1, max_length=100)
    decision: Decision
    decided_on: Day = Field(description="Not in the future")
    decided_by: Text = Field(description="The office or function; no name of a person")
    reason: Text
    on: Day | None = Field(None, description="The day assessed for; today in Hamburg if left out")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _once([OfferIn.model_validate({"id": number}) for number in self.candidates])
        return self
