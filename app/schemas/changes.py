"""What changed, as it is answered."""

from datetime import date, datetime
from typing import Literal

from app.schemas.common import Knowledge, Number, Out
from app.schemas.reserve import Entry


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
