"""The tables of plans as their files state them: stages, what they would bring, marks, and the files themselves."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from parcels.model_base import Base, Evidence, Fact, Key, area_checks, geometry, no_overlap, time_axes


class Plan(Evidence, Fact, Base):
    """A plan as its file states it: its stage on each day, and its outline. Its areas are zones once it is in force."""

    __tablename__ = "plan"
    name: Mapped[str] = mapped_column(Key)
    number: Mapped[str | None]
    kind: Mapped[str | None]
    stage: Mapped[str]
    changes: Mapped[str | None]
    bau_nvo: Mapped[str | None]
    xplan_version: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(
        *area_checks(),
        CheckConstraint(
            "stage IN ('started', 'draft', 'participation', 'display', 'adopted', 'in_force', 'partly_lapsed', 'repealed', "
            "'expired', 'unknown')",
            name="ck_stage",
        ),
        no_overlap("plan", "name"),
        Index("ix_plan_geom", "geom", postgresql_using="gist", postgresql_where=text("upper_inf(known)")),
    )


class PipelineZone(Evidence, Fact, Base):
    """What a plan that is not in force would make of a piece of land. Never counted; `expected` is the day that its file states."""

    __tablename__ = "pipeline_zone"
    plan: Mapped[str] = mapped_column(Key)
    stage: Mapped[str]
    designation: Mapped[str]
    regulates_use: Mapped[bool]
    restrictions: Mapped[str | None]
    expected: Mapped[date | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(
        *area_checks(), no_overlap("pipeline_zone", "content"), Index("ix_pipeline_zone_plan", "plan")
    )


class PlanMark(Evidence, Fact, Base):
    """What a plan says beside its uses, kept as evidence and not counted: a ban on changes, its port areas."""

    __tablename__ = "plan_mark"
    plan: Mapped[str] = mapped_column(Key)
    kind: Mapped[str]
    code: Mapped[str | None]
    restrictions: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(
        *area_checks(),
        CheckConstraint("kind IN ('ban', 'port')", name="ck_kind"),
        no_overlap("plan_mark", "content"),
        Index("ix_plan_mark_plan", "plan"),
    )


class PlanFile(Base):
    """A block of a file that plans were read from, kept as evidence (plan_files.py)."""

    __tablename__ = "plan_file"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="ck_sha256"),
        CheckConstraint("number >= 0", name="ck_number"),
        CheckConstraint("octet_length(content) BETWEEN 1 AND 1048576", name="ck_content"),
    )
