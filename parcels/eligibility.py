"""Is this parcel eligible, for one parcel or for ten thousand: its parts, the facts behind them with their dates, the verdicts.

Amounts in m2, days half-open, EPSG:25832. The parts are the ledger's lines; land that has none is looked up under its plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import fact_dates
from parcels.fact_dates import Dated
from parcels.limits import told
from parcels.sql import statement
from rules.eligibility import (
    PURPOSES,
    Criterion,
    Purpose,
    Verdict,
    dated,
    in_question,
    judge,
    of_parcel,
    verdict,
)
from rules.facts import Holding, Part, Standing
from rules.law import LAW, DatedLaw
from rules.suitability import Land

MOST = 10_000
LATE_S = 1.0


class TooManyParcelsError(ValueError):
    """A drawn area meets more parcels than one answer takes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The area meets more than {most} parcels.")
        self.most = most


@dataclass(frozen=True, slots=True)
class PartOnDay:
    """A part of a parcel on a day: what the ledger says of it, and since when each of its facts is recorded.

    `net_m2` is None where it was not measured or declared, `standing` where the ledger has no line of it.
    """

    land: Land
    part: UUID | None
    site: str | None
    plans: list[str]
    gross_m2: Decimal | None
    area_basis: str | None
    standing: Standing | None
    dates: Mapping[str, Dated]

    @property
    def net_m2(self) -> Decimal | None:
        """Nettobauland outside the port."""
        return self.land.part.net_m2


@dataclass(frozen=True, slots=True)
class ParcelOnDay:
    """A parcel's parts on a day; none of them is recorded where the parcel is not there on the day."""

    key: str
    day: date
    district: str | None
    parts: tuple[PartOnDay, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A part with its findings; `asked` is whether the parcel's verdict rests on it."""

    facts: PartOnDay
    asked: bool
    verdict: Verdict
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The verdict on a parcel: `net_m2` of the parts in question, `eligible_m2` of those that are eligible.

    `eligible_from` is the day on which what is dated stands in its way no more, if on that day, as recorded, it is eligible.
    """

    key: str
    district: str | None
    verdict: Verdict
    net_m2: Decimal
    eligible_m2: Decimal
    eligible_from: date | None
    parts: tuple[Judged, ...]


def assess(
    session: Session, keys: Iterable[str], purpose: Purpose, on: date, known_at: datetime
) -> tuple[list[Eligibility], list[str]]:
    """The verdicts on parcels by key, and the keys that the register had not heard of by then; NotInForce by name."""
    wanted = sorted(set(keys))
    law = LAW.on(on, known_at)
    for parameter, _ in PURPOSES[purpose].values():
        law[parameter]
    found = {parcel.key: parcel for parcel in on_days(session, [(key, on) for key in wanted], known_at, dates=True)}
    judge_part = _judging(purpose)
    verdicts = [_assess(parcel, law, judge_part) for parcel in found.values()]
    kept = _confirmed(session, verdicts, purpose, known_at)
    return kept, [key for key in wanted if key not in found]


Judging = Callable[[Land, date, DatedLaw], tuple[Criterion, ...]]


def _judging(purpose: Purpose) -> Judging:
    """`judge` for one purpose, that judges the same facts once: much land is alike but for its size."""
    names = list(PURPOSES[purpose])
    sizes = [number for number, name in enumerate(names) if name.endswith("_size")]
    sized = {names[number] for number in sizes}
    known: dict[tuple[Any, ...], tuple[Criterion, ...]] = {}

    def judged(land: Land, day: date, law: DatedLaw) -> tuple[Criterion, ...]:
        part = land.part
        alike = (
            *(day, part.designation, part.in_use_as_commercial, part.wholly_in_port, part.holding),
            *(land.marketable, land.measured, land.recorded),
        )
        found = known.get(alike)
        if found is None:
            found = known[alike] = judge(land, purpose, day, law)
        elif land.recorded and land.measured:
            criteria = list(found)
            for number, own in zip(sizes, judge(land, purpose, day, law, sized), strict=True):
                criteria[number] = own
            return tuple(criteria)
        return found

    return judged


def _assess(parcel: ParcelOnDay, law: DatedLaw, judge_part: Judging) -> Eligibility:
    asked = in_question([part.land for part in parcel.parts], law)
    parts = []
    for facts, question in zip(parcel.parts, asked, strict=True):
        criteria = judge_part(facts.land, parcel.day, law)
        parts.append(Judged(facts, question, verdict(criteria), criteria))
    decisive = [part for part in parts if part.asked]
    eligible = [part for part in decisive if part.verdict is Verdict.ELIGIBLE]
    return Eligibility(
        parcel.key,
        parcel.district,
        of_parcel(part.verdict for part in decisive),
        _net_m2(decisive),
        _net_m2(eligible),
        _first_day(part for part in decisive if part.verdict is not Verdict.ELIGIBLE),
        tuple(parts),
    )


def _net_m2(parts: Iterable[Judged]) -> Decimal:
    return sum((part.facts.net_m2 or Decimal(0) for part in parts), Decimal(0))


def _first_day(parts: Iterable[Judged]) -> date | None:
    days = [dated(part.criteria) for part in parts]
    named = [day for day in days if day is not None]
    return max(named) if named and len(named) == len(days) else None


def _confirmed(
    session: Session, verdicts: Sequence[Eligibility], purpose: Purpose, known_at: datetime
) -> list[Eligibility]:
    """Names the coming day only where the parcel is eligible on it, by all that is recorded for that day."""
    asked = [(one.key, one.eligible_from) for one in verdicts if one.eligible_from is not None]
    if not asked:
        return list(verdicts)
    judge_part = _judging(purpose)
    then = {
        parcel.key
        for parcel in on_days(session, asked, known_at)
        if _assess(parcel, LAW.on(parcel.day, known_at), judge_part).verdict is Verdict.ELIGIBLE
    }
    return [
        one if one.key in then or one.eligible_from is None else replace(one, eligible_from=None) for one in verdicts
    ]


def on_days(
    session: Session, asked: Sequence[tuple[str, date]], known_at: datetime, dates: bool = False
) -> list[ParcelOnDay]:
    """Parcels, each on a day of its own, by key; keys that the register had not heard of by `known_at` are left out."""
    keys, days = [key for key, _ in asked], [day for _, day in asked]
    bound = {"keys": keys, "days": days, "known_at": known_at}
    session.execute(text(_PLANNED_ANEW))
    rows = session.execute(statement("eligibility"), bound).all()
    dating = fact_dates.of_lines(session, rows, known_at) if dates else lambda row: {}
    lined: dict[str, list[Any]] = {}
    for row in rows:
        lined.setdefault(row.key, []).append(row)
    bare = {found[0].parcel: found[0] for found in lined.values() if found[0].line is None and found[0].parcel}
    planned = _unlined(session, bare, known_at)
    absent = [key for key, found in lined.items() if found[0].line is None and not found[0].parcel]
    heard_of = _heard_of(session, absent, known_at)
    parcels = []
    for key, found in lined.items():
        first = found[0]
        if first.line is not None:
            parts = tuple(_part(row, dating(row)) for row in found)
        elif first.parcel:
            parts = planned.get(first.parcel) or (_nothing_known(first),)
        elif key in heard_of:
            parts = (_absent(),)
        else:
            continue
        parcels.append(ParcelOnDay(key, first.day, first.district, parts))
    return parcels


def _part(row: Any, dates: Mapping[str, Dated]) -> PartOnDay:
    held = None
    if row.held is not None:
        held = Holding(
            row.holder,
            row.disposition,
            row.disposition_until,
            row.serviced,
            row.cleared,
            row.binding_use,
            row.opposing_plan,
            row.construction_possible_from,
        )
    in_port = row.port_m2 == row.gross_m2 and row.gross_m2 > 0
    net_m2 = None if row.unsized else row.net_m2
    land = Land(Part(row.designation, row.in_use_as_commercial, in_port, net_m2, held), row.marketable)
    standing = Standing(row.standing)
    return PartOnDay(land, row.part, row.site, row.plans, row.gross_m2, row.area_basis, standing, dates)


def _absent() -> PartOnDay:
    return PartOnDay(
        Land(Part(None, None, False, None, None), recorded=False), None, None, [], None, None, None, fact_dates.NONE
    )


def _unlined(session: Session, bare: Mapping[int, Any], known_at: datetime) -> dict[int, tuple[PartOnDay, ...]]:
    """The parts of parcels that have no line: by designation, and what no plan covers; by number of the parcel."""
    if not bare:
        return {}
    sliver_m2 = LAW.on(next(iter(bare.values())).day, known_at)["plans.sliver_m2"].amount
    bound = {
        "parcels": list(bare),
        "days": [row.day for row in bare.values()],
        "known_at": known_at,
        "sliver_m2": float(sliver_m2),
    }
    with told(LATE_S):
        rows = session.execute(statement("eligibility_unlined"), bound).all()
    found: dict[int, list[PartOnDay]] = {}
    for row in rows:
        land = Land(Part(row.designation, row.in_use_as_commercial, row.in_port, None, None), measured=False)
        part = PartOnDay(land, None, None, row.plans, None, None, None, fact_dates.NONE)
        found.setdefault(row.parcel, []).append(part)
    return {parcel: tuple(parts) for parcel, parts in found.items()}


def _nothing_known(row: Any) -> PartOnDay:
    """A parcel of which every plan covers a sliver, and no plan what is left."""
    land = Land(Part(None, None, False, None, None), measured=False)
    return PartOnDay(land, None, None, [], None, None, None, fact_dates.NONE)


def _heard_of(session: Session, keys: Sequence[str], known_at: datetime) -> set[str]:
    if not keys:
        return set()
    return set(session.scalars(text(_HEARD_OF), {"keys": keys, "known_at": known_at}))


# A plan made for any number of keys takes fifty times as long for thousands of them.
_PLANNED_ANEW = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"

_HEARD_OF = """
SELECT key FROM parcel WHERE key = ANY (CAST(:keys AS text[])) AND lower(known) <= :known_at
UNION
SELECT parcel_key FROM holding WHERE parcel_key = ANY (CAST(:keys AS text[])) AND lower(known) <= :known_at
"""


def within(session: Session, site: str, on: date, known_at: datetime) -> dict[str, Decimal]:
    """The keys of the parcels that share land with a drawn area (EWKB in EPSG:25832), and which share of each lies in it.

    TooManyParcelsError for more than MOST; what rounds to a share of 0.0000 is left out.
    """
    bound = {"site": site, "on": on, "known_at": known_at, "most": MOST + 1}
    session.execute(text(_PLANNED_ANEW))
    with told(LATE_S):
        rows = session.execute(statement("eligibility_within"), bound).all()
    if any(row.key is None for row in rows):
        raise TooManyParcelsError(MOST)
    return {row.key: row.share for row in sorted(rows, key=lambda row: str(row.key)) if row.share}
