"""What if: changes recorded, read and taken back, by the statements, the rules and the ledger of a real recording.

A simulation writes what a recording would write and must therefore hold the register's lock, behind which every writer waits. So
it plans before it has the lock, on a state that it then finds unchanged or else begins again; it takes the lock only when nobody
holds or awaits it (SKIP LOCKED), so that a writer never queues behind a simulation that waits; and it holds it for HOLD_S at
most, whatever it does, less than the 2 s that a request waits for the lock. What was before is read after the lock is given back,
from the state of knowledge that does not change any more.

All that it wrote is rolled back to a savepoint, also when it fails; a caller that commits commits nothing of it. Numbers that the
database gave to its rows are lost, and nothing else is left. When its process dies, so does its transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from time import monotonic, sleep

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import changes, queries, register, simulated
from parcels.limits import ended_after
from parcels.queries import Group, Line, Point, Totals
from parcels.simulated import Plan, Reach
from parcels.tried import Step

PLAN_S = 4.0
HOLD_S = 1.5
WAIT_S = 2.0
POLL_S = 0.02
ATTEMPTS = 5
"""So often a writer may come between the planning and the lock."""


class RegisterBusyError(Exception):
    """A writer holds the register; a simulation does not wait for long."""


class _Overtaken(Exception):
    """Something was recorded since the plan was made."""


class Effect(StrEnum):
    """How far a change reaches: the reserve on some day, only lines of the ledger that do not count, or nothing at all."""

    RESERVE = "reserve"
    LEDGER = "ledger"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Question:
    """The steps, the day to compare, the days of the series (both inclusive) and the dimensions to group by."""

    steps: Sequence[Step]
    on: date
    since: date
    until: date
    by: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The reserve on the day, by the dimensions, and both series; all in m2."""

    total: Totals
    groups: list[Group]
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Move:
    """A part of a parcel that stands otherwise on the day; a side that has no line is None. `changes`: numbers of the changes."""

    before: Line | None
    after: Line | None
    changes: tuple[int, ...]

    @property
    def net_m2(self) -> Decimal:
        """What it adds to the reserve."""
        return changes.counted(self.after) - changes.counted(self.before)

    @property
    def free_m2(self) -> Decimal:
        """What it adds to the part of the reserve that is free."""
        return changes.counted(self.after, free=True) - changes.counted(self.before, free=True)

    @property
    def parcel_key(self) -> str:
        """The parcel."""
        line = self.after or self.before
        assert line is not None  # noqa: S101 (a move has a side)
        return line.parcel_key


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step: how far it reaches, and what its parcels add to the reserve on the day, with all other steps."""

    reach: Reach
    effect: Effect
    net_m2: Decimal
    free_m2: Decimal


@dataclass(frozen=True, slots=True)
class Simulated:
    """The answer: before as recorded by `recorded_at`, after with all steps, what moves on the day, and what each step did."""

    recorded_at: datetime | None
    before: Reading
    after: Reading
    moves: list[Move]
    done: list[Done]


def run(session: Session, question: Question, now: datetime) -> Simulated:
    """Try the steps on all that is recorded now; nothing of it stays.

    Errors as of `simulated.plan`; NotInForce for days before the reserve's target; RegisterBusyError where a writer holds the
    register for longer than WAIT_S; OutOfTimeError where it takes longer than the limits above; OutlinesError as of any edit.
    """
    for _ in range(ATTEMPTS):
        recorded_at = queries.recorded_at(session)
        with ended_after(session, PLAN_S):
            plan = simulated.plan(session, question.steps)
        try:
            after, closed, added = _tried(session, plan, question, now, recorded_at)
        except _Overtaken:
            continue
        with ended_after(session, PLAN_S):
            before = _read(session, question, recorded_at or now)
        return _compared(question, plan, recorded_at, before, after or before, closed, added)
    raise RegisterBusyError("The register is being written to all the time: try again.")


def _tried(
    session: Session, plan: Plan, question: Question, now: datetime, recorded_at: datetime | None
) -> tuple[Reading | None, list[Line], list[Line]]:
    """The reserve with the plan recorded, and the ledger's lines that were closed and added for it; taken back in any case."""
    if not plan.rows:
        return None, [], []
    savepoint = session.begin_nested()
    try:
        session.execute(text(_ABANDONED))
        _lock(session, recorded_at)
        with ended_after(session, HOLD_S):
            change = register.edit_together(session, plan.rows, now, "simulation", None)
            closed, added = changes.turned(session, change.at)
            return _read(session, question, change.at), closed, added
    finally:
        savepoint.rollback()


def _lock(session: Session, recorded_at: datetime | None) -> None:
    """Take the register's lock once nobody has it or waits for it."""
    end = monotonic() + WAIT_S
    while (row := session.execute(text(_FREE)).one_or_none()) is None:
        if monotonic() >= end:
            raise RegisterBusyError("Another change holds the register.")
        sleep(POLL_S)
    if row.recorded_at != recorded_at:
        raise _Overtaken


def _read(session: Session, question: Question, known_at: datetime) -> Reading:
    total, groups = queries.reserve(session, question.on, known_at, question.by)
    return Reading(total, groups, queries.series(session, question.since, question.until, known_at))


def _compared(
    question: Question,
    plan: Plan,
    recorded_at: datetime | None,
    before: Reading,
    after: Reading,
    closed: list[Line],
    added: list[Line],
) -> Simulated:
    numbers: dict[str, set[int]] = defaultdict(set)
    for reach in plan.reaches:
        for key in reach.keys if reach.altered else ():
            numbers[key].add(reach.step.number)
    pairs = changes.moves(*([one for one in lines if _holds(one, question.on)] for lines in (closed, added)))
    moves = [Move(*pair, ()) for pair in pairs if _differ(*pair)]
    moves = [Move(one.before, one.after, tuple(sorted(numbers[one.parcel_key]))) for one in moves]
    touched, counting = {one.parcel_key for one in (*closed, *added)}, _counting(closed, added)
    done = [_done(reach, touched, counting, moves) for reach in plan.reaches]
    return Simulated(recorded_at, before, after, moves, done)


def _holds(line: Line, on: date) -> bool:
    return (line.valid_from or date.min) <= on < (line.valid_to or date.max)


def _differ(before: Line | None, after: Line | None) -> bool:
    """A line that only begins or ends on another day stands on this day as it did."""
    return before is None or after is None or _said(before) != _said(after)


def _said(line: Line) -> tuple[object, ...]:
    apart = ("id", "valid_from", "valid_to")
    return tuple(getattr(line, name) for name in Line.__dataclass_fields__ if name not in apart)


def _counting(closed: Iterable[Line], added: Iterable[Line]) -> set[str]:
    """The parcels that on some day add another amount to one of the two series than before."""
    steps: dict[str, dict[tuple[date, bool], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for sign, lines in ((-1, closed), (1, added)):
        for line in lines:
            for free in (False, True):
                m2 = sign * changes.counted(line, free)
                steps[line.parcel_key][line.valid_from or date.min, free] += m2
                steps[line.parcel_key][line.valid_to or date.max, free] -= m2
    return {key for key, seams in steps.items() if any(seams.values())}


def _done(reach: Reach, touched: set[str], counting: set[str], moves: Sequence[Move]) -> Done:
    keys = set(reach.keys) if reach.altered else set()
    effect = Effect.RESERVE if keys & counting else Effect.LEDGER if keys & touched else Effect.NONE
    own = [move for move in moves if move.parcel_key in keys]
    net_m2, free_m2 = sum((move.net_m2 for move in own), Decimal(0)), sum((move.free_m2 for move in own), Decimal(0))
    return Done(reach, effect, net_m2, free_m2)


# A process that hangs while it holds the lock is not waited for.
_ABANDONED = "SET LOCAL idle_in_transaction_session_timeout = '5s'"

_FREE = "SELECT recorded_at FROM register FOR UPDATE SKIP LOCKED"
