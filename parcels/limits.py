"""What laying outlines over each other may cost, and how it fails: too intricate ones keep the database busy for hours."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import psycopg
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


class OutOfTimeError(Exception):
    """A block of statements took longer, all together, than it may."""


AGAIN_S = 0.05  # a cancel that comes between two statements meets none


@contextmanager
def ended_after(session: Session, seconds: float) -> Iterator[None]:
    """All statements of the block together may take so many seconds: then the one that runs is cancelled, and OutOfTimeError.

    A statement's own time limit begins anew with each statement, and this is for a block that must end whatever it consists of.
    The transaction is left aborted, for the caller to roll back.
    """
    driver: psycopg.Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
    ended, late = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(AGAIN_S if late.is_set() else seconds):
            late.set()
            driver.cancel_safe(timeout=1)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except (DBAPIError, OutlinesError) as error:
        if late.is_set() and (isinstance(error, OutlinesError) or gave_up(error)):
            raise OutOfTimeError from error
        raise
    finally:
        ended.set()
        watcher.join()


@contextmanager
def limited(session: Session, seconds: float) -> Iterator[None]:
    """No statement of the block may take longer than so many seconds, or than the role or the caller allows.

    OutlinesError, as any other failure, leaves the transaction and its limits as they were before the block.
    """
    began, ms = monotonic(), math.inf
    try:
        with session.begin_nested():
            before, ms = session.execute(text(_LIMIT), {"ms": int(1000 * seconds)}).one()
            yield
            session.execute(text(_SET), {"limit": before})
    except DBAPIError as error:
        if (found := _meant(error, 1000 * (monotonic() - began) >= ms)) is None:
            raise
        raise found from error


@contextmanager
def told(after_s: float) -> Iterator[None]:
    """A failure over outlines in the block, or a statement ended after so many seconds, is an OutlinesError."""
    began = monotonic()
    try:
        yield
    except DBAPIError as error:
        if (found := _meant(error, monotonic() - began >= after_s)) is None:
            raise
        raise found from error


def _meant(error: DBAPIError, late: bool) -> OutlinesError | None:
    """Some timeouts in a hundred are told as a cancel by hand (the server signals itself twice): the clock tells them apart."""
    if gave_up(error) and (late or not _BY_HAND.search(str(error.orig))):
        return TooIntricateError()
    return over_outlines(error)


def gave_up(error: DBAPIError) -> bool:
    """Whether a statement was ended, by its time limit or by hand; where GEOS is, it reports that as an error of its own."""
    state = getattr(error.orig, "sqlstate", None)
    return state == "57014" or (state == "XX000" and "Interrupted" in str(error.orig))


def over_outlines(error: DBAPIError) -> OutlinesError | None:
    """What GEOS could not do, if it is that which failed: the place in the message, the memory."""
    said = str(error.orig)
    if getattr(error.orig, "sqlstate", None) != "XX000" or gave_up(error):
        return None
    if "std::bad_alloc" in said:
        return TooIntricateError(
            "To lay outlines over each other took more memory than there is: simplify the outlines."
        )
    if not _BY_GEOS.search(said):
        return None
    place = _PLACE.search(said)
    near = f" near {float(place[1]):.2f} {float(place[2]):.2f} (EPSG:25832)" if place else ""
    said = f"Edges of two outlines nearly coincide{near}, and cannot be told apart"
    return CoincidentEdgesError(f"{said}: {CoincidentEdgesError.remedy}.")


# pg_cancel_backend, in the server's own language.
_BY_HAND = re.compile("user request|Benutzeraufforderung")

# Whatever of its exceptions it is: after valid outlines went in, edges that nearly coincide are the reason for all that were seen.
_BY_GEOS = re.compile("GEOS|TopologyException")

_PLACE = re.compile(r"at (-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?)")

_SET = "SELECT set_config('statement_timeout', :limit, true)"

_LIMIT = """
SELECT before, ms FROM (
    SELECT current_setting('statement_timeout') AS before,
           CASE WHEN setting::int BETWEEN 1 AND :ms THEN setting::int ELSE :ms END AS ms
    FROM pg_settings WHERE name = 'statement_timeout' OFFSET 0
) now
CROSS JOIN LATERAL set_config('statement_timeout', ms || 'ms', true) AS set_to
"""
