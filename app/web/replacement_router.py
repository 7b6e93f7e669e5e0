"""The addresses of the pages of replacement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from app.deps import HEAVY
from app.web.answering import Opening, Page, Raw
from app.web.candidate_page import candidate_page
from app.web.dissolution_page import Wish, dissolution_page
from app.web.pages import Rendered
from app.web.replacement_asking import Asking, Look, answered
from app.web.replacements_page import replacements_page

router = APIRouter(include_in_schema=False)

# What is shown of notes depends on who asks, and more is recorded at any time: nobody keeps it.
FRESH = {"Cache-Control": "no-store", "Vary": "Accept-Language, Authorization"}
Listed = Annotated[list[str] | None, Query()]


def _shown(page: Opening, show: Callable[[Look], Rendered]) -> HTMLResponse:
    asking = Asking(page.on, page.known_at, page.who is not None)
    return page.show(lambda visit: answered(page.session, asking, visit, show), FRESH)


@router.get("/replacements", response_class=HTMLResponse, dependencies=[HEAVY])
def replacements(page: Page, before: Raw = None, sites_before: Raw = None) -> HTMLResponse:
    """Dissolutions and candidates."""
    return _shown(page, lambda look: replacements_page(look, before, sites_before))


@router.get("/replacements/dissolutions/{number}", response_class=HTMLResponse, dependencies=[HEAVY])
def one_dissolution(
    page: Page, number: str, candidates: Listed = None, propose: Raw = None, max_areas: Raw = None
) -> HTMLResponse:
    """One dissolution, compared with the candidates asked for, else with those that are pledged."""
    return _shown(page, lambda look: dissolution_page(look, number, Wish(candidates or [], propose, max_areas)))


@router.get("/replacements/candidates/{number}", response_class=HTMLResponse)
def one_candidate(page: Page, number: str) -> HTMLResponse:
    """One candidate."""
    return _shown(page, lambda look: candidate_page(look, number))
