"""What a table definition cannot say: history is never rewritten, parcels and parts do not overlap, who may do what."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What each fact says; a line of the ledger says it too.
SAID = {
    "district": "name geom",
    "parcel": "key official_m2 gemarkung district geom area_m2 area_basis",
    "zone": "plan designation regulates_use in_use_as_commercial restrictions geom",
    "port_area": "kind geom",
    "deduction": "ref kind geom",
    "holding": "parcel_key holder site disposition disposition_until serviced cleared binding_use opposing_plan "
    "construction_possible_from marketable declared_net_m2 designation geom",
    "ledger": "parcel_key part district site holder disposition designation in_use_as_commercial plans gross_m2 port_m2 "
    "net_m2 area_basis standing not_met unknown",
}
FACTS = tuple(table for table in SAID if table != "ledger")
PIECES = ("district_piece", "zone_piece", "port_area_piece", "deduction_piece")

KEEP_HISTORY = """
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
        MESSAGE = format('%s %s: what was recorded stays; an amendment closes "known" and adds a row', TG_TABLE_NAME, OLD.id);
END $$
"""

# Closing is the only change: the same row, still open, gets an end of `known`.
GUARD_UPDATE = """
CREATE TRIGGER keep_history BEFORE UPDATE ON {table} FOR EACH ROW
WHEN (NOT upper_inf(OLD.known) OR upper_inf(NEW.known) OR lower(NEW.known) IS DISTINCT FROM lower(OLD.known)
      OR NEW.content IS DISTINCT FROM OLD.content OR NEW.valid IS DISTINCT FROM OLD.valid OR NEW.id <> OLD.id OR {other})
EXECUTE FUNCTION keep_history()
"""
GUARD_DELETE = "CREATE TRIGGER keep_rows BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_history()"

# A statement-level check over the new rows: an exclusion constraint over 250,000 keys costs more than their whole import.
# The register's lock makes writers follow one another, so what this sees is all there is.
PARCEL_OVERLAP = """
CREATE FUNCTION refuse_parcel_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE clash record;
BEGIN
    PERFORM FROM register FOR UPDATE;
    SELECT n.key, n.valid INTO clash
    FROM fresh n
    JOIN parcel p ON p.key = n.key AND p.id <> n.id AND p.valid && n.valid AND p.known && n.known
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ex_parcel', TABLE = 'parcel',
            MESSAGE = format('parcel %s is recorded twice for days in %s', clash.key, clash.valid);
    END IF;
    RETURN NULL;
END $$
"""

PART_OVERLAP = """
CREATE FUNCTION refuse_part_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE clash record;
BEGIN
    PERFORM FROM register FOR UPDATE;
    SELECT n.parcel_key AS key, round(ST_Area(ST_Intersection(n.geom, h.geom))::numeric, 2) AS m2 INTO clash
    FROM fresh n
    JOIN holding h ON h.parcel_key = n.parcel_key AND h.id <> n.id AND h.valid && n.valid AND h.known && n.known
        AND h.geom && n.geom AND ST_Area(ST_Intersection(n.geom, h.geom)) >= 0.01
    WHERE n.geom IS NOT NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ex_holding_parts', TABLE = 'holding',
            MESSAGE = format('two holdings share %s m2 of parcel %s on the same day', clash.m2, clash.key);
    END IF;
    RETURN NULL;
END $$
"""

ON_INSERT = """
CREATE TRIGGER {function}_on_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION {function}()
"""

# The web process may state, close and derive; it may not rewrite or delete what was recorded, nor change the schema.
GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO landreserve_web;
        GRANT INSERT, UPDATE (known) ON {facts}, ledger TO landreserve_web;
        GRANT INSERT, DELETE ON {pieces} TO landreserve_web;
        GRANT INSERT ON recording TO landreserve_web;
        GRANT UPDATE ON register TO landreserve_web;
        GRANT UPDATE (last_used_at) ON api_token TO landreserve_web;
    END IF;
END $$
"""


def _differs(column: str) -> str:
    """As text where it is a geometry: a restore runs without PostGIS's operators on the search path."""
    kind = "::text" if column == "geom" else ""
    return f"NEW.{column}{kind} IS DISTINCT FROM OLD.{column}{kind}"


def upgrade() -> None:
    op.execute("INSERT INTO register (id) VALUES (1)")
    op.execute(KEEP_HISTORY)
    for table, columns in SAID.items():
        other = " OR ".join(_differs(column) for column in columns.split())
        op.execute(GUARD_UPDATE.format(table=table, other=other))
        op.execute(GUARD_DELETE.format(table=table))
    for table, function, body in (
        ("parcel", "refuse_parcel_overlap", PARCEL_OVERLAP),
        ("holding", "refuse_part_overlap", PART_OVERLAP),
    ):
        op.execute(body)
        op.execute(ON_INSERT.format(table=table, function=function))
    op.execute(GRANTS.format(facts=", ".join(FACTS), pieces=", ".join(PIECES)))


def downgrade() -> None:
    for function, table in (("refuse_parcel_overlap", "parcel"), ("refuse_part_overlap", "holding")):
        op.execute(f"DROP TRIGGER {function}_on_insert ON {table}")
        op.execute(f"DROP FUNCTION {function}()")
    for table in SAID:
        op.execute(f"DROP TRIGGER keep_history ON {table}")
        op.execute(f"DROP TRIGGER keep_rows ON {table}")
    op.execute("DROP FUNCTION keep_history()")
    op.execute("DELETE FROM register")
