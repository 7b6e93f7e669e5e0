"""A simulation as it is answered: before and after, what moves, what each change did, which alerts it would raise."""

from datetime import date
from uuid import UUID

from app.schemas.changes import Sum
from app.schemas.common import Basis, Knowledge, Number, Out
from app.schemas.reserve import Amounts, Entry, Point, ReserveGroup, Target
from parcels.simulation import Effect
from parcels.tried import Kind as ChangeKind
from parcels.tried import Side
from rules.alerts import Kind, Series, Severity
from rules.facts import Outcome, Standing, State


class ReserveSide(Amounts):
    """The reserve on the day, against its target."""

    target_ha: Number
    gap_ha: Number
    state: State
    groups: list[ReserveGroup]


class SeriesSides(Out):
    """Both series over [since, until] before and after, a point per seam."""

    before: list[Point]
    after: list[Point]
    targets: list[Target]


class CriterionMove(Out):
    """A criterion with another outcome than before; null where there is no entry on that side."""

    name: str
    before: Outcome | None
    after: Outcome | None


class EntryMove(Out):
    """A part of a parcel that stands otherwise on the day; m2 are what it adds to the difference. `changes`: their numbers."""

    parcel: str
    part: UUID | None
    site: str | None
    district: str | None
    from_standing: Standing | None
    to_standing: Standing | None
    net_m2: Number
    free_m2: Number
    criteria: list[CriterionMove]
    because: list[str]
    changes: list[int]
    before: Entry | None
    after: Entry | None


class PartlyInside(Out):
    """A parcel that a drawn outline cuts, with the share that lies in it."""

    parcel: str
    share: Number


class ChangeSide(Out):
    """What a change did to its land; of a replacement one for each side.

    `effect`: `reserve` where hectares count otherwise on some day, `ledger` where only land that does not count is affected,
    `none`. The m2 are those of its parcels on the day, together with all other changes of them. `parcels` lists those that it
    reaches, `partly_inside` those that its outline cuts and that it leaves as they are.
    """

    side: Side | None
    designation: str | None
    effect: Effect
    text: str
    net_m2: Number
    free_m2: Number
    parcels: list[str]
    partly_inside: list[PartlyInside]


class ChangeDone(Out):
    """A change that was tried; `number` is its place in the list, from 0."""

    number: int
    kind: ChangeKind
    valid_from: date
    valid_to: date | None
    sides: list[ChangeSide]


class PassingOut(Out):
    """An alert of the line: a limit that a series passes on a day, as it would be raised. `at_once`: with the change itself."""

    kind: Kind
    on: date
    series: Series
    severity: Severity
    ha: Number
    target_ha: Number
    at_once: bool
    text: str


class Assumption(Out):
    """Something that the answer takes for granted, in a word and in a sentence."""

    code: str
    text: str


class SimulationOut(Knowledge):
    """What the changes would do, on all that is recorded by `recorded_at`. Nothing of it is stored."""

    on: date
    since: date
    until: date
    before: ReserveSide
    after: ReserveSide
    difference: Sum
    series: SeriesSides
    entries: list[EntryMove]
    changes: list[ChangeDone]
    no_effect: list[int]
    alerts: list[PassingOut]
    averted: list[PassingOut]
    assumptions: list[Assumption]
    basis: Basis
