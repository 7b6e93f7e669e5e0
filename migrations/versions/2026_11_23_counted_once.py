"""That no two parcels of a first load are of one key is seen in one pass over them; it took three."""

from importlib import import_module

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Where all rows there are have just come in, and each with a key of its own, nothing can overlap. With many new parcels one pass
# over all beats as many look-ups; the planner, which reckons with the first hit, cannot see it.
OVERLAP = """
CREATE OR REPLACE FUNCTION refuse_parcel_overlap() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = on AS $$
DECLARE clash record; new_rows bigint; new_keys bigint; hits bigint;
BEGIN
    PERFORM FROM register FOR UPDATE;
    SELECT count(*), count(DISTINCT key) INTO new_rows, new_keys FROM fresh;
    IF new_rows > 1000 THEN
        IF new_keys = new_rows AND new_rows = (SELECT count(*) FROM parcel) THEN
            RETURN NULL;
        END IF;
        SET LOCAL enable_nestloop = off;
    END IF;
    EXECUTE 'SELECT n.key, n.valid FROM fresh n
             JOIN parcel p ON p.key = n.key AND p.id <> n.id AND p.valid && n.valid AND p.known && n.known
             LIMIT 1' INTO clash;
    GET DIAGNOSTICS hits = ROW_COUNT;
    IF hits > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'ex_parcel', TABLE = 'parcel',
            MESSAGE = format('parcel %s is recorded twice for days in %s', clash.key, clash.valid);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(OVERLAP)


def downgrade() -> None:
    before = import_module("migrations.versions.2026_11_22_first_load")
    op.execute(before._overlap().replace(before.JOINED, before.JOINED + before.ALL_APART))
