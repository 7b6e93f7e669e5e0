"""Which parcel follows which, and what was held of the old ones: worked out with every import of parcels, in its transaction.

A parcel ends on the day on which another begins, and they share land: so the one follows the other. Measured in EPSG:25832 with
the slivers that two surveys of one border leave apart. What files state beside is kept, without m2, until it is measured.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psycopg import sql
from sqlalchemy import Result, text
from sqlalchemy.orm import Session

from parcels.following import Pair
from parcels.handover import hand_on, left_behind, listed
from parcels.importing.contract import SLIVER_M, SLIVER_M2, Issue, Kin
from parcels.limits import limited
from parcels.sql import counted, statement, steps

SECONDS = 300  # of a statement: 1,000 parcels that end take half a second
SAME_SHARE = Decimal("0.001")  # official areas are whole m2, and measured anew with a split:
SAME_M2 = 1  # so many for each parcel, or that share of all, may come and go


@dataclass(frozen=True, slots=True)
class Relation:
    """A parcel before or after another one: since which day, and how many m2 (EPSG:25832) they share, as far as known."""

    key: str
    changed_on: date | None
    shared_m2: Decimal | None


@dataclass(frozen=True, slots=True)
class Followed:
    """What an import meant for lineage: lines closed or added, holdings closed or added, findings."""

    lines: int
    holdings: int
    issues: list[Issue]

    @property
    def changed(self) -> bool:
        """Whether anything was recorded."""
        return self.lines + self.holdings > 0


def record(session: Session, at: datetime, kin: Sequence[Kin]) -> Followed:
    """Bring lineage and holdings in step with the parcels just amended at `at`; adds to the temporary table `touched`.

    TooIntricateError where the outlines cannot be compared in time.
    """
    pairs = _pairs(session, at)
    lines = _keep_measured(session, at, pairs) + _keep_stated(session, at, kin)
    issues = list(_still_there(session, kin))
    moving = _moving(pairs)
    issues += [issue for group in _groups(moving) if (issue := _differing(group))]
    holdings, stuck = hand_on(session, at, moving) if moving else (0, [])
    return Followed(lines, holdings, [*issues, *stuck, *left_behind(session)])


def relations(session: Session, key: str, known_at: datetime) -> dict[str, list[Relation]]:
    """The `predecessors` and `successors` of a parcel as they were known at an instant."""
    rows = session.execute(text(_RELATIONS), {"key": key, "known_at": known_at})
    found: dict[str, list[Relation]] = {"predecessors": [], "successors": []}
    for side, *relation in rows:
        found[side].append(Relation(*relation))
    return found


def _pairs(session: Session, at: datetime) -> list[Pair]:
    """All pairs on the days on which a parcel just recorded, or just closed, begins or ends."""
    if not session.execute(text(_ANY_DAY)).scalar_one():
        return []
    queries, ending = steps("lineage_pairs")
    with limited(session, SECONDS):
        for name, query in queries.items():
            made = query.replace(":at", sql.Literal(at).as_string(None))  # what makes a table takes no parameters
            loops = "on" if name == "kin_met" else "off"
            make = f"SET LOCAL enable_nestloop = {loops}; CREATE TEMP TABLE {name} ON COMMIT DROP AS {made}; {counted(name)}"
            session.execute(text(make))
        bound = {"sliver_m": SLIVER_M, "sliver_m2": SLIVER_M2}
        pairs = [Pair(*row) for row in session.execute(text(ending), bound)]
        session.execute(text(f"SET LOCAL enable_nestloop = DEFAULT; DROP TABLE {', '.join(queries)}"))
    return pairs


def _moving(pairs: list[Pair]) -> list[Pair]:
    """The pairs of the groups of which something was just recorded: the others have been seen to."""
    return [pair for group in _groups(pairs) if any(one.fresh for one in group) for pair in group]


def _groups(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Pairs that hang together: on one day, by an old or a new parcel that they have in common."""
    lead: dict[tuple[date, str, str], tuple[date, str, str]] = {}

    def first(one: tuple[date, str, str]) -> tuple[date, str, str]:
        lead.setdefault(one, one)
        while lead[one] != one:
            lead[one] = lead[lead[one]]
            one = lead[one]
        return one

    pairs = sorted(pairs, key=lambda pair: (pair.day, pair.old, pair.new))
    for pair in pairs:
        # one that is redrawn is old and new at once
        old = (pair.day, "old" if pair.gone else "", pair.old)
        new = (pair.day, "new" if pair.come else "", pair.new)
        lead[first(old)] = first(new)
    groups = defaultdict(list)
    for pair in pairs:
        groups[first((pair.day, "old" if pair.gone else "", pair.old))].append(pair)
    return list(groups.values())


def _differing(group: list[Pair]) -> Issue | None:
    """A warning where a group of parcels has more or fewer hectares after its day than before."""
    olds = {one.old: one.old_before_m2 for one in group}
    news = {one.new: one.new_after_m2 for one in group}
    olds |= {one.new: one.new_before_m2 for one in group if one.new_before_m2 is not None}
    news |= {one.old: one.old_after_m2 for one in group if one.old_after_m2 is not None}
    before, after = sum(olds.values(), Decimal(0)), sum(news.values(), Decimal(0))
    difference = after - before
    if abs(difference) <= max(SAME_M2 * Decimal(len(olds) + len(news)), SAME_SHARE * before):
        return None
    said = (
        f"Parcels {listed(olds)} had {before:,.2f} m2 until {group[0].day}, {listed(news)} in their place have {after:,.2f} m2 "
        f"({difference:+,.2f} m2): check the official areas, and whether a parcel is missing."
    )
    return Issue(None, min(olds), "official_m2", "hectares-differ", "warning", said, f"{difference:+.2f}")


def _keep_measured(session: Session, at: datetime, pairs: list[Pair]) -> int:
    """Close the lines of these days that hold no more, add those that are new."""
    rows = json.dumps(
        [{"p": one.old, "s": one.new, "d": one.day, "m2": round(one.m2, 2)} for one in pairs], default=str
    )
    closed, added = session.execute(statement("lineage_measured"), {"at": at, "rows": rows}).one()
    return int(closed) + int(added)


def _keep_stated(session: Session, at: datetime, kin: Sequence[Kin]) -> int:
    """Add what a file states of parcels of which at least one is in the register, and nobody has measured."""
    if not kin:
        return 0
    rows = json.dumps([{"p": one.predecessor, "s": one.successor, "d": one.on} for one in kin])
    return int(_passing_over(session, _STATED, {"at": at, "rows": rows}).scalar_one())


def _passing_over(session: Session, query: str, bound: dict[str, Any]) -> Result[Any]:
    """A query about many keys in a few passes over all parcels, for the planner takes them to be few."""
    session.execute(text("SET LOCAL enable_nestloop = off"))
    found = session.execute(text(query), bound)
    session.execute(text("SET LOCAL enable_nestloop = DEFAULT"))
    return found


def _still_there(session: Session, kin: Sequence[Kin]) -> Iterator[Issue]:
    """Parcels that a file names as predecessors, and that are recorded beyond the day on which their successors begin."""
    if not kin:
        return
    rows = json.dumps([{"p": one.predecessor, "s": one.successor, "d": one.on} for one in kin])
    for row in _passing_over(session, _STILL_THERE, {"rows": rows}):
        old, new, on = row.predecessor, row.successor, row.changed_on
        said = (
            f"Parcel {old} is named as a predecessor of {new} since {on}, but is recorded beyond that day, so that its land "
            f"counts twice: import it with valid_to {on}."
        )
        yield Issue(None, old, "valid_to", "predecessor-open", "warning", said, str(on))


_ANY_DAY = """
SELECT EXISTS (SELECT FROM amendment WHERE NOT (lower_inf(days) AND upper_inf(days)))
"""

# A parcel has a first and a last day where its outlines are not recorded since always, or for ever.
_KIN = """
kin AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(p text, s text, d date)),
recorded AS MATERIALIZED (
    SELECT key, CASE WHEN NOT bool_or(lower_inf(valid)) THEN min(lower(valid)) END AS since,
           CASE WHEN NOT bool_or(upper_inf(valid)) THEN max(upper(valid)) END AS until
    FROM parcel
    WHERE upper_inf(known) AND key IN (SELECT p FROM kin UNION SELECT s FROM kin)
    GROUP BY key
),
named AS MATERIALIZED (
    SELECT DISTINCT ON (k.p, k.s) k.p AS predecessor, k.s AS successor, coalesce(k.d, s.since, p.until) AS changed_on
    FROM kin k LEFT JOIN recorded p ON p.key = k.p LEFT JOIN recorded s ON s.key = k.s
    WHERE p.key IS NOT NULL OR s.key IS NOT NULL
    ORDER BY k.p, k.s, k.d
)
"""

_STATED = f"""
WITH {_KIN},
added AS (
    INSERT INTO lineage (predecessor, successor, changed_on, known)
    SELECT n.*, tstzrange(:at, NULL) FROM named n
    WHERE NOT EXISTS (
        SELECT FROM lineage l
        WHERE l.predecessor = n.predecessor AND l.successor = n.successor AND upper_inf(l.known))
    RETURNING id
)
SELECT count(*) FROM added
"""

_STILL_THERE = f"""
WITH {_KIN}
SELECT DISTINCT ON (n.predecessor) n.predecessor, n.successor, n.changed_on
FROM named n
JOIN parcel p ON p.key = n.predecessor AND upper_inf(p.known) AND p.valid @> n.changed_on
JOIN parcel s ON s.key = n.successor AND upper_inf(s.known) AND s.valid @> n.changed_on
ORDER BY n.predecessor, n.successor
"""

_RELATIONS = """
SELECT 'predecessors' AS side, predecessor, changed_on, shared_m2 FROM lineage
WHERE successor = :key AND known @> CAST(:known_at AS timestamptz)
UNION ALL
SELECT 'successors', successor, changed_on, shared_m2 FROM lineage
WHERE predecessor = :key AND known @> CAST(:known_at AS timestamptz)
ORDER BY 1, 3, 2
"""
