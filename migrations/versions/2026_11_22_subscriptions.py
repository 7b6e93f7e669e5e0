"""Who wants to be told of alerts, and what has been sent to whom."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SUBSCRIPTION = """
CREATE TABLE subscription (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    channel text NOT NULL,
    target text NOT NULL,
    language text NOT NULL,
    kinds text[] NOT NULL,
    series text[] NOT NULL,
    districts text[] NOT NULL,
    least text NOT NULL,
    owner text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    secret bytea,
    old_secret bytea,
    old_secret_until timestamptz,
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_reason text,
    deleted_at timestamptz,
    CONSTRAINT ck_channel CHECK (channel IN ('webhook', 'email')),
    CONSTRAINT ck_language CHECK (language IN ('de', 'en')),
    CONSTRAINT ck_least CHECK (least IN ('critical', 'warning', 'information')),
    CONSTRAINT ck_secret CHECK ((secret IS NOT NULL) = (channel = 'webhook' AND deleted_at IS NULL)),
    CONSTRAINT ck_old_secret CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CONSTRAINT ck_disabled CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CONSTRAINT ck_disabled_reason CHECK (disabled_reason IN ('gone', 'failing'))
)
"""
FANNED_OUT = """
CREATE TABLE alert_fanned_out (
    alert_id bigint PRIMARY KEY REFERENCES alert (id),
    at timestamptz NOT NULL
)
"""
DELIVERY = """
CREATE TABLE delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    subscription_id bigint NOT NULL REFERENCES subscription (id),
    alert_id bigint REFERENCES alert (id),
    state text NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    worker integer,
    last_at timestamptz,
    last_status integer,
    last_failure text,
    excerpt text,
    finished_at timestamptz,
    CONSTRAINT uq_delivery UNIQUE (subscription_id, alert_id),
    CONSTRAINT ck_state CHECK (state IN ('pending', 'delivered', 'given_up', 'cancelled')),
    CONSTRAINT ck_finished CHECK ((finished_at IS NULL) = (state = 'pending')),
    CONSTRAINT ck_worker CHECK (worker IS NULL OR state = 'pending'),
    CONSTRAINT ck_attempts CHECK (attempts >= 0),
    CONSTRAINT ck_excerpt CHECK (length(excerpt) <= 200)
)
"""
INDEXES = (
    "CREATE INDEX ix_delivery_due ON delivery (subscription_id, due_at, id) WHERE state = 'pending'",
    "CREATE INDEX ix_delivery_worker ON delivery (worker) WHERE worker IS NOT NULL",
    "CREATE INDEX ix_delivery_alert ON delivery (alert_id)",
)
GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON subscription, alert_fanned_out, delivery TO landreserve_web;
        GRANT INSERT, UPDATE (target, secret, old_secret, old_secret_until, failing_since, disabled_at, disabled_reason, deleted_at)
            ON subscription TO landreserve_web;
        GRANT INSERT, UPDATE (state, due_at, attempts, worker, finished_at) ON delivery TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    for statement in (SUBSCRIPTION, FANNED_OUT, DELIVERY, *INDEXES, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    for table in ("delivery", "alert_fanned_out", "subscription"):
        op.execute(f"DROP TABLE {table}")
