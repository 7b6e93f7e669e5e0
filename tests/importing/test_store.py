"""Files through the gate into the register: hectares, nothing twice, nothing half written."""

from datetime import timedelta

import pytest
from gate_files import features, parcel_key, square, table, write
from registers import AT, fingerprint, holdings, net, parcels, take, zones
from sqlalchemy import text

from parcels import ledger
from parcels.importing.contract import Refused
from parcels.importing.store import LoadOptions, choices, load


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


@pytest.mark.parametrize(
    "name", ["Flächen 2026 (neu).csv", "a'b; DROP TABLE parcel;--.csv", '"q" $HOME `x` %s {y}.csv', "  .csv", "-x.csv"]
)
def test_odd_file_names_are_only_names(session, tmp_path, name):
    report = take(session, "holdings", holdings(tmp_path / name, {"key": parcel_key(1)}))
    assert report.source == name
    recorded = session.execute(text("SELECT source, sha256, summary FROM recording")).one()
    assert (recorded.source, recorded.sha256) == (name, report.sha256)
    assert recorded.summary == {"closed": 0, "added": 1, "ended": 0, "rows_read": 1, "rows_rejected": 0}


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
    path = said("b.geojson", square(1, side=10), square(2, side=10))
    third = take(session, "deductions", path, replace=True, confirm_closing=1)
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
