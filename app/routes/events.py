"""GET /api/events: alerts as they come (server-sent events); GET /api/alerts.atom: the newest ones as a feed."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app import alert_words, etag, feed
from app.auth import READ_SECURITY, READER
from app.deps import FreshSession, Now, ReadSession
from app.events import READERS, Hub
from app.problems import Problem, declared, field_error
from app.web.language import Translator, chosen, translator
from parcels import alerts

router = APIRouter(prefix="/api", tags=["alerts"], dependencies=[READER])
AGAIN_MS = 3000


def _speaks(
    request: Request,
    lang: Annotated[
        Literal["de", "en"] | None, Query(description="Language; else by Accept-Language, else German")
    ] = None,
) -> Translator:
    return translator(chosen(lang, request.headers.get("accept-language")))


Speaks = Annotated[Translator, Depends(_speaks)]


async def _place(request: Request) -> AsyncIterator[Hub]:
    """A place among the listeners, for as long as the answer lasts."""
    hub: Hub = request.app.state.hub
    if hub.closed or hub.readers >= READERS:
        raise Problem("too-many-listeners", f"{READERS} listeners are served at a time.")
    hub.readers += 1
    try:
        yield hub
    finally:
        hub.readers -= 1


def _after(
    session: FreshSession,
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID",
            ge=0,
            le=2**63 - 1,
            description="Number of the last alert that was received; from now on if left out",
        ),
    ] = None,
) -> int | None:
    """The number after which to go on; one that no alert has had yet would be waited for in silence."""
    if last_event_id is not None and last_event_id > alerts.newest(session):
        told = field_error(
            "Last-Event-ID", "There is no alert of that number yet", "Leave it out to begin from now on."
        )
        raise Problem("invalid-request", "Last-Event-ID names no alert of this register.", [told])
    return last_event_id


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses=declared("token-invalid", "too-many-listeners"),
    openapi_extra=READ_SECURITY,
)
async def get_events(
    after: Annotated[int | None, Depends(_after)], hub: Annotated[Hub, Depends(_place)], speak: Speaks
) -> AsyncIterator[ServerSentEvent]:
    """Alerts as they are committed, as events `alert` whose id is the alert's number. With Last-Event-ID one goes on where one was:
    nothing is lost, nothing comes twice. A comment every 15 s shows that the line lives; after an hour it is closed, come back."""
    start = await hub.begin() if after is None else after
    yield ServerSentEvent(
        id=str(start), retry=AGAIN_MS, comment="landreserve"
    )  # where to go on if nothing came till then
    if after is not None:
        await hub.begin()
    async for alert in hub.follow(start):
        told = {**alert_words.data(alert), "number": alert.id, **alert_words.spoken(alert, speak)}
        yield ServerSentEvent(event="alert", id=str(alert.id), data=told)


@router.get(
    "/alerts.atom",
    response_class=Response,
    responses={200: {"content": {feed.MEDIA_TYPE: {}}, "description": "Atom"}, **declared("token-invalid")},
    openapi_extra=READ_SECURITY,
)
def get_feed(request: Request, session: ReadSession, now: Now, speak: Speaks) -> Response:
    """The newest alerts as an Atom feed; one that is over is updated when it is."""
    base = str(request.app.state.settings.public_url or request.base_url).rstrip("/")
    body = feed.feed(alerts.listing(session, limit=feed.NEWEST), speak, base, now)
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Content-Language": speak.language,
        "Vary": "Accept-Language, Authorization",
    }
    if etag.matches(request.headers.get("if-none-match"), tag):
        raise etag.NotModified(headers)
    return Response(body, media_type=feed.MEDIA_TYPE, headers=headers)
