"""Comparisons of lost and offered land, and proposals, as they are answered: codes, values with units, and sentences."""

from datetime import date
from typing import Annotated, Any

from pydantic import WithJsonSchema

from app.schemas.common import Knowledge, Number, Out
from app.schemas.conversions import Said, Source
from app.schemas.pledges import CandidateRef, DissolutionRef
from rules.facts import Outcome
from rules.replacements import Verdict

Compared = Annotated[Any, WithJsonSchema({"type": ["string", "number", "boolean", "null"]})]


class CriterionOut(Out):
    """One point of the comparison: what was `lost`, what is `offered` (in `unit`), what was found, why, where it is written.

    `candidate` is the one that decided; without an `essential` one nothing is equivalent.
    """

    name: str
    title: str
    essential: bool
    outcome: Outcome
    because: Said
    lost: Compared
    offered: Compared
    unit: str | None
    candidate: CandidateRef | None
    citation: Source


class CountedOut(Out):
    """What of a candidate counts: for certain (`met`), perhaps (`unknown`), or nothing (`not_met`), and why."""

    candidate: CandidateRef
    outcome: Outcome
    m2: Number
    ha: Number
    reasons: list[Said]


class CoverageOut(Out):
    """The extent in net m2 and ha: lost, counted for certain, perhaps, missing; each candidate by itself."""

    lost_m2: Number | None
    lost_ha: Number | None
    counted_m2: Number
    counted_ha: Number
    unclear_m2: Number
    unclear_ha: Number
    missing_m2: Number | None
    missing_ha: Number | None
    ratio: Number | None
    candidates: list[CountedOut]


class OpenPointOut(Out):
    """What is to be done before the verdict is `equivalent`."""

    name: str
    title: str
    essential: bool
    outcome: Outcome
    because: Said
    to_do: str


class ReplacementAssessmentOut(Knowledge):
    """Whether what is offered makes up for what is lost, as far as a machine can tell; a person decides."""

    on: date
    language: str
    dissolution: DissolutionRef | None
    designation: str | None
    lost_on: date
    verdict: Verdict
    verdict_sentence: str
    criteria: list[CriterionOut]
    coverage: CoverageOut
    open: list[OpenPointOut]
    law_version: str
    rules_version: str


class RequirementOut(Out):
    """A requirement by its name and title."""

    name: str
    title: str


class ReliefOut(Out):
    """How much would be left short without one requirement; none is a solution."""

    requirement: str
    title: str
    missing_m2: Number
    missing_ha: Number
    sentence: str


class SetAsideOut(Out):
    """A candidate that may not be proposed, and the requirements that it fails by itself."""

    candidate: CandidateRef
    requirements: list[RequirementOut]


class ChosenOut(Out):
    """A candidate of the proposed set, with its free net area."""

    candidate: CandidateRef
    free_m2: Number
    free_ha: Number


class ProposalOut(Knowledge):
    """The cheapest set that covers a loss, with its assessment; or, where there is none, what is missing and what would help.

    `cost_m2`: free net m2, made dearer by distance, lateness and what is worse. `optimal`: proved to be the cheapest, else it
    costs at most the share `gap` more. `tie_settled`: of sets that cost the same it has the fewest areas and the first keys.
    """

    on: date
    language: str
    feasible: bool
    sentence: str
    considered: int
    chosen: list[ChosenOut]
    lost_m2: Number
    lost_ha: Number
    covered_m2: Number
    covered_ha: Number
    surplus_m2: Number
    surplus_ha: Number
    cost_m2: Number
    optimal: bool
    gap: Number
    tie_settled: bool
    missing_m2: Number
    missing_ha: Number
    reliefs: list[ReliefOut]
    set_aside: list[SetAsideOut]
    assessment: ReplacementAssessmentOut | None
