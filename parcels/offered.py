"""Land that is offered as replacement, as the register knows it: how much of it is new, what it would be, where it lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from parcels import effects, land, sites
from parcels.affected import Outlined, outlined
from parcels.apart import distance_m, overlaps
from parcels.land import SECONDS
from parcels.limits import limited
from parcels.measured import OfferedLand
from parcels.measuring import CENT_M2
from parcels.sites import Place
from parcels.sql import statement
from rules.facts import Outcome, Standing
from rules.law import LAW, DatedLaw

COUNTED = (Standing.COUNTED_FREE, Standing.COUNTED_RESERVED)
OPEN = (Standing.UNCLEAR, Standing.UNRECORDED)
IN_FORCE = "in_force"
SHARE = Decimal("0.0001")
ZERO, ONE = Decimal(0), Decimal(1)
# the shares of a line outside the stock, surely and perhaps
NEW, NEWNESS_UNKNOWN, NOT_NEW = (ONE, ZERO), (ZERO, ONE), (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class _Newness:
    """Net m2 of a site by what is known of them on the day of the loss and in the reserve."""

    new_m2: Decimal
    unclear_m2: Decimal
    in_stock: Outcome
    in_reserve: Outcome


@dataclass(frozen=True, slots=True)
class _Future:
    """What the land would be: shares by designation, largest first; the plan that most of it lies in; whether it is restricted."""

    designations: tuple[tuple[str, Decimal], ...]
    designation: str | None
    in_use_as_commercial: bool | None
    restricted: Outcome
    plan: str | None
    stage: str | None
    in_force_expected: date | None


def offered(
    session: Session,
    place: Place,
    designation: str | None,
    loss_place: Place | None,
    lost_on: date,
    newness_on: date | None,
    on: date,
    known_at: datetime,
) -> OfferedLand:
    """A site (found on the day `on`) as it is offered for a loss; what it would be is `designation`, else what plans say of it.

    `newness_on`: the day on which it was not yet in the stock, if that is before the last day before the loss. Amounts, plots and
    burdens are those of the day `on`; without a `loss_place` distance and overlap are unknown. SiteRefusedError where the site
    cannot be found on the day of newness; OutlinesError (parcels.limits); NotInForce.
    """
    last_day = lost_on - timedelta(days=1)
    new_on = min(newness_on or last_day, last_day)
    lines = outlined(session, place, on, known_at)
    before = lines
    if new_on != on:
        before = outlined(session, sites.on_day(session, place, new_on, known_at), new_on, known_at)
    law = LAW.on(on, known_at)
    least = law["plans.sliver_m2"].amount
    building = [one for one in lines if one.line.net_m2 or one.unmeasured]
    newness = _newness(session, building, before, LAW.on(new_on, known_at))
    future = _future(session, building, designation, on, known_at)
    gross_m2, port_m2 = (sum((getattr(one.line, name) for one in lines), ZERO) for name in ("gross_m2", "port_m2"))
    unmeasured, net_m2 = land.unmeasured(building), land.net_m2(building)
    return OfferedLand(
        **land.facts(session, building, on, known_at) | {"district": effects.district([one.line for one in lines])},
        net_m2=None if unmeasured and not net_m2 else net_m2,
        designation=future.designation,
        in_use_as_commercial=future.in_use_as_commercial,
        restricted=future.restricted,
        gross_m2=gross_m2,
        outside_m2=gross_m2 - port_m2,
        new_net_m2=newness.new_m2,
        unclear_m2=newness.unclear_m2,
        newness_on=new_on,
        in_stock_on_loss=newness.in_stock,
        in_reserve=newness.in_reserve,
        in_port=Outcome.MET if gross_m2 and gross_m2 - port_m2 < least else Outcome.NOT_MET,
        overlaps_loss=overlaps(session, place, loss_place, on, known_at) if loss_place else Outcome.UNKNOWN,
        distance_m=distance_m(session, place, loss_place) if loss_place else None,
        designations=future.designations,
        plan=future.plan,
        stage=future.stage,
        in_force_expected=future.in_force_expected,
        unmeasured=unmeasured,
    )


def _newness(session: Session, lines: Sequence[Outlined], before: Sequence[Outlined], law: DatedLaw) -> _Newness:
    """Where the lines lie outside the stock of the earlier day, and outside the reserve of their own.

    Outlines tell; where one is missing, the parcel's key does, and land of which nothing was recorded then is unclear.
    """
    least = law["plans.sliver_m2"].amount
    new, unclear = ZERO, ZERO
    stock: dict[Outcome, Decimal] = defaultdict(Decimal)
    reserve: dict[Outcome, Decimal] = defaultdict(Decimal)
    for one, (outside, perhaps) in zip(lines, _outside_stock(session, lines, before, law), strict=True):
        m2, counted = one.line.net_m2, _counted(one)
        weight = m2 or least  # land of unknown size is more than a sliver
        reserve[counted] += weight
        stock[Outcome.NOT_MET] += weight * outside
        stock[Outcome.UNKNOWN] += weight * perhaps
        stock[Outcome.MET] += weight * (1 - outside - perhaps)
        if counted is Outcome.NOT_MET:
            new, unclear = new + m2 * outside, unclear + m2 * perhaps
        elif counted is Outcome.UNKNOWN:
            unclear += m2 * (outside + perhaps)
    in_stock, in_reserve = _all_in(stock, least), _all_in(reserve, least)
    if new < least <= unclear and in_stock is in_reserve is Outcome.NOT_MET:
        in_stock = Outcome.UNKNOWN  # some may be in the one, the rest in the other
    return _Newness(new.quantize(CENT_M2), unclear.quantize(CENT_M2), in_stock, in_reserve)


def _all_in(amounts: dict[Outcome, Decimal], least: Decimal) -> Outcome:
    """Met where all is in, but for slivers; not met where some is out, or there is nothing."""
    if amounts[Outcome.NOT_MET] >= least:
        return Outcome.NOT_MET
    if amounts[Outcome.UNKNOWN] >= least:
        return Outcome.UNKNOWN
    return Outcome.MET if amounts[Outcome.MET] else Outcome.NOT_MET


def _counted(one: Outlined) -> Outcome:
    """Whether a line is counted in the reserve."""
    if one.line.standing in COUNTED:
        return Outcome.MET
    return Outcome.UNKNOWN if one.line.standing in OPEN else Outcome.NOT_MET


def _outside_stock(
    session: Session, lines: Sequence[Outlined], before: Sequence[Outlined], law: DatedLaw
) -> list[tuple[Decimal, Decimal]]:
    """Of each line the shares that lie outside the stock of the earlier day, surely and perhaps."""
    stock: dict[Outcome, list[Outlined]] = defaultdict(list)
    for one in before:
        if one.outside_m2 or one.unmeasured:
            stock[effects.workplace(one.line, law)].append(one)
    sure, perhaps = stock[Outcome.MET], stock[Outcome.UNKNOWN]
    left = map(_shares, _left(session, land.net_outlines(lines), _outlines(sure), _outlines(perhaps), law))
    by_outline = [next(left) if one.net else None for one in lines]
    known = {one.line.key for one in before}
    return [
        _by_key(one, sure, perhaps) or share or (NEW if one.line.key in known else NEWNESS_UNKNOWN)
        for one, share in zip(lines, by_outline, strict=True)
    ]


def _by_key(one: Outlined, sure: Sequence[Outlined], perhaps: Sequence[Outlined]) -> tuple[Decimal, Decimal] | None:
    """The shares as the parcel's key tells them, where an outline is missing on one of the days."""
    for lines, shares in ((sure, NOT_NEW), (perhaps, NEWNESS_UNKNOWN)):
        if any(other.line.key == one.line.key and (one.declared or other.declared) for other in lines):
            return shares
    return None


def _shares(row: Row[Any]) -> tuple[Decimal, Decimal]:
    new, perhaps = row.neither_m2 / row.m2, max(row.apart_m2 - row.neither_m2, 0) / row.m2
    return Decimal(str(new)), Decimal(str(perhaps))


def _outlines(lines: Iterable[Outlined]) -> list[str]:
    return [one.outside for one in lines if one.outside]


def _left(
    session: Session, areas: Sequence[str], sure: Sequence[str], perhaps: Sequence[str], law: DatedLaw
) -> Sequence[Row[Any]]:
    """Of each area its m2 in the plane, those apart from the sure ones (`apart_m2`), and those apart from all (`neither_m2`)."""
    least, wider = law["plans.sliver_m2"].amount, law["plans.sliver_m"].amount
    bound = {"land": areas, "sure": sure, "either": [*sure, *perhaps], "least": least, "wider": wider}
    with limited(session, SECONDS):
        return session.execute(statement("offered_left"), bound).all()


def _future(
    session: Session, lines: Sequence[Outlined], designation: str | None, on: date, known_at: datetime
) -> _Future:
    """By the plans in procedure, and by those in force where none is in procedure. Shares are of m2 in the plane."""
    law = LAW.on(on, known_at)
    ahead = _ahead(session, land.net_outlines(lines), on, known_at, law)
    left = iter(_left(session, land.net_outlines(lines), [row.land for row in ahead], [], law))
    both = [(one, next(left) if one.net else None) for one in lines]
    whole = sum((_m2(row.m2) if row else one.line.net_m2 for one, row in both), ZERO) or ONE
    rest = [(one, _m2(row.apart_m2) if row else one.line.net_m2) for one, row in both]
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for code, m2 in [(row.designation, row.m2) for row in ahead] + [(one.line.designation, m2) for one, m2 in rest]:
        if code is not None and m2:
            amounts[code] += m2
    shares = sorted(amounts.items(), key=lambda of: (-of[1], of[0]))
    code = designation or next((code for code, _ in shares), None)
    kept = [(one, m2) for one, m2 in rest if one.line.designation == code and m2]
    said = {land.restricted(row.restricted, row.read) for row in ahead if row.designation == code}
    uses = {one.line.in_use_as_commercial for one, _ in kept}
    return _Future(
        tuple((code, min(m2 / whole, ONE).quantize(SHARE)) for code, m2 in shares),
        code,
        uses.pop() if len(uses) == 1 else None,
        land.together(said | land.restrictions(session, [one for one, _ in kept])),
        *_path(ahead, kept, whole),
    )


def _ahead(session: Session, areas: Sequence[str], on: date, known_at: datetime, law: DatedLaw) -> Sequence[Row[Any]]:
    """What plans in procedure would make of the areas."""
    least, wider = law["plans.sliver_m2"].amount, law["plans.sliver_m"].amount
    bound = {"land": areas, "on": on, "known_at": known_at, "least": least, "wider": wider}
    with limited(session, SECONDS):
        return session.execute(statement("offered_ahead"), bound).all()


def _path(
    ahead: Sequence[Row[Any]], kept: Sequence[tuple[Outlined, Decimal]], whole: Decimal
) -> tuple[str | None, str | None, date | None]:
    """Plan, stage and expected day: of the plan in procedure that more than half lies in, or of what is in force on as much."""
    plans: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in ahead:
        plans[row.plan].append(row)
    for plan, rows in plans.items():
        if 2 * sum(row.m2 for row in rows) > whole:
            days = [row.expected for row in rows]
            return plan, rows[0].stage, None if None in days else max(days)
    planned = [(one, m2) for one, m2 in kept if one.zones]
    if 2 * sum(m2 for _, m2 in planned) > whole:
        names = {name for one, _ in planned for name in one.line.plans}
        return names.pop() if len(names) == 1 else None, IN_FORCE, None
    return None, None, None


def _m2(plane: float) -> Decimal:
    return Decimal(str(plane)).quantize(CENT_M2)
