"""Dissolutions: workplace land that is lost, recorded as it is measured, said anew, read as known at an instant."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import dissolution_answers, dissolutions
from app.auth import READ_SECURITY, READER, WRITE_SECURITY
from app.deps import HEAVY
from app.dissolution_bodies import LARGEST, DissolutionIn, DissolutionVersionIn
from app.examples import example
from app.inputs import Text
from app.land_bodies import Designation
from app.problems import declared
from app.replacement_edge import MEASURING, WRITING, Before, Limit, Number, Once, Record, Viewed, following, located
from app.replacement_examples import DISSOLUTION, DISSOLUTIONS
from app.schemas.dissolutions import DissolutionOut, DissolutionsOut
from parcels.dissolutions import Wanted

router = APIRouter(prefix="/api/replacements/dissolutions", tags=["replacements"])
REFUSALS = (*WRITING, *MEASURING, "designation-unfit", "dissolved-already")


@router.get(
    "",
    response_model=DissolutionsOut,
    responses={200: example(DISSOLUTIONS), **declared("token-missing", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def list_dissolutions(
    request: Request,
    view: Viewed,
    district: Annotated[Text | None, Query(description="Only in this Bezirk")] = None,
    designation: Annotated[Designation | None, Query(description="Only of this designation")] = None,
    conversion: Annotated[int | None, Query(ge=1, le=LARGEST, description="Only those of this case")] = None,
    before: Before = None,
    limit: Limit = 100,
) -> DissolutionsOut:
    """The dissolutions as known at an instant, newest first, with what is pledged for them and still open on a day."""
    wanted = Wanted(district, designation, conversion, None, before, limit + 1)
    found = dissolution_answers.listing(view, wanted)
    after = following(request, view, found[limit - 1].id if len(found) > limit else None)
    return DissolutionsOut(on=view.asked.on, known_at=view.asked.known_at, dissolutions=found[:limit], next=after)


@router.post(
    "",
    response_model=DissolutionOut,
    status_code=201,
    responses={201: example(DISSOLUTION), **declared(*REFUSALS, "key-reused", "conversion-unknown")},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_dissolution(
    request: Request, response: Response, record: Record, body: DissolutionIn, idempotency_key: Once = None
) -> DissolutionOut:
    """Record workplace land of one designation that is dissolved. It is measured on the last day before `lost_on`."""
    number = dissolutions.enter(record, body, idempotency_key)
    located(request, response, "dissolutions", number)
    return dissolution_answers.dissolution(record.view(), number)


@router.get(
    "/{number}",
    response_model=DissolutionOut,
    responses={200: example(DISSOLUTION), **declared("token-missing", "token-invalid", "dissolution-unknown")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_dissolution(view: Viewed, number: Number) -> DissolutionOut:
    """A dissolution as known at an instant: its versions, its pledges, what is open on a day, what was decided."""
    return dissolution_answers.dissolution(view, number)


@router.post(
    "/{number}/versions",
    response_model=DissolutionOut,
    status_code=201,
    responses={201: example(DISSOLUTION), **declared(*REFUSALS, "dissolution-unknown")},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_dissolution_version(record: Record, number: Number, body: DissolutionVersionIn) -> DissolutionOut:
    """Say anew of a dissolution when it happens, what is known of it, or that it does not happen; what was said before stays. The
    same again adds nothing."""
    dissolutions.amend(record, number, body)
    return dissolution_answers.dissolution(record.view(), number)
