"""What callers send to be tried: changes of facts on named or drawn land, each from a day on. Nothing of it is recorded."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.geometry import MAX_VERTICES, Crs, multipolygon
from app.inputs import Day, ParcelKey, Text, fault
from parcels.edits import Span, ValueRefusedError
from parcels.queries import DIMENSIONS
from parcels.simulated import MAX_CHANGES, MAX_PARCELS
from parcels.tried import Kind, Land, Side, Step

HEX_A_VERTEX = 32
EXAMPLE: dict[str, Any] = {
    "on": "2027-01-01",
    "changes": [
        {"kind": "sell", "parcels": ["029901___00017______"], "valid_from": "2027-01-01"},
        {"kind": "reserve", "parcels": ["029901___00018______"], "valid_from": "2027-01-01", "until": "2027-07-01"},
        {
            "kind": "replace",
            "valid_from": "2027-01-01",
            "dissolved": {"parcels": ["029901___00019______"], "designation": "MU"},
            "offered": {"parcels": ["029901___00020______"], "designation": "GE"},
        },
    ],
    "by": ["district"],
}


class LandIn(BaseModel):
    """Land by the keys of its parcels, or as an outline in GeoJSON with its `crs`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parcels: list[ParcelKey] | None = Field(None, min_length=1, max_length=MAX_PARCELS)
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon")
    crs: Crs | None = Field(None, description="EPSG:25832 (east, north) or EPSG:4326 (longitude, latitude)")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.parcels is None) == (self.geometry is None) or (self.geometry is None) != (self.crs is None):
            raise fault("land", "The land is not clear", "Give `parcels`, or `geometry` and `crs`; not both.")
        return self

    def land(self) -> Land:
        """The land, its outline in EPSG:25832. ValueRefusedError as of `multipolygon`."""
        if self.geometry is None or self.crs is None:
            return Land(tuple(self.parcels or ()))
        return Land(outline=multipolygon(self.geometry, self.crs))


class PlannedLandIn(LandIn):
    """Land and the designation (Art der Nutzung) that it gets."""

    designation: Text


class ChangeIn(BaseModel):
    """The days of a change, [valid_from, valid_to)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: Day = Field(description="First day on which this holds")
    valid_to: Day | None = Field(None, description="First day on which it holds no more; open if left out")


class FactChange(ChangeIn, LandIn):
    """Whole parcels are sold, free again, serviced (erschlossen), cleared, or their binding use ends."""

    kind: Literal[Kind.SELL, Kind.FREE, Kind.SERVICE, Kind.CLEAR, Kind.END_BINDING_USE]


class ReserveChange(ChangeIn, LandIn):
    """Whole parcels are reserved (anhandgegeben)."""

    kind: Literal[Kind.RESERVE]
    until: Day | None = Field(None, description="The day on which they are free again; open if left out")

    @model_validator(mode="after")
    def _until_later(self) -> Self:
        if self.until is not None and self.until <= self.valid_from:
            raise fault("until", "`until` is not after `valid_from`", "Give a later day, or leave it out.")
        return self


class PlanChange(ChangeIn, PlannedLandIn):
    """A plan gives land a designation: new workplace land (`designate`), or its conversion to another use (`convert`)."""

    kind: Literal[Kind.DESIGNATE, Kind.CONVERT]


class ReplaceChange(ChangeIn):
    """Land is converted, and other land designated for it on the same day."""

    kind: Literal[Kind.REPLACE]
    dissolved: PlannedLandIn
    offered: PlannedLandIn


AnyChange = Annotated[FactChange | ReserveChange | PlanChange | ReplaceChange, Field(discriminator="kind")]


class SimulationIn(BaseModel):
    """Changes to be tried together, the day to compare, the period of the series and the dimensions to group by."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    changes: list[AnyChange] = Field(min_length=1, max_length=MAX_CHANGES)
    on: Day | None = Field(
        None, description="The day compared; if left out, the last day of a change, or today if later"
    )
    since: Day | None = Field(None, alias="from", description="First day of the series")
    until: Day | None = Field(None, alias="to", description="Last day of the series")
    by: list[Literal[DIMENSIONS]] = Field([], max_length=len(DIMENSIONS), description="Dimensions of the groups")  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.by)) != len(self.by):
            raise fault("by", "A dimension is given twice", "Give each once.")
        return self


def steps(body: SimulationIn) -> list[Step]:
    """The changes as they are tried. ValueRefusedError with the change and its field; OutlinesError as of `multipolygon`."""
    found = [step for number, change in enumerate(body.changes) for step in _steps(number, change)]
    vertices = sum(len(step.land.outline) // HEX_A_VERTEX for step in found if step.land.outline)
    if vertices > MAX_VERTICES:
        said = f"The outlines of all changes have {vertices} vertices"
        raise ValueRefusedError("changes", said, f"Simplify them to {MAX_VERTICES} together, or try fewer at once.")
    return found


def _steps(number: int, change: AnyChange) -> Iterator[Step]:
    where = f"changes.{number}"
    span = _located(where, lambda: Span(change.valid_from, change.valid_to))
    if isinstance(change, ReplaceChange):
        for side, planned in ((Side.DISSOLVED, change.dissolved), (Side.OFFERED, change.offered)):
            land = _located(f"{where}.{side}", planned.land)
            yield Step(number, change.kind, span, land, designation=planned.designation, side=side)
        return
    until = change.until if isinstance(change, ReserveChange) else None
    designation = change.designation if isinstance(change, PlanChange) else None
    yield Step(number, change.kind, span, _located(where, change.land), until, designation)


def _located(where: str, read: Any) -> Any:
    """What is read, or its error under the name of the change."""
    try:
        return read()
    except ValueRefusedError as refused:
        raise ValueRefusedError(f"{where}.{refused.field}", str(refused), refused.remedy) from refused
