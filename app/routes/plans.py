"""GET /api/plans: the plans of the register on a day, in force or in procedure, and the files they were read from."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from app import deps, plan_answers
from app.auth import READ_SECURITY, READER
from app.deps import HEAVY, Read
from app.examples import PLANS, example
from app.inputs import Text
from app.problems import declared
from app.routes.reserve import Limit
from app.schemas.plans import PlansOut
from parcels import plan_listing

router = APIRouter(prefix="/api/plans", tags=["plans"])
Stage = Literal[
    "started",
    "draft",
    "participation",
    "display",
    "adopted",
    "in_force",
    "partly_lapsed",
    "repealed",
    "expired",
    "unknown",
]


@router.get(
    "",
    response_model=PlansOut,
    responses={200: example(PLANS), **declared("token-invalid")},
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def list_plans(
    request: Request,
    read: Read,
    stage: Annotated[Stage | None, Query(description="Only plans in this stage on the day")] = None,
    after: Annotated[Text | None, Query(description="From the `next` link: the last name of the page before")] = None,
    limit: Limit = 100,
) -> PlansOut:
    """The plans of the register on a day, by name: those whose files were imported, and those recorded as zones only."""
    asked = read.asked
    found = plan_listing.listing(read.session, asked.on, asked.pinned_at, stage, after, limit + 1)
    following = None
    if len(found) > limit:
        day, pinned = asked.on.isoformat(), asked.pinned_at.isoformat()
        following = deps.following(request, on=day, known_at=pinned, after=found[limit - 1].name)
    return plan_answers.page(asked, found[:limit], following)
