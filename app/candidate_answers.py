"""Candidates as they are answered: versions, balance, way, milestones, pledges, who shares land with them."""

from collections.abc import Iterable
from typing import Any

from app import land_answers, pledge_answers
from app.land_answers import both, warning
from app.replacement_edge import View
from app.schemas.candidates import (
    CandidateOut,
    CandidateRow,
    CandidateVersionOut,
    MilestoneOut,
    MilestoneRecordedOut,
    ShareOut,
    WayOut,
)
from app.schemas.land import WarningOut
from app.schemas.pledges import CandidateRef
from app.web.language import Translator
from parcels import candidates, land_record, milestones, pledges
from parcels.candidates import Candidate, Offered, Wanted
from parcels.measured import PLANNED_NET, OfferedLand, merged
from parcels.milestones import Recorded
from parcels.placed import Version
from rules.pipeline import Milestone, Path


def listing(view: View, wanted: Wanted) -> list[CandidateRow]:
    """Candidates as known then, newest first, with balance and way of the day."""
    found = candidates.listing(view.session, view.asked.known_at, wanted)
    balances = pledge_answers.balances(view, found)
    ways = pledge_answers.ways(view, [one.id for one in found])
    return [
        CandidateRow(
            id=one.id,
            name=one.origin.name,
            plan=one.origin.plan,
            designation=one.origin.designation,
            district=one.offered.district,
            balance=pledge_answers.balance(balances[one.id]),
            stage=ways[one.id].stage,
            available_from=ways[one.id].available_from,
            withdrawn_on=one.offered.withdrawn_on,
        )
        for one in found
    ]


def candidate(view: View, number: int) -> CandidateOut:
    """One candidate as known then; CandidateUnknownError where there was none."""
    known_at = view.asked.known_at
    found = candidates.find(view.session, number, known_at)
    bound = pledges.listing(view.session, known_at, pledges.Wanted(candidates=(number,)))
    shared = _sharing(view, number)
    return CandidateOut(
        id=number,
        name=found.origin.name,
        plan=found.origin.plan,
        designation=found.origin.designation,
        created_at=found.created_at,
        on=view.asked.on,
        known_at=known_at,
        site=land_answers.site(found.origin.site),
        versions=[_version(view, one) for one in candidates.versions(view.session, number, known_at)],
        balance=pledge_answers.balance(pledge_answers.balances(view, [found])[number]),
        way=_way(pledge_answers.ways(view, [number])[number], view.speak),
        milestones=[_recorded(view, one) for one in milestones.history(view.session, number, known_at)],
        pledges=pledge_answers.rows(view, bound),
        overlaps=[CandidateRef(id=one.id, name=one.origin.name) for one in shared],
        warnings=_warnings(found, shared, view.speak),
    )


def _sharing(view: View, number: int) -> list[Candidate]:
    """Those that share land with it, as far as they were known then."""
    others = candidates.overlaps(view.session, [number]).get(number)
    return candidates.listing(view.session, view.asked.known_at, Wanted(numbers=tuple(others))) if others else []


def _version(view: View, one: Version[Offered]) -> CandidateVersionOut:
    said = one.said
    land = land_record.read(OfferedLand, said.measured)
    return CandidateVersionOut(
        number=one.number,
        recorded_at=one.recorded_at,
        note=one.note if view.told else None,
        measured_on=said.measured_on,
        gross_m2=land.gross_m2,
        outside_m2=land.outside_m2,
        planned_net_m2=said.planned_net_m2,
        **both("net", said.net_m2),
        designations=[ShareOut(designation=code, share=share) for code, share in land.designations],
        district=said.district,
        facts=land_answers.facts(land, said.stated),
        withdrawn_on=said.withdrawn_on,
    )


def _way(way: Path, speak: Translator) -> WayOut:
    return WayOut(
        stage=way.stage,
        stage_title=None if way.stage is None else speak.code("milestone", way.stage),
        plan_ripe=way.plan_ripe,
        in_force_expected=way.in_force_expected,
        servicing_done_on=way.servicing_done_on,
        servicing_funded=way.servicing_funded,
        available_from=way.available_from,
        ahead=_steps(way.ahead, speak),
        overdue=_steps(way.overdue, speak),
        undated=_steps(way.undated, speak),
    )


def _steps(found: Iterable[Milestone], speak: Translator) -> list[MilestoneOut]:
    return [MilestoneOut(**_step(one, speak)) for one in found]


def _step(one: Milestone, speak: Translator) -> dict[str, Any]:
    title = speak.code("milestone", one.kind)
    return {"kind": one.kind, "title": title, "planned_on": one.planned_on, "done_on": one.done_on}


def _recorded(view: View, one: Recorded) -> MilestoneRecordedOut:
    note = one.note if view.told else None
    return MilestoneRecordedOut(**_step(one.milestone, view.speak), id=one.id, recorded_at=one.recorded_at, note=note)


def _warnings(found: Candidate, shared: Iterable[Candidate], speak: Translator) -> list[WarningOut]:
    """What is to be looked at: nothing new, nothing known, several designations, land that others offer too."""
    planned = {PLANNED_NET: found.offered.planned_net_m2}
    said, land = [], merged(land_record.read(OfferedLand, found.offered.measured), planned)
    if found.offered.net_m2 is None:
        said.append(warning("net_unknown", speak, parcels=", ".join(land.unmeasured)))
    elif not found.offered.net_m2:
        said.append(warning("nothing_new", speak))
    elif not land.new_net_m2:
        said.append(warning("newness_unclear", speak))
    if len(land.designations) > 1:
        said.append(warning("designations_mixed", speak, designations=", ".join(code for code, _ in land.designations)))
    if names := ", ".join(f"{one.origin.name} (Nr. {one.id})" for one in shared):
        said.append(warning("shares_land", speak, candidates=names))
    return said
