"""The line of the reserve is watched by every write, and what is told of it is kept."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

RESERVE_LINE = """
CREATE TABLE reserve_line (
    id smallint PRIMARY KEY,
    evaluated_on date,
    net_m2 numeric(14, 2),
    free_m2 numeric(14, 2),
    net_state text,
    free_state text,
    CONSTRAINT ck_one_row CHECK (id = 1),
    CONSTRAINT ck_evaluated CHECK (num_nulls(evaluated_on, net_m2, free_m2, net_state, free_state) IN (0, 5)),
    CONSTRAINT ck_net_state CHECK (net_state IN ('clear', 'near', 'below')),
    CONSTRAINT ck_free_state CHECK (free_state IN ('clear', 'near', 'below'))
)
"""
ALERT = """
CREATE TABLE alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    kind text NOT NULL,
    severity text NOT NULL,
    subject text NOT NULL,
    on_day date NOT NULL,
    raised_at timestamptz NOT NULL,
    facts jsonb NOT NULL,
    recording_id bigint REFERENCES recording (id),
    resolved_at timestamptz,
    CONSTRAINT ck_severity CHECK (severity IN ('critical', 'warning', 'information')),
    CONSTRAINT ck_resolved CHECK (resolved_at >= raised_at)
)
"""
ACKNOWLEDGEMENT = """
CREATE TABLE alert_acknowledgement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES alert (id),
    at timestamptz NOT NULL,
    name text NOT NULL,
    note text
)
"""
INDEXES = (
    "CREATE UNIQUE INDEX uq_alert_open ON alert (kind, subject) WHERE resolved_at IS NULL",
    "CREATE INDEX ix_alert_acknowledgement_alert ON alert_acknowledgement (alert_id)",
)
KEEP_ALERTS = """
CREATE FUNCTION keep_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
        MESSAGE = format('%s %s: what was told stays; an alert is resolved once', TG_TABLE_NAME, OLD.id);
END $$
"""
GUARDS = (
    """CREATE TRIGGER keep_alerts BEFORE UPDATE ON alert FOR EACH ROW
    WHEN (OLD.resolved_at IS NOT NULL OR NEW.resolved_at IS NULL
          OR ROW(NEW.id, NEW.uid, NEW.kind, NEW.severity, NEW.subject, NEW.on_day, NEW.raised_at, NEW.facts, NEW.recording_id)
             IS DISTINCT FROM
             ROW(OLD.id, OLD.uid, OLD.kind, OLD.severity, OLD.subject, OLD.on_day, OLD.raised_at, OLD.facts, OLD.recording_id))
    EXECUTE FUNCTION keep_alerts()""",
    "CREATE TRIGGER keep_rows BEFORE DELETE ON alert FOR EACH ROW EXECUTE FUNCTION keep_alerts()",
    """CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON alert_acknowledgement
    FOR EACH ROW EXECUTE FUNCTION keep_alerts()""",
)
# Who waits for alerts hears of them when they are committed; who does not hear finds them in the table.
TELL = """
CREATE FUNCTION tell_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('landreserve_alert', NEW.id::text);
    RETURN NULL;
END $$
"""
TELLING = "CREATE TRIGGER tell_alert AFTER INSERT ON alert FOR EACH ROW EXECUTE FUNCTION tell_alert()"
GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON reserve_line, alert, alert_acknowledgement TO landreserve_web;
        GRANT UPDATE ON reserve_line TO landreserve_web;
        GRANT INSERT, UPDATE (resolved_at) ON alert TO landreserve_web;
        GRANT INSERT ON alert_acknowledgement TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    for statement in (RESERVE_LINE, "INSERT INTO reserve_line (id) VALUES (1)", ALERT, ACKNOWLEDGEMENT, *INDEXES):
        op.execute(statement)
    for statement in (KEEP_ALERTS, *GUARDS, TELL, TELLING, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    for table in ("alert_acknowledgement", "alert", "reserve_line"):
        op.execute(f"DROP TABLE {table}")
    for function in ("tell_alert", "keep_alerts"):
        op.execute(f"DROP FUNCTION {function}()")
