"""The land that a site takes: how many m2 of each parcel under which designation and holding, on a day as known at an instant.

Measured by the very steps that derive the ledger (`sql/measure.sql`), so that plans stack here as they do there. Three things
differ: a parcel is cut down to its share in the site; land that no plan or holding speaks for is told too; and what the steps
read is what was known at the instant, under the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.limits import limited
from parcels.measuring import surely, thresholds
from parcels.sites import Place
from parcels.sql import steps
from rules.facts import Standing
from rules.law import LAW

LONGEST_S = 4.0
DECLARED = "declared"  # the basis of an area that somebody stated and no outline shows


@dataclass(frozen=True, slots=True)
class Taken:
    """A part of a parcel that the site takes, under one designation and one holding; amounts in m2, `gross_m2` with the port's.

    `key` is None for land that no parcel is recorded for; `standing` is how the ledger's line of it stands towards the reserve,
    None where the ledger has none.
    """

    key: str | None
    part: UUID | None
    district: str | None
    site: str | None
    holder: str | None
    marketable: bool | None
    designation: str | None
    in_use_as_commercial: bool | None
    plans: tuple[str, ...]
    gross_m2: Decimal
    port_m2: Decimal
    net_m2: Decimal
    area_basis: str
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Outlined:
    """What the site takes, and where it lies (EWKB, EPSG:25832): outside the port, and of that the Nettobauland.

    Either is None where nothing is left of it, or no outline is recorded. `zones` are the ids of the zones that make its
    Nettobauland, but for slivers; `cleared` is what its holding says of contamination and ordnance.
    """

    line: Taken
    outside: str | None
    net: str | None
    zones: tuple[int, ...]
    cleared: bool | None

    @property
    def declared(self) -> bool:
        """Whether somebody stated the area, and no outline is recorded."""
        return self.line.area_basis == DECLARED

    @property
    def unmeasured(self) -> bool:
        """Whether neither an outline nor an area is recorded."""
        return self.declared and not self.line.gross_m2

    @property
    def outside_m2(self) -> Decimal:
        """Gross m2 outside the port."""
        return self.line.gross_m2 - self.line.port_m2


def taken(session: Session, place: Place, on: date, known_at: datetime) -> list[Taken]:
    """What the site takes, by parcel and designation; the amounts add up to the site.

    OutlinesError (parcels.limits) where the outlines there cannot be laid over each other in time.
    """
    return [_taken(row) for row in _rows(session, _statement(), {}, place, on, known_at)]


def outlined(session: Session, place: Place, on: date, known_at: datetime) -> list[Outlined]:
    """What the site takes as in `taken`, each line with where it lies; the same errors, NotInForce before the parameters."""
    least = {"sliver_m2": LAW.on(on, known_at)["plans.sliver_m2"].amount}
    rows = _rows(session, _outlined_statement(), least, place, on, known_at)
    return [
        Outlined(_taken(row), row["outside"], row["net"], tuple(row["zones"] or ()), row["cleared"]) for row in rows
    ]


def _rows(
    session: Session, statement: str, more: dict[str, Any], place: Place, on: date, known_at: datetime
) -> Sequence[Any]:
    keys = [*place.keys, *([""] if place.bare else [])]
    bound = {"keys": keys, "outline": place.outline, "bare": place.bare, "on": on, "known_at": known_at}
    with limited(session, LONGEST_S):
        session.execute(text("SET LOCAL jit = off"))  # a plan of so many steps takes longer to compile than to run
        return session.execute(text(statement), {**bound, **more, "size_limits": thresholds()}).mappings().all()


def _taken(row: Any) -> Taken:
    values = {name: row[name] for name in Taken.__dataclass_fields__}
    standing = row["standing"] and Standing(row["standing"])
    return Taken(**{**values, "key": row["key"] or None, "plans": tuple(row["plans"]), "standing": standing})


@cache
def _statement() -> str:
    queries, ending = _steps()
    return _chained(queries, _ENDING.format(measured=ending))


@cache
def _outlined_statement() -> str:
    queries, ending = _steps()
    return _chained({**queries, "outline": _OUTLINE}, _OUTLINED.format(taken=_ENDING.format(measured=ending)))


def _steps() -> tuple[dict[str, str], str]:
    queries, ending = steps("measure")
    queries = {name: _CHANGED.get(name, query) for name, query in surely(queries).items()}
    queries["ranked"] = _with(queries["ranked"], "designation = ANY (:workplace) AS workplace", "true AS workplace")
    queries["surface"] = _with(
        queries["surface"], "NULL, false, NULL, geom FROM bare", "NULL, true, NULL, geom FROM bare"
    )
    queries["period"] = f"SELECT * FROM ({queries['period']}) all_days WHERE days @> CAST(:on AS date)"
    return queries, ending


def _chained(queries: dict[str, str], ending: str) -> str:
    head = ",\n".join(f"{name} AS MATERIALIZED ({query})" for name, query in queries.items())
    return f"WITH {_AS_KNOWN_THEN},\n{head}\n{ending}"


def _with(query: str, said: str, instead: str) -> str:
    if query.count(said) != 1:
        raise LookupError(f"measure.sql no longer says {said!r} once")
    return query.replace(said, instead)


_THEN = "known @> CAST(:known_at AS timestamptz)"
_OPEN = "tstzrange(NULL, NULL) AS known"
_BOX = "(SELECT ST_SetSRID(ST_Extent(geom)::geometry, 25832) FROM parcel)"


def _pieces(table: str) -> str:
    """The pieces of a layer around the site; those that are stored are of what is known now."""
    return f"""{table}_piece AS MATERIALIZED (
        SELECT row_number() OVER () AS id, f.id AS fact_id, s.geom
        FROM {table} f CROSS JOIN LATERAL ST_Subdivide(f.geom, 128) AS s(geom)
        WHERE f.geom && {_BOX} AND s.geom && {_BOX}
    )"""


# Each name stands for the table of that name as it was known at the instant. Land without a parcel is one of the key ''.
_AS_KNOWN_THEN = f"""
parcel AS MATERIALIZED (
    SELECT id, key, valid, {_OPEN}, area_m2, area_basis, district, geom
    FROM parcel WHERE key = ANY (CAST(:keys AS text[])) AND valid @> CAST(:on AS date) AND {_THEN}
    UNION ALL
    SELECT 0, '', daterange(NULL, NULL), {_OPEN}, round(ST_Area(ST_Transform(geom, 4258)::geography)::numeric, 2), 'ellipsoidal',
           NULL, geom
    FROM (SELECT CAST(:bare AS geometry) AS geom) b WHERE geom IS NOT NULL
),
holding AS NOT MATERIALIZED (
    SELECT id, parcel_key, valid, {_OPEN}, geom, site, holder, disposition, disposition_until, serviced, cleared, binding_use,
           opposing_plan, construction_possible_from, marketable, declared_net_m2, designation
    FROM holding WHERE {_THEN}
),
zone AS NOT MATERIALIZED (
    SELECT id, content, valid, {_OPEN}, plan, designation, regulates_use, in_use_as_commercial, geom FROM zone WHERE {_THEN}
),
port_area AS NOT MATERIALIZED (SELECT id, valid, {_OPEN}, geom FROM port_area WHERE {_THEN}),
deduction AS NOT MATERIALIZED (SELECT id, ref, valid, {_OPEN}, geom FROM deduction WHERE {_THEN}),
district AS NOT MATERIALIZED (SELECT id, name, valid, {_OPEN}, geom FROM district WHERE {_THEN}),
{", ".join(_pieces(table) for table in ("zone", "port_area", "deduction", "district"))}
"""

_CHANGED = {
    "scope": "SELECT unnest(CAST(:keys AS text[])) AS key",
    "fragment": """
        SELECT row_number() OVER () AS id, p.id AS land, row_number() OVER (PARTITION BY p.id) = 1 AS first, p.key, p.valid,
               ST_Area(p.geom) AS plane, p.area_m2, p.area_basis, p.district, f.geom
        FROM parcel p
        CROSS JOIN LATERAL (
            SELECT CASE WHEN CAST(:outline AS geometry) IS NULL THEN p.geom
                        ELSE shared_land(p.geom, CAST(:outline AS geometry)) END AS geom OFFSET 0
        ) share
        CROSS JOIN LATERAL ST_Subdivide(share.geom, 128) AS f(geom)
        WHERE NOT ST_IsEmpty(share.geom)
    """,
    "occupied": "SELECT id AS period, land FROM period",
}

_ENDING = """
SELECT m.key, m.part, m.district, m.site, m.holder, h.marketable, m.designation, m.in_use_as_commercial, m.plans, m.gross_m2,
       m.port_m2, m.net_m2, m.area_basis, l.standing, h.cleared
FROM ({measured}) m
LEFT JOIN holding h ON h.parcel_key = m.key AND h.valid @> CAST(:on AS date)
    AND (CASE WHEN h.geom IS NOT NULL THEN md5(ST_AsBinary(h.geom))::uuid END) IS NOT DISTINCT FROM m.part
LEFT JOIN ledger l ON l.parcel_key = m.key AND l.part IS NOT DISTINCT FROM m.part
    AND l.designation IS NOT DISTINCT FROM m.designation AND l.in_use_as_commercial IS NOT DISTINCT FROM m.in_use_as_commercial
    AND l.valid @> CAST(:on AS date) AND l.known @> CAST(:known_at AS timestamptz)
WHERE m.days @> CAST(:on AS date)
ORDER BY m.key, m.designation NULLS LAST, m.part, m.in_use_as_commercial
"""

# Where the lines lie: first by zone, so that the zones that make a line are known, then as a whole.
_OUTLINE = """
    SELECT key, part, designation, in_use_as_commercial, ST_Union(outside, 1e-6) AS outside, ST_Union(net, 1e-6) AS net,
           array_agg(zone ORDER BY zone) FILTER (WHERE zone IS NOT NULL AND ST_Area(net) >= :sliver_m2) AS zones
    FROM (
        SELECT key, part, designation, in_use_as_commercial, zone, ST_Union(outside, 1e-6) AS outside, ST_Union(net, 1e-6) AS net
        FROM (
            SELECT l.key, c.part, z.designation, z.in_use_as_commercial, c.zone,
                   CASE WHEN h.port_geoms IS NULL AND h.port_whole IS NOT TRUE THEN g.geom
                        WHEN NOT h.port_whole THEN land_without(g.geom, ST_Union(h.port_geoms)) END AS outside,
                   CASE WHEN h.id IS NULL THEN g.geom
                        WHEN NOT h.whole THEN land_without(g.geom, ST_Union(h.geoms)) END AS net
            FROM cell c
            JOIN fragment f ON f.id = c.fragment
            JOIN land l ON l.id = f.land
            LEFT JOIN zone z ON z.id = c.zone
            LEFT JOIN hit h ON h.id = c.surface
            CROSS JOIN LATERAL (SELECT coalesce(c.geom, f.geom) AS geom) g
            OFFSET 0
        ) cells
        GROUP BY key, part, designation, in_use_as_commercial, zone
    ) by_zone
    GROUP BY key, part, designation, in_use_as_commercial
"""

_OUTLINED = """
SELECT t.*, CASE WHEN ST_Area(o.outside) > 0 THEN ST_AsHEXEWKB(o.outside) END AS outside,
       CASE WHEN ST_Area(o.net) > 0 THEN ST_AsHEXEWKB(o.net) END AS net, o.zones
FROM ({taken}) t
LEFT JOIN outline o ON o.key = t.key AND o.part IS NOT DISTINCT FROM t.part AND t.area_basis <> 'declared'
    AND o.designation IS NOT DISTINCT FROM t.designation AND o.in_use_as_commercial IS NOT DISTINCT FROM t.in_use_as_commercial
ORDER BY t.key, t.designation NULLS LAST, t.part, t.in_use_as_commercial
"""
