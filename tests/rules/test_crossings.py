"""Crossings of the line: those a change brings and averts, exactly at the target, from today on."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.crossings import Crossing, Level, Series, Severity, Target, differing

TODAY, SOON, LATER = date(2026, 6, 1), date(2026, 9, 1), date(2027, 1, 1)
HUNDRED = (Target(date(2020, 1, 1), Decimal(100)),)


def levels(*values, since=date(2026, 1, 1)):
    """Levels on the first day, today, soon and later, as far as they are given, as (net, free)."""
    days = (since, TODAY, SOON, LATER)
    return [Level(day, Decimal(str(net)), Decimal(str(free))) for day, (net, free) in zip(days, values, strict=False)]


def said(found):
    return [(one.on, one.series, one.severity, one.at_once) for one in found]


def test_a_fall_to_come_is_brought():
    before = levels((120, 110))
    brought, averted = differing(before, levels((120, 110), (120, 110), (99.9999, 90)), HUNDRED, TODAY)
    assert said(brought) == [(SOON, "free_ha", "warning", False), (SOON, "net_ha", "critical", False)]
    assert (brought[1].ha, brought[1].target_ha, averted) == (Decimal("99.9999"), 100, [])


def test_just_on_the_line_is_not_below():
    brought, _ = differing(levels((120, 110)), levels((120, 110), (100, 100)), HUNDRED, TODAY)
    assert brought == []


def test_today_s_fall_is_at_once_and_a_past_one_with_it():
    before, after = levels((120, 110)), levels((99, 99))
    assert said(differing(before, after, HUNDRED, TODAY)[0]) == [
        (TODAY, Series.FREE, Severity.WARNING, True),
        (TODAY, Series.NET, Severity.CRITICAL, True),
    ]


def test_a_fall_that_comes_anyway_is_neither_brought_nor_averted():
    before = levels((120, 110), (120, 110), (90, 110))
    after = levels((119, 110), (119, 110), (89, 110))
    assert differing(before, after, HUNDRED, TODAY) == ([], [])


def test_new_land_averts_a_fall():
    before = levels((120, 110), (120, 110), (90, 110))
    after = levels((130, 110), (130, 110), (100, 110))
    assert differing(before, after, HUNDRED, TODAY) == (
        [],
        [Crossing(SOON, Series.NET, Severity.CRITICAL, Decimal(90), Decimal(100), False)],
    )


def test_a_fall_that_comes_earlier_is_brought_and_the_later_one_averted():
    before = levels((120, 110), (120, 110), (120, 110), (90, 110))
    after = levels((120, 110), (120, 110), (90, 110), (90, 110))
    brought, averted = differing(before, after, HUNDRED, TODAY)
    assert [one.on for one in (*brought, *averted)] == [SOON, LATER]


def test_a_higher_target_is_crossed_without_any_land():
    targets = (*HUNDRED, Target(SOON, Decimal(110)))
    brought, _ = differing(levels((120, 120)), levels((105, 120)), targets, TODAY)
    assert said(brought) == [(SOON, Series.NET, Severity.CRITICAL, False)]


def test_a_recovery_is_told():
    brought, _ = differing(levels((90, 80)), levels((90, 80), (90, 80), (101, 80)), HUNDRED, TODAY)
    assert said(brought) == [(SOON, Series.NET, Severity.RECOVERY, False)]


AMOUNTS = st.integers(98, 102).map(Decimal)
SIDE = st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=4)


@given(before=SIDE, after=SIDE)
def test_they_lead_from_the_one_to_the_other(before, after):
    """For each series: where today's side differs it is told at once; each later day's side follows from the crossings told."""
    old, new = levels(*before), levels(*after)
    brought, averted = differing(old, new, HUNDRED, TODAY)
    assert differing(old, old, HUNDRED, TODAY) == ([], [])
    backwards = differing(new, old, HUNDRED, TODAY)
    later = [[one for one in found if not one.at_once] for found in (brought, averted)]
    assert [[one for one in found if not one.at_once] for found in reversed(backwards)] == later
    for series in Series:
        fired = [one for one in brought if one.series is series and one.at_once]
        sides = [getattr([x for x in side if x.on <= TODAY][-1], series) < 100 for side in (old, new)]
        assert bool(fired) == (sides[0] != sides[1])
