"""What lies around the land: uses to be protected, plants, and areas that answers tell of (floods, rain, rail, ...)."""

from importlib import import_module

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_guards = import_module("migrations.versions.2026_11_22_guards")
SAID = {
    "sensitive_use": "ref kind name geom",
    "site_of_concern": "ref name kas18_class distance_class geom",
    "overlay": "ref kind name value data_on geom",
}

FACT = """
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content uuid NOT NULL,
    valid daterange NOT NULL,
    known tstzrange NOT NULL,
    ref character varying COLLATE "C" NOT NULL,
    geom geometry(MULTIPOLYGON, 25832) NOT NULL,
    CONSTRAINT ck_valid CHECK (NOT isempty(valid)),
    CONSTRAINT ck_known CHECK (NOT isempty(known)),
    CONSTRAINT ck_geom_valid CHECK (ST_IsValid(geom)),
    CONSTRAINT ck_geom_not_empty CHECK (NOT ST_IsEmpty(geom)),
    CONSTRAINT ex_{table} EXCLUDE USING gist ({unit} WITH =, valid WITH &&, known WITH &&)
"""
TABLES = {
    "sensitive_use": f"""
        CREATE TABLE sensitive_use (
            kind text NOT NULL, name text,
            {FACT.format(table="sensitive_use", unit="content")}
        )""",
    "site_of_concern": f"""
        CREATE TABLE site_of_concern (
            name text, kas18_class text, distance_class text,
            {FACT.format(table="site_of_concern", unit="ref")}
        )""",
    "overlay": f"""
        CREATE TABLE overlay (
            kind text NOT NULL, name text, value text, data_on date,
            {FACT.format(table="overlay", unit="content")}
        )""",
}
INDEXES = (
    *(f"CREATE INDEX ix_{table}_geom ON {table} USING gist (geom)" for table in ("sensitive_use", "site_of_concern")),
    *(f"CREATE INDEX ix_{table}_ref ON {table} (ref)" for table in ("sensitive_use", "overlay")),
    "CREATE INDEX ix_overlay_kind ON overlay (kind, data_on DESC NULLS LAST)",
)

# A flooded area may have 100,000 vertices: parcels are laid over pieces of it. What was recorded stays, so its pieces do too, and
# an answer for an earlier state of knowledge finds them.
PIECES = (
    """
    CREATE TABLE overlay_piece (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        fact_id bigint NOT NULL REFERENCES overlay (id),
        geom geometry(POLYGON, 25832) NOT NULL
    )""",
    "CREATE INDEX ix_overlay_piece_fact_id ON overlay_piece (fact_id)",
    "CREATE INDEX ix_overlay_piece_geom ON overlay_piece USING gist (geom)",
    """
    CREATE FUNCTION cut_overlay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO overlay_piece (fact_id, geom)
        SELECT f.id, d.geom
        FROM fresh f
        CROSS JOIN LATERAL ST_Subdivide(f.geom, 128) AS s(geom)
        CROSS JOIN LATERAL ST_Dump(s.geom) AS d;
        RETURN NULL;
    END $$""",
    """
    CREATE TRIGGER cut_overlay_on_insert AFTER INSERT ON overlay REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION cut_overlay()""",
)

# Requests read them; they come in by import only.
GRANTS = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON {", ".join(TABLES)}, overlay_piece TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    for table, statement in TABLES.items():
        op.execute(statement)
        other = " OR ".join(_guards._differs(column) for column in SAID[table].split())
        op.execute(_guards.GUARD_UPDATE.format(table=table, other=other))
        op.execute(_guards.GUARD_DELETE.format(table=table))
    for statement in (*INDEXES, *PIECES, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE overlay_piece")
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION cut_overlay()")
