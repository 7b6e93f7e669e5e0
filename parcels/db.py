"""Connections: engines with the service's habits, sessions, and migrations."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


# Facts are compared by a hash of what is sent of them: it must not depend on how dates or texts are written.
HABITS = "-c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=warning"
ATTEMPTS = 10
OLDEST_POSTGIS = (3, 3)


class DatabaseUnfit(Exception):
    """The database lacks something the service needs; the message names the remedy."""


def engine(url: str, pool_size: int = 8) -> Engine:
    """An engine in UTC whose pool gives up after two seconds, so that a full house answers 503 instead of waiting."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "options": HABITS,
            "client_encoding": "utf8",
            "application_name": "landreserve",
        },
    )


def sessions(bound: Engine) -> sessionmaker[Session]:
    """Sessions that never reload behind the caller's back."""
    return sessionmaker(bound, expire_on_commit=False, autoflush=False)


def _config(url_free: object | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    if url_free is not None:
        config.attributes["connection"] = url_free
    return config


def check_extensions(bound: Engine) -> None:
    """PostGIS (3.3 or later) and btree_gist must be there: only a superuser may create them."""
    with bound.connect() as connection:
        rows = connection.execute(text("SELECT extname, extversion FROM pg_extension"))
        found: dict[str, str] = {row.extname: row.extversion for row in rows}
    missing = {"postgis", "btree_gist"} - found.keys()
    if missing:
        statements = "; ".join(f"CREATE EXTENSION {name}" for name in sorted(missing))
        raise DatabaseUnfit(
            f"The database lacks {', '.join(sorted(missing))}. Let a superuser run there: {statements};"
        )


def migrate(bound: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`; a lock that stays taken is asked for ten times. Safe to be started twice at once."""
    check_extensions(bound)
    for attempt in range(ATTEMPTS):
        try:
            with bound.connect() as connection:
                command.upgrade(_config(connection), revision)
            return
        except CommandError as error:
            if not isinstance(error.__cause__, ResolutionError):
                raise
            raise DatabaseUnfit(
                "The database was migrated by a newer version of landreserve: start that version, or restore a backup."
            ) from error
        except OperationalError as error:
            if attempt == ATTEMPTS - 1 or "lock timeout" not in str(error):
                raise


def drift(bound: Engine) -> None:
    """Raise where models and migrated schema differ."""
    with bound.connect() as connection:
        command.check(_config(connection))
