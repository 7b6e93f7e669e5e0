"""What is held of parcels that end goes to those that begin on their land, by amendment at the instant of the import itself."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from parcels import comparing, history
from parcels.following import ALWAYS, OPEN, Held, Pair, Stuck, Successor, ended, follow
from parcels.importing.contract import SLIVER_M2, Issue, Refused

LISTED = 12
NOT_FACTS = ("parcel_key", "declared_net_m2", "designation", "geom")  # these two hold only where there is no outline


def hand_on(session: Session, at: datetime, pairs: list[Pair]) -> tuple[int, list[Issue]]:
    """Let holdings follow, day by day: how many facts are closed and added, and what could not follow."""
    before, facts = _holdings(session, {key for pair in pairs for key in (pair.old, pair.new)})
    held = {key: list(found) for key, found in before.items()}
    issues: list[Issue] = []

    def clip(part: str, key: str, on: date) -> str | None:
        found: str | None = session.execute(
            text(_CLIP), {"part": part, "key": key, "on": on, "least": SLIVER_M2}
        ).scalar_one()
        return found

    for day, gone, successors in _by_day(pairs):
        keys = {key for one in successors for key in (one.key, *one.shares)}
        stood = {key: list(held[key]) for key in keys}
        for successor in successors:
            got, stuck = follow(successor, stood, facts, clip)
            held[successor.key] += got
            issues += [_stuck(one) for one in stuck]
            if successor.come and not stuck and not any(one.until > day for one in held[successor.key]):
                issues += _unheld(successor, stood)
        for old in gone:
            held[old] = ended(held[old], day)
    return _amend(session, at, before, held), issues


def _by_day(pairs: list[Pair]) -> Iterator[tuple[date, set[str], list[Successor]]]:
    """Each day with the parcels that end on it, and with those that begin or are redrawn."""
    days: dict[date, dict[str, list[Pair]]] = defaultdict(lambda: defaultdict(list))
    for pair in pairs:
        days[pair.day][pair.new].append(pair)
    for day, news in sorted(days.items()):
        gone = {one.old for found in news.values() for one in found if one.gone}
        successors = [
            Successor(key, day, found[0].new_plane_m2, {one.old: one.m2 for one in found}, found[0].come)
            for key, found in sorted(news.items())
        ]
        yield day, gone, successors


def _holdings(session: Session, keys: set[str]) -> tuple[dict[str, list[Held]], dict[int, str]]:
    """What is held of these parcels now, and a hash of each holding's facts."""
    names = ", ".join(name for name in history.LAYERS["holdings"].columns if name not in NOT_FACTS)
    held: dict[str, list[Held]] = {key: [] for key in keys}
    facts: dict[int, str] = {}
    for row in session.execute(text(_HELD.format(names=names)), {"keys": sorted(keys)}):
        held[row.parcel_key].append(Held(row.id, row.parcel_key, row.since or ALWAYS, row.until or OPEN, row.part))
        facts[row.id] = row.facts
    return held, facts


def _amend(session: Session, at: datetime, before: dict[str, list[Held]], after: dict[str, list[Held]]) -> int:
    """Close the holdings that have changed and add what they have become."""
    was = {one for found in before.values() for one in found}
    now = {one for found in after.values() for one in found}
    if was == now:
        return 0
    rows = [
        {
            **asdict(one),
            "since": None if one.since == ALWAYS else one.since,
            "until": None if one.until == OPEN else one.until,
        }
        for one in sorted(now - was, key=lambda one: (one.key, one.since, one.part or ""))
    ]
    closed = sorted(one.origin for one in was - now)
    session.execute(text(_CLOSE), {"at": at, "ids": closed})
    columns = history.LAYERS["holdings"].columns
    said = [_COPIED.get(name, f"h.{name}") + f" AS {name}" for name in columns]
    add = _ADD.format(names=", ".join(columns), said=", ".join(said), content=comparing.content(columns))
    try:
        session.execute(text(add), {"at": at, "rows": json.dumps(rows, default=str)})
    except IntegrityError as error:
        raise Refused(
            "holdings-overlap",
            "Holdings that follow their land would overlap on a new parcel, because the old parcels overlap: correct their "
            "outlines, or end the holdings first.",
        ) from error
    keys = sorted({one.key for one in was ^ now})
    session.execute(text("INSERT INTO touched SELECT unnest(CAST(:keys AS text[]))"), {"keys": keys})
    return len(closed) + len(rows)


_WHY = {
    "unequal": "what is recorded of the holdings differs",
    "unheld": "not all of it was held, or it joins a parcel that was there before",
    "uncovered": "a part of it was no recorded parcel's before",
}


def _stuck(one: Stuck) -> Issue:
    days = f"from {one.since} on" if one.until == OPEN else f"from {one.since} until {one.until}"
    said = (
        f"Parcel {one.key} has {one.m2:,.2f} m2 of the held land of {listed(one.olds)}, whose holdings cannot follow {days}, "
        f"because {_WHY[one.why]}: import a holding of {one.key} with valid_from {one.since}, with outlines where it is held "
        "in parts. Until then this land shows as unrecorded, or as what is recorded of the parcel."
    )
    return Issue(
        None, one.key, "key", "holding-cannot-follow", "warning", said, f"{one.m2:.2f}", Decimal(f"{one.m2:.2f}")
    )


def _unheld(successor: Successor, stood: dict[str, list[Held]]) -> Iterator[Issue]:
    """A new parcel without a holding on land that was held until its first day: by whom it is held now, nobody has said."""
    olds = [old for old in successor.shares if any(one.until == successor.on for one in stood.get(old, ()))]
    if olds:
        m2 = sum(successor.shares[old] for old in olds)
        said = (
            f"Parcel {successor.key} has {m2:,.2f} m2 of {listed(olds)}, held until {successor.on} and not beyond: import a "
            f"holding of {successor.key} with valid_from {successor.on}. Until then this land shows as unrecorded."
        )
        yield Issue(
            None, successor.key, "key", "holding-cannot-follow", "warning", said, f"{m2:.2f}", Decimal(f"{m2:.2f}")
        )


def left_behind(session: Session) -> Iterator[Issue]:
    """Holdings of parcels that the import just ended, beyond that end: no parcel follows on the day, and nothing is counted."""
    for row in session.execute(text(_LEFT_BEHIND)):
        since = "on all days" if row.since is None else f"from {row.since} on"
        said = (
            f"Parcel {row.key} ({row.m2:,.2f} m2) is held {since}, but no longer recorded, and no parcel begins on its land as it "
            "ends: the land counts nowhere then. Import the parcels that follow it with the day on which it ends, or end its "
            "holding as well."
        )
        yield Issue(None, row.key, "key", "holding-left-behind", "warning", said, f"{row.m2:.2f}", row.m2, Decimal(0))


def listed(keys: Iterable[str]) -> str:
    """The keys as a message names them: the first ones, and how many more there are."""
    found = sorted(keys)
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return ", ".join(found[:LISTED]) + more


_HELD = """
SELECT id, parcel_key, lower(valid) AS since, upper(valid) AS until, geom::text AS part, md5(ROW({names})::text) AS facts
FROM holding
WHERE parcel_key = ANY (:keys) AND upper_inf(known)
ORDER BY id
"""

# A declared area counts on days without an outline.
_LEFT_BEHIND = """
WITH ended AS MATERIALIZED (
    SELECT a.unit AS key, range_agg(a.days) AS days, max(p.area_m2) AS m2
    FROM amendment a JOIN parcel p ON p.id = a.fact
    WHERE a.closes AND a.unit IN (SELECT parcel_key FROM holding WHERE upper_inf(known) AND declared_net_m2 IS NULL)
    GROUP BY a.unit
)
SELECT e.key, e.m2, nullif(min(coalesce(lower(gap), '-infinity')), '-infinity') AS since
FROM ended e
JOIN holding h ON h.parcel_key = e.key AND upper_inf(h.known) AND h.declared_net_m2 IS NULL
CROSS JOIN LATERAL unnest(e.days * datemultirange(h.valid) - coalesce(
    (SELECT range_agg(p.valid) FROM parcel p WHERE p.key = e.key AND upper_inf(p.known)), '{}')) gap
GROUP BY e.key, e.m2
ORDER BY e.key
"""

_CLIP = """
SELECT CASE WHEN ST_Area(c.geom) > :least THEN ST_Multi(c.geom)::text END
FROM parcel n
CROSS JOIN LATERAL (SELECT shared_land(CAST(:part AS geometry), n.geom) OFFSET 0) c(geom)
WHERE n.key = :key AND upper_inf(n.known) AND lower(n.valid) = :on
"""

_CLOSE = "UPDATE holding SET known = tstzrange(lower(known), :at) WHERE id = ANY (:ids)"

_COPIED = {
    "parcel_key": "r.key",
    "declared_net_m2": "CASE WHEN r.key = h.parcel_key THEN h.declared_net_m2 END",
    "designation": "CASE WHEN r.key = h.parcel_key THEN h.designation END",
    "geom": "CAST(r.part AS geometry(MultiPolygon, 25832))",
}

_ADD = """
INSERT INTO holding ({names}, content, valid, known)
SELECT {names}, {content}, days, tstzrange(:at, NULL)
FROM (
    SELECT {said}, daterange(r.since, r.until) AS days
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(origin bigint, key text, since date, until date, part text)
    JOIN holding h ON h.id = r.origin
) moved
"""
