"""Milestones of candidates as they are recorded: of a kind the last one holds, one without days takes it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as insert_if_new
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent, keyed
from parcels.replacement_tables import Milestone as Table
from rules.pipeline import Milestone, MilestoneKind, by_plan


@dataclass(frozen=True, slots=True)
class Recorded:
    """A milestone with its number, who recorded it, when and why."""

    id: int
    milestone: Milestone
    recorded_at: datetime
    actor: str
    note: str | None


def record(
    session: Session, candidate: int, milestone: Milestone, author: Author, sent: Sent | None = None
) -> int | None:
    """State a milestone; its number. None where the same was sent at the same time and came first."""
    row: dict[str, Any] = {"candidate_id": candidate, "kind": milestone.kind.value, **keyed(sent)}
    row |= {"planned_on": milestone.planned_on, "done_on": milestone.done_on}
    row |= {"recorded_at": author.at, "actor": author.name, "note": author.note}
    made = insert_if_new(Table).values(**row).on_conflict_do_nothing().returning(Table.id)
    number: int | None = session.scalar(made)
    return number


def of(session: Session, numbers: Iterable[int], known_at: datetime) -> dict[int, list[Milestone]]:
    """What holds of each of the candidates at an instant: the last milestone of each kind, in the order of recording."""
    found: dict[int, list[Milestone]] = defaultdict(list)
    for row in session.execute(text(_LAST), {"numbers": list(numbers), "known_at": known_at}):
        if row.planned_on or row.done_on:
            found[row.candidate_id].append(_milestone(row))
    return dict(found)


def with_plans(session: Session, numbers: Iterable[int], known_at: datetime) -> dict[int, list[Milestone]]:
    """As `of`, with what each candidate's plan says where nobody says more; of every candidate, without any as well."""
    wanted = list(numbers)
    found = of(session, wanted, known_at)
    rows = {row.candidate_id: row for row in session.execute(text(_PLANS), {"numbers": wanted, "known_at": known_at})}
    return {number: [*_of_plan(rows.get(number), found.get(number, [])), *found.get(number, [])] for number in wanted}


def _of_plan(row: Any, said: Iterable[Milestone]) -> tuple[Milestone, ...]:
    return () if row is None else by_plan(row.stage, row.in_force_expected, row.measured_on, said)


def history(session: Session, candidate: int, known_at: datetime) -> list[Recorded]:
    """All milestones that were ever recorded of a candidate by an instant, oldest first."""
    rows = session.execute(text(_HISTORY), {"candidate": candidate, "known_at": known_at})
    return [Recorded(row.id, _milestone(row), row.recorded_at, row.actor, row.note) for row in rows]


def _milestone(row: Any) -> Milestone:
    return Milestone(MilestoneKind(row.kind), row.planned_on, row.done_on)


_LAST = """
SELECT * FROM (
    SELECT DISTINCT ON (candidate_id, kind) * FROM milestone
    WHERE candidate_id = ANY (:numbers) AND recorded_at <= :known_at
    ORDER BY candidate_id, kind, id DESC) last
ORDER BY id
"""

_PLANS = """
SELECT DISTINCT ON (candidate_id) candidate_id, measured_on, measured ->> 'stage' AS stage,
       CAST(measured ->> 'in_force_expected' AS date) AS in_force_expected
FROM candidate_version
WHERE candidate_id = ANY (:numbers) AND recorded_at <= :known_at
ORDER BY candidate_id, number DESC
"""

_HISTORY = "SELECT * FROM milestone WHERE candidate_id = :candidate AND recorded_at <= :known_at ORDER BY id"
