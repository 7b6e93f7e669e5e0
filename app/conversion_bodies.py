"""What callers send of a conversion: the case, its site, and the day and state of knowledge it is assessed for."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.geometry import Crs, multipolygon
from app.inputs import Day, Instant, ParcelKey, Text, fault
from parcels.conversions import Stated
from parcels.sites import MAX_PARCELS, Site
from rules.conversions import Cases, EnvironmentScreening, Hearing, Planning, Purpose, Route

QUESTION: dict[str, JsonValue] = {
    "route": "B31_3",
    "planning": "bplan",
    "purpose": "housing",
    "cases": "single",
    "site": {"parcels": ["029901___00017______"]},
    "application_on": "2026-08-03",
    "request_received_on": "2026-09-30",
    "hearing": {"days": 14},
    "decision_on": None,
    "environment": "not_significant",
    "housing_share": 0.4,
    "district": None,
    "on": "2026-11-20",
}
CASE: dict[str, JsonValue] = {"reference": "BE/WBZ/02345/2026", "note": "Eingang beim Bezirk", **QUESTION}


class SiteIn(BaseModel):
    """Whole parcels by their keys, or a drawn outline with its CRS; one of both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parcels: list[ParcelKey] | None = Field(None, min_length=1, max_length=10 * MAX_PARCELS)
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon")
    crs: Crs | None = Field(None, description="EPSG:25832 (east, north) or EPSG:4326 (longitude, latitude)")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.parcels is None) == (self.geometry is None):
            raise fault("site", "A site is either parcels or a geometry", "Give `parcels`, or `geometry` with `crs`.")
        if (self.geometry is None) != (self.crs is None):
            raise fault("crs", "`geometry` and `crs` go together", "Give both or neither.")
        return self

    def site(self) -> Site:
        """The site as it is recorded; ValueRefusedError or TooIntricateError for what is no outline."""
        if self.geometry is None or self.crs is None:
            return Site(tuple(dict.fromkeys(self.parcels or ())))
        return Site(outline=multipolygon(self.geometry, self.crs))


class HearingIn(BaseModel):
    """How long the public is heard (§ 36a Abs. 2 BauGB): in months or in days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    months: Annotated[int, Field(ge=1, le=12, strict=True)] | None = None
    days: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise fault("hearing", "A hearing lasts months or days", "Give `months` or `days`.")
        return self


class QuestionIn(BaseModel):
    """A conversion to be assessed. What is left out is not known, and says so in the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [QUESTION]})

    route: Route = Field(description="The provision by which the land is to be converted, or `plan_change`")
    planning: Planning | None = Field(None, description="What the land is by planning law")
    purpose: Purpose = Field(description="What it is converted to")
    cases: Cases | None = Field(None, description="Whether it stands alone or is one of several comparable cases")
    site: SiteIn
    application_on: Day | None = None
    request_received_on: Day | None = Field(None, description="When the municipality received the request for consent")
    hearing: HearingIn | None = None
    decision_on: Day | None = Field(None, description="When it was decided; the law of that day is taken")
    decision: Literal["granted", "refused", "withdrawn"] | None = None
    environment: EnvironmentScreening | None = Field(None, description="Result of the überschlägige Prüfung")
    housing_share: Annotated[Decimal, Field(ge=0, le=1, decimal_places=4, allow_inf_nan=False)] | None = Field(
        None, description="Housing's share of the floor area"
    )
    district: Text | None = Field(None, description="The Bezirk; found by the land if left out")
    on: Day | None = Field(None, description="The day asked about; today in Hamburg if left out")
    known_at: Instant | None = Field(None, description="The state of knowledge; all that is recorded if left out")

    @model_validator(mode="after")
    def _decided_on_a_day(self) -> Self:
        if self.decision is not None and self.decision_on is None:
            raise fault("decision", "A decision has a day", "Give `decision_on` as well.")
        return self

    def stated(self) -> Stated:
        """What is said of the case."""
        names = set(Stated.__dataclass_fields__) & set(QuestionIn.model_fields) - {"site", "hearing"}
        hearing = None if self.hearing is None else Hearing(self.hearing.months, self.hearing.days)
        return Stated(**{name: getattr(self, name) for name in names}, site=self.site.site(), hearing=hearing)


class CaseIn(QuestionIn):
    """A case to be recorded, with its assessment."""

    model_config = ConfigDict(json_schema_extra={"examples": [CASE]})

    reference: Text = Field(description="The authority's file number; no name of a person")
    note: Text | None = Field(None, description="Why: stays with the first step")


class AgainIn(BaseModel):
    """A day and a state of knowledge that a recorded case is assessed anew for."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"on": "2026-11-20"}]})

    on: Day | None = Field(None, description="The day asked about; today in Hamburg if left out")
    known_at: Instant | None = Field(None, description="The state of knowledge; all that is recorded if left out")
