"""The tables of alerts: the line as it was last evaluated, what was told, who has taken note."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from parcels.models import Base

OPEN = "resolved_at IS NULL"


class ReserveLine(Base):
    """One row: both series on the day that was last evaluated, as known now, and where they stand towards the line.

    `foreseen_on` and `foreseen_at`: the day of the last look ahead, and the last recording that it had seen."""

    __tablename__ = "reserve_line"
    __table_args__ = (
        CheckConstraint("id = 1", name="ck_one_row"),
        CheckConstraint(
            "num_nulls(evaluated_on, net_m2, free_m2, net_state, free_state) IN (0, 5)", name="ck_evaluated"
        ),
        CheckConstraint("net_state IN ('clear', 'near', 'below')", name="ck_net_state"),
        CheckConstraint("free_state IN ('clear', 'near', 'below')", name="ck_free_state"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    evaluated_on: Mapped[date | None]
    net_m2: Mapped[Decimal | None]
    free_m2: Mapped[Decimal | None]
    net_state: Mapped[str | None]
    free_state: Mapped[str | None]
    foreseen_on: Mapped[date | None]
    foreseen_at: Mapped[datetime | None]


class AlertRow(Base):
    """What was told; `uid` is its name outside. Of one kind and subject one is open at a time."""

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("severity IN ('critical', 'warning', 'information')", name="ck_severity"),
        CheckConstraint("resolved_at >= raised_at", name="ck_resolved"),
        Index("uq_alert_open", "kind", "subject", unique=True, postgresql_where=text(OPEN)),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
    kind: Mapped[str]
    severity: Mapped[str]
    subject: Mapped[str]
    on_day: Mapped[date]
    raised_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    recording_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("recording.id"))
    resolved_at: Mapped[datetime | None]


class AcknowledgementRow(Base):
    """Somebody has taken note of an alert."""

    __tablename__ = "alert_acknowledgement"
    __table_args__ = (Index("ix_alert_acknowledgement_alert", "alert_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alert.id"))
    at: Mapped[datetime]
    name: Mapped[str]
    note: Mapped[str | None]
