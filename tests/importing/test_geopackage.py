"""GeoPackages are read by SQLite where they are plain, and by GDAL from the first row on that is not: nobody sees a difference."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from tests.importing.gate_files import parcel_key, parcels, refused, square, through, write

PARTS = shapely.MultiPolygon([square(40), square(41)])
HOLED = square(42).difference(shapely.buffer(square(42), -20))
RAISED = shapely.force_3d(square(50), 7.0)


@contextmanager
def altered(path: Path) -> Iterator[sqlite3.Connection]:
    """The file's database without the triggers that need GDAL's functions."""
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    with connection:
        yield connection
    connection.close()


OUTLINES = st.sampled_from([square(), PARTS, HOLED, shapely.MultiPolygon([square(43)]), None, shapely.Point(1, 2)])
AREAS = st.one_of(st.none(), st.integers(-1, 20_000), st.floats(0, 1e10).map(lambda m2: round(m2, 3)))
NAMES = st.sampled_from([None, "", "Eimsbüttel", "a\\b", "a\tb", "x" * 300])


@given(st.lists(st.tuples(OUTLINES, AREAS, NAMES), min_size=1, max_size=12))
@settings(max_examples=12, deadline=None)
def test_both_ways_of_reading_give_the_same(tmp_path_factory, rows):
    """What SQLite reads of a file, GDAL reads of the same rows behind one that has a height."""
    folder = tmp_path_factory.mktemp("two")
    shapes, areas, names = ([row[at] for row in rows] for at in range(3))
    shapes = [None if shape is None else translate(shape, 500 * at) for at, shape in enumerate(shapes)]
    numbers = [float("nan") if m2 is None else float(m2) for m2 in areas]

    def told(path, shapes, areas, names, before):
        keys = [parcel_key(number) for number in range(1, len(shapes) + 1)]
        read = through(write(path, shapes, {"key": keys, "official_m2": areas, "gemarkung": names}), "parcels")
        kept = [{**row, "row": int(row["row"]) - before, "key": None} for row in read.rows]
        found = [(issue.row, issue.kind, issue.field, issue.value) for issue in read.issues if issue.row is not None]
        return (
            [row for row in kept if row["row"] > 0],
            sorted(((row - before, *rest) for row, *rest in found if row > before), key=str),
        )

    plain = told(folder / "plain.gpkg", shapes, numbers, names, 0)
    mixed = told(folder / "mixed.gpkg", [RAISED, *shapes], [10_000.0, *numbers], ["Altona", *names], 1)
    assert plain == mixed


def test_gdal_goes_on_where_the_rows_are_no_longer_plain(tmp_path):
    """Far behind the first rows, which SQLite has read; every row comes once and in its place."""
    count, raised = 4_500, 4_200
    shapes = [square(number % 80, number // 80) for number in range(count)]
    shapes[raised] = shapely.force_3d(shapes[raised], 7.0)
    path = write(tmp_path / "p.gpkg", shapes, {"key": [parcel_key(number) for number in range(count)]})
    read = through(path, "parcels")
    assert [row["key"] for row in read.rows] == [parcel_key(number) for number in range(count)]
    assert [int(row["row"]) for row in read.rows] == list(range(1, count + 1))
    assert all(shape.equals(shapely.force_2d(drawn)) for shape, drawn in zip(read.shapes(), shapes, strict=True))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE p SET flaeche = CAST('12345.50' AS BLOB) WHERE fid = 2",
        "UPDATE p SET geom = CAST(geom AS TEXT) WHERE fid = 2",
    ],
)
def test_cells_of_another_kind_than_their_column_s_change_no_other_row(tmp_path, statement):
    path = parcels(tmp_path / "p.gpkg", 5)
    with altered(path) as connection:
        connection.execute(statement)
    others = [row for row in through(path, "parcels").rows if row["row"] != "2"]
    assert [row["official_m2"] for row in others] == ["10000.00"] * 4


def test_an_encoding_that_is_given_holds_for_all_rows(tmp_path):
    """A GeoPackage is in UTF-8; who says otherwise has all its rows misread, and is told, not some of them."""
    shapes = [square(number) for number in range(3)]
    shapes[2] = shapely.force_3d(shapes[2], 7.0)
    columns = {"key": [parcel_key(number) for number in range(3)], "gemarkung": ["Eimsbüttel"] * 3}
    path = write(tmp_path / "p.gpkg", shapes, columns)
    assert {row["gemarkung"] for row in through(path, "parcels", encoding="UTF-8").rows} == {"Eimsbüttel"}
    assert len({row["gemarkung"] for row in through(path, "parcels", encoding="ISO-8859-1").rows}) == 1


def test_text_that_is_none_is_refused(tmp_path):
    path = parcels(tmp_path / "p.gpkg", 5)
    with altered(path) as connection:
        connection.execute("UPDATE p SET gemarkung = CAST(x'ff41' AS TEXT) WHERE fid = 2")
    assert refused(path, "parcels").kind == "unreadable"


def test_a_broken_shape_is_a_finding_of_its_row(tmp_path):
    path = parcels(tmp_path / "p.gpkg", 5)
    with altered(path) as connection:
        connection.execute("UPDATE p SET geom = substr(geom, 1, 60) WHERE fid = 3")
    read = through(path, "parcels")
    assert [row["row"] for row in read.rows] == ["1", "2", "4", "5"]
    assert [(issue.row, issue.kind) for issue in read.issues if issue.severity == "error"] == [
        (3, "unreadable-geometry")
    ]


def test_what_stands_behind_a_shape_is_not_passed_on(tmp_path):
    path = parcels(tmp_path / "p.gpkg", 2)
    with altered(path) as connection:
        connection.execute("UPDATE p SET geom = CAST(geom || x'00112233' AS BLOB) WHERE fid = 1")
    first, second = through(path, "parcels").rows
    assert len(first["geom"]) == len(second["geom"])


def test_parts_that_hide_a_height_are_drawn_without_it(tmp_path):
    """A MultiPolygon that says it is flat, of a part that is not."""
    path = write(tmp_path / "p.gpkg", [shapely.MultiPolygon([square()])], {"key": [parcel_key(1)]})
    part = shapely.to_wkb(RAISED, flavor="iso")
    wkb = struct.pack("<BII", 1, 6, 1) + part
    with altered(path) as connection:
        (blob,) = connection.execute("SELECT geom FROM p").fetchone()
        connection.execute("UPDATE p SET geom = ?", (blob[: 8 + 32] + wkb,))
    (shape,) = through(path, "parcels").shapes()
    assert not shapely.has_z(shape)
    assert shape.area == 10_000


def test_real_columns_of_every_kind_are_understood(tmp_path):
    """A boolean and a date are no plain columns: GDAL reads such a file."""
    columns = {"key": [parcel_key(1)], "holder": ["LIG"], "serviced": [None], "construction_possible_from": [None]}
    path = write(tmp_path / "p.gpkg", [square()], columns)
    with altered(path) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(replace(sql, '\"serviced\" TEXT', '\"serviced\" BOOLEAN'), "
            "'\"construction_possible_from\" TEXT', '\"construction_possible_from\" DATE') WHERE name = 'p'"
        )
    with altered(path) as connection:  # anew, or SQLite keeps the columns as they were
        connection.execute("UPDATE p SET serviced = 1, construction_possible_from = '2027-03-01'")
    (row,) = through(path, "holdings").rows
    assert (row["serviced"], row["construction_possible_from"]) == ("true", "2027-03-01")
