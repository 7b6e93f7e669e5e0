"""What the pages of replacement read, through the functions that the API answers from, and give to the pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app import pledge_answers, replacements
from app.replacement_bodies import ComparisonIn
from app.schemas.candidates import CandidateRow
from app.schemas.dissolutions import DissolutionRow
from app.schemas.pledges import PledgeRow
from app.schemas.replacements import ReplacementAssessmentOut
from app.web.chart import NARROW, WIDE
from app.web.replacement_asking import UNCOMPARABLE, Look, why_not
from app.web.replacement_pictures import Bars, Lost, Timeline, Way, bars, timeline
from parcels import milestones, pledges
from rules.pipeline import Security

FRAMES = tuple((frame.name, frame.width) for frame in (WIDE, NARROW))


@dataclass(frozen=True, slots=True)
class Made:
    """A comparison, or why there is none; neither where nothing is compared."""

    answer: ReplacementAssessmentOut | None = None
    why_not: str | None = None


def compared(look: Look, dissolution: int, offered: Mapping[int, Decimal | None]) -> Made:
    """What the API answers to the comparison of a dissolution with recorded candidates: so many net m2 of each, or all (None)."""
    offers = [{"id": number, "net_m2": net_m2} for number, net_m2 in offered.items()]
    if not offers:
        return Made()
    body = ComparisonIn.model_validate({"dissolution": dissolution, "candidates": offers})
    try:
        said = replacements.assess(look.session, body, look.view.asked)
    except UNCOMPARABLE as error:
        return Made(why_not=why_not(error, look.speak))
    return Made(said[look.speak.language])


def gone(look: Look, row: DissolutionRow | CandidateRow) -> bool:
    """Whether it is withdrawn by the day asked about."""
    return row.withdrawn_on is not None and row.withdrawn_on <= look.view.asked.on


def held_pledges(look: Look, numbers: Iterable[int]) -> dict[int, list[PledgeRow]]:
    """The pledges that hold on the day, by the dissolution that they are for, in the order in which they were made."""
    wanted = pledges.Wanted(dissolutions=tuple(numbers), holding_on=look.view.asked.on)
    rows = pledge_answers.rows(look.view, pledges.listing(look.session, look.view.asked.known_at, wanted))
    found: dict[int, list[PledgeRow]] = {number: [] for number in numbers}
    for one in sorted(rows, key=lambda row: row.id):
        found[one.dissolution.id].append(one)
    return found


def offering(held: Iterable[PledgeRow]) -> dict[int, Decimal | None]:
    """The candidates that pledges are of, with the net m2 pledged of each."""
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for one in held:
        if one.candidate.id is not None:
            amounts[one.candidate.id] += one.net_m2
    return {**amounts}


def by_security(found: Iterable[PledgeRow]) -> dict[Security, Decimal]:
    """Net m2 of pledges that hold, by how secure they are, securest first."""
    amounts: dict[Security, Decimal] = defaultdict(Decimal)
    for one in found:
        if one.security is not None:
            amounts[one.security.security] += one.net_m2
    return {level: amounts[level] for level in Security if level in amounts}


def bars_of(rows: Iterable[DissolutionRow], held: dict[int, list[PledgeRow]]) -> list[Bars]:
    """The picture of losses and pledges, in each frame."""
    lost = [Lost(one.id, one.reference, one.lost_on, one.lost_m2, by_security(held[one.id])) for one in rows]
    return [bars(lost, name, width) for name, width in FRAMES]


def ways(look: Look, named: Sequence[tuple[int, str]]) -> list[Way]:
    """The ways of candidates, given by number and name."""
    numbers = [number for number, _ in named]
    said = milestones.of(look.session, numbers, look.view.asked.known_at)
    paths = pledge_answers.ways(look.view, numbers)
    return [Way(number, name, said.get(number, ()), paths[number]) for number, name in named]


def timelines(look: Look, found: Sequence[Way]) -> list[Timeline]:
    """The picture of ways over the years, in each frame."""
    return [timeline(found, look.view.asked.on, name, width) for name, width in FRAMES]
