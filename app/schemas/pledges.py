"""Pledges as they are answered: so many net m2 of a candidate, bound to one dissolution."""

from datetime import date, datetime

from app.schemas.common import Number, Out
from app.schemas.conversions import Said
from app.schemas.land import WarningOut
from rules.pipeline import Security


class DissolutionRef(Out):
    """A dissolution by its number and the authority's reference."""

    id: int
    reference: str


class CandidateRef(Out):
    """A candidate by its number and name; land that nobody recorded has no number."""

    id: int | None
    name: str


class SecurityOut(Out):
    """How sure it is on the day that pledged land comes in time for the loss, and why."""

    security: Security
    title: str
    reasons: list[Said]


class ReleaseOut(Out):
    """That a pledge binds no more from `released_on` on; `note` is told to those who show a token."""

    released_on: date
    released_at: datetime
    note: str | None


class PledgeRow(Out):
    """A pledge; it binds from `pledged_on` until it is released. `holds`: on the day asked about; `security` only then.

    `follows`: the pledge that it was transferred from. `note` is told to those who show a token.
    """

    id: int
    dissolution: DissolutionRef
    candidate: CandidateRef
    net_m2: Number
    net_ha: Number
    pledged_on: date
    made_at: datetime
    note: str | None
    follows: int | None
    release: ReleaseOut | None
    holds: bool
    security: SecurityOut | None


class PledgesOut(Out):
    """One page of pledges as known at an instant, newest first."""

    on: date
    known_at: datetime
    pledges: list[PledgeRow]
    next: str | None


class BalanceOut(Out):
    """What of a candidate can be pledged since `net_since`, what is pledged and free on the day, and what is pledged of candidates
    that share land with it (`shadowed`: nothing is free then)."""

    net_m2: Number
    net_ha: Number
    net_since: date | None
    pledged_m2: Number
    pledged_ha: Number
    free_m2: Number
    free_ha: Number
    shadowed_m2: Number
    shadowed_ha: Number


class PledgeOut(Out):
    """A pledge as known at an instant, with the balance of its candidate on the day."""

    on: date
    known_at: datetime
    pledge: PledgeRow
    balance: BalanceOut
    warnings: list[WarningOut]
