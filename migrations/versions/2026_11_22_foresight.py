"""The line remembers when it was looked ahead of it, and what was known by then."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE reserve_line ADD COLUMN foreseen_on date, ADD COLUMN foreseen_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE reserve_line DROP COLUMN foreseen_on, DROP COLUMN foreseen_at")
