"""Plans as their files state them: stages, zones in the pipeline, what is kept as evidence; and where a fact was read."""

from importlib import import_module

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_guards = import_module("migrations.versions.2026_11_22_guards")
EVIDENCE = ("gml_id", "source", "member", "sha256")
TRACED = ("zone", "deduction")
SAID = {
    "plan": "name number kind stage changes bau_nvo xplan_version geom",
    "pipeline_zone": "plan stage designation regulates_use restrictions expected geom",
    "plan_mark": "plan kind code restrictions geom",
}

STAGES = "'started', 'draft', 'participation', 'display', 'adopted', 'in_force', 'partly_lapsed', 'repealed', 'expired', 'unknown'"
FACT = """
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content uuid NOT NULL,
    valid daterange NOT NULL,
    known tstzrange NOT NULL,
    gml_id text, source text, member text, sha256 text,
    geom geometry(MULTIPOLYGON, 25832) NOT NULL,
    CONSTRAINT ck_valid CHECK (NOT isempty(valid)),
    CONSTRAINT ck_known CHECK (NOT isempty(known)),
    CONSTRAINT ck_geom_valid CHECK (ST_IsValid(geom)),
    CONSTRAINT ck_geom_not_empty CHECK (NOT ST_IsEmpty(geom)),
    CONSTRAINT ex_{table} EXCLUDE USING gist ({unit} WITH =, valid WITH &&, known WITH &&)
"""
TABLES = {
    "plan": f"""
        CREATE TABLE plan (
            name character varying COLLATE "C" NOT NULL,
            number text, kind text, stage text NOT NULL, changes text, bau_nvo text, xplan_version text,
            {FACT.format(table="plan", unit="name")},
            CONSTRAINT ck_stage CHECK (stage IN ({STAGES}))
        )""",
    "pipeline_zone": f"""
        CREATE TABLE pipeline_zone (
            plan character varying COLLATE "C" NOT NULL,
            stage text NOT NULL, designation text NOT NULL, regulates_use boolean NOT NULL, restrictions text, expected date,
            {FACT.format(table="pipeline_zone", unit="content")}
        )""",
    "plan_mark": f"""
        CREATE TABLE plan_mark (
            plan character varying COLLATE "C" NOT NULL,
            kind text NOT NULL, code text, restrictions text,
            {FACT.format(table="plan_mark", unit="content")},
            CONSTRAINT ck_kind CHECK (kind IN ('ban', 'port'))
        )""",
}
INDEXES = (
    "CREATE INDEX ix_plan_geom ON plan USING gist (geom) WHERE upper_inf(known)",
    "CREATE INDEX ix_pipeline_zone_plan ON pipeline_zone (plan)",
    "CREATE INDEX ix_plan_mark_plan ON plan_mark (plan)",
)

# Requests read plans; they come in by import only.
GRANTS = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON {", ".join(TABLES)} TO landreserve_web;
    END IF;
END $$
"""


def _guard(table: str, columns: str, evidence: tuple[str, ...]) -> None:
    other = " OR ".join(_guards._differs(column) for column in (*columns.split(), *evidence))
    op.execute(_guards.GUARD_UPDATE.format(table=table, other=other))


def upgrade() -> None:
    for table in TRACED:
        op.execute(f"ALTER TABLE {table} {', '.join(f'ADD COLUMN {column} text' for column in EVIDENCE)}")
        op.execute(f"DROP TRIGGER keep_history ON {table}")
        _guard(table, _guards.SAID[table], EVIDENCE)
    for table, statement in TABLES.items():
        op.execute(statement)
        _guard(table, SAID[table], EVIDENCE)
        op.execute(_guards.GUARD_DELETE.format(table=table))
    for statement in INDEXES:
        op.execute(statement)
    op.execute(GRANTS)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    for table in TRACED:
        op.execute(f"DROP TRIGGER keep_history ON {table}")
        _guard(table, _guards.SAID[table], ())
        op.execute(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {column}' for column in EVIDENCE)}")
