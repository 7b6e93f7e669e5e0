"""Land that two parcels share counts twice: a file's rows are compared with each other in the gate, and with the register."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import shapely
from gate_files import Limits, features, parcel_key, square, through
from registers import AT, edit, take

from parcels.importing import alongside, overlapping
from parcels.limits import TooIntricateError, limited
from parcels.overlaps import parcels_overlap
from tests.conftest import key
from tests.conftest import square as outline
from tests.shapes import ewkt


def parcels(path, shapes, **cells):
    """One parcel a shape, numbered from 1; cells given as lists, one a row."""
    rows = [
        {"key": parcel_key(n + 1), **{name: values[n] for name, values in cells.items()}} for n in range(len(shapes))
    ]
    return features(path, shapes, rows)


def moved(east, north=0.0, side=100.0, turned=0):
    shape = shapely.affinity.translate(square(side=side), east, north)
    return shapely.affinity.rotate(shape, turned, origin="centroid")


def overlaps(issues):
    return [issue for issue in issues if issue.kind == alongside.KIND]


def test_two_rows_that_share_land_are_named_with_the_m2(tmp_path):
    found = overlaps(through(parcels(tmp_path / "p.geojson", [moved(0), moved(95), moved(300)]), "parcels").issues)
    (issue,) = found
    assert (issue.row, issue.feature, issue.field, issue.severity) == (1, parcel_key(1), "geometry", "warning")
    assert issue.value == "500.00"
    assert f"shares 500.00 m2 with the parcel {parcel_key(2)} of row 2" in issue.message
    assert "valid_to" in issue.message


# outlines, and how many pairs share more than a sliver
SHARED = {
    "neighbours": ([moved(0), moved(100)], 0),
    "corner": ([moved(0), moved(100, 100)], 0),
    "one within the other": ([moved(0), moved(10, 10, side=5)], 1),
    "the same outline": ([moved(0), moved(0)], 1),
    "under a square metre": ([moved(0), moved(99.1, 99.0)], 0),
    "over a square metre": ([moved(0), moved(98.9, 99.0)], 1),
    "a sliver of 8 m2, 8 cm wide": ([moved(0), moved(99.92)], 0),
    "a strip of 12 m2, 12 cm wide": ([moved(0), moved(99.88)], 1),
    "a sliver along a turned border": (
        [moved(0, turned=30), shapely.affinity.translate(moved(0, turned=30), 99.92 * 0.8660254, 99.92 * 0.5)],
        0,
    ),
    "envelopes only": ([moved(0, turned=45), moved(90, 90, side=60, turned=45)], 0),
    "three of one place": ([moved(0), moved(0), moved(0)], 3),
}


@pytest.mark.parametrize("name", SHARED)
def test_slivers_of_two_surveys_are_no_overlap(session, tmp_path, name):
    """The gate and the database say alike."""
    shapes, pairs = SHARED[name]
    assert len(overlaps(through(parcels(tmp_path / "p.geojson", shapes), "parcels").issues)) == pairs
    rows = [{"key": key(n), "geom": ewkt(shape)} for n, shape in enumerate(shapes)]
    change = edit(session, "parcels", rows)
    found, count = parcels_overlap(session, change.at, rows)
    assert (len(found), count) == (pairs, pairs)


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        (("", ""), ("", ""), 1),
        (("", "2024-01-01"), ("2024-01-01", ""), 0),
        (("", "2024-01-02"), ("2024-01-01", ""), 1),
        (("2020-01-01", "2021-01-01"), ("2019-01-01", "2020-01-01"), 0),
        (("2020-01-01", "2021-01-01"), ("2019-01-01", "2020-01-02"), 1),
    ],
)
def test_only_on_the_same_days(tmp_path, first, second, pairs):
    days = {"valid_from": [first[0], second[0]], "valid_to": [first[1], second[1]]}
    assert (
        len(overlaps(through(parcels(tmp_path / "p.geojson", [moved(0), moved(50)], **days), "parcels").issues))
        == pairs
    )


def test_one_parcel_in_two_outlines_is_another_finding(tmp_path):
    same = features(tmp_path / "p.geojson", [moved(0), moved(50)], [{"key": parcel_key(1)}] * 2)
    assert overlaps(through(same, "parcels").issues) == []


def test_a_sweep_in_windows_finds_what_one_look_does(tmp_path, monkeypatch):
    """Also where a long parcel reaches over many windows."""
    shapes = [moved(60 * n, 7 * (n % 5)) for n in range(40)] + [shapely.box(565_000, 5_934_010, 568_000, 5_934_030)]
    kept = alongside.Outlines(1 << 20)
    multi = shapely.multipolygons([[shape] for shape in shapes])
    values = {"key": [parcel_key(n) for n in range(41)], "valid_from": [None] * 41, "valid_to": [None] * 41}
    kept.add(range(1, 42), values, multi, list(shapely.to_wkb(multi)))
    expected = {
        (a + 1, b + 1) for a in range(41) for b in range(a + 1, 41) if shapes[a].intersection(shapes[b]).area > 1
    }
    for window in (3, 7, 41, 1000):
        monkeypatch.setattr(alongside, "WINDOW", window)
        found = list(alongside.findings(kept, 60))
        assert len(found) == len(expected) == 79
        told = {(issue.row, int(issue.message.split(" of row ")[1].split()[0])) for issue in found}
        assert told == expected


def test_a_line_parts_only_what_shares_no_more_than_a_sliver():
    """Crooked outlines beside, in and across each other; of the pairs that a line parts, GEOS finds at most slivers shared."""
    random = np.random.default_rng(7)
    at = random.uniform(0, 300, (400, 1, 2)) + random.uniform(-40, 40, (400, 5, 2))
    crooked = shapely.polygons(at)
    crooked = crooked[shapely.is_valid(crooked)]
    wedges = [moved(0, turned=turned, side=side) for turned in (0, 10, 45) for side in (0.05, 100)]
    shapes = np.concatenate(
        [crooked, wedges, [moved(east, turned=turned) for east in (99.92, 99.97, 100) for turned in (0, 9)]]
    )
    corners = alongside._corners(shapes, shapely.get_num_coordinates(shapes))
    one, other = np.triu_indices(len(shapes), 1)
    apart = alongside._apart(corners[..., one], corners[..., other])
    met = shapely.relate_pattern(shapes[one], shapes[other], "T********")
    assert (apart & met).any()  # slivers
    assert (apart & ~met).sum() > 0.9 * (~met).sum()
    much, _ = alongside._much(shapely.intersection(shapes[one], shapes[other]))
    assert not (apart & much).any()


def test_the_first_thousand_are_listed_and_all_counted(tmp_path):
    shapes = [moved(0) for _ in range(50)]
    found = overlaps(through(parcels(tmp_path / "p.geojson", shapes), "parcels").issues)
    assert len(found) == 1001
    assert found[-1].message.startswith("1225 pairs of parcels share land, the first 1000 are listed")
    assert found[0].row == 1


def test_outlines_beyond_the_memory_set_aside_are_not_compared_and_it_says_so(tmp_path):
    path = parcels(tmp_path / "p.geojson", [moved(0), moved(50)])
    outcome = through(path, "parcels", limits=Limits(compared_bytes=200))
    assert outcome.kinds("note") == [alongside.UNCHECKED]
    assert len(outcome.rows) == 2


def test_a_merged_parcel_beside_its_predecessors_is_told_by_the_import(session, tmp_path):
    """The remedy helps: the predecessor ended, nothing is reported."""
    take(session, "parcels", parcels(tmp_path / "old.geojson", [moved(0), moved(100)]))
    merged = [shapely.union(moved(0), moved(100))]
    rows = [{"key": parcel_key(9), "valid_from": "2026-01-01"}]
    found = overlaps(take(session, "parcels", features(tmp_path / "new.geojson", merged, rows)).issues)
    assert [(issue.row, issue.feature, issue.value) for issue in found] == [(1, parcel_key(9), "10000.00")] * 2
    assert parcel_key(1) in found[0].message
    assert parcel_key(2) in found[1].message
    ended = [*merged, moved(0), moved(100)]
    rows += [{"key": parcel_key(n), "valid_to": "2026-01-01"} for n in (1, 2)]
    path = features(tmp_path / "all.geojson", ended, rows)
    assert overlaps(take(session, "parcels", path, AT + timedelta(1), confirm_closing=2).issues) == []


def test_each_pair_of_a_file_is_told_once(session, tmp_path):
    """One of both is recorded already and not changed by the file."""
    take(session, "parcels", parcels(tmp_path / "old.geojson", [moved(0)]))
    again = parcels(tmp_path / "both.geojson", [moved(0), moved(50)])
    for days in (1, 2):  # and again when nothing changes any more
        found = overlaps(take(session, "parcels", again, AT + timedelta(days)).issues)
        assert [(issue.row, issue.value) for issue in found] == [(1, "5000.00")]


@pytest.mark.parametrize("few", [1, 8])
def test_the_register_is_looked_through_from_the_smaller_side(session, tmp_path, few):
    """Eight recorded and one new, or one recorded and eight new: the same pairs."""
    shapes = [moved(150 * n) for n in range(8)]
    wide = shapely.box(*moved(0).bounds[:2], moved(150 * 7).bounds[2], moved(0).bounds[3])
    many = features(tmp_path / "many.geojson", shapes, [{"key": parcel_key(n + 1)} for n in range(8)])
    one = features(tmp_path / "one.geojson", [wide], [{"key": parcel_key(99)}])
    first, second = (many, one) if few == 1 else (one, many)
    take(session, "parcels", first)
    found = overlaps(take(session, "parcels", second, AT + timedelta(1)).issues)
    assert len(found) == 8
    assert {issue.value for issue in found} == {"10000.00"}
    assert [issue.row for issue in found] == ([1] * 8 if few == 1 else list(range(1, 9)))


def test_an_edit_hears_of_the_rows_beside_it(session):
    at = datetime(2026, 1, 15, tzinfo=UTC)
    rows = [{"key": key(1), "geom": outline(0, 0)}, {"key": key(2), "geom": outline(90, 0)}]
    change = edit(session, "parcels", rows, at)
    (remark,) = overlapping.check(session, change.at, rows)
    assert (remark.unit, remark.field, remark.kind, remark.value) == (key(1), "geometry", alongside.KIND, "1000.00")
    assert key(2) in remark.said
    apart = [{"key": key(3), "geom": outline(500, 0)}]
    assert overlapping.check(session, edit(session, "parcels", apart, at).at, apart) == []
    later = [{"key": key(3), "geom": outline(50, 0), "valid_from": date(2027, 1, 1)}]
    change = edit(session, "parcels", later, at)
    assert [(remark.unit, remark.value) for remark in overlapping.check(session, change.at, later)] == [
        (key(3), "5000.00"),
        (key(3), "6000.00"),
    ]


def test_a_block_that_takes_too_long_leaves_the_transaction_usable(session):
    from sqlalchemy import text

    before = session.execute(text("SHOW statement_timeout")).scalar_one()
    with pytest.raises(TooIntricateError), limited(session, 1):
        session.execute(text("SELECT pg_sleep(5)"))
    assert session.execute(text("SHOW statement_timeout")).scalar_one() == before
    with limited(session, 1):
        assert session.execute(text("SHOW statement_timeout")).scalar_one() == "1s"
    assert session.execute(text("SHOW statement_timeout")).scalar_one() == before
