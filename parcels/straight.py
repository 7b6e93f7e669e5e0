"""Statements run by the driver itself: where few rows are met, SQLAlchemy's own part takes as long as the database's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


def for_driver(statement: str) -> str:
    """A statement whose bound parameters (a colon and a name) are written as the driver reads them."""
    return str(text(statement).compile(dialect=dialect()))  # type: ignore[no-untyped-call]


def one(session: Session, statement: str, values: Mapping[str, Any]) -> Any:
    """The one row of a statement, as `rows` gives it."""
    (row,) = rows(session, statement, values)
    return row


def rows(session: Session, statement: str, values: Mapping[str, Any]) -> list[Any]:
    """The rows of a statement in the session's transaction, planned once a connection; DBAPIError as from the session itself."""
    connection = session.connection()
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(statement, values, prepare=True).fetchall()
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=driver.closed
        ) from error
