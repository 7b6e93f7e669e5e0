"""Which cases are late or soon will be: the consent that silence gives, and the word of the authority for the economy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app import clock, conversions
from app.answers import Asked, ask
from app.schemas.conversions import CaseRow
from parcels import conversion_steps, foresight
from parcels.conversions import Wanted
from rules.alerts import Clock
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
    """A case with what is late about it, the day that comes next (None where all have passed), and whether the authority for the
    economy has spoken."""

    row: CaseRow
    late: tuple[Late, ...]
    next_on: date | None
    spoken: bool


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
    return Due(row, tuple(found), min((day for day in days if day and day >= on), default=None), spoken)


def listing(session: Session, asked: Asked, wanted: Wanted) -> list[Due]:
    """Cases as known at the instant asked, newest first, each with what is late on the day."""
    spoken = conversion_steps.spoken(session, asked.known_at)
    return [of(row, asked.on, row.id in spoken) for row in conversions.listing(session, asked, wanted)]


def due(session: Session, asked: Asked) -> list[Due]:
    """The cases with something late, the one whose day comes or came first at the head."""
    late = [one for one in _running(session, asked) if one.late]
    return sorted(late, key=lambda one: (_first(one), one.row.id))


def tell(session: Session, now: datetime) -> bool:
    """Raise the alerts of deadlines that are near or missed, and resolve those that are over. What it did is to be committed.

    It waits for nobody who holds the register, nor does anybody for it: that two do not tell the same is the alerts' own index.
    """
    asked = ask(session, clock.day(now), None, now)
    clocks = [one for due in _running(session, asked) for one in _clocks(due, asked.on)]
    foresight.deadlines(session, asked.on, now, clocks)
    return True


def _running(session: Session, asked: Asked) -> list[Due]:
    states = [state for state in CaseState if state not in OVER]
    rows = [row for state in states for row in conversions.listing(session, asked, Wanted(state=state))]
    spoken = conversion_steps.spoken(session, asked.known_at)
    return [of(row, asked.on, row.id in spoken) for row in rows]


def _clocks(due: Due, on: date) -> Iterator[foresight.Due]:
    """The clocks of a case that run or were missed; near from the day on which it is first seen to be."""
    row = due.row
    ends = {Clock.CONSENT: row.consent_deadline, Clock.BWI: row.bwi_deadline}
    near = {Clock.CONSENT: Late.CONSENT_NEAR, Clock.BWI: Late.BWI_NEAR}
    missed = {Clock.CONSENT: Late.CONSENT_MISSED, Clock.BWI: Late.BWI_MISSED}
    for which, deadline in ends.items():
        waits = row.clock in (ClockState.OPEN, ClockState.WARNED) and not (which is Clock.BWI and due.spoken)
        if deadline is not None and (waits or missed[which] in due.late):
            subject = f"{row.reference} ({row.id}/{which})"
            yield foresight.Due(subject, which, deadline, on if near[which] in due.late else deadline, row.district)


def _first(one: Due) -> date:
    return min(day for day in (one.row.bwi_deadline, one.row.consent_deadline) if day is not None)
