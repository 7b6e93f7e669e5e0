"""What is asked about imports: runs with the state that they are really in, their findings, and the kinds of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, and_, case, func, select, text
from sqlalchemy.orm import Session

from parcels.importing.contract import Severity
from parcels.run_tables import ImportIssue, ImportRun
from parcels.runs import INTERRUPTED, LOCKS, TRIES, State


class RunUnknownError(LookupError):
    """There is no import of that number."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as it is: one whose process is gone has failed, or waits for the next worker, whatever it last said of itself."""

    run: ImportRun
    state: State

    @property
    def refusal(self) -> tuple[str, str] | None:
        """Why nothing came of it: a stable kind and a sentence with the remedy."""
        if self.run.refusal_kind is not None:
            return self.run.refusal_kind, self.run.refusal or ""
        return INTERRUPTED if self.state == "failed" else None


@dataclass(frozen=True, slots=True)
class Kind:
    """How many findings of a kind a run has."""

    severity: Severity
    kind: str
    count: int


def listing(
    session: Session,
    layer: str | None = None,
    state: State | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Seen]:
    """Runs, newest first, those older than `before`. The session must see each statement's own state of things."""
    shown = _shown(_lost(session))
    found = select(ImportRun, shown).order_by(ImportRun.id.desc()).limit(limit)
    if layer is not None:
        found = found.where(ImportRun.layer == layer)
    if state is not None:
        found = found.where(shown == state)
    if before is not None:
        found = found.where(ImportRun.id < before)
    return [Seen(run, seen) for run, seen in session.execute(found)]


def find(session: Session, run_id: int) -> Seen:
    """One run; RunUnknownError where there is none of that number."""
    found = select(ImportRun, _shown(_lost(session))).where(ImportRun.id == run_id)
    row = session.execute(found).one_or_none()
    if row is None:
        raise RunUnknownError(f"There is no import {run_id}.")
    return Seen(row[0], row[1])


def issues(
    session: Session,
    run_id: int,
    severity: Severity | None = None,
    kind: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[ImportIssue]:
    """The findings of a run in the order in which they were found, those after number `after`."""
    found = select(ImportIssue).where(ImportIssue.run_id == run_id, ImportIssue.number > after)
    if severity is not None:
        found = found.where(ImportIssue.severity == severity)
    if kind is not None:
        found = found.where(ImportIssue.kind == kind)
    return list(session.scalars(found.order_by(ImportIssue.number).limit(limit)))


def kinds(session: Session, run_id: int) -> list[Kind]:
    """The findings of a run by their kinds, the most serious and most frequent first."""
    count = func.count()
    found = (
        select(ImportIssue.severity, ImportIssue.kind, count)
        .where(ImportIssue.run_id == run_id)
        .group_by(ImportIssue.severity, ImportIssue.kind)
        .order_by(case({"error": 0, "warning": 1}, value=ImportIssue.severity, else_=2), count.desc(), ImportIssue.kind)
    )
    return [Kind(cast(Severity, severity), kind, number) for severity, kind, number in session.execute(found)]


def _lost(session: Session) -> list[int]:
    """The runs that say they are running, and nobody works on.

    A lock is given back only after the end of its run is committed, and taken before its beginning is: looking at the locks before
    and after the runs, one that ends or begins meanwhile is seen in one of both.
    """
    before = _held(session)
    running = session.scalars(select(ImportRun.id).where(ImportRun.state == "running")).all()
    if before.issuperset(running):
        return []
    return sorted(set(running) - before - _held(session))


def _held(session: Session) -> set[int]:
    return set(session.scalars(text(_HELD), {"locks": LOCKS}))


def _shown(lost: Sequence[int]) -> ColumnElement[State]:
    again = and_(ImportRun.upload.is_not(None), ImportRun.attempt < TRIES)
    gone = and_(ImportRun.state == "running", ImportRun.id.in_(lost))
    return case((and_(gone, again), "queued"), (gone, "failed"), else_=ImportRun.state)


_HELD = """
SELECT objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint = :locks AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
