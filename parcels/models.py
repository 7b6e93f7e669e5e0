"""The register's tables. Facts carry two half-open time axes: `valid` (when it is so) and `known` (when we recorded it).

Geometry is MultiPolygon in EPSG:25832; amounts are numeric m2 with two decimals. Overlaps are forbidden by the database: by
exclusion constraints here, by triggers in the migration where a constraint cannot say it (parts of holdings) or costs more
than the import itself (parcels).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from parcels.model_base import Base, Evidence, Fact, Key, amount, area_checks, geometry, no_overlap, time_axes


class Register(Base):
    """One row: the state of the register. Every writer locks it first, so that recordings follow one another."""

    __tablename__ = "register"
    __table_args__ = (CheckConstraint("id = 1", name="ck_one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    recorded_at: Mapped[datetime | None]
    rules_version: Mapped[str | None]
    fictitious: Mapped[bool] = mapped_column(server_default=text("false"))


class Recording(Base):
    """One act of recording: an import, an edit, a rebuild. Its instant opens or closes the `known` of what it touched.

    `summary` counts rows and versions; its `ended` are those in whose place, on some of their days, nothing is recorded.
    Its `origin`, if any, says whose data it is and under which licence (origins.py); its `candidate`, whose milestones it
    followed (restating.py).
    """

    __tablename__ = "recording"
    __table_args__ = (
        CheckConstraint("kind IN ('import', 'edit', 'rebuild')", name="ck_kind"),
        Index("ix_recording_origin", "at", postgresql_where=text("summary ? 'origin'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(unique=True)
    kind: Mapped[str]
    layer: Mapped[str | None]
    actor: Mapped[str]
    note: Mapped[str | None]
    source: Mapped[str | None]
    sha256: Mapped[str | None]
    summary: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class District(Fact, Base):
    """A Bezirk."""

    __tablename__ = "district"
    name: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(*area_checks(), no_overlap("district", "name"))


class Parcel(Fact, Base):
    """A Flurstueck. `area_m2` is what amounts are taken from: the official area, else the ellipsoidal one (GRS80)."""

    __tablename__ = "parcel"
    key: Mapped[str] = mapped_column(Key)
    official_m2: Mapped[Decimal | None]
    gemarkung: Mapped[str | None]
    district: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    area_m2: Mapped[Decimal]
    area_basis: Mapped[str]
    __table_args__ = time_axes(
        *area_checks(),
        amount("official_m2"),
        amount("area_m2"),
        CheckConstraint("area_basis IN ('official', 'ellipsoidal')", name="ck_area_basis"),
        Index("ix_parcel_key", "key"),
        Index("ix_parcel_geom", "geom", postgresql_using="gist", postgresql_where=text("upper_inf(known)")),
    )


class Zone(Evidence, Fact, Base):
    """A part of a plan with one Art der Nutzung (BauNVO, BPVO)."""

    __tablename__ = "zone"
    plan: Mapped[str]
    designation: Mapped[str]
    regulates_use: Mapped[bool]
    in_use_as_commercial: Mapped[bool | None]
    restrictions: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(*area_checks(), no_overlap("zone", "content"), Index("ix_zone_plan", "plan"))


class PortArea(Fact, Base):
    """Hafennutzungs- or Hafenerweiterungsgebiet (HafenEG § 2)."""

    __tablename__ = "port_area"
    kind: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(*area_checks(), no_overlap("port_area", "content"), Index("ix_port_area_kind", "kind"))


class Deduction(Evidence, Fact, Base):
    """Land that is not Nettobauland: road, rail, green, compensation, water, flood defence, protective strip."""

    __tablename__ = "deduction"
    ref: Mapped[str] = mapped_column(Key)
    kind: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(*area_checks(), no_overlap("deduction", "content"), Index("ix_deduction_ref", "ref"))


class Holding(Fact, Base):
    """Who holds a parcel, or with `geom` a part of it, and what is known of its availability. NULL means unknown."""

    __tablename__ = "holding"
    parcel_key: Mapped[str] = mapped_column(Key)
    holder: Mapped[str | None]
    site: Mapped[str | None]
    disposition: Mapped[str | None]
    disposition_until: Mapped[date | None]
    serviced: Mapped[bool | None]
    cleared: Mapped[bool | None]
    binding_use: Mapped[bool | None]
    opposing_plan: Mapped[bool | None]
    construction_possible_from: Mapped[date | None]
    marketable: Mapped[bool | None]
    declared_net_m2: Mapped[Decimal | None]
    designation: Mapped[str | None]
    geom: Mapped[Any | None] = mapped_column(geometry(), nullable=True)
    __table_args__ = time_axes(
        *area_checks(null_allowed=True),
        amount("declared_net_m2"),
        Index("ix_holding_parcel_key", "parcel_key"),
        # one whole-parcel holding a day; parts beside it are kept out by the second constraint, overlapping parts by a trigger
        ExcludeConstraint(
            ("parcel_key", "="),
            ("valid", "&&"),
            ("known", "&&"),
            name="ex_holding_whole",
            using="gist",
            where=text("geom IS NULL"),
        ),
        ExcludeConstraint(
            ("parcel_key", "="),
            ("valid", "&&"),
            ("known", "&&"),
            (text("((geom IS NULL)::int)"), "<>"),
            name="ex_holding_whole_beside_part",
            using="gist",
        ),
    )


class SensitiveUse(Fact, Base):
    """A use to be protected (§ 3 Abs. 5d, § 50 BImSchG): housing, a school, a hospital."""

    __tablename__ = "sensitive_use"
    ref: Mapped[str] = mapped_column(Key)
    kind: Mapped[str]
    name: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(
        *area_checks(),
        no_overlap("sensitive_use", "content"),
        Index("ix_sensitive_use_geom", "geom", postgresql_using="gist"),
        Index("ix_sensitive_use_ref", "ref"),
    )


class SiteOfConcern(Fact, Base):
    """A plant with its classes (KAS-18, Abstandserlass NRW); a class of NULL means: nobody recorded it."""

    __tablename__ = "site_of_concern"
    ref: Mapped[str] = mapped_column(Key)
    name: Mapped[str | None]
    kas18_class: Mapped[str | None]
    distance_class: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(
        *area_checks(),
        no_overlap("site_of_concern", "ref"),
        Index("ix_site_of_concern_geom", "geom", postgresql_using="gist"),
    )


class Overlay(Fact, Base):
    """An area that answers about a parcel tell of: flood, heavy rain, ...; `data_on` is the day of the data. Never counted."""

    __tablename__ = "overlay"
    ref: Mapped[str] = mapped_column(Key)
    kind: Mapped[str]
    name: Mapped[str | None]
    value: Mapped[str | None]
    data_on: Mapped[date | None]
    geom: Mapped[Any] = mapped_column(geometry(), nullable=False)
    __table_args__ = time_axes(
        *area_checks(),
        no_overlap("overlay", "content"),
        Index("ix_overlay_ref", "ref"),
        Index("ix_overlay_kind", "kind", text("data_on DESC NULLS LAST")),
    )


class Piece:
    """A piece of at most 128 vertices of a fact known now: overlays run over pieces, so that no statement runs away."""

    geom: Mapped[Any] = mapped_column(geometry("POLYGON"), nullable=False)


def _pieces(table: str, fact: type[Base]) -> type[Base]:
    """The table of pieces of one layer, with a surrogate key and the fact it belongs to."""
    return type(
        f"{fact.__name__}Piece",
        (Piece, Base),
        {
            "__tablename__": table,
            "__annotations__": {"id": Mapped[int], "fact_id": Mapped[int]},
            "__module__": __name__,
            "id": mapped_column(BigInteger, Identity(always=True), primary_key=True),
            "fact_id": mapped_column(BigInteger, ForeignKey(f"{fact.__tablename__}.id"), nullable=False),
            "__table_args__": (
                Index(f"ix_{table}_fact_id", "fact_id"),
                Index(f"ix_{table}_geom", "geom", postgresql_using="gist"),
            ),
        },
    )


DistrictPiece = _pieces("district_piece", District)
ZonePiece = _pieces("zone_piece", Zone)
PortAreaPiece = _pieces("port_area_piece", PortArea)
DeductionPiece = _pieces("deduction_piece", Deduction)
OverlayPiece = _pieces("overlay_piece", Overlay)  # of all facts, not of those known now only: the database cuts them


class Entry(Base):
    """A line of the ledger: how a part of a parcel counts over a period, as known over a period. Derived, never entered."""

    __tablename__ = "ledger"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    parcel_key: Mapped[str] = mapped_column(Key)
    part: Mapped[UUID | None]
    district: Mapped[str | None]
    site: Mapped[str | None]
    holder: Mapped[str | None]
    disposition: Mapped[str | None]
    designation: Mapped[str | None]
    in_use_as_commercial: Mapped[bool | None]
    plans: Mapped[list[str]]
    gross_m2: Mapped[Decimal]
    port_m2: Mapped[Decimal]
    net_m2: Mapped[Decimal]
    area_basis: Mapped[str]
    standing: Mapped[str]
    not_met: Mapped[list[str]]
    unknown: Mapped[list[str]]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE, nullable=False)
    known: Mapped[Range[datetime]] = mapped_column(TSTZRANGE, nullable=False)
    __table_args__ = time_axes(
        amount("gross_m2"),
        amount("port_m2"),
        amount("net_m2"),
        CheckConstraint(
            "standing IN ('counted_free', 'counted_reserved', 'unclear', 'unrecorded', 'excluded')", name="ck_standing"
        ),
        CheckConstraint("area_basis IN ('official', 'ellipsoidal', 'declared')", name="ck_area_basis"),
        Index("ix_ledger_parcel_key", "parcel_key"),
    )


class Lineage(Base):
    """One parcel follows another one: they share so many m2 (EPSG:25832) of land that changed its parcel on a day.

    Without m2 it is what a file states and nobody has measured, without a day not even when.
    """

    __tablename__ = "lineage"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    predecessor: Mapped[str] = mapped_column(Key)
    successor: Mapped[str] = mapped_column(Key)
    changed_on: Mapped[date | None]
    shared_m2: Mapped[Decimal | None]
    known: Mapped[Range[datetime]] = mapped_column(TSTZRANGE, nullable=False)
    __table_args__ = (
        CheckConstraint("NOT isempty(known)", name="ck_known"),
        CheckConstraint("predecessor <> successor", name="ck_not_itself"),
        amount("shared_m2"),
        Index("ix_lineage_predecessor", "predecessor"),
        Index("ix_lineage_successor", "successor"),
    )


class ApiToken(Base):
    """A bearer token: shown once, stored as SHA-256 of its secret part."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'planner', 'hie', 'bwi', 'admin')", name="ck_role"),)

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


__all__ = [
    "ApiToken",
    "Base",
    "Deduction",
    "DeductionPiece",
    "District",
    "DistrictPiece",
    "Entry",
    "Holding",
    "Lineage",
    "Overlay",
    "OverlayPiece",
    "Parcel",
    "PortArea",
    "PortAreaPiece",
    "Recording",
    "Register",
    "SensitiveUse",
    "SiteOfConcern",
    "Zone",
    "ZonePiece",
]
