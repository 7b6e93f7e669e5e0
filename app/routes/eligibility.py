"""Eligibility: of one parcel by GET, of up to 10,000 or of a drawn area by POST (which asks, and records nothing)."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import answers, clock, deps, eligibility_answers
from app.auth import READ_SECURITY, READER
from app.deps import HEAVY, KnownAt, Now, On, ReadSession
from app.examples import example
from app.examples_eligibility import ELIGIBILITIES, ELIGIBILITY
from app.geometry import multipolygon
from app.inputs import ParcelKey
from app.problems import declared
from app.schemas.eligibility import EligibilitiesOut, EligibilityOut, EligibilityQuestion
from app.speaking import Speak
from parcels import eligibility
from rules.eligibility import Purpose

router = APIRouter(prefix="/api", tags=["eligibility"], dependencies=[READER])
PURPOSE = "reserve: does it count; award: could HIE offer it; protection: is it private land to be kept from conversion"


@router.get(
    "/parcels/{key}/eligibility",
    response_model=EligibilityOut,
    responses={
        200: example(ELIGIBILITY),
        **declared("parcel-unknown", "not-yet-known", "not-in-force", "token-invalid"),
    },
    openapi_extra=READ_SECURITY,
)
def get_eligibility(
    request: Request,
    response: Response,
    session: ReadSession,
    now: Now,
    key: ParcelKey,
    on: On,
    known_at: KnownAt,
    speak: Speak,
    purpose: Annotated[Purpose, Query(description=PURPOSE)] = Purpose.RESERVE,
) -> EligibilityOut:
    """Whether a parcel is eligible on a day: the verdict, and each criterion with its outcome, fact, date and source."""
    asked = answers.ask(session, on, known_at, now)
    deps.begin(request, response, session, asked, clock.day(now), language=speak.language)
    return eligibility_answers.single(session, asked, key, purpose, speak)


@router.post(
    "/eligibility",
    response_model=EligibilitiesOut,
    responses={
        200: example(ELIGIBILITIES),
        **declared(
            *("too-many-parcels", "too-large", "too-intricate", "coincident-edges", "malformed-body", "not-in-force"),
            *("token-invalid", "too-expensive"),
        ),
    },
    dependencies=[HEAVY],
    openapi_extra=READ_SECURITY,
)
def ask_eligibility(session: ReadSession, now: Now, question: EligibilityQuestion, speak: Speak) -> Response:
    """The same of many parcels: of a list of keys, or of all that share land with a drawn area. Nothing is recorded."""
    asked = answers.ask(session, question.on or clock.day(now), question.known_at, now)
    if question.geometry is not None and question.crs is not None:
        site = multipolygon(question.geometry, question.crs)
        shares: dict[str, Decimal | None] = {**eligibility.within(session, site, asked.on, asked.known_at)}
    else:
        shares = dict.fromkeys(question.keys or ())
    written = eligibility_answers.batch(session, asked, question.purpose, shares, speak, question.overlays)
    headers = {"Cache-Control": "no-store", "Content-Language": speak.language}
    if asked.fictitious:
        headers["X-Landreserve-Fictitious"] = "true"
    return Response(written, headers=headers, media_type="application/json")
