"""What a database holds, table by table, in a form that can be compared: a backup is proved by it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from parcels.schema import METADATA


def of_tables(connection: Connection) -> dict[str, list[int]]:
    """Of each table: how many rows, and a sum over the hashes of their contents that does not depend on order."""
    names = sorted(METADATA.tables)
    statement = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {name} t"
    return {
        name: [int(value) for value in connection.execute(text(statement.format(name=name))).one()] for name in names
    }


def export_snapshot(connection: Connection) -> str:
    """The name under which another session may see the very state that this transaction (REPEATABLE READ) sees."""
    name: str = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    return name
