"""How long the database may lay outlines over each other: drawn to be intricate, two of them can keep it busy for hours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


class TooIntricateError(Exception):
    """Outlines take longer to be laid over each other than one may wait; the message, if any, names them.

    `field` is the one that brought the outline in, where a single one is to blame.
    """

    def __init__(self, message: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


@contextmanager
def limited(session: Session, seconds: float) -> Iterator[None]:
    """No statement of the block may take longer than so many seconds, or than the role or the caller allows.

    TooIntricateError leaves the transaction as it was before the block.
    """
    before = session.execute(text(_LIMIT), {"ms": int(1000 * seconds)}).scalar_one()
    try:
        with session.begin_nested():
            yield
    except DBAPIError as error:
        if not gave_up(error):
            raise
        session.execute(text(_SET), {"limit": before})
        raise TooIntricateError from error
    session.execute(text(_SET), {"limit": before})


def gave_up(error: DBAPIError) -> bool:
    """Whether a statement ran into its time limit; GEOS reports that as an error of its own."""
    state = getattr(error.orig, "sqlstate", None)
    return state == "57014" or (state == "XX000" and "Interrupted" in str(error.orig))


_SET = "SELECT set_config('statement_timeout', :limit, true)"

_LIMIT = """
SELECT before FROM (SELECT current_setting('statement_timeout') AS before, setting::int AS ms
                    FROM pg_settings WHERE name = 'statement_timeout' OFFSET 0) now
CROSS JOIN LATERAL set_config('statement_timeout',
                              CASE WHEN ms BETWEEN 1 AND :ms THEN ms ELSE :ms END || 'ms', true) AS set_to
"""
