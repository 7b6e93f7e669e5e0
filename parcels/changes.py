"""What changed in the reserve and why: the difference of two ledgers, line by line; the parts add up to the difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.queries import LINE_COLUMNS, Line, in_force, line
from rules.facts import Standing


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recording behind a change: when, how and by whom it came to be known."""

    at: datetime
    kind: str | None
    layer: str | None
    actor: str | None
    note: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A part of a parcel before and after; amounts in m2. `on` is the day it happened, or the day it was asked about."""

    on: date
    kind: str
    before: Line | None
    after: Line | None
    net_m2: Decimal
    free_m2: Decimal
    because: tuple[str, ...]
    recorded: Recorded


def over_days(session: Session, since: date, until: date, known_at: datetime) -> list[Change]:
    """The changes from `since` to `until` as known at one instant, each on the day it happened (since < day <= until)."""
    in_force(since, known_at)
    rows = session.execute(text(_OVER_DAYS), {"since": since, "until": until, "known_at": known_at}).all()
    return _changes(rows)


def over_knowledge(session: Session, on: date, known_from: datetime, known_to: datetime) -> list[Change]:
    """What became known of one day between two instants (known_from < recording <= known_to), recording by recording."""
    in_force(on, known_to)
    rows = session.execute(text(_OVER_KNOWLEDGE), {"on": on, "known_from": known_from, "known_to": known_to}).all()
    return _changes(rows)


def turned(session: Session, at: datetime) -> tuple[list[Line], list[Line]]:
    """The ledger's lines, of all days, that the recording at this instant closed, and those that it added."""
    rows = session.execute(text(_TURNED), {"at": at}).all()
    closed, added = ([line(row) for row in rows if row.added is side] for side in (False, True))
    return closed, added


def moves(before: Iterable[Line], after: Iterable[Line]) -> list[tuple[Line | None, Line | None]]:
    """Lines of one day before and after, matched part by part as changes are, by parcel; also of land that does not count."""
    sides: dict[str, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for number, lines in enumerate((before, after)):
        for one in lines:
            sides[one.parcel_key][number].append(one)
    return [pair for key in sorted(sides) for pair in _pairs(*sides[key])]


def _changes(rows: Iterable[Any]) -> list[Change]:
    """Rows are (seam, on, starts, at, kind, layer, actor, note, source, line...), ordered by seam and parcel."""
    sides: dict[tuple[Any, str], tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for row in rows:
        sides[row.seam, row.parcel_key][row.starts].append(row)
    found = []
    for before, after in sides.values():
        for old, new in _pairs(before, after):
            change = _change(old, new)
            if change.net_m2 or change.free_m2:
                found.append(change)
    return found


def _pairs(before: list[Any], after: list[Any]) -> Iterator[tuple[Any | None, Any | None]]:
    """Match lines of one parcel: first those of the same part and designation, then of the same part, then what is left."""
    keys = (
        lambda row: (row.part, row.designation, row.in_use_as_commercial),
        lambda row: row.part,
        lambda row: None,
    )
    for key in keys:
        for old in list(before):
            twin = next((new for new in after if key(new) == key(old)), None)
            if twin is not None:
                before.remove(old)
                after.remove(twin)
                yield old, twin
    yield from ((old, None) for old in before)
    yield from ((None, new) for new in after)


def _change(old: Any | None, new: Any | None) -> Change:
    row = new if new is not None else old
    assert row is not None  # noqa: S101 (a pair has at least one side)
    before, after = (None if old is None else line(old)), (None if new is None else line(new))
    net = counted(after) - counted(before)
    free = counted(after, free=True) - counted(before, free=True)
    recorded = Recorded(row.at, row.kind, row.layer, row.actor, row.note, row.source)
    return Change(row.on, _kind(before, after), before, after, net, free, because(before, after), recorded)


def counted(found: Line | None, free: bool = False) -> Decimal:
    """The m2 that a line adds to the reserve, or to what of it is free."""
    counting = (Standing.COUNTED_FREE,) if free else (Standing.COUNTED_FREE, Standing.COUNTED_RESERVED)
    return found.net_m2 if found is not None and found.standing in counting else Decimal(0)


def _kind(before: Line | None, after: Line | None) -> str:
    if not counted(before):
        return "entered"
    return "changed" if counted(after) else "left"


def because(before: Line | None, after: Line | None) -> tuple[str, ...]:
    """Names of what differs between two lines of a part: criteria that turned, else the facts that moved the amount."""
    if before is None or after is None:
        return ("recorded",) if before is None else ("no_longer_workplace_land",)
    turned = {*before.not_met, *before.unknown} ^ {*after.not_met, *after.unknown}
    facts = [name for name in ("designation", "disposition", "holder") if getattr(before, name) != getattr(after, name)]
    area = ["net_m2"] if before.net_m2 != after.net_m2 else []
    return tuple(dict.fromkeys([*sorted(turned), *facts, *area])) or ("standing",)


_RECORDING = "r.at, r.kind, r.layer, r.actor, r.note, r.source"

_OVER_DAYS = f"""
WITH turning AS (
    SELECT lower(valid) AS seam, 1 AS starts, lower(known) AS since, l.* FROM ledger l
    WHERE known @> CAST(:known_at AS timestamptz) AND lower(valid) > :since AND lower(valid) <= :until
    UNION ALL
    SELECT upper(valid), 0, lower(known), l.* FROM ledger l
    WHERE known @> CAST(:known_at AS timestamptz) AND upper(valid) > :since AND upper(valid) <= :until
)
SELECT t.seam, t.seam AS on, t.starts, {_RECORDING}, t.{LINE_COLUMNS}
FROM turning t LEFT JOIN recording r ON r.at = t.since
ORDER BY t.seam, t.parcel_key, t.id
"""

_OVER_KNOWLEDGE = f"""
WITH turning AS (
    SELECT lower(known) AS seam, 1 AS starts, l.* FROM ledger l
    WHERE valid @> CAST(:on AS date) AND lower(known) > :known_from AND lower(known) <= :known_to
    UNION ALL
    SELECT upper(known), 0, l.* FROM ledger l
    WHERE valid @> CAST(:on AS date) AND upper(known) > :known_from AND upper(known) <= :known_to
)
SELECT t.seam, CAST(:on AS date) AS on, t.starts, {_RECORDING}, t.{LINE_COLUMNS}
FROM turning t LEFT JOIN recording r ON r.at = t.seam
ORDER BY t.seam, t.parcel_key, t.id
"""

_TURNED = f"""
SELECT lower(known) = :at AS added, {LINE_COLUMNS} FROM ledger
WHERE lower(known) = :at AND upper_inf(known) OR upper(known) = :at
ORDER BY parcel_key, id
"""
