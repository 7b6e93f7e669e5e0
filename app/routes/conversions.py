"""Conversions: assessed without a trace, recorded as cases with their assessments, asked, assessed anew."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from app import clock, conversion_answers, conversions, deps
from app.auth import READ_SECURITY, READER, WRITE_SECURITY, Caller, require
from app.conversion_bodies import AgainIn, CaseIn, QuestionIn
from app.conversion_examples import CONVERSION, CONVERSION_ASSESSMENT, CONVERSION_KEPT, CONVERSIONS
from app.deps import HEAVY, KnownAt, Now, On, ReadSession, WriteSession
from app.examples import example
from app.inputs import Text
from app.problems import declared
from app.schemas.conversions import AssessmentOut, CaseOut, CasesOut, KeptOut
from app.web.language import chosen
from parcels import conversion_assessments
from parcels import conversions as cases
from parcels.authors import Author, Sent
from parcels.conversions import Wanted
from parcels.tokens import Token
from rules.conversion_steps import CaseState
from rules.conversions import Involvement

router = APIRouter(prefix="/api/conversions", tags=["conversions"])
LARGEST = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST, description="The case's number")]
Clerk = Annotated[Token, Depends(require("planner", "bwi", "admin"))]
REFUSALS = (
    *("site-parcels-unknown", "site-outside-hamburg", "site-too-large", "site-unrecorded", "port-only"),
    *("route-not-in-force", "dates-out-of-order", "hearing-not-allowed"),
    *("not-in-force", "too-intricate", "coincident-edges", "malformed-body", "too-large", "token-invalid"),
)


def language(request: Request, response: Response) -> str:
    """The language that sentences are answered in: German unless another one is preferred."""
    response.headers["Vary"] = "Accept, Accept-Language, Authorization"
    return chosen(None, request.headers.get("accept-language"))


Language = Annotated[str, Depends(language)]


@dataclass(frozen=True, slots=True)
class Recording:
    """A write to cases: who writes, when, and in which transaction."""

    session: WriteSession
    who: Clerk
    now: Now

    @property
    def today(self) -> date:
        """The day of writing in Hamburg."""
        return clock.day(self.now)

    def author(self, note: str | None = None) -> Author:
        """Who is recorded as the author."""
        return Author(self.who.name, self.who.role, self.now, note)


Record = Annotated[Recording, Depends(Recording, scope="function")]


@router.post(
    "/assessments",
    response_model=AssessmentOut,
    responses={200: example(CONVERSION_ASSESSMENT), **declared(*REFUSALS)},
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def post_question(
    response: Response, session: ReadSession, now: Now, speaking: Language, body: QuestionIn
) -> AssessmentOut:
    """What the law makes of a conversion on a day: which wording holds, what it requires, which workplace land it takes, whether
    and by when the authority for the economy is to be involved. Nothing is stored."""
    response.headers["Cache-Control"] = "no-store"
    return conversions.assess(session, body, clock.day(now), now)[speaking]


@router.get(
    "",
    response_model=CasesOut,
    responses={200: example(CONVERSIONS), **declared("token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def list_cases(
    request: Request,
    response: Response,
    session: ReadSession,
    now: Now,
    on: On,
    known_at: KnownAt,
    district: Annotated[Text | None, Query(description="Only cases in this Bezirk")] = None,
    involvement: Annotated[Involvement | None, Query(description="Only cases last assessed so")] = None,
    state: Annotated[CaseState | None, Query(description="Only cases in this state")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST, description="From the `next` link")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Largest number of cases on this page")] = 100,
) -> CasesOut:
    """The cases as known at an instant, newest first, with their clocks on a day."""
    asked = conversions.ask(session, on, known_at, now)
    deps.begin(request, response, session, asked, clock.day(now), cases.tag(session))
    found = conversions.listing(session, asked, Wanted(district, involvement, state, before, limit + 1))
    following = None
    if len(found) > limit:
        day, known = asked.on.isoformat(), asked.known_at.isoformat()
        following = deps.following(request, on=day, known_at=known, before=str(found[limit - 1].id))
    return CasesOut(on=asked.on, known_at=asked.known_at, cases=found[:limit], next=following)


@router.post(
    "",
    response_model=CaseOut,
    status_code=201,
    responses={201: example(CONVERSION), **declared("token-missing", "role-missing", "key-reused", "busy", *REFUSALS)},
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_case(
    request: Request,
    response: Response,
    record: Record,
    speaking: Language,
    body: CaseIn,
    idempotency_key: Annotated[
        Text | None, Header(description="The same request under the same key is recorded once", examples=["7f3c-1"])
    ] = None,
) -> CaseOut:
    """Record a case and its assessment, which stays as it is answered."""
    sent = Sent(record.who.id, idempotency_key, conversions.fingerprint(body))
    number = conversions.enter(record.session, body, record.today, record.author(body.note), sent)
    public = request.app.state.settings.public_url
    response.headers["Location"] = f"{str(public).rstrip('/') if public else ''}/api/conversions/{number}"
    response.headers["Cache-Control"] = "no-store"
    asked = conversions.ask(record.session, body.on or record.today, None, record.now)
    return conversions.case(record.session, number, asked, speaking)


@router.get(
    "/{number}",
    response_model=CaseOut,
    responses={200: example(CONVERSION), **declared("conversion-unknown", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_case(
    request: Request,
    response: Response,
    session: ReadSession,
    who: Caller,
    now: Now,
    number: Number,
    on: On,
    known_at: KnownAt,
) -> CaseOut:
    """A case as known at an instant: its versions, every assessment as it was answered, and its clock on a day. Notes are told to
    those with a token."""
    asked = conversions.ask(session, on, known_at, now)
    speaking = chosen(None, request.headers.get("accept-language"))
    told = who is not None
    version = f"{cases.tag(session, number)}-{speaking}{'-told' if told else ''}"
    deps.begin(request, response, session, asked, clock.day(now), version)
    language(request, response)
    return conversions.case(session, number, asked, speaking, told)


@router.post(
    "/{number}/assessments",
    response_model=KeptOut,
    status_code=201,
    responses={
        201: example(CONVERSION_KEPT),
        **declared("token-missing", "role-missing", "conversion-unknown", *REFUSALS),
    },
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_assessment(response: Response, record: Record, speaking: Language, number: Number, body: AgainIn) -> KeptOut:
    """Assess a recorded case anew, by what is known of it and by the law of the day; the older assessments stay."""
    response.headers["Cache-Control"] = "no-store"
    made = conversions.assess_again(record.session, number, body.on or record.today, body.known_at, record.author())
    (kept,) = (one for one in conversion_assessments.kept(record.session, number) if one.number == made)
    return conversion_answers.kept(kept, speaking)
