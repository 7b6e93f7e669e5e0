"""The line of the reserve: every write moves it by what its postings count for today, and tells when a limit is passed.

The value is kept in one row and moved in the posting's own statement; the register's lock, which every writer holds, lets
concurrent sales pass it one after the other. Days pass without a write: `catch_up` goes through those not yet evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import alerts, history, queries
from parcels.queries import SQUARE_METRES_PER_HECTARE
from rules.alerts import ENDED_BY, Level, Line, LineState, Passing, Series, States, line, passings
from rules.law import BERLIN, LAW, NotInForce


@dataclass(frozen=True, slots=True)
class Watch:
    """The line as it was last evaluated: both series in m2 on a day, and where they stand (None: never looked at)."""

    evaluated_on: date
    net_m2: Decimal
    free_m2: Decimal
    states: States


AMOUNTS = {Series.NET: "net_m2", Series.FREE: "free_m2"}
STATES = {Series.NET: "net_state", Series.FREE: "free_state"}
KEPT = ("evaluated_on", *AMOUNTS.values(), *STATES.values())
MOVED = {
    "moved": """
        SELECT coalesce(sum(net_m2), 0) AS net_m2, coalesce(sum(net_m2) FILTER (WHERE standing = 'counted_free'), 0) AS free_m2
        FROM (
            SELECT valid, standing, net_m2 FROM added
            UNION ALL
            SELECT valid, standing, -net_m2 FROM closed
        ) posted
        WHERE valid @> CAST(:today AS date) AND standing IN ('counted_free', 'counted_reserved')""",
    "another_line": f"""
        UPDATE reserve_line l SET net_m2 = l.net_m2 + m.net_m2, free_m2 = l.free_m2 + m.free_m2
        FROM moved m
        WHERE l.evaluated_on = :today AND (m.net_m2, m.free_m2) <> (0, 0)
        RETURNING {", ".join(f"l.{name}" for name in KEPT)}""",
    "line": f"""
        SELECT * FROM another_line
        UNION ALL
        SELECT {", ".join(KEPT)} FROM reserve_line
        WHERE evaluated_on = :today AND NOT EXISTS (SELECT FROM another_line)""",
}
"""Steps after those of a posting that move the line, if it was evaluated today already; else `passed` catches up."""


def day_of(at: datetime) -> date:
    """The day of an instant in Hamburg."""
    return at.astimezone(BERLIN).date()


def passed(session: Session, moved: Any, at: datetime, recording: int | None) -> None:
    """What a posting has moved the line to (a row of the step `line`, None if it was not evaluated today): tell what it passed."""
    if moved is None:
        _catch_up(session, at, recording)
        return
    watch = _watch(moved)
    _settle(session, watch, _told(session, watch, at, recording))


def states(session: Session) -> States:
    """Where each series stands now; None where it was never looked at."""
    return _states(session.execute(text(f"SELECT {', '.join(STATES.values())} FROM reserve_line")).one())


def tick(session: Session, now: datetime) -> bool:
    """Evaluate the days that have passed since the last write or tick; whether there were any. Late or twice, it tells the same.

    Takes the register's lock only where there is something to do.
    """
    due = "SELECT evaluated_on < :today FROM reserve_line"
    if not session.execute(text(due), {"today": day_of(now)}).scalar_one():
        return False
    _catch_up(session, history.lock(session, now), None)
    return True


def _catch_up(session: Session, at: datetime, recording: int | None) -> None:
    """Evaluate all days up to today: until now as known before the recording, and then as it has made it."""
    kept = session.execute(text("SELECT * FROM reserve_line FOR UPDATE")).one()
    day = day_of(at)
    if _line(day, at) is None:
        return
    if kept.evaluated_on is None:
        if session.execute(
            text("SELECT EXISTS (SELECT FROM holding)")
        ).scalar_one():  # else the register is being filled
            _evaluate(session, None, day, at, recording)
        return
    watch = _watch(kept)
    if watch.evaluated_on < day:
        known_at = at - timedelta(microseconds=1) if recording else at
        for point in queries.series(session, watch.evaluated_on + timedelta(days=1), day, known_at):
            watch = _told(session, Watch(point.on, point.net_m2, point.free_m2, watch.states), at, None)
    _evaluate(session, watch, max(day, watch.evaluated_on), at, recording)


def _evaluate(session: Session, watch: Watch | None, day: date, at: datetime, recording: int | None) -> None:
    """Evaluate one day in full, as known at `at`, and keep it."""
    total, _ = queries.reserve(session, day, at)
    stood: States = watch.states if watch else dict.fromkeys(Series)
    _settle(session, None, _told(session, Watch(day, total.net_m2, total.free_m2, stood), at, recording))


def _told(session: Session, watch: Watch, at: datetime, recording: int | None) -> Watch:
    """Tell which limits were passed since the states that stand in `watch`; gives it with those that it has now."""
    limits = _line(watch.evaluated_on, at)
    if limits is None:
        return watch
    level = level_of(watch.evaluated_on, watch.net_m2, watch.free_m2)
    found, states = passings([level], watch.states, lambda _: limits)
    for one in found:
        alerts.resolve(session, ENDED_BY[one.kind], one.series, at)
        alerts.raise_one(session, one.kind, one.severity, one.series, level.on, at, facts(one), recording)
    return replace(watch, states=states)


def level_of(on: date, net_m2: Decimal, free_m2: Decimal) -> Level:
    """Both series of a day, in hectares."""
    return Level(on, net_m2 / SQUARE_METRES_PER_HECTARE, free_m2 / SQUARE_METRES_PER_HECTARE)


def facts(one: Passing) -> dict[str, Any]:
    """The values of an alert's sentences."""
    amounts = {"net_ha": one.level.net_ha, "free_ha": one.level.free_ha}
    limits = {"target_ha": one.line.target_ha, "margin_ha": one.line.margin_ha}
    return {**amounts, **limits, "before": one.before, "state": one.state}


def _settle(session: Session, before: Watch | None, watch: Watch) -> None:
    """Keep the line as it was evaluated, where that differs from what is kept."""
    if before != watch:
        stand = {name: watch.states[series] for series, name in STATES.items()}
        values = {"evaluated_on": watch.evaluated_on, "net_m2": watch.net_m2, "free_m2": watch.free_m2, **stand}
        sets = ", ".join(f"{name} = :{name}" for name in KEPT)
        session.execute(text(f"UPDATE reserve_line SET {sets}"), values)


def _watch(row: Any) -> Watch:
    """The line from its row, once it was evaluated."""
    return Watch(row.evaluated_on, row.net_m2, row.free_m2, _states(row))


def _states(row: Any) -> States:
    """Where each series stands by the line's row."""
    found = {series: getattr(row, name) for series, name in STATES.items()}
    return {series: LineState(state) if state else None for series, state in found.items()}


def _line(day: date, at: datetime) -> Line | None:
    """The line of a day; None before there was a target: then there is nothing to pass."""
    try:
        return line(LAW.on(day, at))
    except NotInForce:
        return None
