"""What the register's tables have in common: their types, the two time axes of facts, where a fact was read."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Identity, Numeric, String, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

SRID = 25832
# Keys are compared byte by byte: with a language's collation the index over 250,000 keys costs ten times as much.
Key = String(collation="C")
MAX_M2 = 1_000_000_000


def geometry(kind: str = "MULTIPOLYGON") -> Geometry:
    """A column type for areas in EPSG:25832; indexes are named explicitly."""
    return Geometry(kind, srid=SRID, spatial_index=False)


def amount(column: str) -> CheckConstraint:
    """Refuses NaN and infinity too, which every comparison with BETWEEN rejects."""
    return CheckConstraint(f"{column} BETWEEN 0 AND {MAX_M2}", name=f"ck_{column}")


class Base(DeclarativeBase):
    """How Python's types are kept: instants with their zone, amounts in m2 with two decimals."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        date: Date(),
        Decimal: Numeric(14, 2),
        str: Text(),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
    }


class Fact:
    """What all facts have: an id, a content hash (equal content, equal fact) and the two time axes."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    content: Mapped[UUID]

    @declared_attr
    def valid(self) -> Mapped[Range[date]]:
        """The days on which it is so, [from, to)."""
        return mapped_column(DATERANGE, nullable=False)

    @declared_attr
    def known(self) -> Mapped[Range[datetime]]:
        """The instants between which it was what we knew, [from, to)."""
        return mapped_column(TSTZRANGE, nullable=False)


def time_axes(*extra: Any) -> tuple[Any, ...]:
    """Neither axis may be empty."""
    return (
        CheckConstraint("NOT isempty(valid)", name="ck_valid"),
        CheckConstraint("NOT isempty(known)", name="ck_known"),
        *extra,
    )


def area_checks(null_allowed: bool = False) -> tuple[CheckConstraint, CheckConstraint]:
    """Stored areas are valid and not empty."""
    null = "geom IS NULL OR " if null_allowed else ""
    return (
        CheckConstraint(f"{null}ST_IsValid(geom)", name="ck_geom_valid"),
        CheckConstraint(f"{null}NOT ST_IsEmpty(geom)", name="ck_geom_not_empty"),
    )


def no_overlap(table: str, *units: Any) -> ExcludeConstraint:
    """One fact per unit, day and instant of knowledge."""
    return ExcludeConstraint(
        *[(u, "=") for u in units], ("valid", "&&"), ("known", "&&"), name=f"ex_{table}", using="gist"
    )


class Evidence:
    """Where a fact was read: the feature in a plan's file, the file (an archive's member) and its hash. No part of its content."""

    gml_id: Mapped[str | None]
    source: Mapped[str | None]
    member: Mapped[str | None]
    sha256: Mapped[str | None]
