"""What laying outlines over each other may cost, and how it fails: too intricate ones keep the database busy for hours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


class OutlinesError(Exception):
    """Outlines cannot be laid over each other; the message names them or the place, as far as they are known.

    `kind` is its name in reports and answers, `field` the one that brought the outline in, where a single one is to blame.
    """

    kind: str
    why: str
    remedy: str

    def __init__(self, message: str = "", field: str | None = None) -> None:
        super().__init__(message or f"Outlines cannot be laid over each other, {self.why}: {self.remedy}.")
        self.field = field


class TooIntricateError(OutlinesError):
    """It would take longer than one may wait, or more memory than there is."""

    kind = "too-intricate"
    why = "which would take too long"
    remedy = "simplify the outlines"


class CoincidentEdgesError(OutlinesError):
    """GEOS cannot tell on which side of each other their edges lie."""

    kind = "coincident-edges"
    why = "whose edges nearly coincide"
    remedy = "round their coordinates to 1 mm"


@contextmanager
def limited(session: Session, seconds: float) -> Iterator[None]:
    """No statement of the block may take longer than so many seconds, or than the role or the caller allows.

    OutlinesError, as any other failure, leaves the transaction and its limits as they were before the block.
    """
    with told(), session.begin_nested():
        before = session.execute(text(_LIMIT), {"ms": int(1000 * seconds)}).scalar_one()
        yield
        session.execute(text(_SET), {"limit": before})


@contextmanager
def told() -> Iterator[None]:
    """A failure over outlines in the block, or a statement that ran into its limit there, is an OutlinesError."""
    try:
        yield
    except DBAPIError as error:
        if gave_up(error):
            raise TooIntricateError from error
        if (found := over_outlines(error)) is not None:
            raise found from error
        raise


def gave_up(error: DBAPIError) -> bool:
    """Whether a statement ran into its time limit; GEOS reports that as an error of its own."""
    state, said = getattr(error.orig, "sqlstate", None), str(error.orig)
    return (state == "57014" and not canceled(error)) or (state == "XX000" and "Interrupted" in said)


def canceled(error: DBAPIError) -> bool:
    """Whether somebody ended the statement by hand (pg_cancel_backend): the same code, and the server's own language."""
    return getattr(error.orig, "sqlstate", None) == "57014" and _BY_HAND.search(str(error.orig)) is not None


def over_outlines(error: DBAPIError) -> OutlinesError | None:
    """What GEOS could not do, if it is that which failed: the place in the message, the memory."""
    said = str(error.orig)
    if getattr(error.orig, "sqlstate", None) != "XX000":
        return None
    if "std::bad_alloc" in said:
        return TooIntricateError(
            "To lay outlines over each other took more memory than there is: simplify the outlines."
        )
    if "TopologyException" not in said:
        return None
    place = _PLACE.search(said)
    near = f" near {float(place[1]):.2f} {float(place[2]):.2f} (EPSG:25832)" if place else ""
    said = f"Edges of two outlines nearly coincide{near}, and cannot be told apart"
    return CoincidentEdgesError(f"{said}: {CoincidentEdgesError.remedy}.")


_BY_HAND = re.compile("user request|Benutzeraufforderung")

_PLACE = re.compile(r"at (-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?)")

_SET = "SELECT set_config('statement_timeout', :limit, true)"

_LIMIT = """
SELECT before FROM (SELECT current_setting('statement_timeout') AS before, setting::int AS ms
                    FROM pg_settings WHERE name = 'statement_timeout' OFFSET 0) now
CROSS JOIN LATERAL set_config('statement_timeout',
                              CASE WHEN ms BETWEEN 1 AND :ms THEN ms ELSE :ms END || 'ms', true) AS set_to
"""
