"""What the days will bring, told before: the first day below the line by what is recorded, and the deadlines of cases.

Looked at by whoever ticks, never by a write: a sale that is recorded for next year costs no look at the next twelve months, and
what it brings is told with the next tick.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import alerts, line, queries
from parcels.queries import SQUARE_METRES_PER_HECTARE, Point
from rules.alerts import (
    DEADLINES,
    SEVERITIES,
    Clock,
    Kind,
    LineState,
    Series,
    Turn,
    first_below,
    foreseen,
)
from rules.deadlines import months_later
from rules.law import LAW, NotInForce


@dataclass(frozen=True, slots=True)
class Due:
    """A clock of a case that runs, or ran out unanswered: the last day in time, and the day from which it is near.

    `subject` names case and clock, and stays the same from one look to the next.
    """

    subject: str
    clock: Clock
    deadline: date
    near_from: date
    district: str | None


def look(session: Session, now: datetime) -> bool:
    """Tell anew what is foreseen, where a day has passed or something was recorded since the last look; whether it was so.

    One alert of a series is open as long as a day below the line is foreseen, and resolved when none is, or when it has come.
    """
    kept = session.execute(text(_KEPT), {"today": line.day_of(now)}).one_or_none()
    if kept is None:
        return False
    # Two that look at once: the second one waits here, and finds that nothing is left to do.
    kept = session.execute(text(f"{_KEPT} FOR UPDATE OF l"), {"today": line.day_of(now)}).one_or_none()
    if kept is None:
        return False
    day, at = max(line.day_of(now), kept.evaluated_on), max(now, kept.recorded_at)
    below = {series for series, name in line.STATES.items() if getattr(kept, name) == LineState.BELOW}
    _foresee(session, day, at, below, kept.newest if kept.recorded == 1 else None)
    session.execute(text(_LOOKED), {"on": day, "at": kept.recorded_at})
    return True


def deadlines(session: Session, day: date, at: datetime, dues: Sequence[Due]) -> None:
    """Tell which deadlines are near or missed on a day, each once, and resolve what is over.

    `dues` are all clocks that run or were missed; what is told of any other is over: answered, withdrawn, or moved away.
    """
    standing = {one.subject: _stands(one, day) for one in dues}
    open_ones = alerts.listing(session, open_only=True, kinds=_OF_CASES)
    dated = {one.subject: one.deadline.isoformat() for one in dues}
    for told in open_ones:
        if standing.get(told.subject) is not told.kind or told.facts.get("deadline") != dated[told.subject]:
            alerts.resolve(session, [told.kind], told.subject, at)
    for one in dues:
        kind = standing[one.subject]
        if kind is not None:
            facts = {name: value for name, value in asdict(one).items() if name not in ("subject", "near_from")}
            alerts.raise_one(session, kind, DEADLINES[kind, one.clock], one.subject, day, at, facts)


def _stands(due: Due, day: date) -> Kind | None:
    if day > due.deadline:
        return Kind.DEADLINE_MISSED
    return Kind.DEADLINE_NEAR if day >= due.near_from else None


def _foresee(session: Session, day: date, at: datetime, below: Container[Series], recording: int | None) -> None:
    """Both series from a day to its horizon, save those that are below already; nothing where the rules say nothing of the day."""
    try:
        law = LAW.on(day, at)
        months, nearer = (law[f"alerts.forecast_{name}"].count for name in ("months", "nearer_days"))
        until = months_later(day, months)
        course = queries.series(session, day, until, at)
    except NotInForce:
        return
    open_ones = alerts.listing(session, open_only=True, kinds=[Kind.FORECAST_BELOW])
    told = {one.subject: date.fromisoformat(one.facts["first_on"]) for one in open_ones}
    for series in Series:
        amounts = [] if series in below else _amounts(course, series, until, at)
        found = first_below(amounts, lambda on: LAW.on(on, at)["reserve.target_ha"].amount)
        turn = foreseen(told.get(series), found, day, nearer)
        if turn in (Turn.OVER, Turn.AGAIN):
            alerts.resolve(session, [Kind.FORECAST_BELOW], series, at)
        if turn in (Turn.NEW, Turn.AGAIN) and found is not None:
            facts = _facts(course, found, at) | {"first_on": found, "months": months}
            severity = SEVERITIES[Kind.FORECAST_BELOW, series]
            alerts.raise_one(session, Kind.FORECAST_BELOW, severity, series, day, at, facts, recording)


def _amounts(course: Sequence[Point], series: Series, until: date, at: datetime) -> list[tuple[date, Decimal]]:
    """A series in hectares from its first day on, with the days on which another target begins."""
    found = {point.on: getattr(point, line.AMOUNTS[series]) / SQUARE_METRES_PER_HECTARE for point in course}
    for seam in LAW.seams(at, ["reserve.target_ha"]):
        if course[0].on < seam <= until and seam not in found:
            found[seam] = found[max(on for on in found if on < seam)]
    return sorted(found.items())


def _facts(course: Iterable[Point], on: date, at: datetime) -> dict[str, Any]:
    """Where both series stand from the day on, in hectares."""
    point = [one for one in course if one.on <= on][-1]
    amounts = {
        f"{series}_ha": getattr(point, name) / SQUARE_METRES_PER_HECTARE for series, name in line.AMOUNTS.items()
    }
    return {**amounts, "target_ha": LAW.on(on, at)["reserve.target_ha"].amount}


_OF_CASES = (Kind.DEADLINE_NEAR, Kind.DEADLINE_MISSED)

# What a look rests on, if there is reason for one; with what was recorded since, which is the reason where it is one alone.
_KEPT = """
SELECT l.evaluated_on, l.net_state, l.free_state, r.recorded_at, s.recorded, s.newest
FROM reserve_line l CROSS JOIN register r CROSS JOIN LATERAL (
    SELECT count(*) AS recorded, max(id) AS newest FROM recording WHERE at > l.foreseen_at) s
WHERE l.evaluated_on IS NOT NULL
    AND (l.foreseen_on IS NULL OR l.foreseen_on < :today OR l.foreseen_at IS DISTINCT FROM r.recorded_at)"""

_LOOKED = "UPDATE reserve_line SET foreseen_on = :on, foreseen_at = :at"
