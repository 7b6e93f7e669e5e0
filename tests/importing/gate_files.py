"""Files for the tests of the gate: good ones in every format, and a way to send them through it."""

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio.raw
import shapely

from parcels.importing.contract import Issue, Limits, Options, Refused
from parcels.importing.sandbox import Reading, read

CHOICES = {
    "designation": frozenset({"GE", "GI", "I", "G", "MU"}),
    "holder": frozenset({"LIG", "HIE", "HPA", "private"}),
    "disposition": frozenset({"free", "requested", "reserved", "sold", "leasehold", "let"}),
}
WEST, SOUTH = 565_000.125, 5_934_000.375


@dataclass
class Outcome:
    """What came out of the gate: rows by column name, findings, and the reading itself."""

    rows: list[dict[str, str | None]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    reading: Reading | None = None
    progress: list[tuple[int, int | None]] = field(default_factory=list)

    def kinds(self, severity: str = "error") -> list[str]:
        return [issue.kind for issue in self.issues if issue.severity == severity]

    def shapes(self) -> list[shapely.Geometry]:
        return [shapely.from_wkb(bytes.fromhex(row["geom"] or "")) for row in self.rows]


def through(path: Path, layer: str, **options: Any) -> Outcome:
    """Send a file through the gate; the choices are those of the tests unless given."""
    outcome = Outcome()
    chosen = Options(**{"choices": CHOICES, **options})
    with read(path, layer, chosen, lambda rows, total: outcome.progress.append((rows, total))) as reading:
        outcome.rows = list(reading.rows())
        reading.rest()
    outcome.issues, outcome.reading = reading.placed(reading.issues), reading
    return outcome


def refused(path: Path, layer: str, **options: Any) -> Refused:
    """The refusal of a file; fails where it is taken."""
    try:
        outcome = through(path, layer, **options)
    except Refused as refusal:
        return refusal
    raise AssertionError(f"{path.name} was taken: {len(outcome.rows)} rows, {outcome.issues}")


def square(column: int = 0, row: int = 0, side: float = 100.0) -> shapely.Polygon:
    """A square of side x side m2 in EPSG:25832, near the middle of Hamburg."""
    west, south = WEST + 200 * column, SOUTH + 200 * row
    return shapely.box(west, south, west + side, south + side)


def parcel_key(number: int) -> str:
    return f"020114___{number:05d}______"


def write(path: Path, shapes: list[Any], columns: dict[str, list[Any]], **how: Any) -> Path:
    """A vector file by GDAL; the driver follows the ending, the CRS is EPSG:25832 unless given."""
    import numpy as np

    drivers = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".shp": "ESRI Shapefile", ".fgb": "FlatGeobuf", ".gml": "GML"}
    settings = {"crs": "EPSG:25832", "geometry_type": "Unknown", "driver": drivers[path.suffix], **how}
    if path.suffix == ".shp" and settings["geometry_type"] == "Unknown":
        settings["geometry_type"] = "Polygon"
    wkb = np.array([None if shape is None else shapely.to_wkb(shape) for shape in shapes], dtype=object)
    data = [np.array(values, dtype=object) for values in columns.values()]
    pyogrio.raw.write(path, wkb, data, list(columns), **settings)
    return path


def parcels(path: Path, count: int = 30, **how: Any) -> Path:
    """Parcels with keys, official areas and umlauts."""
    shapes = [square(number % 6, number // 6) for number in range(count)]
    columns = {
        "flstkennz": [parcel_key(number) for number in range(1, count + 1)],
        "flaeche": ["10000" for _ in range(count)],
        "gemarkung": ["Eimsbüttel" for _ in range(count)],
    }
    return write(path, shapes, columns, **how)


def features(path: Path, shapes: list[Any], properties: list[dict[str, Any]], **top: Any) -> Path:
    """A GeoJSON by hand, with whatever stands in `top` beside the features; EPSG:25832 stated unless `crs=None`."""
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    members = {"type": "FeatureCollection", "crs": crs, **top}
    if members["crs"] is None:
        del members["crs"]
    members["features"] = [
        {
            "type": "Feature",
            "properties": values,
            "geometry": shape if shape is None or isinstance(shape, dict) else shapely.geometry.mapping(shape),
        }
        for shape, values in zip(shapes, properties, strict=True)
    ]
    path.write_text(json.dumps(members, ensure_ascii=False), encoding="utf-8")
    return path


def table(path: Path, lines: list[list[Any]], delimiter: str = ";", encoding: str = "utf-8") -> Path:
    """A CSV or, by its ending, an XLSX of the given lines."""
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for line in lines:
            book.worksheets[0].append(line)
        book.save(path)
        return path
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(lines)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


__all__ = [
    "CHOICES",
    "Limits",
    "Outcome",
    "Refused",
    "features",
    "parcel_key",
    "parcels",
    "refused",
    "square",
    "table",
    "through",
    "write",
]
