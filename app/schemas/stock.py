"""The stock (Bestand) as it is answered."""

from datetime import date

from app.schemas.common import Basis, Knowledge, Number, Out


class StockAmounts(Out):
    """Workplace land outside the port; `unclear_ha` is G land of which nobody recorded how it is used."""

    area_ha: Number
    net_ha: Number
    unclear_ha: Number


class StockGroup(StockAmounts):
    """The stock of one combination of dimensions; null is what nobody recorded."""

    by: dict[str, str | None]


class MovementOut(Out):
    """What one designation in one Bezirk gained and lost on one day."""

    on: date
    designation: str
    district: str | None
    gained_ha: Number
    lost_ha: Number


class Movements(Out):
    """Gains and losses on the days since < day <= until."""

    since: date
    until: date
    gained_ha: Number
    lost_ha: Number
    items: list[MovementOut]


class StockOut(Knowledge, StockAmounts):
    """The stock (Bestand) on a day; `movements` where a period was asked for."""

    on: date
    groups: list[StockGroup]
    movements: Movements | None
    basis: Basis
