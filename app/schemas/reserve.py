"""The reserve as it is answered: the number, its series, the entries behind it. Hectares have up to 4 decimals, m2 up to 2."""

from datetime import date
from typing import Literal
from uuid import UUID

from app.schemas.common import Attribution, Basis, Knowledge, Number, Out
from rules.facts import Standing, State


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
    attribution: list[Attribution]


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
    attribution: list[Attribution]
