"""Outlines as ALKIS draws them: surfaces of patches, rings of curves, arcs; as polygons, arcs by chords.

Two parcels on both sides of an arc get the same vertices: an arc is divided from its lesser end, whoever goes along it.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

CHORD_M = 0.001  # so far a chord may lie from its arc: ALKIS itself gives coordinates in millimetres
GAP_M = 0.0005  # so far the end of a curve may lie from the start of the next, which are one point of the survey
SAME_M2 = 0.01

Point = tuple[float, float]
Line = list[Point]

HOLDERS = frozenset(
    [
        "Surface",
        "MultiSurface",
        "CompositeSurface",
        "MultiPolygon",
        "patches",
        "polygonPatches",
        "surfaceMember",
        "surfaceMembers",
        "polygonMember",
        "polygonMembers",
    ]
)
POLYGONS = frozenset(("Polygon", "PolygonPatch", "Rectangle", "Triangle"))
CURVES = frozenset(
    ["Curve", "CompositeCurve", "segments", "curveMember", "curveMembers", "baseCurve", "Ring", "exterior", "interior"]
)
LINES = frozenset(("LineStringSegment", "LineString", "LinearRing"))


class Undrawable(Exception):
    """An outline that cannot be read, with the reason and the remedy."""


def local(element: Any) -> str:
    """The element's name without its namespace; empty for comments and the like."""
    return unprefixed(element.tag) if isinstance(element.tag, str) else ""


def unprefixed(name: str) -> str:
    """A name without its namespace, whatever else it has in it: libxml2 lets undeclared prefixes stand."""
    return str(name).rpartition("}")[2]


def outline(position: Any, most: int) -> shapely.Geometry:
    """The polygon or multipolygon in a `position`. Undrawable where it is none, or has more than `most` vertices."""
    rings = Rings(most)
    polygons = [rings.polygon(found) for child in elements(position) for found in _polygons(child)]
    if not polygons:
        raise Undrawable("has no surface: only polygons are taken")
    return polygons[0] if len(polygons) == 1 else _joined(polygons)


def elements(of: Any) -> Iterator[Any]:
    """The children that are elements; a reference in place of a child cannot be followed."""
    for child in of:
        if isinstance(child.tag, str):
            if any(unprefixed(name) == "href" for name in child.attrib):
                raise Undrawable(
                    f"refers to another object for its {local(child)}: have it exported with its own outline"
                )
            yield child


def _polygons(element: Any) -> Iterator[Any]:
    name = local(element)
    if name in POLYGONS:
        yield element
    elif name in HOLDERS:
        for child in elements(element):
            yield from _polygons(child)
    else:
        raise Undrawable(f"is drawn by a {name[:60]}, which has no area: only surfaces are taken")


def _joined(polygons: list[shapely.Polygon]) -> shapely.Geometry:
    """Patches as one: those that share an edge are a single polygon, in a multipolygon they would be invalid."""
    many = shapely.MultiPolygon(polygons)
    if shapely.is_valid(many):
        return many
    try:
        whole = shapely.union_all(polygons)
    except shapely.errors.GEOSException:
        return many
    polygonal = whole.geom_type in ("Polygon", "MultiPolygon")
    return whole if polygonal and abs(whole.area - many.area) < SAME_M2 else many


class Rings:
    """The rings of one outline; together they have at most so many vertices."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def polygon(self, element: Any) -> shapely.Polygon:
        """A polygon with its holes."""
        outer: Line | None = None
        holes: list[Line] = []
        for child in elements(element):
            name = local(child)
            if name not in ("exterior", "interior", "outerBoundaryIs", "innerBoundaryIs"):
                continue
            ring = self._ring(child)
            if name in ("interior", "innerBoundaryIs"):
                holes.append(ring)
            elif outer is None:
                outer = ring
            else:
                raise Undrawable("has two outer rings in one polygon: export the file anew")
        if outer is None:
            raise Undrawable("has a polygon without an outer ring: export the file anew")
        return shapely.Polygon(outer, holes)

    def _ring(self, boundary: Any) -> Line:
        line: Line = []
        for child in elements(boundary):
            self._append(line, self._line(child))
        if len(line) < 4:
            raise Undrawable(f"has a ring of {len(line)} vertices, which encloses nothing: export the file anew")
        gap = math.dist(line[0], line[-1])
        if gap > GAP_M:
            raise Undrawable(f"has a ring that does not close: {gap:.3f} m are missing near {_said(line[-1])}")
        line[-1] = line[0]
        return line

    def _line(self, element: Any) -> Line:
        """The vertices of a curve, a member of it, or a segment."""
        name = local(element)
        if name in LINES:
            return self._counted(_points(element))
        if name in ("Arc", "ArcString"):
            return self._arcs(_points(element))
        if name == "Circle":
            return self._arcs(_circle(_points(element)))
        if name == "OrientableCurve":
            line = self._members(element)
            return line[::-1] if element.get("orientation") == "-" else line
        if name in CURVES:
            return self._members(element)
        raise Undrawable(f"is drawn by a {name[:60]}, which is not understood: export it with lines and arcs")

    def _members(self, element: Any) -> Line:
        line: Line = []
        for child in elements(element):
            if local(child) not in ("metaDataProperty", "description", "name", "identifier"):
                self._append(line, self._line(child))
        return line

    def _append(self, line: Line, more: Line) -> None:
        """Continue a line by the next one, which starts where it ends."""
        if not line:
            line += more
        elif more:
            gap = math.dist(line[-1], more[0])
            if gap > GAP_M:
                raise Undrawable(f"has a border with a gap of {gap:.3f} m near {_said(line[-1])}: export the file anew")
            line += more[1:]

    def _arcs(self, points: Line) -> Line:
        """Arcs through three points each, one following the other."""
        if len(points) < 3 or len(points) % 2 == 0:
            raise Undrawable(f"has an arc through {len(points)} points, it takes three: export the file anew")
        line: Line = []
        for at in range(0, len(points) - 2, 2):
            first, middle, last = points[at : at + 3]
            self._append(line, self._counted(arc(first, middle, last, self.left)))
        return line

    def _counted(self, line: Line) -> Line:
        self.left -= len(line)
        if self.left < 0:
            raise _too_many(self.most)
        return line


def _too_many(most: int) -> Undrawable:
    return Undrawable(f"has more than {most} vertices: split or simplify it")


def _said(point: Point) -> str:
    return f"{point[0]:.3f}, {point[1]:.3f}"


def _points(element: Any) -> Line:
    """The vertices in an element's posList or pos, without heights."""
    numbers: list[float] = []
    dimension = None
    for child in elements(element):
        if local(child) not in ("posList", "pos"):
            raise Undrawable(
                f"gives its vertices by {local(child)[:60]}, which is not understood: export it by posList"
            )
        dimension = dimension or child.get("srsDimension") or element.get("srsDimension")
        try:
            numbers += map(float, (child.text or "").split())
        except ValueError:
            raise Undrawable(
                f"has a coordinate that is no number in line {child.sourceline}: export the file anew"
            ) from None
    step = 3 if dimension == "3" else 2
    if not numbers or len(numbers) % step:
        raise Undrawable(f"has {len(numbers)} numbers for vertices of {step}: export the file anew")
    if not all(map(math.isfinite, numbers)):
        raise Undrawable("has a coordinate that is not finite: export the file anew")
    return list(zip(numbers[::step], numbers[1::step], strict=True))


def _circle(points: Line) -> Line:
    """The circle through three points as one arc, from the first of them by the point opposite and back."""
    if len(points) != 3 or (centre := _centre(*points)) is None:
        raise Undrawable("has a circle that is not given by three points of it: export the file anew")
    first = points[0]
    return [first, (2 * centre[0] - first[0], 2 * centre[1] - first[1]), first]


def arc(first: Point, middle: Point, last: Point, most: int) -> Line:
    """The arc through three points as chords that lie CHORD_M from it at most; the points themselves are kept.

    One that ends where it starts is a circle, its middle opposite; three points in a line are a line.
    """
    if first > last:
        return arc(last, middle, first, most)[::-1]
    centre = _centre(first, middle, last)
    if centre is None:
        return [first, middle, last]
    (x, y), radius = centre, math.dist(centre, first)
    angles = [math.atan2(point[1] - y, point[0] - x) for point in (first, middle, last)]
    whole = 2 * math.pi
    left = [(angle - angles[0]) % whole for angle in angles]
    if first == last:
        turns = [math.pi, math.pi]
    elif left[1] <= left[2]:
        turns = [left[1], left[2] - left[1]]
    else:  # clockwise
        turns = [left[1] - whole, left[2] - left[1]]
    step = 2 * math.acos(1 - CHORD_M / radius) if radius > CHORD_M else math.pi / 2
    counts = [max(1, math.ceil(abs(turn) / step)) if step else most + 1 for turn in turns]
    if sum(counts) > most:
        raise _too_many(most)
    line = [first]
    for start, turn, count, end in zip(angles, turns, counts, (middle, last), strict=False):
        line += _between(centre, radius, start, turn, count)
        line.append(end)
    return line


def _between(centre: Point, radius: float, start: float, turn: float, count: int) -> Line:
    """The vertices of an arc between its ends."""
    angles: NDArray[np.float64] = start + turn * np.arange(1, count) / count
    return list(
        zip((centre[0] + radius * np.cos(angles)).tolist(), (centre[1] + radius * np.sin(angles)).tolist(), strict=True)
    )


def _centre(first: Point, middle: Point, last: Point) -> Point | None:
    """The centre of the circle through three points; None where it is so far off that the arc is a line."""
    if first == last:
        return (first[0] + middle[0]) / 2, (first[1] + middle[1]) / 2
    ax, ay = middle[0] - first[0], middle[1] - first[1]
    bx, by = last[0] - first[0], last[1] - first[1]
    cross = 2 * (ax * by - ay * bx)
    chord = math.hypot(bx, by)
    sides = (
        chord * math.hypot(ax, ay) * math.hypot(bx - ax, by - ay)
    )  # the radius is this, divided by the cross product
    between = 0 <= ax * bx + ay * by <= chord * chord
    if (
        between and chord * chord * abs(cross) <= 4 * CHORD_M * sides
    ):  # it rises over its chord by half a CHORD_M at most
        return None
    if cross == 0:
        raise Undrawable(f"has an arc whose points lie in a line, but not in their order, near {_said(middle)}")
    a, b = ax * ax + ay * ay, bx * bx + by * by
    return first[0] + (by * a - ay * b) / cross, first[1] + (ax * b - bx * a) / cross
