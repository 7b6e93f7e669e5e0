"""What is stated against what stands: which facts an amendment closes and which it adds, unit by unit and day by day.

A unit stated in one row of which nothing stands, or just this, needs no arithmetic of days: most of a city is so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.sql import counted

WORKSPACE = """
CREATE TEMP TABLE IF NOT EXISTS amendment (
    fact bigint, row bigint, days daterange, closes boolean, unit text COLLATE "C", content uuid
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS repeated (unit text COLLATE "C") ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS spoken (unit text COLLATE "C", days daterange) ON COMMIT DELETE ROWS;
DELETE FROM repeated; DELETE FROM spoken; DELETE FROM amendment
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """How many facts are closed, added and ended. `first` where there were none before; `as_stated` where, besides, each row
    is just one fact: then `amendment`, which would say the same once more, only has those that begin or end on a day."""

    first: bool
    as_stated: bool
    closed: int
    added: int
    ended: int


def all_in(session: Session, rows: str, unit: str) -> None:
    """All rows are stated: find the units that stand in several of them, and let the planner know how many there are."""
    if not session.execute(text(_ALL_APART)).scalar_one():
        session.execute(text(f"INSERT INTO repeated {REPEATED}"))
    session.execute(text(counted(f"{rows} (row, {unit})", target=10)))


def end(session: Session, rows: Sequence[int]) -> None:
    """Say in `spoken` that the units of these rows are no more from the rows' end on, whatever is recorded of later days."""
    if rows:
        session.execute(text(_END), {"rows": list(rows)})


def compare(session: Session, table: str, unit: str, replace: bool, spoken: bool = False) -> Compared:
    """Fill `amendment` with the facts to close and those to add.

    With `replace` the units that are not stated lose the days that the rows cover; with `spoken` those in that table lose its days.
    """
    first, repeated = session.execute(text(_BEFORE.format(table=table))).one()
    as_stated = first and not (repeated or spoken)
    columns = "fact, row, days, closes, unit, content"
    if as_stated:
        added, dated = session.execute(text(_ALL_ADDED)).one()
        if dated:
            session.execute(text(f"INSERT INTO amendment ({columns}) {_AS_STATED}"))
        return Compared(first, as_stated, 0, added, 0)
    wanted = query(table, unit, replace, spoken)
    session.execute(text(f"INSERT INTO amendment ({columns}) {wanted}; {counted('amendment')}"))
    return Compared(first, as_stated, *session.execute(text(COUNTS)).one())


def query(table: str, unit: str, replace: bool = False, spoken: bool = False) -> str:
    """What `amendment` is filled with, out of `stated` and `repeated`, and out of `spoken` if asked."""
    return _COMPARE.format(
        table=table,
        unit=unit,
        elsewhere=_ELSEWHERE.format(table=table, unit=unit) if replace else "",
        spoken=_SPOKEN if spoken else "",
        covered="SELECT unit, days FROM open UNION ALL SELECT unit, days FROM spoken" if spoken else "TABLE open",
    )


def units(rows: str, unit: str) -> str:
    """What `stated` is: of the rows of a layer the unit, the days and the hash."""
    return f'SELECT row, {unit}::text COLLATE "C" AS unit, content, days FROM {rows}'


def content(columns: Mapping[str, str]) -> str:
    """An expression for the hash of a row: over all its columns, given with their types.

    Equal content on adjacent days is one fact, so that order does not matter. Values are hashed as PostgreSQL sends them, in two
    thirds of the time of their texts. A type's number is sent too: PostGIS's is another one in each database, so as bytea.
    """
    said = (f"{name}::{_SENT_AS.get(kind.partition('(')[0], kind)}" for name, kind in columns.items())
    return f"md5(record_send(ROW({', '.join(said)})))::uuid"


_SENT_AS = {"geometry": "bytea", 'text COLLATE "C"': "text"}

_END = """
INSERT INTO spoken
SELECT unit, daterange(max(upper(days)), NULL) FROM stated WHERE row = ANY (:rows) AND NOT upper_inf(days) GROUP BY unit
"""

# Rows mostly come in the order of their units: then these are counted in two thirds of the time that grouping takes.
_ALL_APART = "SELECT count(*) = count(DISTINCT unit) FROM stated"

REPEATED = "SELECT unit FROM stated GROUP BY unit HAVING count(*) > 1"
"""The units that are stated in more than one row."""

_BEFORE = "SELECT NOT EXISTS (SELECT FROM {table}), EXISTS (SELECT FROM repeated)"

_DATED = "NOT (lower_inf(days) AND upper_inf(days))"

_AS_STATED = f"SELECT NULL::bigint, row, days, false, unit, content FROM stated WHERE {_DATED}"

_ALL_ADDED = f"SELECT count(*)::int, coalesce(bool_or({_DATED}), false) FROM stated"

_COMPARE = """
WITH moot AS MATERIALIZED (
    SELECT unit FROM repeated
    UNION
    SELECT s.unit FROM stated s JOIN {table} f ON f.{unit} = s.unit AND upper_inf(f.known)
    WHERE f.content <> s.content OR f.valid <> s.days
    {spoken}
),
open AS MATERIALIZED (SELECT s.* FROM stated s JOIN moot USING (unit)),
covered AS (
    SELECT unit, range_agg(days) AS days FROM ({covered}) c GROUP BY unit {elsewhere}
),
standing AS (
    SELECT f.id, f.{unit} AS unit, f.content, f.valid
    FROM {table} f JOIN covered c ON c.unit = f.{unit}
    WHERE upper_inf(f.known)
),
-- A fact stated again with an end, and otherwise the same, ends there; what it leaves open otherwise stays.
ends AS (
    SELECT unit, content, range_agg(days) AS days, daterange(max(upper(days)), NULL) AS later
    FROM open WHERE NOT upper_inf(days) GROUP BY unit, content
),
wanted AS (
    SELECT unit, content, min(row) AS row, min(fact) AS fact, unnest(range_agg(days)) AS days
    FROM (
        SELECT unit, content, row, NULL::bigint AS fact, days FROM open
        UNION ALL
        SELECT s.unit, s.content, NULL, s.id,
               unnest(datemultirange(s.valid) - c.days - datemultirange(coalesce(e.later, 'empty')))
        FROM standing s
        JOIN covered c USING (unit)
        LEFT JOIN ends e ON e.unit = s.unit AND e.content = s.content AND e.days && s.valid
    ) said
    GROUP BY unit, content
)
SELECT NULL::bigint AS fact, s.row, s.days, false AS closes, s.unit, s.content FROM stated s
WHERE NOT EXISTS (SELECT FROM moot WHERE moot.unit = s.unit)
    AND NOT EXISTS (SELECT FROM {table} f WHERE f.{unit} = s.unit AND upper_inf(f.known))
UNION ALL
SELECT s.id, NULL, s.valid, true, s.unit, s.content FROM standing s
WHERE NOT EXISTS (
    SELECT FROM wanted w WHERE w.unit = s.unit AND w.content = s.content AND w.days = s.valid)
UNION ALL
SELECT w.fact, w.row, w.days, false, w.unit, w.content FROM wanted w
WHERE NOT EXISTS (
    SELECT FROM standing s WHERE s.unit = w.unit AND s.content = w.content AND s.valid = w.days)
"""

_SPOKEN = "UNION SELECT unit FROM spoken"

_ELSEWHERE = """
    UNION ALL
    SELECT f.unit, s.days
    FROM (SELECT DISTINCT {unit} AS unit FROM {table} WHERE upper_inf(known)) f
    CROSS JOIN (SELECT range_agg(days) AS days FROM stated) s
    WHERE f.unit NOT IN (SELECT unit FROM stated)
"""

# Ended is a fact in whose place, on some of its days, nothing is recorded; one that became one with its neighbour has not ended.
# Which of several facts it is, nobody said: the fewest that explain each day on which fewer are added than closed. So from day to
# day those that have ended already, as far as they last, and then those that last longest.
COUNTS = """
SELECT closed::int, added::int, CASE WHEN closed = 0 THEN 0 ELSE (
        WITH RECURSIVE uneven AS MATERIALIZED (  -- most units have one fact, and one in its place
            SELECT unit FROM amendment
            WHERE unit IN (SELECT unit FROM amendment WHERE closes)
            GROUP BY unit
            HAVING count(*) FILTER (WHERE closes) > 1
                OR coalesce(NOT range_agg(days) FILTER (WHERE NOT closes) @> range_agg(days) FILTER (WHERE closes), true)
        ),
        seam AS (
            SELECT unit, day, sum(sum(CASE WHEN closes THEN step ELSE -step END)) OVER (PARTITION BY unit ORDER BY day) AS facts
            FROM amendment JOIN uneven USING (unit)
            CROSS JOIN LATERAL (VALUES (coalesce(lower(days), '-infinity'), 1), (upper(days), -1)) AS ends(day, step)
            WHERE day IS NOT NULL
            GROUP BY unit, day
        ),
        short AS MATERIALIZED (
            SELECT unit, day, facts, row_number() OVER (PARTITION BY unit ORDER BY day) AS number FROM seam WHERE facts > 0
        ),
        swept AS (
            SELECT a.unit, a.fact, a.days, 0::bigint AS number, false AS ended
            FROM amendment a JOIN uneven USING (unit) WHERE a.closes
            UNION ALL
            SELECT w.unit, w.fact, w.days, s.number,
                   w.ended OR w.days @> s.day AND s.facts >= row_number() OVER (
                       PARTITION BY w.unit, w.days @> s.day ORDER BY w.ended DESC, upper(w.days) DESC NULLS FIRST)
            FROM swept w JOIN short s ON s.unit = w.unit AND s.number = w.number + 1
            WHERE upper_inf(w.days) OR upper(w.days) > s.day
        )
        SELECT count(DISTINCT fact) FROM swept WHERE ended)::int END AS ended
FROM (
    SELECT count(*) FILTER (WHERE closes) AS closed, count(*) FILTER (WHERE NOT closes) AS added FROM amendment
) counts
"""
