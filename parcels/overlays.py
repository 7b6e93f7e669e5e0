"""What the maps say of a parcel beside its use: flood, heavy rain, water protection, rail, ... Information, never counted.

A kind of which nothing is recorded for the day is unknown; only where it is recorded elsewhere does it say "not here".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.limits import limited
from parcels.sql import statement
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
    law = LAW.on(on, known_at)
    kinds = law["surroundings.overlay_kinds"].codes
    bound = {"keys": list(keys), "on": on, "known_at": known_at, "sliver_m2": law["plans.sliver_m2"].amount}
    with limited(session, SECONDS):
        newest = {row.kind: row.data_on for row in session.execute(text(_RECORDED), bound)}
        placed = set(session.scalars(text(_PLACED), bound))
        rows = session.execute(statement("overlays"), bound).all()
    found = {
        place: [Overlay(row.kind, Outcome.MET, row.name, row.value, row.share, row.data_on) for row in same]
        for place, same in groupby(rows, key=lambda row: (row.key, row.kind))
    }

    def said(key: str, kind: str) -> list[Overlay]:
        if key not in placed or kind not in newest:
            return [Overlay(kind, Outcome.UNKNOWN, None, None, None, None)]
        return found.get((key, kind)) or [Overlay(kind, Outcome.NOT_MET, None, None, Decimal(0), newest[kind])]

    return {key: [one for kind in kinds for one in said(key, kind)] for key in keys}


_ON = "valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)"

_RECORDED = f"SELECT kind, max(data_on) AS data_on FROM overlay WHERE {_ON} GROUP BY kind"

_PLACED = f"SELECT key FROM parcel WHERE key = ANY (:keys) AND {_ON}"
