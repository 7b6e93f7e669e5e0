"""The chart's coordinates: a vertex a seam, on scale, whatever the series looks like."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from app.web.chart import NARROW, WIDE, Frame, Picture, draw, ticks, value_on
from parcels.published import figures
from parcels.queries import Point


def points(*steps: tuple[str, float, float]) -> list[Point]:
    return [
        Point(date.fromisoformat(day), Decimal(str(net)) * 10_000, Decimal(str(free)) * 10_000)
        for day, net, free in steps
    ]


PICTURE = Picture(
    since=date(2020, 1, 1),
    until=date(2024, 1, 1),
    frontier=date(2023, 1, 1),
    chosen=date(2022, 7, 1),
    points=points(("2020-01-01", 95, 95), ("2021-01-01", 110, 104), ("2022-01-01", 99, 99), ("2023-07-01", 90, 80)),
    target=[(date(2020, 1, 1), Decimal(100))],
)


def corners(path: str) -> list[tuple[float, float]]:
    """The corners of a path of M, H and V."""
    x = y = 0.0
    found = []
    for command, numbers in re.findall(r"([MHV])([^MHVZ]+)", path):
        values = [float(number) for number in numbers.split()]
        x = values[0] if command in "MH" else x
        y = values[-1] if command in "MV" else y
        found.append((x, y))
    return found


def at(day: date, frame: Frame) -> float:
    share = (day - PICTURE.since).days / (PICTURE.until - PICTURE.since).days
    return frame.left + share * (frame.width - frame.left - frame.right)


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=lambda frame: frame.name)
def test_each_seam_is_one_step_at_its_day_and_amount(frame: Frame) -> None:
    chart = draw(PICTURE, frame)
    marks = {tick.value: tick.at for tick in chart.hectares}
    per_ha = (marks[Decimal(90)] - marks[Decimal(100)]) / 10

    def height(ha: float) -> float:
        return marks[Decimal(100)] - (ha - 100) * per_ha

    assert chart.net.past.count("V") + chart.net.ahead.count("V") == len(PICTURE.points) - 1
    expected = [(2020, 1, 95), (2021, 1, 95), (2021, 1, 110), (2022, 1, 110), (2022, 1, 99), (2023, 1, 99)]
    for (x, y), (year, month, ha) in zip(corners(chart.net.past), expected, strict=True):
        assert (x, y) == (pytest.approx(at(date(year, month, 1), frame), abs=0.06), pytest.approx(height(ha), abs=0.11))
    assert corners(chart.net.ahead)[0] == corners(chart.net.past)[-1]
    assert corners(chart.net.ahead)[-1][0] == frame.width - frame.right
    assert chart.frontier == pytest.approx(at(PICTURE.frontier, frame), abs=0.06)
    assert chart.chosen == (
        pytest.approx(at(PICTURE.chosen, frame), abs=0.06),
        pytest.approx(height(99), abs=0.11),
        pytest.approx(height(99), abs=0.11),
    )


def test_the_band_is_what_is_reserved() -> None:
    chart = draw(PICTURE, WIDE)
    assert chart.band.count("Z") == sum(point.net_m2 != point.free_m2 for point in PICTURE.points) == 2
    assert chart.band.startswith(f"M{corners(chart.net.past)[1][0]} ")


@pytest.mark.parametrize("amount", [0, 12.5, 99.9999, 100, 100.0001, 250, 10_000])
def test_all_above_below_or_on_the_line_stays_within_the_frame(amount: float) -> None:
    chart = draw(replace(PICTURE, points=points(("2020-01-01", amount, amount / 2))), WIDE)
    top, bottom = WIDE.top, WIDE.height - WIDE.bottom
    heights = [y for path in (chart.net.past, chart.free.past, chart.target) for _, y in corners(path)]
    assert all(top <= y <= bottom for y in heights)
    assert top <= chart.target_y <= bottom
    net, line = corners(chart.net.past)[0][1], chart.target_y
    assert (net > line) == (amount < 99.99)  # less than a tenth of a unit apart is drawn as the same height


def test_a_series_without_points_shows_the_line_alone() -> None:
    chart = draw(replace(PICTURE, points=[]), WIDE)
    assert (chart.net.past, chart.net.ahead, chart.free.past, chart.band, chart.chosen) == ("", "", "", "", None)
    assert corners(chart.target) == [(WIDE.left, chart.target_y), (WIDE.width - WIDE.right, chart.target_y)]


@pytest.mark.parametrize(
    ("frontier", "past", "ahead"), [(date(2019, 1, 1), False, True), (date(2030, 1, 1), True, False)]
)
def test_known_before_or_after_the_window_all_is_foreseen_or_all_has_come(
    frontier: date, past: bool, ahead: bool
) -> None:
    chart = draw(replace(PICTURE, frontier=frontier), WIDE)
    assert (bool(chart.net.past), bool(chart.net.ahead), chart.frontier) == (past, ahead, None)


def test_a_target_that_changes_is_a_step() -> None:
    target = [(date(2020, 1, 1), Decimal(100)), (date(2022, 1, 1), Decimal(120))]
    chart = draw(replace(PICTURE, target=target), WIDE)
    assert chart.target.count("V") == 1
    assert chart.target_y == corners(chart.target)[-1][1] < corners(chart.target)[0][1]


def test_published_figures_stand_at_their_first_day_inside_the_window_only() -> None:
    known = [figure for figure in figures() if figure.scope == "available_now"]
    chart = draw(replace(PICTURE, published=known), WIDE)
    inside = [figure for figure in known if PICTURE.since <= figure.on <= PICTURE.until]
    assert [dot.figure for dot in chart.published] == inside
    assert 0 < len(inside) < len(known)
    assert chart.published[0].x == pytest.approx(at(inside[0].on, WIDE), abs=0.06)


@pytest.mark.parametrize("low", ["0", "0.01", "88.3", "100", "4999.99"])
@pytest.mark.parametrize("spread", ["0", "0.003", "7", "33.3", "1000"])
def test_ticks_are_even_round_and_hold_all_values(low: str, spread: str) -> None:
    values = [Decimal(low), Decimal(low) + Decimal(spread)]
    found = ticks(values)
    assert found[0] <= values[0]
    assert values[1] <= found[-1]
    assert found[0] >= 0
    steps = {high - low for low, high in pairwise(found)}
    assert len(steps) == 1
    assert steps.pop().normalize().as_tuple().digits in ((1,), (2,), (5,))
    assert 3 <= len(found) <= 10


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=lambda frame: frame.name)
@pytest.mark.parametrize("last", [2020, 2021, 2035, 2201])
def test_year_labels_never_run_into_each_other(frame: Frame, last: int) -> None:
    chart = draw(replace(PICTURE, until=date(last, 12, 31)), frame)
    assert chart.years[0].value == 2020
    assert all(right.at - left.at >= 40 for left, right in pairwise(chart.years))


def test_value_on_holds_from_its_day_on() -> None:
    series = [(date(2020, 1, 1), Decimal(1)), (date(2021, 1, 1), Decimal(2))]
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1)]
    assert [value_on(series, day) for day in days] == [None, 1, 1, 2]
