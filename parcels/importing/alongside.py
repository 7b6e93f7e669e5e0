"""Parcels of one file beside each other: which of them share land on the same days, and would count it twice.

Runs in the child once all rows are passed on, while the database records them. Outlines wait as WKB (EPSG:25832) and are
compared in a sweep from west to east, so that memory grows with the file's bytes and not with its polygons.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from parcels.importing.contract import MOST_PAIRS, SLIVER_M, SLIVER_M2, Issue, located

Ints = NDArray[np.int64]
Pair = tuple[int, int, float, str, str]  # two rows, the m2 they share, their keys
WINDOW = 4_000
AT_ONCE = 1_000
CORNERS = 8  # of two outlines that have no more of them, a line can show that they share nothing
FIRST, LAST = 0, 99_999_999  # days as numbers, 2025-12-31 is 20,251,231
KIND, UNCHECKED = "parcels-overlap", "overlaps-unchecked"
REMEDY = "correct the outlines, or end the parcel that was merged or divided with valid_to"


@dataclass
class Outlines:
    """What is kept of the good rows of a file until the last one has been read."""

    most_bytes: int
    rows: list[Ints] = field(default_factory=list)
    keys: list[NDArray[np.bytes_]] = field(default_factory=list)
    days: list[NDArray[np.int64]] = field(default_factory=list)
    bounds: list[NDArray[np.float64]] = field(default_factory=list)
    wkb: list[bytes] = field(default_factory=list)
    held_bytes: int = 0

    def add(
        self,
        rows: Sequence[int],
        values: dict[str, list[str | None]],
        shapes: Any,
        wkb: Sequence[bytes],
    ) -> None:
        """Keep rows with their key, days, shape and its WKB."""
        self.held_bytes += sum(map(len, wkb))
        if self.held_bytes > self.most_bytes:
            return
        self.rows.append(np.array(rows, dtype=np.int64))
        self.keys.append(np.array(values["key"], dtype="S20"))
        self.days.append(np.column_stack([_days(values["valid_from"], FIRST), _days(values["valid_to"], LAST)]))
        self.bounds.append(shapely.bounds(shapes))
        self.wkb += wkb


def _days(written: list[str | None], otherwise: int) -> Ints:
    """Days as numbers; few different ones stand in most files."""
    numbers = {day: otherwise if day is None else int(day.replace("-", "")) for day in set(written)}
    return np.array([numbers[day] for day in written], dtype=np.int64)


def findings(kept: Outlines, seconds: float) -> Iterator[Issue]:
    """A warning for each two parcels that share land on a day, the first 1,000 by row; at most `seconds` of computing."""
    if kept.held_bytes > kept.most_bytes:
        yield _unchecked(
            f"the file has more than {kept.most_bytes >> 20} MiB of outlines; split it to have them compared"
        )
        return
    if not kept.rows:
        return
    parcels = Parcels(kept)
    deadline = time.process_time() + seconds
    found: list[Pair] = []
    pairs = 0
    try:
        for one, other, m2 in parcels.sharing():
            count, more = parcels.pairs(one, other, m2)
            pairs += count
            found = sorted([*found, *more])[:MOST_PAIRS]
            if time.process_time() > deadline:
                yield _unchecked("this would take too long; split the file or simplify its outlines")
                break
    except shapely.errors.GEOSException:
        yield _unchecked("edges of some nearly coincide; round their coordinates to 1 mm")
    yield from map(_told, found)
    if pairs > MOST_PAIRS:
        least = "At least " if np.diff(parcels.starts).max() > MOST_PAIRS else ""
        said = f"{least}{pairs} pairs of parcels share land, the first {MOST_PAIRS} are listed: mend those and import again."
        yield Issue(None, None, "geometry", KIND, "warning", said, str(pairs))


def _told(pair: Pair) -> Issue:
    row, beside, m2, key, other = pair
    said = f"shares {m2:.2f} m2 with the parcel {other} of row {beside} on the same days, which count twice"
    message = f"{located(row, key, 'geometry')}: {said}: {REMEDY}."
    return Issue(row, key, "geometry", KIND, "warning", message, f"{m2:.2f}")


def _unchecked(why: str) -> Issue:
    return Issue(None, None, "geometry", UNCHECKED, "note", f"Not all parcels were compared with each other: {why}.")


class Parcels:
    """The rows of a file by their outlines. Flats of one house may stand in a thousand rows of the same outline."""

    def __init__(self, kept: Outlines) -> None:
        places: dict[bytes, int] = {}
        self.place = np.array([places.setdefault(wkb, len(places)) for wkb in kept.wkb], dtype=np.int64)
        self.wkb = np.array(list(places), dtype=object)
        self.rows, self.keys = np.concatenate(kept.rows), np.concatenate(kept.keys)
        self.days = np.concatenate(kept.days)
        self.by_place = np.argsort(self.place, kind="stable")
        self.starts = np.searchsorted(self.place[self.by_place], np.arange(len(places) + 1))
        first = self.by_place[self.starts[:-1]]
        self.bounds = np.concatenate(kept.bounds)[first]
        days = self.days[self.by_place]
        spans = np.minimum.reduceat(days[:, 0], self.starts[:-1]), np.maximum.reduceat(days[:, 1], self.starts[:-1])
        self.spans = np.column_stack(spans)

    def pairs(self, one: int, other: int, m2: float) -> tuple[int, list[Pair]]:
        """How many rows of two outlines (or of one) hold on the same days under different keys, and the first of them."""
        a, b = (self.by_place[self.starts[at] : self.starts[at + 1]][:MOST_PAIRS] for at in (one, other))
        apart = (self.keys[a][:, None] != self.keys[b]) & _meet(self.days[a][:, None], self.days[b])
        if one == other:
            apart = np.triu(apart)
        x, y = (at[:MOST_PAIRS] for at in np.nonzero(apart))
        met = zip(a[x].tolist(), b[y].tolist(), strict=True)
        return int(apart.sum()), [self._pair(min(pair), max(pair), m2) for pair in met]

    def _pair(self, one: int, other: int, m2: float) -> Pair:
        rows, keys = self.rows, self.keys
        return int(rows[one]), int(rows[other]), m2, keys[one].decode(), keys[other].decode()

    def sharing(self) -> Iterator[tuple[int, int, float]]:
        """Outlines of several rows, and pairs of outlines, with the m2 they share; from west to east."""
        repeated = np.flatnonzero(np.diff(self.starts) > 1)
        same = shapely.from_wkb(self.wkb[repeated])
        much, m2 = _much(same)
        yield from zip(repeated[much].tolist(), repeated[much].tolist(), m2[much].tolist(), strict=True)
        order = np.argsort(self.bounds[:, 0], kind="stable")
        still = order[:0]
        for start in range(0, len(order), WINDOW):
            fresh = order[start : start + WINDOW]
            yield from self._within(np.concatenate([still, fresh]), len(still))
            reached = self.bounds[order[start + WINDOW], 0] if start + WINDOW < len(order) else np.inf
            group = np.concatenate([still, fresh])
            still = group[self.bounds[group, 2] > reached]

    def _within(self, group: Ints, known: int) -> Iterator[tuple[int, int, float]]:
        """Pairs of a group of outlines of which the first `known` were compared with each other before."""
        shapes = shapely.from_wkb(self.wkb[group])
        one, other = shapely.STRtree(shapes).query(shapes[known:])
        one = one + known
        a, b = group[one], group[other]
        near = (other < one) & _near(self.bounds[a], self.bounds[b]) & _meet(self.spans[a], self.spans[b])
        one, other = one[near], other[near]
        vertices = shapely.get_num_coordinates(shapes)
        larger = np.where(vertices[one] >= vertices[other], one, other)  # what is prepared pays for the larger one
        smaller = one + other - larger
        corners = _corners(shapes, vertices)
        for start in range(0, len(larger), AT_ONCE):
            x, y = larger[start : start + AT_ONCE], smaller[start : start + AT_ONCE]
            few = np.flatnonzero(vertices[x] <= CORNERS)
            apart = few[_apart(corners.take(x[few], -1), corners.take(y[few], -1))]
            x, y = np.delete(x, apart), np.delete(y, apart)
            shapely.prepare(shapes[x])
            inside = shapely.relate_pattern(shapes[x], shapes[y], "T********")
            x, y = x[inside], y[inside]
            much, m2 = _much(shapely.intersection(shapes[x], shapes[y]))
            yield from zip(group[x[much]].tolist(), group[y[much]].tolist(), m2[much].tolist(), strict=True)


def _near(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the envelopes share enough for a finding."""
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    return np.asarray((width > SLIVER_M) & (height > SLIVER_M) & (width * height > SLIVER_M2))


def _meet(a: Ints, b: Ints) -> NDArray[np.bool_]:
    """Whether spans of days, the last axis, have a day in common."""
    return np.asarray((a[..., 0] < b[..., 1]) & (b[..., 0] < a[..., 1]))


def _corners(shapes: Any, vertices: NDArray[Any]) -> NDArray[np.float64]:
    """The first corners of each outline, the last of them repeated: an array of x and y, corners, outlines."""
    first = np.cumsum(vertices) - vertices
    steps = np.arange(min(CORNERS, vertices.max()))[:, None]
    xy = shapely.get_coordinates(shapes)[first + np.minimum(steps, vertices - 1)]
    return np.ascontiguousarray(np.moveaxis(xy, -1, 0))


def _apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a line along an edge parts the corners of one outline from the other's, up to what only slivers are as wide as."""
    parted = _parted(a, b)
    still = np.flatnonzero(~parted)
    parted[still] = _parted(b.take(still, -1), a.take(still, -1))
    return parted


def _parted(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The same for the edges of the first: of what two outlines share within a strip, the mean width is less than the strip's."""
    parted = np.zeros(a.shape[-1], dtype=bool)
    for start, end in zip(a.swapaxes(0, 1), a.swapaxes(0, 1)[1:], strict=False):
        east, north = end - start
        beyond = np.hypot(east, north) * SLIVER_M / 2
        own, other = (east * (y - start[1]) - north * (x - start[0]) for x, y in (a, b))
        left = (own.max(axis=0) <= beyond) & (other.min(axis=0) >= -beyond)
        right = (own.min(axis=0) >= -beyond) & (other.max(axis=0) <= beyond)
        parted |= (beyond > 0) & (left | right)
    return parted


def _much(land: Any) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which of these shared areas are more than a sliver, and their m2."""
    m2 = shapely.area(land)
    return np.asarray((m2 > SLIVER_M2) & (2 * m2 > SLIVER_M * shapely.length(land))), m2
