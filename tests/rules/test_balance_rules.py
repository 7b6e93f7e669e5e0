"""The balance of losses and replacements: golden cases on both sides of each seam, and what holds of every course."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.law import LAW
from rules.pipeline import Milestone, MilestoneKind
from rules.replacement_balance import NOTHING, Balance, Lost, Pledged, View, course, of_day
from tests.rules.test_pipeline import ON, TODAY, day, milestones, rows

VIEW = View(ON, TODAY)
WAYS = {
    "SECURE": "in_force::2026-02-01;funding::2026-02-01;servicing:2027-03-01:;available:2027-03-01:",
    "ADOPTED": "adopted::2026-02-01;funding::2026-02-01;servicing:2027-03-01:;available:2027-03-01:",
    "DONE": "in_force::2026-02-01;servicing::2026-04-01;available::2026-07-01",
    "LATE": "in_force::2026-02-01;funding::2026-02-01;servicing:2027-03-01:;available:2028-03-01:",
    "OVERDUE": "in_force::2026-02-01;funding::2026-02-01;servicing:2026-11-01:;available:2026-11-01:",
    "NONE": "",
}
AMOUNTS = (
    "lost",
    "pledged",
    "delivered",
    "secure",
    "open",
    "insecure",
    "debt",
    "outstanding",
    "ahead",
    "ahead_pledged",
)


def pledged(written: str) -> Pledged:
    net_m2, since, until, way = written.split(" ")
    first = day(since)
    assert first is not None
    return Pledged(Decimal(net_m2), first, day(until), tuple(milestones(WAYS[way])))


@pytest.mark.parametrize("row", rows("replacement_balance.csv"), ids=lambda row: row["case"])
def test_golden_balance(row: dict[str, str]) -> None:
    pledges = tuple(pledged(one) for one in row["pledges"].split("|") if one)
    net_m2 = Decimal(row["net_m2"]) if row["net_m2"] else None
    loss = Lost("GE", "Nord", date.fromisoformat(row["lost_on"]), day(row["withdrawn_on"]), net_m2, pledges)
    found = of_day([loss], date.fromisoformat(row["on"]), VIEW)
    assert {name: getattr(found, f"{name}_m2") for name in AMOUNTS} == {name: Decimal(row[name]) for name in AMOUNTS}
    assert (found.unmeasured, found.ahead_unmeasured) == (int(row["unmeasured"]), int(row["ahead_unmeasured"]))
    assert row["source"] in LAW.parameters


def test_one_losss_surplus_pays_no_other_ones_debt() -> None:
    rich = Lost("GE", None, date(2026, 6, 1), None, Decimal(10), (pledged("100 2026-06-05  DONE"),))
    poor = Lost("GE", None, date(2026, 6, 1), None, Decimal(10), ())
    found = of_day([rich, poor], date(2026, 7, 1), VIEW)
    assert (found.lost_m2, found.delivered_m2, found.debt_m2, found.outstanding_m2) == (20, 100, 10, 10)


FIRST = date(2026, 1, 1)
DAYS = st.integers(0, 700).map(lambda days: FIRST + timedelta(days=days))
STEPS = st.builds(Milestone, st.sampled_from(MilestoneKind), st.none() | DAYS, st.none() | DAYS)
AREAS = st.integers(1, 10_000).map(Decimal)
PLEDGES = st.builds(Pledged, AREAS, DAYS, st.none() | DAYS, st.lists(STEPS, max_size=5).map(tuple))
LOSSES = st.lists(
    st.builds(
        Lost,
        *(st.sampled_from(["GE", "GI"]), st.sampled_from(["Nord", None]), DAYS, st.none() | DAYS, st.none() | AREAS),
        st.lists(PLEDGES, max_size=3).map(tuple),
    ),
    max_size=4,
)


@given(LOSSES, DAYS, DAYS, st.lists(DAYS, max_size=6))
def test_a_sweep_gives_what_each_day_gives_and_groups_sum_to_the_whole(
    losses: list[Lost], one: date, other: date, days: list[date]
) -> None:
    since, until = sorted((one, other))
    points = course(losses, since, until, VIEW)
    assert points == course(losses[::-1], since, until, VIEW)
    assert points[0][0] == since
    assert all(before != after for (_, before), (_, after) in pairwise(points))
    seams = [on for on, _ in points] + [on - timedelta(days=1) for on, _ in points[1:]]
    for on in (since, until, *seams, *(on for on in days if since <= on <= until)):
        whole = of_day(losses, on, VIEW)
        assert [balance for first, balance in points if first <= on][-1] == whole
        parts = [of_day([loss for loss in losses if loss.district == name], on, VIEW) for name in ("Nord", None)]
        assert sum(parts, NOTHING) == whole
        assert whole.pledged_m2 == whole.delivered_m2 + whole.secure_m2 + whole.open_m2 + whole.insecure_m2
        assert 0 <= whole.debt_m2 <= whole.outstanding_m2 <= whole.lost_m2
        assert whole.debt_m2 >= whole.lost_m2 - whole.pledged_m2
        assert isinstance(whole, Balance)
