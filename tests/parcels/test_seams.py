"""Both axes are half-open: on a seam the ending fact is over and the starting one holds; one day or microsecond before, not yet."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from parcels import changes, ledger, queries
from tests.conftest import square
from tests.little_worlds import holding, key, parcel, zone

SEAM = date(2026, 4, 1)
EVE = SEAM - timedelta(days=1)
TICK = timedelta(microseconds=1)
FIRST = datetime(2026, 1, 15, 11, tzinfo=UTC)
SECOND = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
WORLD = {"parcels": [parcel()], "zones": [zone()], "holdings": [holding()]}
WHOLE, STRIP = square(0, 0), square(0, 0, 40, 100)


def net(session, on=SEAM, known_at=SECOND, name="net_m2"):
    return getattr(queries.reserve(session, on, known_at)[0], name)


# layer, row, net m2 with the fact, net m2 without it: worked out by hand for one parcel of 10,000 m2
FACTS = {
    "parcel": ("parcels", parcel(), 10_000, 0),
    "zone": ("zones", zone(), 10_000, 0),
    "zone above": ("zones", zone("Plan 2", STRIP, designation="MU"), 6_000, 10_000),
    "port": ("port", {"kind": "Hafennutzungsgebiet", "geom": STRIP}, 6_000, 10_000),
    "port, all of it": ("port", {"kind": "Hafennutzungsgebiet", "geom": WHOLE}, 0, 10_000),
    "deduction": ("deductions", {"ref": "d", "kind": "road", "geom": STRIP}, 6_000, 10_000),
    "holding": ("holdings", holding(), 10_000, 0),
    "part of a parcel": ("holdings", holding(geom=STRIP), 4_000, 0),
}


@pytest.mark.parametrize("end", ["begins", "ends"])
@pytest.mark.parametrize("name", FACTS)
def test_every_kind_of_fact_on_the_seam_and_the_day_before(session, fill, name, end):
    layer, row, with_it, without_it = FACTS[name]
    days = {"valid_from": SEAM} if end == "begins" else {"valid_to": SEAM}
    replaced = layer in WORLD and row.get("plan") != "Plan 2"
    for other, rows in WORLD.items():
        if other != layer or not replaced:
            fill(other, *rows)
    if replaced and layer == "zones":
        fill(layer, {**zone("Below"), "designation": "WA"})  # an older plan that counts for nothing
        row = {**row, "valid_from": date(2014, 1, 1), "plan": "Upper"}
    fill(layer, {**row, **days})
    expected = (without_it, with_it) if end == "begins" else (with_it, without_it)
    assert (net(session, EVE), net(session, SEAM)) == expected
    assert net(session, EVE - timedelta(days=400)) == expected[0]
    assert net(session, SEAM + timedelta(days=400)) == expected[1]


def test_district_on_the_seam_and_the_day_before(session, fill):
    fill("parcels", parcel(district=None))
    fill("zones", zone())
    fill("holdings", holding())
    fill("districts", {"name": "Alt", "geom": square(-500, -500, 2000), "valid_to": SEAM})
    fill("districts", {"name": "Neu", "geom": square(-500, -500, 2000), "valid_from": SEAM})
    for day, name in ((EVE, "Alt"), (SEAM, "Neu")):
        _, groups = queries.reserve(session, day, SECOND, ["district"])
        assert [(group.values, group.totals.net_m2) for group in groups] == [({"district": name}, 10_000)]


def test_reserved_land_is_free_again_on_disposition_until(session, fill):
    fill("parcels", parcel())
    fill("zones", zone())
    fill("holdings", holding(disposition="reserved", disposition_until=SEAM))
    for day, free in ((EVE, 0), (SEAM, 10_000)):
        assert (net(session, day), net(session, day, name="free_m2")) == (10_000, free)


@pytest.mark.parametrize(
    ("possible_from", "counts_from"),
    [
        (date(2027, 4, 1), date(2026, 4, 1)),
        (date(2024, 2, 29), date(2023, 3, 1)),  # twelve months after 28 February is 28 February: one day too early
        (date(2025, 2, 28), date(2024, 2, 28)),
        (date(2024, 12, 31), date(2023, 12, 31)),
    ],
)
def test_construction_horizon_opens_on_its_day(session, fill, possible_from, counts_from):
    fill("parcels", parcel())
    fill("zones", zone())
    fill("holdings", holding(construction_possible_from=possible_from))
    assert net(session, counts_from - timedelta(days=1)) == 0
    assert net(session, counts_from) == 10_000


def test_parameters_begin_on_their_day(session, fill):
    from rules.law import NotInForce

    for layer, rows in WORLD.items():
        fill(layer, *rows)
    assert net(session, date(2013, 1, 1)) == 10_000
    with pytest.raises(NotInForce):
        net(session, date(2012, 12, 31))
    with pytest.raises(NotInForce):
        queries.series(session, date(2012, 12, 31), SEAM, SECOND)


def test_known_at_the_instant_of_recording_and_a_microsecond_before(session, fill):
    fill("parcels", parcel(), at=FIRST)
    fill("zones", zone(), at=FIRST + TICK)
    recorded = fill("holdings", holding(), at=SECOND).at
    assert recorded == SECOND
    assert net(session, known_at=SECOND - TICK) == 0
    assert net(session, known_at=SECOND - TICK, name="unrecorded_m2") == 10_000
    assert net(session, known_at=SECOND) == 10_000
    assert queries.recorded_at(session, SECOND) == SECOND
    assert queries.recorded_at(session, SECOND - TICK) == FIRST + TICK
    assert queries.recorded_at(session, FIRST - TICK) is None


def test_a_correction_recorded_late_leaves_what_was_answered_before(session, fill):
    for layer, rows in WORLD.items():
        fill(layer, *rows, at=FIRST)
    told = queries.series(session, date(2013, 1, 1), date(2030, 1, 1), FIRST + 9 * TICK)
    fill("holdings", holding(cleared=False, valid_from=SEAM, valid_to=date(2026, 6, 1)), at=SECOND)
    for day, corrected in ((EVE, 10_000), (SEAM, 0), (date(2026, 5, 31), 0), (date(2026, 6, 1), 10_000)):
        assert net(session, day, SECOND - TICK) == 10_000
        assert net(session, day, SECOND) == corrected
    assert queries.series(session, date(2013, 1, 1), date(2030, 1, 1), SECOND - TICK) == told


def test_future_facts_count_from_their_day(session, fill):
    ahead = date(2031, 7, 1)
    fill("parcels", parcel())
    fill("zones", zone(valid_from=ahead))
    fill("holdings", holding())
    assert net(session, ahead - timedelta(days=1)) == 0
    assert net(session, ahead) == 10_000
    points = [queries.Point(SEAM, Decimal(0), Decimal(0)), queries.Point(ahead, Decimal(10_000), Decimal(10_000))]
    assert queries.series(session, SEAM, ahead, SECOND) == points
    assert queries.series(session, SEAM, ahead - timedelta(days=1), SECOND) == points[:1]


def test_changes_are_after_since_and_up_to_until(session, fill):
    fill("parcels", parcel(), at=FIRST)
    fill("zones", zone(valid_from=SEAM), at=FIRST)
    recorded = fill("holdings", holding(), at=SECOND).at

    def days(since, until):
        return [(change.on, change.net_m2) for change in changes.over_days(session, since, until, SECOND)]

    assert days(EVE, SEAM) == [(SEAM, 10_000)]
    assert days(SEAM, SEAM + timedelta(days=9)) == []
    assert days(EVE - timedelta(days=9), EVE) == []

    def known(known_from, known_to):
        found = changes.over_knowledge(session, SEAM, known_from, known_to)
        return [(change.recorded.at, change.net_m2) for change in found]

    assert known(recorded - TICK, recorded) == [(recorded, 10_000)]
    assert known(recorded, recorded + TICK) == []
    assert known(recorded - 2 * TICK, recorded - TICK) == []


def test_what_is_said_of_some_days_of_an_old_plan_leaves_its_place_among_newer_ones(session, fill):
    """The days after stay as they were recorded; the days in between do not lift the old plan over the newer one either."""
    fill("parcels", parcel())
    fill("holdings", holding())
    fill("zones", zone(plan="A-alt", valid_from=date(2010, 1, 1)))
    fill("zones", zone(plan="B-neu", designation="MU", valid_from=date(2018, 1, 1)))
    days = [
        date(2017, 12, 31),
        date(2018, 1, 1),
        date(2019, 6, 1),
        date(2019, 12, 31),
        date(2020, 1, 1),
        date(2025, 1, 1),
    ]
    before = [net(session, day) for day in days]
    assert before == [10_000, 0, 0, 0, 0, 0]
    some = {"valid_from": date(2019, 1, 1), "valid_to": date(2020, 1, 1)}
    fill("zones", zone(plan="A-alt", restrictions="no retail", **some))
    assert [net(session, day) for day in days] == before
    assert ledger.verify(session, SECOND) == ledger.Difference([], [])


def test_a_plan_that_is_extended_is_new_where_it_did_not_lie_before(session, fill):
    """On its old land it stays behind the newer plan; on the land it takes in later it is the newest."""
    fill("parcels", parcel(), parcel(2, geom=square(100, 0)))
    fill("holdings", holding(), holding(2))
    fill("zones", zone(plan="A-alt", valid_from=date(2010, 1, 1)))
    fill("zones", zone(plan="B-neu", designation="MU", valid_from=date(2018, 1, 1), geom=square(0, 0, 200, 100)))
    fill("zones", zone(plan="A-alt", valid_from=date(2020, 1, 1), geom=square(0, 0, 200, 100)))
    lines = queries.entries(session, date(2021, 1, 1), SECOND)
    assert {line.parcel_key: line.designation for line in lines} == {key(1): "MU", key(2): "GE"}
