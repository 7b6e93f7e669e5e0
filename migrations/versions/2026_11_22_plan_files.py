"""The files that plans were read from are kept as evidence, and a finding says in which line of a file it is."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PLAN_FILE = """
CREATE TABLE plan_file (
    sha256 text NOT NULL,
    number integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (sha256, number),
    CONSTRAINT ck_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_number CHECK (number >= 0),
    CONSTRAINT ck_content CHECK (octet_length(content) BETWEEN 1 AND 1048576)
)
"""
KEEP_EVIDENCE = """
CREATE FUNCTION keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
        MESSAGE = format('%s: what is kept as evidence is neither changed nor deleted', TG_TABLE_NAME);
END $$
"""
GUARD = """
CREATE TRIGGER keep_evidence BEFORE UPDATE OR DELETE ON plan_file FOR EACH ROW EXECUTE FUNCTION keep_evidence()
"""
GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON plan_file TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute("ALTER TABLE import_issue ADD COLUMN line bigint")
    for statement in (PLAN_FILE, KEEP_EVIDENCE, GUARD, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE plan_file")
    op.execute("DROP FUNCTION keep_evidence()")
    op.execute("ALTER TABLE import_issue DROP COLUMN line")
