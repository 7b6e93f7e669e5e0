"""Subscriptions and what was sent, as they are answered."""

from datetime import datetime
from uuid import UUID

from app.schemas.common import Out
from parcels.deliveries import Purpose, State
from parcels.subscriptions import Channel, DisabledReason, Language
from rules.alerts import Kind, Series, Severity


class SubscriptionOut(Out):
    """One receiver; empty lists mean all. `failing_since`: since when nothing has been taken; `disabled_reason`: the receiver
    answered 410 (gone), or took nothing for five days (failing). `confirmed_at`: by the owner of the e-mail address, or by
    `vouched_by` in his place; until then nothing but the question is sent. Null for webhooks."""

    id: UUID
    channel: Channel
    target: str
    language: Language
    kinds: list[Kind]
    series: list[Series]
    districts: list[str]
    severity: Severity
    created_by: str
    created_at: datetime
    old_secret_until: datetime | None
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    confirmed_at: datetime | None
    vouched_by: str | None


class SubscriptionSecretOut(SubscriptionOut):
    """The same with the secret that messages are signed with: it is shown this once. Null for e-mail."""

    secret: str | None


class SubscriptionsOut(Out):
    """Subscriptions in the order of their making."""

    subscriptions: list[SubscriptionOut]


class DeliveryOut(Out):
    """One alert to one receiver (no alert: a test, or the question whether an address is confirmed); what the last attempt came
    to. `failure`: no-answer, status, ours (fault, mail-server, mail-not-set-up), or mail-cap: put off until `due_at`, for the
    address has had as many e-mails as it gets in an hour."""

    id: UUID
    purpose: Purpose
    alert: UUID | None
    kind: Kind | None
    state: State
    created_at: datetime
    due_at: datetime | None
    attempts: int
    last_at: datetime | None
    status: int | None
    failure: str | None
    excerpt: str | None
    finished_at: datetime | None


class DeliveriesOut(Out):
    """Deliveries to one receiver, newest first."""

    deliveries: list[DeliveryOut]
