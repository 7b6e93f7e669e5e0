"""Outlines for the tests: combs, made to cross each other as often as possible, and any shape as the register takes it."""

import numpy as np
import shapely

SIDE = 1_000.0
MOST_TEETH = 190  # about as many as the gate lets pass for teeth as long as the comb is wide


def comb(
    teeth: int, across: bool = False, height: float = SIDE, width: float = SIDE, shift: float = 0.0
) -> shapely.Polygon:
    """Teeth upon a bar, in metres from a point in Hamburg; `across` lies at right angles to the other, over it.

    Two of them have a corner for every pair of teeth, and GEOS cannot be interrupted over them. 4 vertices a tooth, and 5.
    """
    pitch = width / (2 * teeth + 1)
    left = pitch * np.arange(2 * teeth - 1, 0, -2)
    tips = np.stack([left + pitch, left + pitch, left, left], axis=1).ravel()
    up = np.tile([0.0, height, height, 0.0], teeth)
    points = np.array([(0, -1), (width, -1), (width, 0), *zip(tips, up, strict=True), (0, 0)])
    return shapely.Polygon(np.add(points[:, ::-1] if across else points, (565_000 + shift, 5_934_000 + shift)))


def ewkt(shape: shapely.Geometry) -> str:
    """A polygon or multipolygon as the MultiPolygon in EPSG:25832 that the register holds."""
    many = shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
    return f"SRID=25832;{many.wkt}"
