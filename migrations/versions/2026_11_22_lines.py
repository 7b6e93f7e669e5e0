"""Lines of the ledger are compared by what they say: no hash of it is kept beside them, nor indexed with every line."""

from importlib import import_module

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_guards = import_module("migrations.versions.2026_11_22_guards")
SAID = _guards.SAID["ledger"].split()
OTHER = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in SAID)
HASHED = _guards.GUARD_UPDATE.format(table="ledger", other=OTHER)
UNHASHED = HASHED.replace("OR NEW.content IS DISTINCT FROM OLD.content ", "")


def upgrade() -> None:
    op.execute("DROP TRIGGER keep_history ON ledger")
    op.execute("ALTER TABLE ledger DROP COLUMN content")  # and its index
    op.execute(UNHASHED)


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_history ON ledger")
    op.execute("ALTER TABLE ledger ADD COLUMN content uuid")
    op.execute(f"UPDATE ledger SET content = md5(ROW({', '.join(SAID)}, valid)::text)::uuid")
    op.execute("ALTER TABLE ledger ALTER COLUMN content SET NOT NULL")
    op.execute("CREATE INDEX ix_ledger_content ON ledger (content) WHERE upper_inf(known)")
    op.execute(HASHED)
