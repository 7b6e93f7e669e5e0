"""Changing some facts by hand: the others stay as they are recorded, day by day, and no later change is lost unsaid."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from parcels import edits, ledger, queries
from parcels.edits import Recording, Span, ValueRefusedError
from tests.conftest import key, square
from tests.little_worlds import holding, parcel, zone

KNOWN = datetime(2026, 6, 1, tzinfo=UTC)
SEAM = date(2027, 2, 1)
LATER = datetime(2026, 6, 2, tzinfo=UTC)
BY_HAND = Recording(KNOWN, "test", None)


@pytest.fixture
def planned_sale(session, fill):
    """Free until a sale agreed for February 2027; known since 2017 alone."""
    fill("parcels", parcel(district=None))
    fill("zones", zone())
    free = holding(site="Nordhang", marketable=True, valid_from="2017-01-01", valid_to="2027-02-01")
    fill("holdings", free, holding(site="Nordhang", disposition="sold", marketable=True, valid_from="2027-02-01"))
    return session


def net_m2(session, day):
    return queries.reserve(session, day, LATER, [])[0].net_m2


def change(session, since, until=None, **named):
    return edits.change_holding(session, key(1), Span(since, until), named, BY_HAND)


def test_an_unrelated_fact_leaves_the_sale_that_comes(planned_sale):
    assert change(planned_sale, date(2026, 12, 1), marketable=True).change.recording is None
    change(planned_sale, date(2026, 12, 1), opposing_plan=False, site="Nordhang 2")
    assert [net_m2(planned_sale, day) for day in (date(2027, 1, 31), SEAM)] == [10_000, 0]
    sites = "SELECT DISTINCT site FROM holding WHERE upper_inf(known) AND valid && daterange('2026-12-01', NULL)"
    assert planned_sale.scalars(text(sites)).all() == ["Nordhang 2"]
    assert ledger.verify(planned_sale, KNOWN) == ledger.Difference([], [])


def test_what_is_recorded_already_and_stated_for_some_days_does_not_end_with_them(planned_sale):
    """An import's row that repeats what is recorded with an end ends it; an edit changes what it names, and here nothing."""
    done = change(planned_sale, date(2026, 6, 1), date(2026, 9, 1), disposition="free", cleared=True)
    assert (done.change.recording, done.remarks) == (None, [])
    assert [net_m2(planned_sale, day) for day in (date(2026, 8, 31), date(2026, 9, 1))] == [10_000, 10_000]


def test_of_several_days_only_those_change_that_differ(planned_sale):
    change(planned_sale, date(2026, 6, 1), date(2027, 6, 1), disposition="sold")
    days = (date(2026, 5, 31), date(2026, 6, 1), SEAM, date(2027, 6, 1))
    assert [net_m2(planned_sale, day) for day in days] == [10_000, 0, 0, 0]
    held = "SELECT count(*) FROM holding WHERE upper_inf(known) AND valid @> DATE '2027-06-01'"
    assert planned_sale.execute(text(held)).scalar_one() == 1
    assert ledger.verify(planned_sale, KNOWN) == ledger.Difference([], [])


def test_a_parcel_s_own_facts_do_not_end_with_them_either(planned_sale):
    recording = edits.change_parcel(
        planned_sale, key(1), Span(date(2026, 6, 1), date(2026, 9, 1)), {"official_m2": Decimal(10_000)}, BY_HAND
    ).change.recording
    assert recording is None
    assert net_m2(planned_sale, date(2026, 9, 1)) == 10_000


def test_a_later_change_of_the_same_fact_is_not_overwritten_unsaid(planned_sale):
    with pytest.raises(ValueRefusedError, match="From 2027-02-01 on, another disposition") as refused:
        change(planned_sale, date(2026, 12, 1), disposition="reserved")
    assert "--to 2027-02-01" in refused.value.remedy
    change(planned_sale, date(2026, 12, 1), SEAM, disposition="reserved")
    assert net_m2(planned_sale, SEAM) == 0
    assert change(planned_sale, date(2026, 12, 1), disposition="sold").change.recording  # the same as from the seam on
    assert net_m2(planned_sale, date(2026, 12, 1)) == 0


def test_a_return_to_what_was_is_a_later_change_too(session, fill):
    """Free, sold for 2028, free again: sold already from 2027 on would wipe out the return, which is as free as the first."""
    fill("parcels", parcel())
    fill("zones", zone())
    years = [("free", None, "2028-01-01"), ("sold", "2028-01-01", "2029-01-01"), ("free", "2029-01-01", None)]
    fill("holdings", *(holding(disposition=said, valid_from=since, valid_to=to) for said, since, to in years))
    with pytest.raises(ValueRefusedError, match="From 2029-01-01 on, another disposition is") as refused:
        change(session, date(2027, 6, 1), disposition="sold")
    assert "--to 2029-01-01" in refused.value.remedy
    change(session, date(2027, 6, 1), date(2029, 1, 1), disposition="sold")
    assert [net_m2(session, date(year, 7, 1)) for year in (2026, 2027, 2028, 2029)] == [10_000, 0, 0, 10_000]


def test_a_return_to_an_earlier_district_is_a_later_change_too(session, fill):
    districts = [("Nord", None, "2028-01-01"), ("Foo", "2028-01-01", "2029-01-01"), ("Nord", "2029-01-01", None)]
    fill("parcels", *(parcel(district=name, valid_from=since, valid_to=to) for name, since, to in districts))
    with pytest.raises(ValueRefusedError, match="From 2029-01-01 on, another district is"):
        edits.change_parcel(session, key(1), Span(date(2027, 6, 1), None), {"district": "Foo"}, BY_HAND)


@pytest.mark.parametrize(
    ("since", "until", "remedy"),
    [(date(2000, 1, 1), None, "--from 2017-01-01"), (date(2000, 1, 1), SEAM, "--from 2017")],
)
def test_days_without_a_holding_are_not_given_one_in_passing(planned_sale, since, until, remedy):
    with pytest.raises(ValueRefusedError, match="No holding is recorded from 2000-01-01") as refused:
        change(planned_sale, since, until, site="Foo")
    assert remedy in refused.value.remedy
    assert net_m2(planned_sale, date(2026, 6, 1)) == 10_000


def test_a_holding_that_ends_is_not_prolonged(session, fill):
    fill("parcels", parcel())
    fill("holdings", holding(valid_to="2025-01-01"))
    with pytest.raises(ValueRefusedError, match="from 2025-01-01 to any later day") as refused:
        change(session, date(2024, 1, 1), site="Foo")
    assert "--to 2025-01-01" in refused.value.remedy


def test_where_nothing_is_held_what_is_named_is_all_that_is_known(session, fill):
    fill("parcels", parcel())
    change(session, date(2024, 1, 1), holder="LIG")
    row = session.execute(text("SELECT holder, serviced, valid FROM holding WHERE upper_inf(known)")).one()
    assert (row.holder, row.serviced, row.valid.lower) == ("LIG", None, date(2024, 1, 1))


def test_a_parcel_that_was_divided_keeps_each_outline_s_area(session, fill):
    fill("zones", zone())
    fill("holdings", holding())
    half = parcel(geom=square(0, 0, 50), official_m2=5_000, valid_from="2024-01-01")
    fill("parcels", parcel(valid_to="2024-01-01"), half)
    edits.change_parcel(session, key(1), Span(date(2020, 1, 1), None), {"gemarkung": "Foo"}, BY_HAND)
    assert [net_m2(session, day) for day in (date(2023, 12, 31), date(2024, 1, 1))] == [10_000, 5_000]
    with pytest.raises(ValueRefusedError, match="From 2024-01-01 on, another official_m2"):
        edits.change_parcel(session, key(1), Span(date(2020, 1, 1), None), {"official_m2": 9_990}, BY_HAND)


TWO_OUTLINES = Span(date(2020, 1, 1), date(2030, 1, 1))
FACTS = {"official_m2": 9_990, "gemarkung": "Foo", "district": "Nord"}


def stated(session, **facts):
    return edits.set_parcel(session, key(1), TWO_OUTLINES, {**FACTS, **facts}, BY_HAND)


def named(session, **facts):
    return edits.change_parcel(session, key(1), TWO_OUTLINES, facts, BY_HAND)


@pytest.mark.parametrize("write", [stated, named])
@pytest.mark.parametrize("official_m2", [None, 10_000])
def test_one_official_area_is_not_spread_over_outlines_of_several_sizes(session, fill, write, official_m2):
    """A span after the division too would count the half as a whole; recorded without an area of its own, or with the same."""
    fill("zones", zone())
    fill("holdings", holding())
    half = parcel(geom=square(0, 0, 50, 100), official_m2=official_m2, valid_from="2024-01-01")
    fill("parcels", parcel(valid_to="2024-01-01", official_m2=official_m2), half)
    before = [net_m2(session, day) for day in (date(2023, 12, 31), date(2024, 1, 1))]
    with pytest.raises(
        ValueRefusedError, match=r"From 2024-01-01 on .* of 5000\.00 m2, before of 10000\.00"
    ) as refused:
        write(session, official_m2=9_990)
    assert (refused.value.field, "days until 2024-01-01 alone" in refused.value.remedy) == ("official_m2", True)
    assert [net_m2(session, day) for day in (date(2023, 12, 31), date(2024, 1, 1))] == before
    assert write(
        session, official_m2=official_m2, gemarkung="Bar"
    ).change.recording  # what is recorded so is nothing new
    edits.set_parcel(session, key(1), Span(date(2020, 1, 1), date(2024, 1, 1)), FACTS, BY_HAND)
    assert net_m2(session, date(2023, 12, 31)) == 9_990


@pytest.mark.parametrize("write", [stated, named])
@pytest.mark.parametrize("width", [100, 100.009, 99.991])
def test_two_surveys_of_one_outline_have_one_official_area(session, fill, write, width):
    fill("zones", zone(geom=square(0, 0, 200)))
    fill("holdings", holding())
    fill("parcels", parcel(valid_to="2024-01-01"), parcel(geom=square(0, 0, width, 100), valid_from="2024-01-01"))
    assert write(session, official_m2=9_990).change.recording
    assert [net_m2(session, day) for day in (date(2023, 12, 31), date(2024, 1, 1))] == [9_990, 9_990]


def test_one_outline_for_all_days_takes_one_official_area(session, fill):
    half = parcel(geom=square(0, 0, 50, 100), official_m2=5_000, valid_from="2024-01-01")
    fill("parcels", parcel(valid_to="2024-01-01"), half)
    assert edits.set_parcel(session, key(1), TWO_OUTLINES, FACTS, BY_HAND, square(0, 0)).change.recording
    named_too = {"official_m2": 9_000}
    assert edits.change_parcel(session, key(1), TWO_OUTLINES, named_too, BY_HAND, square(0, 0)).change.recording
