"""Alerts as they are kept: raised with the change that is their reason, resolved when it is over, acknowledged by somebody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from rules.alerts import PASSED, Kind, Severity


class AlertUnknownError(LookupError):
    """There is no alert of that number or uid."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has taken note of an alert."""

    at: datetime
    name: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert: what it tells of which `subject`, for which day, since when; `recording` is the change that was its reason, None
    where time alone was. `facts` are the values of its sentence, areas in hectares as text."""

    id: int
    uid: UUID
    kind: Kind
    severity: Severity
    subject: str
    on_day: date
    raised_at: datetime
    facts: dict[str, Any]
    recording: int | None
    resolved_at: datetime | None
    acknowledgements: tuple[Acknowledgement, ...]


def raise_one(
    session: Session,
    kind: Kind,
    severity: Severity,
    subject: str,
    on: date,
    at: datetime,
    facts: dict[str, Any],
    recording: int | None = None,
) -> int | None:
    """Raise an alert and give its number; None where one of the kind is open for the subject already."""
    bound = {
        **{"kind": kind, "severity": severity, "subject": subject, "on": on, "at": at, "recording": recording},
        "facts": json.dumps(facts, default=str),
        "resolved": at if kind in PASSED else None,
    }
    number: int | None = session.execute(text(_RAISE), bound).scalar_one_or_none()
    return number


def resolve(session: Session, kinds: Iterable[Kind], subject: str, at: datetime) -> int:
    """Say that what alerts of these kinds tell of a subject is over; gives how many were open."""
    done = session.execute(text(_RESOLVE), {"kinds": list(kinds), "subject": subject, "at": at})
    return len(done.all())


def find(session: Session, name: int | UUID) -> Alert:
    """One alert by its number or its uid; AlertUnknownError where there is none."""
    column = "uid" if isinstance(name, UUID) else "id"
    row = session.execute(text(f"{_SELECT} WHERE a.{column} = :name"), {"name": name}).one_or_none()
    if row is None:
        raise AlertUnknownError(f"There is no alert {name}.")
    return _alert(row)


def listing(
    session: Session,
    open_only: bool = False,
    kinds: Iterable[Kind] = (),
    severities: Iterable[Severity] = (),
    before: int | None = None,
    limit: int | None = None,
) -> list[Alert]:
    """Alerts, newest first, those with a number less than `before`."""
    where = ["(CAST(:before AS bigint) IS NULL OR a.id < :before)"]
    if open_only:
        where.append("a.resolved_at IS NULL")
    wanted = {"kinds": list(kinds), "severities": list(severities)}
    where += [
        f"a.{name} = ANY (:{names})" for name, names in (("kind", "kinds"), ("severity", "severities")) if wanted[names]
    ]
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY a.id DESC LIMIT :limit"
    return [_alert(row) for row in session.execute(text(query), {**wanted, "before": before, "limit": limit})]


def since(session: Session, after: int, until: int, limit: int | None = None) -> list[Alert]:
    """Alerts with numbers in (after, until], oldest first."""
    query = f"{_SELECT} WHERE a.id > :after AND a.id <= :until ORDER BY a.id LIMIT :limit"
    return [_alert(row) for row in session.execute(text(query), {"after": after, "until": until, "limit": limit})]


def newest(session: Session) -> int:
    """The greatest number of an alert; 0 where there is none."""
    return int(session.execute(text("SELECT coalesce(max(id), 0) FROM alert")).scalar_one())


def raising(session: Session) -> frozenset[str]:
    """The transactions of others that may have raised an alert and not yet committed it.

    Numbers are given before the commit: one that is less than `newest` may still come, but only from these. They hold the
    lock that every INSERT takes on its table until they end.
    """
    return frozenset(session.execute(text(_RAISING)).scalars())


def acknowledge(session: Session, alert: int | UUID, at: datetime, name: str, note: str | None) -> None:
    """Note that somebody has taken note; again and by others too. AlertUnknownError where there is no such alert."""
    number = find(session, alert).id
    session.execute(text(_ACKNOWLEDGE), {"alert": number, "at": at, "name": name, "note": note})


def open_counts(session: Session) -> dict[Severity, int]:
    """How many alerts of each severity last; reads the index of these alone."""
    rows = session.execute(text("SELECT severity, count(*) FROM alert WHERE resolved_at IS NULL GROUP BY severity"))
    found = {Severity(severity): count for severity, count in rows}
    return {severity: found.get(severity, 0) for severity in Severity}


def _alert(row: Any) -> Alert:
    taken = (Acknowledgement(datetime.fromisoformat(one["at"]), one["name"], one["note"]) for one in row.acknowledged)
    return Alert(
        row.id,
        row.uid,
        Kind(row.kind),
        Severity(row.severity),
        row.subject,
        row.on_day,
        row.raised_at,
        row.facts,
        row.recording_id,
        row.resolved_at,
        tuple(taken),
    )


_RAISE = """
INSERT INTO alert (kind, severity, subject, on_day, raised_at, facts, recording_id, resolved_at)
VALUES (:kind, :severity, :subject, :on, :at, CAST(:facts AS jsonb), :recording, :resolved)
ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO NOTHING
RETURNING id
"""

_RESOLVE = """
UPDATE alert SET resolved_at = :at WHERE kind = ANY (:kinds) AND subject = :subject AND resolved_at IS NULL RETURNING id
"""

_ACKNOWLEDGE = "INSERT INTO alert_acknowledgement (alert_id, at, name, note) VALUES (:alert, :at, :name, :note)"

_SELECT = """
SELECT a.*, coalesce((
    SELECT jsonb_agg(jsonb_build_object('at', k.at, 'name', k.name, 'note', k.note) ORDER BY k.id)
    FROM alert_acknowledgement k WHERE k.alert_id = a.id), '[]') AS acknowledged
FROM alert a
"""

_RAISING = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = CAST('alert' AS regclass) AND mode = 'RowExclusiveLock' AND granted
    AND pid IS DISTINCT FROM pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
