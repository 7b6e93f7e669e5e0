"""The register as it is looked up: parcels with their facts on a day, and the whole history of one parcel."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from parcels.lineage import Relation, relations
from parcels.queries import LINE_COLUMNS, Line, line


class ParcelUnknownError(LookupError):
    """The register has never heard of the key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The register has no parcel {key}.")


class ParcelNotYetKnownError(LookupError):
    """The register heard of the key only after the state of knowledge that was asked for."""

    def __init__(self, key: str, known_at: datetime, first_recorded_at: datetime) -> None:
        asked, first = (instant.isoformat(timespec="seconds") for instant in (known_at, first_recorded_at))
        super().__init__(f"Nothing was known of parcel {key} at {asked}: it was first recorded at {first}.")
        self.first_recorded_at = first_recorded_at
        self.remedy = f"Ask with known_at from {first_recorded_at.isoformat()} on, or leave it out."


@dataclass(frozen=True, slots=True)
class ParcelSummary:
    """A parcel in a list; areas in m2. `holders` and `designations` are those of its ledger lines on the day."""

    key: str
    gemarkung: str | None
    district: str | None
    official_m2: Decimal | None
    area_m2: Decimal | None
    area_basis: str
    holders: list[str]
    sites: list[str]
    designations: list[str]
    net_m2: Decimal


@dataclass(frozen=True, slots=True)
class ParcelOnDay:
    """What is known of a parcel on a day; `geometry` is GeoJSON in WGS 84, None for a parcel known by a holding only."""

    key: str
    facts: dict[str, Any] | None
    geometry: str | None
    holdings: list[dict[str, Any]]
    zones: list[dict[str, Any]]
    lines: list[Line]
    predecessors: list[Relation]
    successors: list[Relation]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a fact: the days it holds, when it was known, and what it says."""

    layer: str
    valid_from: date | None
    valid_to: date | None
    known_from: datetime
    known_to: datetime | None
    facts: dict[str, Any]


_ON = "valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)"
_PARCEL = "official_m2, gemarkung, district, area_m2, area_basis"
_HOLDING = """holder, site, disposition, disposition_until, serviced, cleared, binding_use, opposing_plan,
    construction_possible_from, marketable, declared_net_m2, designation, ST_AsGeoJSON(ST_Transform(geom, 4326)) AS part"""
_SPAN = "lower(valid) AS valid_from, upper(valid) AS valid_to"


def listing(
    session: Session,
    on: date,
    known_at: datetime,
    district: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[ParcelSummary]:
    """Parcels of the register on a day by key, also those known by a holding only; `after` is the last key before."""
    rows = session.execute(
        text(_LISTING), {"on": on, "known_at": known_at, "district": district, "after": after or "", "limit": limit}
    )
    return [ParcelSummary(*row) for row in rows]


def check_heard_of(session: Session, key: str, known_at: datetime | None = None) -> None:
    """ParcelUnknownError for a key that the register has never heard of, ParcelNotYetKnownError for one it heard of later."""
    first: datetime | None = session.execute(text(_FIRST_HEARD_OF), {"key": key}).scalar_one()
    if first is None:
        raise ParcelUnknownError(key)
    if known_at is not None and known_at < first:
        raise ParcelNotYetKnownError(key, known_at, first)


def find(session: Session, key: str, on: date, known_at: datetime) -> ParcelOnDay:
    """One parcel on a day; ParcelUnknownError or ParcelNotYetKnownError where nothing was known of it by then."""
    check_heard_of(session, key, known_at)
    bound = {"key": key, "on": on, "known_at": known_at}
    parcel = session.execute(
        text(
            f"SELECT id, {_PARCEL}, {_SPAN}, ST_AsGeoJSON(ST_Transform(geom, 4326)) AS geometry FROM parcel "
            f"WHERE key = :key AND {_ON}"
        ),
        bound,
    ).one_or_none()
    holdings = session.execute(
        text(f"SELECT {_HOLDING}, {_SPAN} FROM holding WHERE parcel_key = :key AND {_ON} ORDER BY id"),
        bound,
    )
    lines = session.execute(
        text(f"SELECT {LINE_COLUMNS} FROM ledger WHERE parcel_key = :key AND {_ON} ORDER BY id"),
        bound,
    )
    return ParcelOnDay(
        key=key,
        facts=None if parcel is None else _without(parcel._mapping, "id", "geometry"),
        geometry=None if parcel is None else parcel.geometry,
        holdings=[dict(row) for row in holdings.mappings()],
        zones=[] if parcel is None else _zones(session, parcel.id, on, known_at),
        lines=[line(row) for row in lines],
        **relations(session, key, known_at),
    )


def _zones(session: Session, parcel: int, on: date, known_at: datetime) -> list[dict[str, Any]]:
    """The plans over a parcel on a day, newest first; those below are in force again when one above ends."""
    rows = session.execute(text(_ZONES), {"parcel": parcel, "on": on, "known_at": known_at})
    return [dict(row) for row in rows.mappings()]


def history(session: Session, key: str) -> list[Version]:
    """Every version of a parcel's own facts and its holdings that was ever recorded, in the order of recording."""
    versions = []
    for layer, table, column, facts in (
        ("parcels", "parcel", "key", _PARCEL),
        ("holdings", "holding", "parcel_key", _HOLDING),
    ):
        rows = session.execute(
            text(
                f"SELECT {facts}, {_SPAN}, lower(known) AS known_from, upper(known) AS known_to FROM {table} "
                f"WHERE {column} = :key"
            ),
            {"key": key},
        )
        versions += [_version(layer, row) for row in rows.mappings()]
    return sorted(versions, key=lambda v: (v.known_from, v.layer, v.valid_from or date.min))


def _version(layer: str, row: RowMapping) -> Version:
    axes = ("valid_from", "valid_to", "known_from", "known_to")
    valid_from, valid_to, known_from, known_to = (row[name] for name in axes)
    return Version(layer, valid_from, valid_to, known_from, known_to, _without(row, *axes))


def _without(row: Any, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def version_tag(session: Session, key: str) -> str:
    """A short hash of all that is known of a parcel now; it changes with every amendment of the parcel or its holdings."""
    ids: Sequence[str] = session.scalars(text(_OPEN_FACTS), {"key": key}).all()
    return hashlib.sha256(" ".join([key, *ids]).encode()).hexdigest()[:20]


_FIRST_HEARD_OF = """
SELECT least(
    (SELECT min(lower(known)) FROM parcel WHERE key = :key),
    (SELECT min(lower(known)) FROM holding WHERE parcel_key = :key))
"""

_OPEN_FACTS = """
SELECT 'p' || id FROM parcel WHERE key = :key AND upper_inf(known)
UNION ALL
SELECT 'h' || id FROM holding WHERE parcel_key = :key AND upper_inf(known)
UNION ALL
SELECT 'l' || id FROM lineage WHERE predecessor = :key AND upper_inf(known)
UNION ALL
SELECT 'l' || id FROM lineage WHERE successor = :key AND upper_inf(known)
ORDER BY 1
"""

_ZONES = """
SELECT z.plan, n.stage, z.designation, z.regulates_use, z.in_use_as_commercial, z.restrictions, lower(z.valid) AS valid_from,
       upper(z.valid) AS valid_to, round((shared_m2(z.geom, p.geom) / ST_Area(p.geom))::numeric, 4) AS share,
       z.gml_id, z.source, z.member, z.sha256
FROM parcel p
JOIN zone z ON z.geom && p.geom AND land_meets(z.geom, p.geom)
LEFT JOIN plan n ON n.name = z.plan AND n.valid @> CAST(:on AS date) AND n.known @> CAST(:known_at AS timestamptz)
WHERE p.id = :parcel AND z.valid @> CAST(:on AS date) AND z.known @> CAST(:known_at AS timestamptz)
ORDER BY lower(z.valid) DESC NULLS LAST, z.plan DESC
"""

_LISTING = f"""
WITH page AS (
    SELECT key FROM (
        SELECT key FROM parcel WHERE key > :after AND {_ON} AND (CAST(:district AS text) IS NULL OR district = :district)
        UNION
        SELECT parcel_key FROM holding WHERE parcel_key > :after AND {_ON} AND CAST(:district AS text) IS NULL
        UNION
        SELECT parcel_key FROM ledger WHERE parcel_key > :after AND {_ON} AND district = :district
    ) keys
    ORDER BY key LIMIT :limit
)
SELECT page.key, p.gemarkung, coalesce(p.district, min(l.district)), p.official_m2,
       coalesce(p.area_m2, (SELECT sum(declared_net_m2) FROM holding WHERE parcel_key = page.key AND {_ON})),
       coalesce(p.area_basis, 'declared'),
       coalesce(array_agg(DISTINCT h.holder ORDER BY h.holder) FILTER (WHERE h.holder IS NOT NULL), '{{}}'),
       coalesce(array_agg(DISTINCT h.site ORDER BY h.site) FILTER (WHERE h.site IS NOT NULL), '{{}}'),
       coalesce(array_agg(DISTINCT l.designation ORDER BY l.designation) FILTER (WHERE l.designation IS NOT NULL), '{{}}'),
       coalesce((SELECT sum(net_m2) FROM ledger WHERE parcel_key = page.key AND {_ON} AND standing LIKE 'counted%'), 0)
FROM page
LEFT JOIN (SELECT * FROM parcel WHERE {_ON}) p ON p.key = page.key
LEFT JOIN (SELECT * FROM holding WHERE {_ON}) h ON h.parcel_key = page.key
LEFT JOIN (SELECT * FROM ledger WHERE {_ON}) l ON l.parcel_key = page.key
GROUP BY page.key, p.id, p.gemarkung, p.district, p.official_m2, p.area_m2, p.area_basis
ORDER BY page.key
"""
