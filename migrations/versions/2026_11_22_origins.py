"""Recordings that say whose data they hold are found among all the others: every answer names them."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_recording_origin ON recording (at) WHERE summary ? 'origin'")


def downgrade() -> None:
    op.execute("DROP INDEX ix_recording_origin")
