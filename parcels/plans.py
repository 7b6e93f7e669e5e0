"""Plans in the register: what a file says of them, on which days each of them holds, and what of it is recorded in which layer.

In force a plan gives zones and deductions; before that pipeline zones, which are never counted; in both cases marks (a ban on
changes, its port areas) as evidence. A file speaks for all days of a plan from the one on which it comes into force; of a plan
in procedure for the days before it is recorded to be in force. So the order in which its files come makes no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import history
from parcels.history import LAYERS, Amendment

IN_FORCE = ("in_force", "partly_lapsed")
ENDED = ("repealed", "expired")
STAGES = ("started", "draft", "participation", "display", "adopted", *IN_FORCE, *ENDED, "unknown")
REF = "plan: "
"""What begins the `ref` of a plan's deductions, and of no other's."""

INCOMING = "plan_row"
ORDER = ("plans", "zones", "deductions", "pipeline", "marks")
COUNTED = ("zones", "deductions")


def open_workspace(session: Session) -> str:
    """Make, or empty, the session's temporary tables of what files say of plans; the one that rows, an area each, come to."""
    session.execute(text(_WORKSPACE))
    return INCOMING


def settle_days(session: Session, since: date | None) -> None:
    """Find the days of each plan in the workspace, in `planned`; `since` is the first day of one that states none.

    Take the register's lock before: the days of a plan in procedure depend on those on which it is recorded to be in force.
    """
    bound = {"since": since, "in_force": list(IN_FORCE), "ended": list(ENDED)}
    session.execute(text(_SETTLE), bound)


def drop(session: Session, names: Sequence[str]) -> None:
    """Take plans out of the workspace."""
    for table in ("planned", INCOMING):
        session.execute(text(f"DELETE FROM {table} WHERE plan = ANY (:names)"), {"names": list(names)})


def amend(session: Session, at: datetime, source: str, sha256: str) -> list[Amendment]:
    """Amend all layers that plans give facts to with what the workspace says of them, at one instant; as in ORDER."""
    return [_amend(session, name, at, source, sha256, beside=name != ORDER[0]) for name in ORDER]


def summed(amendments: Sequence[Amendment]) -> Amendment:
    """What was done to all layers together."""
    closed, added, ended = (sum(getattr(one, name) for one in amendments) for name in ("closed", "added", "ended"))
    return Amendment(LAYERS["plans"], closed, added, ended)


def _amend(session: Session, name: str, at: datetime, source: str, sha256: str, beside: bool) -> Amendment:
    layer, statement = LAYERS[name], _STATEMENTS[name]
    history.open_workspace(session, layer, beside)
    bound = {"source": source, "sha256": sha256, "ref": REF, "in_force": list(IN_FORCE), "ended": list(ENDED)}
    wanted = (
        f"SELECT row_number() OVER (ORDER BY row, geom), {layer.names}, valid_from, valid_to FROM ({statement}) said"
    )
    _run(session, f"INSERT INTO {layer.incoming} (row, {layer.names}, valid_from, valid_to) {wanted}", bound)
    _run(session, f"INSERT INTO spoken SELECT {_UNITS.get(name, 'plan')}, spoken FROM planned", bound)
    history.all_in(session, layer)
    return history.amend(session, layer, at, spoken=True)


def _run(session: Session, statement: str, bound: dict[str, Any]) -> None:
    session.execute(text(statement), {name: value for name, value in bound.items() if f":{name}" in statement})


_WORKSPACE = f"""
CREATE TEMP TABLE IF NOT EXISTS {INCOMING} (
    row bigint, plan text, number text, kind text, stage text, valid_from date, valid_to date, changes text,
    bau_nvo text, xplan_version text, gml_id text, feature text, use text, code text, restrictions text, regulates_use boolean,
    member text, geom geometry(MultiPolygon, 25832)
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS planned (
    row bigint, plan text, stage text, binding boolean, endless boolean, days daterange, spoken daterange,
    expected date, in_force_since date, geom geometry
) ON COMMIT DELETE ROWS;
DELETE FROM {INCOMING}; DELETE FROM planned
"""

# `binding`: in force, now or once; `endless`: no more, but nobody said since when. `days`: those on which it is in force, or else
# in procedure. `spoken`: those for which its file speaks. `in_force_since`: the first day on which the register, so far, has it in
# force ('-infinity': always; null: never).
_SETTLE = f"""
INSERT INTO planned
SELECT row, plan, stage, binding, endless,
       CASE WHEN begins < ends THEN daterange(nullif(begins, '-infinity'), nullif(ends, 'infinity')) ELSE 'empty' END,
       CASE WHEN endless AND in_force_since IS NOT NULL THEN 'empty'
            WHEN endless THEN daterange(NULL, NULL)
            WHEN binding THEN daterange(nullif(least(begins, CAST(:since AS date)), '-infinity'), NULL)
            WHEN begins < ends THEN daterange(nullif(begins, '-infinity'), nullif(ends, 'infinity')) ELSE 'empty' END,
       CASE WHEN NOT binding THEN valid_from END, in_force_since, geom
FROM (
    SELECT o.*, f.in_force_since, b.binding,
           b.gone AND o.valid_to IS NULL AS endless,
           coalesce(CASE WHEN b.binding THEN o.valid_from END, CAST(:since AS date), '-infinity') AS begins,
           CASE WHEN b.gone THEN coalesce(o.valid_to, '-infinity')
                WHEN b.binding THEN coalesce(o.valid_to, 'infinity')
                ELSE least(coalesce(o.valid_to, 'infinity'), f.in_force_since) END AS ends
    FROM {INCOMING} o
    CROSS JOIN LATERAL (SELECT o.stage = ANY (:in_force) OR o.stage = ANY (:ended) AS binding, o.stage = ANY (:ended) AS gone) b
    CROSS JOIN LATERAL (
        SELECT min(coalesce(lower(valid), '-infinity')) AS in_force_since
        FROM (
            SELECT z.valid FROM zone z WHERE z.plan = o.plan AND upper_inf(z.known)
            UNION ALL
            SELECT p.valid FROM plan p WHERE p.name = o.plan AND upper_inf(p.known) AND p.stage = ANY (:in_force)
        ) recorded
    ) f
    WHERE o.use = 'outline'
) outlines
"""

_EVIDENCE = "r.gml_id, :source AS source, r.member, :sha256 AS sha256"
_DAYS = "lower(p.days) AS valid_from, upper(p.days) AS valid_to"
_OF = f"FROM {INCOMING} r JOIN planned p USING (plan) WHERE NOT isempty(p.days)"
_SAME = "k.plan = r.plan AND k.designation = coalesce(r.code, 'unknown') AND k.outline = r.geom::text"
_UNITS: dict[str, str] = {"deductions": ":ref || plan"}

_STATEMENTS = {
    # On the days before its end it was in force, whatever it is called now; of those after a stated end it has lapsed.
    "plans": f"""
        SELECT r.row, r.plan AS name, r.number, r.kind, s.stage, r.changes, r.bau_nvo, r.geom, {_EVIDENCE}, r.xplan_version,
               lower(s.days) AS valid_from, upper(s.days) AS valid_to
        FROM {INCOMING} r
        JOIN planned p USING (plan)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN p.stage = ANY (:ended) THEN 'in_force' ELSE p.stage END AS stage, p.days
            UNION ALL
            SELECT CASE WHEN p.stage = ANY (:in_force) THEN 'expired' ELSE p.stage END,
                   CASE WHEN isempty(p.days) THEN p.spoken ELSE daterange(upper(p.days), NULL) END
            WHERE p.binding AND NOT coalesce(upper_inf(p.days), false)
        ) s
        WHERE r.use = 'outline' AND NOT isempty(s.days)""",
    # Whether land is in commercial use no plan says: what is recorded of the same outline stays, day by day.
    "zones": f"""
        WITH kept AS MATERIALIZED (
            SELECT z.plan, z.designation, z.in_use_as_commercial, z.valid, z.geom::text AS outline
            FROM planned p JOIN zone z ON z.plan = p.plan AND upper_inf(z.known) AND z.in_use_as_commercial IS NOT NULL
        )
        SELECT r.row, r.plan, coalesce(r.code, 'unknown') AS designation, coalesce(r.regulates_use, true) AS regulates_use,
               u.in_use_as_commercial, r.restrictions, r.geom, {_EVIDENCE}, lower(u.days) AS valid_from, upper(u.days) AS valid_to
        FROM {INCOMING} r
        JOIN planned p USING (plan)
        CROSS JOIN LATERAL (
            SELECT k.in_use_as_commercial, k.valid * p.days AS days FROM kept k WHERE {_SAME} AND k.valid && p.days
            UNION ALL
            SELECT NULL, unnest(datemultirange(p.days) - coalesce((SELECT range_agg(k.valid) FROM kept k WHERE {_SAME}), '{{}}'))
        ) u
        WHERE r.use = 'designation' AND p.binding""",
    "deductions": f"""
        SELECT r.row, :ref || r.plan AS ref, coalesce(r.code, 'unknown') AS kind, r.geom, {_EVIDENCE}, {_DAYS}
        {_OF} AND r.use = 'deduction' AND p.binding""",
    "pipeline": f"""
        SELECT r.row, r.plan, p.stage, coalesce(r.code, 'unknown') AS designation,
               coalesce(r.regulates_use, true) AS regulates_use, r.restrictions, p.expected, r.geom, {_EVIDENCE}, {_DAYS}
        {_OF} AND r.use = 'designation' AND NOT p.binding""",
    # A ban has days of its own, mostly before its plan comes into force.
    "marks": f"""
        SELECT r.row, r.plan, r.use AS kind, r.code, r.restrictions, r.geom, {_EVIDENCE}, {_DAYS}
        {_OF} AND r.use = 'port'
        UNION ALL
        SELECT r.row, r.plan, r.use, r.code, r.restrictions, r.geom, {_EVIDENCE}, r.valid_from, r.valid_to
        FROM {INCOMING} r JOIN planned p USING (plan) WHERE r.use = 'ban'""",
}
