"""Carrying an import out as a run that is kept, whatever becomes of it: the transactions of it stand here."""

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock
from parcels import runs
from parcels.importing.contract import Refused
from parcels.importing.store import LoadOptions, Progress, Report, load
from parcels.run_tables import ImportRun
from parcels.runs import Order

log = logging.getLogger(__name__)

TOLD_EVERY_S = 0.5
BROKE_OFF = (
    "internal",
    "The import broke off by a fault of the service or its database. Nothing was recorded; see its log.",
)
BUSY = (
    "busy",
    "Another change held the register for too long. Nothing was recorded: import the file again when that has ended.",
)
STOPPED = ("interrupted", "The import was interrupted by hand. Nothing was recorded: import the file again.")


def at_once(engine: Engine, order: Order, file: Path, on_progress: Progress = lambda step, done, total: None) -> Report:
    """Import a file that lies here, as a run of its own; Refused where it is not taken."""
    with own_session(engine) as session:
        run = runs.start(session, order, clock.now())
        session.commit()
        return carry_out(engine, session, run, order.options, file, on_progress)


@contextmanager
def own_session(engine: Engine, lock_timeout: str | None = None) -> Iterator[Session]:
    """A session on a connection that ends with the block, and with it every sign of life that it gave."""
    with engine.connect() as connection:
        try:
            if lock_timeout is not None:
                connection.execute(text("SELECT set_config('lock_timeout', :limit, false)"), {"limit": lock_timeout})
                connection.commit()
            with Session(connection, expire_on_commit=False, autoflush=False) as session:
                yield session
        finally:
            connection.invalidate()  # closed, not given back: the pool would keep its locks


def carry_out(
    engine: Engine,
    session: Session,
    run: ImportRun,
    options: LoadOptions,
    file: Path,
    on_progress: Progress = lambda step, done, total: None,
) -> Report:
    """Import the file of a run that the session holds. What it records and its end are committed as one."""
    told = _Told(engine, run.id, on_progress)
    try:
        if os.path.isdir(file):  # noqa: PTH112 (says no where it may not look)
            raise Refused("not-a-file", f"'{file}' is a folder: name the files in it.")
        report = load(session, run.layer, file, options, clock.now(), run.actor, told, run.note)
        if run.dry_run:
            session.rollback()
        runs.finish(session, run, report, clock.now())
        session.commit()
    except Refused as refused:
        session.rollback()
        runs.refuse(session, run, refused, clock.now(), run.sha256 or _sha256(file))
        session.commit()
        raise
    except BaseException as error:
        _broke_off(session, run, error)
        raise
    return report


def _broke_off(session: Session, run: ImportRun, error: BaseException) -> None:
    """Store that it failed. Where its connection broke the lock went with it, and that tells the same: it may be tried again."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return
    try:
        session.rollback()
        if isinstance(error, KeyboardInterrupt) and run.upload is not None:
            runs.hand_back(session, run)
        else:
            runs.fail(session, run, *_why(error), clock.now())
        session.commit()
    except (SQLAlchemyError, runs.RunLost) as failure:
        log.warning("the end of import %d could not be stored: %s", run.id, type(failure).__name__)


def _why(error: BaseException) -> tuple[str, str]:
    if isinstance(error, KeyboardInterrupt):
        return STOPPED
    waited = isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "55P03"
    return BUSY if waited else BROKE_OFF


def _sha256(file: Path) -> str | None:
    """What was refused, to be known again; nothing of what is no single file."""
    if file.suffix.lower() == ".shp" or not os.path.isfile(file):  # noqa: PTH113 (says no where it may not look)
        return None
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return None


class _Told:
    """Hands progress on, and stores it: each step, and rows twice a second."""

    def __init__(self, engine: Engine, run_id: int, on_progress: Progress) -> None:
        self.engine, self.run_id, self.on_progress = engine, run_id, on_progress
        self.step, self.at = "", 0.0

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """One report of the import."""
        self.on_progress(step, done, total)
        now = time.monotonic()
        if step != self.step or now - self.at >= TOLD_EVERY_S:
            self.step, self.at = step, now
            with self.engine.begin() as connection:
                runs.progress(connection, self.run_id, step, done, total)
