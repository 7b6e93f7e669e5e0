"""Dissolutions as they are answered: what is lost, what is pledged for it, what is still open."""

from datetime import date, datetime

from app.schemas.common import Number, Out
from app.schemas.conversions import SiteOut
from app.schemas.decisions import DecisionRow
from app.schemas.land import FactsOut, WarningOut
from app.schemas.pledges import PledgeRow
from parcels.dissolutions import Cause


class DissolutionVersionOut(Out):
    """What was said of a dissolution from `recorded_at` on. `net_m2`: Nettobauland on `measured_on`, null where nobody knows;
    `unclear_m2`: G land of which nobody knows the use. `note` is told to those who show a token."""

    number: int
    recorded_at: datetime
    note: str | None
    lost_on: date
    measured_on: date
    net_m2: Number | None
    net_ha: Number | None
    unclear_m2: Number
    unclear_ha: Number
    district: str | None
    facts: FactsOut
    withdrawn_on: date | None


class OpenOut(Out):
    """What is lost, pledged on the day, and still open; null where the loss is not measured, nothing open once it is withdrawn."""

    lost_m2: Number | None
    lost_ha: Number | None
    pledged_m2: Number
    pledged_ha: Number
    open_m2: Number | None
    open_ha: Number | None


class DissolutionRow(OpenOut):
    """A dissolution in a list."""

    id: int
    reference: str
    cause: Cause
    conversion: int | None
    plan: str | None
    designation: str
    district: str | None
    lost_on: date
    withdrawn_on: date | None


class DissolutionsOut(Out):
    """One page of dissolutions as known at an instant, newest first; pledged and open on the day `on`."""

    on: date
    known_at: datetime
    dissolutions: list[DissolutionRow]
    next: str | None


class DissolutionOut(Out):
    """A dissolution: all that was said of it, its pledges, what is open on the day, and what people decided."""

    id: int
    reference: str
    cause: Cause
    conversion: int | None
    plan: str | None
    designation: str
    created_at: datetime
    on: date
    known_at: datetime
    site: SiteOut
    versions: list[DissolutionVersionOut]
    balance: OpenOut
    pledges: list[PledgeRow]
    decisions: list[DecisionRow]
    warnings: list[WarningOut]
