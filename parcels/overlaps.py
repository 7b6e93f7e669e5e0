"""Parcels that share land with another one on the same days: what lies there would count twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.history import LAYERS, as_json, by_hand
from parcels.importing.contract import MOST_PAIRS, SLIVER_M, SLIVER_M2
from parcels.limits import limited
from parcels.sql import chained

SECONDS = 20


@dataclass(frozen=True, slots=True)
class Overlap:
    """A parcel just recorded (the first of its rows), another one, and the m2 (EPSG:25832) they share."""

    row: int
    key: str
    other: str
    m2: float


def parcels_overlap(
    session: Session, at: datetime, rows: Sequence[dict[str, Any]] | None = None
) -> tuple[list[Overlap], int]:
    """Which of the parcels stated share land with others known; 1,000 of these pairs, and how many there are.

    `rows` are an edit's: beside each other too, and whether recorded at `at` or before. Without them the workspace holds a file's:
    only what was recorded at `at`, beside what the file does not state; its rows the gate has compared. Raises TooIntricateError.
    """
    bound = {"at": at, "sliver_m": SLIVER_M, "sliver_m2": SLIVER_M2, "most": MOST_PAIRS}
    if rows is None:
        stay, added = session.execute(text(_SIDES), {"at": at}).one()
        if not stay:
            return [], 0
        # from the smaller side: each of its parcels is looked up in the index over all
        query = _REPORT.format(pairs=_FROM_ADDED if added < stay else _FROM_STANDING, new=_NOT_STATED)
    else:
        query = f"{chained(by_hand(LAYERS['parcels']))} {_REPORT.format(pairs=_FROM_STATED, new=_ONCE)}"
        bound["rows"] = as_json(rows)
    with limited(session, SECONDS):
        found = session.execute(text(query), bound).all()
    return [Overlap(*row[:4]) for row in found], found[0].pairs if found else 0


_SIDES = """
SELECT count(*) FILTER (WHERE upper_inf(known) AND lower(known) < :at), count(*) FILTER (WHERE lower(known) = :at) FROM parcel
"""

_REPORT = """
SELECT (SELECT min(row) FROM stated_parcel i WHERE i.key = p.key) AS row, p.key, p.other, max(p.m2) AS m2,
       count(*) OVER () AS pairs
FROM ({pairs}) p
WHERE p.m2 > :sliver_m2 {new}
GROUP BY p.key, p.other
ORDER BY 1, 2, 3
LIMIT :most
"""

# What a file states of both parcels for the same days the gate has compared, recorded anew or not.
_NOT_STATED = "AND NOT EXISTS (SELECT FROM stated s WHERE s.unit = p.other AND s.days && p.days)"

# What an edit states of both parcels is told of the first.
_ONCE = """AND (p.other > p.key OR NOT EXISTS (
    SELECT FROM stated_parcel i WHERE i.key = p.other AND i.days && p.days))"""

# OFFSET 0 keeps the order of the joins: the planner knows nothing yet of what was just recorded.
_FROM_ADDED = """
SELECT f.key, o.key AS other, f.valid * o.valid AS days, shared_m2(f.geom, o.geom, :sliver_m) AS m2
FROM (SELECT DISTINCT key FROM stated_parcel OFFSET 0) i
CROSS JOIN LATERAL (SELECT * FROM parcel WHERE key = i.key AND lower(known) = :at OFFSET 0) f
CROSS JOIN LATERAL (
    SELECT * FROM parcel o
    WHERE o.geom && f.geom AND upper_inf(o.known) AND o.valid && f.valid AND o.key <> f.key AND lower(o.known) < :at
    OFFSET 0
) o
"""

# An edit: the days that it states, and nothing that was told of the days around them.
_FROM_STATED = """
SELECT f.key, o.key AS other, f.valid * o.valid * i.days AS days, shared_m2(f.geom, o.geom, :sliver_m) AS m2
FROM (SELECT key, days FROM stated_parcel OFFSET 0) i
CROSS JOIN LATERAL (SELECT * FROM parcel WHERE key = i.key AND upper_inf(known) AND valid && i.days OFFSET 0) f
CROSS JOIN LATERAL (
    SELECT * FROM parcel o
    WHERE o.geom && f.geom AND upper_inf(o.known) AND o.valid && f.valid AND o.valid && i.days AND o.key <> f.key
    OFFSET 0
) o
"""

_FROM_STANDING = """
SELECT f.key, o.key AS other, f.valid * o.valid AS days, shared_m2(f.geom, o.geom, :sliver_m) AS m2
FROM (SELECT * FROM parcel WHERE upper_inf(known) AND lower(known) < :at OFFSET 0) o
CROSS JOIN LATERAL (
    SELECT * FROM parcel f
    WHERE f.geom && o.geom AND upper_inf(f.known) AND f.valid && o.valid AND f.key <> o.key AND lower(f.known) = :at
    OFFSET 0
) f
"""
