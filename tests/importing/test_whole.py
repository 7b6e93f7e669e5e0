"""Files that are cut off, thinned or damaged: refused, or read completely - never fewer rows without a word."""

import shutil
import struct

import pytest
from gate_files import Refused, features, parcel_key, parcels, refused, square, table, through

GOOD = [".gpkg", ".geojson", ".shp", ".fgb", ".gml", ".csv", ".xlsx"]


def good(path, count=25):
    if path.suffix in (".csv", ".xlsx"):
        lines = [["key", "holder", "site"], *[[parcel_key(number), "LIG", "Süd"] for number in range(count)]]
        return table(path, lines), "holdings"
    return parcels(path, count), "parcels"


def taken(path, layer):
    """How many rows came out, or the kind of the refusal."""
    try:
        return len(through(path, layer).rows), None
    except Refused as refusal:
        return None, refusal.kind


@pytest.mark.parametrize("ending", GOOD)
def test_every_good_file_cut_at_20_places(tmp_path, ending):
    path, layer = good(tmp_path / f"whole{ending}")
    content = path.read_bytes()
    assert len(through(path, layer).rows) == 25
    places = {len(content) * step // 20 for step in range(19)} | {len(content) - 1}
    # a table that ends exactly with a line is a whole table: no reader can know that there were more
    places = {place for place in places if ending != ".csv" or content[place - 1 : place] != b"\n" or place == 0}
    for place in sorted(places):
        path.write_bytes(content[:place])
        rows, kind = taken(path, layer)
        assert rows == 25 or kind in ("cut-off", "wrong-format", "no-header", "unreadable", "row-width"), (place, kind)


@pytest.mark.parametrize("member", [".shx", ".dbf", ".prj"])
def test_members_of_a_shapefile_cut_or_missing(tmp_path, member):
    path = parcels(tmp_path / "p.shp")
    content = path.with_suffix(member).read_bytes()
    if member != ".prj":
        path.with_suffix(member).write_bytes(content[: len(content) // 2])
        assert refused(path, "parcels").kind == "cut-off"
    path.with_suffix(member).unlink()
    refusal = refused(path, "parcels")
    assert refusal.kind == ("crs-missing" if member == ".prj" else "member-missing")


def test_shapefile_whose_members_come_from_two_exports(tmp_path):
    path = parcels(tmp_path / "p.shp", 10)
    other = parcels(tmp_path / "other.shp", 9)
    shutil.copy(other.with_suffix(".dbf"), path.with_suffix(".dbf"))
    refusal = refused(path, "parcels")
    assert refusal.kind == "cut-off"
    assert "10 shapes stand against 9 rows" in refusal.message


def test_shapefile_index_that_leaves_out_records(tmp_path):
    """An index that points twice to the same record hides another one."""
    path = parcels(tmp_path / "p.shp", 10)
    index = bytearray(path.with_suffix(".shx").read_bytes())
    index[116:124] = index[108:116]
    path.with_suffix(".shx").write_bytes(index)
    assert refused(path, "parcels").kind == "cut-off"


def test_geopackage_with_a_broken_page(tmp_path):
    path = parcels(tmp_path / "p.gpkg")
    content = bytearray(path.read_bytes())
    start = content.index(parcel_key(7).encode())
    page = (start // 4096) * 4096
    content[page + 8 : page + 200] = b"\xff" * 192
    path.write_bytes(content)
    assert refused(path, "parcels").kind == "cut-off"


def test_geopackage_still_open_in_another_program(tmp_path):
    path = parcels(tmp_path / "p.gpkg")
    path.with_name("p.gpkg-wal").write_bytes(b"x")
    refusal = refused(path, "parcels")
    assert refusal.kind == "in-use"
    assert "close that first" in refusal.message


def test_flatgeobuf_without_a_count_is_refused(tmp_path):
    path = parcels(tmp_path / "p.fgb", SPATIAL_INDEX="NO")
    content = bytearray(path.read_bytes())
    assert content.count(struct.pack("<Q", 30)) == 1
    place = content.index(struct.pack("<Q", 30))
    content[place : place + 8] = struct.pack("<Q", 0)
    path.write_bytes(content)
    assert refused(path, "parcels").kind == "count-missing"
    content[place : place + 8] = struct.pack("<Q", 29)
    path.write_bytes(content)
    assert refused(path, "parcels").kind == "cut-off"


def test_geojson_counts_by_structure_only(tmp_path):
    """Escapes, brackets in text and other arrays of objects do not confuse the count."""
    rows = [{"key": parcel_key(n), "gemarkung": 'a"}]{\\ "features":[' + "\\" * n} for n in range(5)]
    shapes = [square(n) for n in range(5)]
    links = [{"href": "x", "rel": "y"}, {"features": [{}]}]
    path = features(tmp_path / "p.geojson", shapes, rows, links=links, name="crs")
    outcome = through(path, "parcels")
    assert [row["gemarkung"] for row in outcome.rows] == [row["gemarkung"] for row in rows]
    assert outcome.progress == [(5, 5)]


def test_geojson_scan_is_the_same_at_every_block_size(tmp_path, monkeypatch):
    from parcels.importing import whole_text
    from parcels.importing.contract import Options

    rows = [{"key": parcel_key(n), "gemarkung": '\\"}]{ "' + "\\" * n} for n in range(6)]
    path = features(tmp_path / "p.geojson", [square(n) for n in range(6)], rows, links=[{"a": {}}])
    for size in (1, 2, 3, 7, 64, 1 << 20):
        monkeypatch.setattr(whole_text, "BLOCK", size)
        whole = whole_text.geojson(path, Options())
        assert (whole.features, whole.states_crs) == (6, True), size


def test_table_lines_of_another_width_and_quotes_left_open(tmp_path):
    path = tmp_path / "h.csv"
    path.write_text("key;holder\n" + f"{parcel_key(1)};LIG;x\n", encoding="utf-8")
    refusal = refused(path, "holdings")
    assert refusal.kind == "row-width"
    assert "Line 2" in refusal.message
    path.write_text(f'key;holder\n{parcel_key(1)};"LIG\n', encoding="utf-8")
    assert refused(path, "holdings").kind == "cut-off"
    path.write_text(f"key;holder\n{parcel_key(1)};LIG", encoding="utf-8")
    assert "line break" in refused(path, "holdings").message
    path.write_text("key;holder\n", encoding="utf-8")
    assert refused(path, "holdings").kind == "no-rows"
