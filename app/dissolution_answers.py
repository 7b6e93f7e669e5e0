"""Dissolutions as they are answered: versions, pledges, what is open on the day, decisions."""

from collections.abc import Sequence
from decimal import Decimal

from app import land_answers, pledge_answers
from app.decision_answers import row as decision_row
from app.land_answers import both, warning
from app.replacement_edge import View
from app.schemas.dissolutions import (
    DissolutionOut,
    DissolutionRow,
    DissolutionVersionOut,
    OpenOut,
)
from app.schemas.land import WarningOut
from parcels import decisions, dissolutions, land_record, pledges
from parcels.dissolutions import Dissolution, Lost, Wanted
from parcels.measured import LostLand
from parcels.placed import Version
from parcels.pledges import Pledge


def listing(view: View, wanted: Wanted) -> list[DissolutionRow]:
    """Dissolutions as known then, newest first, with what is open on the day."""
    found = dissolutions.listing(view.session, view.asked.known_at, wanted)
    bound = pledges.listing(
        view.session,
        view.asked.known_at,
        pledges.Wanted(dissolutions=tuple(one.id for one in found), holding_on=view.asked.on),
    )
    return [_row(view, one, [p for p in bound if p.bound.dissolution == one.id]) for one in found]


def _row(view: View, one: Dissolution, bound: Sequence[Pledge]) -> DissolutionRow:
    origin, lost = one.origin, one.lost
    return DissolutionRow(
        id=one.id,
        reference=origin.reference,
        cause=origin.cause,
        conversion=origin.conversion_id,
        plan=origin.plan,
        designation=origin.designation,
        district=lost.district,
        lost_on=lost.lost_on,
        withdrawn_on=lost.withdrawn_on,
        **_open(view, one, bound).model_dump(),
    )


def _open(view: View, one: Dissolution, bound: Sequence[Pledge]) -> OpenOut:
    """One dissolution's surplus is nobody else's: nothing is open where more is pledged than lost, or nothing is lost."""
    pledged = sum((p.bound.net_m2 for p in bound if p.holds(view.asked.on)), Decimal(0))
    withdrawn_on = one.lost.withdrawn_on
    gone = withdrawn_on is not None and withdrawn_on <= view.asked.on
    lost = Decimal(0) if gone else one.lost.net_m2
    still = None if lost is None else max(lost - pledged, Decimal(0))
    return OpenOut(**both("lost", lost), **both("pledged", pledged), **both("open", still))


def dissolution(view: View, number: int) -> DissolutionOut:
    """One dissolution as known then; DissolutionUnknownError where there was none."""
    known_at = view.asked.known_at
    found = dissolutions.find(view.session, number, known_at)
    bound = pledges.listing(view.session, known_at, pledges.Wanted(dissolutions=(number,)))
    origin = found.origin
    return DissolutionOut(
        id=number,
        reference=origin.reference,
        cause=origin.cause,
        conversion=origin.conversion_id,
        plan=origin.plan,
        designation=origin.designation,
        created_at=found.created_at,
        on=view.asked.on,
        known_at=known_at,
        site=land_answers.site(origin.site),
        versions=[_version(view, one) for one in dissolutions.versions(view.session, number, known_at)],
        balance=_open(view, found, bound),
        pledges=pledge_answers.rows(view, bound),
        decisions=[
            decision_row(one) for one in decisions.listing(view.session, known_at, decisions.Wanted(dissolution=number))
        ],
        warnings=_warnings(view, found, bound),
    )


def _version(view: View, one: Version[Lost]) -> DissolutionVersionOut:
    lost = one.said
    return DissolutionVersionOut(
        number=one.number,
        recorded_at=one.recorded_at,
        note=one.note if view.told else None,
        lost_on=lost.lost_on,
        measured_on=lost.measured_on,
        **both("net", lost.net_m2),
        **both("unclear", lost.unclear_m2),
        district=lost.district,
        facts=land_answers.facts(land_record.read(LostLand, lost.measured), lost.stated),
        withdrawn_on=lost.withdrawn_on,
    )


def _warnings(view: View, found: Dissolution, bound: Sequence[Pledge]) -> list[WarningOut]:
    """What is to be looked at: land that nobody measured, or knows the use of; pledges for what does not happen."""
    said, lost = [], found.lost
    if lost.withdrawn_on is not None and lost.withdrawn_on <= view.asked.on:
        return pledge_answers.released_warning(bound, view.asked.on, view.speak)
    if lost.net_m2 is None:
        said.append(warning("loss_unknown", view.speak))
    if lost.unclear_m2:
        said.append(warning("loss_unclear", view.speak, unclear_m2=lost.unclear_m2))
    return said
