"""The tables of the issue log: a run for every import, and what it found row by row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from parcels.models import Base

OPEN = "state IN ('queued', 'running')"


class ImportRun(Base):
    """One import, from its order to its end. Whoever works on it holds an advisory lock, which goes with its connection.

    `upload` names the folder of a file that was sent: such a run can be taken up again. `fingerprint` is of what was sent with
    an `idempotency_key`.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'done', 'done_with_rejected', 'refused', 'failed')", name="ck_state"
        ),
        CheckConstraint(f"(finished_at IS NULL) = ({OPEN})", name="ck_finished"),
        Index("ix_import_run_open", "id", postgresql_where=text(OPEN)),
        Index(
            "uq_import_run_idempotency_key",
            "token",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    layer: Mapped[str]
    source: Mapped[str]
    sha256: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    dry_run: Mapped[bool]
    actor: Mapped[str]
    note: Mapped[str | None]
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    step: Mapped[str | None]
    done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int | None] = mapped_column(BigInteger)
    rows_read: Mapped[int | None] = mapped_column(BigInteger)
    rows_passed: Mapped[int | None] = mapped_column(BigInteger)
    rows_rejected: Mapped[int | None] = mapped_column(BigInteger)
    facts_closed: Mapped[int | None] = mapped_column(BigInteger)
    facts_added: Mapped[int | None] = mapped_column(BigInteger)
    facts_ended: Mapped[int | None] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    warnings: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    notes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    layers_of_defence: Mapped[list[str] | None]
    refusal_kind: Mapped[str | None]
    refusal: Mapped[str | None]
    recording_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("recording.id"))
    upload: Mapped[str | None]
    token: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    fingerprint: Mapped[str | None]


class ImportIssue(Base):
    """One finding of a run, in the order in which they were found."""

    __tablename__ = "import_issue"
    __table_args__ = (CheckConstraint("severity IN ('error', 'warning', 'note')", name="ck_severity"),)

    run_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    file: Mapped[str | None]
    row: Mapped[int | None] = mapped_column(BigInteger)
    line: Mapped[int | None] = mapped_column(BigInteger)
    feature: Mapped[str | None]
    field: Mapped[str | None]
    kind: Mapped[str]
    severity: Mapped[str]
    message: Mapped[str]
    value: Mapped[str | None]
    before_m2: Mapped[Decimal | None] = mapped_column(Numeric)
    after_m2: Mapped[Decimal | None] = mapped_column(Numeric)
