"""The step chart of both series against the target: from days and hectares to coordinates, nothing else.

All x and y are SVG user units; amounts are Decimal hectares.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from operator import itemgetter

from parcels.published import PublishedFigure
from parcels.queries import SQUARE_METRES_PER_HECTARE, Point

Step = tuple[date, Decimal]
Scale = Callable[[Decimal], float]
NICE = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a drawing and the margins around its plot, in user units."""

    name: str
    width: int
    height: int
    left: int
    right: int
    top: int = 26
    bottom: int = 30


WIDE = Frame("wide", 1040, 380, 52, 48)
NARROW = Frame("narrow", 380, 300, 40, 34)


@dataclass(frozen=True, slots=True)
class Line:
    """A series as two SVG paths: what has come true by the frontier, and what is only foreseen."""

    past: str
    ahead: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and the year or the hectares it stands for."""

    at: float
    value: Decimal


@dataclass(frozen=True, slots=True)
class Dot:
    """A published figure where it belongs in the plot."""

    x: float
    y: float
    figure: PublishedFigure


@dataclass(frozen=True, slots=True)
class Chart:
    """All coordinates of one drawing; `frontier` and `chosen` are None outside the plot."""

    frame: Frame
    net: Line
    free: Line
    band: str
    target: str
    target_y: float
    years: list[Tick]
    hectares: list[Tick]
    frontier: float | None
    chosen: tuple[float, float, float] | None
    published: list[Dot]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be drawn over the days since..until: the series' points and the target as (first day, ha), oldest first.

    Beyond the day `frontier` all is foreseen only; `chosen` is the day that was asked about. `room_for` are further hectares that
    the plot must hold.
    """

    since: date
    until: date
    frontier: date
    chosen: date
    points: Sequence[Point]
    target: Sequence[Step]
    published: Sequence[PublishedFigure] = ()
    room_for: Sequence[Decimal] = ()


def draw(picture: Picture, frame: Frame) -> Chart:
    """Lay a picture out in a frame; `until` must be after `since`, points may be none."""
    net = [(point.on, point.net_m2 / SQUARE_METRES_PER_HECTARE) for point in picture.points]
    free = [(point.on, point.free_m2 / SQUARE_METRES_PER_HECTARE) for point in picture.points]
    figures = [figure for figure in picture.published if picture.since <= figure.on <= picture.until]
    values = [ha for series in (net, free, picture.target) for _, ha in series]
    hectares = ticks([*values, *picture.room_for, *(figure.ha for figure in figures)])
    y = _vertical(hectares[0], hectares[-1], frame)
    return Chart(
        frame=frame,
        net=_line(net, picture, frame, y),
        free=_line(free, picture, frame, y),
        band=_band(net, free, picture, frame, y),
        target=_path(picture.target, picture.since, picture.until, picture, frame, y),
        target_y=y(picture.target[-1][1]) if picture.target else y(hectares[0]),
        years=_years(picture, frame),
        hectares=[Tick(y(value), value) for value in hectares],
        frontier=across(picture.frontier, picture, frame)
        if picture.since <= picture.frontier <= picture.until
        else None,
        chosen=_chosen(net, free, picture, frame, y),
        published=[Dot(across(figure.on, picture, frame), y(figure.ha), figure) for figure in figures],
    )


def ticks(values: Sequence[Decimal], wanted: int = 6) -> list[Decimal]:
    """Round marks, evenly spaced, from at or below the least to at or above the greatest value; never below 0."""
    low, high = (min(values), max(values)) if values else (Decimal(0), Decimal(1))
    room = max((high - low) / 10, Decimal("0.5"))
    low, high = max(low - room, Decimal(0)), high + room
    rough = (high - low) / wanted
    decade = Decimal(10) ** rough.adjusted()
    step = next(nice * decade for nice in NICE if nice * decade >= rough)
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = (high / step).to_integral_value(ROUND_CEILING)
    return [number * step for number in range(int(first), int(last) + 1)]


def value_on(series: Sequence[Step], day: date) -> Decimal | None:
    """What a series says of a day: its last step on or before it."""
    number = bisect_right(series, day, key=itemgetter(0))
    return series[number - 1][1] if number else None


def across(day: date, picture: Picture, frame: Frame) -> float:
    """Where a day lies in the plot."""
    share = (day - picture.since).days / (picture.until - picture.since).days
    return round(frame.left + share * (frame.width - frame.left - frame.right), 1)


def _vertical(low: Decimal, high: Decimal, frame: Frame) -> Scale:
    room = frame.height - frame.top - frame.bottom
    return lambda value: round(frame.top + room * float((high - value) / (high - low)), 1)


def _path(series: Sequence[Step], start: date, end: date, picture: Picture, frame: Frame, y: Scale) -> str:
    """Steps over start..end: one horizontal and one vertical a seam; empty where the series says nothing."""
    value = value_on(series, start)
    if value is None or start >= end:
        return ""
    pieces = [f"M{across(start, picture, frame)} {y(value)}"]
    pieces += [f"H{across(day, picture, frame)}V{y(step)}" for day, step in series if start < day < end]
    return "".join([*pieces, f"H{across(end, picture, frame)}"])


def _line(series: Sequence[Step], picture: Picture, frame: Frame, y: Scale) -> Line:
    frontier = min(max(picture.frontier, picture.since), picture.until)
    past = _path(series, picture.since, frontier, picture, frame, y)
    return Line(past, _path(series, frontier, picture.until, picture, frame, y))


def _band(net: Sequence[Step], free: Sequence[Step], picture: Picture, frame: Frame, y: Scale) -> str:
    """What lies between net and free (reserved land), as rectangles from seam to seam."""
    ends = [*(day for day, _ in net[1:]), picture.until]
    return "".join(
        f"M{across(start, picture, frame)} {y(upper)}H{across(end, picture, frame)}V{y(lower)}H{across(start, picture, frame)}Z"
        for (start, upper), (_, lower), end in zip(net, free, ends, strict=False)
        if upper != lower
    )


def _years(picture: Picture, frame: Frame) -> list[Tick]:
    """The first of January of as many years as their labels leave room for."""
    years = [year for year in range(picture.since.year, picture.until.year + 1) if date(year, 1, 1) >= picture.since]
    room = (frame.width - frame.left - frame.right) // 46
    every = -(-len(years) // room)
    return [Tick(across(date(year, 1, 1), picture, frame), Decimal(year)) for year in years[:: max(every, 1)]]


def _chosen(
    net: Sequence[Step], free: Sequence[Step], picture: Picture, frame: Frame, y: Scale
) -> tuple[float, float, float] | None:
    upper, lower = value_on(net, picture.chosen), value_on(free, picture.chosen)
    if upper is None or lower is None or picture.chosen > picture.until:
        return None
    return across(picture.chosen, picture, frame), y(upper), y(lower)
