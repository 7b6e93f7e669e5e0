"""The register: parcels in a list, one by one, with their history; and writing to one of them by hand."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy.orm import Session

from app import answers, clock, deps, edits, etag, parcel_answers, schemas
from app.auth import READ_SECURITY, READER, WRITE_SECURITY, Writer
from app.bodies import HoldingIn, ParcelIn
from app.deps import HEAVY, KnownAt, Now, On, Read, ReadKnown, ReadSession, WriteSession
from app.edits import ParcelUnknownError, Span
from app.examples import EDIT, HISTORY, PARCEL, PARCELS, example
from app.geometry import multipolygon
from app.inputs import ParcelKey, Text
from app.problems import Problem, declared
from app.routes.reserve import Limit
from parcels import parcels, register

router = APIRouter(prefix="/api/parcels", tags=["parcels"])
IfMatch = Annotated[
    str | None, Header(max_length=2_000, description="The ETag of the parcel as it was read", examples=['"0a1b2c"'])
]
WRITING = declared(
    "token-missing",
    "token-invalid",
    "role-missing",
    "parcel-unknown",
    "held-in-parts",
    "overlap",
    "precondition-failed",
    "precondition-required",
    "too-large",
    "malformed-body",
    "not-storable",
    "busy",
)


@router.get(
    "",
    response_model=schemas.ParcelsOut,
    responses={200: example(PARCELS), **declared("token-invalid")},
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def list_parcels(
    request: Request,
    read: Read,
    district: Text | None = None,
    after: Annotated[Text | None, Query(description="From the `next` link: the last key of the page before")] = None,
    limit: Limit = 100,
) -> schemas.ParcelsOut:
    """The parcels of the register on a day, by key."""
    asked = read.asked
    found = parcels.listing(read.session, asked.on, asked.pinned_at, district, after, limit + 1)
    following = None
    if len(found) > limit:
        day, pinned = asked.on.isoformat(), asked.pinned_at.isoformat()
        following = deps.following(request, on=day, known_at=pinned, after=found[limit - 1].key)
    return parcel_answers.page(asked, found[:limit], following)


@router.get(
    "/{key}",
    response_model=schemas.ParcelOut,
    responses={200: example(PARCEL), **declared("parcel-unknown", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_parcel(
    request: Request, response: Response, session: ReadSession, now: Now, key: ParcelKey, on: On, known_at: KnownAt
) -> schemas.ParcelOut:
    """All that is known of a parcel on a day. Its ETag is what If-Match of a later write names."""
    asked = answers.ask(session, on, known_at, now)
    version = parcels.version_tag(session, key)
    deps.begin(request, response, session, asked, clock.day(now), version)
    found = parcels.find(session, key, asked.on, asked.known_at)
    if found is None:
        raise ParcelUnknownError(key)
    return parcel_answers.parcel(asked, found)


@router.get(
    "/{key}/history",
    response_model=schemas.HistoryOut,
    responses={200: example(HISTORY), **declared("parcel-unknown", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_history(read: ReadKnown, key: ParcelKey) -> schemas.HistoryOut:
    """Every version of a parcel's facts and holdings on both time axes, as far as known at `known_at`."""
    versions = parcels.history(read.session, key)
    if not versions:
        raise ParcelUnknownError(key)
    return parcel_answers.history(read.asked, key, versions)


@router.put(
    "/{key}/holding",
    response_model=schemas.EditOut,
    responses={200: example(EDIT), **WRITING},
    openapi_extra=WRITE_SECURITY,
)
def put_holding(
    response: Response,
    who: Writer,
    session: WriteSession,
    now: Now,
    key: ParcelKey,
    body: HoldingIn,
    if_match: IfMatch = None,
) -> schemas.EditOut:
    """State who holds a parcel and how available it is, over [valid_from, valid_to): all fields, null where unknown."""
    edits.check_version(session, key, _versions(if_match), now)
    span = Span(body.valid_from, body.valid_to)
    change = edits.set_holding(session, key, span, body.facts(), now, who.name, body.note)
    return _answer(response, session, key, span, change)


@router.put(
    "/{key}",
    response_model=schemas.EditOut,
    responses={200: example(EDIT), **WRITING},
    openapi_extra=WRITE_SECURITY,
)
def put_parcel(
    response: Response,
    who: Writer,
    session: WriteSession,
    now: Now,
    key: ParcelKey,
    body: ParcelIn,
    if_match: IfMatch = None,
) -> schemas.EditOut:
    """State a parcel's own facts over [valid_from, valid_to); without `geometry` the recorded outlines stay."""
    edits.check_version(session, key, _versions(if_match), now)
    span = Span(body.valid_from, body.valid_to)
    outline = multipolygon(body.geometry, body.crs) if body.geometry is not None and body.crs else None
    change = edits.set_parcel(session, key, span, body.facts(), outline, now, who.name, body.note)
    return _answer(response, session, key, span, change)


def _versions(if_match: str | None) -> list[str] | None:
    if if_match is None:
        raise Problem("precondition-required", "Read the parcel first and send its ETag in the header If-Match.")
    return etag.versions(if_match)


def _answer(response: Response, session: Session, key: str, span: Span, change: register.Change) -> schemas.EditOut:
    response.headers["ETag"] = f'"{parcels.version_tag(session, key)}"'
    response.headers["Cache-Control"] = "no-store"
    return parcel_answers.edit(key, span, change)
