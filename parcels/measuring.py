"""Measuring: how many m2 of every parcel lie under which designation and holding, over which days, by overlay in PostGIS.

Few and simple parcels (an edit) are measured by one statement, planned once a connection and led by indexes. Many are measured
in chunks of neighbours, each step of the same statement as a table of its own: the planner then knows how large what it joins
has become, no statement grows with the register, and progress can be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache, reduce
from typing import Any

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import straight
from parcels.limits import CoincidentEdgesError, TooIntricateError, limited, told
from parcels.sql import PLAIN, chained, counted, steps
from parcels.straight import for_driver
from rules.law import LAW
from rules.reserve import size_limits

FEW = 50
"""Up to this many parcels are measured by one statement,"""
SIMPLE = 1_000
"""if their outlines and the pieces of zones, port and deductions that they meet have fewer vertices than this."""
CHUNK = 50_000
LONGEST_S = 30.0
"""A step takes a second or two; outlines that keep it longer than this are made to, or drawn badly."""
LATE_S = 1.0
"""Few take milliseconds: who ends them by hand after this long has the same reason as the time limit."""
CENT_M2 = Decimal("0.01")


@cache
def workplace() -> list[str]:
    """All designations that were ever workplace land (reserve or stock): only these, or a holding, make a line."""
    names = ("reserve.designations", "stock.designations", "stock.designations_if_in_use_as_commercial")
    return sorted({code for name in names for value in LAW.parameters[name] for code in value.codes})


@cache
def thresholds() -> list[Decimal]:
    """The net areas in m2 at which a verdict can change, ascending."""
    return [CENT_M2, *size_limits()]


def measure_few(session: Session, keys: Sequence[str]) -> Sequence[Any] | None:
    """The parcels' measures, each with its `facts`, all `days` of these and the `line` as JSON; None if not few or simple.

    The planner is led by indexes: whoever ends the derivation executes PLAIN; where it is None, that is done.
    """
    if len(keys) <= FEW:
        rows = _measured(session, keys)
        if rows[0].vertices < SIMPLE:
            return [row for row in rows if row.line is not None]
    session.execute(text(f"SELECT {PLAIN}"))
    return None


def _measured(session: Session, keys: Sequence[str]) -> Sequence[Any]:
    """TooIntricateError where a few vertices stand for very many overlays: plans upon plans, each from another day on."""
    try:
        with told(LATE_S):
            return straight.rows(session, _few(), {"keys": keys, "simple": SIMPLE, **_bounds()})
    except TooIntricateError as error:
        where = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        raise TooIntricateError(
            f"The overlay was given up, because too much lies over each other at {where}: simplify the outlines, or end "
            "plans and holdings that are superseded."
        ) from error


def choose(session: Session, whole: bool) -> int:
    """Number the parcels that can have a line, all or those touched, neighbours together; returns how many chunks."""
    session.execute(text(_TO_MEASURE))
    if not session.execute(text(f"SELECT {ANY_LINES}")).scalar_one():
        return 0
    held = land = only = ""
    if not whole:  # what was just imported is not in the planner's statistics yet, and may be a hundred times what is
        session.execute(text(f"ANALYZE {_SOURCES}, touched"))
        some = session.execute(text("SELECT count(*) FROM (SELECT FROM touched LIMIT :size) t"), {"size": CHUNK})
        if some.scalar_one() < CHUNK:  # looked up one by one; of a city to look at all at once is faster
            held, land = "AND parcel_key IN (SELECT key FROM touched)", "AND p.key IN (SELECT key FROM touched)"
        else:
            only = "WHERE key IN (SELECT key FROM touched)"
    query = _CHOOSE.format(held=held, land=land, only=only)
    session.execute(text(query), {"workplace": workplace(), "size": CHUNK})
    session.execute(text(counted("to_measure")))
    return int(session.execute(text("SELECT coalesce(max(chunk), 0) FROM to_measure")).scalar_one())


def measure_chunk(session: Session, chunk: int) -> None:
    """Measure one chunk into the temporary table `measured`. TooIntricateError where a step takes longer than LONGEST_S."""
    queries, ending = steps("measure")
    queries = {**queries, "scope": f"SELECT key FROM to_measure WHERE chunk = {chunk}"}
    session.execute(text("DROP TABLE IF EXISTS measured"))
    try:
        _make_tables(session, {**queries, "measured": ending})
    except TooIntricateError as error:
        found = session.execute(text(_WORST), {"chunk": chunk})
        worst = ", ".join(f"{name} ({vertices} vertices)" for name, vertices in found)
        raise TooIntricateError(
            f"The overlay was given up, because outlines are too intricate. The largest: {worst}. Simplify them."
        ) from error
    session.execute(text("DROP TABLE " + ", ".join(queries)))


def _make_tables(session: Session, queries: Mapping[str, str]) -> None:
    """Each step as a table, with PostGIS's predicates first: those of `surely` cost more, and one chunk in very many needs them."""
    try:
        with limited(session, LONGEST_S):
            _make_each(session, queries)
    except CoincidentEdgesError:
        with limited(session, LONGEST_S):
            _make_each(session, surely(queries))


def surely(queries: Mapping[str, str]) -> dict[str, str]:
    """The steps with predicates that answer even where edges nearly coincide (migration 0005)."""
    return {name: reduce(lambda said, by: by[0].sub(by[1], said), _SURELY, query) for name, query in queries.items()}


def _make_each(session: Session, queries: Mapping[str, str]) -> None:
    session.execute(text("SET LOCAL work_mem = '96MB'"))
    for name, query in queries.items():
        session.execute(text(f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {_literal(query)}"))
        if name == "fragment":
            session.execute(text("CREATE INDEX ON fragment USING gist (geom)"))
        session.execute(text(counted(name)))


def _bounds() -> dict[str, Any]:
    return {"workplace": workplace(), "size_limits": thresholds()}


def _literal(query: str) -> str:
    """The query with its parameters written out: what makes a table takes no parameters."""
    for name, value in _bounds().items():
        query = query.replace(f":{name}", sql.Literal(value).as_string(None))
    return query


@cache
def _few() -> str:
    queries, ending = steps("measure")
    simple = "SELECT key FROM touched WHERE (SELECT vertices FROM size) < :simple"
    queries = {"touched": KEYS, "size": _SIZE, **surely(queries), "scope": simple}
    return for_driver(
        f"""
        {chained(queries)}
        SELECT size.vertices, facts, range_merge(range_agg(days) OVER (PARTITION BY facts)) AS days, to_jsonb(m)::text AS line
        FROM size LEFT JOIN ({ending}) m ON true
        """
    )


# No index helps these functions by themselves.
_SURELY = (
    (re.compile(r"ST_Intersects\(([\w.]+), ([\w.]+)\)"), r"\1 && \2 AND land_meets(\1, \2)"),
    (re.compile(r"ST_Covers\("), "land_covers("),
    (re.compile(r"ST_Relate\(([\w.]+), ([\w.]+), 'T\*{8}'\)"), r"land_overlaps(\1, \2)"),
)

_SOURCES = "parcel, holding, zone, zone_piece, port_area_piece, deduction_piece, district_piece"

KEYS = "SELECT unnest(CAST(:keys AS text[])) AS key"

_SIZE = """
WITH land AS MATERIALIZED (SELECT p.geom, p.district FROM touched JOIN parcel p ON p.key = touched.key AND upper_inf(p.known))
SELECT coalesce(sum(vertices), 0) AS vertices
FROM (
    SELECT ST_NPoints(geom) AS vertices FROM land
    UNION ALL SELECT ST_NPoints(x.geom) FROM land l JOIN zone_piece x ON x.geom && l.geom
    UNION ALL SELECT ST_NPoints(x.geom) FROM land l JOIN port_area_piece x ON x.geom && l.geom
    UNION ALL SELECT ST_NPoints(x.geom) FROM land l JOIN deduction_piece x ON x.geom && l.geom
    UNION ALL SELECT ST_NPoints(x.geom) FROM land l JOIN district_piece x ON x.geom && l.geom WHERE l.district IS NULL
    UNION ALL
    SELECT ST_NPoints(h.geom) FROM touched JOIN holding h ON h.parcel_key = touched.key AND upper_inf(h.known)
    WHERE h.geom IS NOT NULL
    LIMIT :simple
) met
"""

_TO_MEASURE = """
CREATE TEMP TABLE IF NOT EXISTS to_measure (key text COLLATE "C", chunk int) ON COMMIT DELETE ROWS;
TRUNCATE to_measure
"""

ANY_LINES = "(EXISTS (SELECT FROM zone) OR EXISTS (SELECT FROM holding))"
"""Whether any parcel can have lines: where there never was a plan or a holding, none has."""

# Parcels that can have a line at all: held ones and those that workplace land touches.
_CHOOSE = """
INSERT INTO to_measure
SELECT key, 1 + (row_number() OVER (ORDER BY key) - 1) / :size
FROM (
    SELECT parcel_key AS key FROM holding WHERE upper_inf(known) {held}
    UNION
    SELECT p.key
    FROM zone z
    JOIN zone_piece zp ON zp.fact_id = z.id
    JOIN parcel p ON p.geom && zp.geom AND upper_inf(p.known)
    WHERE z.designation = ANY (:workplace) {land}
) worth_it
{only}
"""

_WORST = """
WITH land AS MATERIALIZED (
    SELECT p.key, p.geom FROM parcel p JOIN to_measure c USING (key) WHERE c.chunk = :chunk AND upper_inf(p.known)
)
SELECT name, vertices
FROM (
    SELECT 'parcel ' || key AS name, ST_NPoints(geom) AS vertices FROM land
    UNION ALL
    SELECT 'part of parcel ' || h.parcel_key, ST_NPoints(h.geom)
    FROM land l JOIN holding h ON h.parcel_key = l.key AND upper_inf(h.known) AND h.geom IS NOT NULL
    UNION ALL
    SELECT o.name, ST_NPoints(o.geom)
    FROM (
        SELECT 'plan ' || plan AS name, geom FROM zone WHERE upper_inf(known)
        UNION ALL SELECT 'deduction ' || ref, geom FROM deduction WHERE upper_inf(known)
        UNION ALL SELECT 'port area ' || kind, geom FROM port_area WHERE upper_inf(known)
    ) o
    WHERE EXISTS (SELECT FROM land l WHERE l.geom && o.geom)
) outlines
ORDER BY vertices DESC LIMIT 3
"""
