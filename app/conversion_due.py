"""Which cases are late or soon will be: the consent that silence gives, and the word of the authority for the economy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from app import conversions
from app.answers import Asked
from app.schemas.conversions import CaseRow
from parcels import conversion_steps
from parcels.conversions import Wanted
from rules.conversion_steps import OVER, CaseState
from rules.deadlines import State as ClockState


class Late(StrEnum):
    """What is late, or nearly; the worst first."""

    CONSENT_MISSED = "consent_missed"
    BWI_MISSED = "bwi_missed"
    BWI_NEAR = "bwi_near"
    CONSENT_NEAR = "consent_near"


@dataclass(frozen=True, slots=True)
class Due:
    """A case with what is late about it, and the day that comes next: None where all have passed."""

    row: CaseRow
    late: tuple[Late, ...]
    next_on: date | None


def of(row: CaseRow, on: date, spoken: bool) -> Due:
    """What is late about a case on a day; `spoken` if the authority for the economy has given its statement on the request."""
    found = []
    if row.state not in OVER and row.clock is ClockState.MISSED:
        found.append(Late.CONSENT_MISSED)
    if row.state not in OVER and not spoken and row.bwi_deadline is not None:
        if row.bwi_deadline < on:
            found.append(Late.BWI_MISSED)
        elif row.clock is ClockState.WARNED:
            found.append(Late.BWI_NEAR)
    if row.state not in OVER and row.clock is ClockState.WARNED:
        found.append(Late.CONSENT_NEAR)
    waits = row.state not in OVER and row.clock in (ClockState.OPEN, ClockState.WARNED)
    days = [None if spoken else row.bwi_deadline, row.consent_deadline] if waits else []
    return Due(row, tuple(found), min((day for day in days if day and day >= on), default=None))


def listing(session: Session, asked: Asked, wanted: Wanted) -> list[Due]:
    """Cases as known at the instant asked, newest first, each with what is late on the day."""
    spoken = conversion_steps.spoken(session, asked.known_at)
    return [of(row, asked.on, row.id in spoken) for row in conversions.listing(session, asked, wanted)]


def due(session: Session, asked: Asked) -> list[Due]:
    """The cases with something late, the one whose day comes or came first at the head."""
    running = [state for state in CaseState if state not in OVER]
    rows = [row for state in running for row in conversions.listing(session, asked, Wanted(state=state))]
    spoken = conversion_steps.spoken(session, asked.known_at)
    late = [one for one in (of(row, asked.on, row.id in spoken) for row in rows) if one.late]
    return sorted(late, key=lambda one: (_first(one), one.row.id))


def _first(one: Due) -> date:
    return min(day for day in (one.row.bwi_deadline, one.row.consent_deadline) if day is not None)
