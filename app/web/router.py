"""The addresses of the pages."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.deps import HEAVY, Now, ReadSession, WriteSession
from app.headers import UNSEEN
from app.web import conversion_router, replacement_router
from app.web.alert_pages import alert_page, alerts_page
from app.web.answering import FRESH, FreshPage, Page, Raw, answer
from app.web.confirm_page import confirm_page
from app.web.guidance_page import guidance_page
from app.web.import_pages import import_page, imports_page
from app.web.outlook_page import outlook_page
from app.web.pages import start_page
from app.web.parcel_pages import parcel_page, parcels_page
from app.web.receivers_page import receivers_page

router = APIRouter(include_in_schema=False)
router.include_router(conversion_router.router)
router.include_router(replacement_router.router)


@router.get("/", response_class=HTMLResponse, dependencies=[HEAVY])
def start(page: Page) -> HTMLResponse:
    """The start page in the language of `lang`, else of Accept-Language, else German."""
    return page.show(lambda visit: start_page(page.session, page.on, page.known_at, visit))


@router.get("/outlook", response_class=HTMLResponse, dependencies=[HEAVY])
def outlook(page: Page) -> HTMLResponse:
    """The page that looks ahead of a day."""
    return page.show(lambda visit: outlook_page(page.session, page.on, page.known_at, visit))


@router.get("/imports", response_class=HTMLResponse)
def imports(page: FreshPage, before: Raw = None) -> HTMLResponse:
    """The imports, newest first."""
    return page.show(lambda visit: imports_page(page.session, before, visit))


@router.get("/imports/{number}", response_class=HTMLResponse)
def one_import(page: FreshPage, number: str) -> HTMLResponse:
    """One import and what it found."""
    return page.show(lambda visit: import_page(page.session, number, visit))


@router.get("/alerts", response_class=HTMLResponse)
def alerts(page: FreshPage, before: Raw = None) -> HTMLResponse:
    """The alerts: what lasts, then all of them."""
    return page.show(lambda visit: alerts_page(page.session, before, visit))


@router.get("/alerts/receivers", response_class=HTMLResponse)
def receivers(page: FreshPage) -> HTMLResponse:
    """Receivers that take nothing, and what was given up."""
    return page.show(lambda visit: receivers_page(page.session, page.who, visit), FRESH)


@router.get("/alerts/{number}", response_class=HTMLResponse)
def one_alert(page: FreshPage, number: str) -> HTMLResponse:
    """One alert in full."""
    return page.show(lambda visit: alert_page(page.session, number, visit))


@router.get("/confirm/{code}", response_class=HTMLResponse)
def confirm(request: Request, session: ReadSession, now: Now, code: str, lang: Raw = None) -> HTMLResponse:
    """Whether messages to an e-mail address are wanted; open even where reading needs a token, and changes nothing."""
    return answer(request, now, None, lang, lambda visit: confirm_page(session, code, visit), UNSEEN, public=True)


@router.post("/confirm/{code}", response_class=HTMLResponse)
def confirmed(request: Request, session: WriteSession, now: Now, code: str, lang: Raw = None) -> HTMLResponse:
    """They are: what is raised from now on is sent there."""
    return answer(
        request, now, None, lang, lambda visit: confirm_page(session, code, visit, sent=True), UNSEEN, public=True
    )


@router.get("/guidance", response_class=HTMLResponse)
def guidance(page: Page) -> HTMLResponse:
    """The guidance in force on a day, and all versions that are known."""
    return page.show(lambda visit: guidance_page(page.session, page.on, page.known_at, visit))


@router.get("/parcels", response_class=HTMLResponse)
def parcels(page: Page, key: Raw = None) -> HTMLResponse:
    """A form to look a parcel up."""
    return page.show(lambda visit: parcels_page(page.session, key, page.on, page.known_at, visit))


@router.get("/parcels/{key}", response_class=HTMLResponse)
def one_parcel(page: Page, key: str) -> HTMLResponse:
    """What one parcel is eligible for."""
    return page.show(lambda visit: parcel_page(page.session, key, page.on, page.known_at, visit))
