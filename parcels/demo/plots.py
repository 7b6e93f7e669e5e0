"""How one estate of the demo city is laid out: a bent frame, blocks between roads, parcels inside the blocks."""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from random import Random

from shapely import LineString, Polygon

from parcels.demo.city import NORTHING_0, Point, dice, rounded
from parcels.demo.estates import Estate

Frame = Callable[[float, float], Point]
Cut = tuple[float, float]  # where a side line starts at the road and where it meets the middle of the block

ROAD_M = 18.0
DEEPEST_ROW_M = 280.0
EDGES: dict[str, tuple[Point, ...]] = {
    "north": ((-0.01, 0.985), (0.5, 0.98), (1.01, 0.985)),
    "south": ((-0.01, 0.015), (0.5, 0.02), (1.01, 0.015)),
    "west": ((0.015, -0.01), (0.02, 0.5), (0.015, 1.01)),
    "east": ((0.985, -0.01), (0.98, 0.5), (0.985, 1.01)),
    "diagonal": ((-0.02, 0.22), (0.4, 0.38), (1.02, 0.81)),
    "across": ((0.36, -0.03), (0.4, 0.6), (0.33, 1.03)),
    "corner": ((0.8, 0.9), (1.02, 0.88)),
    "midway": ((-0.02, 0.5), (1.02, 0.5)),
}


def frame(estate: Estate) -> Frame:
    """The map from the unit square to a skewed, slightly bent quad on the ground (EPSG:25832, rounded to 0.01 m)."""
    rng = dice(f"frame {estate.name}")
    width, height = estate.size
    corners = [(x * width + rng.uniform(-40, 40), y * height + rng.uniform(-30, 30)) for x in (0, 1) for y in (0, 1)]
    bend = rng.uniform(-28, 28)
    sin, cos = math.sin(math.radians(estate.turn)), math.cos(math.radians(estate.turn))
    east, north = estate.at[0] * 1000, NORTHING_0 + estate.at[1] * 1000

    def place(u: float, v: float) -> Point:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
        x = (1 - u) * ((1 - v) * ax + v * bx) + u * ((1 - v) * cx + v * dx) - width / 2
        y = (1 - u) * ((1 - v) * ay + v * by) + u * ((1 - v) * cy + v * dy) - height / 2
        y += bend * math.sin(math.pi * u)
        return rounded(east + cos * x - sin * y, north + sin * x + cos * y)

    return place


def plots(estate: Estate) -> list[Polygon]:
    """The parcels of the estate, block by block (EPSG:25832, metres); neighbours share their vertices."""
    rng, place = dice(f"plots {estate.name}"), frame(estate)
    columns, rows = estate.blocks
    gap_u, gap_v = ROAD_M / 2 / estate.size[0], ROAD_M / 2 / estate.size[1]
    shapes: list[Polygon] = []
    for column in range(columns):
        for row in range(rows):
            left, right = column / columns + gap_u, (column + 1) / columns - gap_u
            low, high = row / rows + gap_v, (row + 1) / rows - gap_v
            deep = estate.size[1] / rows < DEEPEST_ROW_M and rng.random() < 0.3
            block = _deep_block if deep else _double_block
            shapes += block(rng, place, (left, right), (low, high), estate.frontage / estate.size[0])
    return shapes


def area(estate: Estate, side: str, share: float) -> Polygon:
    """The `share` of the estate on one `side` (all, west, east, north, south), roads included (EPSG:25832)."""
    u0, u1, v0, v1 = -0.04, 1.04, -0.05, 1.05
    if side == "west":
        u1 = share
    elif side == "east":
        u0 = 1 - share
    elif side == "south":
        v1 = share
    elif side == "north":
        v0 = 1 - share
    elif side != "all":
        raise ValueError(f"unknown side {side!r}")
    place = frame(estate)
    us, vs = _steps(u0, u1), _steps(v0, v1)
    ring = [(u, v0) for u in us] + [(u1, v) for v in vs] + [(u, v1) for u in us[::-1]] + [(u0, v) for v in vs[::-1]]
    return Polygon([place(u, v) for u, v in ring])


def strip(estate: Estate, course: str, width_m: float) -> Polygon:
    """A strip of `width_m` metres along one of EDGES, rounded to 0.01 m."""
    place = frame(estate)
    band = LineString([place(u, v) for u, v in EDGES[course]]).buffer(width_m / 2, cap_style="flat", join_style="mitre")
    return Polygon([rounded(x, y) for x, y in band.exterior.coords])


def _steps(start: float, end: float) -> list[float]:
    return [start + (end - start) * i / 8 for i in range(9)]


def _deep_block(rng: Random, place: Frame, us: Cut, vs: Cut, frontage: float) -> list[Polygon]:
    """A block of one row, every parcel with a road on both ends."""
    cuts = _cuts(rng, us, frontage * 1.5)
    return [_plot(place, [(a[0], vs[0]), (b[0], vs[0]), (b[1], vs[1]), (a[1], vs[1])]) for a, b in pairwise(cuts)]


def _double_block(rng: Random, place: Frame, us: Cut, vs: Cut, frontage: float) -> list[Polygon]:
    """A block of two rows back to back; its first two parcels may be joined to one with an angle."""
    base, slant = vs[0] + (vs[1] - vs[0]) * rng.uniform(0.4, 0.6), (vs[1] - vs[0]) * rng.uniform(-0.12, 0.12)

    def middle(u: float) -> float:
        return base + slant * (u - us[0]) / (us[1] - us[0])

    south, north = _cuts(rng, us, frontage), _cuts(rng, us, frontage)
    line = sorted({cut[1] for cut in (*south, *north)})
    lower = [_row_plot(place, a, b, vs[0], [(u, middle(u)) for u in line]) for a, b in pairwise(south)]
    upper = [_row_plot(place, a, b, vs[1], [(u, middle(u)) for u in line]) for a, b in pairwise(north)]
    if rng.random() < 0.45:
        joined = lower[0].union(upper[0])
        if isinstance(joined, Polygon):
            return [joined, *lower[1:], *upper[1:]]
    return lower + upper


def _cuts(rng: Random, us: Cut, frontage: float) -> list[Cut]:
    """Side lines from the block's start to its end, about one frontage apart (in shares of the estate's width)."""
    count = max(1, round((us[1] - us[0]) / frontage * rng.uniform(0.75, 1.3)))
    step = (us[1] - us[0]) / count
    inner = [us[0] + step * (i + rng.uniform(-0.28, 0.28)) for i in range(1, count)]
    return [(us[0], us[0]), *((u, u + step * rng.uniform(-0.12, 0.12)) for u in inner), (us[1], us[1])]


def _row_plot(place: Frame, a: Cut, b: Cut, road: float, middle: Iterable[Point]) -> Polygon:
    back = [(u, v) for u, v in middle if a[1] <= u <= b[1]]
    return _plot(place, [(a[0], road), (b[0], road), *back[::-1]])


def _plot(place: Frame, corners: Iterable[Point]) -> Polygon:
    return Polygon([place(u, v) for u, v in corners])
