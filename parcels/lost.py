"""Land that is dissolved, as the register knows it on the last day before: how much workplace land of one designation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from parcels import effects, land, sites
from parcels.affected import Outlined, outlined
from parcels.measured import LostLand, merged
from parcels.sites import Place
from rules.facts import Outcome
from rules.law import LAW, DatedLaw


class DesignationError(Exception):
    """A dissolution is of one designation: `found` are those of the site's workplace land with their net m2, `asked` none of them.

    Nothing found is nothing to dissolve. The net m2 of G land include those of which nobody knows the use.
    """

    def __init__(self, asked: str | None, found: Sequence[tuple[str, Decimal]], on: date) -> None:
        said = ", ".join(f"{code} ({m2} m2)" for code, m2 in found)
        there = (
            f"The workplace land of the site on {on} is {said}" if found else f"On {on} the site has no workplace land"
        )
        wanted = f", none of {asked}" if asked else "; a dissolution is of one designation" if found else ""
        super().__init__(f"{there}{wanted}.")
        self.asked, self.found, self.on = asked, tuple(found), on


def lost(
    session: Session,
    place: Place,
    lost_on: date,
    designation: str | None,
    stated: Mapping[str, Any],
    on: date,
    known_at: datetime,
) -> LostLand:
    """The workplace land of a site (found on the day `on`) that is none any more from `lost_on` on, and what people state of it.

    A single designation is taken by itself. DesignationError where there are several and none is named, or none as named;
    SiteRefusedError where the site cannot be found on the last day before; OutlinesError (parcels.limits); NotInForce.
    """
    day = lost_on - timedelta(days=1)
    there = place if day == on else sites.on_day(session, place, day, known_at)
    law = LAW.on(day, known_at)
    lines = [one for one in outlined(session, there, day, known_at) if one.outside_m2 or one.unmeasured]
    found = _workplace(lines, law)
    code = _chosen(designation, found, day, law)
    sure, unclear = (
        [one for one, belongs in found[code] if belongs is said] for said in (Outcome.MET, Outcome.UNKNOWN)
    )
    used = code in law["stock.designations_if_in_use_as_commercial"].codes
    lines = sure or unclear
    facts = LostLand(
        **land.facts(session, lines, day, known_at),
        restricted=land.together(land.restrictions(session, lines)),
        net_m2=_net(sure, unclear),
        designation=code,
        in_use_as_commercial=(True if sure else None) if used else None,
        lost_on=lost_on,
        unclear_m2=land.net_m2(unclear),
        measured_on=day,
        unmeasured=land.unmeasured([*sure, *unclear]),
    )
    return merged(facts, stated)


def _workplace(lines: Sequence[Outlined], law: DatedLaw) -> dict[str, list[tuple[Outlined, Outcome]]]:
    """What belongs to the stock, surely or perhaps, by designation; land of no designation is none that could be dissolved."""
    known = {*law["stock.designations"].codes, *law["stock.designations_if_in_use_as_commercial"].codes}
    found: dict[str, list[tuple[Outlined, Outcome]]] = defaultdict(list)
    for one in lines:
        belongs = effects.workplace(one.line, law)
        if one.line.designation in known and belongs is not Outcome.NOT_MET:
            found[one.line.designation].append((one, belongs))
    return found


def _chosen(asked: str | None, found: Mapping[str, list[tuple[Outlined, Outcome]]], day: date, law: DatedLaw) -> str:
    """The designation asked for, or the only one; one of slivers only is no other."""
    least = law["plans.sliver_m2"].amount
    there = {
        code: land.net_m2(one for one, _ in lines)
        for code, lines in found.items()
        if sum(one.outside_m2 for one, _ in lines) >= least or any(one.unmeasured for one, _ in lines)
    }
    if asked in there:
        return str(asked)
    if asked is None and len(there) == 1:
        return next(iter(there))
    raise DesignationError(asked, sorted(there.items()), day)


def _net(sure: Sequence[Outlined], unclear: Sequence[Outlined]) -> Decimal | None:
    if not sure or any(one.unmeasured for one in sure):
        return None
    return land.net_m2(sure)
