"""Pledges: net m2 of a candidate bound to one dissolution, released, transferred, read as known at an instant."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import pledge_answers, pledges
from app.auth import READ_SECURITY, READER, WRITE_SECURITY
from app.deps import HEAVY
from app.dissolution_bodies import LARGEST
from app.examples import example
from app.pledge_bodies import PledgeIn, ReleaseIn, TransferIn
from app.problems import declared
from app.replacement_edge import (
    WRITING,
    Before,
    Limit,
    Number,
    Once,
    Record,
    View,
    Viewed,
    following,
    located,
)
from app.replacement_examples import PLEDGE, PLEDGES
from app.schemas.pledges import PledgeOut, PledgesOut
from parcels import candidates
from parcels import pledges as recorded
from parcels.pledges import Wanted

router = APIRouter(prefix="/api/replacements/pledges", tags=["replacements"])
REFUSALS = (*WRITING, "pledge-refused", "not-in-force", "too-intricate", "coincident-edges")
SIDES = ("dissolution-unknown", "candidate-unknown", "dissolution-withdrawn", "candidate-withdrawn", "key-reused")


@router.get(
    "",
    response_model=PledgesOut,
    responses={200: example(PLEDGES), **declared("token-missing", "token-invalid", "not-in-force")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def list_pledges(
    request: Request,
    view: Viewed,
    dissolution: Annotated[int | None, Query(ge=1, le=LARGEST, description="Only those for this dissolution")] = None,
    candidate: Annotated[int | None, Query(ge=1, le=LARGEST, description="Only those of this candidate")] = None,
    holding: Annotated[bool, Query(description="Only those that bind on the day")] = False,
    before: Before = None,
    limit: Limit = 100,
) -> PledgesOut:
    """The pledges as known at an instant, newest first, with how secure they are on a day."""
    wanted = Wanted(
        candidates=None if candidate is None else (candidate,),
        dissolutions=None if dissolution is None else (dissolution,),
        holding_on=view.asked.on if holding else None,
        before=before,
        limit=limit + 1,
    )
    found = recorded.listing(view.session, view.asked.known_at, wanted)
    after = following(request, view, found[limit - 1].id if len(found) > limit else None)
    rows = pledge_answers.rows(view, found[:limit])
    return PledgesOut(on=view.asked.on, known_at=view.asked.known_at, pledges=rows, next=after)


@router.post(
    "",
    response_model=PledgeOut,
    status_code=201,
    responses={201: example(PLEDGE), **declared(*REFUSALS, *SIDES)},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_pledge(
    request: Request, response: Response, record: Record, body: PledgeIn, idempotency_key: Once = None
) -> PledgeOut:
    """Bind net m2 of a candidate to one dissolution. Never more than its net area, and no land twice: the database sees to it."""
    number = pledges.pledge(record, body, idempotency_key)
    located(request, response, "pledges", number)
    return _pledge(record.view(), number)


def _pledge(view: View, number: int) -> PledgeOut:
    found = recorded.find(view.session, number, view.asked.known_at)
    offered = candidates.find(view.session, found.bound.candidate, view.asked.known_at)
    return PledgeOut(
        on=view.asked.on,
        known_at=view.asked.known_at,
        pledge=pledge_answers.rows(view, [found])[0],
        balance=pledge_answers.balance(pledge_answers.balances(view, [offered])[offered.id]),
        warnings=pledges.warnings(view, found.bound) if found.holds(view.asked.on) else [],
    )


@router.get(
    "/{number}",
    response_model=PledgeOut,
    responses={
        200: example(PLEDGE),
        **declared(
            "token-missing", "token-invalid", "pledge-unknown", "not-in-force", "too-intricate", "coincident-edges"
        ),
    },
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_pledge(view: Viewed, number: Number) -> PledgeOut:
    """A pledge as known at an instant, how secure it is on a day, and the balance of its candidate."""
    return _pledge(view, number)


@router.post(
    "/{number}/release",
    response_model=PledgeOut,
    status_code=201,
    responses={
        201: example(PLEDGE),
        **declared(*WRITING, "pledge-unknown", "pledge-released", "pledge-refused", "not-in-force"),
    },
    openapi_extra=WRITE_SECURITY,
)
def post_release(record: Record, number: Number, body: ReleaseIn) -> PledgeOut:
    """End a pledge: from `released_on` on it binds no more. To send the same again changes nothing."""
    pledges.release(record, number, body)
    return _pledge(record.view(), number)


@router.post(
    "/{number}/transfer",
    response_model=PledgeOut,
    status_code=201,
    responses={201: example(PLEDGE), **declared(*REFUSALS, *SIDES, "pledge-unknown", "pledge-released")},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_transfer(
    request: Request,
    response: Response,
    record: Record,
    number: Number,
    body: TransferIn,
    idempotency_key: Once = None,
) -> PledgeOut:
    """End a pledge and bind its land anew on the same day: for another dissolution, from another candidate, or a part of it; what
    is not bound anew is free. The answer is the pledge that follows. Both or neither."""
    made = pledges.transfer(record, number, body, idempotency_key)
    located(request, response, "pledges", made)
    return _pledge(record.view(), made)
