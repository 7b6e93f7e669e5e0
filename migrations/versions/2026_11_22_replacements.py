"""Replacement for dissolved land: losses, land offered for them, its milestones, pledges that cannot be given twice, decisions."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SENT = """
    token text,
    idempotency_key text,
    fingerprint text"""
# `keys` are the parcels that a site took land of when it was entered, `land` is where it lay: none where only areas were declared.
SITE = """
    parcel_keys varchar[] COLLATE "C",
    outline geometry(MultiPolygon, 25832),
    CONSTRAINT ck_site CHECK ((parcel_keys IS NULL) <> (outline IS NULL)),
    CONSTRAINT ck_parcel_keys CHECK (parcel_keys <> '{}'),
    keys varchar[] COLLATE "C" NOT NULL,
    land geometry(MultiPolygon, 25832),
    CONSTRAINT ck_outline CHECK (outline IS NULL OR (ST_IsValid(outline) AND NOT ST_IsEmpty(outline))),
    CONSTRAINT ck_land CHECK (land IS NULL OR (ST_IsValid(land) AND NOT ST_IsEmpty(land)))"""

DISSOLUTION = f"""
CREATE TABLE dissolution (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference text NOT NULL,
    cause text NOT NULL,
    conversion_id bigint REFERENCES conversion (id),
    plan text,
    designation text NOT NULL,
    created_at timestamptz NOT NULL,
    actor text NOT NULL,
    {SENT},
    {SITE},
    CONSTRAINT ck_cause CHECK (cause IN ('conversion', 'plan_change', 'entered')),
    CONSTRAINT ck_conversion CHECK ((conversion_id IS NOT NULL) = (cause = 'conversion')),
    CONSTRAINT ck_plan CHECK ((plan IS NOT NULL) = (cause = 'plan_change'))
)
"""
VERSION = """
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    {of}_id bigint NOT NULL REFERENCES {of} (id),
    number smallint NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    note text,
    measured_on date NOT NULL,
    net_m2 numeric(14, 2),
    district text,
    stated jsonb NOT NULL,
    measured jsonb NOT NULL,
    withdrawn_on date,
    CONSTRAINT uq_{of}_version UNIQUE ({of}_id, number),
    CONSTRAINT ck_number CHECK (number >= 1),
    CONSTRAINT ck_net_m2 CHECK (net_m2 BETWEEN 0 AND 1000000000)"""
DISSOLUTION_VERSION = f"""
CREATE TABLE dissolution_version (
    {VERSION.format(of="dissolution")},
    lost_on date NOT NULL,
    unclear_m2 numeric(14, 2) NOT NULL,
    CONSTRAINT ck_unclear_m2 CHECK (unclear_m2 BETWEEN 0 AND 1000000000)
)
"""
CANDIDATE = f"""
CREATE TABLE candidate (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    plan text,
    designation text NOT NULL,
    created_at timestamptz NOT NULL,
    actor text NOT NULL,
    {SENT},
    {SITE},
    net_m2 numeric(14, 2) NOT NULL DEFAULT 0,
    net_since date,
    pledged_m2 numeric(14, 2) NOT NULL DEFAULT 0,
    shadowed_m2 numeric(14, 2) NOT NULL DEFAULT 0,
    CONSTRAINT ck_pledged_within_net CHECK (pledged_m2 BETWEEN 0 AND net_m2),
    CONSTRAINT ck_pledged_once CHECK (pledged_m2 = 0 OR shadowed_m2 = 0)
)
"""
CANDIDATE_VERSION = f"""
CREATE TABLE candidate_version (
    {VERSION.format(of="candidate")},
    planned_net_m2 numeric(14, 2),
    CONSTRAINT ck_planned_net_m2 CHECK (planned_net_m2 BETWEEN 0 AND 1000000000)
)
"""
CANDIDATE_OVERLAP = """
CREATE TABLE candidate_overlap (
    one bigint NOT NULL REFERENCES candidate (id),
    other bigint NOT NULL REFERENCES candidate (id),
    PRIMARY KEY (one, other)
)
"""
MILESTONE = f"""
CREATE TABLE milestone (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    candidate_id bigint NOT NULL REFERENCES candidate (id),
    kind text NOT NULL,
    planned_on date,
    done_on date,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    note text,
    {SENT}
)
"""
# The days of a pledge are [pledged_on, released_on), what is known of it begins and ends with made_at and released_at.
PLEDGE = f"""
CREATE TABLE pledge (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    candidate_id bigint NOT NULL REFERENCES candidate (id),
    dissolution_id bigint NOT NULL REFERENCES dissolution (id),
    net_m2 numeric(14, 2) NOT NULL,
    pledged_on date NOT NULL,
    made_at timestamptz NOT NULL,
    actor text NOT NULL,
    note text,
    follows bigint REFERENCES pledge (id),
    {SENT},
    CONSTRAINT ck_net_m2 CHECK (net_m2 > 0 AND net_m2 <= 1000000000),
    CONSTRAINT ck_pledged_on CHECK (pledged_on <= (made_at AT TIME ZONE 'Europe/Berlin')::date)
)
"""
PLEDGE_RELEASE = """
CREATE TABLE pledge_release (
    pledge_id bigint PRIMARY KEY REFERENCES pledge (id),
    released_on date NOT NULL,
    released_at timestamptz NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    CONSTRAINT ck_released_on CHECK (released_on <= (released_at AT TIME ZONE 'Europe/Berlin')::date)
)
"""
DECISION = f"""
CREATE TABLE replacement_decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dissolution_id bigint NOT NULL REFERENCES dissolution (id),
    candidate_ids bigint[] NOT NULL,
    decision text NOT NULL,
    decided_on date NOT NULL,
    decided_by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    verdict text NOT NULL,
    "on" date NOT NULL,
    known_at timestamptz NOT NULL,
    law_version text NOT NULL,
    result json NOT NULL,
    {SENT},
    CONSTRAINT ck_decision CHECK (decision IN ('accepted', 'accepted_with_conditions', 'rejected')),
    CONSTRAINT ck_verdict CHECK (verdict IN ('equivalent', 'conditional', 'not_equivalent')),
    CONSTRAINT ck_candidate_ids CHECK (candidate_ids <> '{{}}')
)
"""
TABLES = (
    *("dissolution", "dissolution_version", "candidate", "candidate_version", "candidate_overlap"),
    *("milestone", "pledge", "pledge_release", "replacement_decision"),
)
INDEXES = (
    *(
        f"CREATE UNIQUE INDEX uq_{table}_idempotency_key ON {table} (token, idempotency_key) WHERE idempotency_key IS NOT NULL"
        for table in ("dissolution", "candidate", "milestone", "pledge", "replacement_decision")
    ),
    "CREATE INDEX ix_dissolution_conversion ON dissolution (conversion_id) WHERE conversion_id IS NOT NULL",
    "CREATE INDEX ix_candidate_land ON candidate USING gist (land)",
    "CREATE INDEX ix_dissolution_land ON dissolution USING gist (land)",
    "CREATE INDEX ix_milestone_candidate ON milestone (candidate_id, id)",
    "CREATE INDEX ix_pledge_candidate ON pledge (candidate_id)",
    "CREATE INDEX ix_pledge_dissolution ON pledge (dissolution_id)",
    "CREATE INDEX ix_replacement_decision_dissolution ON replacement_decision (dissolution_id, id)",
)

# Land that is offered twice is found when it is offered, by everybody: those who offer wait for one another. Who names a parcel
# takes all of it, also where no outline of it is recorded beside those of others.
SHARE_LAND = """
CREATE FUNCTION candidate_shares_land() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'serializable') THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
            MESSAGE = 'candidate: what others offer is not seen under ' || current_setting('transaction_isolation');
    END IF;
    PERFORM pg_advisory_xact_lock(7100103, 0);
    INSERT INTO candidate_overlap (one, other)
    SELECT pair.one, pair.other
    FROM candidate c
    CROSS JOIN LATERAL (VALUES (NEW.id, c.id), (c.id, NEW.id)) AS pair(one, other)
    WHERE c.id <> NEW.id AND (
        c.keys && NEW.keys AND (c.parcel_keys IS NOT NULL OR NEW.parcel_keys IS NOT NULL)
        OR c.land && NEW.land AND shared_m2(c.land, NEW.land, 0.1) > 1);
    UPDATE candidate SET shadowed_m2 = (
        SELECT coalesce(sum(k.pledged_m2), 0) FROM candidate_overlap o JOIN candidate k ON k.id = o.other WHERE o.one = NEW.id)
    WHERE id = NEW.id;
    RETURN NULL;
END $$
"""
# A version says how much of the land can be pledged, and since when; of land withdrawn, or never measured, nothing can.
MEASURED = """
CREATE FUNCTION candidate_is_measured() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE candidate SET net_m2 = CASE WHEN NEW.withdrawn_on IS NULL THEN coalesce(NEW.net_m2, 0) ELSE 0 END,
                         net_since = NEW.measured_on
    WHERE id = NEW.candidate_id;
    RETURN NULL;
END $$
"""
# The rows of the candidate and of those that share land with it are locked in their order (beside the key's lock that the pledge's
# reference has taken already); then its open pledges are summed anew.
# Its CHECK constraints say the rest. A pledge begins no earlier than the measurement, and not on days on which a pledge stood that
# was released since: so the pledges of any day, past ones too, never exceed what was measured.
BOUND = """
CREATE FUNCTION pledge_binds_land() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made pledge;
    kin bigint[];
BEGIN
    IF TG_TABLE_NAME = 'pledge' THEN
        made := NEW;
    ELSE
        SELECT * INTO STRICT made FROM pledge WHERE id = NEW.pledge_id;
    END IF;
    kin := ARRAY(SELECT made.candidate_id UNION SELECT other FROM candidate_overlap WHERE one = made.candidate_id);
    PERFORM FROM candidate WHERE id = ANY (kin) ORDER BY id FOR NO KEY UPDATE;
    IF TG_TABLE_NAME = 'pledge_release' THEN
        IF NEW.released_on < made.pledged_on OR NEW.released_at < made.made_at THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_released_after_pledged', TABLE = TG_TABLE_NAME,
                MESSAGE = format('pledge %s was made on %s and cannot end on %s', made.id, made.pledged_on, NEW.released_on);
        END IF;
    ELSIF made.pledged_on < (SELECT net_since FROM candidate WHERE id = made.candidate_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_pledged_since_measured', TABLE = TG_TABLE_NAME,
            MESSAGE = format('candidate %s was not yet measured on %s', made.candidate_id, made.pledged_on);
    ELSIF EXISTS (
        SELECT FROM pledge p JOIN pledge_release r ON r.pledge_id = p.id
        WHERE p.candidate_id = ANY (kin) AND r.released_on > made.pledged_on
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_pledged_after_release', TABLE = TG_TABLE_NAME,
            MESSAGE = format('candidate %s was bound on %s by a pledge released since', made.candidate_id, made.pledged_on);
    END IF;
    UPDATE candidate c SET pledged_m2 = o.pledged_m2
    FROM (
        SELECT coalesce(sum(p.net_m2), 0) AS pledged_m2 FROM pledge p
        WHERE p.candidate_id = made.candidate_id AND NOT EXISTS (SELECT FROM pledge_release r WHERE r.pledge_id = p.id)
    ) o
    WHERE c.id = made.candidate_id;
    UPDATE candidate c SET shadowed_m2 = (
        SELECT coalesce(sum(k.pledged_m2), 0) FROM candidate_overlap o JOIN candidate k ON k.id = o.other WHERE o.one = c.id)
    WHERE c.id = ANY (kin);
    RETURN NULL;
END $$
"""
# What a candidate is stays; its balance is kept by the two functions above alone.
KEEP_CANDIDATE = """
CREATE TRIGGER keep_history BEFORE UPDATE ON candidate FOR EACH ROW
WHEN (pg_trigger_depth() = 0 OR to_jsonb(NEW) - '{net_m2,net_since,pledged_m2,shadowed_m2}'::text[]
      IS DISTINCT FROM to_jsonb(OLD) - '{net_m2,net_since,pledged_m2,shadowed_m2}'::text[])
EXECUTE FUNCTION keep_history()
"""
START_EMPTY = """
CREATE FUNCTION candidate_starts_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.net_m2 := 0; NEW.net_since := NULL; NEW.pledged_m2 := 0; NEW.shadowed_m2 := 0;
    RETURN NEW;
END $$
"""
TRIGGERS = (
    "CREATE TRIGGER starts_empty BEFORE INSERT ON candidate FOR EACH ROW EXECUTE FUNCTION candidate_starts_empty()",
    "CREATE TRIGGER shares_land AFTER INSERT ON candidate FOR EACH ROW EXECUTE FUNCTION candidate_shares_land()",
    "CREATE TRIGGER is_measured AFTER INSERT ON candidate_version FOR EACH ROW EXECUTE FUNCTION candidate_is_measured()",
    "CREATE TRIGGER binds_land AFTER INSERT ON pledge FOR EACH ROW EXECUTE FUNCTION pledge_binds_land()",
    "CREATE TRIGGER frees_land AFTER INSERT ON pledge_release FOR EACH ROW EXECUTE FUNCTION pledge_binds_land()",
    KEEP_CANDIDATE,
    "CREATE TRIGGER keep_rows BEFORE DELETE ON candidate FOR EACH ROW EXECUTE FUNCTION keep_history()",
    *(
        f"CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_history()"
        for table in TABLES
        if table not in ("candidate", "candidate_overlap", "pledge_release")
    ),
    *(
        f"CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_pairs()"
        for table in ("candidate_overlap", "pledge_release")
    ),
)
KEEP_PAIRS = """
CREATE FUNCTION keep_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = format('%s: what was recorded stays', TG_TABLE_NAME);
END $$
"""
FUNCTIONS = {
    "candidate_starts_empty": START_EMPTY,
    "candidate_shares_land": SHARE_LAND,
    "candidate_is_measured": MEASURED,
    "pledge_binds_land": BOUND,
    "keep_pairs": KEEP_PAIRS,
}
# Whoever writes adds rows; how much is pledged is the database's to say.
GRANTS = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'landreserve_web') THEN
        GRANT SELECT ON {", ".join(TABLES)} TO landreserve_web;
        GRANT INSERT ON {", ".join(table for table in TABLES if table != "candidate_overlap")} TO landreserve_web;
    END IF;
END $$
"""


def upgrade() -> None:
    tables = (DISSOLUTION, DISSOLUTION_VERSION, CANDIDATE, CANDIDATE_VERSION, CANDIDATE_OVERLAP, MILESTONE)
    for statement in (*tables, PLEDGE, PLEDGE_RELEASE, DECISION, *INDEXES, *FUNCTIONS.values(), *TRIGGERS, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
