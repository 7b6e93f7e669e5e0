"""Polygons of one chunk: from WKB in the file's CRS to checked MultiPolygons in EPSG:25832."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.enums import TransformDirection

from parcels.importing.checks import Findings
from parcels.importing.contract import Limits, Options, Refused
from parcels.importing.repair import repaired, square_metres

Shapes = NDArray[np.object_]
Mask = NDArray[np.bool_]

TARGET = pyproj.CRS.from_epsg(25832)
POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7
PART = struct.pack("<BI", 1, POLYGON)  # how the WKB of what has neither Z nor M begins
MULTI = struct.pack("<BI", 1, MULTIPOLYGON)
ONE = MULTI + struct.pack("<I", 1)  # and what stands before the only part of a MultiPolygon
ONE_PART = ONE + PART
EWKB = struct.pack("<BII", 1, MULTIPOLYGON | 0x2000_0000, 25832).hex()
LARGEST_M = 1e12
GUESSES = ("EPSG:25832", "EPSG:4326", "EPSG:25833", "EPSG:4647", "EPSG:31467", "EPSG:3857")
GUESS_NAMES = {"EPSG:4326": "degrees", "EPSG:25832": "metres of UTM zone 32"}


def same_crs(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    """Whether two CRS give the same numbers once the axes are taken as east, north."""
    if one.equals(other, ignore_axis_order=True):
        return True
    code = one.to_epsg(min_confidence=70)
    return code is not None and code == other.to_epsg(min_confidence=70)


def settled_crs(stated: pyproj.CRS | None, options: Options) -> pyproj.CRS:
    """The CRS to read the file by: its own, or the given one where it states none; Refused where they differ."""
    given = _given_crs(options.crs)
    if stated is not None and given is not None and not same_crs(stated, given):
        raise Refused(
            "crs-contradiction",
            f"The file states {_name(stated)}, --crs {options.crs} was given: leave --crs out, or correct the file.",
        )
    crs = stated or given
    if crs is None:
        raise Refused("crs-missing", "The file does not state its CRS: give it, e.g. --crs EPSG:25832.")
    if not (crs.is_projected or crs.is_geographic):
        raise Refused(
            "crs-unusable",
            f"{_name(crs)} is no map projection and no latitude and longitude: give the file in EPSG:25832.",
        )
    return crs


def _given_crs(code: str | None) -> pyproj.CRS | None:
    if code is None:
        return None
    try:
        return pyproj.CRS.from_user_input(code)
    except pyproj.exceptions.CRSError:
        raise Refused("crs-unknown", f"--crs {code} is no known CRS: write it as EPSG:25832.") from None


def _name(crs: pyproj.CRS) -> str:
    code = crs.to_epsg(min_confidence=70)
    return f"EPSG:{code} ({crs.name})" if code else crs.name


@dataclass
class Place:
    """Where a file's coordinates lie: moves them to EPSG:25832 and counts those outside the extent."""

    crs: pyproj.CRS
    options: Options
    stated: bool = True
    seen: int = 0
    outside: int = 0
    sample: tuple[float, float] | None = None
    move: pyproj.Transformer | None = field(init=False)

    def __post_init__(self) -> None:
        moves = not same_crs(self.crs, TARGET)
        self.move = pyproj.Transformer.from_crs(self.crs, TARGET, always_xy=True) if moves else None

    def moved(self, shapes: Shapes, usable: Mask) -> Shapes:
        """The shapes in EPSG:25832, those not usable left alone; the very same numbers if they are there already."""
        if self.move is None or not usable.any():
            return shapes
        move = self.move
        result = shapes.copy()
        result[usable] = shapely.transform(
            shapes[usable], lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1]))
        )
        return result

    def inside(self, raw: Shapes, shapes: Shapes, usable: Mask) -> Mask:
        """Which of the usable shapes lie wholly inside the configured extent."""
        west, south, east, north = self.options.limits.extent
        bounds = shapely.bounds(shapes)
        with np.errstate(invalid="ignore"):
            within = (bounds[:, 0] >= west) & (bounds[:, 1] >= south) & (bounds[:, 2] <= east) & (bounds[:, 3] <= north)
        out = usable & ~within
        self.seen += int(usable.sum())
        self.outside += int(out.sum())
        if self.sample is None and out.any():
            corners = shapely.bounds(raw[out])
            self.sample = (float(np.median(corners[:, 0])), float(np.median(corners[:, 1])))
        return within

    def refuse_if_elsewhere(self) -> None:
        """Raises Refused with a diagnosis where most of the shapes seen lie outside the extent."""
        if self.outside * 2 > self.seen and self.sample is not None:
            kind, remedy = self._diagnosis(*self.sample)
            x, y = self.sample
            raise Refused(
                kind,
                f"{self.outside} of {self.seen} shapes lie outside the area of this register when read as "
                f"{_name(self.crs)}, for example near {x:.8g}, {y:.8g}: {remedy}",
            )

    def _diagnosis(self, x: float, y: float) -> tuple[str, str]:
        if self._fits(self.crs, y, x):
            return (
                "axes-swapped",
                "the axes look swapped (north before east): exchange the two coordinates in the file.",
            )
        for code in GUESSES:
            guess = pyproj.CRS.from_user_input(code)
            swapped = not self._fits(guess, x, y)
            if swapped and not self._fits(guess, y, x):
                continue
            looks = f"the coordinates look like {GUESS_NAMES.get(code, guess.name)}" + (
                ", with the axes swapped" if swapped else ""
            )
            remedy = f"the CRS that the file states is wrong, it needs {code}" if self.stated else f"needs --crs {code}"
            return "crs-wrong", f"{looks}: {remedy}."
        return (
            "outside-extent",
            "check that it is the right file, and its CRS; Hamburg's files mostly need --crs EPSG:25832.",
        )

    def _fits(self, crs: pyproj.CRS, x: float, y: float) -> bool:
        west, south, east, north = self.options.limits.extent
        move = pyproj.Transformer.from_crs(crs, TARGET, always_xy=True)
        east_of, north_of = move.transform(x, y, direction=TransformDirection.FORWARD)
        return bool(west <= east_of <= east and south <= north_of <= north)


def looks_metric(shapes: Shapes) -> bool:
    """Whether most of the shapes have coordinates that cannot be longitude and latitude."""
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        metric = (np.abs(bounds[:, [0, 2]]).max(axis=1) > 180) | (np.abs(bounds[:, [1, 3]]).max(axis=1) > 90)
    return bool(metric.sum() * 2 > (~np.isnan(bounds[:, 0])).sum())


def parsed(wkb: NDArray[np.object_]) -> Shapes:
    """Shapes from WKB, without Z and M; None where there is none or it cannot be read."""
    shapes: Shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    if shapely.has_z(shapes).any() or shapely.has_m(shapes).any():
        shapes = shapely.force_2d(shapes)
    return shapes


def checked(wkb: NDArray[np.object_], place: Place, findings: Findings, needed: bool) -> Shapes:
    """The chunk's shapes as valid MultiPolygons in EPSG:25832; None where there is none or the row is rejected."""
    raw = parsed(wkb)
    usable = _areal(raw, wkb, findings, place.options.limits, needed)
    usable &= _finite(raw, usable, findings)
    shapes = place.moved(raw, usable)
    within = place.inside(raw, shapes, usable)
    for at in np.flatnonzero(usable & ~within):
        said = "lies outside the area of this register: check its coordinates and the CRS"
        findings.add(int(at), "geometry", "outside-extent", said)
    usable &= within
    shapes = _valid(shapes, usable, findings, place.options)
    usable &= _plain(shapes, usable & ~findings.bad, findings, place.options.limits)
    shapes[findings.bad | ~usable] = None
    return _multi(shapes)


def _areal(raw: Shapes, wkb: NDArray[np.object_], findings: Findings, limits: Limits, needed: bool) -> Mask:
    """Which shapes are polygons at all, and not too large; the others are noted."""
    types = shapely.get_type_id(raw)
    empty = shapely.is_empty(raw)
    vertices = shapely.get_num_coordinates(raw)
    areal = ((types == POLYGON) | (types == MULTIPOLYGON)) & ~empty & (vertices <= limits.vertices)
    for at in np.flatnonzero(~areal):
        if int(at) in findings.undrawn:
            findings.add(int(at), "geometry", "undrawable-geometry", findings.undrawn[int(at)])
        elif wkb[at] is None:
            if needed:
                findings.add(int(at), "geometry", "no-geometry", "has no geometry: draw its polygon or remove the row")
        elif raw[at] is None:
            findings.add(int(at), "geometry", "unreadable-geometry", "has a damaged geometry: export the file anew")
        elif empty[at]:
            findings.add(
                int(at), "geometry", "empty-geometry", "has an empty geometry: draw its polygon or remove the row"
            )
        elif types[at] in (POLYGON, MULTIPOLYGON):
            said = f"has {vertices[at]} vertices, more than {limits.vertices}: split or simplify it"
            findings.add(int(at), "geometry", "too-many-vertices", said)
        elif types[at] == COLLECTION:
            findings.add(int(at), "geometry", "collection", "is a geometry collection: keep only its polygon")
        else:
            said = f"is a {raw[at].geom_type}, which has no area: only polygons are taken, draw its outline"
            findings.add(int(at), "geometry", "not-areal", said, value=raw[at].geom_type)
    return np.asarray(areal)


def _finite(raw: Shapes, usable: Mask, findings: Findings) -> Mask:
    finite = np.ones(len(raw), dtype=bool)
    xy = shapely.get_coordinates(raw)
    if not (xy.min(initial=0) > -LARGEST_M and xy.max(initial=0) < LARGEST_M):  # what is no number is neither
        positions = np.flatnonzero(usable)
        xy, of = shapely.get_coordinates(raw[positions], return_index=True)
        with np.errstate(invalid="ignore"):
            odd = ~(np.abs(xy) < LARGEST_M).all(axis=1)
        finite[positions[np.unique(of[odd])]] = False
    for at in np.flatnonzero(~finite):
        findings.add(
            int(at), "geometry", "not-finite", "has coordinates that are no finite numbers: export the file anew"
        )
    return finite


def windings(shapes: Any) -> Any:
    """How many times as long as around its envelope an outline is: of one shape or of an array; NaN where there is none.

    Two combs that cross have a corner for every pair of their teeth, and what overlays cost grows with these.
    """
    west, south, east, north = np.moveaxis(shapely.bounds(shapes), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return shapely.length(shapes) / (2 * (east - west + north - south))


def winds(times: float, limits: Limits) -> str:
    """What is said of an outline with too many windings."""
    return (
        f"winds too closely: its outline is {times:.0f} times as long as around its envelope, {limits.windings:.0f} "
        "times are taken"
    )


def _plain(shapes: Shapes, usable: Mask, findings: Findings, limits: Limits) -> Mask:
    """Which shapes do not wind too closely."""
    times = windings(shapes)
    plain = ~(times > limits.windings)
    for at in np.flatnonzero(usable & ~plain):
        said = f"{winds(times[at], limits)}: simplify it, or split it into rows"
        findings.add(int(at), "geometry", "too-intricate", said, value=f"{times[at]:.0f}")
    return np.asarray(plain)


def _valid(shapes: Shapes, usable: Mask, findings: Findings, options: Options) -> Shapes:
    """The shapes, invalid ones noted - and, on request, repaired."""
    for at in np.flatnonzero(usable & ~shapely.is_valid(shapes)):
        reason = shapely.is_valid_reason(shapes[at])
        better = repaired(shapes[at], options.limits.repair_seconds) if options.repair else None
        if better is None:
            remedy = (
                "it could not be repaired here in time: " if options.repair else "give --repair to have it mended, or "
            )
            said = f"is invalid ({_place(reason)}): {remedy}correct it in a GIS"
            findings.add(int(at), "geometry", "invalid-geometry", said, value=reason)
            continue
        before, after = square_metres(shapes[at]), square_metres(better)
        said = f"was invalid ({_place(reason)}) and has been repaired, {before} m2 before, {after} m2 after: check it"
        findings.add(int(at), "geometry", "repaired", said, "warning", value=reason, before_m2=before, after_m2=after)
        shapes[at] = better
    return shapes


def _place(reason: str) -> str:
    """GEOS' reason with its place in words: 'Self-intersection[5 6]' becomes 'Self-intersection at 5 6'."""
    return reason.replace("[", " at ").removesuffix("]")


def _multi(shapes: Shapes) -> Shapes:
    single = shapely.get_type_id(shapes) == POLYGON
    if single.any():
        shapes[single] = shapely.multipolygons(shapes[single][:, None])
    return shapes


def areas(shapes: Shapes) -> NDArray[np.float64]:
    """Areas in m2 in the plane of EPSG:25832; NaN where there is no shape."""
    return np.asarray(shapely.area(shapes), dtype=np.float64)


def wkb(shapes: Shapes, came: Sequence[bytes | None] | None = None) -> list[bytes | None]:
    """Little-endian WKB of MultiPolygons, None where there is no shape. `came` is the file's own of the same outlines."""
    found: list[bytes | None] = [None] * len(shapes)
    if came is not None:
        part_bytes = _part_bytes(shapes)
        if _one_part_each(came, part_bytes):
            return list(came)
        found = [_as_it_came(*one) for one in zip(came, part_bytes.tolist(), strict=True)]
    left = [at for at, one in enumerate(found) if one is None]
    for at, one in zip(left, shapely.to_wkb(shapes[left], byte_order=1), strict=True):
        found[at] = one
    return found


def _part_bytes(shapes: Shapes) -> NDArray[np.int64]:
    """Bytes of the WKB of a first part that is all there is: its head, and of each ring the number and x and y of its corners."""
    rings = 1 + shapely.get_num_interior_rings(shapely.get_geometry(shapes, 0))
    return np.asarray(len(PART) + 4 + 4 * rings + 16 * shapely.get_num_coordinates(shapes), dtype=np.int64)


def _one_part_each(wkb: Sequence[bytes | None], part_bytes: NDArray[np.int64]) -> bool:
    """Whether each is the WKB of a MultiPolygon of one part and nothing else: of most files, and seen at once."""
    there = [one for one in wkb if one is not None and one.startswith(ONE_PART)]
    if len(there) < len(wkb):
        return False
    sizes = np.fromiter(map(len, there), dtype=np.int64, count=len(there))
    return bool((sizes == len(ONE) + part_bytes).all())


def _as_it_came(wkb: bytes | None, part_bytes: int) -> bytes | None:
    """The WKB of a MultiPolygon of one part, if the file's WKB is just that, or the part of it; else None."""
    if wkb is None:
        return None
    if wkb.startswith(PART) and len(wkb) == part_bytes:
        return ONE + wkb
    return wkb if wkb.startswith(ONE_PART) and len(wkb) == len(ONE) + part_bytes else None


def ewkb(plain: Sequence[bytes | None]) -> list[str | None]:
    """The same with the SRID 25832, in hexadecimal digits."""
    return [None if one is None else EWKB + one.hex()[2 * len(MULTI) :] for one in plain]
