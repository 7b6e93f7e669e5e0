"""Hamburg's own files, and a real city's parcels moved to Hamburg, through the gate."""

import sqlite3
import zipfile
from pathlib import Path

import pytest
import shapely
from gate_files import refused, through

REAL = Path(__file__).resolve().parents[3] / "shared" / "realdata"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data (../shared/realdata) is not there"),
]


def total_ha(outcome) -> float:
    return sum(shape.area for shape in outcome.shapes()) / 10_000


def test_districts():
    outcome = through(REAL / "hamburg/odp_hamburg-districts.geojson", "districts")
    assert len(outcome.rows) == 7
    assert {"Altona", "Bergedorf", "Eimsbüttel", "Hamburg-Mitte"} < {row["name"] for row in outcome.rows}
    assert total_ha(outcome) == pytest.approx(74_695, abs=1)


def test_port_needs_its_crs_named_and_is_then_unmoved():
    path = REAL / "hamburg/app_hafengebietsgrenzen_EPSG_25832.json"
    refusal = refused(path, "port")
    assert refusal.kind == "crs-missing"
    assert "--crs EPSG:25832" in refusal.message
    outcome = through(path, "port", crs="EPSG:25832")
    areas = {row["kind"]: shape.area / 10_000 for row, shape in zip(outcome.rows, outcome.shapes(), strict=True)}
    assert areas["Gesamt: Hafengesamtgebiet"] == pytest.approx(7073.4, abs=0.05)
    direct = shapely.from_geojson(path.read_text(encoding="utf-8"))
    for shape, original in zip(outcome.shapes(), direct.geoms, strict=True):
        assert (shapely.get_coordinates(shape) == shapely.get_coordinates(original)).all()
    degrees = through(REAL / "hamburg/app_hafengebietsgrenzen_EPSG_4326.json", "port")
    for shape, original in zip(degrees.shapes(), direct.geoms, strict=True):
        assert shape.area == pytest.approx(original.area, abs=1)
        assert shapely.hausdorff_distance(shape, original) < 0.01


def test_parcels_as_hamburg_serves_them():
    outcome = through(REAL / "alkis/hh_oaf_flurstueck_sample_25832.json", "parcels", crs="EPSG:25832")
    assert outcome.rows[0]["key"] == "020114___11913______"
    assert outcome.kinds() + outcome.kinds("warning") == []
    dykes = through(REAL / "alkis/hh_deichgrund_flurstuecke_EPSG_25832_nocrs.json", "parcels", crs="EPSG:25832")
    # one of them is marked as historic, and nothing says since when
    assert (len(dykes.rows), sorted(dykes.kinds())) == (722, ["historic-without-end", "invalid-geometry"])


def test_parcels_of_another_land_are_refused_by_place():
    refusal = refused(REAL / "alkis/alkis_testdaten_ST_flurstuecke_4326.geojson", "parcels")
    assert refusal.kind == "outside-extent"


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    """The 47,174 real shapes with made-up Kennzeichen."""
    folder = tmp_path_factory.mktemp("city")
    with zipfile.ZipFile(REAL / "load/alexandria_transplanted_hamburg_25832.gpkg.zip") as archive:
        path = Path(archive.extract("alexandria_transplanted_hamburg_25832.gpkg", folder))
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute("ALTER TABLE parcels ADD COLUMN flstkennz TEXT")
    connection.execute("UPDATE parcels SET flstkennz = printf('020100___%05d______', fid)")
    connection.commit()
    connection.close()
    return path


def test_a_real_city(city):
    outcome = through(city, "parcels")
    assert outcome.reading.rows_read == 47_174
    assert outcome.kinds() == ["invalid-geometry"] * 18
    assert len(outcome.rows) == 47_174 - 18
    repaired = through(city, "parcels", repair=True)
    flats = ["parcels-overlap"] * 1001  # of one house each, drawn with the same outline; the last line counts them all
    assert (len(repaired.rows), repaired.kinds("warning")) == (47_174, ["repaired"] * 18 + flats)
    assert total_ha(repaired) == pytest.approx(7363, abs=1)
    mended = [issue for issue in repaired.issues if issue.kind == "repaired"]
    assert all(issue.before_m2 is not None and issue.after_m2 is not None for issue in mended)


def test_a_shapefile_in_survey_feet(tmp_path):
    with zipfile.ZipFile(REAL / "load/sanjose_zoning_2016_shp_epsg2227.zip") as archive:
        for member in archive.infolist():
            member.filename = Path(member.filename).name
            archive.extract(member, tmp_path)
    (path,) = (found for found in tmp_path.iterdir() if found.suffix.lower() == ".shp")
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    place = dbf.index(b"ZONING\0", 64)
    dbf[place : place + 7] = b"kind\0\0\0"
    path.with_suffix(".dbf").write_bytes(dbf)
    refusal = refused(path, "deductions")
    assert refusal.kind == "outside-extent"
    assert "4239 of 4239" in refusal.message
    assert "ftUS" in refusal.message
