"""Arcs by chords: never further off than a millimetre, the same from both sides, and bounded."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from parcels.importing.curves import CHORD_M, Undrawable, arc, outline

centres = st.tuples(st.floats(560_000, 570_000), st.floats(5_930_000, 5_940_000))
MOST = 100_000


def on_circle(centre, radius, angle):
    return (centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle))


@given(
    centre=centres,
    radius=st.floats(0.5, 5_000),
    start=st.floats(-math.pi, math.pi),
    turn=st.floats(0.05, 6.2),
    middle=st.floats(0.1, 0.9),
    clockwise=st.booleans(),
)
@example(centre=(565_000.0, 5_934_000.0), radius=0.5, start=0.0, turn=6.2, middle=0.1, clockwise=True)
def test_chords_stay_by_the_arc(centre, radius, start, turn, middle, clockwise):
    sign = -1 if clockwise else 1
    first, between, last = (on_circle(centre, radius, start + sign * turn * part) for part in (0, middle, 1))
    line = arc(first, between, last, MOST)
    assert line[0] == first
    assert line[-1] == last
    assert between in line
    assert arc(last, between, first, MOST) == line[::-1]
    drawn = shapely.LineString(line)
    truth = [on_circle(centre, radius, start + sign * turn * part) for part in np.linspace(0, 1, 400)]
    # millimetre coordinates and the three points' own rounding leave some play beside the chord's height
    off = shapely.distance(drawn, shapely.points(truth)).max()
    assert off <= CHORD_M + 1e-5 * max(1, radius / turn**2 / 1_000)
    assert drawn.length == pytest.approx(radius * turn, rel=0.01, abs=0.01)


def test_a_half_circle_has_the_area_of_one():
    line = arc((0.0, 0.0), (100.0, 100.0), (200.0, 0.0), MOST)
    assert shapely.Polygon(line).area == pytest.approx(math.pi * 100**2 / 2, rel=2e-5)


def test_one_that_ends_where_it_starts_is_a_circle():
    line = arc((0.0, 0.0), (200.0, 0.0), (0.0, 0.0), MOST)
    assert shapely.Polygon(line).area == pytest.approx(math.pi * 100**2, rel=2e-5)


def test_three_points_in_a_line_are_a_line():
    assert arc((0.0, 0.0), (5.0, 0.0), (10.0, 0.0), MOST) == [(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)]
    assert arc((10.0, 0.0), (5.0, 0.0005), (0.0, 0.0), MOST) == [(10.0, 0.0), (5.0, 0.0005), (0.0, 0.0)]
    with pytest.raises(Undrawable, match="not in their order"):
        arc((0.0, 0.0), (20.0, 0.0), (10.0, 0.0), MOST)


def test_an_arc_of_too_many_chords_is_refused_before_it_is_drawn():
    with pytest.raises(Undrawable, match="more than 1000 vertices"):
        arc((0.0, 0.0), (1e9, 1e9), (2e9, 0.0), 1000)


@pytest.mark.parametrize("said", ["100 0 0 100 -100 0", "100 0 -100 0 0 -100", "100 0 70.710678 -70.710678 0 100"])
def test_a_circle_is_given_by_three_points_of_it(said):
    assert drawn(f"<Circle><posList>{said}</posList></Circle>").area == pytest.approx(math.pi * 100**2, rel=2e-5)


@pytest.mark.parametrize("said", ["0 0 10 0", "0 0 10 0 20 0", "0 0 10 0 10 10 0 10"])
def test_other_circles_are_refused(said):
    with pytest.raises(Undrawable, match="three points"):
        drawn(f"<Circle><posList>{said}</posList></Circle>")


def drawn(segment):
    """A polygon whose outline is one segment."""
    curve = f"<curveMember><Curve><segments>{segment}</segments></Curve></curveMember>"
    polygon = f"<Polygon><exterior><Ring>{curve}</Ring></exterior></Polygon>"
    return outline(etree.fromstring(f"<position>{polygon}</position>"), MOST)
