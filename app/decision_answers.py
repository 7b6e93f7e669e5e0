"""Decisions as they are answered."""

from app.schemas.decisions import DecisionOut, DecisionRow
from parcels.decisions import Decision


def row(found: Decision) -> DecisionRow:
    """A decision without the assessment beside it."""
    said = found.decided
    return DecisionRow.model_validate(
        {
            "id": found.id,
            "at": found.at,
            "dissolution": said.dissolution_id,
            "candidates": list(said.candidate_ids),
            "decision": said.decision,
            "decided_on": said.decided_on,
            "decided_by": said.decided_by,
            "reason": said.reason,
            "verdict": found.answered.verdict,
        }
    )


def decision(found: Decision, language: str) -> DecisionOut:
    """A decision with the assessment as it was answered in a language."""
    return DecisionOut(**row(found).model_dump(), assessment=found.answered.result[language])
