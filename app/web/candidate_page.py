"""The page of a candidate: its way, its milestones as they were recorded, who holds how much of it, what lies on the same land."""

from __future__ import annotations

from decimal import Decimal

from app import candidate_answers
from app.schemas.candidates import CandidateOut
from app.web.pages import Rendered
from app.web.replacement_asking import Look, candidate_number, mapped, offered_pieces
from app.web.replacement_pictures import Part, balance, standing
from app.web.replacement_reading import by_security, timelines, ways
from app.web.replacement_words import facts


def candidate_page(look: Look, given: str) -> Rendered:
    """One candidate. CandidateUnknownError."""
    number = candidate_number(given)
    found = candidate_answers.candidate(look.view, number)
    said = found.versions[-1]
    (way,) = ways(look, [(number, found.name)])
    others = [one.id for one in found.overlaps if one.id]
    return look.page(
        "candidate.html",
        found=found,
        said=said,
        gone=said.withdrawn_on is not None and said.withdrawn_on <= look.view.asked.on,
        facts=facts(said.facts, look.speak),
        parts_drawn=_parts(found),
        way=way,
        standing=standing,
        timelines=timelines(look, [way]),
        map=mapped(look, offered_pieces(look, [*others, number])),
    )


def _parts(found: CandidateOut) -> tuple[Part, ...]:
    """What holds of the candidate's net area on the day: pledged by how secure it is, free; nothing is free where what
    shares land with it is pledged."""
    held = by_security(one for one in found.pledges if one.holds)
    amounts = [(level.value, m2) for level, m2 in held.items()]
    shadowed = found.balance.net_m2 - found.balance.pledged_m2 if found.balance.shadowed_m2 else Decimal(0)
    return balance([*amounts, ("free", found.balance.free_m2), ("shadowed", shadowed)], found.balance.net_m2)
