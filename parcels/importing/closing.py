"""A broken file must not end a layer: how much an import would end is counted first, and much of it needs a confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.history import Amendment
from parcels.importing.contract import Refused

FEW = 3  # so many facts of a layer may end without asking ...
FEW_OF = 4  # ... where that is not more than one in four of them
LARGE_SHARE = 0.05  # in a large layer: this share of its facts
LARGE_PART = Decimal("0.25")  # and never more than this share of its land
# The official area where the register has one, else the ellipsoidal one: never the plane's, which is too small here.
_MEASURED = "ST_Area(ST_Transform(f.geom, 4258)::geography)"
_AREAS = {
    "parcels": "f.area_m2",
    "holdings": f"""coalesce({_MEASURED}, f.declared_net_m2, (
        SELECT max(p.area_m2) FROM parcel p WHERE p.key = f.parcel_key AND upper_inf(p.known)))""",
}


@dataclass(frozen=True, slots=True)
class Closing:
    """What an import ends, and how much there was of the layer: facts, the units that they are about, m2 of land."""

    layer: str
    facts: int
    of_facts: int
    units: int
    area_m2: Decimal
    of_area_m2: Decimal

    @property
    def much(self) -> bool:
        """Whether this is more of the layer than an ordinary file would end."""
        many = self.facts > max(min(FEW, self.of_facts / FEW_OF), LARGE_SHARE * self.of_facts)
        return many or self.area_m2 > LARGE_PART * self.of_area_m2

    def __str__(self) -> str:
        land = f"{self.units} {'unit' if self.units == 1 else 'units'}, {self.area_m2 / 10_000:,.4f} ha"
        return f"{self.facts} of {self.of_facts} facts of the layer '{self.layer}' ({land})"


class ClosingUnconfirmed(Refused):
    """An import that would end more than was confirmed; `closing` says how much."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(
            "closing-much",
            f"This file would end {closing}. If that is meant, repeat the import with --confirm-closing {closing.facts}; "
            "else check whether the file is complete.",
        )
        self.closing = closing


def closing(session: Session, at: datetime, amendment: Amendment) -> Closing:
    """How much an amendment has ended, within its transaction. What was only altered has a successor and does not count."""
    layer, ended = amendment.layer, amendment.ended
    if not ended:
        return Closing(layer.name, 0, 0, 0, Decimal(0), Decimal(0))
    area = f"coalesce(round(({_AREAS.get(layer.name, _MEASURED)})::numeric, 2), 0)"
    statement = _ENDED.format(unit=layer.unit, table=layer.table, area=area)
    session.execute(text("SET LOCAL enable_nestloop = off"))  # it would take the facts just recorded to be few
    units, area_m2, of_facts, of_area_m2 = session.execute(text(statement), {"at": at}).one()
    session.execute(text("SET LOCAL enable_nestloop = DEFAULT"))
    return Closing(layer.name, ended, of_facts, units, area_m2, of_area_m2)


def summed(closings: Sequence[Closing]) -> Closing:
    """What ends of several layers at once, and how much there was of those of which something ends."""
    some = [one for one in closings if one.facts] or closings[:1]
    facts, of_facts, units = (sum(getattr(one, name) for one in some) for name in ("facts", "of_facts", "units"))
    area_m2, of_area_m2 = (sum((getattr(one, name) for one in some), Decimal(0)) for name in ("area_m2", "of_area_m2"))
    return Closing("' and '".join(one.layer for one in some), facts, of_facts, units, area_m2, of_area_m2)


def check(found: Closing, replace: bool, confirmed: int | None) -> None:
    """Raise ClosingUnconfirmed where facts end that nobody confirmed: with `replace` any, else much of the layer."""
    if (found.much or (replace and found.facts)) and confirmed != found.facts:
        raise ClosingUnconfirmed(found)


# On each day on which something may end: what was known of the unit, against what was recorded in its place.
_ENDED = """
WITH gone AS MATERIALIZED (
    SELECT f.{unit} AS unit, f.valid AS days, {area} AS m2 FROM {table} f WHERE upper(f.known) = :at
),
fresh AS MATERIALIZED (
    SELECT f.{unit} AS unit, f.valid AS days, {area} AS m2 FROM {table} f WHERE lower(f.known) = :at
),
seams AS (
    SELECT unit, coalesce(lower(days), '-infinity') AS seam FROM gone
    UNION
    SELECT unit, upper(days) FROM fresh WHERE NOT upper_inf(days)
),
before AS (
    SELECT s.unit, s.seam, count(*) AS facts, sum(g.m2) AS m2
    FROM seams s JOIN gone g ON g.unit = s.unit AND s.seam <@ g.days
    GROUP BY s.unit, s.seam
),
after AS (
    SELECT s.unit, s.seam, count(*) AS facts, sum(f.m2) AS m2
    FROM seams s JOIN fresh f ON f.unit = s.unit AND s.seam <@ f.days
    GROUP BY s.unit, s.seam
),
ended AS (
    SELECT b.unit, max(greatest(b.m2 - coalesce(a.m2, 0), 0)) AS m2
    FROM before b LEFT JOIN after a USING (unit, seam)
    WHERE b.facts > coalesce(a.facts, 0)
    GROUP BY b.unit
),
layer AS (
    SELECT f.{unit} AS unit, {area} AS m2 FROM {table} f
    WHERE lower(f.known) < :at AND (upper_inf(f.known) OR upper(f.known) = :at)
)
SELECT (SELECT count(*) FROM ended)::int AS units, (SELECT coalesce(sum(m2), 0) FROM ended) AS area_m2,
       (SELECT count(*) FROM layer)::int AS of_facts, (SELECT coalesce(sum(m2), 0) FROM layer) AS of_area_m2
"""
