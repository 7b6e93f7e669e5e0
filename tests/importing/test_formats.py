"""Every format gives the same rows, whole, in order and unmoved."""

import hashlib
import shutil

import pyproj
import pytest
import shapely
from gate_files import features, parcel_key, parcels, refused, square, table, through, write

VECTOR = [".gpkg", ".geojson", ".shp", ".fgb", ".gml"]


@pytest.mark.parametrize("ending", VECTOR)
def test_all_formats_agree_to_the_bit(tmp_path, ending):
    # FlatGeobuf is written without its index, which would reorder the features
    how = {"SPATIAL_INDEX": "NO"} if ending == ".fgb" else {}
    if ending == ".geojson":
        how = {"COORDINATE_PRECISION": "15"}
    outcome = through(parcels(tmp_path / f"p{ending}", **how), "parcels")
    assert [row["row"] for row in outcome.rows] == [str(number) for number in range(1, 31)]
    assert [row["key"] for row in outcome.rows] == [parcel_key(number) for number in range(1, 31)]
    assert {(row["official_m2"], row["gemarkung"], row["valid_to"]) for row in outcome.rows} == {
        ("10000.00", "Eimsbüttel", None)
    }
    for number, shape in enumerate(outcome.shapes()):
        expected = square(number % 6, number // 6)
        assert shape.geom_type == "MultiPolygon"
        assert shapely.get_srid(shape) == 25832
        assert sorted(set(map(tuple, shapely.get_coordinates(shape)))) == sorted(
            set(map(tuple, shapely.get_coordinates(expected)))
        )
    assert outcome.kinds() == []
    assert outcome.progress[-1] == (30, 30)
    assert (outcome.reading.rows_read, outcome.reading.rows_passed, outcome.reading.rows_rejected) == (30, 30, 0)


def test_several_chunks_keep_order_and_numbers(tmp_path):
    count = 23_456
    shapes = [square(number % 150, number // 150 % 150, side=20) for number in range(count)]
    keys = [f"02{number // 100_000 + 1:04d}___{number % 100_000:05d}______" for number in range(count)]
    for ending in (".gpkg", ".shp", ".fgb"):
        how = {"SPATIAL_INDEX": "NO"} if ending == ".fgb" else {}
        outcome = through(write(tmp_path / f"many{ending}", shapes, {"key": keys}, **how), "parcels")
        assert [row["key"] for row in outcome.rows] == keys
        assert [row["row"] for row in outcome.rows] == [str(number) for number in range(1, count + 1)]
        assert [rows for rows, _ in outcome.progress] == [*range(2_000, count, 2_000), count]


def test_geopackage_with_gaps_in_its_ids(tmp_path):
    import sqlite3

    path = parcels(tmp_path / "gaps.gpkg", count=40)
    with sqlite3.connect(path) as connection:
        triggers = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute('DELETE FROM "gaps" WHERE fid BETWEEN 5 AND 20')
        connection.execute('UPDATE "gaps" SET fid = fid + 4611686018427387904 WHERE fid > 30')
    connection.close()
    outcome = through(path, "parcels")
    assert [row["key"] for row in outcome.rows] == [parcel_key(number) for number in (*range(1, 5), *range(21, 41))]


def test_sha256_is_that_of_the_file_and_the_folder_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "jobs"))
    (tmp_path / "jobs").mkdir()
    path = parcels(tmp_path / "p.gpkg")
    outcome = through(path, "parcels")
    assert outcome.reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list((tmp_path / "jobs").iterdir()) == []
    assert {"rlimits"} <= set(outcome.reading.layers_of_defence)


def test_a_child_left_in_the_middle_leaves_nothing_behind(tmp_path, monkeypatch):
    from pathlib import Path

    from gate_files import CHOICES

    from parcels.importing.contract import Options
    from parcels.importing.sandbox import read

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "jobs"))
    (tmp_path / "jobs").mkdir()
    path = parcels(tmp_path / "p.gpkg")
    with read(path, "parcels", Options(choices=CHOICES), lambda rows, total: None) as reading:
        child = reading._child
        next(reading.chunks())
    assert child.returncode is not None
    assert not Path(f"/proc/{child.pid}").exists()
    assert list((tmp_path / "jobs").iterdir()) == []


def test_other_crs_is_moved_as_proj_does(tmp_path):
    here = square()
    there = pyproj.Transformer.from_crs(25832, 4326, always_xy=True)
    degrees = shapely.transform(here, lambda x, y: there.transform(x, y), interleaved=False)
    for path in (
        write(tmp_path / "a.gpkg", [degrees], {"key": [parcel_key(1)]}, crs="EPSG:4326"),
        write(tmp_path / "a.gml", [degrees], {"key": [parcel_key(1)]}, crs="EPSG:4326"),
        features(tmp_path / "a.geojson", [degrees], [{"key": parcel_key(1)}], crs=None),
    ):
        (shape,) = through(path, "parcels").shapes()
        assert shapely.hausdorff_distance(shape, here) < 0.001


def test_height_is_dropped(tmp_path):
    raised = shapely.force_3d(square(), 7.0)
    (shape,) = through(write(tmp_path / "z.gpkg", [raised], {"key": [parcel_key(1)]}), "parcels").shapes()
    assert not shapely.has_z(shape)
    assert shape.area == 10_000


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_tables_of_holdings(tmp_path, ending):
    lines = [
        [
            "Flurstückskennzeichen",
            "Halter",
            "Erschlossen",
            "geräumt",
            "bindende Nutzung",
            "bebaubar ab",
            "Netto_m2",
            "Bemerkung",
        ],
        [parcel_key(1), "LIG", "ja", "nein", "", "01.03.2027", "12500,5", "x"],
        ["", "", "", "", "", "", "", ""],
        [parcel_key(2), "hie", "Nein", "unbekannt", "no", "2027-03-01", "1.250.000,25", "y"],
    ]
    outcome = through(table(tmp_path / f"h{ending}", lines), "holdings")
    first, second = outcome.rows
    assert (first["row"], second["row"]) == ("2", "4")
    assert (first["key"], first["holder"], first["serviced"], first["cleared"]) == (
        parcel_key(1),
        "LIG",
        "true",
        "false",
    )
    assert (first["binding_use"], first["declared_net_m2"], first["geom"]) == (None, "12500.50", None)
    assert (second["holder"], second["cleared"], second["binding_use"]) == ("HIE", None, "false")
    assert (first["construction_possible_from"], second["construction_possible_from"]) == ("2027-03-01", "2027-03-01")
    assert second["declared_net_m2"] == "1250000.25"
    (note,) = outcome.issues
    assert (note.kind, note.severity) == ("columns-ignored", "note")
    assert "'Bemerkung'" in note.message


def test_csv_separators_encodings_and_byte_order_mark(tmp_path):
    lines = [["key", "holder", "site"], [parcel_key(1), "LIG", "Südlicher Bogen, Teil 2"]]
    for delimiter in ",;\t":
        outcome = through(table(tmp_path / "h.csv", lines, delimiter), "holdings")
        assert outcome.rows[0]["site"] == "Südlicher Bogen, Teil 2"
    assert through(table(tmp_path / "b.csv", lines, encoding="utf-8-sig"), "holdings").rows[0]["key"] == parcel_key(1)
    latin = table(tmp_path / "l.csv", lines, encoding="iso-8859-1")
    refusal = refused(latin, "holdings")
    assert refusal.kind == "encoding-wrong"
    assert "--encoding ISO-8859-1" in refusal.message
    assert through(latin, "holdings", encoding="ISO-8859-1").rows[0]["site"] == "Südlicher Bogen, Teil 2"


def test_guarded_formulas_come_back_as_they_were(tmp_path):
    lines = [["key", "holder", "site"], [parcel_key(1), "LIG", "'=1+1"], [parcel_key(2), "LIG", "'s Hof"]]
    outcome = through(table(tmp_path / "h.csv", lines), "holdings")
    assert [row["site"] for row in outcome.rows] == ["=1+1", "'s Hof"]


def test_excel_dates_numbers_and_keys_stored_as_numbers(tmp_path):
    from datetime import datetime

    lines = [
        ["key", "holder", "valid_from", "declared_net_m2"],
        [parcel_key(1), "LIG", datetime.fromisoformat("2025-12-31"), 1250.5],
        [20114000119130000, "LIG", datetime.fromisoformat("2025-12-31T13:30"), 1],
    ]
    outcome = through(table(tmp_path / "h.xlsx", lines), "holdings")
    assert (outcome.rows[0]["valid_from"], outcome.rows[0]["declared_net_m2"]) == ("2025-12-31", "1250.50")
    assert sorted(outcome.kinds()) == ["malformed-key", "unreadable-date"]
    assert "format the column as text" in next(issue.message for issue in outcome.issues if issue.field == "key")


def test_shapefile_in_latin_1_needs_its_encoding(tmp_path):
    path = parcels(tmp_path / "p.shp", encoding="ISO-8859-1")
    assert through(path, "parcels").rows[0]["gemarkung"] == "Eimsbüttel"
    (tmp_path / "p.cpg").unlink()
    dbf = bytearray((tmp_path / "p.dbf").read_bytes())
    dbf[29] = 0
    (tmp_path / "p.dbf").write_bytes(dbf)
    refusal = refused(path, "parcels")
    assert refusal.kind == "encoding-missing"
    assert "--encoding" in refusal.message
    assert through(path, "parcels", encoding="ISO-8859-1").rows[0]["gemarkung"] == "Eimsbüttel"
    shutil.rmtree(tmp_path)


def test_wrongly_decoded_text_is_flagged(tmp_path):
    path = features(tmp_path / "p.geojson", [square()], [{"key": parcel_key(1), "gemarkung": "EimsbÃ¼ttel"}])
    outcome = through(path, "parcels")
    assert outcome.kinds("warning") == ["encoding"]
    assert len(outcome.rows) == 1


def test_one_of_several_layers_is_chosen_by_name(tmp_path):
    path = parcels(tmp_path / "two.gpkg", layer="other")
    parcels(path, count=3, layer="parcels", append=True)
    assert len(through(path, "parcels").rows) == 3
    refusal = refused(path, "districts")
    assert refusal.kind == "layer-unclear"
    assert "other, parcels" in refusal.message


def test_a_gml_may_begin_with_a_comment(tmp_path):
    path = parcels(tmp_path / "p.gml")
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace("?>", "?>\n<!-- exported by hand -->", 1), encoding="utf-8")
    path.with_suffix(".xsd").unlink(missing_ok=True)
    assert len(through(path, "parcels").rows) == 30


def test_of_gml_a_finding_says_the_line(tmp_path):
    path = parcels(tmp_path / "p.gml", 3)
    text = path.read_text("utf-8").replace(parcel_key(1), "no key")
    path.write_text(text, "utf-8")
    (issue,) = [issue for issue in through(path, "parcels").issues if issue.severity == "error"]
    feature = text.rindex("<ogr:featureMember", 0, text.index("no key"))
    assert issue.row == 1
    assert issue.line == text[: text.index("<", feature + 1)].count("\n") + 1
