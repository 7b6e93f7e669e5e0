"""The tables of guidance: files as they were loaded, with their rules and areas, and which of them holds on which days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from parcels.model_base import Base, Key, area_checks, geometry, no_overlap, time_axes


class GuidanceFile(Base):
    """A version of a document as it was loaded: the text itself, for evidence, and what was read from it. Never changed.

    `digest` is of the file together with the one that its zones stand in, if there is one.
    """

    __tablename__ = "guidance_file"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="ck_valid"),
        UniqueConstraint("digest", name="uq_guidance_file"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    document: Mapped[str] = mapped_column(Key)
    version: Mapped[str]
    title: Mapped[str]
    published: Mapped[date | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    demonstration: Mapped[bool]
    source: Mapped[str]
    sha256: Mapped[str]
    body: Mapped[str]
    zones_source: Mapped[str | None]
    zones_sha256: Mapped[str | None]
    digest: Mapped[str]


class GuidanceRuleRow(Base):
    """A rule of a file, in its order; `condition` as rules.guidance.Condition, without what it does not ask."""

    __tablename__ = "guidance_rule"
    __table_args__ = (
        CheckConstraint("result IN ('permitted', 'case_by_case', 'excluded', 'silent')", name="ck_result"),
        UniqueConstraint("file_id", "place", name="uq_guidance_rule"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    file_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guidance_file.id"))
    place: Mapped[int]
    rule: Mapped[str]
    result: Mapped[str]
    page: Mapped[str]
    wording: Mapped[str]
    routes: Mapped[list[str]]
    designations: Mapped[list[str]]
    condition: Mapped[dict[str, Any]]


class GuidanceZone(Base):
    """An area that a file names."""

    __tablename__ = "guidance_zone"
    __table_args__ = (
        *area_checks(),
        UniqueConstraint("file_id", "name", name="uq_guidance_zone"),
        Index("ix_guidance_zone_geom", "geom", postgresql_using="gist"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    file_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guidance_file.id"))
    name: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)


class Guidance(Base):
    """On which days a file is the version of its document that holds, as known over a period."""

    __tablename__ = "guidance"
    __table_args__ = time_axes(no_overlap("guidance", "document"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    document: Mapped[str] = mapped_column(Key)
    file_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guidance_file.id"))
    valid: Mapped[Range[date]] = mapped_column(DATERANGE, nullable=False)
    known: Mapped[Range[datetime]] = mapped_column(TSTZRANGE, nullable=False)
