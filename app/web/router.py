"""The addresses of the pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.auth import Caller
from app.deps import HEAVY, FreshSession, Now, ReadSession
from app.web import conversion_router
from app.web.alert_pages import alert_page, alerts_page
from app.web.answering import answer
from app.web.guidance_page import guidance_page
from app.web.import_pages import import_page, imports_page
from app.web.outlook_page import outlook_page
from app.web.pages import start_page
from app.web.parcel_pages import parcel_page, parcels_page

router = APIRouter(include_in_schema=False)
router.include_router(conversion_router.router)

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
    return answer(request, now, who, lang, lambda visit: start_page(session, on, known_at, visit))


@router.get("/outlook", response_class=HTMLResponse, dependencies=[HEAVY])
def outlook(
    request: Request,
    session: ReadSession,
    now: Now,
    who: Caller,
    on: Raw = None,
    known_at: Raw = None,
    lang: Raw = None,
) -> HTMLResponse:
    """The page that looks ahead of a day."""
    return answer(request, now, who, lang, lambda visit: outlook_page(session, on, known_at, visit))


@router.get("/imports", response_class=HTMLResponse)
def imports(
    request: Request, session: FreshSession, now: Now, who: Caller, before: Raw = None, lang: Raw = None
) -> HTMLResponse:
    """The imports, newest first."""
    return answer(request, now, who, lang, lambda visit: imports_page(session, before, visit))


@router.get("/imports/{number}", response_class=HTMLResponse)
def one_import(
    request: Request, session: FreshSession, now: Now, who: Caller, number: str, lang: Raw = None
) -> HTMLResponse:
    """One import and what it found."""
    return answer(request, now, who, lang, lambda visit: import_page(session, number, visit))


@router.get("/alerts", response_class=HTMLResponse)
def alerts(
    request: Request, session: FreshSession, now: Now, who: Caller, before: Raw = None, lang: Raw = None
) -> HTMLResponse:
    """The alerts: what lasts, then all of them."""
    return answer(request, now, who, lang, lambda visit: alerts_page(session, before, visit))


@router.get("/alerts/{number}", response_class=HTMLResponse)
def one_alert(
    request: Request, session: FreshSession, now: Now, who: Caller, number: str, lang: Raw = None
) -> HTMLResponse:
    """One alert in full."""
    return answer(request, now, who, lang, lambda visit: alert_page(session, number, visit))


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
    return answer(request, now, who, lang, lambda visit: guidance_page(session, on, known_at, visit))


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
    return answer(request, now, who, lang, lambda visit: parcels_page(session, key, on, known_at, visit))


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
    return answer(request, now, who, lang, lambda visit: parcel_page(session, key, on, known_at, visit))
