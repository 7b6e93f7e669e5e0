"""The worker's one connection for deliveries: takes what is due, notes how it ended, and comes back when the database does."""

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock
from app.delivery import schedule
from parcels import delivering
from parcels.delivering import DEFAULT, Job, Limits, Settled

log = logging.getLogger(__name__)
AGAIN_S = 1.0
T = TypeVar("T")


class Desk:
    """All work on the database goes through one thread and one connection, which holds the lock of the worker's number."""

    def __init__(self, engine: Engine, limits: Limits = DEFAULT) -> None:
        """Connects with the first piece of work."""
        self._limits = limits
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "desk")
        self._connection: Connection | None = None
        self._worker = 0
        self._mine: set[int] = set()

    async def take(self, channels: Collection[str], at: datetime) -> list[Job]:
        """Hand out new alerts and take what is due; nothing while the database is gone."""

        def taken(session: Session) -> list[Job]:
            delivering.fan_out(session, at)
            return delivering.claim(session, self._worker, self._mine, schedule.ATTEMPTS, channels, at, self._limits)

        try:
            jobs = await self._run(taken)
        except SQLAlchemyError as failure:
            log.warning("deliveries wait: the database is gone (%s)", type(failure).__name__)
            return []
        self._mine.update(job.id for job in jobs)
        return jobs

    async def settle(self, job: Job, end: Settled, gone: bool, now: Callable[[], datetime] = clock.now) -> None:
        """Note how an attempt ended, as often as it takes; a receiver that is gone, or fails for days, is disabled."""

        def settled(session: Session) -> None:
            ours = delivering.settle(session, job, end, now())
            if ours and not end.delivered and end.failure not in delivering.OURS:
                since = job.subscription.failing_since
                if gone or (since is not None and now() - since >= schedule.FAILING):
                    delivering.disable(session, job, "gone" if gone else "failing", now())
                    log.error("subscription %s is disabled: %s", job.subscription.uid, "gone" if gone else "failing")

        while True:
            try:
                await self._run(settled)
                break
            except SQLAlchemyError as failure:
                log.warning("a delivery's end waits to be noted: %s", type(failure).__name__)
                await asyncio.sleep(AGAIN_S)
        self._mine.discard(job.id)

    async def close(self) -> None:
        """Give the worker's number back with its connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown()

    async def _run(self, work: Callable[[Session], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._committed, work)

    def _committed(self, work: Callable[[Session], T]) -> T:
        try:
            with Session(self._connected(), expire_on_commit=False, autoflush=False) as session:
                result = work(session)
                session.commit()
        except BaseException:
            self._drop()
            raise
        return result

    def _connected(self) -> Connection:
        """A connection of the desk's own, with a new number where it is a new one."""
        if self._connection is None:
            self._connection = self._engine.connect()
            with Session(self._connection) as session:
                self._worker = delivering.enlist(session)
                session.commit()
        return self._connection

    def _drop(self) -> None:
        """Closed, not given back: the pool would keep its lock."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
