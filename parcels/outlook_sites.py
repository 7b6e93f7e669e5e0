"""Sites on their way to the reserve as an outlook sees them: land offered as replacement, with its milestones. Amounts in m2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import candidates, line, milestones, pledges
from parcels.candidates import Candidate
from rules.facts import Outcome
from rules.law import LAW
from rules.outlook_sites import Entering, Site, entering
from rules.pipeline import Path, available, path


@dataclass(frozen=True, slots=True)
class SiteAhead:
    """A site that is still offered, how far it is on its way, what of it is pledged, and what of it would enter the reserve."""

    candidate: Candidate
    way: Path
    pledged_m2: Decimal
    entering: Entering


def sites(session: Session, on: date, known_at: datetime) -> list[SiteAhead]:
    """The sites offered on a day, of those that were entered by then, the one to be built on first at the head."""
    wanted = candidates.Wanted(offered_on=on)
    offered = {
        one.id: one for one in candidates.listing(session, known_at, wanted) if line.day_of(one.created_at) <= on
    }
    if not offered:
        return []
    law, said = LAW.on(on, known_at), milestones.with_plans(session, offered, known_at)
    ways = {number: path(said[number], on, law) for number in offered}
    bound_m2: dict[int, Decimal] = defaultdict(Decimal)
    held = pledges.Wanted(candidates=tuple(offered), holding_on=on)
    for pledge in pledges.listing(session, known_at, held):
        bound_m2[pledge.bound.candidate] += pledge.bound.net_m2
    shares = candidates.overlaps(session, offered)
    recorded = _recorded(session, ways, law["holders.municipal"].codes, known_at)
    asked = [
        Site(
            number=number,
            net_m2=one.offered.net_m2,
            designation=one.origin.designation,
            way=ways[number],
            pledged_m2=bound_m2[number],
            counted_m2=recorded[number].counted_m2,
            municipal=_municipal(recorded[number].municipal),
            shares=shares.get(number, frozenset()),
        )
        for number, one in offered.items()
    ]
    return [SiteAhead(offered[one.number], ways[one.number], bound_m2[one.number], one) for one in entering(asked, law)]


def _municipal(known: bool | None) -> Outcome:
    return Outcome.UNKNOWN if known is None else Outcome.MET if known else Outcome.NOT_MET


def _recorded(session: Session, ways: dict[int, Path], municipal: Sequence[str], known_at: datetime) -> dict[int, Any]:
    """What the register says of each site's land from the day on from which it can be built on, else from the day asked about."""
    bound = {
        "numbers": list(ways),
        "days": [available(way) or way.on for way in ways.values()],
        "municipal": list(municipal),
        "known_at": known_at,
    }
    return {row.id: row for row in session.execute(text(_RECORDED), bound)}


# What counts of it at once on some day from then on, at the most, enters by the register, on the register's own day.
# Municipal is a site of which all parcels are held, and by municipal holders alone.
_RECORDED = """
SELECT a.id, held.municipal, coalesce(counted.net_m2, 0) AS counted_m2
FROM unnest(CAST(:numbers AS bigint[]), CAST(:days AS date[])) AS a(id, day)
JOIN candidate c ON c.id = a.id
CROSS JOIN LATERAL (
    WITH line AS (
        SELECT l.valid, l.net_m2 FROM ledger l
        WHERE l.parcel_key = ANY (c.keys) AND l.valid && daterange(a.day, NULL) AND l.known @> CAST(:known_at AS timestamptz)
            AND l.standing IN ('counted_free', 'counted_reserved'))
    SELECT max(at_once.net_m2) AS net_m2
    FROM (SELECT DISTINCT greatest(lower(valid), a.day) FROM line) AS seam(day)
    CROSS JOIN LATERAL (SELECT sum(net_m2) AS net_m2 FROM line WHERE valid @> seam.day) at_once) counted
CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_or(h.holder <> ALL (:municipal)) THEN false
                WHEN count(*) > 0 AND count(*) = count(h.holder) THEN true END AS municipal
    FROM unnest(c.keys) AS k(key)
    LEFT JOIN holding h ON h.parcel_key = k.key AND h.valid @> a.day AND h.known @> CAST(:known_at AS timestamptz)) held
"""
