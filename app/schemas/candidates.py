"""Candidates as they are answered: land offered as replacement, its balance, its way, its pledges."""

from datetime import date, datetime

from app.schemas.common import Number, Out
from app.schemas.conversions import SiteOut
from app.schemas.land import FactsOut, WarningOut
from app.schemas.pledges import BalanceOut, CandidateRef, PledgeRow, SecurityOut
from parcels.restating import Why
from rules.pipeline import MilestoneKind


class ShareOut(Out):
    """The share of the land that would be of a designation."""

    designation: str
    share: Number


class CandidateVersionOut(Out):
    """What was said of a candidate from `recorded_at` on, measured on `measured_on`.

    `outside_m2`: its land outside the port; `net_m2`: what of it is new Nettobauland, no more than `planned_net_m2`, null where
    nobody knows. `note` is told to those who show a token.
    """

    number: int
    recorded_at: datetime
    note: str | None
    measured_on: date
    gross_m2: Number
    outside_m2: Number
    planned_net_m2: Number | None
    net_m2: Number | None
    net_ha: Number | None
    designations: list[ShareOut]
    district: str | None
    facts: FactsOut
    withdrawn_on: date | None


class MilestoneOut(Out):
    """A step of a site's way: planned for a day, done on a day, or neither."""

    kind: MilestoneKind
    title: str
    planned_on: date | None
    done_on: date | None


class MilestoneRecordedOut(MilestoneOut):
    """A milestone as it was recorded; of a kind the last one holds, one without days takes it back."""

    id: int
    recorded_at: datetime
    note: str | None


class WayOut(Out):
    """What holds of a site's way on the day; a day that passed without being done is `overdue`, and no date any more."""

    stage: MilestoneKind | None
    stage_title: str | None
    plan_ripe: bool | None
    in_force_expected: date | None
    servicing_done_on: date | None
    servicing_funded: bool | None
    available_from: date | None
    ahead: list[MilestoneOut]
    overdue: list[MilestoneOut]
    undated: list[MilestoneOut]


class CandidateRow(Out):
    """A candidate in a list."""

    id: int
    name: str
    plan: str | None
    designation: str
    district: str | None
    balance: BalanceOut
    stage: MilestoneKind | None
    available_from: date | None
    withdrawn_on: date | None


class CandidatesOut(Out):
    """One page of candidates as known at an instant, newest first; balance and way are those of the day `on`."""

    on: date
    known_at: datetime
    candidates: list[CandidateRow]
    next: str | None


class SlipOut(Out):
    """A milestone that moved by `days` (fewer than none: to an earlier day); both null where its day is unknown now."""

    kind: MilestoneKind
    title: str
    was_on: date
    is_on: date | None
    days: int | None


class RestatedOut(Out):
    """What a milestone states of a parcel's holding over [valid_from, valid_to): `was` before, `value` now."""

    parcel: str
    fact: str
    valid_from: date | None
    valid_to: date | None
    was: bool | date | None
    value: bool | date | None


class LeftOut(Out):
    """What a milestone would state of a parcel's holding, what stays recorded instead, and why."""

    parcel: str
    fact: str
    valid_from: date | None
    valid_to: date | None
    recorded: bool | date | None
    value: bool | date | None
    why: Why
    sentence: str


class SecuredOut(Out):
    """How secure a pledge was before, and is now."""

    pledge: int
    before: SecurityOut
    after: SecurityOut


class MilestoneEffectsOut(Out):
    """What follows from a milestone: what moved, what the holdings of the site's parcels say now and what they do not, how secure
    the pledges are. `recording`: that of the register, null where nothing was restated. `outlined`: the site is an outline, of
    whose parcels milestones state nothing."""

    slips: list[SlipOut]
    recording: int | None
    outlined: bool
    restated: list[RestatedOut]
    left: list[LeftOut]
    pledges: list[SecuredOut]


class CandidateOut(Out):
    """A candidate: all that was said of it, balance and way on the day, milestones, pledges, who shares land."""

    id: int
    name: str
    plan: str | None
    designation: str
    created_at: datetime
    on: date
    known_at: datetime
    site: SiteOut
    versions: list[CandidateVersionOut]
    balance: BalanceOut
    way: WayOut
    milestones: list[MilestoneRecordedOut]
    pledges: list[PledgeRow]
    overlaps: list[CandidateRef]
    warnings: list[WarningOut]


class MilestoneStatedOut(Out):
    """A candidate after a milestone was recorded, and what followed; `effects` is null where the same was sent before."""

    candidate: CandidateOut
    effects: MilestoneEffectsOut | None
