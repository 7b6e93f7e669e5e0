"""Rows that cannot be recorded, alone or beside the others of their file: each is named with row, field and remedy."""

from datetime import date, timedelta

import pytest
import shapely
from gate_files import features, parcel_key, square
from registers import AT, DAY, errors, fingerprint, holdings, net, take
from sqlalchemy import text

from parcels import queries
from parcels.importing.store import LoadOptions, load

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


def test_what_is_taken_out_of_one_batch_is_missed_in_no_other(session, tmp_path):
    """A file of several batches, rows taken out of the first, of the last, and at the end of one."""
    over = {10, 3_999, 4_000, 4_001, 9_000}
    rows = [{"key": parcel_key(n), **({"valid_to": "01.01.2020"} if n in over else {})} for n in range(1, 9_001)]
    report = take(session, "holdings", holdings(tmp_path / "h.csv", *rows), since=date(2024, 1, 1))
    assert {issue.feature for issue in errors(report)} == {parcel_key(n) for n in over}
    assert (report.rows_passed, report.change.amendment.added) == (8_995, 8_995)
    recorded = session.scalars(text("SELECT parcel_key FROM holding WHERE lower(valid) = '2024-01-01'")).all()
    assert sorted(recorded) == [parcel_key(n) for n in range(1, 9_001) if n not in over]


def test_rows_that_find_room_before_others_are_not_missed(session, tmp_path):
    """Small rows behind large ones are put into the room that these left, and so before rows that came earlier."""
    shapes = [shapely.segmentize(square(n % 90, n // 90), 5 if n < 4_000 else 90) for n in range(9_000)]
    rows = [{"key": parcel_key(n)} for n in range(9_000)]
    report = take(session, "parcels", features(tmp_path / "p.geojson", shapes, rows), since=date(2020, 1, 1))
    assert (report.rows_passed, report.change.amendment.added) == (9_000, 9_000)


def test_since_dates_only_the_rows_that_state_no_day(session, world):
    path = holdings(
        world / "h.csv",
        {"key": parcel_key(1), "cleared": "nein"},
        {"key": parcel_key(2), "cleared": "nein", "valid_from": "2026-06-02"},
    )
    take(session, "holdings", path, since=DAY)
    assert net(session) == 90_000
    assert queries.reserve(session, DAY - timedelta(days=1), AT + timedelta(days=300))[0].net_m2 == 100_000


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
