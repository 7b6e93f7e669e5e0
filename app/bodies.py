"""What callers send to be recorded. Every fact must be stated, null where unknown: nothing is lost by leaving it out."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.geometry import Crs
from app.inputs import AmountM2, AreaM2, Day, Text, fault
from parcels.subscriptions import Channel, Language, Order
from rules.alerts import Kind, Series, Severity

AVAILABLE: dict[str, JsonValue] = {
    "holder": "LIG",
    "site": "Beispielring (fiktiv)",
    "disposition": "free",
    "disposition_until": None,
    "serviced": True,
    "cleared": True,
    "binding_use": False,
    "opposing_plan": False,
    "construction_possible_from": "2020-01-01",
    "marketable": True,
    "declared_net_m2": None,
    "designation": None,
}
SOLD: dict[str, JsonValue] = {
    **{"valid_from": "2026-11-01", "valid_to": None, "note": "Kaufvertrag vom 28.10.2026"},
    **AVAILABLE,
    "disposition": "sold",
}
CORRECTED: dict[str, JsonValue] = {
    "valid_from": "2026-11-01",
    "valid_to": None,
    "note": "Fortführungsmitteilung",
    "official_m2": 12034.5,
    "gemarkung": "Beispielmarsch (fiktiv)",
    "district": "Bergedorf",
    "geometry": None,
    "crs": None,
}

SUBSCRIBED: dict[str, JsonValue] = {
    "channel": "webhook",
    "target": "https://example.org/hooks/landreserve",
    "kinds": ["below", "near", "recovered"],
    "series": ["net"],
    "severity": "information",
}

ACKNOWLEDGED: dict[str, JsonValue] = {"note": "Ersatz wird in der Arbeitsgruppe Flächen beraten."}


class Edit(BaseModel):
    """The days that an edit is about, [valid_from, valid_to), and a note on why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: Day = Field(description="First day on which this holds")
    valid_to: Day | None = Field(None, description="First day on which it holds no more; open if left out")
    note: Text | None = Field(None, description="Why: stays with the recording")

    def facts(self) -> dict[str, Any]:
        """What is stated, without the days and the note."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in Edit.model_fields}


class HoldingIn(Edit):
    """Who holds the whole parcel, and what is known of its availability."""

    model_config = ConfigDict(json_schema_extra={"examples": [SOLD]})

    holder: Text | None
    site: Text | None
    disposition: Text | None
    disposition_until: Day | None
    serviced: bool | None = Field(strict=True)
    cleared: bool | None = Field(strict=True)
    binding_use: bool | None = Field(strict=True)
    opposing_plan: bool | None = Field(strict=True)
    construction_possible_from: Day | None
    marketable: bool | None = Field(strict=True)
    declared_net_m2: AmountM2 | None = Field(description="Only where the parcel has no geometry yet")
    designation: Text | None = Field(description="Only where the parcel has no geometry yet")


class ParcelIn(Edit):
    """A parcel's own facts; `geometry` in GeoJSON with its `crs`, null where the recorded outline stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [CORRECTED]})

    official_m2: AreaM2 | None
    gemarkung: Text | None
    district: Text | None = Field(description="Null: found by the districts layer")
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon")
    crs: Crs | None = Field(None, description="EPSG:25832 (east, north) or EPSG:4326 (longitude, latitude)")

    @model_validator(mode="after")
    def _geometry_with_crs(self) -> Self:
        if (self.geometry is None) != (self.crs is None):
            raise fault("crs", "`geometry` and `crs` go together", "Give both or neither.")
        return self

    def facts(self) -> dict[str, Any]:
        """What is stated of the parcel beside its outline."""
        return {name: value for name, value in super().facts().items() if name not in ("geometry", "crs")}


class SubscriptionIn(BaseModel):
    """Who is to be told of which alerts, where; an empty list means all."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [SUBSCRIBED]})

    channel: Channel
    target: Text = Field(description="Of a webhook the https address; an e-mail address else")
    language: Language = "de"
    kinds: tuple[Kind, ...] = Field((), max_length=20)
    series: tuple[Series, ...] = Field((), max_length=2, description="Of alerts about the line: net, free")
    districts: tuple[Text, ...] = Field((), max_length=20, description="Of alerts about a district")
    severity: Severity = Field(Severity.INFORMATION, description="The least severity that is told")

    def order(self) -> Order:
        """The same for the register, each name once."""
        kinds, series, districts = (tuple(dict.fromkeys(one)) for one in (self.kinds, self.series, self.districts))
        return Order(self.channel, self.target, self.language, kinds, series, districts, self.severity)


class AcknowledgementIn(BaseModel):
    """That somebody has taken note of an alert, and what is to be said to it."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [ACKNOWLEDGED]})

    note: Text | None = Field(None, description="What is being done about it, say")
