"""The tables of replacement: dissolved land, land offered for it with its milestones, pledges between the two, decisions.

All of it is only ever added to; what is said of a loss or a candidate stands in versions. How much of a candidate is pledged is
kept by the database itself, and its constraints refuse what exceeds its net area or binds the same land twice.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.orm import Mapped, mapped_column

from parcels.model_base import MAX_M2, Base, Key, amount, geometry


def _once_a_key(table: str) -> Index:
    return Index(
        f"uq_{table}_idempotency_key",
        "token",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    )


class Said:
    """Who recorded something; `fingerprint` is of what was sent with an `idempotency_key`."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    actor: Mapped[str]
    token: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    fingerprint: Mapped[str | None]


class Placed:
    """A site as it was stated: parcel keys, or an outline in EPSG:25832. `keys` are the parcels that it took land of when it was
    entered, `land` is where it lay (NULL: declared areas only)."""

    parcel_keys: Mapped[list[str] | None] = mapped_column(ARRAY(Key))
    outline: Mapped[Any | None] = mapped_column(geometry(), nullable=True)
    keys: Mapped[list[str]] = mapped_column(ARRAY(Key))
    land: Mapped[Any | None] = mapped_column(geometry(), nullable=True)


_PLACED = (
    CheckConstraint("(parcel_keys IS NULL) <> (outline IS NULL)", name="ck_site"),
    CheckConstraint("parcel_keys <> '{}'", name="ck_parcel_keys"),
    CheckConstraint("outline IS NULL OR (ST_IsValid(outline) AND NOT ST_IsEmpty(outline))", name="ck_outline"),
    CheckConstraint("land IS NULL OR (ST_IsValid(land) AND NOT ST_IsEmpty(land))", name="ck_land"),
)


class Versioned:
    """What was said of something from an instant on, wholly: the day of its measurement, its net m2 (NULL: nobody knows), the facts
    that people state and those that were measured, and the day since which it no longer holds."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger)
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    note: Mapped[str | None]
    measured_on: Mapped[date]
    net_m2: Mapped[Decimal | None]
    district: Mapped[str | None]
    stated: Mapped[dict[str, Any]]
    measured: Mapped[dict[str, Any]]
    withdrawn_on: Mapped[date | None]


def _versioned(of: str) -> tuple[Any, ...]:
    return (
        UniqueConstraint(f"{of}_id", "number", name=f"uq_{of}_version"),
        CheckConstraint("number >= 1", name="ck_number"),
        amount("net_m2"),
    )


class Dissolution(Said, Placed, Base):
    """Workplace land of one designation that is dissolved: by a conversion case, by the change of a plan, or as entered."""

    __tablename__ = "dissolution"
    __table_args__ = (
        *_PLACED,
        CheckConstraint("cause IN ('conversion', 'plan_change', 'entered')", name="ck_cause"),
        CheckConstraint("(conversion_id IS NOT NULL) = (cause = 'conversion')", name="ck_conversion"),
        CheckConstraint("(plan IS NOT NULL) = (cause = 'plan_change')", name="ck_plan"),
        _once_a_key("dissolution"),
        Index("ix_dissolution_land", "land", postgresql_using="gist"),
        Index("ix_dissolution_conversion", "conversion_id", postgresql_where=text("conversion_id IS NOT NULL")),
    )

    reference: Mapped[str]
    cause: Mapped[str]
    conversion_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("conversion.id"))
    plan: Mapped[str | None]
    designation: Mapped[str]
    created_at: Mapped[datetime]


class DissolutionVersion(Versioned, Base):
    """`lost_on` is the first day on which the land is no longer workplace land; `unclear_m2` is G of which nobody knows the use."""

    __tablename__ = "dissolution_version"
    __table_args__ = (*_versioned("dissolution"), amount("unclear_m2"))

    dissolution_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dissolution.id"))
    lost_on: Mapped[date]
    unclear_m2: Mapped[Decimal]


class Candidate(Said, Placed, Base):
    """Land that is offered as replacement.

    The last four columns are the database's: what can be pledged, since when, what is pledged, and what is pledged of candidates
    that share land with it.
    """

    __tablename__ = "candidate"
    __table_args__ = (
        *_PLACED,
        CheckConstraint("pledged_m2 BETWEEN 0 AND net_m2", name="ck_pledged_within_net"),
        CheckConstraint("pledged_m2 = 0 OR shadowed_m2 = 0", name="ck_pledged_once"),
        _once_a_key("candidate"),
        Index("ix_candidate_land", "land", postgresql_using="gist"),
    )

    name: Mapped[str]
    plan: Mapped[str | None]
    designation: Mapped[str]
    created_at: Mapped[datetime]
    net_m2: Mapped[Decimal] = mapped_column(server_default=text("0"))
    net_since: Mapped[date | None]
    pledged_m2: Mapped[Decimal] = mapped_column(server_default=text("0"))
    shadowed_m2: Mapped[Decimal] = mapped_column(server_default=text("0"))


class CandidateVersion(Versioned, Base):
    """`net_m2`: what of the land is new, outside port and deductions; no more than `planned_net_m2` where somebody states it."""

    __tablename__ = "candidate_version"
    __table_args__ = (*_versioned("candidate"), amount("planned_net_m2"))

    candidate_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("candidate.id"))
    planned_net_m2: Mapped[Decimal | None]


class CandidateOverlap(Base):
    """Two candidates share land; every pair stands here in both directions."""

    __tablename__ = "candidate_overlap"

    one: Mapped[int] = mapped_column(BigInteger, ForeignKey("candidate.id"), primary_key=True, autoincrement=False)
    other: Mapped[int] = mapped_column(BigInteger, ForeignKey("candidate.id"), primary_key=True, autoincrement=False)


class Milestone(Said, Base):
    """A milestone of a candidate's path (rules.pipeline); of a kind the last one recorded holds, one without days withdraws it."""

    __tablename__ = "milestone"
    __table_args__ = (_once_a_key("milestone"), Index("ix_milestone_candidate", "candidate_id", "id"))

    candidate_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("candidate.id"))
    kind: Mapped[str]
    planned_on: Mapped[date | None]
    done_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    note: Mapped[str | None]


class Pledge(Said, Base):
    """Net m2 of a candidate bound to one dissolution from a day on; `follows` is the pledge that it was transferred from."""

    __tablename__ = "pledge"
    __table_args__ = (
        CheckConstraint(f"net_m2 > 0 AND net_m2 <= {MAX_M2}", name="ck_net_m2"),
        CheckConstraint("pledged_on <= (made_at AT TIME ZONE 'Europe/Berlin')::date", name="ck_pledged_on"),
        _once_a_key("pledge"),
        Index("ix_pledge_candidate", "candidate_id"),
        Index("ix_pledge_dissolution", "dissolution_id"),
    )

    candidate_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("candidate.id"))
    dissolution_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dissolution.id"))
    net_m2: Mapped[Decimal]
    pledged_on: Mapped[date]
    made_at: Mapped[datetime]
    note: Mapped[str | None]
    follows: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("pledge.id"))


class PledgeRelease(Base):
    """A pledge ends: on `released_on` it binds no more; known since `released_at`."""

    __tablename__ = "pledge_release"
    __table_args__ = (
        CheckConstraint("released_on <= (released_at AT TIME ZONE 'Europe/Berlin')::date", name="ck_released_on"),
    )

    pledge_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("pledge.id"), primary_key=True, autoincrement=False)
    released_on: Mapped[date]
    released_at: Mapped[datetime]
    actor: Mapped[str]
    note: Mapped[str]


class ReplacementDecision(Said, Base):
    """What a person decided of candidates for a dissolution, and why, beside what the machine had said (`result`, by language)."""

    __tablename__ = "replacement_decision"
    __table_args__ = (
        CheckConstraint("decision IN ('accepted', 'accepted_with_conditions', 'rejected')", name="ck_decision"),
        CheckConstraint("verdict IN ('equivalent', 'conditional', 'not_equivalent')", name="ck_verdict"),
        CheckConstraint("candidate_ids <> '{}'", name="ck_candidate_ids"),
        _once_a_key("replacement_decision"),
        Index("ix_replacement_decision_dissolution", "dissolution_id", "id"),
    )

    dissolution_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dissolution.id"))
    candidate_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    decision: Mapped[str]
    decided_on: Mapped[date]
    decided_by: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    verdict: Mapped[str]
    on: Mapped[date]
    known_at: Mapped[datetime]
    law_version: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(JSON)  # as it was written: JSONB would sort it
