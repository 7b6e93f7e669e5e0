"""Runs migrations over the connection given by `parcels.db.migrate`, one starter at a time, giving way to readers."""

from __future__ import annotations

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import text
from sqlalchemy.engine import Connection

from parcels.schema import METADATA

LOCK = 7_100_100  # the number of the advisory lock: any constant does, as long as it is ours


def run(connection: Connection) -> None:
    """All pending revisions in one transaction each; a lock that is not free within three seconds ends the attempt."""
    connection.execute(text("SET lock_timeout = '3s'"))
    connection.execute(text("SET statement_timeout = '15min'"))
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            include_object=alembic_helpers.include_object,
            render_item=alembic_helpers.render_item,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


run(context.config.attributes["connection"])
