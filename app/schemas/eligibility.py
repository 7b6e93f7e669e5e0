"""Eligibility as it is asked and answered: the verdict, every criterion with its fact, the fact's date and its source."""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.geometry import Crs
from app.inputs import Day, Instant, ParcelKey, fault
from app.schemas.common import Attribution, Citation, Knowledge, Number, Out
from parcels.eligibility import MOST
from rules.eligibility import Effect, Purpose, Verdict
from rules.facts import Outcome, Standing

QUESTION: dict[str, JsonValue] = {
    "purpose": "award",
    "on": "2026-11-20",
    "known_at": None,
    "keys": ["029901___00017______", "029901___00018______"],
    "geometry": None,
    "crs": None,
}


class EligibilityQuestion(BaseModel):
    """What is asked of many parcels: either their keys or an area drawn over them, in GeoJSON with its `crs`."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [QUESTION]})

    purpose: Purpose = Purpose.RESERVE
    on: Day | None = Field(None, description="The day asked about; today in Hamburg if left out")
    known_at: Instant | None = Field(None, description="The state of knowledge; all that is recorded if left out")
    keys: list[ParcelKey] | None = Field(None, min_length=1, max_length=MOST, description="In any order; once each")
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon")
    overlays: bool = Field(False, strict=True, description="Also what maps say of each parcel beside its use")
    crs: Crs | None = Field(None, description="EPSG:25832 (east, north) or EPSG:4326 (longitude, latitude)")

    @model_validator(mode="after")
    def _one_way_to_say_which(self) -> Self:
        if (self.keys is None) == (self.geometry is None):
            raise fault("which", "`keys` and `geometry` are two ways to say which parcels", "Give one of them.")
        if (self.geometry is None) != (self.crs is None):
            raise fault("crs", "`geometry` and `crs` go together", "Give both or neither.")
        return self


class BecauseOut(Out):
    """Why: a stable code, its values, and the sentence in the answer's language."""

    code: str
    params: dict[str, bool | int | Number | str | None]
    sentence: str


class CriterionBase(Out):
    """A criterion of a part: what it finds and what that does to the verdict.

    `fact_date` is the first day on which the fact is so by the register (null: always, or nothing is recorded), `recorded_at`
    since when the register says so (null: nothing is recorded).
    """

    part: int
    name: str
    outcome: Outcome
    effect: Effect
    because: BecauseOut
    fact: bool | int | Number | str | None
    fact_date: date | None
    recorded_at: datetime | None


class CriterionOut(CriterionBase):
    """A criterion with its source."""

    citation: Citation


class CriterionRef(CriterionBase):
    """A criterion that names its source by the `parameter` of one of the answer's `citations`."""

    citation: str


class PartOut(Out):
    """A part of the parcel under one designation and one holding; the parcel's verdict rests on the parts in question.

    `standing` is null for land that is neither workplace land nor held: nobody has measured it.
    """

    number: int
    part: UUID | None
    designation: str | None
    in_use_as_commercial: bool | None
    plans: list[str]
    site: str | None
    holder: str | None
    disposition: str | None
    gross_m2: Number | None
    net_m2: Number | None
    area_basis: str | None
    standing: Standing | None
    in_question: bool
    verdict: Verdict


class CheckOut(Out):
    """What a person judges of an applicant; nothing of it is computed, and the verdict does not rest on it."""

    name: str
    outcome: Outcome
    because: BecauseOut
    citation: Citation


class OverlayOut(Out):
    """What a map says of the parcel beside its use, for information: met where the parcel lies in such an area, with its `share`.

    `data_on` is the day of the data, `age_days` how old they were at the state of knowledge; unknown: nothing is recorded.
    """

    kind: str
    outcome: Outcome
    name: str | None
    value: str | None
    share: Number | None
    data_on: date | None
    age_days: int | None


class VerdictBase(Out):
    """The verdict on a parcel: `net_m2` of its parts in question, `eligible_m2` of those that are eligible.

    `eligible_from` is the day from which the parcel is eligible, by all that is recorded for that day; null where it is so, or
    where something stands in the way that has no day.
    """

    key: str
    district: str | None
    verdict: Verdict
    net_m2: Number
    eligible_m2: Number
    eligible_from: date | None


class EligibilityOut(Knowledge, VerdictBase):
    """Whether a parcel is eligible, and why."""

    on: date
    purpose: Purpose
    criteria: list[CriterionOut]
    parts: list[PartOut]
    checklist: list[CheckOut]
    overlays: list[OverlayOut]
    rules_version: str
    attribution: list[Attribution]


class ParcelVerdict(VerdictBase):
    """The verdict on one of many; `share` is how much of the parcel lies in the drawn area; `overlays` is null unless asked for."""

    share: Number | None
    criteria: list[CriterionRef]
    parts: list[PartOut]
    overlays: list[OverlayOut] | None


class EligibilitiesOut(Knowledge):
    """Verdicts on many parcels by key; `unknown_keys` are those that the register had not heard of by then."""

    on: date
    purpose: Purpose
    verdicts: dict[Verdict, int]
    net_m2: Number
    eligible_m2: Number
    unknown_keys: list[str]
    citations: list[Citation]
    checklist: list[CheckOut]
    rules_version: str
    attribution: list[Attribution]
    parcels: list[ParcelVerdict]
