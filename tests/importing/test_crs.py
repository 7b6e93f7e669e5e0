"""Where a file's coordinates lie: its CRS, the given one, and the diagnosis where neither fits."""

import pytest
import shapely
from gate_files import features, parcel_key, parcels, refused, square, through, write
from pyproj import Transformer

KEYS = [{"key": parcel_key(number)} for number in range(1, 4)]
SHAPES = [square(number) for number in range(3)]


def in_crs(code: str, swapped: bool = False) -> list[shapely.Geometry]:
    move = Transformer.from_crs(25832, code, always_xy=True)

    def moved(x, y):
        x, y = move.transform(x, y)
        return (y, x) if swapped else (x, y)

    return [shapely.transform(shape, moved, interleaved=False) for shape in SHAPES]


def test_geojson_without_crs_in_metres_is_refused_with_the_remedy(tmp_path):
    path = features(tmp_path / "p_EPSG_25832.json", SHAPES, KEYS, crs=None)
    refusal = refused(path, "parcels")
    assert refusal.kind == "crs-missing"
    assert "--crs EPSG:25832" in refusal.message
    outcome = through(path, "parcels", crs="EPSG:25832")
    assert [row["row"] for row in outcome.rows] == ["1", "2", "3"]
    assert shapely.get_coordinates(outcome.shapes()[0]).tolist() == shapely.get_coordinates(SHAPES[0]).tolist()


def test_a_property_called_crs_is_no_crs(tmp_path):
    rows = [{**row, "crs": "EPSG:25832"} for row in KEYS]
    assert refused(features(tmp_path / "p.geojson", SHAPES, rows, crs=None), "parcels").kind == "crs-missing"


def test_geojson_in_degrees_needs_no_crs_but_may_not_be_called_metres(tmp_path):
    path = features(tmp_path / "p.geojson", in_crs("EPSG:4326"), KEYS, crs=None)
    assert len(through(path, "parcels").rows) == 3
    assert len(through(path, "parcels", crs="EPSG:4326").rows) == 3
    refusal = refused(path, "parcels", crs="EPSG:25832")
    assert refusal.kind == "crs-wrong"
    assert "look like degrees" in refusal.message
    assert "needs --crs EPSG:4326" in refusal.message


def test_shapefile_without_prj(tmp_path):
    path = parcels(tmp_path / "p.shp")
    (tmp_path / "p.prj").unlink()
    refusal = refused(path, "parcels")
    assert refusal.kind == "crs-missing"
    assert "--crs EPSG:25832" in refusal.message
    assert len(through(path, "parcels", crs="EPSG:25832").rows) == 30


@pytest.mark.parametrize("ending", [".gpkg", ".fgb", ".shp"])
def test_given_crs_must_not_contradict_the_stated_one(tmp_path, ending):
    path = parcels(tmp_path / f"p{ending}")
    refusal = refused(path, "parcels", crs="EPSG:25833")
    assert refusal.kind == "crs-contradiction"
    assert "25832" in refusal.message
    assert len(through(path, "parcels", crs="EPSG:25832").rows) == 30


@pytest.mark.parametrize(
    ("shapes", "stated", "kind", "says"),
    [
        (in_crs("EPSG:25832", swapped=True), "EPSG:25832", "axes-swapped", "axes look swapped"),
        (in_crs("EPSG:4326", swapped=True), "EPSG:4326", "axes-swapped", "axes look swapped"),
        (in_crs("EPSG:4326"), "EPSG:25832", "crs-wrong", "look like degrees"),
        (in_crs("EPSG:25832"), "EPSG:4326", "crs-wrong", "it needs EPSG:25832"),
        (in_crs("EPSG:25833"), "EPSG:25832", "crs-wrong", "it needs EPSG:25833"),
        (in_crs("EPSG:4647"), "EPSG:25832", "crs-wrong", "it needs EPSG:4647"),
        (in_crs("EPSG:3857"), "EPSG:25832", "crs-wrong", "it needs EPSG:3857"),
        ([shapely.box(691_000, 5_334_000, 691_100, 5_334_100)] * 3, "EPSG:25832", "outside-extent", "right file"),
    ],
)
def test_diagnosis_of_coordinates_elsewhere(tmp_path, shapes, stated, kind, says):
    columns = {"key": [row["key"] for row in KEYS]}
    refusal = refused(write(tmp_path / "p.gpkg", shapes, columns, crs=stated), "parcels")
    assert refusal.kind == kind
    assert says in refusal.message


def test_unknown_and_unusable_crs(tmp_path):
    path = features(tmp_path / "p.json", SHAPES, KEYS, crs=None)
    assert refused(path, "parcels", crs="EPSG:99999999").kind == "crs-unknown"
    assert refused(path, "parcels", crs="EPSG:5783").kind == "crs-unusable"


def test_gml_that_states_several_crs(tmp_path):
    path = parcels(tmp_path / "p.gml")
    text = path.read_text(encoding="utf-8")
    assert text.count("urn:ogc:def:crs:EPSG::25832") > 2
    path.write_text(text.replace("urn:ogc:def:crs:EPSG::25832", "EPSG:25833", 1), encoding="utf-8")
    assert refused(path, "parcels").kind == "crs-mixed"
    path.write_text(text.replace("urn:ogc:def:crs:EPSG::25832", "urn:adv:crs:ETRS89_UTM32"), encoding="utf-8")
    assert len(through(path, "parcels").rows) == 30
