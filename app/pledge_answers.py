"""Pledges as they are answered, with how secure they are; and the balance of candidates."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from app.conversion_answers import reason
from app.land_answers import both, warning
from app.replacement_edge import View
from app.schemas.land import WarningOut
from app.schemas.pledges import (
    BalanceOut,
    CandidateRef,
    DissolutionRef,
    PledgeRow,
    ReleaseOut,
    SecurityOut,
)
from app.web.language import Translator
from parcels import candidates, dissolutions, milestones, pledges
from parcels.candidates import Candidate
from parcels.dissolutions import Dissolution
from parcels.pledges import Balance, Pledge
from rules import pipeline
from rules.law import LAW, DatedLaw
from rules.pipeline import Finding, Path


def ways(view: View, numbers: Iterable[int]) -> dict[int, Path]:
    """The way of each of the candidates on the day asked about."""
    law, wanted = LAW.on(view.asked.on, view.asked.known_at), list(numbers)
    said = milestones.with_plans(view.session, wanted, view.asked.known_at)
    return {number: pipeline.path(said[number], view.asked.on, law) for number in wanted}


def rows(view: View, found: Sequence[Pledge]) -> list[PledgeRow]:
    """Pledges in the order given; each that holds on the day with its security."""
    known_at, law = view.asked.known_at, LAW.on(view.asked.on, view.asked.known_at)
    offered = tuple({one.bound.candidate for one in found})
    lost = tuple({one.bound.dissolution for one in found})
    names = {one.id: one for one in candidates.listing(view.session, known_at, candidates.Wanted(numbers=offered))}
    losses = {one.id: one for one in dissolutions.listing(view.session, known_at, dissolutions.Wanted(numbers=lost))}
    paths = ways(view, offered)
    return [
        _row(view, one, names[one.bound.candidate], losses[one.bound.dissolution], paths[one.bound.candidate], law)
        for one in found
    ]


def _row(view: View, one: Pledge, offered: Candidate, lost: Dissolution, way: Path, law: DatedLaw) -> PledgeRow:
    ended, holds = one.release, one.holds(view.asked.on)
    release = None
    if ended is not None:
        note = ended.note if view.told else None
        release = ReleaseOut(released_on=ended.on, released_at=ended.at, note=note)
    return PledgeRow(
        id=one.id,
        dissolution=DissolutionRef(id=lost.id, reference=lost.origin.reference),
        candidate=CandidateRef(id=offered.id, name=offered.origin.name),
        **both("net", one.bound.net_m2),
        pledged_on=one.bound.pledged_on,
        made_at=one.made_at,
        note=one.note if view.told else None,
        follows=one.follows,
        release=release,
        holds=holds,
        security=security(pipeline.security(lost.lost.lost_on, way, law), view.speak) if holds else None,
    )


def security(found: Finding, speak: Translator) -> SecurityOut:
    """How secure a pledge is, with the sentences of its reasons."""
    return SecurityOut(
        security=found.security,
        title=speak.code("security", found.security),
        reasons=[reason(one, speak, "because") for one in found.reasons],
    )


def balances(view: View, found: Sequence[Candidate]) -> dict[int, Balance]:
    """The balance of each of the candidates on the day asked about, as known then."""
    shared = candidates.overlaps(view.session, [one.id for one in found])
    numbers = {one.id for one in found} | {other for others in shared.values() for other in others}
    wanted = pledges.Wanted(candidates=tuple(numbers), holding_on=view.asked.on)
    bound: dict[int, Decimal] = dict.fromkeys(numbers, Decimal(0))
    for one in pledges.listing(view.session, view.asked.known_at, wanted):
        bound[one.bound.candidate] += one.bound.net_m2
    return {
        one.id: Balance(
            candidate=one.id,
            net_m2=Decimal(0) if one.offered.withdrawn_on else one.offered.net_m2 or Decimal(0),
            net_since=one.offered.measured_on,
            pledged_m2=bound[one.id],
            shadowed_m2=sum((bound[other] for other in shared.get(one.id, ())), Decimal(0)),
        )
        for one in found
    }


def balance(found: Balance) -> BalanceOut:
    """A balance in m2 and ha."""
    amounts = {name: getattr(found, f"{name}_m2") for name in ("net", "pledged", "free", "shadowed")}
    members = {name: value for each, m2 in amounts.items() for name, value in both(each, m2).items()}
    return BalanceOut(net_since=found.net_since, **members)


def released_warning(found: Sequence[Pledge], on: date, speak: Translator) -> list[WarningOut]:
    """That pledges still hold for what does not happen."""
    held = [str(one.id) for one in found if one.holds(on)]
    return [warning("pledges_still_held", speak, pledges=", ".join(held))] if held else []
