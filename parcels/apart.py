"""Whether places share land: by their outlines, slivers left out; by parcels, where places are named by these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.limits import limited
from parcels.sites import SLIVER_M, SLIVER_M2, Place
from rules.facts import Outcome

SECONDS = 5.0


def overlap_pairs(session: Session, places: Sequence[Place]) -> list[tuple[int, int]]:
    """Which of the places share land, by their positions, the lower first. OutlinesError for outlines that take too long."""
    drawn = [(n, one.geometry) for n, one in enumerate(places) if one.geometry]
    bound = {
        "at": [n for n, _ in drawn],
        "land": [geometry for _, geometry in drawn],
        "wider": SLIVER_M,
        "least": SLIVER_M2,
    }
    with limited(session, SECONDS):
        found = {(row.one, row.other) for row in session.execute(text(_PAIRS), bound)}
    named = [(n, set(one.keys)) for n, one in enumerate(places) if one.outline is None]
    return sorted(found | {(n, m) for (n, some), (m, others) in combinations(named, 2) if some & others})


def overlaps(session: Session, one: Place, other: Place, on: date, known_at: datetime) -> Outcome:
    """Whether two places of a day share land; two parcels do not, and unknown is what an outline has of a parcel without one."""
    if overlap_pairs(session, [one, other]):
        return Outcome.MET
    if one.outline is None and other.outline is None:
        return Outcome.NOT_MET
    named = [key for place in (one, other) if place.outline is None for key in place.keys]
    bound = {"keys": named, "on": on, "known_at": known_at}
    return Outcome.UNKNOWN if session.scalar(text(_WITHOUT_OUTLINE), bound) else Outcome.NOT_MET


def distance_m(session: Session, one: Place, other: Place) -> Decimal | None:
    """Metres of EPSG:25832 between two places, from edge to edge; None where one has no outline."""
    if one.geometry is None or other.geometry is None:
        return None
    with limited(session, SECONDS):
        found: Decimal = session.execute(text(_DISTANCE), {"one": one.geometry, "other": other.geometry}).scalar_one()
    return found


_PAIRS = """
WITH place AS MATERIALIZED (
    SELECT at, CAST(geom AS geometry) AS geom FROM unnest(CAST(:at AS int[]), CAST(:land AS text[])) AS p(at, geom)
)
SELECT a.at AS one, b.at AS other
FROM place a JOIN place b ON a.at < b.at AND a.geom && b.geom
WHERE shared_m2(a.geom, b.geom, :wider) >= :least
"""

_WITHOUT_OUTLINE = """
SELECT EXISTS (
    SELECT FROM unnest(CAST(:keys AS text[])) AS k(key)
    WHERE NOT EXISTS (
        SELECT FROM parcel WHERE key = k.key AND valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)))
"""

_DISTANCE = "SELECT round(ST_Distance(CAST(:one AS geometry), CAST(:other AS geometry))::numeric, 2)"
