"""The tables of subscriptions: who wants to be told of which alerts, which alerts were handed out, and what was sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from parcels.model_base import Base

PENDING = "state = 'pending'"


class SubscriptionRow(Base):
    """One receiver. Empty lists mean all; secrets are encrypted; of a deleted one the target and the secrets are gone.

    `vouched_by` confirmed an e-mail address in its owner's place. `operator_told_at`: that it was disabled.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint("channel IN ('webhook', 'email')", name="ck_channel"),
        CheckConstraint("language IN ('de', 'en')", name="ck_language"),
        CheckConstraint("least IN ('critical', 'warning', 'information')", name="ck_least"),
        CheckConstraint("(secret IS NOT NULL) = (channel = 'webhook' AND deleted_at IS NULL)", name="ck_secret"),
        CheckConstraint("(old_secret IS NULL) = (old_secret_until IS NULL)", name="ck_old_secret"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="ck_disabled"),
        CheckConstraint("disabled_reason IN ('gone', 'failing')", name="ck_disabled_reason"),
        CheckConstraint("confirmed_at IS NULL OR channel = 'email'", name="ck_confirmed"),
        CheckConstraint("vouched_by IS NULL OR confirmed_at IS NOT NULL", name="ck_vouched"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
    channel: Mapped[str]
    target: Mapped[str]
    language: Mapped[str]
    kinds: Mapped[list[str]]
    series: Mapped[list[str]]
    districts: Mapped[list[str]]
    least: Mapped[str]
    owner: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    vouched_by: Mapped[str | None]
    operator_told_at: Mapped[datetime | None]


class SubscriptionCodeRow(Base):
    """A code by which the owner of an e-mail address confirms a subscription."""

    __tablename__ = "subscription_code"

    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("subscription.id"))
    until: Mapped[datetime]


class MailSentRow(Base):
    """That an e-mail was handed over within the last hour, whatever became of its delivery since."""

    __tablename__ = "mail_sent"
    __table_args__ = (Index("ix_mail_sent", "address_sha256", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    address_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class OperatorMailRow(Base):
    """One row, locked by whoever writes to the operator; when he was told of alerts that nobody attends to, if there are such."""

    __tablename__ = "operator_mail"
    __table_args__ = (CheckConstraint("id = 1", name="ck_one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    unattended_told_at: Mapped[datetime | None]


class FannedOutRow(Base):
    """An alert that was handed out to all who wanted to be told by then."""

    __tablename__ = "alert_fanned_out"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alert.id"), primary_key=True, autoincrement=False)
    at: Mapped[datetime]


class DeliveryRow(Base):
    """One alert to one receiver (no alert: a test, or the question whether he confirms). `worker` is the number of the one that
    is at it, if it still lives; `operator_told_at`: that it was given up."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscription_id", "alert_id", name="uq_delivery"),
        CheckConstraint("state IN ('pending', 'delivered', 'given_up', 'cancelled')", name="ck_state"),
        CheckConstraint("(finished_at IS NULL) = (state = 'pending')", name="ck_finished"),
        CheckConstraint("worker IS NULL OR state = 'pending'", name="ck_worker"),
        CheckConstraint("attempts >= 0", name="ck_attempts"),
        CheckConstraint("length(excerpt) <= 200", name="ck_excerpt"),
        CheckConstraint("NOT confirms OR alert_id IS NULL", name="ck_confirms"),
        Index("ix_delivery_due", "subscription_id", "due_at", "id", postgresql_where=text(PENDING)),
        Index("ix_delivery_worker", "worker", postgresql_where=text("worker IS NOT NULL")),
        Index("ix_delivery_alert", "alert_id"),
        Index(
            "ix_delivery_lost",
            "subscription_id",
            "finished_at",
            postgresql_where=text("state IN ('given_up', 'cancelled')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
    subscription_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("subscription.id"))
    alert_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("alert.id"))
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    worker: Mapped[int | None] = mapped_column(Integer)
    last_at: Mapped[datetime | None]
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_failure: Mapped[str | None]
    excerpt: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    confirms: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    operator_told_at: Mapped[datetime | None]
