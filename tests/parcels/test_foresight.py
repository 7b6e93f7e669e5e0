"""What is told before it happens: the first day below the line, by the days and by what is recorded; the deadlines of cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from parcels import alerts, foresight, line
from parcels.foresight import Due
from rules.alerts import Clock, Kind
from tests.little_worlds import holding
from tests.parcels.test_line import AT, edit, opened, sell, twelve

__all__ = ["twelve"]
FORECAST = [Kind.FORECAST_BELOW]


def forecasts(session, open_only=True):
    """{series: (first day, recording)} of what is foreseen."""
    found = alerts.listing(session, open_only=open_only, kinds=FORECAST)
    return {one.subject: (one.facts["first_on"], one.recording) for one in found}


def after(minutes=1, **days):
    return AT + timedelta(minutes=minutes, **days)


def test_a_sale_of_next_month_is_foreseen_by_the_next_look_and_once(twelve):
    assert foresight.look(twelve, after())
    assert not foresight.look(twelve, after(2))
    sale = sell(twelve, 0, 1, 2, at=after(3), valid_from="2026-09-01")
    assert forecasts(twelve) == {}  # a write looks at no day to come
    assert foresight.look(twelve, after(4))
    assert forecasts(twelve) == dict.fromkeys(("net", "free"), ("2026-09-01", sale.recording))
    net = alerts.listing(twelve, kinds=FORECAST)[1]
    assert (net.severity, net.on_day, net.facts["net_ha"], net.facts["target_ha"]) == (
        *("warning", date(2026, 5, 1), "90.00", "100"),
    )
    assert not foresight.look(twelve, after(5))
    assert foresight.look(twelve, after(days=1))
    assert len(alerts.listing(twelve, kinds=FORECAST)) == 2


def test_the_horizon_ends_after_twelve_months_and_time_alone_brings_a_day_into_it(twelve):
    sell(twelve, 0, 1, 2, valid_from="2027-05-02")
    foresight.look(twelve, after())
    assert forecasts(twelve) == {}
    foresight.look(twelve, after(days=1))
    assert forecasts(twelve) == dict.fromkeys(("net", "free"), ("2027-05-02", None))


def test_it_is_over_when_nothing_is_foreseen_any_more_or_when_the_day_has_come(twelve):
    sell(twelve, 0, 1, 2, valid_from="2026-09-01")
    foresight.look(twelve, after())
    edit(twelve, "holdings", holding(0, valid_from="2026-09-01"), at=after(2))
    foresight.look(twelve, after(3))
    assert forecasts(twelve) == {}
    sell(twelve, 0, at=after(4), valid_from="2026-09-01")
    foresight.look(twelve, after(5))
    day = datetime(2026, 9, 1, 6, tzinfo=UTC)
    line.tick(twelve, day)
    foresight.look(twelve, day)
    assert opened(twelve) == {("below", "net"), ("below", "free")}


def test_it_is_told_again_only_when_it_comes_nearer_by_more_than_thirty_days(twelve):
    sell(twelve, 0, 1, 2, valid_from="2026-12-01")
    foresight.look(twelve, after())
    for minute, since, told in (
        (2, "2026-11-10", "2026-12-01"),
        (4, "2026-11-01", "2026-12-01"),  # 30 days
        (6, "2026-10-31", "2026-10-31"),  # 31 days
    ):
        sell(twelve, 2, at=after(minute), valid_from=since)
        sell(twelve, 0, 1, at=after(minute), valid_from=since)
        foresight.look(twelve, after(minute + 1))
        assert {first for first, _ in forecasts(twelve).values()} == {told}
    assert len(alerts.listing(twelve, kinds=FORECAST)) == 4


def test_several_recordings_between_two_looks_name_none_of_them(twelve):
    foresight.look(twelve, after())
    sell(twelve, 0, 1, at=after(2), valid_from="2026-09-01")
    sell(twelve, 2, at=after(3), valid_from="2026-09-01")
    foresight.look(twelve, after(4))
    assert {recording for _, recording in forecasts(twelve).values()} == {None}


def test_reserved_land_that_ends_in_a_sale_concerns_each_series_for_itself(twelve):
    edit(twelve, "holdings", *[holding(n, disposition="reserved", disposition_until="2026-12-31") for n in range(3)])
    sell(twelve, 0, 1, 2, at=after(1), valid_from="2026-08-01")
    foresight.look(twelve, after(2))
    assert set(forecasts(twelve)) == {"net"}  # the free series is below already


def test_a_register_that_is_being_filled_is_not_looked_ahead_of(session):
    assert not foresight.look(session, AT)


CONSENT = Due("17/consent", Clock.CONSENT, date(2026, 6, 1), date(2026, 5, 18), "Altona")


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-05-17", []),
        ("2026-05-18", [("deadline_near", "warning")]),
        ("2026-06-01", [("deadline_near", "warning")]),
        ("2026-06-02", [("deadline_missed", "critical")]),
    ],
)
def test_a_deadline_is_near_from_its_warning_on_and_missed_after_its_last_day(session, day, told):
    on = date.fromisoformat(day)
    foresight.deadlines(session, on, AT, [CONSENT])
    foresight.deadlines(session, on, AT, [CONSENT])
    assert [(one.kind, one.severity) for one in alerts.listing(session)] == told


def test_a_deadline_near_becomes_missed_and_ends_with_the_answer(session):
    bwi = Due("17/bwi", Clock.BWI, date(2026, 5, 20), date(2026, 5, 10), "Altona")
    foresight.deadlines(session, date(2026, 5, 20), AT, [CONSENT, bwi])
    assert opened(session) == {("deadline_near", "17/consent"), ("deadline_near", "17/bwi")}
    foresight.deadlines(session, date(2026, 5, 21), AT, [CONSENT, bwi])
    assert opened(session) == {("deadline_near", "17/consent"), ("deadline_missed", "17/bwi")}
    foresight.deadlines(session, date(2026, 5, 22), AT, [CONSENT])
    assert opened(session) == {("deadline_near", "17/consent")}
    near = alerts.listing(session, open_only=True)[0]
    assert (near.facts["deadline"], near.facts["district"], near.facts["clock"]) == ("2026-06-01", "Altona", "consent")


def test_a_deadline_that_moves_is_told_with_its_new_day(session):
    later = Due("17/consent", Clock.CONSENT, date(2026, 6, 10), date(2026, 5, 18), "Altona")
    for due in (CONSENT, later):
        foresight.deadlines(session, date(2026, 5, 20), AT, [due])
    assert [(one.facts["deadline"], one.resolved_at is None) for one in alerts.listing(session)] == [
        ("2026-06-10", True),
        ("2026-06-01", False),
    ]
