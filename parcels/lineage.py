"""Which parcel follows which, and what was held of the old ones: worked out with every import of parcels, in its transaction.

A parcel ends on the day on which another begins, and they share land: so the one follows the other. Measured in EPSG:25832 with
the slivers that two surveys of one border leave apart. What files state beside is kept, without m2, until it is measured.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from parcels import history
from parcels.following import ALWAYS, OPEN, Held, Stuck, Successor, ended, follow
from parcels.importing.contract import SLIVER_M, SLIVER_M2, Issue, Kin, Refused
from parcels.limits import limited
from parcels.sql import counted, statement, steps

SECONDS = 300  # of a statement: 1,000 parcels that end take half a second
SAME_SHARE = Decimal("0.001")  # official areas are whole m2, and measured anew with a split:
SAME_M2 = 1  # so many for each parcel, or that share of all, may come and go
LISTED = 12
NOT_FACTS = ("parcel_key", "declared_net_m2", "designation", "geom")  # these two hold only where there is no outline


@dataclass(frozen=True, slots=True)
class Pair:
    """An old and a new parcel that share land (m2, EPSG:25832), with the day, and the areas that both have before and after it.

    The old one is `gone` with the day unless it is only redrawn; the new one has `come` unless it was there before.
    """

    day: date
    old: str
    new: str
    m2: float
    old_before_m2: Decimal
    old_after_m2: Decimal | None
    new_before_m2: Decimal | None
    new_after_m2: Decimal
    new_plane_m2: float
    fresh: bool

    @property
    def gone(self) -> bool:
        """Whether the old parcel ends with the day."""
        return self.old_after_m2 is None

    @property
    def come(self) -> bool:
        """Whether the new parcel begins with the day."""
        return self.new_before_m2 is None


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
    if not moving:
        return Followed(lines, 0, issues)
    issues += [issue for group in _groups(moving) if (issue := _differing(group))]
    holdings, stuck = _follow(session, at, moving)
    return Followed(lines, holdings, issues + stuck)


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
        f"Parcels {_listed(olds)} had {before:,.2f} m2 until {group[0].day}, {_listed(news)} in their place have {after:,.2f} m2 "
        f"({difference:+,.2f} m2): check the official areas, and whether a parcel is missing."
    )
    return Issue(None, min(olds), "official_m2", "hectares-differ", "warning", said, f"{difference:+.2f}")


def _listed(keys: Iterable[str]) -> str:
    found = sorted(keys)
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return ", ".join(found[:LISTED]) + more


def _follow(session: Session, at: datetime, pairs: list[Pair]) -> tuple[int, list[Issue]]:
    """Let holdings follow, day by day: how many facts are closed and added, and what could not follow."""
    before, facts = _holdings(session, {key for pair in pairs for key in (pair.old, pair.new)})
    held = {key: list(found) for key, found in before.items()}
    issues: list[Issue] = []

    def clip(part: str, key: str, on: date) -> str | None:
        found: str | None = session.execute(
            text(_CLIP), {"part": part, "key": key, "on": on, "least": SLIVER_M2}
        ).scalar_one()
        return found

    for day, successors in _by_day(pairs):
        stood = {key: list(found) for key, found in held.items()}
        for successor in successors:
            got, stuck = follow(successor, stood, facts, clip)
            held.setdefault(successor.key, []).extend(got)
            issues += [_stuck(one) for one in stuck]
            if successor.come and not stuck and not any(one.until > day for one in held[successor.key]):
                issues += _unheld(successor, stood)
        for old in {pair.old for pair in pairs if pair.day == day and pair.gone}:
            held[old] = ended(held.get(old, []), day)
    return _amend(session, at, before, held), issues


def _by_day(pairs: list[Pair]) -> Iterator[tuple[date, list[Successor]]]:
    days: dict[date, dict[str, list[Pair]]] = defaultdict(lambda: defaultdict(list))
    for pair in pairs:
        days[pair.day][pair.new].append(pair)
    for day, news in sorted(days.items()):
        yield (
            day,
            [
                Successor(key, day, found[0].new_plane_m2, {one.old: one.m2 for one in found}, found[0].come)
                for key, found in sorted(news.items())
            ],
        )


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
    columns = list(history.LAYERS["holdings"].columns)
    said = [_COPIED.get(name, f"h.{name}") + f" AS {name}" for name in columns]
    add = _ADD.format(names=", ".join(columns), said=", ".join(said))
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
        f"Parcel {one.key} has {one.m2:,.2f} m2 of the held land of {_listed(one.olds)}, whose holdings cannot follow {days}, "
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
            f"Parcel {successor.key} has {m2:,.2f} m2 of {_listed(olds)}, held until {successor.on} and not beyond: import a "
            f"holding of {successor.key} with valid_from {successor.on}. Until then this land shows as unrecorded."
        )
        yield Issue(
            None, successor.key, "key", "holding-cannot-follow", "warning", said, f"{m2:.2f}", Decimal(f"{m2:.2f}")
        )


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
    return int(session.execute(text(_STATED), {"at": at, "rows": rows}).scalar_one())


def _still_there(session: Session, kin: Sequence[Kin]) -> Iterator[Issue]:
    """Parcels that a file names as predecessors, and that are recorded beyond the day on which their successors begin."""
    if not kin:
        return
    rows = json.dumps([{"p": one.predecessor, "s": one.successor, "d": one.on} for one in kin])
    for old, new, on in session.execute(text(_STILL_THERE), {"rows": rows}):
        said = (
            f"Parcel {old} is named as a predecessor of {new} since {on}, but is recorded beyond that day, so that its land "
            f"counts twice: import it with valid_to {on}."
        )
        yield Issue(None, old, "valid_to", "predecessor-open", "warning", said, str(on))


_ANY_DAY = """
SELECT EXISTS (SELECT FROM amendment WHERE NOT (lower_inf(days) AND upper_inf(days)))
"""

_HELD = """
SELECT id, parcel_key, lower(valid) AS since, upper(valid) AS until, geom::text AS part, md5(ROW({names})::text) AS facts
FROM holding
WHERE parcel_key = ANY (:keys) AND upper_inf(known)
ORDER BY id
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
SELECT {names}, md5(ROW({names})::text)::uuid, days, tstzrange(:at, NULL)
FROM (
    SELECT {said}, daterange(r.since, r.until) AS days
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(origin bigint, key text, since date, until date, part text)
    JOIN holding h ON h.id = r.origin
) moved
"""

_KIN = """
SELECT DISTINCT ON (p, s) p AS predecessor, s AS successor, coalesce(
    d,
    (SELECT min(lower(valid)) FROM parcel WHERE key = s AND upper_inf(known)),
    (SELECT max(upper(valid)) FROM parcel WHERE key = p AND upper_inf(known))) AS changed_on
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(p text, s text, d date)
WHERE EXISTS (SELECT FROM parcel WHERE key = p) OR EXISTS (SELECT FROM parcel WHERE key = s)
ORDER BY p, s, d
"""

_STATED = f"""
WITH stated_kin AS MATERIALIZED ({_KIN}),
added AS (
    INSERT INTO lineage (predecessor, successor, changed_on, known)
    SELECT k.*, tstzrange(:at, NULL) FROM stated_kin k
    WHERE NOT EXISTS (
        SELECT FROM lineage l
        WHERE l.predecessor = k.predecessor AND l.successor = k.successor AND upper_inf(l.known))
    RETURNING id
)
SELECT count(*) FROM added
"""

_STILL_THERE = f"""
SELECT DISTINCT ON (k.predecessor) k.predecessor, k.successor, k.changed_on
FROM ({_KIN}) k
JOIN parcel p ON p.key = k.predecessor AND upper_inf(p.known) AND p.valid @> k.changed_on
JOIN parcel n ON n.key = k.successor AND upper_inf(n.known) AND n.valid @> k.changed_on
ORDER BY k.predecessor, k.successor
"""

_RELATIONS = """
SELECT 'predecessors' AS side, predecessor, changed_on, shared_m2 FROM lineage
WHERE successor = :key AND known @> CAST(:known_at AS timestamptz)
UNION ALL
SELECT 'successors', successor, changed_on, shared_m2 FROM lineage
WHERE predecessor = :key AND known @> CAST(:known_at AS timestamptz)
ORDER BY 1, 3, 2
"""
