"""A parcel's outline as callers send it: GeoJSON, checked, as EWKB text in EPSG:25832. Nothing is repaired."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.errors import ShapelyError
from shapely.geometry import shape

from parcels.importing import Limits
from parcels.models import SRID

Crs = Literal["EPSG:25832", "EPSG:4326"]
MAX_VERTICES = 20_000
DEPTH = {"Polygon": 2, "MultiPolygon": 3}


class GeometryRefusedError(ValueError):
    """An outline that the register does not take, with its remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def multipolygon(geojson: dict[str, Any], crs: Crs) -> str:
    """A Polygon or MultiPolygon (lon, lat where `crs` is EPSG:4326) as EWKB text in EPSG:25832; GeometryRefusedError."""
    kind, coordinates = geojson.get("type"), geojson.get("coordinates")
    if kind not in DEPTH or not isinstance(coordinates, list):
        raise GeometryRefusedError("This is no area", "Send a GeoJSON Polygon or MultiPolygon with coordinates.")
    if sum(1 for _ in _positions(coordinates, DEPTH[kind])) > MAX_VERTICES:
        raise GeometryRefusedError("The outline has too many vertices", f"Simplify it to {MAX_VERTICES} vertices.")
    try:
        found = shape({"type": kind, "coordinates": coordinates})
    except (ShapelyError, ValueError, TypeError, IndexError):
        raise GeometryRefusedError("The rings cannot be read", "Close each ring: four positions or more.") from None
    if crs == "EPSG:4326":
        found = shapely.transform(found, _to_metres)
    return _checked(found)


def _to_metres(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of longitude, latitude as rows of east, north in EPSG:25832."""
    return np.column_stack(Transformer.from_crs(4326, SRID, always_xy=True).transform(*degrees.T))


def _positions(coordinates: Any, depth: int) -> Iterator[tuple[float, float]]:
    """All positions, `depth` levels below; refuses anything else that stands there."""
    if depth == 0:
        numbers = isinstance(coordinates, list) and len(coordinates) == 2
        if not numbers or not all(type(c) in (int, float) and abs(c) < 1e9 for c in coordinates):
            raise GeometryRefusedError("A position is no pair of numbers", "Give two finite numbers for each position.")
        yield tuple(coordinates)
        return
    if not isinstance(coordinates, list) or not coordinates:
        raise GeometryRefusedError("A ring or polygon is empty", "Leave empty parts out.")
    for inner in coordinates:
        yield from _positions(inner, depth - 1)


def _checked(found: Any) -> str:
    west, south, east, north = Limits().extent
    box = found.bounds
    if not (len(box) == 4 and west <= box[0] and south <= box[1] and box[2] <= east and box[3] <= north):
        raise GeometryRefusedError(
            "The outline lies outside Hamburg",
            "Check `crs` and the order of the axes: east, north in EPSG:25832; longitude, latitude in EPSG:4326.",
        )
    if not found.is_valid:
        reason = shapely.is_valid_reason(found).partition("[")[0]
        raise GeometryRefusedError(f"The outline is invalid: {reason}", "Mend it in a GIS; nothing is repaired here.")
    if not found.area:
        raise GeometryRefusedError("The outline has no area", "Send the area of the parcel.")
    many = found if found.geom_type == "MultiPolygon" else shapely.MultiPolygon([found])
    return str(shapely.to_wkb(shapely.set_srid(many, SRID), hex=True, include_srid=True))
