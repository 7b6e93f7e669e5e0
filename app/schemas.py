"""The answers as they leave: no field has a default. Hectares are numbers with up to 4 decimals, m2 with up to 2."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from rules.facts import Standing, State

# Rounded as Decimal; a float is only how JSON writes the digits down.
Number = Annotated[
    Decimal, PlainSerializer(float, return_type=float, when_used="json"), WithJsonSchema({"type": "number"})
]
Geometry = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "GeoJSON"})]


class Out(BaseModel):
    """What all answers have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(Out):
    """One field of a problem: what is wrong and how to mend it."""

    field: str | None
    message: str
    remedy: str


class ProblemOut(BaseModel):
    """RFC 9457; further members by kind, such as `begins`."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]


class Knowledge(Out):
    """The state of knowledge that an answer rests on; `recorded_at` is the last recording it has seen."""

    known_at: datetime
    recorded_at: datetime | None
    fictitious: bool


class Citation(Out):
    """A parameter as it holds on the day, and where it is written."""

    parameter: str
    value: bool | int | str | Number | list[str] | list[Number]
    since: date
    text: str
    paragraph: str | None
    url: str
    published: date


class Basis(Out):
    """The version of the rules and what each number of theirs rests on."""

    rules_version: str
    citations: list[Citation]


class Amounts(Out):
    """The reserve of a group in hectares; `net_m2` and `free_m2` are the same amounts exactly."""

    net_ha: Number
    free_ha: Number
    gross_ha: Number
    unclear_ha: Number
    unrecorded_ha: Number
    areas: int
    net_m2: Number
    free_m2: Number


class ReserveGroup(Amounts):
    """The amounts of one combination of the dimensions asked for; null is what nobody recorded."""

    by: dict[str, str | None]


class ReserveOut(Knowledge, Amounts):
    """The reserve on a day against its target."""

    on: date
    target_ha: Number
    gap_ha: Number
    state: State
    groups: list[ReserveGroup]
    basis: Basis


class Point(Out):
    """Both series from this day on."""

    on: date
    net_ha: Number
    free_ha: Number


class Target(Out):
    """The target from this day on."""

    since: date
    target_ha: Number


class PublishedOut(Out):
    """A figure as published by others: `as_of` is the source's own statement; `on` its first day, for drawing only."""

    as_of: str
    on: date
    scope: str
    ha: Number
    n_areas: int | None
    owner_scope: str
    area_scope: str
    note: str
    source: str
    confidence: Literal["Q", "S", "D"]


class SeriesOut(Knowledge):
    """Both series over the days since..until, a point per seam, with what others published for comparison."""

    since: date
    until: date
    points: list[Point]
    targets: list[Target]
    published: list[PublishedOut]
    rules_version: str


class Criteria(Out):
    """Names of the criteria that are not met, and of those for which a fact is missing."""

    not_met: list[str]
    unknown: list[str]


class Entry(Out):
    """A line of the ledger: a part of a parcel and how it stands over [valid_from, valid_to)."""

    parcel: str
    part: UUID | None
    site: str | None
    district: str | None
    holder: str | None
    disposition: str | None
    designation: str | None
    in_use_as_commercial: bool | None
    plans: list[str]
    gross_m2: Number
    port_m2: Number
    net_m2: Number
    area_basis: str
    standing: Standing
    criteria: Criteria
    valid_from: date | None
    valid_to: date | None


class EntriesOut(Knowledge):
    """One page of the ledger's lines on a day; `next` leads to the following page of the same state of knowledge."""

    on: date
    entries: list[Entry]
    next: str | None


class Event(Out):
    """The recording behind a change."""

    at: datetime | None
    kind: str | None
    layer: str | None
    note: str | None
    source: str | None


class ChangeOut(Out):
    """A part of a parcel before and after; `net_m2` and `free_m2` are what it adds to the difference."""

    on: date
    kind: Literal["entered", "left", "changed"]
    parcel: str
    net_m2: Number
    free_m2: Number
    because: list[str]
    before: Entry | None
    after: Entry | None
    event: Event


class Sum(Out):
    """Both series on one side of a comparison."""

    net_ha: Number
    free_ha: Number
    net_m2: Number
    free_m2: Number


class ChangesOut(Knowledge):
    """What changed between two days as known now, or of one day between two states of knowledge; the parts add up."""

    since: date
    until: date
    known_from: datetime
    known_to: datetime
    before: Sum
    after: Sum
    difference: Sum
    changes: list[ChangeOut]
    total: int
    next: str | None


class StockAmounts(Out):
    """Workplace land outside the port; `unclear_ha` is G land of which nobody recorded how it is used."""

    area_ha: Number
    net_ha: Number
    unclear_ha: Number


class StockGroup(StockAmounts):
    """The stock of one combination of dimensions; null is what nobody recorded."""

    by: dict[str, str | None]


class MovementOut(Out):
    """What one designation in one Bezirk gained and lost on one day."""

    on: date
    designation: str
    district: str | None
    gained_ha: Number
    lost_ha: Number


class Movements(Out):
    """Gains and losses on the days since < day <= until."""

    since: date
    until: date
    gained_ha: Number
    lost_ha: Number
    items: list[MovementOut]


class StockOut(Knowledge, StockAmounts):
    """The stock (Bestand) on a day; `movements` where a period was asked for."""

    on: date
    groups: list[StockGroup]
    movements: Movements | None
    basis: Basis


class ParcelRow(Out):
    """A parcel in a list; `net_m2` is what counts of it on the day."""

    key: str
    gemarkung: str | None
    district: str | None
    official_m2: Number | None
    area_m2: Number | None
    area_basis: str
    holders: list[str]
    sites: list[str]
    designations: list[str]
    net_m2: Number


class ParcelsOut(Knowledge):
    """One page of the register's parcels on a day by key."""

    on: date
    parcels: list[ParcelRow]
    next: str | None


class ParcelFacts(Out):
    """A parcel's own facts."""

    official_m2: Number | None
    gemarkung: str | None
    district: str | None
    area_m2: Number
    area_basis: str
    valid_from: date | None
    valid_to: date | None


class HoldingFacts(Out):
    """Who holds the parcel or a part of it and what is known of its availability; null is unknown."""

    holder: str | None
    site: str | None
    disposition: str | None
    disposition_until: date | None
    serviced: bool | None
    cleared: bool | None
    binding_use: bool | None
    opposing_plan: bool | None
    construction_possible_from: date | None
    marketable: bool | None
    declared_net_m2: Number | None
    designation: str | None


class HoldingOut(HoldingFacts):
    """A holding over its days; `part` is its area in WGS 84 where it covers a part only."""

    part: Geometry | None
    valid_from: date | None
    valid_to: date | None


class ZoneOut(Out):
    """A plan over the parcel, newest first; `share` is how much of the parcel it covers."""

    plan: str
    designation: str
    regulates_use: bool
    in_use_as_commercial: bool | None
    restrictions: str | None
    share: Number
    valid_from: date | None
    valid_to: date | None


class ParcelOut(Knowledge):
    """All that is known of a parcel on a day; `facts` and `geometry` are null for one known by its holding only."""

    key: str
    on: date
    facts: ParcelFacts | None
    geometry: Geometry | None
    holdings: list[HoldingOut]
    zones: list[ZoneOut]
    entries: list[Entry]


class VersionOut(Out):
    """One version of a fact: the days it holds for and the instants over which it was what we knew."""

    layer: Literal["parcels", "holdings"]
    valid_from: date | None
    valid_to: date | None
    known_from: datetime
    known_to: datetime | None
    facts: dict[str, Any]


class HistoryOut(Knowledge):
    """Every version of a parcel's facts and holdings, in the order of recording."""

    key: str
    versions: list[VersionOut]


class EditOut(Out):
    """What was recorded; `recording` is null where the register said so already."""

    key: str
    valid_from: date
    valid_to: date | None
    recording: int | None
    recorded_at: datetime | None
    facts_closed: int
    facts_added: int
    lines_closed: int
    lines_added: int


class Health(Out):
    """The process answers."""

    status: Literal["ok"]


class Ready(Out):
    """Whether the register can be asked; `degraded` says why in `reasons`."""

    status: Literal["ready", "degraded"]
    reasons: list[str]
    rules_version: str
    recorded_at: datetime | None
