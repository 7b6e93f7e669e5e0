"""Conversion cases: what was said of them in versions, assessments as answered, steps, public links. Only ever added to."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEPT = ("conversion", "conversion_version", "conversion_assessment", "conversion_step")
KEEP = "CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_history()"
# A link may be revoked, once.
REVOKE_ONLY = """
CREATE TRIGGER keep_history BEFORE UPDATE ON conversion_track FOR EACH ROW
WHEN (OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR NEW.id <> OLD.id OR NEW.conversion_id <> OLD.conversion_id
      OR NEW.code_sha256 <> OLD.code_sha256 OR NEW.created_at <> OLD.created_at OR NEW.actor <> OLD.actor)
EXECUTE FUNCTION keep_history()
"""
TRACKS_STAY = "CREATE TRIGGER keep_rows BEFORE DELETE ON conversion_track FOR EACH ROW EXECUTE FUNCTION keep_history()"

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT, INSERT ON conversion, conversion_version, conversion_assessment, conversion_step, conversion_track
            TO landreserve_web;
        GRANT UPDATE (revoked_at) ON conversion_track TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    _cases()
    _assessments()
    _steps()
    _tracks()
    for table in KEPT:
        op.execute(KEEP.format(table=table))
    op.execute(REVOKE_ONLY)
    op.execute(TRACKS_STAY)
    op.execute(GRANTS)


def downgrade() -> None:
    for table in ("conversion_track", "conversion_step", "conversion_assessment", "conversion_version", "conversion"):
        op.drop_table(table)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _of_case() -> sa.Column[int]:
    return sa.Column("conversion_id", sa.BigInteger(), sa.ForeignKey("conversion.id"), nullable=False)


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _once_a_key(table: str) -> None:
    op.create_index(
        f"uq_{table}_idempotency_key",
        table,
        ["token", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )


def _cases() -> None:
    key = sa.String(collation="C")
    op.create_table(
        "conversion",
        _id(),
        sa.Column("reference", sa.Text(), nullable=False),
        _at("created_at"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _once_a_key("conversion")
    op.create_table(
        "conversion_version",
        _id(),
        _of_case(),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        _at("recorded_at"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("planning", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("cases", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("housing_share", sa.Numeric(5, 4), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("application_on", sa.Date(), nullable=True),
        sa.Column("request_received_on", sa.Date(), nullable=True),
        sa.Column("hearing_months", sa.SmallInteger(), nullable=True),
        sa.Column("hearing_days", sa.SmallInteger(), nullable=True),
        sa.Column("decision_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("parcel_keys", postgresql.ARRAY(key), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=25832, spatial_index=False), nullable=True),
        sa.CheckConstraint("(parcel_keys IS NULL) <> (geom IS NULL)", name="ck_site"),
        sa.CheckConstraint("parcel_keys <> '{}'", name="ck_parcel_keys"),
        sa.CheckConstraint("geom IS NULL OR (ST_IsValid(geom) AND NOT ST_IsEmpty(geom))", name="ck_geom"),
        sa.CheckConstraint("hearing_months IS NULL OR hearing_days IS NULL", name="ck_hearing"),
        sa.CheckConstraint("decision IN ('granted', 'refused', 'withdrawn')", name="ck_decision"),
        sa.CheckConstraint("(decision IS NULL) OR (decision_on IS NOT NULL)", name="ck_decided"),
        sa.CheckConstraint("housing_share BETWEEN 0 AND 1", name="ck_housing_share"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversion_id", "number", name="uq_conversion_version"),
    )
    op.create_index("ix_conversion_version_district", "conversion_version", ["district"])


def _assessments() -> None:
    op.create_table(
        "conversion_assessment",
        _id(),
        _of_case(),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        _at("at"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        _at("known_at"),
        sa.Column("law_version", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("involvement", sa.Text(), nullable=False),
        sa.Column("legal_review", sa.Boolean(), nullable=False),
        sa.Column("consent_deadline", sa.Date(), nullable=True),
        sa.Column("bwi_deadline", sa.Date(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("result", postgresql.JSON(), nullable=False),  # as it was written: JSONB would sort it
        sa.CheckConstraint(
            "involvement IN ('required', 'check', 'recommended', 'information', 'none')", name="ck_involvement"
        ),
        sa.ForeignKeyConstraint(
            ["conversion_id", "version"],
            ["conversion_version.conversion_id", "conversion_version.number"],
            name="fk_conversion_assessment_version",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversion_id", "number", name="uq_conversion_assessment"),
    )


def _steps() -> None:
    op.create_table(
        "conversion_step",
        _id(),
        _of_case(),
        _at("at"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("dossier", postgresql.JSONB(), nullable=True),
        sa.Column("dossier_sha256", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conversion_step_conversion_id", "conversion_step", ["conversion_id", "id"])
    _once_a_key("conversion_step")


def _tracks() -> None:
    op.create_table(
        "conversion_track",
        _id(),
        _of_case(),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        _at("created_at"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_sha256", name="uq_conversion_track_code"),
    )
    op.create_index(
        "uq_conversion_track_open",
        "conversion_track",
        ["conversion_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
