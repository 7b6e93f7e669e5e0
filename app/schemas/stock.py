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


class BalanceAmounts(Out):
    """Losses that were entered, by a day, and what makes up for them: net, loss by loss.

    `pledged_ha` is parted into what is delivered, secure, open and insecure; `debt_ha` is lost beyond what is pledged,
    `outstanding_ha` beyond what is delivered. `unmeasured`: how many losses nobody measured; no amount knows of them.
    `ahead...`: losses on later days. Of days to come, what is planned counts as planned.
    """

    lost_ha: Number
    pledged_ha: Number
    delivered_ha: Number
    secure_ha: Number
    open_ha: Number
    insecure_ha: Number
    debt_ha: Number
    outstanding_ha: Number
    unmeasured: int
    ahead_ha: Number
    ahead_pledged_ha: Number
    ahead_unmeasured: int


class BalanceGroup(BalanceAmounts):
    """The balance of losses of one combination of district and designation, as far as asked for."""

    by: dict[str, str | None]


class BalancePoint(BalanceAmounts):
    """The balance from this day on."""

    on: date


class ReplacementBalance(BalanceAmounts):
    """The balance on the day; `points`, one per seam, where a period was asked for."""

    groups: list[BalanceGroup]
    points: list[BalancePoint] | None


class StockOut(Knowledge, StockAmounts):
    """The stock (Bestand) on a day; `movements` where a period was asked for. `replacement`: what was entered as lost, and what
    is pledged for it."""

    on: date
    groups: list[StockGroup]
    movements: Movements | None
    replacement: ReplacementBalance
    basis: Basis
