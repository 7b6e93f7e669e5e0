"""The addresses of the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.auth import Caller
from app.deps import HEAVY, FreshSession, Now, ReadSession
from app.web.guidance_page import guidance_page
from app.web.import_pages import import_page, imports_page
from app.web.language import LANGUAGES, chosen, translator
from app.web.pages import Rendered, Visit, closed_page, start_page
from app.web.parcel_pages import parcel_page, parcels_page
from parcels.tokens import Token

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
    return _answer(request, now, who, lang, lambda visit: start_page(session, on, known_at, visit))


@router.get("/imports", response_class=HTMLResponse)
def imports(
    request: Request, session: FreshSession, now: Now, who: Caller, before: Raw = None, lang: Raw = None
) -> HTMLResponse:
    """The imports, newest first."""
    return _answer(request, now, who, lang, lambda visit: imports_page(session, before, visit))


@router.get("/imports/{number}", response_class=HTMLResponse)
def one_import(
    request: Request, session: FreshSession, now: Now, who: Caller, number: str, lang: Raw = None
) -> HTMLResponse:
    """One import and what it found."""
    return _answer(request, now, who, lang, lambda visit: import_page(session, number, visit))


@router.get("/guidance", response_class=HTMLResponse)
def guidance(
    request: Request,
    session: ReadSession,
    now: Now,
    who: Caller,
    on: Raw = None,
    known_at: Raw = None,
    lang: Raw = None,
) -> HTMLResponse:
    """The guidance in force on a day, and all versions that are known."""
    return _answer(request, now, who, lang, lambda visit: guidance_page(session, on, known_at, visit))


@router.get("/parcels", response_class=HTMLResponse)
def parcels(
    request: Request,
    session: ReadSession,
    now: Now,
    who: Caller,
    key: Raw = None,
    on: Raw = None,
    known_at: Raw = None,
    lang: Raw = None,
) -> HTMLResponse:
    """A form to look a parcel up."""
    return _answer(request, now, who, lang, lambda visit: parcels_page(session, key, on, known_at, visit))


@router.get("/parcels/{key}", response_class=HTMLResponse)
def one_parcel(
    request: Request,
    session: ReadSession,
    now: Now,
    who: Caller,
    key: str,
    on: Raw = None,
    known_at: Raw = None,
    lang: Raw = None,
) -> HTMLResponse:
    """What one parcel is eligible for."""
    return _answer(request, now, who, lang, lambda visit: parcel_page(session, key, on, known_at, visit))


def _answer(
    request: Request, now: datetime, who: Token | None, lang: str | None, show: Callable[[Visit], Rendered]
) -> HTMLResponse:
    """A page in the caller's language; the closed one where reading needs a token."""
    settings = request.app.state.settings
    language = lang if lang in LANGUAGES else None
    speak = translator(chosen(language, request.headers.get("accept-language")))
    base = str(settings.public_url or request.base_url).rstrip("/")
    visit = Visit(language, speak, now, settings.docs, base)
    closed = who is None and settings.read_requires_token
    page = closed_page(visit) if closed else show(visit)
    headers = {
        "Cache-Control": "no-cache",
        "Content-Language": page.language,
        "Vary": "Accept-Language, Authorization",
        **({"WWW-Authenticate": "Bearer"} if closed else {}),
    }
    return HTMLResponse(page.html, page.status, headers)
