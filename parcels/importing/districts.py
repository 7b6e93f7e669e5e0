"""Bezirke that share land: a parcel there has two of them, and which one it is counted in should not be left to a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.importing.contract import SLIVER_M, SLIVER_M2, Issue


def check(session: Session, at: datetime) -> list[Issue]:
    """A warning for each two Bezirke of which one was recorded at `at` and that share more than a sliver on a day."""
    found = session.execute(text(_SHARED), {"at": at, "sliver_m": SLIVER_M, "sliver_m2": SLIVER_M2})
    return [
        Issue(
            *(None, one, "geometry", "districts-overlap", "warning"),
            f"{one} and {other} share {m2} m2 on the same days: a parcel that lies there by equal parts is counted in {one}, "
            "the first by name. Correct their outlines, or state the parcel's district.",
            str(m2),
        )
        for one, other, m2 in found
    ]


_SHARED = """
SELECT least(a.name, b.name) AS one, greatest(a.name, b.name) AS other,
       round(sum(shared_m2(x.geom, y.geom, :sliver_m))::numeric, 2) AS m2
FROM district a
JOIN district_piece x ON x.fact_id = a.id
JOIN district_piece y ON y.geom && x.geom
JOIN district b ON b.id = y.fact_id AND b.name <> a.name AND b.valid && a.valid AND upper_inf(b.known)
WHERE lower(a.known) = :at AND (lower(b.known) < :at OR a.name < b.name)
GROUP BY 1, 2
HAVING sum(shared_m2(x.geom, y.geom, :sliver_m)) > :sliver_m2
ORDER BY 1, 2
"""
