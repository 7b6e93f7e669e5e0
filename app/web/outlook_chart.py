"""The chart of an outlook: what was and is recorded, and between low and high take-up what net may become. SVG user units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.web.chart import Chart, Frame, Picture, across, draw
from parcels.forecast import Forecast
from parcels.queries import SQUARE_METRES_PER_HECTARE, Point
from rules.outlook import Scenario

BETWEEN = timedelta(days=15)  # seams aside, the courses are drawn through a day of every so many

Course = list[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class Ahead:
    """One drawing: the series of `chart`, the area between low and high take-up, the middle line; empty where unknown."""

    chart: Chart
    band: str
    middle: str


def days_drawn(found: Forecast) -> list[date]:
    """The days at which courses are drawn: each seam with the day before it, and some in between."""
    first = found.on
    seams = {step.on for step in found.net}
    evenly = {first + number * BETWEEN for number in range((found.until - first) // BETWEEN + 1)}
    return sorted({*seams, *(seam - timedelta(days=1) for seam in seams if seam > first), *evenly, found.until})


def course(found: Forecast, scenario: Scenario, days: Iterable[date]) -> Course:
    """The net series at a scenario's rate, in hectares; empty where no rate is known."""
    amounts = ((day, found.expected_m2(found.net, scenario, day)) for day in days)
    return [(day, m2 / SQUARE_METRES_PER_HECTARE) for day, m2 in amounts if m2 is not None]


def drawings(found: Forecast, past: Sequence[Point], frames: Sequence[Frame]) -> list[Ahead]:
    """The outlook in each frame, with the recorded `past` before its first day; it must look ahead by a day at least."""
    days = days_drawn(found)
    low, middle, high = (course(found, one, days) for one in (Scenario.LOW, Scenario.MIDDLE, Scenario.HIGH))
    since = min([found.on, *(point.on for point in past)])
    picture = Picture(
        since=since,
        until=found.until,
        frontier=found.on,
        chosen=found.on,
        points=[*past, *found.points],
        target=[(max(value.since, since), value.amount) for value in found.targets],
        room_for=[ha for _, ha in (*low, *high)],
    )
    return [_drawing(picture, frame, low, middle, high) for frame in frames]


def _drawing(picture: Picture, frame: Frame, low: Course, middle: Course, high: Course) -> Ahead:
    chart = draw(picture, frame)
    band = f"M{_through(low, picture, chart)}L{_through(high[::-1], picture, chart)}Z" if low else ""
    return Ahead(chart, band, f"M{_through(middle, picture, chart)}" if middle else "")


def _through(points: Course, picture: Picture, chart: Chart) -> str:
    bottom, top = chart.hectares[0], chart.hectares[-1]

    def height(ha: Decimal) -> float:
        return round(bottom.at + (top.at - bottom.at) * float((ha - bottom.value) / (top.value - bottom.value)), 1)

    return "L".join(f"{across(day, picture, chart.frame)} {height(ha)}" for day, ha in points)
