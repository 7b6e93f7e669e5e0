"""Candidates: land offered as replacement, recorded as it is measured, said anew, with the milestones of its way."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import candidate_answers, candidates, milestone_answers
from app.auth import READ_SECURITY, READER, WRITE_SECURITY
from app.candidate_bodies import CandidateIn, CandidateVersionIn, MilestoneIn
from app.deps import HEAVY
from app.examples import example
from app.inputs import Text
from app.problems import declared
from app.replacement_edge import MEASURING, WRITING, Before, Limit, Number, Once, Record, Viewed, following, located
from app.replacement_examples import CANDIDATE, CANDIDATES, MILESTONE_STATED
from app.schemas.candidates import CandidateOut, CandidatesOut, MilestoneStatedOut
from parcels.candidates import Wanted

router = APIRouter(prefix="/api/replacements/candidates", tags=["replacements"])
REFUSALS = (*WRITING, *MEASURING, "candidate-unfit")


@router.get(
    "",
    response_model=CandidatesOut,
    responses={200: example(CANDIDATES), **declared("token-missing", "token-invalid", "not-in-force")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def list_candidates(
    request: Request,
    view: Viewed,
    offered: Annotated[bool, Query(description="Only those that are still offered on the day")] = False,
    district: Annotated[Text | None, Query(description="Only in this Bezirk")] = None,
    before: Before = None,
    limit: Limit = 100,
) -> CandidatesOut:
    """The candidates as known at an instant, newest first, with balance and way of a day."""
    wanted = Wanted(view.asked.on if offered else None, district, None, before, limit + 1)
    found = candidate_answers.listing(view, wanted)
    after = following(request, view, found[limit - 1].id if len(found) > limit else None)
    return CandidatesOut(on=view.asked.on, known_at=view.asked.known_at, candidates=found[:limit], next=after)


@router.post(
    "",
    response_model=CandidateOut,
    status_code=201,
    responses={201: example(CANDIDATE), **declared(*REFUSALS, "key-reused")},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_candidate(
    request: Request, response: Response, record: Record, body: CandidateIn, idempotency_key: Once = None
) -> CandidateOut:
    """Record land that is offered as replacement; how much of it is new is measured on the day `on`."""
    number = candidates.enter(record, body, idempotency_key)
    located(request, response, "candidates", number)
    return candidate_answers.candidate(record.view(), number)


@router.get(
    "/{number}",
    response_model=CandidateOut,
    responses={
        200: example(CANDIDATE),
        **declared("token-missing", "token-invalid", "candidate-unknown", "not-in-force"),
    },
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_candidate(view: Viewed, number: Number) -> CandidateOut:
    """A candidate as known at an instant: its versions, balance and way on a day, milestones, pledges, who shares land."""
    return candidate_answers.candidate(view, number)


@router.post(
    "/{number}/versions",
    response_model=CandidateOut,
    status_code=201,
    responses={201: example(CANDIDATE), **declared(*REFUSALS, "candidate-unknown", "more-pledged")},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_candidate_version(record: Record, number: Number, body: CandidateVersionIn) -> CandidateOut:
    """Say anew of a candidate what is planned and known, measure it anew, or that it is no longer offered; what was said before
    stays. The same again adds nothing. It does not become smaller than what is pledged of it."""
    candidates.amend(record, number, body)
    return candidate_answers.candidate(record.view(), number)


@router.post(
    "/{number}/milestones",
    response_model=MilestoneStatedOut,
    status_code=201,
    responses={
        201: example(MILESTONE_STATED),
        **declared(*WRITING, "key-reused", "candidate-unknown", "not-in-force", "too-intricate", "coincident-edges"),
    },
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_milestone(
    record: Record, number: Number, body: MilestoneIn, idempotency_key: Once = None
) -> MilestoneStatedOut:
    """Record a milestone of a candidate's way: planned for a day, done on a day; without days the one recorded before is taken
    back. The holdings of a site of whole parcels say so too, so that the ledger's future moves with it."""
    found = candidates.state(record, number, body, idempotency_key)
    effects = None if found is None else milestone_answers.effects(found, record.speak)
    return MilestoneStatedOut(candidate=candidate_answers.candidate(record.view(), number), effects=effects)
