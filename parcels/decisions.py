"""What people decided of candidates for a dissolution, beside what the comparison had said then; only ever added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent, keyed
from parcels.replacement_tables import ReplacementDecision as Table


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, on which day, by which function (no private person) and why; `decision` as the table names it."""

    dissolution_id: int
    candidate_ids: tuple[int, ...]
    decision: str
    decided_on: date
    decided_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the comparison said: for which day, as known when, under which law; `result` is the whole answer by language."""

    verdict: str
    on: date
    known_at: datetime
    law_version: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """A recorded decision."""

    id: int
    at: datetime
    decided: Decided
    answered: Answered


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions are asked for; `before` is the last number of the page before."""

    dissolution: int | None = None
    before: int | None = None
    limit: int | None = None


def record(session: Session, decided: Decided, answered: Answered, author: Author, sent: Sent | None) -> int | None:
    """Record a decision; its number. None where the same was sent at the same time and came first."""
    row = {**asdict(decided), **asdict(answered), **keyed(sent), "at": author.at, "actor": author.name}
    row["candidate_ids"] = list(decided.candidate_ids)
    number: int | None = session.scalar(insert(Table).values(**row).on_conflict_do_nothing().returning(Table.id))
    return number


def listing(session: Session, known_at: datetime, wanted: Wanted = Wanted()) -> list[Decision]:
    """Decisions as known at an instant, newest first."""
    found = select(Table).where(Table.at <= known_at).order_by(Table.id.desc()).limit(wanted.limit)
    if wanted.dissolution is not None:
        found = found.where(Table.dissolution_id == wanted.dissolution)
    if wanted.before is not None:
        found = found.where(Table.id < wanted.before)
    return [_decision(row) for row in session.scalars(found)]


def _decision(row: Table) -> Decision:
    decided = {name: getattr(row, name) for name in Decided.__dataclass_fields__}
    answered = {name: getattr(row, name) for name in Answered.__dataclass_fields__}
    return Decision(
        row.id, row.at, Decided(**decided | {"candidate_ids": tuple(row.candidate_ids)}), Answered(**answered)
    )
