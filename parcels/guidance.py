"""Guidance as it is recorded and asked: loaded by its owner, known from then on; on a day the version that holds.

One version of a document holds on a day: until the first day stated as over, or until the next version begins. A demonstration
version answers only where no other guidance is in force.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.importing.contract import SLIVER_M, SLIVER_M2
from rules.conversions import Cases, GuidanceResult, Planning, Purpose, Route
from rules.guidance import AreaName, Condition, GuidanceRule


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a document as it holds over [valid_from, valid_to), first loaded at `loaded_at` by `actor`."""

    file: int
    document: str
    version: str
    title: str
    published: date | None
    valid_from: date
    valid_to: date | None
    demonstration: bool
    source: str
    sha256: str
    loaded_at: datetime
    actor: str | None


@dataclass(frozen=True, slots=True)
class Applicable:
    """The guidance of a day: the versions in force, one a document, and all of their rules."""

    versions: tuple[Version, ...]
    rules: tuple[GuidanceRule, ...]

    @property
    def demonstration(self) -> bool:
        """Whether what it says is made up to show how it works."""
        return any(version.demonstration for version in self.versions)


@dataclass(frozen=True, slots=True)
class ZoneMet:
    """A named area that a site meets, with the shared m2 (ellipsoidal)."""

    document: str
    version: str
    name: str
    shared_m2: Decimal


@dataclass(frozen=True, slots=True)
class Zone:
    """A named area of a version in force; `geojson` is a MultiPolygon in WGS 84."""

    document: str
    version: str
    name: str
    geojson: dict[str, Any]


def applicable(session: Session, on: date, known_at: datetime) -> Applicable:
    """The versions in force on a day as known at an instant, and their rules; empty where no guidance is loaded."""
    found = [Version(*row) for row in session.execute(text(_IN_FORCE), {"on": on, "known_at": known_at})]
    real = [version for version in found if not version.demonstration]
    versions = tuple(real or found)
    return Applicable(versions, tuple(_rules(session, versions)))


def versions(session: Session, known_at: datetime) -> list[Version]:
    """All versions as known at an instant, by document and day."""
    return [Version(*row) for row in session.execute(text(_VERSIONS), {"known_at": known_at})]


def zones(session: Session, found: Applicable) -> list[Zone]:
    """The named areas of what is in force, by name."""
    of = {version.file: version for version in found.versions}
    rows = session.execute(text(_ZONES), {"files": list(of)})
    return [Zone(of[file].document, of[file].version, name, json.loads(geojson)) for file, name, geojson in rows]


def zones_met(session: Session, site_ewkb: str, on: date, known_at: datetime) -> list[ZoneMet]:
    """The named areas in force that a site (EWKB or EWKT of an area in EPSG:25832) meets, slivers left out."""
    of = {version.file: version for version in applicable(session, on, known_at).versions}
    bound = {"files": list(of), "site": site_ewkb, "sliver_m": SLIVER_M, "sliver_m2": SLIVER_M2}
    rows = session.execute(text(_MET), bound)
    return [ZoneMet(of[file].document, of[file].version, name, m2) for file, name, m2 in rows]


def named(met: Iterable[ZoneMet]) -> frozenset[AreaName]:
    """Areas met, as a question of rules.guidance names them."""
    return frozenset((zone.document, zone.name) for zone in met)


def digest(sha256: str, zones_sha256: str | None) -> str:
    """What tells one loading from another: the file, with the one beside it."""
    return hashlib.sha256(f"{sha256} {zones_sha256 or ''}".encode()).hexdigest() if zones_sha256 else sha256


def as_json(condition: Condition) -> str:
    """A condition as it is stored: what it asks, and nothing else."""
    asked = {name: value for name, value in asdict(condition).items() if value not in (None, ())}
    return json.dumps(asked, default=str)


def _of_json(stored: dict[str, Any]) -> Condition:
    lists: dict[str, Any] = {"purposes": Purpose, "cases": Cases, "planning": Planning, "districts": str, "zones": str}
    asked: dict[str, Any] = {
        name: tuple(map(lists[name], value)) if name in lists else value if isinstance(value, bool) else Decimal(value)
        for name, value in stored.items()
    }
    return Condition(**asked)


def _rules(session: Session, of: Sequence[Version]) -> Iterable[GuidanceRule]:
    by_file = {version.file: version for version in of}
    for row in session.execute(text(_RULES), {"files": list(by_file)}):
        version = by_file[row.file_id]
        yield GuidanceRule(
            document=version.document,
            version=version.version,
            id=row.rule,
            result=GuidanceResult(row.result),
            page=row.page,
            wording=row.wording,
            routes=tuple(map(Route, row.routes)),
            designations=tuple(row.designations),
            condition=_of_json(row.condition),
            demonstration=version.demonstration,
        )


_VERSIONS = """
SELECT f.id, f.document, f.version, f.title, f.published, lower(g.valid), upper(g.valid), f.demonstration, f.source, f.sha256,
       loaded.at, r.actor
FROM guidance g
JOIN guidance_file f ON f.id = g.file_id
CROSS JOIN LATERAL (SELECT min(lower(known)) AS at FROM guidance WHERE file_id = f.id) loaded
LEFT JOIN recording r ON r.at = loaded.at
WHERE g.known @> CAST(:known_at AS timestamptz)
ORDER BY f.document, g.valid
"""
_IN_FORCE = _VERSIONS.replace("ORDER BY", "    AND g.valid @> CAST(:on AS date)\nORDER BY")
_RULES = """
SELECT file_id, rule, result, page, wording, routes, designations, condition
FROM guidance_rule WHERE file_id = ANY (:files) ORDER BY file_id, place
"""
_ZONES = """
SELECT file_id, name, ST_AsGeoJSON(ST_Transform(geom, 4326), 7)
FROM guidance_zone WHERE file_id = ANY (:files) ORDER BY file_id, name
"""
# The geometry gives the ratio, the ellipsoid the amount: m2 of the projection are too small.
_MET = """
SELECT file_id, name, round((m2 / ST_Area(site) * ST_Area(ST_Transform(site, 4258)::geography))::numeric, 2)
FROM (SELECT CAST(:site AS geometry) AS site) s
JOIN guidance_zone z ON z.file_id = ANY (:files) AND z.geom && s.site
CROSS JOIN LATERAL (SELECT shared_m2(s.site, z.geom, :sliver_m) AS m2 OFFSET 0) shared
WHERE m2 > :sliver_m2
ORDER BY file_id, name
"""
