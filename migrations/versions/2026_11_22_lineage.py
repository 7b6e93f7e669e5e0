"""Which parcel follows which: kept as everything else, what was known is closed and never rewritten."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

GUARD_UPDATE = """
CREATE TRIGGER keep_history BEFORE UPDATE ON lineage FOR EACH ROW
WHEN (NOT upper_inf(OLD.known) OR upper_inf(NEW.known) OR lower(NEW.known) IS DISTINCT FROM lower(OLD.known)
      OR NEW.id <> OLD.id OR NEW.predecessor IS DISTINCT FROM OLD.predecessor OR NEW.successor IS DISTINCT FROM OLD.successor
      OR NEW.changed_on IS DISTINCT FROM OLD.changed_on OR NEW.shared_m2 IS DISTINCT FROM OLD.shared_m2)
EXECUTE FUNCTION keep_history()
"""
GUARD_DELETE = "CREATE TRIGGER keep_rows BEFORE DELETE ON lineage FOR EACH ROW EXECUTE FUNCTION keep_history()"

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT, INSERT, UPDATE (known) ON lineage TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    key = sa.String(collation="C")
    op.create_table(
        "lineage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("predecessor", key, nullable=False),
        sa.Column("successor", key, nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("shared_m2", sa.Numeric(14, 2), nullable=True),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("NOT isempty(known)", name="ck_known"),
        sa.CheckConstraint("predecessor <> successor", name="ck_not_itself"),
        sa.CheckConstraint("shared_m2 BETWEEN 0 AND 1000000000", name="ck_shared_m2"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_lineage_predecessor", "lineage", ["predecessor"])
    op.create_index("ix_lineage_successor", "lineage", ["successor"])
    op.execute(GUARD_UPDATE)
    op.execute(GUARD_DELETE)
    op.execute(GRANTS)


def downgrade() -> None:
    op.drop_table("lineage")
