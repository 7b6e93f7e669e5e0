"""The pictures of replacement by themselves: bars end where the amounts do, milestones lie on their days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.replacement_pictures import Lost, Standing, Way, balance, bars, standing, timeline
from rules.law import LAW
from rules.pipeline import Milestone, MilestoneKind, Security, path

ON = date(2026, 11, 22)
TODAY = LAW.on(ON, datetime(2026, 11, 22, 11, tzinfo=UTC))
M2 = st.decimals(0, 2_000_000, places=2)
LOSSES = st.builds(
    Lost,
    number=st.integers(1, 99),
    label=st.just("A/1"),
    lost_on=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    lost_m2=st.none() | M2,
    pledged_m2=st.dictionaries(st.sampled_from(Security), M2),
)


def way(*said: Milestone) -> Way:
    return Way(1, "Nordfeld", said, path(said, ON, TODAY))


@given(st.lists(LOSSES, max_size=6), st.sampled_from((380, 1040)))
@settings(max_examples=40, deadline=None)
def test_bars_lie_in_the_plot_one_part_after_the_other(found: list[Lost], width: int) -> None:
    drawn = bars(found, "any", width)
    assert [tick.value for tick in drawn.years] == sorted({one.lost_on.year for one in found})
    assert sorted(bar.number for bar in drawn.bars) == sorted(one.number for one in found)
    first, last = drawn.hectares[0], drawn.hectares[-1]
    a_m2 = (last.at - first.at) / float(last.value - first.value) / 10_000
    by_place = sorted(found, key=lambda one: (one.lost_on, one.number))
    for bar, one in zip(drawn.bars, by_place, strict=True):
        pledged = sum(one.pledged_m2.values(), Decimal(0))
        assert sum((part.m2 for part in bar.parts), Decimal(0)) == max(pledged, one.lost_m2 or Decimal(0))
        x = first.at
        for part in bar.parts:
            assert part.x == pytest.approx(x, abs=0.1)
            assert part.width == pytest.approx(float(part.m2) * a_m2, abs=0.3)
            x = part.x + part.width
        assert x <= width - drawn.frame.right + 0.1
        assert (bar.lost is None) == (one.lost_m2 is None)
        assert bar.y + 24 <= drawn.frame.height - drawn.frame.bottom


def test_more_pledged_than_lost_leaves_nothing_missing() -> None:
    lost = Lost(1, "A/1", ON, Decimal(10_000), {Security.SECURE: Decimal(15_000)})
    (bar,) = bars([lost], "wide", 1040).bars
    (part,) = bar.parts
    assert part.look == "secure"
    assert bar.lost == pytest.approx(part.width / 1.5, abs=0.1)
    unmeasured = Lost(2, "A/2", ON, None, {})
    assert bars([unmeasured], "wide", 1040).bars[0].parts == ()


def test_a_candidate_is_parted_wholly() -> None:
    parts = balance([("secure", Decimal(4_000)), ("open", Decimal(0)), ("free", Decimal(6_000))], Decimal(10_000))
    assert [(part.look, part.x, part.width) for part in parts] == [("secure", 0.0, 400.0), ("free", 400.0, 600.0)]
    assert balance([("free", Decimal(0))], Decimal(0)) == ()


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Milestone(MilestoneKind.SERVICING, None, ON), Standing.DONE),
        (Milestone(MilestoneKind.SERVICING, ON, None), Standing.PLANNED),
        (Milestone(MilestoneKind.SERVICING, date(2026, 11, 21), None), Standing.OVERDUE),
        (Milestone(MilestoneKind.SERVICING), Standing.UNDATED),
        (Milestone(MilestoneKind.DRAFT, date(2025, 5, 1), None), Standing.PASSED),
    ],
)
def test_a_milestone_stands_on_its_day(one: Milestone, expected: Standing) -> None:
    displayed = Milestone(MilestoneKind.DISPLAY, None, date(2026, 1, 1))
    assert standing(one, way(displayed, one).path) is expected


def test_milestones_lie_on_their_days_within_whole_years() -> None:
    said = (
        Milestone(MilestoneKind.AVAILABLE, date(2028, 7, 1), None),
        Milestone(MilestoneKind.ADOPTED, None, date(2026, 1, 1)),
        Milestone(MilestoneKind.FUNDING),
        Milestone(MilestoneKind.STARTED, None, date(1996, 1, 1)),
        Milestone(MilestoneKind.IN_FORCE, date(2027, 1, 1), None),
    )
    drawn = timeline([way(*said)], ON, "wide", 1040)
    (row,) = drawn.rows
    assert [(mark.kind.value, mark.standing) for mark in row.marks] == [
        ("adopted", Standing.DONE),
        ("in_force", Standing.PLANNED),
        ("available", Standing.PLANNED),
    ]
    assert drawn.outside == 1
    assert [tick.value for tick in drawn.years] == [2026, 2027, 2028]
    assert [row.marks[0].x, row.marks[1].x] == [drawn.years[0].at, drawn.years[1].at]
    assert drawn.years[0].at == drawn.frame.left
    assert drawn.years[0].at < drawn.today < drawn.years[1].at
    assert timeline([], ON, "narrow", 380).rows == ()
