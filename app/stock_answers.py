"""The stock (Bestand) of a day as it is answered by HTTP and by command, with what makes up for its losses."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.answers import Asked, basis, ha
from app.schemas.stock import (
    BalanceGroup,
    BalancePoint,
    MovementOut,
    Movements,
    ReplacementBalance,
    StockGroup,
    StockOut,
)
from parcels import replacement_balance, stock
from rules.replacement_balance import Balance

PARAMETERS = ("stock.designations", "stock.designations_if_in_use_as_commercial", "holders.municipal")


def stock_on(session: Session, asked: Asked, by: Sequence[str], period: tuple[date, date] | None) -> StockOut:
    """The stock on a day in total and by dimensions, with the gains and losses of a period; and what makes up for losses."""
    on_basis = basis(asked, PARAMETERS)
    (total,) = stock.on_day(session, asked.on, asked.known_at)
    groups = stock.on_day(session, asked.on, asked.known_at, by) if by else []
    return StockOut(
        **asked.knowledge(),
        **_amounts(total),
        on=asked.on,
        groups=[StockGroup(by=g.values, **_amounts(g)) for g in groups],
        movements=_movements(session, asked, *period) if period else None,
        replacement=replacement(session, asked, by, period),
        basis=on_basis,
    )


def _amounts(group: stock.Group) -> dict[str, Any]:
    return {"area_ha": ha(group.area_m2), "net_ha": ha(group.net_m2), "unclear_ha": ha(group.unclear_m2)}


def _movements(session: Session, asked: Asked, since: date, until: date) -> Movements:
    found = stock.movements(session, since, until, asked.known_at)
    return Movements(
        since=since,
        until=until,
        gained_ha=ha(sum((m.gained_m2 for m in found), Decimal(0))),
        lost_ha=ha(sum((m.lost_m2 for m in found), Decimal(0))),
        items=[
            MovementOut(
                on=m.on,
                designation=m.designation,
                district=m.district,
                gained_ha=ha(m.gained_m2),
                lost_ha=ha(m.lost_m2),
            )
            for m in found
        ],
    )


def replacement(
    session: Session, asked: Asked, by: Sequence[str], period: tuple[date, date] | None = None
) -> ReplacementBalance:
    """The balance of losses and replacement on a day, by those of the dimensions that losses have, and over a period."""
    record = replacement_balance.record(session, asked.known_at)
    dimensions = [name for name in by if name in replacement_balance.DIMENSIONS]
    groups = record.groups(asked.on, dimensions) if dimensions else []
    points = record.over_days(*period) if period else None
    return ReplacementBalance(
        **_balance(record.on_day(asked.on)),
        groups=[BalanceGroup(by=one.values, **_balance(one.balance)) for one in groups],
        points=None if points is None else [BalancePoint(on=on, **_balance(one)) for on, one in points],
    )


def _balance(one: Balance) -> dict[str, Any]:
    """Amounts in hectares under their names, numbers of losses as they are."""
    told: dict[str, Any] = {}
    for name, value in asdict(one).items():
        told[name.replace("_m2", "_ha")] = ha(value) if name.endswith("_m2") else value
    return told
