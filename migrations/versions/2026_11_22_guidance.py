"""Guidance (Handreichung) as data: what was loaded stays as it was; which version holds when is known on both axes."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = {
    "guidance_file": """
        CREATE TABLE guidance_file (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            document character varying COLLATE "C" NOT NULL,
            version text NOT NULL,
            title text NOT NULL,
            published date,
            valid_from date NOT NULL,
            valid_to date,
            demonstration boolean NOT NULL,
            source text NOT NULL,
            sha256 text NOT NULL,
            body text NOT NULL,
            zones_source text,
            zones_sha256 text,
            digest text NOT NULL,
            CONSTRAINT ck_valid CHECK (valid_from < valid_to),
            CONSTRAINT uq_guidance_file UNIQUE (digest)
        )""",
    "guidance_rule": """
        CREATE TABLE guidance_rule (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            file_id bigint NOT NULL REFERENCES guidance_file (id),
            place integer NOT NULL,
            rule text NOT NULL,
            result text NOT NULL,
            page text NOT NULL,
            wording text NOT NULL,
            routes text[] NOT NULL,
            designations text[] NOT NULL,
            condition jsonb NOT NULL,
            CONSTRAINT ck_result CHECK (result IN ('permitted', 'case_by_case', 'excluded', 'silent')),
            CONSTRAINT uq_guidance_rule UNIQUE (file_id, place)
        )""",
    "guidance_zone": """
        CREATE TABLE guidance_zone (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            file_id bigint NOT NULL REFERENCES guidance_file (id),
            name text NOT NULL,
            geom geometry(MULTIPOLYGON, 25832) NOT NULL,
            CONSTRAINT ck_geom_valid CHECK (ST_IsValid(geom)),
            CONSTRAINT ck_geom_not_empty CHECK (NOT ST_IsEmpty(geom)),
            CONSTRAINT uq_guidance_zone UNIQUE (file_id, name)
        )""",
    "guidance": """
        CREATE TABLE guidance (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            document character varying COLLATE "C" NOT NULL,
            file_id bigint NOT NULL REFERENCES guidance_file (id),
            valid daterange NOT NULL,
            known tstzrange NOT NULL,
            CONSTRAINT ck_valid CHECK (NOT isempty(valid)),
            CONSTRAINT ck_known CHECK (NOT isempty(known)),
            CONSTRAINT ex_guidance EXCLUDE USING gist (document WITH =, valid WITH &&, known WITH &&)
        )""",
}
LOADED = ("guidance_file", "guidance_rule", "guidance_zone")
# What was loaded is evidence: it neither changes nor goes.
GUARD_LOADED = "CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION keep_history()"
GUARD_UPDATE = """
CREATE TRIGGER keep_history BEFORE UPDATE ON guidance FOR EACH ROW
WHEN (NOT upper_inf(OLD.known) OR upper_inf(NEW.known) OR lower(NEW.known) IS DISTINCT FROM lower(OLD.known)
      OR NEW.id <> OLD.id OR NEW.document IS DISTINCT FROM OLD.document OR NEW.file_id <> OLD.file_id
      OR NEW.valid IS DISTINCT FROM OLD.valid)
EXECUTE FUNCTION keep_history()
"""
GUARD_DELETE = "CREATE TRIGGER keep_rows BEFORE DELETE ON guidance FOR EACH ROW EXECUTE FUNCTION keep_history()"
INDEXES = ("CREATE INDEX ix_guidance_zone_geom ON guidance_zone USING gist (geom)",)

# Requests read guidance; its owner loads it on the command line.
GRANTS = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON {", ".join(TABLES)} TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    for statement in (*TABLES.values(), *INDEXES, GUARD_UPDATE, GUARD_DELETE):
        op.execute(statement)
    for table in LOADED:
        op.execute(GUARD_LOADED.format(table))
    op.execute(GRANTS)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
