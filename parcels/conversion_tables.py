"""The tables of conversion cases: what was said of a case in versions, its assessments as answered, its steps, its public links.

All of it is only ever added to. A version says everything of the case; the last one recorded by an instant is what was known then.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.orm import Mapped, mapped_column

from parcels.model_base import Base, Key, geometry


class Conversion(Base):
    """A case by its number and the authority's `reference` (Aktenzeichen). `fingerprint` is of what was sent with an
    `idempotency_key`."""

    __tablename__ = "conversion"
    __table_args__ = (
        Index(
            "uq_conversion_idempotency_key",
            "token",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    reference: Mapped[str]
    created_at: Mapped[datetime]
    actor: Mapped[str]
    token: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    fingerprint: Mapped[str | None]


class ConversionVersion(Base):
    """What was said of a case from an instant on, wholly; the site is a list of parcel keys or an outline (EPSG:25832)."""

    __tablename__ = "conversion_version"
    __table_args__ = (
        UniqueConstraint("conversion_id", "number", name="uq_conversion_version"),
        CheckConstraint("(parcel_keys IS NULL) <> (geom IS NULL)", name="ck_site"),
        CheckConstraint("parcel_keys <> '{}'", name="ck_parcel_keys"),
        CheckConstraint("geom IS NULL OR (ST_IsValid(geom) AND NOT ST_IsEmpty(geom))", name="ck_geom"),
        CheckConstraint("hearing_months IS NULL OR hearing_days IS NULL", name="ck_hearing"),
        CheckConstraint("decision IN ('granted', 'refused', 'withdrawn')", name="ck_decision"),
        CheckConstraint("(decision IS NULL) OR (decision_on IS NOT NULL)", name="ck_decided"),
        CheckConstraint("housing_share BETWEEN 0 AND 1", name="ck_housing_share"),
        Index("ix_conversion_version_district", "district"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    conversion_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversion.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    note: Mapped[str | None]
    route: Mapped[str]
    planning: Mapped[str | None]
    purpose: Mapped[str]
    cases: Mapped[str | None]
    environment: Mapped[str | None]
    housing_share: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    district: Mapped[str | None]
    application_on: Mapped[date | None]
    request_received_on: Mapped[date | None]
    hearing_months: Mapped[int | None] = mapped_column(SmallInteger)
    hearing_days: Mapped[int | None] = mapped_column(SmallInteger)
    decision_on: Mapped[date | None]
    decision: Mapped[str | None]
    parcel_keys: Mapped[list[str] | None] = mapped_column(ARRAY(Key))
    geom: Mapped[Any | None] = mapped_column(geometry(), nullable=True)


class ConversionAssessment(Base):
    """An assessment of one version of a case, never changed: the day and the state of knowledge asked for, the facts that the rules
    were given, and the answer in each language as it was given."""

    __tablename__ = "conversion_assessment"
    __table_args__ = (
        UniqueConstraint("conversion_id", "number", name="uq_conversion_assessment"),
        ForeignKeyConstraint(
            ["conversion_id", "version"],
            ["conversion_version.conversion_id", "conversion_version.number"],
            name="fk_conversion_assessment_version",
        ),
        CheckConstraint(
            "involvement IN ('required', 'check', 'recommended', 'information', 'none')", name="ck_involvement"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    conversion_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversion.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]
    actor: Mapped[str]
    on: Mapped[date]
    known_at: Mapped[datetime]
    law_version: Mapped[str]
    rules_version: Mapped[str]
    involvement: Mapped[str]
    legal_review: Mapped[bool]
    consent_deadline: Mapped[date | None]
    bwi_deadline: Mapped[date | None]
    facts: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]] = mapped_column(JSON)  # as it was written: JSONB would sort it


class ConversionStep(Base):
    """A step of a case, in the order of ids; `state` is the case's after it, `details` what the kind of step states (days,
    numbers), `dossier` what was handed over with it. `role` is the author's, `actor` the name of the token: never public."""

    __tablename__ = "conversion_step"
    __table_args__ = (
        Index("ix_conversion_step_conversion_id", "conversion_id", "id"),
        Index(
            "uq_conversion_step_idempotency_key",
            "token",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    conversion_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversion.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    state: Mapped[str]
    role: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    dossier: Mapped[dict[str, Any] | None]
    dossier_sha256: Mapped[str | None]
    token: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    fingerprint: Mapped[str | None]


class ConversionTrack(Base):
    """A public link to the state of a case: SHA-256 of its code, so that nobody reads it from a backup; renewed by a new row."""

    __tablename__ = "conversion_track"
    __table_args__ = (
        UniqueConstraint("code_sha256", name="uq_conversion_track_code"),
        Index("uq_conversion_track_open", "conversion_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    conversion_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversion.id"))
    code_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    actor: Mapped[str]
    revoked_at: Mapped[datetime | None]
