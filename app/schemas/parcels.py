"""Parcels as they are answered, and what an edit of one did."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from app.schemas.common import Knowledge, Number, Out
from app.schemas.reserve import Entry

Geometry = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "GeoJSON"})]


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


class Traced(Out):
    """Where it was read: the feature (gml:id) of a file (its member, of an archive), and the file's SHA-256; null where no plan's
    file said so."""

    gml_id: str | None
    source: str | None
    member: str | None
    sha256: str | None


class ZoneOut(Traced):
    """A plan over the parcel, newest first; `share` is how much of the parcel it covers, `stage` the plan's as its file says."""

    plan: str
    stage: str | None
    designation: str
    regulates_use: bool
    in_use_as_commercial: bool | None
    restrictions: str | None
    share: Number
    valid_from: date | None
    valid_to: date | None


class RelationOut(Out):
    """A parcel before or after another one, since which day, and how many m2 they share (EPSG:25832); null where only stated."""

    key: str
    changed_on: date | None
    shared_m2: Number | None


class ParcelOut(Knowledge):
    """All that is known of a parcel on a day; `facts` and `geometry` are null for one known by its holding only."""

    key: str
    on: date
    facts: ParcelFacts | None
    geometry: Geometry | None
    holdings: list[HoldingOut]
    zones: list[ZoneOut]
    entries: list[Entry]
    predecessors: list[RelationOut]
    successors: list[RelationOut]


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


class WarningOut(Out):
    """What was recorded but looks wrong or has no effect: a stable code, the field, what it is and what to do."""

    code: str
    field: str
    message: str
    remedy: str


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
    warnings: list[WarningOut]
