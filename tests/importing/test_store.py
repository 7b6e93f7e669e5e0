"""Files through the gate into the register: what is wrong is named with row, field and remedy, and nothing is half written."""

from datetime import UTC, date, datetime, timedelta

import pytest
from gate_files import features, parcel_key, square, table, write
from sqlalchemy import text

from parcels import ledger, queries, register
from parcels.importing.contract import Refused
from parcels.importing.store import LoadOptions, choices, load

AT = datetime(2026, 1, 15, 11, tzinfo=UTC)
DAY = date(2026, 6, 1)
FACTS = (
    "district",
    "parcel",
    "zone",
    "port_area",
    "deduction",
    "holding",
    "ledger",
    "recording",
    "zone_piece",
    "deduction_piece",
)
AVAILABLE = {
    "holder": "LIG",
    "disposition": "free",
    "serviced": "ja",
    "cleared": "ja",
    "binding_use": "nein",
    "opposing_plan": "nein",
    "construction_possible_from": "01.01.2013",
}


def take(session, layer, path, at=AT, **options):
    report = load(session, layer, path, LoadOptions(**options), at, "test")
    session.commit()
    return report


def fingerprint(session):
    """All that the register says, to the last column."""
    digest = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return [tuple(session.execute(text(digest.format(name))).one()) for name in (*FACTS, "register")]


def parcels(path, numbers, **cells):
    rows = [{"key": parcel_key(n), "official_m2": 10_000, "district": "Nord", **cells} for n in numbers]
    return features(path, [square(n) for n in numbers], rows)


def zones(path, numbers, **cells):
    rows = [{"plan": f"Plan {n}", "designation": "GE", **cells} for n in numbers]
    return features(path, [square(n) for n in numbers], rows)


def holdings(path, *rows):
    names = list(dict.fromkeys(["key", *AVAILABLE, *[name for row in rows for name in row]]))
    filled = [{**AVAILABLE, **row} for row in rows]
    return table(path, [names, *[[row.get(name, "") for name in names] for row in filled]])


@pytest.fixture
def world(session, tmp_path):
    """Ten parcels, each with its plan and its holding: 10 ha."""
    said = {"serviced": True, "cleared": True, "binding_use": False, "opposing_plan": False, "holder": "LIG"}
    held = {**said, "disposition": "free", "construction_possible_from": "2013-01-01"}
    outlines = [f"SRID=25832;MULTI{square(n).wkt.replace('((', '(((').replace('))', ')))')}" for n in range(10)]
    keys = [parcel_key(n) for n in range(10)]
    state = {
        "parcels": [
            {"key": k, "official_m2": 10_000, "district": "Nord", "geom": g}
            for k, g in zip(keys, outlines, strict=True)
        ],
        "zones": [
            {"plan": f"Plan {n}", "designation": "GE", "regulates_use": True, "geom": g} for n, g in enumerate(outlines)
        ],
        "holdings": [{"parcel_key": k, **held} for k in keys],
    }
    for layer, rows in state.items():
        register.edit(session, layer, rows, AT, "test", None)
    session.commit()
    return tmp_path


def net(session, known_at=AT + timedelta(days=300)):
    return queries.reserve(session, DAY, known_at)[0].net_m2


def errors(report):
    return [issue for issue in report.issues if issue.severity == "error"]


def test_files_become_hectares_and_the_same_files_again_change_nothing(session, tmp_path):
    files = {
        "parcels": parcels(tmp_path / "parcels.geojson", range(10)),
        "zones": zones(tmp_path / "zones.geojson", range(10)),
        "holdings": holdings(tmp_path / "holdings.csv", *[{"key": parcel_key(n)} for n in range(10)]),
    }
    for layer, path in files.items():
        assert take(session, layer, path).change.amendment.added == 10
    assert net(session) == 100_000
    assert ledger.verify(session, AT) == ledger.Difference([], [])
    before = fingerprint(session)
    for replaced in (False, True):
        for layer, path in files.items():
            report = take(session, layer, path, at=AT + timedelta(days=9), replace=replaced)
            assert (report.change.recording, report.rows_read, report.rows_rejected) == (None, 10, 0)
    assert fingerprint(session) == before


# layer, cells of the bad row, its field, kind, and what the message must say of the remedy
BAD_ROWS = {
    "unknown designation": ("zones", {"designation": "XY"}, "designation", "unknown-designation", "use one of"),
    "unknown holder": ("holdings", {"holder": "LGI"}, "holder", "unknown-holder", "use one of LIG"),
    "unknown disposition": ("holdings", {"disposition": "weg"}, "disposition", "unknown-disposition", "use one of"),
    "malformed key": ("holdings", {"key": "0201_"}, "key", "malformed-key", "write it in full"),
    "no key": ("holdings", {"key": ""}, "key", "empty", "fill it in"),
    "reversed": (
        "holdings",
        {"valid_from": "2026-02-01", "valid_to": "2026-01-01"},
        "valid_to",
        "validity-reversed",
        "after",
    ),
    "no day": (
        "holdings",
        {"valid_from": "2026-02-01", "valid_to": "2026-02-01"},
        "valid_to",
        "validity-reversed",
        "after",
    ),
    "negative area": ("parcels", {"official_m2": -1}, "official_m2", "absurd-area", "above zero"),
    "absurd area": ("parcels", {"official_m2": 2e9}, "official_m2", "absurd-area", "at most"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_named_and_the_good_ones_get_in(session, world, name):
    layer, cells, field, kind, remedy = BAD_ROWS[name]
    if layer == "holdings":
        path = holdings(
            world / "bad.csv", {"key": parcel_key(20)}, {"key": parcel_key(21), **cells}, {"key": parcel_key(22)}
        )
        row = 3
    else:
        rows = [
            {"key": parcel_key(n), "plan": f"Plan {n}", "designation": "GE", "official_m2": 9_999} for n in (20, 21, 22)
        ]
        rows[1] |= cells
        path, row = features(world / "bad.geojson", [square(n) for n in (20, 21, 22)], rows), 2
    report = take(session, layer, path)
    (issue,) = errors(report)
    assert (issue.row, issue.field, issue.kind) == (row, field, kind)
    assert remedy in issue.message
    assert (report.rows_read, report.rows_passed, report.rows_rejected) == (3, 2, 1)
    assert report.change.amendment.added == 2


def both_rows(session, report, numbers):
    assert [issue.row for issue in errors(report)] == numbers
    for issue in errors(report):
        assert (issue.kind, issue.field) == ("overlapping-validity", "key")
        assert parcel_key(1) in issue.message
        assert "keep the right row" in issue.message


def test_rows_of_one_key_that_contradict_each_other_are_all_rejected(session, tmp_path):
    rows = [{"key": parcel_key(n), "official_m2": 10_000 + extra} for n, extra in ((0, 0), (1, 0), (1, 5), (2, 0))]
    report = take(session, "parcels", features(tmp_path / "p.geojson", [square(n) for n in (0, 1, 1, 2)], rows))
    both_rows(session, report, [2, 3])
    assert (report.rows_passed, report.rows_rejected, report.change.amendment.added) == (2, 2, 2)


@pytest.mark.parametrize(("second", "rejected"), [("2025-12-31", [2, 3]), ("2026-01-01", [])])
def test_rows_of_one_key_may_follow_one_another(session, tmp_path, second, rejected):
    first = {"key": parcel_key(1), "valid_to": "2026-01-01"}
    path = holdings(tmp_path / "h.csv", first, {"key": parcel_key(1), "holder": "HIE", "valid_from": second})
    both_rows(session, take(session, "holdings", path), rejected)


def test_the_same_row_twice_is_taken_once_with_a_warning(session, tmp_path):
    report = take(session, "holdings", holdings(tmp_path / "h.csv", {"key": parcel_key(1)}, {"key": parcel_key(1)}))
    duplicates = [issue for issue in report.issues if issue.kind == "duplicate-row"]
    assert [(issue.row, issue.severity) for issue in duplicates] == [(2, "warning"), (3, "warning")]
    assert "keep one of them" in duplicates[0].message
    assert report.change.amendment.added == 1


def test_parts_that_overlap_and_parts_beside_a_whole_are_rejected(session, tmp_path):
    """A part drawn over another and a part beside a row without geometry; parts that touch are fine."""
    import shapely

    left, right = square(1, side=50), shapely.box(*[square(1).bounds[n] + (50 if n == 0 else 0) for n in range(4)])
    for shapes, rejected in (
        ([left, right, None], [1, 2, 3]),
        ([left, right, square(5)], []),
        ([left, square(1), square(5)], [1, 2]),
    ):
        keys = [parcel_key(1)] * 2 + [parcel_key(1) if shapes[2] is None else parcel_key(5)]
        rows = [
            {"key": k, "holder": h, "site": str(n)}
            for n, (k, h) in enumerate(zip(keys, ["LIG", "HIE", "LIG"], strict=True))
        ]
        with session.begin_nested() as savepoint:
            report = load(
                session, "holdings", features(tmp_path / "h.geojson", shapes, rows), LoadOptions(), AT, "test"
            )
            assert [issue.row for issue in errors(report) if issue.kind == "overlapping-validity"] == rejected, shapes
            savepoint.rollback()


def test_since_after_the_end_of_a_row_is_an_issue_of_that_row(session, tmp_path):
    path = holdings(tmp_path / "h.csv", {"key": parcel_key(1), "valid_to": "01.01.2020"}, {"key": parcel_key(2)})
    report = take(session, "holdings", path, since=date(2024, 1, 1))
    (issue,) = errors(report)
    assert (issue.row, issue.field, issue.kind) == (2, "valid_to", "validity-reversed")
    assert "--since" in issue.message
    assert (report.rows_passed, report.rows_rejected) == (1, 1)
    spans = session.execute(text("SELECT parcel_key, lower(valid), upper(valid) FROM holding")).all()
    assert [tuple(row) for row in spans] == [(parcel_key(2), date(2024, 1, 1), None)]


def test_since_dates_only_the_rows_that_state_no_day(session, world):
    path = holdings(
        world / "h.csv",
        {"key": parcel_key(1), "cleared": "nein"},
        {"key": parcel_key(2), "cleared": "nein", "valid_from": "2026-06-02"},
    )
    take(session, "holdings", path, since=DAY)
    assert net(session) == 90_000
    assert queries.reserve(session, DAY - timedelta(days=1), AT + timedelta(days=300))[0].net_m2 == 100_000


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])
    return path


REFUSED = {
    "cut off": (lambda p: cut(parcels(p / "p.geojson", range(20))), {}, "cut-off", ""),
    "no CRS": (
        lambda p: features(p / "p.geojson", [square()], [{"key": parcel_key(1)}], crs=None),
        {},
        "crs-missing",
        "--crs",
    ),
    "another CRS": (lambda p: parcels(p / "p.geojson", range(3)), {"crs": "EPSG:4326"}, None, "--crs"),
    "another format": (lambda p: table(p / "p.ods", [["key"], [parcel_key(1)]]), {}, None, ""),
    "no such column": (
        lambda p: features(p / "p.geojson", [square()], [{"nummer": 1}]),
        {},
        "column-missing",
        "flstkennz",
    ),
    "far away": (
        lambda p: write(p / "p.gpkg", [square()], {"key": [parcel_key(1)]}, crs="EPSG:25833"),
        {},
        "crs-wrong",
        "metres of UTM zone 32",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_file_leaves_the_register_as_it_was(session, world, name):
    make, options, kind, remedy = REFUSED[name]
    before = fingerprint(session)
    with pytest.raises(Refused) as refusal, session.begin_nested():
        load(session, "parcels", make(world), LoadOptions(**options), AT, "test")
    assert kind in (None, refusal.value.kind)
    assert remedy in refusal.value.message
    assert fingerprint(session) == before


def test_a_dry_run_tells_what_would_happen_and_leaves_nothing(session, world):
    before = fingerprint(session)
    path = zones(world / "z.geojson", range(5), designation="MU")
    with session.begin_nested() as savepoint:
        tried = load(session, "zones", path, LoadOptions(dry_run=True), AT, "test")
        assert net(session) == 50_000
        savepoint.rollback()
    assert fingerprint(session) == before
    assert net(session) == 100_000
    done = take(session, "zones", path)
    assert (tried.rows_read, tried.change.amendment) == (done.rows_read, done.change.amendment)
    assert net(session) == 50_000


@pytest.mark.parametrize(("facts", "ended", "asks"), [(10, 3, False), (10, 4, True), (100, 5, False), (100, 6, True)])
def test_much_is_ended_only_when_the_number_is_repeated(session, tmp_path, facts, ended, asks):
    """More than three facts and more than a twentieth of the layer."""
    take(session, "zones", zones(tmp_path / "all.geojson", range(facts)))
    rest = zones(tmp_path / "rest.geojson", range(ended, facts))
    before = fingerprint(session)
    for confirmed in (None, ended - 1, ended + 1) if asks else ():
        with pytest.raises(Refused, match=f"--confirm-closing {ended}") as refusal, session.begin_nested():
            load(session, "zones", rest, LoadOptions(replace=True, confirm_closing=confirmed), AT, "test")
        assert refusal.value.kind == "closing-much"
        assert f"end {ended} of {facts} facts" in refusal.value.message
        assert fingerprint(session) == before
    tried = load(session, "zones", rest, LoadOptions(replace=True, dry_run=True, confirm_closing=ended), AT, "test")
    assert tried.change.amendment.ended == ended


def test_zones_of_one_plan_cut_short_are_noticed(session, tmp_path):
    """A plan of ten zones restated with five: half of it would end."""
    rows = [{"plan": "P", "designation": "GE"}] * 10
    shapes = [square(n) for n in range(10)]
    take(session, "zones", features(tmp_path / "z.geojson", shapes, rows))
    with pytest.raises(Refused, match="--confirm-closing 5"), session.begin_nested():
        load(session, "zones", features(tmp_path / "z.geojson", shapes[:5], rows[:5]), LoadOptions(), AT, "test")


@pytest.mark.parametrize(
    "name", ["Flächen 2026 (neu).csv", "a'b; DROP TABLE parcel;--.csv", '"q" $HOME `x` %s {y}.csv', "  .csv", "-x.csv"]
)
def test_odd_file_names_are_only_names(session, tmp_path, name):
    report = take(session, "holdings", holdings(tmp_path / name, {"key": parcel_key(1)}))
    assert report.source == name
    recorded = session.execute(text("SELECT source, sha256, summary FROM recording")).one()
    assert (recorded.source, recorded.sha256) == (name, report.sha256)
    assert recorded.summary == {"closed": 0, "added": 1, "ended": 0, "rows_read": 1, "rows_rejected": 0}


def same_day(report):
    return [issue for issue in report.issues if issue.kind == "same-day-plans"]


def test_two_plans_since_the_same_day_on_the_same_land_are_reported(session, tmp_path):
    rows = [{"plan": plan, "designation": "GE", "valid_from": "2020-01-01"} for plan in ("Beta", "Alpha")]
    (issue,) = same_day(take(session, "zones", features(tmp_path / "z.geojson", [square(), square()], rows)))
    assert (issue.severity, issue.field) == ("warning", "valid_from")
    assert "Alpha and Beta" in issue.message
    assert "10000.00 m2" in issue.message
    assert "Beta, the later name, wins" in issue.message
    later = [{"plan": "Gamma", "designation": "WA", "valid_from": "2020-01-01"}]
    found = same_day(take(session, "zones", features(tmp_path / "y.geojson", [square()], later)))
    assert [issue.feature for issue in found] == ["Alpha", "Beta"]
    beside = [{"plan": "Delta", "designation": "WA", "valid_from": "2020-01-02"}]
    assert same_day(take(session, "zones", features(tmp_path / "x.geojson", [square()], beside))) == []


def test_one_plan_that_says_two_things_of_the_same_land_is_reported(session, tmp_path):
    rows = [{"plan": "Alpha", "designation": designation} for designation in ("GE", "WA")]
    (issue,) = same_day(take(session, "zones", features(tmp_path / "z.geojson", [square(), square(side=40)], rows)))
    assert "Alpha" in issue.message
    assert "1600.00 m2" in issue.message
    assert "GE" in issue.message
    assert "WA" in issue.message


def test_holdings_of_unknown_parcels_and_needless_areas_are_told(session, world):
    path = holdings(
        world / "h.csv",
        {"key": parcel_key(50)},
        {"key": parcel_key(51), "declared_net_m2": 500, "designation": "GE"},
        {"key": parcel_key(1), "declared_net_m2": 500, "designation": "GE"},
    )
    report = take(session, "holdings", path)
    assert [(issue.row, issue.kind, issue.severity) for issue in report.issues] == [
        (2, "no-area", "warning"),
        (4, "declared-unused", "note"),
    ]
    assert net(session) == 100_500


def test_deductions_without_an_id_are_known_by_kind_and_outline(session, world):
    def said(name, *shapes):
        return features(world / name, list(shapes), [{"kind": "road"} for _ in shapes])

    first = take(session, "deductions", said("a.geojson", square(0, side=10), square(1, side=10)))
    assert (first.change.amendment.added, net(session)) == (2, 99_800)
    assert (
        take(session, "deductions", said("a.geojson", square(0, side=10), square(1, side=10))).change.recording is None
    )
    second = take(session, "deductions", said("b.geojson", square(1, side=10), square(2, side=10)))
    assert (second.change.amendment.closed, second.change.amendment.added, net(session)) == (0, 1, 99_700)
    third = take(session, "deductions", said("b.geojson", square(1, side=10), square(2, side=10)), replace=True)
    assert (third.change.amendment.ended, net(session)) == (1, 99_800)


def test_choices_are_what_the_law_lists(session):
    found = choices()
    assert found["holder"] >= {"LIG", "HIE", "HPA"}
    assert found["designation"] >= {"GE", "GI", "I", "G", "MU"}
    assert found["disposition"] >= {"free", "reserved", "sold"}


def test_all_rows_rejected_records_nothing(session, world):
    before = fingerprint(session)
    report = take(session, "holdings", holdings(world / "h.csv", {"key": "x"}, {"key": "y"}))
    assert (report.rows_read, report.rows_passed, report.rows_rejected) == (2, 0, 2)
    assert report.change.recording is None
    assert fingerprint(session) == before


@pytest.mark.parametrize("bad", [[0], range(10)])
def test_replace_is_refused_while_a_row_is_rejected(session, world, bad):
    """What a bad row is about would end, few enough of them without a question."""
    before = fingerprint(session)
    rows = [{"key": parcel_key(n)} | ({"cleared": "vielleicht"} if n in bad else {}) for n in range(10)]
    with pytest.raises(Refused, match=f"{len(bad)} of its rows cannot be taken") as refusal, session.begin_nested():
        load(
            session,
            "holdings",
            holdings(world / "h.csv", *rows),
            LoadOptions(replace=True, confirm_closing=10),
            AT,
            "test",
        )
    assert refusal.value.kind == "replace-with-rejected"
    assert [issue.row for issue in refusal.value.issues] == [n + 2 for n in bad]
    assert fingerprint(session) == before


def test_a_plan_is_taken_whole_or_not_at_all(session, tmp_path):
    """Were its good rows taken alone, they would end the zone that the bad row is about."""
    shapes = [square(n) for n in range(4)]
    rows = [{"plan": plan, "designation": "GE"} for plan in ("A", "A", "A", "B")]
    take(session, "zones", features(tmp_path / "z.geojson", shapes, rows))
    before = fingerprint(session)
    rows[1] = {"plan": "A", "designation": "GEE"}
    rows[0] = {"plan": "A", "designation": "GI"}
    report = take(session, "zones", features(tmp_path / "z.geojson", shapes, rows))
    assert [(issue.row, issue.kind) for issue in errors(report)] == [
        (2, "unknown-designation"),
        (1, "incomplete-unit"),
        (3, "incomplete-unit"),
    ]
    assert "another row of plan A is rejected" in errors(report)[1].message
    assert (report.rows_passed, report.rows_rejected) == (1, 3)
    assert fingerprint(session) == before
