"""The schematic outline of the demo city: districts and port area, drawn by hand in kilometres of EPSG:25832."""

import hashlib
import random
from collections.abc import Sequence
from itertools import pairwise

from shapely import Polygon

Point = tuple[float, float]
NORTHING_0 = 5_900_000.0

DISTRICTS: dict[str, tuple[Point, ...]] = {
    "Altona": (
        (548.5, 34),
        (549, 39),
        (553, 42.5),
        (558.5, 41.5),
        (561, 37.5),
        (563.8, 36),
        (563.8, 33.8),
        (557, 34.2),
    ),
    "Eimsbüttel": (
        (558.5, 41.5),
        (556.5, 45),
        (562, 46),
        (565.5, 44.5),
        (565.8, 39),
        (565.5, 36),
        (563.8, 36),
        (561, 37.5),
    ),
    "Hamburg-Nord": (
        *((565.5, 44.5), (564.5, 48), (569, 49), (571, 46.5), (570.5, 41.5)),
        *((571.5, 37.5), (569, 35.8), (565.5, 36), (565.8, 39)),
    ),
    "Wandsbek": (
        *((571, 46.5), (572, 51), (576, 55), (579.5, 52), (580.5, 45)),
        *((579, 38), (575, 35.5), (571.5, 37.5), (570.5, 41.5)),
    ),
    "Hamburg-Mitte": (
        *((563.8, 36), (565.5, 36), (569, 35.8), (571.5, 37.5), (575, 35.5), (577, 33.5), (574, 31), (571, 28.5)),
        *(
            (566.5, 26.8),
            (563, 28.5),
            (558.5, 29.5),
            (553.5, 31.5),
            (548.5, 32.5),
            (548.5, 34),
            (557, 34.2),
            (563.8, 33.8),
        ),
    ),
    "Bergedorf": (
        *((577, 33.5), (580, 31), (584, 30.5), (587.5, 25), (586, 19.5), (580, 17)),
        *((573, 22), (569.5, 25.5), (566.5, 26.8), (571, 28.5), (574, 31)),
    ),
    "Harburg": (
        *((566.5, 26.8), (569.5, 25.5), (567, 22), (564, 19), (558, 20), (551, 22), (550, 27), (549, 30.5)),
        *((548.5, 32.5), (553.5, 31.5), (558.5, 29.5), (563, 28.5)),
    ),
}

PORT_IN_USE: tuple[Point, ...] = (
    *((551, 33.3), (556, 33.6), (563.5, 33.2), (566.5, 32.7), (569.5, 32.1), (570.4, 30.2), (568, 28.6)),
    *((565.2, 27.6), (563.6, 26.2), (562.4, 27.6), (561.4, 29.2), (558, 30.6), (553, 31.9)),
)
PORT_EXTENSION: tuple[Point, ...] = (
    (562.4, 27.6),
    (561.4, 29.2),
    (558, 30.6),
    (556, 29.4),
    (556.8, 27.9),
    (559.6, 27.2),
)
PORT_EXTENSION_LEFT: tuple[Point, ...] = ((562.4, 27.6), (561.4, 29.2), (558, 30.6), (558.6, 28.9), (559.6, 27.2))


def dice(name: str) -> random.Random:
    """A random source that depends on `name` alone, so that one part of the drawing never moves another."""
    seed = int.from_bytes(hashlib.sha256(f"landreserve demo {name}".encode()).digest()[:8], "big")
    return random.Random(seed)  # noqa: S311 - a drawing, no secret


def districts() -> dict[str, Polygon]:
    """The seven districts as polygons (EPSG:25832, metres) that share their borders vertex by vertex."""
    return {name: _outline(nodes) for name, nodes in DISTRICTS.items()}


def port() -> tuple[Polygon, Polygon, Polygon]:
    """Port in use, port extension area, and what is left of the extension after the release (EPSG:25832)."""
    return _outline(PORT_IN_USE), _outline(PORT_EXTENSION), _outline(PORT_EXTENSION_LEFT)


def rounded(x: float, y: float) -> Point:
    """A point on the centimetre grid of the files."""
    return round(x, 2), round(y, 2)


def _outline(nodes: Sequence[Point]) -> Polygon:
    ring = [point for start, end in pairwise((*nodes, nodes[0])) for point in _winding(start, end)[:-1]]
    return Polygon([rounded(x * 1000, NORTHING_0 + y * 1000) for x, y in ring])


def _winding(start: Point, end: Point, depth: int = 4) -> list[Point]:
    """The border from start to end with its bends halved again and again; the same line from either side."""
    if start > end:
        return _winding(end, start, depth)[::-1]
    if depth == 0:
        return [start, end]
    (x0, y0), (x1, y1) = start, end
    bend = dice(f"{start} {end}").uniform(-0.13, 0.13)
    middle = ((x0 + x1) / 2 - bend * (y1 - y0), (y0 + y1) / 2 + bend * (x1 - x0))
    return [*_winding(start, middle, depth - 1), *_winding(middle, end, depth - 1)[1:]]
