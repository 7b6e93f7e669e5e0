"""The stock (Bestand) of workplace land outside the port, whoever holds it, and what it gained and lost. Amounts in m2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from parcels.queries import grouped
from parcels.sql import statement
from rules.law import LAW

DIMENSIONS = ("designation", "district", "ownership")


@dataclass(frozen=True, slots=True)
class Group:
    """Land of one combination of dimensions; `unclear_m2` is G land of which nobody recorded how it is used."""

    values: dict[str, str | None]
    area_m2: Decimal
    net_m2: Decimal
    unclear_m2: Decimal


@dataclass(frozen=True, slots=True)
class Movement:
    """What one designation in one Bezirk gained and lost on one day; both are positive."""

    on: date
    designation: str
    district: str | None
    gained_m2: Decimal
    lost_m2: Decimal


def on_day(session: Session, on: date, known_at: datetime, by: Sequence[str] = ()) -> list[Group]:
    """The stock on a day by dimensions of DIMENSIONS; without any, one group of all."""
    law = LAW.on(on, known_at)
    bound = {
        "on": on,
        "known_at": known_at,
        "municipal": list(law["holders.municipal"].codes),
        **_membership(on, known_at),
    }
    return [Group(values, *sums) for values, sums in grouped(session, "stock", by, DIMENSIONS, bound)]


def movements(session: Session, since: date, until: date, known_at: datetime) -> list[Movement]:
    """Gains and losses on the days since < day <= until; gained less lost is the difference of the stock on both days.

    Membership is judged by the law of `until`.
    """
    bound = {"since": since, "until": until, "known_at": known_at, **_membership(until, known_at)}
    return [Movement(*row) for row in session.execute(statement("stock_movements"), bound)]


def _membership(on: date, known_at: datetime) -> dict[str, Any]:
    law = LAW.on(on, known_at)
    return {
        "designations": list(law["stock.designations"].codes),
        "if_commercial": list(law["stock.designations_if_in_use_as_commercial"].codes),
    }
