"""From real files to the number: Hamburg's Bezirke and port, and a real city's 47,174 parcels moved there.

The reserve is reckoned a second time with shapely and pyproj from the same files. The steps by hand: docs/real-data.md.
"""

import csv
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyproj import Geod, Transformer
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from parcels import ledger, queries
from parcels.importing.store import LoadOptions, load

pytestmark = [pytest.mark.realdata, pytest.mark.timeout(400)]
AT = datetime(2026, 5, 1, tzinfo=UTC)
DAY, LATER = date(2026, 6, 1), datetime(2026, 6, 1, 12, tzinfo=UTC)
DEGREES = Transformer.from_crs(25832, 4258, always_xy=True)
COLUMNS = [
    "key",
    "holder",
    "disposition",
    "serviced",
    "cleared",
    "binding_use",
    "opposing_plan",
    "construction_possible_from",
]


def key(number: int) -> str:
    return f"020100___{number:05d}______"


def holding(number: int) -> list[str] | None:
    """Two of three parcels have a holding: most free, some reserved, sold, private, or with a fact missing."""
    if number % 3 == 0:
        return None
    disposition = {0: "reserved", 1: "sold"}.get(number % 10, "free")
    holder, cleared = ("private" if number % 7 == 0 else "LIG"), ("" if number % 11 == 0 else "yes")
    return [key(number), holder, disposition, "yes", cleared, "no", "no", "2020-01-01"]


def standing(number: int) -> str:
    row = holding(number)
    if row is None:
        return "unrecorded"
    if row[1] == "private" or row[2] == "sold":
        return "excluded"
    if not row[4]:
        return "unclear"
    return "counted_reserved" if row[2] == "reserved" else "counted_free"


def write(path: Path, shapes: np.ndarray, names: list[str], columns: list[np.ndarray]) -> Path:
    how = {"driver": "GPKG", "crs": "EPSG:25832", "geometry_type": "Unknown"}
    pyogrio.raw.write(path, shapely.to_wkb(shapes), columns, names, **how)
    return path


@pytest.fixture(scope="module")
def files(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of every layer; keys are the parcels' numbers, zones are the zoned parcels dissolved."""
    folder = tmp_path_factory.mktemp("city")
    with zipfile.ZipFile(realdata / "load/alexandria_transplanted_hamburg_25832.gpkg.zip") as archive:
        city = archive.extract("alexandria_transplanted_hamburg_25832.gpkg", folder)
    _, _, wkb, (derived,) = pyogrio.raw.read(city, columns=["derived_zone"])
    shapes = shapely.from_wkb(wkb)
    keys = np.array([key(number) for number in range(len(shapes))], dtype=object)
    dissolved = {name: shapely.union_all(mended(shapes[derived == name])) for name in ("GE", "GI")}
    parts = [(name, part) for name, whole in dissolved.items() for part in shapely.get_parts(whole)]
    plans = [
        np.array(column, dtype=object) for column in zip(*[(f"Plan {name}", name) for name, _ in parts], strict=True)
    ]
    zones = np.array([part for _, part in parts], dtype=object)
    with (folder / "holdings.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(row for row in map(holding, range(len(shapes))) if row)
    return {
        "districts": realdata / "hamburg/odp_hamburg-districts.geojson",
        "port": realdata / "hamburg/app_hafengebietsgrenzen_EPSG_25832.json",
        "parcels": write(folder / "parcels.gpkg", shapes, ["key"], [keys]),
        "zones": write(folder / "zones.gpkg", zones, ["plan", "designation"], plans),
        "holdings": folder / "holdings.csv",
    }


def mended(shapes: np.ndarray) -> np.ndarray:
    valid = shapely.is_valid(shapes)
    shapes = shapes.copy()
    shapes[~valid] = shapely.make_valid(shapes[~valid], method="structure", keep_collapsed=False)
    return shapes


OPTIONS = {"port": LoadOptions(crs="EPSG:25832"), "parcels": LoadOptions(repair=True)}


@pytest.fixture(scope="module")
def register(engine: Engine, files: dict[str, Path]):
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            for layer, path in files.items():
                report = load(session, layer, path, OPTIONS.get(layer, LoadOptions()), AT, "test")
                assert report.rows_rejected == 0, (layer, report.issues[:3])
                if layer == "parcels":
                    assert report.rows_passed == 47_174
                    warned = Counter(issue.kind for issue in report.issues if issue.severity == "warning")
                    # the first thousand overlaps, and how many there are
                    assert warned == {"repaired": 18, "parcels-overlap": 1_001}
            yield session
        outer.rollback()


@dataclass
class Reckoned:
    """Found with shapely alone: net m2 by district and standing, gross m2 of each parcel under GE or GI."""

    net_m2: dict[tuple[str | None, str], float]
    gross_m2: dict[str, float]


@pytest.fixture(scope="module")
def reckoned(files: dict[str, Path]) -> Reckoned:
    shapes = mended(shapely.from_wkb(pyogrio.raw.read(files["parcels"])[2]))
    _, _, wkb, (designations,) = pyogrio.raw.read(files["zones"], columns=["designation"])
    zones = {name: shapely.from_wkb(wkb[designations == name]) for name in ("GI", "GE")}
    port = shapely.union_all(shapely.from_geojson(files["port"].read_text("utf-8")).geoms)
    districts = dict(named_districts(files["districts"]))
    trees = {name: shapely.STRtree(parts) for name, parts in zones.items()}
    touched = sorted({int(n) for tree in trees.values() for n in tree.query(shapes, predicate="intersects")[0]})
    for shape in (port, *districts.values()):
        shapely.prepare(shape)
    found = Reckoned(defaultdict(float), {})
    for number in touched:
        parcel = shapes[number]
        scale = ellipsoidal(parcel) / parcel.area
        under = [areal(parcel.intersection(shapely.union_all(zones[n][trees[n].query(parcel)]))) for n in ("GI", "GE")]
        pieces = [under[0], under[1].difference(under[0])]  # the same day: the later name, Plan GI, wins
        outside = [areal(piece.difference(port)) if port.intersects(piece) else piece for piece in pieces]
        found.net_m2[district_of(parcel, districts), standing(number)] += sum(round(scale * p.area, 2) for p in outside)
        found.gross_m2[key(number)] = scale * sum(piece.area for piece in pieces)
    return found


def district_of(parcel: shapely.Geometry, districts: dict[str, shapely.Geometry]) -> str | None:
    """The district with the largest share; prepared geometries answer fast which are in question."""
    shares = {
        name: 1 if shape.contains(parcel) else parcel.intersection(shape).area / parcel.area
        for name, shape in districts.items()
        if shape.intersects(parcel)
    }
    return max(shares, key=lambda name: shares[name]) if any(shares.values()) else None


def named_districts(path: Path):
    _, _, wkb, (names,) = pyogrio.raw.read(path, columns=["name"])
    to_metres = Transformer.from_crs(4326, 25832, always_xy=True)
    for name, shape in zip(names, shapely.from_wkb(wkb), strict=True):
        yield name, shapely.transform(shape, to_metres.transform, interleaved=False)


def areal(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.union_all([part for part in shapely.get_parts(shape) if part.area])


def ellipsoidal(shape: shapely.Geometry) -> float:
    degrees = shapely.transform(shape, DEGREES.transform, interleaved=False)
    return abs(Geod(ellps="GRS80").geometry_area_perimeter(shapely.orient_polygons(degrees))[0])


def test_the_port_is_the_real_one(register):
    areas = dict(register.execute(text("SELECT kind, ST_Area(geom) / 10000 FROM port_area")).all())
    assert areas["Gesamt: Hafengesamtgebiet"] == pytest.approx(7_073.4, abs=0.05)


def test_the_reserve_is_what_shapely_finds(register, reckoned):
    total, groups = queries.reserve(register, DAY, LATER, ["district"])

    def expected(*kinds, district="*"):
        return sum(net for (name, kind), net in reckoned.net_m2.items() if kind in kinds and district in ("*", name))

    assert total.net_m2 > 1_000_000
    assert float(total.net_m2) == pytest.approx(expected("counted_free", "counted_reserved"), abs=1)
    assert float(total.free_m2) == pytest.approx(expected("counted_free"), abs=1)
    assert float(total.unrecorded_m2) == pytest.approx(expected("unrecorded"), abs=1)
    workplace = queries.reserve(register, DAY, LATER, ["designation"])[1]
    unclear = sum((g.totals.unclear_m2 for g in workplace if g.values["designation"]), Decimal(0))
    assert float(unclear) == pytest.approx(expected("unclear"), abs=1)
    assert len(groups) > 1
    for group in groups:
        name = group.values["district"]
        counted = expected("counted_free", "counted_reserved", district=name)
        assert float(group.totals.net_m2) == pytest.approx(counted, abs=1), name
        assert float(group.totals.unrecorded_m2) == pytest.approx(expected("unrecorded", district=name), abs=1), name


def test_every_parcel_has_all_of_its_workplace_land(register, reckoned):
    """Where a parcel's edge nearly coincides with the zone's, an overlay can lose it whole, and no sum of others shows it."""
    kept = dict(
        register.execute(
            text(
                """SELECT parcel_key, sum(gross_m2) FROM ledger
                   WHERE upper_inf(known) AND valid @> CAST(:day AS date) AND designation IN ('GE', 'GI') GROUP BY 1"""
            ),
            {"day": DAY},
        ).all()
    )
    wrong = {
        number: (float(kept.get(number, 0)), found)
        for number, found in reckoned.gross_m2.items()
        if abs(float(kept.get(number, 0)) - found) > 0.03
    }
    assert wrong == {}


def test_the_ledger_is_the_full_derivation(register):
    assert ledger.verify(register, LATER) == ledger.Difference([], [])


def test_the_parcels_again_change_nothing(register, files):
    with register.begin_nested() as savepoint:
        again = load(register, "parcels", files["parcels"], OPTIONS["parcels"], LATER, "test")
        assert (again.change.recording, again.rows_read) == (None, 47_174)
        savepoint.rollback()
