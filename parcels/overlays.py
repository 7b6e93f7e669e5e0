"""What the maps say of a parcel beside its use: flood, heavy rain, water protection, rail, ... Information, never counted.

A kind of which nothing is recorded for the day is unknown; only where it is recorded elsewhere does it say "not here".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from parcels.limits import limited
from parcels.measuring import surely
from parcels.sql import chained, statement, steps
from rules.facts import Outcome
from rules.law import LAW

SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Overlay:
    """One kind of area and a parcel: met where it lies on it, not met where it does not, unknown where nothing is recorded.

    `share` of the parcel's land, to four decimals; `data_on` is the day of the data, where it is not met of the newest there is.
    """

    kind: str
    outcome: Outcome
    name: str | None
    value: str | None
    share: Decimal | None
    data_on: date | None


def over(session: Session, keys: Sequence[str], on: date, known_at: datetime) -> dict[str, list[Overlay]]:
    """What lies on each of the parcels on a day as known then, each kind of the law's list at least once, in its order.

    A parcel without an outline (or that nobody recorded) has every kind unknown. Slivers are left out. OutlinesError (limits.py)
    for outlines that take too long.
    """
    return _said(session, statement("overlays"), {"keys": list(keys)}, on, known_at)


def on_land(session: Session, land: Sequence[str], on: date, known_at: datetime) -> list[Overlay]:
    """What lies on some land (valid areas, EWKB in EPSG:25832, taken together), told as `over` tells it of a parcel."""
    return _said(session, _of_land(), {"keys": [""], "land": list(land)}, on, known_at)[""]


def _said(
    session: Session, query: TextClause, asked: dict[str, list[str]], on: date, known_at: datetime
) -> dict[str, list[Overlay]]:
    law = LAW.on(on, known_at)
    kinds = law["surroundings.overlay_kinds"].codes
    bound = {**asked, "on": on, "known_at": known_at, "sliver_m2": law["plans.sliver_m2"].amount}
    with limited(session, SECONDS):
        newest = {row.kind: row.data_on for row in session.execute(text(_RECORDED), {**bound, "kinds": list(kinds)})}
        rows = session.execute(query, bound).all()
    unknown = {kind: [Overlay(kind, Outcome.UNKNOWN, None, None, None, None)] for kind in kinds}
    nothing = unknown | {
        kind: [Overlay(kind, Outcome.NOT_MET, None, None, Decimal(0), data_on)] for kind, data_on in newest.items()
    }
    found = {
        key: nothing | {kind: [_on(row) for row in same] for kind, same in groupby(of_key, key=_KIND) if kind}
        for key, of_key in groupby(rows, key=_KEY)
    }
    return {key: [one for kind in kinds for one in found.get(key, unknown)[kind]] for key in asked["keys"]}


@cache
def _of_land() -> TextClause:
    queries, ending = steps("overlays")
    return text(chained(surely({**queries, "asked": _LAND})) + ending)


def _on(row: Row[Any]) -> Overlay:
    return Overlay(row.kind, Outcome.MET, row.name, row.value, row.share, row.data_on)


_KEY, _KIND = attrgetter("key"), attrgetter("kind")

_LAND = """
    SELECT '' AS key, geom, ST_Area(geom) AS plane
    FROM (SELECT ST_Union(CAST(one AS geometry), 1e-6) AS geom FROM unnest(CAST(:land AS text[])) AS one) joined
    WHERE geom IS NOT NULL
"""

_RECORDED = """
SELECT k.kind, o.data_on
FROM unnest(CAST(:kinds AS text[])) AS k(kind)
CROSS JOIN LATERAL (
    SELECT data_on FROM overlay
    WHERE kind = k.kind AND (valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)) IS TRUE
    ORDER BY data_on DESC NULLS LAST
    LIMIT 1
) o
"""
