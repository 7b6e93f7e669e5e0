"""What people decided of candidates for a dissolution, as it is answered."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from app.schemas.common import Out
from rules.replacements import Verdict

Decision = Literal["accepted", "accepted_with_conditions", "rejected"]
Kept = Annotated[
    dict[str, Any], WithJsonSchema({"type": "object", "description": "A ReplacementAssessmentOut, as it was answered"})
]


class DecisionRow(Out):
    """A decision; `verdict` is what the comparison had said. `decided_by` is a function, no private person."""

    id: int
    at: datetime
    dissolution: int
    candidates: list[int]
    decision: Decision
    decided_on: date
    decided_by: str
    reason: str
    verdict: Verdict


class DecisionOut(DecisionRow):
    """A decision with the assessment as it was answered beside it; it keeps the members that it had then."""

    assessment: Kept


class DecisionsOut(Out):
    """One page of decisions as known at an instant, newest first."""

    known_at: datetime
    decisions: list[DecisionOut]
    next: str | None
