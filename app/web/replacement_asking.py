"""What the pages of replacement share: the question with its view of the record, what cannot be answered, and the map."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import replacement_edge, replacement_problems
from app.dissolution_bodies import LARGEST
from app.map_extract import Extract, draw
from app.replacement_edge import View
from app.web.language import Translator
from app.web.numbers import number_of
from app.web.pages import Rendered, Visit, misasked, refused, render, silence
from app.web.question import Misasked, Question, question
from parcels import candidates, origins, replacement_map
from parcels.candidates import CandidateUnknownError, Wanted
from parcels.dissolutions import DissolutionUnknownError
from parcels.limits import OutlinesError
from parcels.replacement_map import Piece
from parcels.sites import SiteRefusedError
from rules.law import NotInForce

NUMBERS_MOST = 100
UNCOMPARABLE = (OutlinesError, SiteRefusedError, *replacement_problems.KINDS)


@dataclass(frozen=True, slots=True)
class Look:
    """A page that is asked for: its question, the same as a view of what is recorded, and the visit."""

    asked: Question
    view: View
    visit: Visit

    @property
    def session(self) -> Session:
        """Where it is read."""
        return self.view.session

    @property
    def speak(self) -> Translator:
        """The language of the page."""
        return self.visit.speak

    def page(self, template: str, **values: object) -> Rendered:
        """A page that answers the question; `kept` are the fields of its address beside the question's own."""
        return render(self.session, template, 200, self.visit, self.asked, **{"kept": {}, **values})


@dataclass(frozen=True, slots=True)
class Asking:
    """The fields of an address as they were typed, and whether the caller may be told notes."""

    on: str | None
    known_at: str | None
    told: bool


def answered(session: Session, asking: Asking, visit: Visit, show: Callable[[Look], Rendered]) -> Rendered:
    """The page, or why there is none: a wrong field, a day before the rules, a number that stands for nothing (404)."""
    try:
        now = replacement_edge.latest(session, visit.now)
        asked = question(session, asking.on, asking.known_at, visit.language, now)
    except Misasked as fault:
        return misasked(session, fault, visit)
    known = replacement_edge.ask(session, asked.on, asked.known_at, now)
    try:
        return show(Look(asked, View(session, known, visit.speak, asking.told), visit))
    except NotInForce as nothing:
        return silence(session, asked, nothing, visit)
    except (DissolutionUnknownError, CandidateUnknownError):
        message = visit.speak.text("There is no such dissolution or candidate, or none was known by then.")
        remedy = visit.speak.text("All of them are listed on the page “Replacement”.")
        return refused(session, 404, visit, message, remedy)


def dissolution_number(given: str) -> int:
    """A number in an address; DissolutionUnknownError for what is none."""
    if (found := number_of(given, LARGEST)) is None:
        raise DissolutionUnknownError(given[:40])
    return found


def candidate_number(given: str) -> int:
    """A number in an address; CandidateUnknownError for what is none."""
    if (found := number_of(given, LARGEST)) is None:
        raise CandidateUnknownError(given[:40])
    return found


def numbers(given: Iterable[str]) -> tuple[list[int], list[str]]:
    """The numbers of fields like `1,2`, each once and in their order; and what stands there and is none."""
    said = [text.strip() for field in given for text in field.split(",") if text.strip()]
    found = {text: number_of(text, LARGEST) for text in dict.fromkeys(said)}
    return list(dict.fromkeys(n for n in found.values() if n is not None)), [t for t, n in found.items() if n is None]


def why_not(error: Exception, speak: Translator) -> str:
    """Why lost and offered land cannot be compared, as a sentence."""
    return (
        str(error)
        if isinstance(error, OutlinesError | SiteRefusedError)
        else replacement_problems.of(error, speak).detail
    )


def offered_pieces(look: Look, found: Sequence[int]) -> list[Piece]:
    """The land of candidates, for a map; those known by declared areas only have none."""
    known_at = look.view.asked.known_at
    rows = candidates.listing(look.session, known_at, Wanted(numbers=tuple(found))) if found else []
    return [Piece("offered", f"{one.id}", one.land) for one in reversed(rows) if one.land is not None]


@dataclass(frozen=True, slots=True)
class Map:
    """A map with its sources."""

    drawn: Extract
    sources: list[origins.Attribution]


def mapped(look: Look, pieces: Sequence[Piece]) -> Map | None:
    """The map around some land; None where none of it has an outline."""
    on, known_at = look.view.asked.on, look.view.asked.known_at
    frame = replacement_map.window(look.session, pieces)
    if frame is None:
        return None
    found = replacement_map.outlines(look.session, frame, pieces, on, known_at)
    return Map(draw(frame, found), origins.attributions(look.session, look.view.asked.pinned_at))
