"""What is offered: how much of it is new, by outline and by parcel; what plans make of it; what shares land with what."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from parcels import offered as offers
from parcels.apart import overlap_pairs, overlaps
from parcels.measured import OfferedLand, PlannedNetError, merged
from parcels.sites import Site, place
from rules.facts import Outcome
from tests.conftest import AT, key, square
from tests.little_worlds import holding, parcel, zone

NOW = AT + timedelta(days=100)
TODAY = date(2026, 6, 1)
LOST_ON = date(2025, 7, 1)
LAST_DAY = "2025-06-30"
MET, NOT_MET, UNKNOWN = Outcome


def site(session, *numbers, outline=None, on=TODAY):
    if outline is None:
        return place(session, Site(tuple(key(n) for n in numbers)), on, NOW)
    geom = session.execute(text("SELECT ST_AsHEXEWKB(CAST(:geom AS geometry))"), {"geom": outline}).scalar_one()
    return place(session, Site(outline=geom), on, NOW)


def offered(session, *numbers, outline=None, loss=None, designation=None, newness_on=None, lost_on=LOST_ON):
    where = site(session, *numbers, outline=outline)
    return offers.offered(session, where, designation, loss, lost_on, newness_on, TODAY, NOW)


def newness(found):
    return found.new_net_m2, found.unclear_m2, found.in_stock_on_loss, found.in_reserve


def meadow(number=1, geom=None, **facts):
    """A plan that is no workplace land, so that land is known to have been outside the stock."""
    return zone(f"Feld {number}", geom, designation="LANDWIRTSCHAFT", **facts)


def ahead(geom=None, plan="Neu", **facts):
    said = {"stage": "display", "designation": "GI", "regulates_use": True, "expected": "2027-05-01", "source": "n.gml"}
    return {"plan": plan, "geom": geom or square(0, 0), **said, **facts}


def test_land_that_was_outside_the_stock_is_new(session, fill):
    fill("parcels", parcel(1, official_m2=12_000), parcel(2, square(300, 0)))
    fill("zones", meadow(), zone("Alt", square(300, 0)))
    fill("deductions", {"ref": "d", "kind": "road", "geom": square(0, 0, 10, 100)})
    fill("pipeline", ahead())
    fill("holdings", holding(1))
    found = offered(session, 1, loss=site(session, 2))
    assert (found.gross_m2, found.outside_m2, found.net_m2) == (12_000, 12_000, 10_800)
    assert newness(found) == (10_800, 0, NOT_MET, NOT_MET)
    assert (found.designation, found.designations, found.restricted) == ("GI", (("GI", 1),), NOT_MET)
    assert (found.plan, found.stage, found.in_force_expected) == ("Neu", "display", date(2027, 5, 1))
    assert (found.in_port, found.overlaps_loss, found.distance_m) == (NOT_MET, NOT_MET, 200)
    assert (found.district, found.contaminated, found.shorter_side_m) == ("Nord", False, 90)
    made = found.candidate("A", stage="adopted", in_force_expected=None, rail=True)
    assert (made.key, made.net_m2, made.stage, made.rail) == ("A", 10_800, "adopted", True)
    assert made.in_force_expected == date(2027, 5, 1)


@pytest.mark.parametrize(
    ("stock", "new"),
    [
        ([(0, 0, 50, 100)], 5_000),
        ([(0, 0, 99, 100), (99, 0, 1, 98.99)], Decimal("1.01")),
        ([(0, 0, 99, 100), (99, 0, 1, 99.01)], 0),  # less than a square metre
        ([(0, 0, 99.89, 100)], 11),
        ([(0, 0, 99.91, 100)], 0),  # two drawings of a border differ by as much
    ],
)
def test_what_was_in_the_stock_is_not_new(session, fill, stock, new):
    fill("parcels", parcel(1))
    fill("zones", meadow(), *(zone("Alt", square(*at), valid_from="2020-01-01") for at in stock))
    fill("zones", zone("Neu", valid_from="2026-01-01"))
    fill("holdings", holding(1, holder="private"))
    assert newness(offered(session, 1)) == (new, 0, NOT_MET if new else MET, NOT_MET)


def test_the_day_of_newness_is_the_last_one_before_the_loss_or_an_earlier_one(session, fill):
    fill("parcels", parcel(1))
    fill("zones", meadow(), zone("Neu", valid_from=LAST_DAY))
    fill("holdings", holding(1, holder="private"))
    assert newness(offered(session, 1)) == (0, 0, MET, NOT_MET)
    before = offered(session, 1, newness_on=date(2025, 6, 29))
    assert (newness(before), before.newness_on) == ((10_000, 0, NOT_MET, NOT_MET), date(2025, 6, 29))
    later = offered(session, 1, newness_on=date(2026, 1, 1))
    assert (later.in_stock_on_loss, later.newness_on) == (MET, date(2025, 6, 30))
    assert offered(session, 1, lost_on=date(2025, 6, 30)).new_net_m2 == 10_000


def test_what_is_counted_in_the_reserve_is_not_new(session, fill):
    fill("parcels", *(parcel(n, square(100 * n, 0)) for n in range(1, 5)))
    fill("zones", *(meadow(n, square(100 * n, 0)) for n in range(1, 5)))
    fill("zones", zone("Neu", square(100, 0, 400, 100), valid_from="2026-01-01"))
    fill("holdings", holding(1), holding(2, serviced=None), holding(3, disposition="sold"))
    assert newness(offered(session, 1)) == (0, 0, NOT_MET, MET)
    assert newness(offered(session, 1, 2)) == (0, 10_000, NOT_MET, UNKNOWN)
    assert newness(offered(session, 1, 3)) == (10_000, 0, NOT_MET, NOT_MET)
    assert newness(offered(session, 4)) == (0, 10_000, NOT_MET, UNKNOWN)  # nobody recorded who holds it
    found = offered(session, 3)
    assert (found.stage, found.plan, found.designation, found.in_force_expected) == ("in_force", "Neu", "GE", None)


def test_what_nobody_knows_is_unclear(session, fill):
    """G land of unknown use, land of no plan; with surely new land beside it, that counts alone."""
    fill("parcels", *(parcel(n, square(100 * n, 0)) for n in range(1, 4)))
    fill("zones", zone("G", square(100, 0), designation="G"), meadow(3, square(300, 0)))
    fill("holdings", *(holding(n, holder="private") for n in (1, 2, 3)))
    for n in (1, 2):
        found = offered(session, n)
        assert newness(found) == (0, 10_000, UNKNOWN, NOT_MET)
        assert found.counting_m2 == 10_000
    both = offered(session, 2, 3)
    assert (newness(both), both.counting_m2) == ((10_000, 10_000, NOT_MET, NOT_MET), 10_000)


def test_where_each_part_may_be_in_the_one_or_the_other_nothing_is_surely_new(session, fill):
    fill("parcels", parcel(1), parcel(2, square(100, 0)))
    fill("zones", zone("G", designation="G"), meadow(2, square(100, 0)))
    fill("zones", zone("Neu", square(100, 0), valid_from="2026-01-01"))
    fill("holdings", holding(1, holder="private"))
    assert newness(offered(session, 1, 2)) == (0, 20_000, UNKNOWN, NOT_MET)


def test_land_that_has_left_the_port_is_new(session, fill):
    fill("parcels", parcel(1))
    fill("zones", zone())
    fill("holdings", holding(1, holder="private"))
    fill("port", {"kind": "Gesamt", "geom": square(0, 0, 40, 100), "valid_to": "2026-01-01"})
    assert newness(offered(session, 1)) == (4_000, 0, NOT_MET, NOT_MET)


def test_land_in_the_port(session, fill):
    fill("parcels", parcel(1), parcel(2, square(100, 0)))
    fill("zones", meadow(1, square(0, 0, 200, 100)))
    fill("pipeline", ahead(square(0, 0, 200, 100)))
    fill("port", {"kind": "Gesamt", "geom": square(0, 0, 150, 100)})
    found = offered(session, 1, 2)
    assert (found.in_port, found.gross_m2, found.outside_m2, found.new_net_m2) == (NOT_MET, 20_000, 5_000, 5_000)
    inside = offered(session, 1)
    assert (inside.in_port, inside.net_m2, inside.designation, inside.largest_plot_m2) == (MET, 0, None, None)
    fill("port", {"kind": "Gesamt", "geom": square(0, 0, 99.991, 100)})
    assert offered(session, 1).in_port is MET
    fill("port", {"kind": "Gesamt", "geom": square(0, 0, 99.98, 100)})
    assert offered(session, 1).in_port is NOT_MET


def test_a_register_of_declared_areas_only(session, fill):
    fill(
        "holdings",
        *(holding(n, declared_net_m2=2_000, designation="GE", disposition="sold") for n in (1, 2)),
        holding(3, declared_net_m2=900, designation="GE", disposition="sold", valid_from="2026-01-01"),
        holding(4, designation="GE", disposition="sold"),
    )
    loss = site(session, 2)
    found = offered(session, 1, loss=loss)
    assert newness(found) == (0, 0, MET, NOT_MET)
    assert (found.designation, found.designations, found.stage) == ("GE", (("GE", 1),), None)
    assert (found.overlaps_loss, found.distance_m, found.largest_plot_m2) == (NOT_MET, None, None)
    assert offered(session, 2, loss=loss).overlaps_loss is MET
    assert newness(offered(session, 3)) == (0, 900, UNKNOWN, NOT_MET)  # of the day of the loss nothing is recorded
    nobody_knows = offered(session, 4)
    assert (nobody_knows.net_m2, nobody_knows.unmeasured, nobody_knows.counting_m2) == (None, (key(4),), None)
    assert newness(nobody_knows) == (0, 0, MET, NOT_MET)


def test_an_outline_that_came_after_a_declared_area(session, fill):
    fill("holdings", holding(1, declared_net_m2=2_000, designation="GE", holder="private"))
    fill("parcels", parcel(1, valid_from="2026-01-01"))
    fill("zones", meadow(), zone("Neu", valid_from="2026-01-01"))
    assert newness(offered(session, 1)) == (0, 0, MET, NOT_MET)


def test_new_parcels_on_old_land(session, fill):
    fill("parcels", parcel(9, square(0, 0, 200, 100), official_m2=20_000, valid_to="2026-01-01"))
    fill("parcels", parcel(1, valid_from="2026-01-01"), parcel(2, square(100, 0), valid_from="2026-01-01"))
    fill("zones", meadow(1, square(0, 0, 200, 100)), zone("Alt", square(50, 0, 50, 100), valid_from="2020-01-01"))
    assert newness(offered(session, 1))[::2] == (5_000, NOT_MET)
    assert newness(offered(session, outline=square(50, 0)))[::2] == (5_000, NOT_MET)


def test_what_the_land_would_be(session, fill):
    fill("parcels", parcel(1))
    fill("zones", meadow(1, square(0, 0, 100, 100)), zone("Alt", square(80, 0, 20, 100), valid_from="2020-01-01"))
    fill(
        "pipeline",
        ahead(square(0, 0, 30, 100)),
        ahead(square(30, 0, 21, 100), "Neu", designation="GE", restrictions="x"),
    )
    found = offered(session, 1)
    assert found.designations == tuple(
        (code, Decimal(share)) for code, share in [("GE", "0.41"), ("GI", "0.3"), ("LANDWIRTSCHAFT", "0.29")]
    )
    assert (found.designation, found.restricted, found.plan, found.stage) == ("GE", UNKNOWN, "Neu", "display")
    asked = offered(session, 1, designation="GI")
    assert (asked.designation, asked.restricted) == ("GI", NOT_MET)
    fill(
        "pipeline",
        ahead(square(0, 0, 30, 100)),
        ahead(square(30, 0, 20, 100), "Neu", designation="GE", restrictions="x"),
    )
    half = offered(session, 1)
    assert (half.plan, half.stage) == (None, None)


def test_what_is_planned_bounds_what_is_new(session, fill):
    fill("parcels", parcel(1))
    fill("zones", meadow(), zone("Alt", square(0, 0, 50, 100), valid_from="2020-01-01"))
    fill("holdings", holding(1, holder="private"))
    found = offered(session, 1)
    assert newness(found)[:2] == (5_000, 0)
    said = {n: merged(found, {"planned_net_m2": Decimal(n)}).new_net_m2 for n in (10_000, 9_000, 5_000, 4_000)}
    assert said == {10_000: 5_000, 9_000: 4_000, 5_000: 0, 4_000: 0}
    with pytest.raises(PlannedNetError) as error:
        merged(found, {"planned_net_m2": Decimal("10000.01")})
    assert (error.value.planned_m2, error.value.outside_m2) == (Decimal("10000.01"), 10_000)
    assert merged(found, {"rail": True, "largest_plot_m2": Decimal(1)}).rail is True
    with pytest.raises(ValueError, match="in_port"):
        merged(found, {"in_port": MET})


@given(*[st.integers(0, 20).map(Decimal)] * 4)
def test_no_more_is_new_than_is_planned_beside_what_is_not(new, unclear, not_new, planned):
    unknown = dict.fromkeys(("in_stock_on_loss", "in_reserve", "in_port", "overlaps_loss"), UNKNOWN)
    nothing = dict.fromkeys(("distance_m", "plan", "stage", "in_force_expected", "designation"), None)
    net = new + unclear + not_new
    amounts = {
        "gross_m2": Decimal(60),
        "outside_m2": Decimal(60),
        "net_m2": net,
        "new_net_m2": new,
        "unclear_m2": unclear,
    }
    land = OfferedLand(**unknown, **nothing, **amounts, newness_on=TODAY, designations=(), unmeasured=())
    found = merged(land, {"planned_net_m2": planned})
    assert 0 <= found.new_net_m2 <= new
    assert 0 <= found.unclear_m2 <= unclear
    assert found.new_net_m2 + found.unclear_m2 == min(new + unclear, max(planned - not_new, 0))
    assert found.new_net_m2 + unclear + not_new <= max(planned, unclear + not_new)
    assert (found == land) is (planned >= net)


def test_places_that_share_land(session, fill):
    fill("parcels", parcel(1), parcel(2, square(100, 0)))
    fill("holdings", holding(7, declared_net_m2=500, designation="GE"))
    fill("zones", zone(geom=square(0, 0, 300, 300)))
    border, strip = (site(session, outline=square(0, 0, 100 + by, 100)) for by in (0.09, 0.11))
    corner, block = (site(session, outline=square(100 - by, 100 - by, 50)) for by in (0.99, 1))
    places = [site(session, 1), site(session, 2), border, strip, corner, block, site(session, 7), site(session, 7, 1)]
    found = overlap_pairs(session, places)
    assert {(0, 2), (0, 3), (0, 7), (6, 7), (1, 3), (0, 5)} <= set(found)
    assert not {(0, 1), (1, 2), (0, 4), (0, 6), (1, 6), (1, 7)} & set(found)
    assert overlap_pairs(session, []) == []
    declared = places[6]
    assert [overlaps(session, one, declared, TODAY, NOW) for one in (places[0], border, places[7])] == [
        NOT_MET,
        UNKNOWN,
        MET,
    ]
    assert overlaps(session, places[1], border, TODAY, NOW) is NOT_MET
