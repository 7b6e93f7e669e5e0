"""A table that is filled for the first time, with many rows: its indexes are made once these stand, in a third of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

MANY = 20_000  # rows; with fewer there is nothing to win


@contextmanager
def indexed_afterwards(session: Session, table: str, rows: int) -> Iterator[None]:
    """Within the block a table that is empty has no indexes, if so many rows are to come. The register's lock is held.

    From then on readers of the table wait for the transaction. Where one is at work already, or the session may not alter the
    table, the indexes stay. A constraint that rows violate fails at the end of the block, with the error that it always gives.
    """
    indexes = _taken_off(session, table) if rows >= MANY else []
    yield
    for make in indexes:
        session.execute(text(make))


def _taken_off(session: Session, table: str) -> list[str]:
    """Drop the indexes of an empty table that nobody reads; gives what makes them again."""
    found = session.execute(text(_INDEXES), {"table": table}).all()
    if not found or session.execute(text(f"SELECT EXISTS (SELECT FROM {table})")).scalar_one():
        return []
    try:
        with session.begin_nested():
            session.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT"))
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return []
    for drop, _ in found:
        session.execute(text(drop))
    return [make for _, make in found]


# Constraints that others refer to, and those of tables of other owners, are left alone.
_INDEXES = """
SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
            ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, c.conname) END,
       CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) END
FROM pg_index i
JOIN pg_class t ON t.oid = i.indrelid AND pg_has_role(t.relowner, 'USAGE')
LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
WHERE i.indrelid = CAST(:table AS regclass)
    AND NOT EXISTS (SELECT FROM pg_constraint r WHERE r.conindid = i.indexrelid AND r.contype = 'f')
"""
