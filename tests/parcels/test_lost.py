"""What is lost: measured on the last day before, by designation, with what people state in place of what was measured."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from parcels import lost as losses
from parcels.lost import DesignationError
from parcels.measured import merged
from parcels.sites import Site, on_day, place
from rules.facts import Outcome
from tests.conftest import AT, key, square
from tests.little_worlds import holding, parcel, zone

NOW = AT + timedelta(days=100)
LOST_ON = date(2026, 6, 1)
LAST_DAY = date(2026, 5, 31)
HA_M2 = Decimal("10006.9")  # what 100 m by 100 m of EPSG:25832 are on the ellipsoid there


def lost(session, *numbers, designation=None, lost_on=LOST_ON, on=LAST_DAY, known_at=NOW, outline=None, **stated):
    site = Site(tuple(key(n) for n in numbers)) if outline is None else Site(outline=drawn(session, outline))
    return losses.lost(session, place(session, site, on, known_at), lost_on, designation, stated, on, known_at)


def drawn(session, geom):
    return session.execute(text("SELECT ST_AsHEXEWKB(CAST(:geom AS geometry))"), {"geom": geom}).scalar_one()


def refused(session, *numbers, **asked):
    with pytest.raises(DesignationError) as error:
        lost(session, *numbers, **asked)
    return error.value


def test_a_single_designation_is_taken_by_itself(session, fill):
    fill("parcels", parcel(1, official_m2=12_000), parcel(2, square(100, 0)))
    fill("zones", zone(geom=square(0, 0, 200, 100)))
    fill("port", {"kind": "Gesamt", "geom": square(0, 0, 30, 100)})
    fill("deductions", {"ref": "d", "kind": "road", "geom": square(190, 0, 10, 100)})
    fill("holdings", holding(1), holding(2, holder="private"))
    found = lost(session, 1, 2)
    assert (found.designation, found.net_m2, found.unclear_m2) == ("GE", Decimal(8_400 + 9_000), 0)
    assert (found.district, found.lost_on, found.measured_on) == ("Nord", LOST_ON, LAST_DAY)
    assert (found.in_use_as_commercial, found.contaminated, found.unmeasured) == (None, False, ())
    assert abs(found.largest_plot_m2 - Decimal("1.6") * HA_M2) < 1  # both parcels are one plot, between port and road
    assert found.shorter_side_m == 100


def test_several_designations_are_named_and_one_is_chosen(session, fill):
    fill("parcels", parcel(1), parcel(2, square(100, 0)), parcel(3, square(200, 0)))
    fill("zones", zone("A"), zone("B", square(100, 0), designation="GI"), zone("C", square(200, 0), designation="WA"))
    error = refused(session, 1, 2, 3)
    assert error.found == (("GE", Decimal(10_000)), ("GI", Decimal(10_000)))
    assert "GE (10000.00 m2), GI (10000.00 m2)" in str(error)
    assert lost(session, 1, 2, 3, designation="GI").net_m2 == 10_000
    assert (refused(session, 1, 2, 3, designation="WA").asked, refused(session, 3).found) == ("WA", ())


def test_a_sliver_of_another_designation_is_none(session, fill):
    fill("parcels", parcel(1))
    fill("zones", zone("A"), zone("B", square(99.99, 0, 0.01, 99), designation="GI", valid_from="2020-01-01"))
    assert lost(session, 1).net_m2 == Decimal("9999.01")
    fill("zones", zone("B", square(99.99, 0, 0.01, 100), designation="GI", valid_from="2020-01-01"))
    assert [code for code, _ in refused(session, 1).found] == ["GE", "GI"]


def test_land_in_the_port_is_nothing_to_dissolve(session, fill):
    fill("parcels", parcel(1))
    fill("zones", zone())
    fill("port", {"kind": "Gesamt", "geom": square(0, 0)})
    assert refused(session, 1).found == ()


def test_g_land_counts_by_its_use(session, fill):
    fill("parcels", *(parcel(n, square(100 * n, 0)) for n in range(1, 4)))
    uses = {1: True, 2: None, 3: False}
    fill(
        "zones",
        *(zone(f"P{n}", square(100 * n, 0), designation="G", in_use_as_commercial=use) for n, use in uses.items()),
    )
    whole = lost(session, 1, 2, 3)
    assert (whole.net_m2, whole.unclear_m2, whole.in_use_as_commercial) == (10_000, 10_000, True)
    assert abs(whole.largest_plot_m2 - HA_M2) < 1  # the plot that is surely lost
    perhaps = lost(session, 2)
    assert (perhaps.net_m2, perhaps.unclear_m2, perhaps.in_use_as_commercial) == (None, 10_000, None)
    assert refused(session, 3).found == ()


def test_the_last_day_before_counts(session, fill):
    """The plan ends on the very day of the loss; a day later nothing is left to be dissolved."""
    fill("parcels", parcel(1))
    fill("zones", zone(valid_to="2026-06-01"))
    for on in (LAST_DAY, LOST_ON):
        assert lost(session, 1, on=on).net_m2 == 10_000
    assert refused(session, 1, lost_on=date(2026, 6, 2)).on == LOST_ON


def test_what_was_known_then(session, fill):
    fill("parcels", parcel(1))
    fill("zones", zone())
    fill("zones", zone(designation="GI"), at=NOW + timedelta(days=1))
    assert lost(session, 1).designation == "GE"
    assert lost(session, 1, known_at=NOW + timedelta(days=2)).designation == "GI"


def test_a_site_is_found_again_under_the_parcels_of_that_day(session, fill):
    fill("parcels", parcel(1, square(0, 0, 200, 100), official_m2=20_000, valid_to="2026-06-01"))
    fill(
        "parcels", parcel(2, square(0, 0), valid_from="2026-06-01"), parcel(3, square(100, 0), valid_from="2026-06-01")
    )
    fill("zones", zone(geom=square(0, 0, 200, 100)))
    for site in ({"numbers": (2,)}, {"numbers": (), "outline": square(0, 0)}):
        assert lost(session, *site.pop("numbers"), on=LOST_ON, **site).net_m2 == 10_000
    then = place(session, Site((key(2),)), LOST_ON, NOW)
    assert on_day(session, then, LAST_DAY, NOW).keys == (key(1), key(2))
    assert on_day(session, then, date(2026, 7, 1), NOW) == then


def test_a_register_of_declared_areas_only(session, fill):
    fill(
        "holdings",
        holding(1, declared_net_m2=2_000, designation="GE"),
        holding(2, declared_net_m2=500, designation="GE", cleared=False),
        holding(3, designation="GE"),
    )
    fill("overlays", {"ref": "a", "kind": "flood", "geom": square(900, 0)})
    found = lost(session, 1, 2)
    assert (found.net_m2, found.unmeasured, found.contaminated) == (2_500, (), True)
    assert (found.largest_plot_m2, found.shorter_side_m, found.flood, found.restricted) == (
        None,
        None,
        None,
        Outcome.UNKNOWN,
    )
    without = lost(session, 1, 3)
    assert (without.net_m2, without.unmeasured) == (None, (key(3),))


def test_what_lies_on_the_land(session, fill):
    fill("parcels", parcel(1), parcel(2, square(100, 0)))
    fill("zones", zone(geom=square(0, 0)), zone("W", square(100, 0), designation="WA"))
    fill("holdings", holding(1, geom=square(0, 0, 50, 100)), holding(1, geom=square(50, 0, 50, 100), cleared=None))
    fill("overlays", {"ref": "f", "kind": "flood", "geom": square(100, 0)})
    fill("overlays", {"ref": "r", "kind": "heavy_rain", "geom": square(0, 0, 0.01, 99)})
    found = lost(session, 1, 2)
    assert (found.contaminated, found.flood, found.heavy_rain) == (None, False, False)  # the flood is on the housing
    fill("overlays", {"ref": "r", "kind": "heavy_rain", "geom": square(0, 0, 0.01, 100)})
    assert lost(session, 1, 2).heavy_rain is True
    fill("holdings", holding(9, declared_net_m2=500, designation="GE"))
    with_declared = lost(session, 1, 9)
    assert (with_declared.flood, with_declared.heavy_rain, with_declared.largest_plot_m2) == (None, True, None)


@pytest.mark.parametrize(
    ("west", "east", "expected"),
    [
        ({"restrictions": "nur Büros"}, {"restrictions": "kein Einzelhandel"}, Outcome.MET),
        ({"source": "a.gml"}, {"source": "a.gml"}, Outcome.NOT_MET),
        ({"restrictions": "nur Büros"}, {"source": "a.gml"}, Outcome.UNKNOWN),
        ({}, {"source": "a.gml"}, Outcome.UNKNOWN),
    ],
)
def test_an_area_is_restricted_where_its_plan_says_so(session, fill, west, east, expected):
    fill("parcels", parcel(1))
    fill("zones", zone("A", square(0, 0, 50, 100), **west), zone("B", square(50, 0, 50, 100), **east))
    assert lost(session, 1).restricted is expected


def test_a_sliver_under_a_restricted_area_restricts_nothing(session, fill):
    fill("parcels", parcel(1))
    fill("zones", zone("A", source="a.gml"))
    for height, expected in ((99, Outcome.NOT_MET), (100, Outcome.UNKNOWN)):
        fill("zones", zone("B", square(0, 0, 0.01, height), restrictions="nur Büros", valid_from="2020-01-01"))
        assert lost(session, 1).restricted is expected


def test_plots_are_contiguous_where_they_share_an_edge(session, fill):
    corners = {1: (0, 0, 100, 100), 2: (100, 0, 40, 100), 3: (140, 100, 100, 100), 4: (400, 0, 100, 130)}
    fill("parcels", *(parcel(n, square(*at), official_m2=at[2] * at[3]) for n, at in corners.items()))
    fill("zones", zone(geom=square(0, 0, 500, 300)))
    found = lost(session, 1, 2, 3)
    assert abs(found.largest_plot_m2 - Decimal("1.4") * HA_M2) < 1
    assert found.shorter_side_m == 100
    assert lost(session, 2, 3).shorter_side_m == 100  # they touch at a corner: two plots
    other = lost(session, 1, 4)
    assert abs(other.largest_plot_m2 - Decimal("1.3") * HA_M2) < 1


def test_what_people_state_wins(session, fill):
    fill("parcels", parcel(1))
    fill("zones", zone())
    found = lost(session, 1, restricted="met", rail=True, district="Mitte", quay=None, emission_limited=Outcome.UNKNOWN)
    assert (found.restricted, found.rail, found.district, found.quay) == (Outcome.MET, True, "Mitte", None)
    assert found.restricted is Outcome.MET
    for name in ("net_m2", "designation", "in_port", "planned_net_m2"):
        with pytest.raises(ValueError, match=name):
            merged(found, {name: Decimal(1)})
