"""Stated rows beside the register: what is taken, but looks wrong or has no effect. One set of checks for files and edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Result, text
from sqlalchemy.orm import Session

from parcels.history import LAYERS, Layer, as_json, by_hand
from parcels.importing.checks import AREAS_APART, AREAS_REMEDY, areas_apart, areas_said
from parcels.importing.contract import Issue, Severity, located
from parcels.sql import chained
from rules.law import LAW


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding about a stated row: a stable `kind`, the field, what is the matter and what to do about it."""

    row: int
    unit: str
    field: str
    kind: str
    severity: Severity
    said: str
    remedy: str
    value: str | None = None

    def issue(self) -> Issue:
        """The finding as a line of an import's report."""
        message = f"{located(self.row, self.unit, self.field)}: {self.said}: {self.remedy}."
        return Issue(self.row, self.unit, self.field, self.kind, self.severity, message, self.value)


def check(session: Session, layer: Layer, rows: Sequence[dict[str, Any]] | None = None) -> list[Remark]:
    """What can be said of the rows in a layer's workspace, or of these (an edit's), once they stand beside everything else."""
    if layer.name not in _CHECKS:
        return []
    bound = {"reserved": sorted({code for value in LAW.parameters["dispositions.reserved"] for code in value.codes})}
    found = _of(session, layer, _all_of(layer.name), rows, bound)
    return [_CHECKS[layer.name][one.number].remark(one.found) for one in found]


def check_areas(session: Session, rows: Sequence[dict[str, Any]], tolerance: float) -> list[Remark]:
    """Parcels stated by hand whose official area and outline do not fit; of a file's rows the gate has said so."""
    query = "SELECT row, key, official_m2, round(ST_Area(geom)::numeric, 2) AS polygon FROM stated_parcel ORDER BY row"
    return [
        Remark(
            *(one.row, one.key, "official_m2", AREAS_APART, "warning"),
            *(areas_said(one.official_m2, one.polygon), AREAS_REMEDY, str(one.official_m2)),
        )
        for one in _of(session, LAYERS["parcels"], query, rows)
        if one.official_m2 is not None and areas_apart(one.official_m2, one.polygon, Decimal(str(tolerance)))
    ]


def _of(
    session: Session,
    layer: Layer,
    query: str,
    rows: Sequence[dict[str, Any]] | None,
    bound: dict[str, Any] | None = None,
) -> Result[Any]:
    """A query about the rows in the layer's workspace, or about these."""
    if rows is None:
        return session.execute(text(query), bound)
    return session.execute(text(f"{chained(by_hand(layer))} {query}"), {**(bound or {}), "rows": as_json(rows)})


@dataclass(frozen=True, slots=True)
class _Check:
    """One check: its statement gives row, unit, value and whatever else `said` and `remedy` name."""

    kind: str
    severity: Severity
    field: str
    said: str
    remedy: str
    statement: str

    def remark(self, row: dict[str, Any]) -> Remark:
        return Remark(
            *(row["row"], row["unit"], self.field, self.kind, self.severity),
            *(self.said.format(**row), self.remedy.format(**row), row["value"]),
        )


@cache
def _all_of(layer: str) -> str:
    """All checks of a layer as one query: the number of a check, and what it found as JSON."""
    queries = (
        f"SELECT {number} AS number, to_jsonb(x) AS found FROM ({check.statement}) x"
        for number, check in enumerate(_CHECKS[layer])
    )
    return f"SELECT * FROM ({' UNION ALL '.join(queries)}) checks ORDER BY number, found -> 'row'"


_MEASURED = """EXISTS (SELECT FROM parcel p WHERE p.key = i.parcel_key AND upper_inf(p.known)
    AND p.valid && i.days)"""

_CHECKS = {
    "parcels": (
        _Check(
            *("district-unknown", "warning", "district"),
            "'{value}' is not in the districts layer{others}",
            "use one of {known}, or leave it empty to have it found by the outline",
            """
            SELECT min(i.row) AS row, (array_agg(i.key ORDER BY i.row))[1] AS unit, i.district AS value, d.listed AS known,
                   CASE WHEN count(*) > 1 THEN ', here and in ' || count(*) - 1 || ' more rows' ELSE '' END AS others
            FROM stated_parcel i
            CROSS JOIN (
                SELECT array_agg(name) AS names, string_agg(DISTINCT name, ', ') AS listed FROM district WHERE upper_inf(known)
            ) d
            WHERE EXISTS (SELECT FROM district WHERE upper_inf(known)) AND i.district <> ALL (d.names)
            GROUP BY i.district, d.listed
            """,
        ),
    ),
    "holdings": (
        _Check(
            *("no-area", "warning", "key"),
            "the parcel is not in the register and no area is declared, so its hectares are unknown",
            "import the parcel, or fill declared_net_m2 and designation",
            """
            SELECT row, parcel_key AS unit, parcel_key AS value FROM stated_holding i
            WHERE declared_net_m2 IS NULL
                AND NOT EXISTS (SELECT FROM parcel p WHERE p.key = i.parcel_key AND upper_inf(p.known))
            """,
        ),
        *(
            _Check(
                *("declared-unused", "note", field),
                f"the parcel has a geometry for these days, so {instead} and {field} is not used",
                "leave it empty",
                f"""
                SELECT row, parcel_key AS unit, {field}::text AS value FROM stated_holding i
                WHERE {field} IS NOT NULL AND {_MEASURED}
                """,
            )
            for field, instead in (
                ("declared_net_m2", "its measured area counts"),
                ("designation", "the plans over it count"),
            )
        ),
        _Check(
            *("until-unused", "warning", "disposition_until"),
            "only reserved land is so until a day, and the disposition is {disposition}: the day is not used",
            "state the disposition that ends then, or leave the day empty",
            """
            SELECT row, parcel_key AS unit, disposition_until::text AS value, coalesce(disposition, 'unknown') AS disposition
            FROM stated_holding
            WHERE disposition_until IS NOT NULL AND NOT coalesce(disposition = ANY (:reserved), false)
            """,
        ),
        _Check(
            *("part-outside", "warning", "geometry"),
            "{value} m2 of the part lie outside its parcel and do not count",
            "correct the outline, or import the parcel as it is now",
            """
            SELECT i.row, i.parcel_key AS unit, round(m2::numeric, 2)::text AS value
            FROM stated_holding i
            JOIN parcel p ON p.key = i.parcel_key AND upper_inf(p.known) AND p.valid && i.days
            CROSS JOIN LATERAL (SELECT ST_Area(i.geom) - shared_m2(i.geom, p.geom) OFFSET 0) outside(m2)
            WHERE i.geom IS NOT NULL AND m2 > greatest(1, 0.001 * ST_Area(i.geom))
            """,
        ),
    ),
}
