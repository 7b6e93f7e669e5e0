"""Bad rows, each with an issue that names row, field and remedy; the good rows beside them pass."""

from decimal import Decimal

import numpy as np
import pytest
import shapely
from gate_files import Limits, features, parcel_key, refused, square, table, through, write

from parcels.importing.checks import areas_said

NAN, INF = float("nan"), float("inf")


def holding(**cells):
    return {"key": parcel_key(1), "holder": "LIG", **cells}


def one_row(tmp_path, **cells):
    """A holding with the given cells between two good ones, through CSV."""
    rows = [holding(), holding(**cells), holding()]
    names = ["key", "holder", *[name for name in cells if name not in ("key", "holder")]]
    lines = [names, *[[row.get(name, "") for name in names] for row in rows]]
    return through(table(tmp_path / "h.csv", lines), "holdings")


@pytest.mark.parametrize(
    ("name", "value", "kind", "says"),
    [
        ("key", "020114 11913", "malformed-key", "without blanks"),
        ("key", "020114___1191______", "malformed-key", "19 characters instead of 20"),
        ("key", "02011a___00001______", "malformed-key", "digits and underscores only"),
        ("key", "030114___00001______", "foreign-key", "only parcels of Land 02"),
        ("key", "", "empty", "fill it in"),
        ("holder", "LIK", "unknown-holder", "use one of LIG, "),
        ("designation", "GEE", "unknown-designation", "use one of GE, "),
        ("disposition", "verkauft", "unknown-disposition", "closest first"),
        ("declared_net_m2", "-1", "absurd-area", "zero or more"),
        ("declared_net_m2", "1000000001", "absurd-area", "at most 1,000,000,000"),
        ("declared_net_m2", "1e300", "absurd-area", "at most 1,000,000,000"),
        ("declared_net_m2", "NaN", "unreadable-number", "1234,5"),
        ("declared_net_m2", "inf", "unreadable-number", "1234,5"),
        ("declared_net_m2", "1.234", "ambiguous-number", "without a separator"),
        ("declared_net_m2", "1.234.56", "unreadable-number", "1234,5"),
        ("declared_net_m2", "12 m2", "unreadable-number", "1234,5"),
        ("serviced", "vielleicht", "unreadable-yes-no", "ja, nein"),
        ("valid_from", "01/02/2025", "ambiguous-date", "31.12.2025"),
        ("valid_from", "01.02.25", "ambiguous-date", "31.12.2025"),
        ("valid_from", "31.02.2025", "unreadable-date", "does not exist"),
        ("valid_from", "demnächst", "unreadable-date", "31.12.2025"),
        ("valid_from", "1899-12-31", "absurd-date", "1900 to 2200"),
        ("valid_from", "2201-01-01", "absurd-date", "1900 to 2200"),
        ("valid_from", "9999-12-31", "absurd-date", "1900 to 2200"),
        ("site", "x" * 501, "text-too-long", "shorten it to 500"),
        ("site", "Hof\u202egnp", "control-character", "invisible marks"),
        ("site", "Hof\x07", "control-character", "control character"),
        ("site", "zwei\nZeilen", "control-character", "line breaks"),
    ],
)
def test_unreadable_cells(tmp_path, name, value, kind, says):
    outcome = one_row(tmp_path, **{name: value})
    (issue,) = [issue for issue in outcome.issues if issue.severity == "error"]
    assert (issue.kind, issue.field, issue.row) == (kind, name, 3)
    assert says in issue.message
    assert f"Row {issue.row}" in issue.message
    assert name in issue.message
    assert len(outcome.rows) == 2
    assert (outcome.reading.rows_read, outcome.reading.rows_passed, outcome.reading.rows_rejected) == (3, 2, 1)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("declared_net_m2", "1.234,56", "1234.56"),
        ("declared_net_m2", "1,234.56", "1234.56"),
        ("declared_net_m2", "1 234 567,5", "1234567.50"),
        ("declared_net_m2", "12345,678", "12345.68"),
        ("declared_net_m2", "0,125", "0.13"),
        ("declared_net_m2", "0", "0.00"),
        ("disposition", "FREE", "free"),
        ("disposition", "", None),
        ("holder", "", None),
        ("marketable", "WAHR", "true"),
        ("valid_to", "1.3.2026", "2026-03-01"),
        ("valid_to", "2026-03-01T00:00:00Z", "2026-03-01"),
        ("site", "  Ha\u0308user  ", "Häuser"),
    ],
)
def test_readable_cells(tmp_path, name, value, read):
    outcome = one_row(tmp_path, **{name: value})
    assert outcome.kinds() == []
    assert outcome.rows[1][name] == read


def test_validity_must_not_end_before_it_starts(tmp_path):
    for start, end, bad in (
        ("2025-01-01", "2025-01-01", 1),
        ("2025-01-02", "2025-01-01", 1),
        ("2025-01-01", "2025-01-02", 0),
    ):
        outcome = one_row(tmp_path, valid_from=start, valid_to=end)
        assert outcome.kinds() == ["validity-reversed"] * bad


def test_official_area_of_parcels(tmp_path):
    values = [10_000, 11_112, 11_111, 0, -5, NAN, 1.239, "1e400"]
    shapes = [square(number) for number in range(len(values))]
    rows = [
        {"key": parcel_key(number), "flaeche": None if value != value else value} for number, value in enumerate(values)
    ]
    outcome = through(features(tmp_path / "p.geojson", shapes, rows), "parcels")
    assert [issue.row for issue in outcome.issues if issue.kind == "area-differs"] == [2, 7]
    assert sorted(issue.row for issue in outcome.issues if issue.severity == "error") == [4, 5, 8]
    warning = next(issue for issue in outcome.issues if issue.kind == "area-differs")
    assert "11,112.00 m2" in warning.message
    assert "10,000.00 m2" in warning.message
    areas = {row["row"]: row["official_m2"] for row in outcome.rows}
    assert areas == {"1": "10000.00", "2": "11112.00", "3": "11111.00", "6": None, "7": "1.24"}


@pytest.mark.parametrize(
    ("official", "polygon", "said"),
    [
        ("99999999", "10000", "the official area of 99,999,999.00 m2 is 10,000 times the polygon's 10,000.00 m2"),
        ("10000", "25432.10", "the polygon's 25,432.10 m2 are 2.5 times the official area of 10,000.00 m2"),
        ("10000", "0.00", "the official area of 10,000.00 m2 and the polygon's 0.00 m2 differ by 100%"),
        ("20000", "10000", "the official area of 20,000.00 m2 and the polygon's 10,000.00 m2 differ by 50%"),
        ("10000", "11500", "the official area of 10,000.00 m2 and the polygon's 11,500.00 m2 differ by 15%"),
    ],
)
def test_two_areas_are_told_apart_by_a_factor_where_a_percentage_would_hide_it(official, polygon, said):
    assert areas_said(Decimal(official), Decimal(polygon)) == said


def polygon(*points):
    return {"type": "Polygon", "coordinates": [[list(point) for point in points]]}


BOWTIE = polygon((565000, 5934000), (565100, 5934100), (565100, 5934000), (565000, 5934100), (565000, 5934000))
FAR = polygon((665000, 5934000), (665100, 5934000), (665100, 5934100), (665000, 5934000))
LINE = {"type": "LineString", "coordinates": [[565000, 5934000], [565100, 5934000]]}


@pytest.mark.parametrize(
    ("shape", "kind", "says"),
    [
        (None, "no-geometry", "draw its polygon"),
        (polygon(), "empty-geometry", "draw its polygon"),
        ({"type": "MultiPolygon", "coordinates": []}, "empty-geometry", "draw its polygon"),
        ({"type": "Point", "coordinates": [565000, 5934000]}, "not-areal", "only polygons"),
        (LINE, "not-areal", "only polygons"),
        ({"type": "GeometryCollection", "geometries": [LINE]}, "collection", "keep only its polygon"),
        (BOWTIE, "invalid-geometry", "Self-intersection at 565050 5934050"),
        (FAR, "outside-extent", "check its coordinates"),
    ],
)
def test_unusable_geometry(tmp_path, shape, kind, says):
    rows = [{"key": parcel_key(number)} for number in range(1, 4)]
    outcome = through(features(tmp_path / "p.geojson", [square(), shape, square(2)], rows), "parcels")
    (issue,) = [issue for issue in outcome.issues if issue.severity == "error"]
    assert (issue.kind, issue.row, issue.field, issue.feature) == (kind, 2, "geometry", parcel_key(2))
    assert says in issue.message
    assert [row["row"] for row in outcome.rows] == ["1", "3"]


def test_coordinates_that_are_no_numbers(tmp_path):
    from shapely import from_wkt

    odd = [
        from_wkt(f"POLYGON ((565000 5934000, {x} 5934000, 565100 5934100, 565000 5934000))")
        for x in ("NaN", "Inf", "1e300")
    ]
    path = write(
        tmp_path / "p.gpkg",
        [square(), *odd, square(1), square(2), square(3)],
        {"key": [parcel_key(n) for n in range(7)]},
    )
    outcome = through(path, "parcels")
    assert outcome.kinds() == ["not-finite"] * 3
    assert [row["row"] for row in outcome.rows] == ["1", "5", "6", "7"]


def test_too_many_vertices(tmp_path):
    circle = shapely.Point(565_000, 5_934_000).buffer(100, quad_segs=400)
    path = write(tmp_path / "p.gpkg", [circle, square()], {"key": [parcel_key(1), parcel_key(2)]})
    outcome = through(path, "parcels", limits=Limits(vertices=1000))
    assert outcome.kinds() == ["too-many-vertices"]
    assert "1601 vertices, more than 1000" in outcome.issues[0].message
    assert len(outcome.rows) == 1


def test_repair_only_on_request_with_area_before_and_after(tmp_path):
    spike = shapely.Polygon(
        [
            (565000, 5934000),
            (565100, 5934000),
            (565100, 5934100),
            (565100, 5934200),
            (565100, 5934100),
            (565000, 5934100),
        ]
    )
    path = write(tmp_path / "p.gpkg", [spike, square()], {"key": [parcel_key(1), parcel_key(2)]})
    assert through(path, "parcels").kinds() == ["invalid-geometry"]
    outcome = through(path, "parcels", repair=True)
    assert outcome.kinds() == []
    (issue,) = [issue for issue in outcome.issues if issue.kind == "repaired"]
    assert (issue.severity, issue.before_m2, issue.after_m2) == ("warning", Decimal("10000.00"), Decimal("10000.00"))
    mended = outcome.shapes()[0]
    assert shapely.is_valid(mended)
    assert mended.area == 10_000


def test_repair_that_takes_too_long_is_given_up(tmp_path):
    points = np.random.default_rng(7).uniform((565_000, 5_934_000), (566_000, 5_935_000), (4000, 2))
    path = write(tmp_path / "p.gpkg", [shapely.Polygon(points), square()], {"key": [parcel_key(1), parcel_key(2)]})
    outcome = through(path, "parcels", repair=True, limits=Limits(repair_seconds=1.0))
    assert outcome.kinds() == ["invalid-geometry"]
    assert "could not be repaired here in time" in outcome.issues[0].message
    assert len(outcome.rows) == 1


def test_findings_are_listed_up_to_a_limit_and_counted_beyond(tmp_path):
    lines = [["key", "holder"], *[["x", "LIG"] for _ in range(50)]]
    outcome = through(table(tmp_path / "h.csv", lines), "holdings", limits=Limits(issues=10))
    assert len(outcome.kinds()) == 10
    assert outcome.reading.rows_rejected == 50
    assert outcome.issues[-1].kind == "more-issues"
    assert outcome.issues[-1].message.startswith("40 more")


def test_zones_default_and_port_label(tmp_path):
    zones = features(tmp_path / "z.geojson", [square()], [{"plan": "Billbrook 7", "designation": "gi"}])
    (row,) = through(zones, "zones").rows
    assert (row["designation"], row["regulates_use"], row["in_use_as_commercial"]) == ("GI", "true", None)
    port = features(
        tmp_path / "h.geojson",
        [square(), square(1)],
        [{"typ": "Zone I", "name": "Radeland"}, {"typ": "Gesamt", "name": None}],
    )
    assert [row["kind"] for row in through(port, "port").rows] == ["Zone I: Radeland", "Gesamt"]


def test_columns_missing_twice_and_unused(tmp_path):
    missing = refused(features(tmp_path / "a.geojson", [square()], [{"nummer": 1}]), "parcels")
    assert missing.kind == "column-missing"
    assert "flstkennz" in missing.message
    twice = refused(
        features(tmp_path / "b.geojson", [square()], [{"key": parcel_key(1), "FlstKennz": parcel_key(1)}]), "parcels"
    )
    assert twice.kind == "column-twice"
    assert "'key' and 'FlstKennz'" in twice.message
    assert refused(table(tmp_path / "p.csv", [["key"], [parcel_key(1)]]), "parcels").kind == "geometry-missing"
    assert refused(table(tmp_path / "p.csv", [["key"], [parcel_key(1)]]), "plots").kind == "layer-unknown"
