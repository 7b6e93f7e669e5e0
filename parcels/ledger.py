"""The ledger: dated contributions, derived from facts by rules; incremental on every write, identical to a full rebuild.

Amounts in m2 (numeric, two decimals): official area times net geometric share, both measured in EPSG:25832.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.sql import statement
from rules.facts import Holding, Part
from rules.law import LAW
from rules.reserve import size_limits, timeline

# Below this many parcels it is cheaper to measure them all than to find out first which of them can have a line.
FEW = 50
CENT_M2 = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Posting:
    """How many ledger lines a derivation closed and added."""

    closed: int
    added: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines that a full derivation finds and the ledger lacks, and lines it has and should not."""

    missing: list[dict[str, Any]]
    surplus: list[dict[str, Any]]


def workplace() -> list[str]:
    """All designations that were ever workplace land (reserve or stock): only these, or a holding, make a line."""
    names = ("reserve.designations", "stock.designations", "stock.designations_if_in_use_as_commercial")
    return sorted({code for name in names for value in LAW.parameters[name] for code in value.codes})


def post(session: Session, at: datetime, on_step: Callable[[str], None] = lambda _: None) -> Posting:
    """Derive the parcels in the temporary table `touched` anew and post what differs, known from `at`."""
    _derive(session, at, whole=False, on_step=on_step)
    return _post(session, at)


def rebuild(session: Session, at: datetime, on_step: Callable[[str], None] = lambda _: None) -> Posting:
    """Derive every parcel anew and post what differs, known from `at`; remembers the version of the rules."""
    _derive(session, at, whole=True, on_step=on_step)
    on_step("posting")
    session.execute(text("UPDATE register SET rules_version = :version"), {"version": LAW.version})
    session.execute(text("INSERT INTO touched SELECT parcel_key FROM ledger WHERE upper_inf(known)"))
    session.execute(text("ANALYZE touched"))
    return _post(session, at)


def verify(session: Session, at: datetime, on_step: Callable[[str], None] = lambda _: None) -> Difference:
    """Derive every parcel anew and compare, line by line, with what stands in the ledger; posts nothing."""
    _derive(session, at, whole=True, on_step=on_step)
    on_step("comparing")
    missing = session.execute(
        text(
            "SELECT d.* FROM derived d WHERE NOT EXISTS (SELECT FROM ledger l WHERE upper_inf(l.known) AND l.content = d.content)"
        )
    )
    surplus = session.execute(
        text(
            "SELECT l.* FROM ledger l WHERE upper_inf(l.known) AND NOT EXISTS (SELECT FROM derived d WHERE l.content = d.content)"
        )
    )
    return Difference([dict(row) for row in missing.mappings()], [dict(row) for row in surplus.mappings()])


def _post(session: Session, at: datetime) -> Posting:
    return Posting(*session.execute(statement("post"), {"at": at}).one())


def _derive(session: Session, at: datetime, whole: bool, on_step: Callable[[str], None]) -> None:
    """Fill the temporary table `derived` with the lines of the parcels in scope."""
    session.execute(text(_WORKSPACE))
    thresholds = [CENT_M2, *size_limits()]
    on_step("choosing")
    many = _choose(session, whole)
    # The planner cannot know how many parcels a common table expression holds: with many, no join may loop over another.
    # With few, planning costs more than measuring: the plan is made once a connection, and reads nothing without an index.
    session.execute(text(_MANY if many else _FEW))
    on_step("measuring")
    session.execute(statement("fragments"))
    if many:
        session.execute(text("CREATE INDEX IF NOT EXISTS fragment_geom ON fragment USING gist (geom)"))
    session.execute(statement("measure"), {"workplace": workplace(), "size_limits": thresholds})
    session.execute(text(_PLAIN))
    on_step("judging")
    _judge(session, at, thresholds)
    on_step("settling")
    session.execute(statement("settle"))


def _choose(session: Session, whole: bool) -> bool:
    """Fill `scope`; whether it holds many parcels."""
    touched = 0 if whole else session.execute(text("SELECT count(*) FROM touched")).scalar_one()
    if not whole and touched <= FEW:
        session.execute(text("INSERT INTO scope SELECT DISTINCT key FROM touched"))
        return False
    # What was just imported is not in the planner's statistics yet, and may be a hundred times what is.
    session.execute(text("ANALYZE parcel, holding, zone, zone_piece, port_area_piece, deduction_piece, district_piece"))
    only = "" if whole else "WHERE key IN (SELECT key FROM touched)"
    session.execute(text(_CANDIDATES.format(only=only)), {"workplace": workplace()})
    session.execute(text("ANALYZE scope"))
    return True


def _judge(session: Session, known_at: datetime, thresholds: list[Decimal]) -> None:
    """Each distinct combination of facts is judged once, over all days."""
    found = session.execute(
        text("SELECT facts, range_merge(range_agg(days)) AS days FROM measured GROUP BY facts")
    ).all()
    verdicts = [
        {
            "facts": facts,
            "since": since,
            "until": until,
            "standing": v.standing,
            "not_met": v.not_met,
            "unknown": v.unknown,
        }
        for facts, days in found
        for since, until, v in timeline(_part(facts, thresholds), days.lower, days.upper, known_at)
    ]
    session.execute(text(_VERDICTS), {"verdicts": json.dumps(verdicts, default=str)})


def _part(facts: str, thresholds: list[Decimal]) -> Part:
    designation, commercial, in_port, size, held, *holding_facts = json.loads(facts)
    net_m2 = None if size is None else [Decimal(0), *thresholds][size]
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


_WORKSPACE = """
CREATE TEMP TABLE IF NOT EXISTS touched (key text COLLATE "C") ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS scope (key text COLLATE "C") ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS fragment (
    id bigint, land bigint, key text COLLATE "C", valid daterange, plane float8, area_m2 numeric, area_basis text,
    district text, geom geometry
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS measured (
    key text COLLATE "C", part uuid, days daterange, district text, designation text, in_use_as_commercial boolean,
    plans text[], gross_m2 numeric, port_m2 numeric, net_m2 numeric, area_basis text, site text, holder text,
    disposition text, facts text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS verdict (
    facts text, days daterange, standing text, not_met text[], unknown text[]
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS derived ON COMMIT DELETE ROWS AS
    SELECT parcel_key, part, district, site, holder, disposition, designation, in_use_as_commercial, plans, gross_m2,
           port_m2, net_m2, area_basis, standing, not_met, unknown, content, valid
    FROM ledger WITH NO DATA;
DELETE FROM scope; DELETE FROM fragment; DELETE FROM measured; DELETE FROM verdict; DELETE FROM derived
"""

_MANY = """
SET LOCAL enable_nestloop = off; SET LOCAL enable_memoize = off; SET LOCAL work_mem = '128MB';
SET LOCAL plan_cache_mode = force_custom_plan
"""
_FEW = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
SET LOCAL plan_cache_mode = force_generic_plan
"""
_PLAIN = """
SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on;
SET LOCAL enable_seqscan = on; SET LOCAL plan_cache_mode = force_generic_plan
"""

# Parcels that can have a line at all: held ones and those that workplace land touches.
_CANDIDATES = """
INSERT INTO scope
SELECT key FROM (
    SELECT parcel_key AS key FROM holding WHERE upper_inf(known)
    UNION
    SELECT p.key
    FROM zone z
    JOIN zone_piece zp ON zp.fact_id = z.id
    JOIN parcel p ON p.geom && zp.geom AND upper_inf(p.known)
    WHERE z.designation = ANY (:workplace)
) candidates
{only}
"""

_VERDICTS = """
INSERT INTO verdict
SELECT facts, daterange(since, until), standing, not_met, unknown
FROM jsonb_to_recordset(CAST(:verdicts AS jsonb))
     AS v(facts text, since date, until date, standing text, not_met text[], unknown text[])
"""
