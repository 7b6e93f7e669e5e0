"""What an outlook rests on: departures by take-up, the course of both series, plans in the pipeline. Amounts in m2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.queries import Point
from parcels.sql import statement
from rules.facts import Standing
from rules.law import BERLIN, LAW
from rules.outlook import DISPOSED, Side, Step, taken_m2


@dataclass(frozen=True, slots=True)
class Departure:
    """Land that was taken up on a day: the parcels that changed then, their site if they have one, and how much of them."""

    on: date
    parcels: list[str]
    site: str | None
    net_m2: Decimal


@dataclass(frozen=True, slots=True)
class Pending:
    """What a plan in procedure would designate; never counted. `expected` is the day that its file states, `area_m2` gross."""

    plan: str
    stage: str
    designation: str
    expected: date | None
    area_m2: Decimal


def first_recorded_on(session: Session, known_at: datetime) -> date | None:
    """The day (Europe/Berlin) of the first recording by `known_at`: departures before it may never have been recorded."""
    query = text("SELECT min(at) FROM recording WHERE at <= :known_at")
    first: datetime | None = session.execute(query, {"known_at": known_at}).scalar_one()
    return None if first is None else first.astimezone(BERLIN).date()


def departures(session: Session, since: date, until: date, known_at: datetime) -> list[Departure]:
    """The land taken up on the days since < day <= until, by `rules.outlook.taken_m2`; oldest first.

    Parcels that follow each other on that very day (a part is sold and surveyed) are one piece of land.
    """
    bound = {"known_at": known_at, "since": since, "until": until, "disposed": DISPOSED}
    kin = session.execute(statement("taken_kin"), bound).all()
    piece = _pieces(kin)
    asked = {"seams": [seam for seam, _ in piece], "members": [member for _, member in piece], "known_at": known_at}
    lines: dict[tuple[date, str], list[Any]] = defaultdict(list)
    for row in session.execute(statement("taken_lines"), asked):
        lines[row.seam, piece[row.seam, row.member]].append(row)
    found = (_departure(seam, rows, known_at) for (seam, _), rows in lines.items())
    return [one for one in found if one.net_m2]


def _pieces(kin: Iterable[Any]) -> dict[tuple[date, str], str]:
    """Of each parcel on a seam the piece of land that it is part of, named by the first of the parcels that hang together."""
    parent: dict[tuple[date, str], str] = {}

    def root(seam: date, member: str) -> str:
        while (above := parent.setdefault((seam, member), member)) != member:
            member = above
        return member

    for seam, member, via in kin:
        first, second = sorted((root(seam, member), root(seam, via)))
        parent[seam, second] = first
    return {(seam, member): root(seam, member) for seam, member in parent}


def _departure(on: date, rows: Sequence[Any], known_at: datetime) -> Departure:
    before = [_side(row) for row in rows if not row.starts]
    after = [_side(row) for row in rows if row.starts]
    sites = {row.site for row in rows if not row.starts and row.site is not None}
    return Departure(
        on=on,
        parcels=sorted({row.member for row in rows}),
        site=sites.pop() if len(sites) == 1 else None,
        net_m2=taken_m2(before, after, LAW.on(on, known_at)),
    )


def _side(row: Any) -> Side:
    return Side(Standing(row.standing), tuple(row.not_met), row.net_m2)


def courses(points: Sequence[Point], taken: Iterable[Departure]) -> tuple[list[Step], list[Step]]:
    """The net and the free series as steps of an outlook: `points` from its first day on, `taken` on the days after it."""
    by_day: dict[date, Decimal] = defaultdict(Decimal)
    for departure in taken:
        by_day[departure.on] += departure.net_m2
    at = {point.on: point for point in points}
    net, free, last, so_far = [], [], points[0], Decimal(0)
    for day in sorted({*at, *by_day}):
        last, so_far = at.get(day, last), so_far + by_day[day]
        net.append(Step(day, last.net_m2, so_far))
        free.append(Step(day, last.free_m2, so_far))
    return net, free


def pending(session: Session, on: date, known_at: datetime) -> list[Pending]:
    """What plans in procedure on a day would designate as land of the reserve, the next expected first, without a day last."""
    designations = list(LAW.on(on, known_at)["reserve.designations"].codes)
    bound = {"on": on, "known_at": known_at, "designations": designations}
    return [Pending(*row) for row in session.execute(statement("pipeline_ahead"), bound)]
