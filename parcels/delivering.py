"""The queue of deliveries: each alert is handed out once to whoever wants to be told, taken by one worker at a time, and tried
until it is over.

A worker holds an advisory lock of its number on the connection that it claims with: when the process dies, the lock goes with
its connection, and what the worker was at is free for others at once. No lease, no clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import alerts, confirmations, mail_cap, subscriptions
from parcels.alerts import Alert
from parcels.subscriptions import DisabledReason, Subscription

LOCKS = 7_100_102  # the first number of the advisory locks of workers that deliver, as 7_100_101 is that of imports
ONE_CLAIMS = 7_100_103
AT_ONCE = 2  # so many are under way to one receiver: one that hangs holds nobody else up

MAIL_SERVER, MAIL_NOT_SET_UP = "mail-server", "mail-not-set-up"
FAULT = "fault"  # the attempt failed by our doing: that is not held against the receiver
OURS = frozenset({FAULT, MAIL_SERVER, MAIL_NOT_SET_UP})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator may set: how many e-mails an hour go to one address, how long one may take to confirm it."""

    mails_per_hour: int = 20
    code_lasts: timedelta = timedelta(days=7)


DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Question:
    """What an e-mail asks: to confirm by a code, until an instant."""

    code: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery that was taken: by which worker, for which time, what to whom; no alert where the receiver is tested or asked.

    `waiting`: so many more e-mails to this address wait, for it has had as many as it gets in an hour.
    """

    id: int
    uid: UUID
    worker: int
    attempt: int
    created_at: datetime
    subscription: Subscription
    alert: Alert | None
    question: Question | None = None
    waiting: int = 0

    @property
    def message_id(self) -> str:
        """The stable id under which a receiver sees it, however often it is sent."""
        return str(self.alert.uid if self.alert else self.uid)


@dataclass(frozen=True, slots=True)
class Settled:
    """How an attempt ended: delivered, or to be tried again at `due_at`, or (without) given up."""

    delivered: bool
    status: int | None = None
    failure: str | None = None
    excerpt: str | None = None
    due_at: datetime | None = None


def fan_out(session: Session, at: datetime) -> int:
    """Hand out the alerts that were not yet, each once to all that want it; gives how many deliveries that made."""
    return len(session.execute(text(_FAN_OUT), {"at": at}).all())


def enlist(session: Session) -> int:
    """A number for a worker; its connection holds the lock of the number from now on."""
    while True:
        number = secrets.randbelow(2**31 - 1)
        taken = "SELECT pg_try_advisory_lock(:locks, CAST(:number AS int))"
        if session.execute(text(taken), {"locks": LOCKS, "number": number}).scalar_one():
            return number


def claim(
    session: Session,
    worker: int,
    mine: Collection[int],
    most: int,
    channels: Collection[str],
    at: datetime,
    limits: Limits = DEFAULT,
) -> list[Job]:
    """Take what is due and nobody is at, AT_ONCE to a receiver; `mine` are those that this process has in hand already.

    What has killed its worker at the last of `most` attempts is given up.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ONE_CLAIMS})
    bound = {"locks": LOCKS, "worker": worker, "mine": list(mine), "at": at, "at_once": AT_ONCE, "most": most}
    session.execute(text(_PARK), bound)
    if "email" in channels:
        mail_cap.put_off(session, limits.mails_per_hour, at)
    rows = session.execute(text(_CLAIM), {**bound, "channels": list(channels), "reached": mail_cap.REACHED}).all()
    found = {row.alert_id: alerts.find(session, row.alert_id) for row in rows if row.alert_id is not None}
    return [
        Job(
            row.delivery_id,
            row.delivery_uid,
            worker,
            row.attempts,
            row.delivery_created_at,
            subscriptions.subscription(row),
            found.get(row.alert_id),
            _question(session, row, at, limits),
            row.waiting,
        )
        for row in rows
    ]


def _question(session: Session, row: Any, at: datetime, limits: Limits) -> Question | None:
    """The code is made now, for it stands nowhere but in the mail."""
    if not row.confirms:
        return None
    until = at + limits.code_lasts
    return Question(confirmations.make(session, row.id, at, until), until)


def settle(session: Session, job: Job, end: Settled, at: datetime) -> bool:
    """Note how an attempt ended; False where the delivery is not this worker's any more: then nothing is noted."""
    state = "delivered" if end.delivered else "given_up" if end.due_at is None else "pending"
    bound = {
        **{"id": job.id, "worker": job.worker, "attempt": job.attempt, "state": state, "due_at": end.due_at},
        **{"finished": None if state == "pending" else at, "at": at},
        **{"status": end.status, "failure": end.failure, "excerpt": end.excerpt},
    }
    if end.delivered and job.subscription.order.channel == "email":
        mail_cap.count(session, job.subscription.order.target, at)
    if session.execute(text(_SETTLE), bound).one_or_none() is None:
        return False
    if end.failure in OURS:
        return True
    failing = "NULL" if end.delivered else "coalesce(failing_since, :at)"
    query = (
        f"UPDATE subscription SET failing_since = {failing} WHERE id = :id AND failing_since IS DISTINCT FROM {failing}"
    )
    session.execute(text(query), {"id": job.subscription.id, "at": at})
    return True


def disable(session: Session, job: Job, reason: DisabledReason, at: datetime) -> None:
    """Send no more to the receiver of a delivery."""
    subscriptions.disable(session, job.subscription.id, reason, at)


_LEAST = "CASE {} WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END"
# A filter is about alerts that have such a thing: what is of the whole city concerns every district.
_FAN_OUT = f"""
WITH fresh AS (
    INSERT INTO alert_fanned_out (alert_id, at)
    SELECT a.id, :at FROM alert a WHERE NOT EXISTS (SELECT FROM alert_fanned_out f WHERE f.alert_id = a.id)
    ON CONFLICT DO NOTHING
    RETURNING alert_id
)
INSERT INTO delivery (subscription_id, alert_id, created_at, due_at)
SELECT s.id, a.id, :at, :at
FROM fresh f JOIN alert a ON a.id = f.alert_id CROSS JOIN subscription s
WHERE s.disabled_at IS NULL AND s.deleted_at IS NULL AND (s.channel <> 'email' OR s.confirmed_at IS NOT NULL)
    AND (s.kinds = '{{}}' OR a.kind = ANY (s.kinds))
    AND (s.series = '{{}}' OR a.subject NOT IN ('net', 'free') OR a.subject = ANY (s.series))
    AND (s.districts = '{{}}' OR a.facts ->> 'district' IS NULL OR a.facts ->> 'district' = ANY (s.districts))
    AND {_LEAST.format("a.severity")} >= {_LEAST.format("s.least")}
ON CONFLICT DO NOTHING
RETURNING id
"""

_LIVE = """
live AS (
    SELECT CAST(CAST(objid AS bigint) AS int) AS worker FROM pg_locks
    WHERE locktype = 'advisory' AND classid = CAST(:locks AS bigint)::oid AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)"""

_PARK = f"""
WITH {_LIVE}
UPDATE delivery d SET state = 'given_up', worker = NULL, finished_at = :at, last_failure = 'worker-died'
WHERE d.state = 'pending' AND d.worker IS NOT NULL AND d.attempts >= :most
    AND d.worker NOT IN (SELECT worker FROM live) AND d.id <> ALL (:mine)
"""

_CLAIM = f"""
WITH {_LIVE},
held AS (
    SELECT id, subscription_id FROM delivery
    WHERE state = 'pending' AND worker IS NOT NULL AND (worker IN (SELECT worker FROM live) OR id = ANY (:mine))
),
due AS (
    SELECT d.id FROM subscription s CROSS JOIN LATERAL (
        SELECT id FROM delivery
        WHERE subscription_id = s.id AND state = 'pending' AND due_at <= :at AND id NOT IN (SELECT id FROM held)
        ORDER BY due_at, id
        LIMIT greatest(:at_once - (SELECT count(*) FROM held h WHERE h.subscription_id = s.id), 0)
    ) d
    WHERE s.disabled_at IS NULL AND s.deleted_at IS NULL AND s.channel = ANY (:channels)
),
taken AS (
    UPDATE delivery d SET worker = :worker, attempts = d.attempts + 1, last_at = :at
    FROM due WHERE due.id = d.id
    RETURNING d.*
)
SELECT t.id AS delivery_id, t.uid AS delivery_uid, t.created_at AS delivery_created_at, t.alert_id, t.attempts, t.confirms, s.*,
    CASE s.channel WHEN 'email' THEN (
        SELECT count(*) FROM delivery w JOIN subscription o ON o.id = w.subscription_id
        WHERE w.state = 'pending' AND w.last_failure = :reached AND w.due_at > :at
            AND o.channel = 'email' AND lower(o.target) = lower(s.target)
    ) ELSE 0 END AS waiting
FROM taken t JOIN subscription s ON s.id = t.subscription_id ORDER BY t.due_at, t.id
"""

_SETTLE = """
UPDATE delivery SET state = :state, worker = NULL, due_at = coalesce(:due_at, due_at), finished_at = :finished,
    last_at = :at, last_status = :status, last_failure = :failure, excerpt = :excerpt
WHERE id = :id AND worker = :worker AND attempts = :attempt AND state = 'pending'
RETURNING id
"""
