"""Every import is a run that is kept: what it counted, what it found row by row, and also why it was refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The web process queues an import and reads of it; how it goes on is for the worker to say.
GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON import_run, import_issue TO landreserve_web;
        GRANT INSERT (layer, source, sha256, dry_run, actor, note, options, created_at, upload, token, idempotency_key,
            fingerprint) ON import_run TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("options", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("rows_read", sa.BigInteger(), nullable=True),
        sa.Column("rows_passed", sa.BigInteger(), nullable=True),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=True),
        sa.Column("facts_closed", sa.BigInteger(), nullable=True),
        sa.Column("facts_added", sa.BigInteger(), nullable=True),
        sa.Column("facts_ended", sa.BigInteger(), nullable=True),
        sa.Column("errors", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("warnings", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("notes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("layers_of_defence", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("refusal_kind", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("recording_id", sa.BigInteger(), nullable=True),
        sa.Column("upload", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'done_with_rejected', 'refused', 'failed')", name="ck_state"
        ),
        sa.CheckConstraint("(finished_at IS NULL) = (state IN ('queued', 'running'))", name="ck_finished"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_import_run_open", "import_run", ["id"], postgresql_where=sa.text("state IN ('queued', 'running')")
    )
    op.create_index(
        "uq_import_run_idempotency_key",
        "import_run",
        ["token", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "import_issue",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("row", sa.BigInteger(), nullable=True),
        sa.Column("feature", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("before_m2", sa.Numeric(), nullable=True),
        sa.Column("after_m2", sa.Numeric(), nullable=True),
        sa.CheckConstraint("severity IN ('error', 'warning', 'note')", name="ck_severity"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "number"),
    )
    op.execute(GRANTS)


def downgrade() -> None:
    op.drop_table("import_issue")
    op.drop_table("import_run")
