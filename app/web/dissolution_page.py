"""The page of a dissolution: what was lost, what is pledged for it, the comparison, proposals, decisions."""

from __future__ import annotations

from dataclasses import dataclass

from app import candidate_answers, dissolution_answers, replacements
from app.dissolution_bodies import LARGEST
from app.replacement_bodies import MOST_RECORDED, ProposalIn
from app.schemas.replacements import ProposalOut
from app.web.numbers import number_of
from app.web.pages import Rendered
from app.web.replacement_asking import (
    NUMBERS_MOST,
    UNCOMPARABLE,
    Look,
    dissolution_number,
    mapped,
    numbers,
    offered_pieces,
    why_not,
)
from app.web.replacement_reading import bars_of, compared, gone, held_pledges, offering
from app.web.replacement_words import facts
from parcels import candidates, dissolutions
from parcels.replacement_map import Piece

CHOICES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal, or why there is none; neither where none was asked for."""

    answer: ProposalOut | None = None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a dissolution beside its facts, as typed: candidates to compare, a proposal, at most so many areas."""

    candidates: list[str]
    propose: str | None
    max_areas: str | None


def dissolution_page(look: Look, given: str, wish: Wish) -> Rendered:
    """One dissolution; the candidates asked for are compared, else those that are pledged. DissolutionUnknownError."""
    number, asked = dissolution_number(given), look.view.asked
    found = dissolution_answers.dissolution(look.view, number)
    wanted, wrong = numbers(wish.candidates)
    held = held_pledges(look, (number,))
    offered = dict.fromkeys(wanted) or offering(held[number])
    taken = list(offered)[:NUMBERS_MOST]
    proposed = _proposed(look, number, wish)
    chosen = [one.candidate.id for one in proposed.answer.chosen] if proposed.answer else []
    shown = [*taken, *(one for one in chosen if one)]
    land = dissolutions.find(look.session, number, asked.known_at).land
    pieces = [*offered_pieces(look, list(dict.fromkeys(shown))), *([Piece("lost", "", land)] if land else [])]
    said = found.versions[-1]
    rows = dissolution_answers.listing(look.view, dissolutions.Wanted(numbers=(number,)))
    return look.page(
        "dissolution.html",
        found=found,
        said=said,
        gone=gone(look, rows[0]),
        facts=facts(said.facts, look.speak),
        bars=bars_of(rows, held),
        asked_for=bool(wanted),
        taken=taken,
        wrong=[text[:40] for text in wrong],
        left_out=max(len(wanted) - NUMBERS_MOST, 0),
        made=compared(look, number, {one: offered[one] for one in taken}),
        proposed=proposed,
        choices=candidate_answers.listing(look.view, candidates.Wanted(offered_on=asked.on, limit=CHOICES_SHOWN)),
        most=number_of(wish.max_areas, MOST_RECORDED),
        wrong_most=bool(wish.max_areas) and number_of(wish.max_areas, MOST_RECORDED) is None,
        map=mapped(look, pieces),
        kept=_kept(wanted, wish),
    )


def _kept(wanted: list[int], wish: Wish) -> dict[str, str]:
    """The fields that stay in the address when the language is switched."""
    said = {"candidates": ",".join(map(str, wanted)), "propose": "1" if wish.propose else ""}
    most = number_of(wish.max_areas, LARGEST)
    return {name: value for name, value in {**said, "max_areas": str(most or "")}.items() if value}


def _proposed(look: Look, number: int, wish: Wish) -> Proposed:
    """What the API proposes of all that is still offered on the day."""
    if not wish.propose:
        return Proposed()
    most = number_of(wish.max_areas, MOST_RECORDED)
    body = ProposalIn.model_validate({"dissolution": number, "max_areas": most})
    try:
        return Proposed(replacements.propose(look.session, body, look.view.asked, look.speak))
    except UNCOMPARABLE as error:
        return Proposed(why_not=why_not(error, look.speak))
