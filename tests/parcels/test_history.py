"""Nothing is overwritten: the database refuses what history forbids, and amendments say only what is new."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parcels import comparing, history, ledger, queries, register
from rules.law import LAW
from tests.conftest import AT, key, square
from tests.little_worlds import holding, parcel, zone

TICK = timedelta(microseconds=1)
SEAM = date(2025, 1, 1)
FACTS = ("district", "parcel", "zone", "port_area", "deduction", "holding", "ledger")
FACTS += ("sensitive_use", "site_of_concern", "overlay")
ROWS = {
    "districts": {"name": "Nord", "geom": square(0, 0)},
    "parcels": parcel(),
    "zones": zone(),
    "port": {"kind": "Gesamt", "geom": square(0, 0, 10)},
    "deductions": {"ref": "d", "kind": "road", "geom": square(0, 0, 10)},
    "holdings": holding(),
    "sensitive": {"ref": "s", "kind": "school", "geom": square(0, 0, 10)},
    "sites_of_concern": {"ref": "p", "name": "Werk", "kas18_class": "I", "geom": square(0, 0, 10)},
    "overlays": {"ref": "o", "kind": "flood", "value": "HQ100", "data_on": "2026-01-01", "geom": square(0, 0, 10)},
}


@pytest.fixture
def world(fill):
    for number, (layer, row) in enumerate(ROWS.items()):
        fill(layer, row, at=AT + timedelta(hours=number))


def spans(session, table, columns="lower(valid), upper(valid)", where="upper_inf(known)"):
    return [tuple(row) for row in session.execute(text(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY id"))]


@pytest.mark.parametrize("layer", history.LAYERS.values(), ids=lambda layer: layer.table)
def test_what_stands_is_hashed_as_what_is_stated(session, world, layer):
    """Columns of a table and of a workspace may be of different types; neither these nor the database show in the hash."""
    migrated = import_module("migrations.versions.2026_11_22_content")
    sent = ", ".join(f"{name}{migrated.KINDS.get(name, '')}" for name in migrated.SAID[layer.table].split())
    hashes = f"{comparing.content(layer.columns)}, {migrated.AS_SENT.format(sent=sent)}"
    for fact in session.execute(text(f"SELECT content, {hashes} FROM {layer.table}")).all():
        assert len({*fact}) == 1


def refuses(session, statement, says):
    with pytest.raises(DBAPIError, match=says), session.begin_nested():
        session.execute(text(statement))


@pytest.mark.parametrize("table", FACTS)
def test_history_cannot_be_rewritten(session, world, table):
    kept = "what was recorded stays"
    now, year = "tstzrange(lower(known), now())", "interval '1 year'"
    said = "net_m2 = net_m2 - 1" if table == "ledger" else "content = gen_random_uuid()"
    refuses(session, f"DELETE FROM {table}", kept)
    for change in (
        "valid = daterange('2001-01-01', NULL)",
        said,
        f"known = {now}, {said}",
        f"known = tstzrange(lower(known) - {year}, NULL)",
        f"known = tstzrange(lower(known) - {year}, now())",
        "known = known",
        f"known = {now}, valid = daterange('2001-01-01', NULL)",
    ):
        refuses(session, f"UPDATE {table} SET {change}", kept)
    closed = session.execute(text(f"UPDATE {table} SET known = {now} WHERE upper_inf(known)")).rowcount
    assert closed >= 1
    refuses(session, f"UPDATE {table} SET known = tstzrange(lower(known), NULL)", kept)
    refuses(session, f"UPDATE {table} SET known = tstzrange(lower(known), upper(known) - interval '1 second')", kept)


MORE = {
    "district": "name",
    "parcel": "official_m2",
    "zone": "designation",
    "port_area": "kind",
    "deduction": "kind",
    "holding": "holder",
    "sensitive_use": "kind",
    "site_of_concern": "kas18_class",
    "overlay": "value",
    "ledger": "net_m2",
}


@pytest.mark.parametrize("table", FACTS)
def test_closing_a_row_changes_nothing_else_of_it(session, world, table):
    """The hash stays right only while no column moves with the closing."""
    value = "1" if table in ("parcel", "ledger") else "'XX'"
    statement = f"UPDATE {table} SET known = tstzrange(lower(known), now()), {MORE[table]} = {value}"
    refuses(session, statement, "what was recorded stays")


def again(table, columns, valid="valid", known="known"):
    """A statement that inserts every row of a table a second time."""
    select = f"SELECT {columns}, gen_random_uuid(), {valid}, {known} FROM {table}"
    return f"INSERT INTO {table} ({columns}, content, valid, known) {select}"


PARCEL = "key, official_m2, district, geom, area_m2, area_basis"


def test_a_parcel_is_recorded_once_a_day(session, world):
    refuses(session, again("parcel", PARCEL), "recorded twice")
    refuses(session, again("parcel", PARCEL, "daterange('2025-01-01', '2025-01-02')"), "recorded twice")
    session.execute(text("UPDATE parcel SET known = tstzrange(lower(known), '2026-06-01Z')"))
    refuses(session, again("parcel", PARCEL, known="tstzrange('2026-05-31Z', NULL)"), "recorded twice")
    session.execute(text(again("parcel", PARCEL, known="tstzrange('2026-06-01Z', NULL)")))
    both = f"INSERT INTO parcel ({PARCEL}, content, valid, known) " + " UNION ALL ".join(
        [
            f"SELECT {PARCEL.replace('key', quoted, 1)}, gen_random_uuid(), valid, known FROM parcel WHERE upper_inf(known)"
            for quoted in ["'x'"] * 2
        ]
    )
    refuses(session, both, "recorded twice")  # two rows of one statement


def test_a_district_and_equal_facts_are_recorded_once_a_day(session, world):
    refuses(session, again("district", "name, geom"), "ex_district")
    for table, columns in (
        ("zone", "plan, designation, regulates_use, geom"),
        ("port_area", "kind, geom"),
        ("deduction", "ref, kind, geom"),
        ("sensitive_use", "ref, kind, geom"),
        ("site_of_concern", "ref, kas18_class, geom"),
        ("overlay", "ref, kind, value, geom"),
    ):
        same = again(table, columns).replace("gen_random_uuid()", "content")
        refuses(session, same, f"ex_{table}")


def test_holdings_of_a_parcel_do_not_overlap(session, world):
    whole, part = again("holding", "parcel_key, holder"), again("holding", "parcel_key, holder, geom")
    refuses(session, whole, "ex_holding")
    refuses(
        session,
        part.replace("holder, geom FROM", "holder FROM").replace(
            "SELECT parcel_key, holder, geom", f"SELECT parcel_key, holder, '{square(0, 0, 10)}'"
        ),
        "ex_holding_whole_beside_part",
    )
    session.execute(text("UPDATE holding SET known = tstzrange(lower(known), '2026-06-01Z')"))
    said = (
        "INSERT INTO holding (parcel_key, geom, content, valid, known) "
        "SELECT '{key}', '{geom}', gen_random_uuid(), '{days}', '[2026-06-01Z,)'"
    )
    for geom, days in ((square(0, 0, 20), "(,)"), (square(20, 0, 20), "(,)")):
        session.execute(text(said.format(key="p", geom=geom, days=days)))
    refuses(
        session,
        said.format(key="p", geom=square(10, 0, 20), days="[2025-01-01,2025-01-02)"),
        "two holdings share 200.00 m2 of parcel p",
    )
    session.execute(text(said.format(key="q", geom=square(10, 0, 20), days="(,)")))


@pytest.mark.parametrize("bad", ["'NaN'", "'Infinity'", "-0.01", "1000000000.01"])
def test_no_absurd_amount_gets_in(session, world, bad):
    for statement in (
        again("parcel", PARCEL).replace("SELECT key, official_m2", f"SELECT 'x', {bad}"),
        again("parcel", PARCEL).replace(
            "SELECT key, official_m2, district, geom, area_m2", f"SELECT 'x', NULL, NULL, geom, {bad}"
        ),
        again("holding", "parcel_key, declared_net_m2").replace(
            "SELECT parcel_key, declared_net_m2", f"SELECT 'x', {bad}"
        ),
    ):
        refuses(session, statement, "ck_|numeric field overflow")
    with pytest.raises(DBAPIError, match=r"ck_|numeric field overflow"), session.begin_nested():
        register.edit(session, "parcels", [parcel(2, official_m2=bad.strip("'"))], AT + timedelta(days=1), "test", None)


@pytest.mark.parametrize(
    "geom",
    [
        "MULTIPOLYGON(((NaN 0, 1 0, 1 1, NaN 0)))",
        "MULTIPOLYGON(((0 0, Inf 0, 1 1, 0 0)))",
        "MULTIPOLYGON(((0 0, 1 1, 1 0, 0 1, 0 0)))",
        "MULTIPOLYGON EMPTY",
        "POINT(0 0)",
        "MULTIPOLYGON Z (((0 0 1, 1 0 1, 1 1 1, 0 0 1)))",
    ],
)
def test_no_impossible_area_gets_in(session, world, geom):
    with pytest.raises(DBAPIError), session.begin_nested():
        register.edit(session, "zones", [zone("Bad", f"SRID=25832;{geom}")], AT + timedelta(days=1), "test", None)
    with pytest.raises(DBAPIError), session.begin_nested():
        register.edit(
            session, "zones", [zone("Bad", square(0, 0).replace("25832", "4326"))], AT + timedelta(days=1), "test", None
        )


@pytest.mark.parametrize("layer", ROWS)
def test_the_same_content_again_records_nothing(session, fill, world, layer):
    count = "SELECT (SELECT count(*) FROM recording), (SELECT count(*) FROM ledger), recorded_at FROM register"
    before = session.execute(text(count)).one()
    change = fill(layer, ROWS[layer], at=AT + timedelta(days=2))
    assert (change.recording, change.amendment.closed, change.amendment.added) == (None, 0, 0)
    fill(layer, {**ROWS[layer], "valid_from": SEAM}, at=AT + timedelta(days=2))
    fill(layer, {**ROWS[layer], "valid_to": SEAM}, {**ROWS[layer], "valid_from": SEAM}, at=AT + timedelta(days=2))
    assert session.execute(text(count)).one() == before


def test_adjacent_days_of_equal_content_are_one_fact_in_any_order(session, fill):
    first, second, third = date(2024, 1, 1), date(2025, 1, 1), date(2026, 1, 1)
    fill("holdings", holding(valid_from=first, valid_to=second))
    fill("holdings", holding(valid_from=third))
    assert spans(session, "holding") == [(first, second), (third, None)]
    fill("holdings", holding(valid_from=second, valid_to=third))
    assert spans(session, "holding") == [(first, None)]
    assert len(spans(session, "holding", where="true")) == 3


def test_rows_state_their_days_and_leave_the_others(session, fill):
    days = (date(2024, 5, 1), date(2024, 6, 1))
    fill("holdings", holding())
    change = fill("holdings", holding(cleared=False, valid_from=days[0], valid_to=days[1]))
    assert (change.amendment.closed, change.amendment.added, change.amendment.ended) == (1, 3, 0)
    assert sorted(spans(session, "holding", "lower(valid), upper(valid), cleared"), key=str) == sorted(
        [(None, days[0], True), (*days, False), (days[1], None, True)], key=str
    )


def test_zones_of_a_listed_plan_that_the_file_leaves_out_end(session, fill):
    fill("zones", zone("A", square(0, 0)), zone("A", square(200, 0)), zone("B", square(400, 0)))
    change = fill("zones", zone("A", square(0, 0)))
    assert (change.amendment.closed, change.amendment.added, change.amendment.ended) == (1, 0, 1)
    assert sorted(spans(session, "zone", "plan, ST_XMin(geom)::int - 565000")) == [("A", 0), ("B", 400)]


def state(session, layer, *rows):
    target = history.LAYERS[layer]
    history.open_workspace(session, target)
    typed = f"row bigint, {target.typed}, valid_from date, valid_to date"
    come = f"INSERT INTO {target.incoming} SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({typed})"
    session.execute(text(come), {"rows": history.as_json(rows)})
    history.all_in(session, target)
    return target


BOUNDS = st.sampled_from([None, "2024-01-01", "2025-01-01", "2026-01-01"])
STATED = st.tuples(st.integers(1, 4), BOUNDS, BOUNDS, st.booleans()).filter(
    lambda row: None in row[1:3] or row[1] < row[2]
)


@given(rows=st.lists(STATED, max_size=6), replaces=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_first_file_is_compared_with_nothing_and_means_the_same(session, rows, replaces):
    """Rows of units that each stand in one row are taken as they are where nothing is recorded; others are reckoned with."""
    with session.begin_nested() as savepoint:
        facts = [
            {**holding(number, cleared=cleared), "valid_from": since, "valid_to": until}
            for number, since, until, cleared in rows
        ]
        target = state(session, "holdings", *facts)
        told = "SELECT unit, row, days, closes, content FROM"
        wanted = comparing.query(target.table, target.unit, replaces)
        reckoned = session.execute(text(f"{told} ({wanted}) wanted")).all()
        done = comparing.compare(session, target.table, target.unit, replaces)
        alone = len({number for number, *_ in rows}) == len(rows)
        assert done == comparing.Compared(True, alone, 0, len(reckoned), 0)
        if alone:
            stated = session.execute(text("SELECT unit, row, days, false, content FROM stated")).all()
            assert sorted(stated, key=str) == sorted(reckoned, key=str)
            reckoned = [row for row in reckoned if row.days.lower or row.days.upper]
        assert sorted(session.execute(text(f"{told} amendment")).all(), key=str) == sorted(reckoned, key=str)
        savepoint.rollback()


def replace(session, layer, *rows):
    at = history.lock(session, AT + timedelta(days=5))
    state(session, layer, *rows)
    return register.record_stated(session, layer, at, "import", "test", replace=True)


def test_replace_closes_what_is_not_listed(session, fill):
    fill("parcels", parcel(1), parcel(2, square(100, 0)))
    fill("zones", zone("A", square(0, 0)), zone("B", square(100, 0)))
    fill("holdings", holding(1), holding(2))
    assert queries.reserve(session, SEAM, AT + timedelta(days=1))[0].net_m2 == 20_000
    change = replace(session, "zones", zone("A", square(0, 0)))
    assert (change.amendment.closed, change.amendment.added, change.amendment.ended) == (1, 0, 1)
    assert queries.reserve(session, SEAM, change.at)[0].net_m2 == 10_000
    assert queries.reserve(session, SEAM, change.at - TICK)[0].net_m2 == 20_000
    assert ledger.verify(session, change.at) == ledger.Difference([], [])


def test_replace_since_a_day_ends_on_that_day(session, fill):
    fill("zones", zone("A", square(0, 0)), zone("B", square(100, 0)))
    change = replace(session, "zones", zone("A", square(0, 0), valid_from=SEAM))
    assert (change.amendment.closed, change.amendment.added) == (1, 1)
    assert spans(session, "zone", "plan, lower(valid), upper(valid)") == [("A", None, None), ("B", None, SEAM)]


def test_known_never_runs_backwards(session, fill):
    later = AT + timedelta(days=30)
    assert fill("zones", zone("A"), at=later).at == later
    assert fill("zones", zone("B"), at=AT).at == later + TICK
    assert fill("zones", zone("C"), at=later + TICK).at == later + 2 * TICK
    instants = [row[0] for row in spans(session, "recording", "at", "true")]
    assert instants == sorted(set(instants))
    assert queries.recorded_at(session) == later + 2 * TICK


def test_a_fact_recorded_and_corrected_at_one_instant_of_the_clock(session, fill):
    """Two edits within a microsecond: the first keeps a microsecond of its own in `known`."""
    fill("parcels", parcel())
    fill("zones", zone())
    at = AT + timedelta(days=1)
    assert fill("holdings", holding(), at=at).at == at
    assert fill("holdings", holding(cleared=False), at=at).at == at + TICK
    assert [queries.reserve(session, SEAM, known)[0].net_m2 for known in (at - TICK, at, at + TICK)] == [0, 10_000, 0]


def test_a_recording_names_what_it_did(session, fill):
    change = fill("zones", zone("A"), zone("B"))
    row = session.execute(text("SELECT * FROM recording")).mappings().one()
    assert (row["id"], row["at"], row["kind"], row["layer"], row["actor"]) == (
        change.recording,
        AT,
        "edit",
        "zones",
        "test",
    )
    assert row["summary"] == {"closed": 0, "added": 2, "ended": 0}


def test_a_rebuild_that_finds_nothing_records_nothing_but_the_version(session, fill, world):
    count = "SELECT count(*) FROM recording"
    before = session.execute(text(count)).scalar_one()
    session.execute(text("UPDATE register SET rules_version = 'of yesterday'"))
    assert register.rebuild(session, AT + timedelta(days=9), "test") == ledger.Posting(0, 0)
    assert session.execute(text(count)).scalar_one() == before
    assert register.rules_version(session) == LAW.version


def test_a_rebuild_mends_a_ledger_that_went_astray_and_says_so(session, fill, world):
    """Only a line forced in by hand can go astray; verify names it, rebuild closes it, the past still shows it."""
    session.execute(
        text(
            """INSERT INTO ledger (parcel_key, plans, gross_m2, port_m2, net_m2, area_basis, standing, not_met, unknown,
                                   valid, known)
            VALUES ('astray', '{}', 1, 0, 1, 'declared', 'counted_free', '{}', '{}', '[2020-01-01,)', tstzrange(:at, NULL))"""
        ),
        {"at": AT},
    )
    session.execute(
        text(
            "UPDATE ledger SET known = tstzrange(lower(known), :at) WHERE parcel_key <> 'astray' AND upper_inf(known)"
        ),
        {"at": AT + timedelta(days=1)},
    )
    difference = ledger.verify(session, AT + timedelta(days=2))
    assert [row["parcel_key"] for row in difference.surplus] == ["astray"]
    assert [row["parcel_key"] for row in difference.missing] == [ROWS["parcels"]["key"]]
    at = AT + timedelta(days=3)
    assert register.rebuild(session, at, "test") == ledger.Posting(1, 1)
    assert session.execute(text("SELECT kind FROM recording WHERE at = :at"), {"at": at}).scalar_one() == "rebuild"
    assert ledger.verify(session, at) == ledger.Difference([], [])
    assert queries.reserve(session, SEAM, at - TICK)[0].net_m2 == 1
    assert queries.reserve(session, SEAM, at)[0].net_m2 == Decimal("9900")


def test_a_line_that_stands_twice_is_found_and_ended(session, fill, world):
    """Twice the same line is twice the hectares, though each of them is right."""
    session.execute(
        text(
            """INSERT INTO ledger (parcel_key, district, designation, plans, gross_m2, port_m2, net_m2, area_basis, holder, site,
                                   disposition, part, in_use_as_commercial, standing, not_met, unknown, valid, known)
            SELECT parcel_key, district, designation, plans, gross_m2, port_m2, net_m2, area_basis, holder, site,
                   disposition, part, in_use_as_commercial, standing, not_met, unknown, valid, known
            FROM ledger WHERE upper_inf(known)"""
        )
    )
    at = AT + timedelta(days=2)
    assert queries.reserve(session, SEAM, at)[0].net_m2 == 2 * 9_900
    difference = ledger.verify(session, at)
    assert (len(difference.missing), [row["parcel_key"] for row in difference.surplus]) == (0, [ROWS["parcels"]["key"]])
    assert register.rebuild(session, at, "test") == ledger.Posting(1, 0)
    assert ledger.verify(session, at) == ledger.Difference([], [])
    assert queries.reserve(session, SEAM, at)[0].net_m2 == 9_900


def test_known_in_the_middle_of_a_recording_is_all_of_it(session, fill):
    """One recording closes and opens at one instant: no moment shows neither or both."""
    fill("parcels", parcel())
    fill("zones", zone())
    fill("holdings", holding(), at=AT + timedelta(days=1))
    at = fill("parcels", parcel(official_m2=12_000), at=AT + timedelta(days=2)).at
    assert [queries.reserve(session, SEAM, known)[0].net_m2 for known in (at - TICK, at, at + TICK)] == [
        10_000,
        12_000,
        12_000,
    ]


def test_a_reversed_or_empty_period_changes_nothing(session, fill, world):
    with pytest.raises(DBAPIError), session.begin_nested():
        register.edit(
            session,
            "holdings",
            [holding(valid_from=SEAM, valid_to=SEAM - timedelta(days=1))],
            AT + timedelta(days=3),
            "test",
            None,
        )
    assert fill("holdings", holding(cleared=False, valid_from=SEAM, valid_to=SEAM)).recording is None


def test_instants_are_aware(session, fill):
    assert fill("zones", zone()).at.tzinfo is not None
    assert queries.recorded_at(session, datetime(2026, 1, 15, 11, tzinfo=UTC)) == AT


def test_a_fact_stated_again_with_an_end_ends_there(session, fill):
    fill("parcels", parcel())
    fill("parcels", parcel(valid_to=SEAM), at=AT + timedelta(days=1))
    known = session.execute(text("SELECT valid FROM parcel WHERE key = :key AND upper_inf(known)"), {"key": key(1)})
    assert [(valid.lower, valid.upper) for valid in known.scalars()] == [(None, SEAM)]


def test_a_fact_that_ends_is_counted_as_ended(session, fill):
    fill("parcels", parcel())
    change = fill("parcels", parcel(valid_to=SEAM), at=AT + timedelta(days=1))
    assert (change.amendment.closed, change.amendment.added, change.amendment.ended) == (1, 1, 1)


def test_other_content_for_a_while_leaves_the_days_after_it(session, fill):
    fill("parcels", parcel())
    fill("parcels", parcel(official_m2=1, valid_to=SEAM), at=AT + timedelta(days=1))
    known = session.execute(
        text("SELECT official_m2, valid FROM parcel WHERE key = :key AND upper_inf(known) ORDER BY valid"),
        {"key": key(1)},
    )
    assert [(amount == 1, valid.upper) for amount, valid in known] == [(True, SEAM), (False, None)]
