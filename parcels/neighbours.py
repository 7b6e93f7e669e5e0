"""What lies around a site that is to be put to another use: workplace land, the port, plants, uses to be protected.

Distances are metres in the plane of EPSG:25832, from edge to edge and rounded down to centimetres: near Hamburg the plane is
0.35 m in 1,000 m short, so nothing is taken to be farther away than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.limits import limited
from parcels.sql import statement
from rules.facts import Outcome, Part
from rules.law import LAW, DatedLaw
from rules.neighbours import Kind, Nearby, Screening, screen, widest_m
from rules.stock import in_stock

MOST = 48  # lines of an answer, the worst and nearest first; the others are counted
SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SensitiveUse:
    """The nearest use to be protected of one kind, `distance_m` from the site."""

    kind: str
    name: str | None
    distance_m: Decimal


def near(session: Session, site: str, on: date, known_at: datetime, purpose: str) -> Screening:
    """Screen what lies around a site (valid polygons, EWKT or hexadecimal EWKB in EPSG:25832) for a new use of it.

    Workplace land is taken from the ledger, nearest per plan and designation, without the site's own parcels; plants are taken one
    by one, also those on the site. TooIntricateError for outlines that take too long, NotInForce before the values begin.
    """
    law = LAW.on(on, known_at)
    bound = {
        **{"site": site, "on": on, "known_at": known_at},
        **{"band": law["neighbours.default_m"].count, "widest": float(widest_m(law))},
    }
    with limited(session, SECONDS):
        rows = session.execute(statement("neighbours"), bound).all()
    found = [_nearby(row, law) for row in rows if row.kind is not None]
    nearby = [one for one in found if one.kind is not Kind.WORKPLACE or one.stock is not Outcome.NOT_MET]
    return screen(nearby, purpose, law, rows[0].plants_recorded, rows[0].land_recorded, MOST)


def sensitive(session: Session, site: str, on: date, known_at: datetime) -> list[SensitiveUse]:
    """The uses to be protected around a site (as in `near`) within the widest distance, nearest first, one of each kind.

    Empty says that none is recorded there, not that there is none.
    """
    widest = float(widest_m(LAW.on(on, known_at)))
    with limited(session, SECONDS):
        rows = session.execute(text(_SENSITIVE), {"site": site, "on": on, "known_at": known_at, "widest": widest})
        return sorted((SensitiveUse(*row) for row in rows), key=lambda one: (one.distance_m, one.kind))


def _nearby(row: Any, law: DatedLaw) -> Nearby:
    part = Part(row.designation, row.in_use_as_commercial, False, None, None)
    stock = in_stock(part, law) if row.kind == Kind.WORKPLACE else Outcome.UNKNOWN
    return Nearby(
        Kind(row.kind),
        row.name,
        row.distance_m,
        row.designation,
        stock,
        row.kas18_class,
        row.distance_class,
        row.on_site,
        row.parcels,
        row.m2,
    )


_SENSITIVE = """
SELECT DISTINCT ON (u.kind) u.kind, u.name,
       round(floor(ST_Distance(u.geom, s.geom) * 100 + 0.0001)::numeric / 100, 2) AS distance_m
FROM (SELECT CAST(:site AS geometry) AS geom OFFSET 0) s
JOIN sensitive_use u ON u.geom && ST_Expand(s.geom, :widest) AND ST_DWithin(u.geom, s.geom, :widest)
WHERE (u.valid @> CAST(:on AS date) AND u.known @> CAST(:known_at AS timestamptz)) IS TRUE AND NOT ST_Covers(s.geom, u.geom)
ORDER BY u.kind, 3, u.name
"""
