"""A parcel's outline as callers send it: GeoJSON, checked, as EWKB text in EPSG:25832. Nothing is repaired."""

import json
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import shape

from parcels.edits import ValueRefusedError
from parcels.importing.contract import Limits
from parcels.importing.shapes import windings, winds
from parcels.limits import TooIntricateError
from parcels.model_base import SRID

Crs = Literal["EPSG:25832", "EPSG:4326"]
MAX_VERTICES = 20_000
DEPTH = {"Polygon": 2, "MultiPolygon": 3}


def multipolygon(geojson: dict[str, Any], crs: Crs) -> str:
    """A Polygon or MultiPolygon (lon, lat where `crs` is EPSG:4326) as EWKB text in EPSG:25832.

    ValueRefusedError where it is no outline of a parcel, TooIntricateError where it winds too closely.
    """
    kind, coordinates = geojson.get("type"), geojson.get("coordinates")
    if kind not in DEPTH or not isinstance(coordinates, list):
        raise _refused("This is no area", "Send a GeoJSON Polygon or MultiPolygon with coordinates.")
    if sum(1 for _ in _positions(coordinates, DEPTH[kind])) > MAX_VERTICES:
        raise _refused("The outline has too many vertices", f"Simplify it to {MAX_VERTICES} vertices.")
    rings = coordinates if kind == "Polygon" else [ring for polygon in coordinates for ring in polygon]
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise _refused("The rings are not closed", "Give each four positions or more, the last the same as the first.")
    found = shape({"type": kind, "coordinates": coordinates})
    if crs == "EPSG:4326":
        found = shapely.transform(found, _to_metres)
    return _checked(found)


def geojson(ewkb: str) -> dict[str, Any]:
    """EWKB text in EPSG:25832 as GeoJSON in WGS 84, to a millimetre."""
    found = shapely.transform(shapely.from_wkb(ewkb), _to_degrees)
    said: dict[str, Any] = json.loads(shapely.to_geojson(shapely.transform(found, lambda c: np.round(c, 8))))
    return said


def _to_degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(Transformer.from_crs(SRID, 4326, always_xy=True).transform(*metres.T))


def _to_metres(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of longitude, latitude as rows of east, north in EPSG:25832."""
    return np.column_stack(Transformer.from_crs(4326, SRID, always_xy=True).transform(*degrees.T))


def _refused(message: str, remedy: str) -> ValueRefusedError:
    return ValueRefusedError("geometry", message, remedy)


def _positions(coordinates: Any, depth: int) -> Iterator[tuple[float, float]]:
    """All positions, `depth` levels below; refuses anything else that stands there."""
    if depth == 0:
        numbers = isinstance(coordinates, list) and len(coordinates) == 2
        if not numbers or not all(type(c) in (int, float) and abs(c) < 1e9 for c in coordinates):
            raise _refused("A position is no pair of numbers", "Give two finite numbers for each position.")
        yield tuple(coordinates)
        return
    if not isinstance(coordinates, list) or not coordinates:
        raise _refused("A ring or polygon is empty", "Leave empty parts out.")
    for inner in coordinates:
        yield from _positions(inner, depth - 1)


def _checked(found: Any) -> str:
    west, south, east, north = Limits().extent
    box = found.bounds
    if not (len(box) == 4 and west <= box[0] and south <= box[1] and box[2] <= east and box[3] <= north):
        raise _refused(
            "The outline lies outside Hamburg",
            "Check `crs` and the order of the axes: east, north in EPSG:25832; longitude, latitude in EPSG:4326.",
        )
    if not found.is_valid:
        reason = shapely.is_valid_reason(found).partition("[")[0]
        raise _refused(f"The outline is invalid: {reason}", "Mend it in a GIS; nothing is repaired here.")
    if not found.area:
        raise _refused("The outline has no area", "Send the area of the parcel.")
    if (times := windings(found)) > Limits().windings:
        raise TooIntricateError(f"The outline {winds(times, Limits())}. Simplify it.", "geometry")
    many = found if found.geom_type == "MultiPolygon" else shapely.MultiPolygon([found])
    return str(shapely.to_wkb(shapely.set_srid(many, SRID), hex=True, include_srid=True))
