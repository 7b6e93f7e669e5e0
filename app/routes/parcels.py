"""The register: parcels in a list, one by one, with their history; and writing to one of them by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app import answers, clock, deps, etag, parcel_answers
from app.auth import READ_SECURITY, READER, WRITE_SECURITY, Writer
from app.bodies import Edit, HoldingIn, ParcelIn
from app.deps import HEAVY, KnownAt, Now, On, Read, ReadKnown, ReadSession, WriteSession
from app.examples import EDIT, HISTORY, PARCEL, PARCELS, example
from app.geometry import multipolygon
from app.inputs import ParcelKey, Text
from app.problems import Problem, declared
from app.routes.reserve import Limit
from app.schemas.parcels import EditOut, HistoryOut, ParcelOut, ParcelsOut
from parcels import edits, parcels
from parcels.edits import Edited, Recording, Span

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
    "too-intricate",
    "coincident-edges",
    "busy",
    "write-timeout",
)


@router.get(
    "",
    response_model=ParcelsOut,
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
) -> ParcelsOut:
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
    response_model=ParcelOut,
    responses={200: example(PARCEL), **declared("parcel-unknown", "not-yet-known", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_parcel(
    request: Request, response: Response, session: ReadSession, now: Now, key: ParcelKey, on: On, known_at: KnownAt
) -> ParcelOut:
    """All that is known of a parcel on a day. Its ETag is what If-Match of a later write names."""
    asked = answers.ask(session, on, known_at, now)
    version = parcels.version_tag(session, key)
    deps.begin(request, response, session, asked, clock.day(now), version)
    found = parcels.find(session, key, asked.on, asked.known_at)
    return parcel_answers.parcel(asked, found)


@router.get(
    "/{key}/history",
    response_model=HistoryOut,
    responses={200: example(HISTORY), **declared("parcel-unknown", "not-yet-known", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_history(read: ReadKnown, key: ParcelKey) -> HistoryOut:
    """Every version of a parcel's facts and holdings on both time axes, as far as known at `known_at`."""
    parcels.check_heard_of(read.session, key, read.asked.known_at)
    return parcel_answers.history(read.asked, key, parcels.history(read.session, key))


@dataclass(frozen=True, slots=True)
class Writing:
    """A PUT to one parcel: what both of them are told beside their bodies, and the way that both of them go."""

    response: Response
    who: Writer
    session: WriteSession
    now: Now
    key: ParcelKey
    if_match: IfMatch = None

    def record(self, body: Edit, write: Callable[..., Edited]) -> EditOut:
        """Record what the body states on the version that the caller has read; the answer carries the new version."""
        if self.if_match is None:
            raise Problem("precondition-required", "Read the parcel first and send its ETag in the header If-Match.")
        edits.check_version(self.session, self.key, etag.versions(self.if_match), self.now)
        span = Span(body.valid_from, body.valid_to)
        edited = write(
            self.session, self.key, span, body.facts(), recording=Recording(self.now, self.who.name, body.note)
        )
        self.response.headers["ETag"] = f'"{parcels.version_tag(self.session, self.key)}"'
        self.response.headers["Cache-Control"] = "no-store"
        return parcel_answers.edit(self.key, span, edited)


Write = Annotated[Writing, Depends(Writing, scope="function")]


@router.put(
    "/{key}/holding",
    response_model=EditOut,
    responses={200: example(EDIT), **WRITING},
    openapi_extra=WRITE_SECURITY,
)
def put_holding(write: Write, body: HoldingIn) -> EditOut:
    """State who holds a parcel and how available it is, over [valid_from, valid_to): all fields, null where unknown. `warnings`
    says what an import would report of it."""
    return write.record(body, edits.set_holding)


@router.put(
    "/{key}",
    response_model=EditOut,
    responses={200: example(EDIT), **WRITING},
    openapi_extra=WRITE_SECURITY,
)
def put_parcel(write: Write, body: ParcelIn) -> EditOut:
    """State a parcel's own facts over [valid_from, valid_to); without `geometry` the recorded outlines stay. `warnings` says
    what an import would report of it."""
    outline = multipolygon(body.geometry, body.crs) if body.geometry is not None and body.crs else None
    return write.record(body, partial(edits.set_parcel, outline=outline))
