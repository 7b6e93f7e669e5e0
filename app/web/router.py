"""The address of the start page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.auth import Caller
from app.deps import HEAVY, Now, ReadSession
from app.web.language import LANGUAGES, chosen, translator
from app.web.pages import Visit, closed_page, start_page

router = APIRouter(include_in_schema=False)

Raw = Annotated[str | None, Query()]


@router.get("/", response_class=HTMLResponse, dependencies=[HEAVY])
def start(
    request: Request,
    session: ReadSession,
    now: Now,
    who: Caller,
    on: Raw = None,
    known_at: Raw = None,
    lang: Raw = None,
) -> HTMLResponse:
    """The start page in the language of `lang`, else of Accept-Language, else German."""
    settings = request.app.state.settings
    language = lang if lang in LANGUAGES else None
    speak = translator(chosen(language, request.headers.get("accept-language")))
    visit = Visit(language, speak, now, settings.docs)
    closed = who is None and settings.read_requires_token
    page = closed_page(visit) if closed else start_page(session, on, known_at, visit)
    headers = {
        "Cache-Control": "no-cache",
        "Content-Language": page.language,
        "Vary": "Accept-Language, Authorization",
        **({"WWW-Authenticate": "Bearer"} if closed else {}),
    }
    return HTMLResponse(page.html, page.status, headers)
