"""Alerts, as they are answered."""

from datetime import date, datetime
from uuid import UUID

from pydantic import JsonValue

from app.schemas.common import Out
from rules.alerts import Kind, Severity


class AlertSource(Out):
    """Where the line of the alert's day is written."""

    text: str
    paragraph: str | None
    url: str
    published: date


class AcknowledgementOut(Out):
    """Somebody has taken note; `name` and `note` are told to those who show a token."""

    at: datetime
    name: str | None
    note: str | None


class AlertOut(Out):
    """One alert: a stable `kind` with its `facts` (areas in hectares, as text), and the same as sentences.

    `subject` is a series (net, free), a case or an import. `on` is the day that it is about; `recording` the change that was
    its reason, null where time alone was, or several changes together. `resolved_at`: since when it is over.
    """

    id: int
    uid: UUID
    kind: Kind
    severity: Severity
    subject: str
    on: date
    title: str
    sentence: str
    reason: str | None
    raised_at: datetime
    resolved_at: datetime | None
    recording: int | None
    facts: dict[str, JsonValue]
    citations: list[AlertSource]
    acknowledgements: list[AcknowledgementOut]


class AlertsOut(Out):
    """Alerts, newest first."""

    alerts: list[AlertOut]
    next: str | None
