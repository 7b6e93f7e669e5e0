"""The ledger: dated contributions, derived from facts by rules; incremental on every write, identical to a full rebuild.

Amounts in m2 (numeric, two decimals): official area times net geometric share, both measured in EPSG:25832.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from parcels import history, line, measuring, straight
from parcels.sql import LED_BY_INDEX, PLAIN, chained, counted, steps
from parcels.straight import for_driver
from rules.facts import Holding, Part
from rules.law import BERLIN, LAW
from rules.reserve import timeline


@dataclass(frozen=True, slots=True)
class Posting:
    """How many ledger lines a derivation closed and added, and where it has moved the reserve's line (a row; None: not yet)."""

    closed: int
    added: int
    line: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines that a full derivation finds and the ledger lacks, and lines it has and should not."""

    missing: list[dict[str, Any]]
    surplus: list[dict[str, Any]]


def post(session: Session, keys: Sequence[str], recording: dict[str, Any]) -> tuple[Posting, int]:
    """Derive these parcels anew, post what differs, known from the recording's `at`, and write the recording; also its id.

    TooIntricateError where an overlay takes too long; nothing is posted then.
    """
    few = measuring.measure_few(session, keys)
    if few is None:
        session.execute(text(history.TOUCHED))
        session.execute(text("DELETE FROM touched"))
        session.execute(text(f"INSERT INTO touched {measuring.KEYS}"), {"keys": keys})
        return _post_many(session, recording, lambda _: None)
    lines = "[" + ",".join(row.line for row in few) + "]"
    verdicts = _judge({row.facts: row.days for row in few}.items(), recording["at"])
    known = {"keys": keys, "measured": lines, "verdicts": verdicts, "today": line.day_of(recording["at"]), **recording}
    done = straight.one(session, _settle_post_and_record(), known)
    return _posting(done), done.recording


def post_touched(
    session: Session, recording: dict[str, Any], on_step: Callable[[str], None] = lambda _: None
) -> tuple[Posting, int]:
    """The same for the parcels in the temporary table `touched`, however many."""
    some = session.scalars(text("SELECT key FROM touched LIMIT :most"), {"most": _SOME}).all()
    keys = sorted(set(some))
    if len(some) < _SOME and len(keys) <= measuring.FEW:
        session.execute(text(f"SELECT {LED_BY_INDEX}"))
        return post(session, keys, recording)
    return _post_many(session, recording, on_step)


def _post_many(session: Session, recording: dict[str, Any], on_step: Callable[[str], None]) -> tuple[Posting, int]:
    _derive(session, recording["at"], whole=False, on_step=on_step)
    session.execute(text(counted("derived")))
    on_step("posting")
    return _posted(session, recording["at"]), history.record(session, **recording)


def rebuild(session: Session, at: datetime, on_step: Callable[[str], None] = lambda _: None) -> Posting:
    """Derive every parcel anew and post what differs, known from `at`; remembers the version of the rules."""
    _derive(session, at, whole=True, on_step=on_step)
    on_step("posting")
    session.execute(text("UPDATE register SET rules_version = :version"), {"version": LAW.version})
    session.execute(text(_ALL_TOUCHED + counted("touched, derived")))
    return _posted(session, at)


def _posted(session: Session, at: datetime) -> Posting:
    return _posting(session.execute(_post(), {"at": at, "today": line.day_of(at)}).one())


def _posting(done: Any) -> Posting:
    return Posting(done.closed, done.added, done if done.evaluated_on is not None else None)


def verify(session: Session, at: datetime, on_step: Callable[[str], None] = lambda _: None) -> Difference:
    """Derive every parcel anew and compare, line by line, with what stands in the ledger; posts nothing."""
    _derive(session, at, whole=True, on_step=on_step)
    on_step("comparing")
    session.execute(text(counted("derived")))
    if session.execute(text(_AGREE)).scalar_one():
        return Difference([], [])
    session.execute(text(f"DROP TABLE IF EXISTS standing; CREATE TEMP TABLE standing ON COMMIT DROP AS {_STANDING}"))
    missing, surplus = (
        [dict(row) for row in session.execute(text(f"SELECT {_LINE} FROM {lines}")).mappings()]
        for lines in (f"derived d WHERE {_MISSING}", f"standing s WHERE {_SURPLUS}")
    )
    return Difference(missing, surplus)


def _derive(session: Session, at: datetime, whole: bool, on_step: Callable[[str], None]) -> None:
    """Fill the temporary table `derived` with the lines of all parcels, or of those touched, a chunk at a time."""
    session.execute(text(_DERIVED))
    on_step("choosing")
    chunks = measuring.choose(session, whole)
    for chunk in range(1, chunks + 1):
        on_step(f"measuring, part {chunk} of {chunks}")
        measuring.measure_chunk(session, chunk)
        verdicts = _judge(session.execute(text(_COMBINATIONS)), at)
        session.execute(_settle(), {"verdicts": verdicts})


def _judge(combinations: Iterable[Any], known_at: datetime) -> str:
    """Judge each distinct combination of facts once, over the days from its first to its last; verdicts as JSON."""
    known_on = datetime.combine(known_at.astimezone(BERLIN), time.min, BERLIN)  # what is published counts by the day
    verdicts = (v for facts, days in combinations for v in _verdicts(facts, days.lower, days.upper, known_on))
    return f"[{','.join(verdicts)}]"


@lru_cache(maxsize=10_000)  # much land is alike: the chunks of a city, the sales of a day
def _verdicts(facts: str, first: date | None, end: date | None, known_on: datetime) -> list[str]:
    return [
        json.dumps(
            {
                "facts": facts,
                "since": since,
                "until": until,
                "standing": v.standing,
                "not_met": v.not_met,
                "unknown": v.unknown,
            },
            default=str,
        )
        for since, until, v in timeline(_part(facts), first, end, known_on)
    ]


def _part(facts: str) -> Part:
    designation, commercial, in_port, size, held, *holding_facts = json.loads(facts)
    net_m2 = None if size is None else [Decimal(0), *measuring.thresholds()][size]
    holding = _holding(*holding_facts) if held else None
    return Part(designation, commercial, in_port, net_m2, holding)


def _holding(
    holder: str | None,
    disposition: str | None,
    until: str | None,
    serviced: bool | None,
    cleared: bool | None,
    binding_use: bool | None,
    opposing_plan: bool | None,
    possible_from: str | None,
) -> Holding:
    days = _day(until), _day(possible_from)
    return Holding(holder, disposition, days[0], serviced, cleared, binding_use, opposing_plan, days[1])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def _settle() -> TextClause:
    queries, _ = steps("settle")
    return text(f"INSERT INTO derived ({_LINE}) {chained({'verdict': queries['verdict']})} {queries['derived']}")


@cache
def _post() -> TextClause:
    return text(f"{chained(_POSTING)} SELECT {_POSTED}")


@cache
def _settle_post_and_record() -> str:
    queries = {"touched": measuring.KEYS, **steps("settle")[0], **_POSTING, **history.RECORDING}
    return for_driver(f"{chained(queries)} SELECT {_POSTED}, (SELECT id FROM recorded) AS recording, {PLAIN}")


_SAID = (
    "part, district, site, holder, disposition, designation, in_use_as_commercial, plans, gross_m2, port_m2, net_m2, "
    "area_basis, standing, not_met, unknown"
)
_LINE = f"parcel_key, valid, {_SAID}"


def _same(one: str, other: str) -> str:
    """Whether two lines say the same; parcel and days apart, for these find what is compared."""
    said, also = (f"ROW({', '.join(f'{line}.{name}' for name in _SAID.split(', '))})" for line in (one, other))
    return (
        f"{one}.parcel_key = {other}.parcel_key AND {one}.valid = {other}.valid AND {said} IS NOT DISTINCT FROM {also}"
    )


_STANDING = f"SELECT *, row_number() OVER (PARTITION BY {_LINE} ORDER BY id) AS copy FROM ledger WHERE upper_inf(known)"
_MISSING = f"NOT EXISTS (SELECT FROM standing s WHERE {_same('s', 'd')})"
_SURPLUS = f"NOT EXISTS (SELECT FROM derived d WHERE {_same('d', 's')} AND s.copy = 1)"

# The difference between the derived lines and what stands in the ledger for the same parcels.
_POSTING = {
    "standing": f"{_STANDING} AND parcel_key IN (SELECT key FROM touched)",
    "closed": f"""
        UPDATE ledger l SET known = tstzrange(lower(l.known), :at)
        FROM standing s
        WHERE l.id = s.id AND {_SURPLUS}
        RETURNING l.id, l.valid, l.standing, l.net_m2""",
    "added": f"""
        INSERT INTO ledger ({_LINE}, known)
        SELECT {_LINE}, tstzrange(:at, NULL)
        FROM derived d
        WHERE {_MISSING}
        RETURNING id, valid, standing, net_m2""",
    **line.MOVED,
}
_SOME = 20 * measuring.FEW  # rows of `touched`, which repeats itself: if there are more, parcels are not counted
_COUNTED = "(SELECT count(*) FROM closed) AS closed, (SELECT count(*) FROM added) AS added"
_LINE_NOW = ", ".join(f"(SELECT {name} FROM line) AS {name}" for name in line.KEPT)
_POSTED = f"{_COUNTED}, {_LINE_NOW}"

_DERIVED = f"""
{history.TOUCHED};
CREATE TEMP TABLE IF NOT EXISTS derived ON COMMIT DELETE ROWS AS SELECT {_LINE} FROM ledger WITH NO DATA;
TRUNCATE derived
"""

# One look tells that both agree: no line is derived twice, so where each stands and there are no more, none stands twice.
_AGREE = f"""
SELECT count(*) = (SELECT count(*) FROM derived) AND count(*) = (SELECT count(*) FROM ledger WHERE upper_inf(known))
FROM derived d
WHERE EXISTS (SELECT FROM ledger l WHERE upper_inf(l.known) AND {_same("d", "l")})
"""

_COMBINATIONS = "SELECT facts, range_merge(range_agg(days)) AS days FROM measured GROUP BY facts"

_ALL_TOUCHED = """
TRUNCATE touched;
INSERT INTO touched SELECT parcel_key FROM ledger WHERE upper_inf(known) UNION SELECT parcel_key FROM derived;
"""
