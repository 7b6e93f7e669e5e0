"""Alerts as they come, for any number of listeners: one task hears of them and reads them once, each listener goes at its own pace.

Numbers of alerts are given before they are committed, and may be committed in another order. Listeners remember one number, so
none is told before all that are less have been committed or rolled back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from itertools import count, takewhile

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from parcels import alerts
from parcels.alerts import Alert

log = logging.getLogger(__name__)

READERS = 100  # listeners at a time; each holds a connection to the service, none one to the database
KEPT = 1000  # alerts in memory; who comes back from before them reads from the table
PAGE = 100
POLL_S = 1.0  # for what was told while nobody heard
SOON_S = 0.1  # while a transaction is waited for
AGAIN_S = 2.0
LONGEST_S = 3600.0  # then a listener comes back by itself, and shows a token that still holds
CHANNEL = "landreserve_alert"


class Hub:
    """What all listeners share. It works from the first one until it is closed."""

    def __init__(self, sessions: Callable[[], Session], url: str | None) -> None:
        """`sessions` see with each statement what is committed by then; without a `url` alerts are looked for only."""
        self.readers = 0
        self._sessions, self._url = sessions, url
        self._low = self._high = -1  # all numbers in (low, high] are in `recent`; -1: not yet known
        self._recent: list[Alert] = []
        self._waiting: tuple[int, frozenset[str]] | None = None  # a number, and who may still commit a lesser one
        self._changed, self._heard = asyncio.Event(), asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.closed = False

    async def begin(self) -> int:
        """The number after which a listener that comes now begins."""
        if not self._tasks and not self.closed:
            self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._listen())]
        while self._high < 0 and not self.closed:
            await self._changed.wait()
        return max(self._high, 0)

    async def follow(self, after: int) -> AsyncIterator[Alert]:
        """All alerts after a number, each once and in order, until the hub is closed or LONGEST_S have passed."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_S
        while not self.closed and loop.time() < end:
            changed = self._changed  # before looking, or what comes in between would be slept through
            found = await self._after(after)
            for alert in found:
                after = alert.id
                yield alert
            if not found:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(end):
                        await changed.wait()

    def close(self) -> None:
        """Let every listener go."""
        self.closed = True
        self._changed.set()
        for task in self._tasks:
            task.cancel()

    async def _after(self, after: int) -> list[Alert]:
        if after >= self._high:
            return []
        if after >= self._low:
            return [alert for alert in self._recent if alert.id > after]
        while not self.closed:
            try:
                return await asyncio.to_thread(self._page, after, self._high)
            except SQLAlchemyError as failure:
                log.warning("a listener waits: the database is gone (%s)", type(failure).__name__)
                await asyncio.sleep(AGAIN_S)
        return []

    def _page(self, after: int, until: int) -> list[Alert]:
        with self._sessions() as session:
            return alerts.since(session, after, until, PAGE)

    async def _work(self) -> None:
        """Look whenever something was heard, and every POLL_S."""
        while True:
            self._heard.clear()
            busy = False
            try:
                known, found = await asyncio.to_thread(self._look)
                self._publish(known, found)
                busy = bool(found) or self._waiting is not None
            except SQLAlchemyError as failure:
                log.warning("events wait: the database is gone (%s)", type(failure).__name__)
            except Exception:
                log.exception("events wait")
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON_S if busy else POLL_S):
                    await self._heard.wait()

    def _look(self) -> tuple[int, list[Alert]]:
        """Up to which number everything is known, and the alerts that are new."""
        with self._sessions() as session:
            if self._waiting is None:
                # In this order: whoever was given a number up to the newest is among those raising, or done and seen below.
                newest = alerts.newest(session)
                if newest == self._high:
                    return newest, []
                self._waiting = newest, alerts.raising(session)
            newest, before = self._waiting
            still = before & alerts.raising(session) if before else before
            found = alerts.since(session, self._high, newest) if self._high >= 0 else []
        if still:
            numbers = count(self._high + 1)  # nobody can still come in between where no number is missing
            found = list(takewhile(lambda alert: alert.id == next(numbers), found))
        known = newest if not still else found[-1].id if found else self._high
        self._waiting = None if known == newest else (newest, still)
        return known, found

    def _publish(self, high: int, found: list[Alert]) -> None:
        if self._high < 0:
            self._low = high
        if high != self._high:
            self._high = high
            self._recent += found
            if len(self._recent) > KEPT:
                self._low = self._recent[-KEPT - 1].id
                del self._recent[:-KEPT]
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    async def _listen(self) -> None:
        """One connection for all: the database tells of each alert at its commit."""
        if self._url is None:
            return
        url = make_url(self._url).set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    url, autocommit=True, application_name="landreserve", connect_timeout=5
                )
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    self._heard.set()
                    async for _ in connection.notifies():
                        self._heard.set()
            except psycopg.Error as failure:
                log.warning("nobody tells of new alerts (%s); looking for them meanwhile", type(failure).__name__)
            await asyncio.sleep(AGAIN_S)
