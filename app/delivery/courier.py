"""The worker that delivers: hears of alerts, hands them out, sends each to its receivers, and watches that none is forgotten.

Every delivery is a task of its own, and two at most are under way to one receiver: one that hangs holds nobody else up.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock, conversion_due
from app.delivery import schedule
from app.delivery.desk import Desk
from app.delivery.keys import KeyUnfitError
from app.delivery.webhook import Send, Sent
from parcels import deliveries, delivering, delivery_retention, foresight, line, pledge_watch, undelivered
from parcels.delivering import DEFAULT, Job, Limits, Settled

log = logging.getLogger(__name__)

POLL_S = 1.0  # for what falls due, and for what was told while nobody listened
TICK_S = 60.0
WATCH_S = 300.0
FORGET_S = 3600.0
FORGET_ROWS = 500  # in a transaction: whoever replays one of them waits for milliseconds
FORGET_TIMES = 20  # so that the worker can always end
KEPT = timedelta(days=400)  # a year, and time to look back on it
LATE = timedelta(minutes=15)
GRACE_S = 8.0  # for what is under way when the worker is told to stop
AGAIN_S = 2.0
HEARD = ("landreserve_alert", deliveries.CHANNEL)

Now = Callable[[], datetime]


async def run(
    engine: Engine,
    senders: Mapping[str, Send],
    stop: asyncio.Event,
    now: Now = clock.now,
    kept: timedelta = KEPT,
    limits: Limits = DEFAULT,
    tell: Callable[[datetime], Any] | None = None,
) -> None:
    """Deliver until told to stop, which is seen within POLL_S; what is under way then gets GRACE_S to end.

    Deliveries that ended are `kept` for so long. `tell` lets the operator know of what fails at an instant.
    """
    wake, desk = asyncio.Event(), Desk(engine, limits)
    beside = [
        asyncio.create_task(_listen(engine, wake)),
        asyncio.create_task(_every(TICK_S, lambda: _tick(engine, now))),
        asyncio.create_task(_every(WATCH_S, lambda: watch(engine, now()))),
        asyncio.create_task(_every(WATCH_S, lambda: _look(engine, now, conversion_due.tell))),
        asyncio.create_task(_every(WATCH_S, lambda: _look(engine, now, pledge_watch.tell))),
        asyncio.create_task(_every(FORGET_S, lambda: forget(engine, now() - kept))),
    ]
    if tell is not None:
        beside.append(asyncio.create_task(_every(WATCH_S, lambda: tell(now()))))
    under_way: set[asyncio.Task[None]] = set()
    try:
        while not stop.is_set():
            wake.clear()
            for job in await desk.take(senders.keys(), now()):
                task = asyncio.create_task(deliver(desk, job, senders, now))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(lambda _: wake.set())
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await wake.wait()
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE_S)
    finally:
        for one in (*beside, *under_way):
            one.cancel()
        await asyncio.gather(*beside, *under_way, return_exceptions=True)
        await desk.close()


async def deliver(
    desk: Desk, job: Job, senders: Mapping[str, Send], now: Now, chance: Callable[[], float] = random.random
) -> None:
    """One attempt, and what follows from it."""
    try:
        sent = await senders[job.subscription.order.channel](job, now())
    except KeyUnfitError as unfit:
        log.error("delivery %s: %s", job.uid, unfit)
        sent = Sent(False, failure=delivering.FAULT)
    except Exception:  # the next attempt may be made by a version that does better
        log.exception("delivery %s broke off", job.uid)
        sent = Sent(False, failure=delivering.FAULT)
    at = now()
    due_at = None
    if not (sent.delivered or sent.gone or sent.final):
        due_at = schedule.due_again(job.attempt, at, chance(), sent.retry_after)
    if not sent.delivered:
        log.log(
            logging.INFO if due_at else logging.ERROR,
            "delivery %s, attempt %d: %s %s, next %s",
            *(job.uid, job.attempt, sent.failure, sent.status, due_at),
        )
    end = Settled(sent.delivered, sent.status, sent.failure, sent.excerpt, due_at)
    await desk.settle(job, end, sent.gone, now)


async def one_round(
    desk: Desk, senders: Mapping[str, Send], now: Now, chance: Callable[[], float] = random.random
) -> int:
    """Send all that is due at this instant, once each, and wait for it; gives how many that were."""
    jobs = await desk.take(senders.keys(), now())
    await asyncio.gather(*(deliver(desk, job, senders, now, chance) for job in jobs))
    return len(jobs)


def watch(engine: Engine, at: datetime) -> datetime | None:
    """Say aloud where an alert waits for longer than LATE and nobody attends to it; gives since when."""
    with Session(engine) as session:
        since = undelivered.unattended_since(session, at)
    if since is None or at - since <= LATE:
        return None
    log.error("an alert waits since %s and nobody delivers it", since.isoformat())
    return since


def forget(engine: Engine, ended_by: datetime) -> int:
    """Delete deliveries that ended by an instant, in a few small transactions; gives how many those were."""
    total = 0
    for _ in range(FORGET_TIMES):
        with Session(engine) as session:
            done = delivery_retention.forget(session, ended_by, FORGET_ROWS)
            session.commit()
        total += done
        if done < FORGET_ROWS:
            break
    if total:
        log.info("%d deliveries that ended by %s are deleted", total, ended_by.isoformat())
    return total


def _tick(engine: Engine, now: Now) -> None:
    """Evaluate the days that have passed, and look at those to come, each in a transaction of its own."""
    for look in (line.tick, foresight.look):
        _look(engine, now, look)


def _look(engine: Engine, now: Now, look: Callable[[Session, datetime], bool]) -> None:
    """Look in a transaction of its own; where an import holds the register it is put off, so that the worker can always end."""
    with Session(engine) as session:
        session.execute(text("SET LOCAL lock_timeout = '1s'"))
        if look(session, now()):
            session.commit()


async def _every(seconds: float, work: Callable[[], Any]) -> None:
    """Do something at once and then again and again, in a thread; what fails is done the next time."""
    while True:
        try:
            await asyncio.to_thread(work)
        except SQLAlchemyError as failure:
            log.warning("put off: %s", type(failure).__name__)
        except Exception:
            log.exception("put off")
        await asyncio.sleep(seconds)


async def _listen(engine: Engine, wake: asyncio.Event) -> None:
    """Wake the worker when an alert is committed; without this it is found by the next look, a second later."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True, application_name="landreserve")
            async with connection:
                for channel in HEARD:
                    await connection.execute(f"LISTEN {channel}".encode())
                wake.set()
                async for _ in connection.notifies():
                    wake.set()
        except psycopg.Error as failure:
            log.warning("nobody tells of new alerts (%s); looking for them meanwhile", type(failure).__name__)
        await asyncio.sleep(AGAIN_S)
