"""Comparisons and proposals as they are answered: criteria with both values, what counts and what does not, what is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from app.answers import Asked, ha
from app.conversion_answers import reason, source
from app.land_answers import both
from app.schemas.conversions import Said
from app.schemas.pledges import CandidateRef, DissolutionRef
from app.schemas.replacements import (
    ChosenOut,
    CountedOut,
    CoverageOut,
    CriterionOut,
    OpenPointOut,
    ProposalOut,
    ReliefOut,
    ReplacementAssessmentOut,
    RequirementOut,
    SetAsideOut,
)
from app.web.language import LANGUAGES, Translator, translator
from parcels.dissolutions import Dissolution
from parcels.proposals import Proposal
from rules.criteria import Fact, Reason
from rules.law import LAW, DatedLaw
from rules.proposals import options
from rules.replacements import Assessment, Candidate, Counted, Coverage, Criterion, Loss

UNIT = {"extent": "m2", "largest_plot": "m2", "shape": "m", "road": "m", "distance": "m", "grid": "kW"}
UNIT |= {"emission_day": "dB(A)/m2", "emission_night": "dB(A)/m2"}


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is compared with whom: the loss, its dissolution if it is recorded, and what candidates' keys stand for."""

    loss: Loss
    dissolution: Dissolution | None
    numbers: dict[str, int]
    names: dict[str, str]

    def candidate(self, key: str) -> CandidateRef:
        """The candidate of a key."""
        return CandidateRef(id=self.numbers.get(key), name=self.names[key])

    def said(self, one: Reason, speak: Translator) -> Said:
        """A reason; a candidate in its sentence is called by its name."""
        named = [
            (name, self.names.get(str(value), value) if name == "candidate" else value) for name, value in one.params
        ]
        return reason(replace(one, params=tuple(named)), speak, "because")


def assessments(asked: Asked, parties: Parties, said: Assessment) -> dict[str, ReplacementAssessmentOut]:
    """The answer in every language, German first."""
    return {name: assessment(asked, parties, said, translator(name)) for name in LANGUAGES}


def assessment(asked: Asked, parties: Parties, said: Assessment, speak: Translator) -> ReplacementAssessmentOut:
    """The answer in a language."""
    recorded = parties.dissolution
    return ReplacementAssessmentOut(
        **asked.knowledge(),
        on=asked.on,
        language=speak.language,
        dissolution=None if recorded is None else DissolutionRef(id=recorded.id, reference=recorded.origin.reference),
        designation=parties.loss.designation,
        lost_on=parties.loss.lost_on,
        verdict=said.verdict,
        verdict_sentence=speak.code("replacement_verdict", said.verdict.value),
        criteria=[_criterion(one, parties, speak) for one in said.criteria],
        coverage=_coverage(said.coverage, parties, speak),
        open=[_open(one, parties, speak) for one in said.open],
        law_version=said.law_version,
        rules_version=LAW.version,
    )


def _criterion(one: Criterion, parties: Parties, speak: Translator) -> CriterionOut:
    return CriterionOut(
        name=one.name,
        title=speak.code("replacement", one.name),
        essential=one.essential,
        outcome=one.outcome,
        because=parties.said(one.reason, speak),
        lost=_plain(one.lost),
        offered=_plain(one.offered),
        unit=UNIT.get(one.name),
        candidate=None if one.candidate is None else parties.candidate(one.candidate),
        citation=source(one.cite),
    )


def _plain(value: Fact) -> str | bool | float | None:
    """A value as JSON writes it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _coverage(said: Coverage, parties: Parties, speak: Translator) -> CoverageOut:
    return CoverageOut(
        **both("lost", said.lost_m2),
        **both("counted", said.counted_m2),
        **both("unclear", said.unclear_m2),
        **both("missing", said.missing_m2),
        ratio=None if said.ratio is None else round(said.ratio, 4),
        candidates=[_counted(one, parties, speak) for one in said.candidates],
    )


def _counted(one: Counted, parties: Parties, speak: Translator) -> CountedOut:
    return CountedOut(
        candidate=parties.candidate(one.key),
        outcome=one.outcome,
        m2=one.m2,
        ha=ha(one.m2),
        reasons=[parties.said(reason, speak) for reason in one.reasons],
    )


def _open(one: Criterion, parties: Parties, speak: Translator) -> OpenPointOut:
    title = speak.code("replacement", one.name)
    return OpenPointOut(
        name=one.name,
        title=title,
        essential=one.essential,
        outcome=one.outcome,
        because=parties.said(one.reason, speak),
        to_do=speak.sentence("replacement_to_do", one.outcome.value, [("title", title)]),
    )


def proposal(
    asked: Asked, parties: Parties, offered: Sequence[Candidate], made: Proposal, law: DatedLaw, speak: Translator
) -> ProposalOut:
    """A proposal in a language; every candidate that may not be proposed is named with what it fails."""
    every = options(parties.loss, offered, law)
    free = {one.candidate.key: one.free_m2 for one in every}
    lost = parties.loss.net_m2 or Decimal(0)
    feasible = made.assessment is not None
    return ProposalOut(
        **asked.knowledge(),
        on=asked.on,
        language=speak.language,
        feasible=feasible,
        sentence=_sentence(made, speak),
        considered=len(every),
        chosen=[ChosenOut(candidate=parties.candidate(key), **both("free", free[key])) for key in made.chosen],
        **both("lost", lost),
        **both("covered", made.covered_m2),
        **both("surplus", made.surplus_m2),
        cost_m2=made.cost_m2,
        optimal=made.optimal,
        gap=made.gap,
        tie_settled=made.tie_settled,
        **both("missing", made.missing_m2),
        reliefs=[_relief(one.requirement, one.missing_m2, speak) for one in made.reliefs],
        set_aside=[
            SetAsideOut(
                candidate=parties.candidate(one.candidate.key),
                requirements=[_requirement(name, speak) for name in sorted(one.fails)],
            )
            for one in every
            if one.fails
        ],
        assessment=None if made.assessment is None else assessment(asked, parties, made.assessment, speak),
    )


def _sentence(made: Proposal, speak: Translator) -> str:
    code = "infeasible" if made.assessment is None else "optimal" if made.optimal else "within_gap"
    amounts = (
        *(("covered_m2", made.covered_m2), ("surplus_m2", made.surplus_m2), ("missing_m2", made.missing_m2)),
        ("areas", len(made.chosen)),
    )
    return speak.sentence("proposal", code, amounts)


def _requirement(name: str, speak: Translator) -> RequirementOut:
    return RequirementOut(name=name, title=speak.code("replacement", name))


def _relief(name: str, missing_m2: Decimal, speak: Translator) -> ReliefOut:
    title = speak.code("replacement", name)
    code = "relief_short" if missing_m2 else "relief_enough"
    said = speak.sentence("proposal", code, [("title", title), ("missing_m2", missing_m2)])
    return ReliefOut(requirement=name, title=title, **both("missing", missing_m2), sentence=said)
