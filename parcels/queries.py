"""Reading the ledger: the reserve, its series, its entries and the stock, for any day and any state of knowledge.

Amounts are Decimal m2. `on` is a day, `known_at` an aware instant; both are given by the caller, never read from a clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.sql import statement
from rules.facts import Standing
from rules.law import LAW

DIMENSIONS = ("district", "designation", "holder", "site", "size_class")
SQUARE_METRES_PER_HECTARE = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Totals:
    """The reserve of a group of parts on a day, in m2; `areas` counts sites and single parcels among what counts."""

    net_m2: Decimal
    free_m2: Decimal
    gross_m2: Decimal
    unclear_m2: Decimal
    unrecorded_m2: Decimal
    areas: int


@dataclass(frozen=True, slots=True)
class Group:
    """The totals of one combination of the dimensions asked for; a value of None is what nobody recorded."""

    values: dict[str, str | None]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Point:
    """The two series from this day on, in m2."""

    on: date
    net_m2: Decimal
    free_m2: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger as it is read: a part of a parcel and how it stands over the days [valid_from, valid_to)."""

    id: int
    parcel_key: str
    part: UUID | None
    site: str | None
    district: str | None
    holder: str | None
    disposition: str | None
    designation: str | None
    in_use_as_commercial: bool | None
    plans: list[str]
    gross_m2: Decimal
    port_m2: Decimal
    net_m2: Decimal
    area_basis: str
    standing: Standing
    not_met: list[str]
    unknown: list[str]
    valid_from: date | None
    valid_to: date | None


LINE_COLUMNS = """id, parcel_key, part, site, district, holder, disposition, designation, in_use_as_commercial, plans, gross_m2,
    port_m2, net_m2, area_basis, standing, not_met, unknown, lower(valid) AS valid_from, upper(valid) AS valid_to"""


def recorded_at(session: Session, known_at: datetime | None = None) -> datetime | None:
    """The instant of the last recording not after `known_at`: between two recordings all answers are the same."""
    if known_at is None:
        found = session.execute(text("SELECT recorded_at FROM register"))
    else:
        found = session.execute(text("SELECT max(at) FROM recording WHERE at <= :known_at"), {"known_at": known_at})
    instant: datetime | None = found.scalar_one()
    return instant


def reserve(session: Session, on: date, known_at: datetime, by: Sequence[str] = ()) -> tuple[Totals, list[Group]]:
    """The reserve on a day in total and by dimensions of DIMENSIONS; the groups sum to the total."""
    total = _reserve(session, on, known_at, ())[0].totals
    return total, _reserve(session, on, known_at, by) if by else []


def _reserve(session: Session, on: date, known_at: datetime, by: Sequence[str]) -> list[Group]:
    limits = [limit * SQUARE_METRES_PER_HECTARE for limit in LAW.on(on, known_at)["reserve.size_classes_ha"].amounts]
    bound = {"on": on, "known_at": known_at, "limits": limits}
    return [Group(values, Totals(*sums)) for values, sums in grouped(session, "reserve", by, DIMENSIONS, bound)]


def grouped(
    session: Session, name: str, by: Sequence[str], known: Sequence[str], bound: dict[str, Any]
) -> Iterator[tuple[dict[str, str | None], tuple[Any, ...]]]:
    """Run a statement that sums, grouped by some of its known dimensions: (values of the dimensions, sums) each."""
    if unknown := set(by) - set(known):
        raise ValueError(f"no such dimension: {', '.join(sorted(unknown))}")
    columns, order = "".join(f"{name}, " for name in by), ", ".join(f"{name} NULLS LAST" for name in by)
    grouping = f"GROUP BY {', '.join(by)} ORDER BY {order}" if by else ""
    template = statement(name).text.replace("/* by */", columns).replace("/* group */", grouping)
    for row in session.execute(text(template), bound):
        values = {name: None if value is None else str(value) for name, value in zip(by, row, strict=False)}
        yield values, tuple(row)[len(by) :]


def size_class_labels(on: date, known_at: datetime) -> list[str]:
    """Names of the size classes, smallest first, as `size_class` values count them from 0: "under 0.5 ha", ..."""
    limits = [format(limit.normalize(), "f") for limit in LAW.on(on, known_at)["reserve.size_classes_ha"].amounts]
    between = [f"{low} to under {high} ha" for low, high in itertools.pairwise(limits)]
    return [f"under {limits[0]} ha", *between, f"{limits[-1]} ha and more"]


def in_force(on: date, known_at: datetime) -> None:
    """Raise NotInForce for a day before the reserve's parameters begin: then there is no answer, not an empty one."""
    LAW.on(on, known_at)["reserve.target_ha"]


def series(session: Session, since: date, until: date, known_at: datetime) -> list[Point]:
    """Both series over the days since..until (inclusive): a point on the first day and on each seam at which one changes."""
    in_force(since, known_at)
    rows = session.execute(
        statement("series"), {"since": since, "until": until + timedelta(days=1), "known_at": known_at}
    )
    points = [Point(*row) for row in rows]
    changes = [p for last, p in itertools.pairwise(points) if (p.net_m2, p.free_m2) != (last.net_m2, last.free_m2)]
    return points[:1] + changes


def entries(
    session: Session,
    on: date,
    known_at: datetime,
    standings: Sequence[Standing] = (),
    after: tuple[str, int] | None = None,
    limit: int | None = None,
    district: str | None = None,
) -> list[Line]:
    """The ledger's lines on a day by parcel; `after` is the (parcel_key, id) of the last line of the page before."""
    in_force(on, known_at)
    where = ["valid @> CAST(:on AS date)", "known @> CAST(:known_at AS timestamptz)"]
    if standings:
        where.append("standing = ANY (:standings)")
    if district is not None:
        where.append("district = :district")
    if after:
        where.append("(parcel_key, id) > (:after_key, :after_id)")
    sql = f"SELECT {LINE_COLUMNS} FROM ledger WHERE {' AND '.join(where)} ORDER BY parcel_key, id LIMIT :limit"
    key, number = after or ("", 0)
    bound = {"on": on, "known_at": known_at, "standings": list(standings), "district": district, "limit": limit}
    return [line(row) for row in session.execute(text(sql), {**bound, "after_key": key, "after_id": number})]


def line(row: Any) -> Line:
    """A Line of a row that was selected by LINE_COLUMNS, whatever else was selected with it."""
    values = {name: row._mapping[name] for name in Line.__dataclass_fields__}
    return Line(**{**values, "standing": Standing(values["standing"])})
