"""The addresses of the pages of conversion cases."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.deps import HEAVY, Now, ReadSession
from app.headers import UNSEEN
from app.web.answering import FRESH, Page, Raw, answer
from app.web.case_page import Filters, case_page, cases_page, dossier_page
from app.web.track_page import track_page

router = APIRouter(include_in_schema=False)


@router.get("/conversions", response_class=HTMLResponse, dependencies=[HEAVY])
def cases(
    page: Page, state: Raw = None, involvement: Raw = None, district: Raw = None, late: Raw = None, before: Raw = None
) -> HTMLResponse:
    """The conversion cases, newest first."""
    filters = Filters.of(state, involvement, district, late)
    return page.show(lambda visit: cases_page(page.session, filters, before, visit), FRESH)


@router.get("/conversions/{number}", response_class=HTMLResponse)
def one_case(page: Page, number: str) -> HTMLResponse:
    """One case."""
    return page.show(lambda visit: case_page(page.session, number, page.who is not None, visit), FRESH)


@router.get("/conversions/{number}/dossier", response_class=HTMLResponse, dependencies=[HEAVY])
def one_dossier(page: Page, number: str, step: Raw = None) -> HTMLResponse:
    """The dossier of a case, to be printed."""
    told = page.who is not None
    return page.show(lambda visit: dossier_page(page.session, number, step, told, visit), FRESH)


@router.get("/track/{code}", response_class=HTMLResponse)
def track(request: Request, session: ReadSession, now: Now, code: str, lang: Raw = None) -> HTMLResponse:
    """How a case stands, for whoever has its link; open even where reading needs a token."""
    return answer(request, now, None, lang, lambda visit: track_page(session, code, visit), UNSEEN, public=True)
