"""The page of replacement: what was lost, what makes up for it, and the sites on their way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app import candidate_answers, dissolution_answers, stock_answers
from app.dissolution_bodies import LARGEST
from app.schemas.candidates import CandidateRow
from app.schemas.dissolutions import DissolutionRow
from app.web.numbers import number_of
from app.web.pages import Rendered
from app.web.replacement_asking import Look
from app.web.replacement_pictures import Way, standing
from app.web.replacement_reading import Made, bars_of, compared, gone, held_pledges, offering, timelines, ways
from parcels import candidates, dissolutions

LOSSES_SHOWN, SITES_SHOWN = 25, 40


@dataclass(frozen=True, slots=True)
class Row:
    """A dissolution with the comparison of what is pledged for it."""

    row: DissolutionRow
    gone: bool
    made: Made


@dataclass(frozen=True, slots=True)
class Site:
    """A candidate and its way."""

    row: CandidateRow
    gone: bool
    way: Way


def replacements_page(look: Look, before: str | None, sites_before: str | None) -> Rendered:
    """Dissolutions and candidates, newest first, as known then; balances and ways of the day."""
    lost = dissolution_answers.listing(
        look.view, dissolutions.Wanted(before=number_of(before, LARGEST), limit=LOSSES_SHOWN + 1)
    )
    offered = candidate_answers.listing(
        look.view, candidates.Wanted(before=number_of(sites_before, LARGEST), limit=SITES_SHOWN + 1)
    )
    sites = _sites(look, offered[:SITES_SHOWN])
    held = held_pledges(look, [one.id for one in lost])
    rows = [Row(one, gone(look, one), _compared(look, one, offering(held[one.id]))) for one in lost[:LOSSES_SHOWN]]
    return look.page(
        "replacements.html",
        balance=stock_answers.replacement(look.session, look.view.asked, ("district", "designation")),
        rows=rows,
        more=len(lost) > LOSSES_SHOWN,
        bars=bars_of([one.row for one in rows if not one.gone], held),
        sites=sites,
        more_sites=len(offered) > SITES_SHOWN,
        timelines=timelines(look, [one.way for one in sites if not one.gone]),
        standing=standing,
    )


def _compared(look: Look, row: DissolutionRow, offers: Mapping[int, Decimal | None]) -> Made:
    return Made() if gone(look, row) else compared(look, row.id, offers)


def _sites(look: Look, offered: list[CandidateRow]) -> list[Site]:
    found = ways(look, [(one.id, one.name) for one in offered])
    return [Site(row, gone(look, row), way) for row, way in zip(offered, found, strict=True)]
