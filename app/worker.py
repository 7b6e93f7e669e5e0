"""The worker: takes the imports that wait, one after the other, and carries them out. Several may run; none takes another's.

`supervised` keeps one beside the service: a process of its own, so that an import never holds up an answer. What delivers alerts
is a further process, kept by the worker in the same way: an import that takes all memory, or the library that reads it down with
it, must not take the alerts with it.
"""

import asyncio
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock, imports, uploads
from app.delivery import courier, operator, smtp, webhook
from app.settings import Settings
from parcels import runs
from parcels.importing.contract import Refused
from parcels.importing.readers import standing_by, sweep
from parcels.run_tables import ImportRun

log = logging.getLogger(__name__)

POLL_S = 0.5
TIDY_S = 600.0
AGAIN_S = 5.0  # after the database was gone, or the worker fell over
PATIENCE = "15min"  # a job waits for its turn at the register; who sits at a terminal is told after the role's 10 s
GONE = (
    "upload-gone",
    "The file that was sent is no longer there: the worker must see the service's LANDRESERVE_HOME, and that must outlive a "
    "restart. Send it again.",
)


class Stopped(KeyboardInterrupt):
    """The worker is told to stop; the database's driver ends a statement that is under way at this, as at Ctrl-C."""


def work(engine: Engine, home: Path) -> None:
    """Work until Stopped, through every pause of the database."""
    pause = threading.Event()
    while True:
        try:
            with imports.own_session(engine, PATIENCE) as session, standing_by():
                tidied_at = -math.inf
                while True:
                    if time.monotonic() - tidied_at > TIDY_S:
                        tidy(engine, home)
                        tidied_at = time.monotonic()
                    if not work_one(engine, session, home):
                        pause.wait(POLL_S)
        except SQLAlchemyError as failure:
            log.warning("the database is gone (%s); trying again in %.0f s", type(failure).__name__, AGAIN_S)
            pause.wait(AGAIN_S)


def work_one(engine: Engine, session: Session, home: Path) -> bool:
    """Carry out the oldest import that waits; False where none does."""
    run = runs.claim(session, clock.now())
    session.commit()
    if run is None:
        return False
    log.info("import %d: %s of %s, try %d", run.id, run.layer, run.source, run.attempt)
    try:
        _carry_out(engine, session, run, home)
        if run.upload is not None and runs.ended(session, run.id):
            uploads.remove(home, run.upload)
    finally:
        runs.release(session, run.id)
        session.commit()
    return True


def _carry_out(engine: Engine, session: Session, run: ImportRun, home: Path) -> None:
    """Whatever comes of the import stands in the run; the worker goes on to the next."""
    file = uploads.file_of(home, run.upload or "", run.source)
    if run.upload is None or not file.is_file():
        runs.fail(session, run, *GONE, clock.now())
        session.commit()
        return
    try:
        imports.carry_out(engine, session, run, runs.options_of(run), file)
    except Refused as refused:
        log.info("import %d is refused: %s", run.id, refused.kind)
    except Exception as error:
        log.exception("import %d broke off", run.id)
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise


def tidy(engine: Engine, home: Path) -> int:
    """Delete what killed processes left: files whose run has ended, and those that no run was ever made for; returns how many."""
    sweep()
    found = uploads.folders(home)
    with Session(engine) as session:
        of_runs = select(ImportRun.upload, ImportRun.state).where(ImportRun.upload.in_(found))
        states = {row.upload: row.state for row in session.execute(of_runs)}
    ended = [folder for folder, state in states.items() if folder and state not in ("queued", "running")]
    strays = [folder for folder, old in found.items() if old and folder not in states]
    for folder in (*ended, *strays):
        uploads.remove(home, folder)
    return len(ended) + len(strays)


def deliver(engine: Engine, settings: Settings) -> None:
    """Deliver alerts until the process is told to stop."""

    async def until_told() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        senders = {"webhook": webhook.sender(settings), "email": smtp.sender(settings)}
        kept = timedelta(days=settings.deliveries_kept_days)
        await courier.run(
            engine, senders, stop, kept=kept, limits=settings.limits(), tell=operator.teller(engine, settings)
        )

    asyncio.run(until_told())


@contextmanager
def supervised(environment: dict[str, str], *options: str) -> Iterator[None]:
    """A worker process for the length of the block. It is started again when it falls, and ends when this process does,
    however that ends: its input closes then."""
    ending = threading.Event()
    keeper = threading.Thread(target=_keep, args=(environment, options, ending), name="worker's keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join(timeout=15)


def _keep(environment: dict[str, str], options: tuple[str, ...], ending: threading.Event) -> None:
    command = [sys.executable, "-m", "app", "worker", *options, "--until-input-ends"]
    while not ending.is_set():
        with subprocess.Popen(  # noqa: S603 (our own interpreter, our own code)
            command, stdin=subprocess.PIPE, env={**os.environ, **environment}, start_new_session=True
        ) as process:
            while process.poll() is None and not ending.wait(0.2):
                pass
            if process.poll() is None and process.stdin is not None:
                process.stdin.close()
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
        if not ending.is_set():
            log.warning("the worker ended with code %s; starting it again", process.returncode)
            ending.wait(AGAIN_S)
