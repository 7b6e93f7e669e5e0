"""Replacement: lost and offered land compared, sets of candidates proposed, decisions recorded."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import clock, decision_answers, replacement_edge, replacements
from app.answers import Asked
from app.auth import READ_SECURITY, READER, WRITE_SECURITY
from app.deps import HEAVY, Now, ReadSession
from app.dissolution_bodies import LARGEST
from app.examples import example
from app.problems import declared
from app.replacement_bodies import ComparisonIn, DecisionIn, ProposalIn
from app.replacement_edge import MEASURING, WRITING, Before, Decide, Once, Viewed, following
from app.replacement_examples import DECISION, DECISIONS, PROPOSAL, REPLACEMENT_ASSESSMENT
from app.schemas.decisions import DecisionOut, DecisionsOut
from app.schemas.replacements import ProposalOut, ReplacementAssessmentOut
from app.speaking import Speak
from parcels import decisions
from parcels.decisions import Wanted

router = APIRouter(prefix="/api/replacements", tags=["replacements"])
SIDES = (
    *("dissolution-unknown", "candidate-unknown", "dissolution-withdrawn", "candidate-withdrawn"),
    *("designation-unfit", "candidate-unfit", *MEASURING),
)
ASKING = ("token-missing", "token-invalid", "malformed-body", "too-large", *SIDES)
DecisionsPage = Annotated[int, Query(ge=1, le=100, description="Largest number on this page")]


@router.post(
    "/assessments",
    response_model=ReplacementAssessmentOut,
    responses={200: example(REPLACEMENT_ASSESSMENT), **declared(*ASKING)},
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def post_comparison(
    response: Response, session: ReadSession, now: Now, speak: Speak, body: ComparisonIn
) -> ReplacementAssessmentOut:
    """Whether what is offered makes up for what is lost: every criterion with the values of both sides, what each candidate counts
    for, and what is to be done before it is equivalent. The machine compares; a person decides. Nothing is stored."""
    asked = _fresh(response, session, now, body)
    return replacements.assess(session, body, asked)[speak.language]


@router.post(
    "/proposals",
    response_model=ProposalOut,
    responses={200: example(PROPOSAL), **declared(*ASKING, "loss-not-measured", "proposal-too-hard")},
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def post_proposal(response: Response, session: ReadSession, now: Now, speak: Speak, body: ProposalIn) -> ProposalOut:
    """The set of candidates that covers a loss at the least cost, with its assessment; where there is none, how much is missing and
    which requirement stands in the way. Nothing is stored."""
    asked = _fresh(response, session, now, body)
    return replacements.propose(session, body, asked, speak)


def _fresh(response: Response, session: ReadSession, now: Now, body: ComparisonIn | ProposalIn) -> Asked:
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Authorization"})
    return replacement_edge.ask(session, body.on or clock.day(now), body.known_at, now)


@router.get(
    "/decisions",
    response_model=DecisionsOut,
    responses={200: example(DECISIONS), **declared("token-missing", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def list_decisions(
    request: Request,
    view: Viewed,
    dissolution: Annotated[int | None, Query(ge=1, le=LARGEST, description="Only those of this dissolution")] = None,
    before: Before = None,
    limit: DecisionsPage = 20,
) -> DecisionsOut:
    """What people decided as known at an instant, newest first, each with the assessment as it was answered then."""
    found = decisions.listing(view.session, view.asked.known_at, Wanted(dissolution, before, limit + 1))
    after = following(request, view, found[limit - 1].id if len(found) > limit else None)
    rows = [decision_answers.decision(one, view.speak.language) for one in found[:limit]]
    return DecisionsOut(known_at=view.asked.known_at, decisions=rows, next=after)


@router.post(
    "/decisions",
    response_model=DecisionOut,
    status_code=201,
    responses={201: example(DECISION), **declared(*WRITING, *SIDES, "key-reused")},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_decision(record: Decide, body: DecisionIn, idempotency_key: Once = None) -> DecisionOut:
    """Record what was decided of recorded candidates for a dissolution, by whom and why. The assessment as it is answered now is
    kept beside it in both languages, whatever becomes of law, register or sentences."""
    number = replacements.decide(record, body, idempotency_key)
    (made,) = decisions.listing(record.session, record.view().asked.known_at, Wanted(before=number + 1, limit=1))
    return decision_answers.decision(made, record.speak.language)
