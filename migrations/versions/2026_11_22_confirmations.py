"""E-mail is sent to whom has confirmed it, so many an hour; what the operator was told of receivers and deliveries."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Who has received e-mails so far goes on doing so: whoever made the subscription vouched for the address.
SUBSCRIPTION = (
    """ALTER TABLE subscription ADD COLUMN confirmed_at timestamptz, ADD COLUMN vouched_by text,
    ADD COLUMN operator_told_at timestamptz""",
    "UPDATE subscription SET confirmed_at = created_at, vouched_by = created_by WHERE channel = 'email'",
    """ALTER TABLE subscription
    ADD CONSTRAINT ck_confirmed CHECK (confirmed_at IS NULL OR channel = 'email'),
    ADD CONSTRAINT ck_vouched CHECK (vouched_by IS NULL OR confirmed_at IS NOT NULL)""",
)
DELIVERY = """
ALTER TABLE delivery ADD COLUMN confirms boolean NOT NULL DEFAULT false, ADD COLUMN operator_told_at timestamptz,
    ADD CONSTRAINT ck_confirms CHECK (NOT confirms OR alert_id IS NULL)
"""
CODE = """
CREATE TABLE subscription_code (
    code_sha256 bytea PRIMARY KEY,
    subscription_id bigint NOT NULL REFERENCES subscription (id),
    until timestamptz NOT NULL
)
"""
MAIL_SENT = """
CREATE TABLE mail_sent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address_sha256 bytea NOT NULL,
    at timestamptz NOT NULL
)
"""
OPERATOR_MAIL = """
CREATE TABLE operator_mail (
    id integer PRIMARY KEY,
    unattended_told_at timestamptz,
    CONSTRAINT ck_one_row CHECK (id = 1)
)
"""
INDEXES = (
    "CREATE INDEX ix_mail_sent ON mail_sent (address_sha256, at)",
    "CREATE INDEX ix_delivery_lost ON delivery (subscription_id, finished_at) WHERE state IN ('given_up', 'cancelled')",
)
GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON subscription_code TO landreserve_web;
        GRANT UPDATE (confirmed_at) ON subscription TO landreserve_web;
    END IF;
END $$
"""
# What goes back knows nothing of confirming: whoever has not confirmed must not be told, so their subscriptions end.
BACK = (
    "DROP INDEX ix_delivery_lost",
    "UPDATE delivery SET state = 'cancelled', worker = NULL, finished_at = created_at WHERE confirms AND state = 'pending'",
    """UPDATE subscription SET deleted_at = created_at, target = ''
    WHERE channel = 'email' AND confirmed_at IS NULL AND deleted_at IS NULL""",
    "DROP TABLE operator_mail",
    "DROP TABLE mail_sent",
    "DROP TABLE subscription_code",
    "ALTER TABLE delivery DROP CONSTRAINT ck_confirms, DROP COLUMN confirms, DROP COLUMN operator_told_at",
    "ALTER TABLE subscription DROP CONSTRAINT ck_vouched, DROP CONSTRAINT ck_confirmed, DROP COLUMN confirmed_at, "
    "DROP COLUMN vouched_by, DROP COLUMN operator_told_at",
)


def upgrade() -> None:
    first = "INSERT INTO operator_mail (id) VALUES (1)"
    for statement in (*SUBSCRIPTION, DELIVERY, CODE, MAIL_SENT, *INDEXES, OPERATOR_MAIL, first, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    for statement in BACK:
        op.execute(statement)
