"""The balance out of what is recorded: by day, by district and designation, over a period, as known at an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from parcels import dissolutions, pledges, replacement_balance
from parcels.pledges import Bound
from rules.pipeline import MilestoneKind
from rules.replacement_balance import Balance
from tests.conftest import square
from tests.parcels.test_milestones import AT, AVAILABLE, HA, ON, SERVICING, author, lost, offer, state

LATER = AT + timedelta(days=200)
Town = tuple[int, int, int]


@pytest.fixture
def town(session: Session) -> Town:
    """1 ha lost in Nord on 1 April, 0.5 ha pledged for it since 3 March, of land that is done since 1 June; 1 ha lost in Süd on
    1 May without a pledge; a loss that nobody measured on 1 May. (north, south, pledge)."""
    north, south = lost(session, "2026-04-01"), lost(session, "2026-05-01", "B 2", "Süd")
    lost(session, "2026-05-01", "B 3", None, None)
    site = offer(session, outline=square(0, 0))
    bound = Bound(site, north, HA / 2, ON + timedelta(days=2))
    number = pledges.pledge(session, bound, author(2))
    assert number is not None
    for kind, done in ((MilestoneKind.IN_FORCE, "2026-02-01"), (SERVICING, "2026-05-01"), (AVAILABLE, "2026-06-01")):
        state(session, site, kind, None, done, days=100)
    return north, south, number


def test_by_day_and_over_a_period(session: Session, town: Town) -> None:
    record = replacement_balance.record(session, LATER)
    whole = record.on_day(date(2026, 6, 1))
    assert whole == replace(
        Balance(),
        **{"lost_m2": 2 * HA, "pledged_m2": HA / 2, "delivered_m2": HA / 2},
        **{"debt_m2": HA * 3 / 2, "outstanding_m2": HA * 3 / 2, "unmeasured": 1},
    )
    names = ("lost_m2", "pledged_m2", "delivered_m2", "ahead_m2", "ahead_pledged_m2", "outstanding_m2")
    found = [
        (on.isoformat(), *(getattr(one, name) / HA for name in names))
        for on, one in record.over_days(ON, date(2026, 6, 1))
    ]
    half = Decimal("0.5")
    assert found == [
        ("2026-03-01", 0, 0, 0, 2, 0, 0),
        ("2026-03-03", 0, 0, 0, 2, half, 0),
        ("2026-04-01", 1, half, 0, 1, 0, 1),
        ("2026-05-01", 2, half, 0, 0, 0, 2),
        ("2026-06-01", 2, half, half, 0, 0, Decimal("1.5")),
    ]
    assert record.over_days(date(2026, 6, 1), date(2026, 6, 1)) == [(date(2026, 6, 1), whole)]
    assert town


@pytest.mark.usefixtures("town")
def test_groups_are_those_of_the_lost_land_and_sum_to_the_whole(session: Session) -> None:
    record, on = replacement_balance.record(session, LATER), date(2026, 6, 1)
    groups = record.groups(on, ["district", "designation"])
    assert [(one.values, one.balance.debt_m2, one.balance.unmeasured) for one in groups] == [
        ({"district": "Nord", "designation": "GE"}, HA / 2, 0),
        ({"district": "Süd", "designation": "GE"}, HA, 0),
        ({"district": None, "designation": "GE"}, 0, 1),
    ]
    assert sum((one.balance for one in groups), Balance()) == record.on_day(on)


def test_released_withdrawn_and_as_it_was_known(session: Session, town: Town) -> None:
    _, south, number = town
    pledges.release(session, number, date(2026, 6, 5), "not needed", author(110))
    dissolutions.amend(session, south, {"withdrawn_on": date(2026, 6, 6)}, author(111))
    now = replacement_balance.record(session, LATER)
    for on, debt, lost_m2 in ((4, HA * 3 / 2, 2 * HA), (5, 2 * HA, 2 * HA), (6, HA, HA)):
        found = now.on_day(date(2026, 6, on))
        assert (found.debt_m2, found.lost_m2) == (debt, lost_m2)
    then = replacement_balance.record(session, AT + timedelta(days=105))
    assert then.on_day(date(2026, 6, 9)).debt_m2 == HA * 3 / 2
    assert replacement_balance.record(session, AT - timedelta(days=1)).losses == ()
    assert replacement_balance.record(session, AT - timedelta(days=1)).over_days(ON, ON) == [(ON, Balance())]
