"""What a site takes of whom: the ledger's own measuring, cut down to the site, on any day and state of knowledge."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import queries, register
from parcels.affected import taken
from parcels.sites import Site, SiteRefusedError, place
from rules.facts import Standing
from tests.conftest import AT, key, square
from tests.little_worlds import holding, parcel, zone

DAY, LATER = date(2026, 6, 1), AT + timedelta(days=300)


def drawn(session, geom):
    """An outline of a test as callers' outlines come."""
    return session.execute(text("SELECT ST_AsHEXEWKB(CAST(:geom AS geometry))"), {"geom": geom}).scalar_one()


def of_keys(session, *numbers, on=DAY, known_at=LATER):
    found = place(session, Site(tuple(key(n) for n in numbers)), on, known_at)
    return taken(session, found, on, known_at)


def of_outline(session, geom, on=DAY, known_at=LATER):
    found = place(session, Site(outline=drawn(session, geom)), on, known_at)
    return taken(session, found, on, known_at)


def amounts(lines):
    return [(one.key, one.designation, one.gross_m2) for one in lines]


def world(fill):
    """Two parcels of 1 ha side by side: GE with housing over its eastern half, half of the other under no plan."""
    fill("parcels", parcel(1), parcel(2, square(100, 0), official_m2=12_000))
    fill(
        "zones",
        zone("Alt", square(0, 0, 150, 100)),
        zone("Neu", square(50, 0, 50), designation="WA", valid_from=date(2020, 1, 1)),
    )
    fill("holdings", holding(1, holder="private", marketable=True))


def test_whole_parcels_by_designation(session, fill):
    world(fill)
    found = of_keys(session, 1, 2)
    assert amounts(found) == [
        (key(1), "GE", Decimal(5_000) + 2_500),
        (key(1), "WA", Decimal(2_500)),
        (key(2), "GE", Decimal(6_000)),
        (key(2), None, Decimal(6_000)),
    ]
    assert [(one.holder, one.marketable) for one in found[::2]] == [("private", True), (None, None)]
    assert found[0].plans == ("Alt",)
    assert [one.district for one in found] == ["Nord"] * 4


def test_before_the_newer_plan_the_older_holds(session, fill):
    world(fill)
    assert amounts(of_keys(session, 1, on=date(2019, 12, 31))) == [(key(1), "GE", Decimal(10_000))]
    assert [one.designation for one in of_keys(session, 1, on=date(2020, 1, 1))] == ["GE", "WA"]


def test_a_drawn_site_takes_its_share_of_the_official_area(session, fill):
    world(fill)
    found = of_outline(session, square(50, 0, 100))
    assert amounts(found) == [
        (key(1), "GE", Decimal(2_500)),
        (key(1), "WA", Decimal(2_500)),
        (key(2), "GE", Decimal(6_000)),
    ]


def test_a_sliver_of_a_neighbour_is_no_land_of_it(session, fill):
    world(fill)
    assert {one.key for one in of_outline(session, square(0, 0, 100.05, 100))} == {key(1)}
    assert {one.key for one in of_outline(session, square(0, 0, 101, 100))} == {key(1), key(2)}


def test_land_without_a_parcel_is_told_with_its_plan(session, fill):
    world(fill)
    fill("zones", zone("Weit", square(300, 0)))
    (found,) = of_outline(session, square(300, 0))
    assert (found.key, found.designation, found.area_basis, found.standing) == (None, "GE", "ellipsoidal", None)
    assert abs(found.gross_m2 - 10_000) < 15  # the ellipsoid's metres are not the plane's


def test_what_was_known_then_is_measured_then(session, fill):
    world(fill)
    fill("zones", zone("Alt", square(0, 0, 150, 100), designation="GI"), at=AT + timedelta(days=10))
    assert of_keys(session, 1, known_at=AT + timedelta(days=9))[0].designation == "GE"
    assert of_outline(session, square(0, 0), known_at=AT + timedelta(days=9))[0].designation == "GE"
    assert of_keys(session, 1)[0].designation == "GI"


def test_a_drawn_site_takes_the_parcels_that_were_known_then(session, fill):
    world(fill)
    fill("parcels", parcel(1, square(0, 0, 60, 100)), at=AT + timedelta(days=10))
    earlier, now = (of_outline(session, square(0, 0), known_at=AT + timedelta(days=days)) for days in (9, 300))
    assert sum(one.gross_m2 for one in earlier if one.key == key(1)) == 10_000
    assert {one.key for one in earlier} == {key(1)}
    assert {one.key for one in now} == {None, key(1)}


def test_the_port_and_the_ledger_s_standing(session, fill):
    fill("parcels", parcel(1), parcel(2, square(100, 0)))
    fill("zones", zone("Plan", square(0, 0, 200, 100)))
    fill("port", {"kind": "Gesamt", "geom": square(0, 0, 30, 100)})
    fill("deductions", {"ref": "d", "kind": "road", "geom": square(90, 0, 10, 100)})
    fill("holdings", holding(1), holding(2, disposition="sold"))
    one, other = of_keys(session, 1, 2)
    assert (one.gross_m2, one.port_m2, one.net_m2) == (10_000, 3_000, 6_000)
    assert (one.standing, other.standing) == (Standing.COUNTED_FREE, Standing.EXCLUDED)


def test_a_declared_area_is_taken_whole(session, fill):
    fill("holdings", holding(7, declared_net_m2=2_000, designation="GE"))
    (found,) = of_keys(session, 7)
    assert (found.designation, found.gross_m2, found.area_basis) == ("GE", 2_000, "declared")


def test_parts_keep_their_holders(session, fill):
    fill("parcels", parcel(1))
    fill("zones", zone())
    fill("holdings", holding(1, geom=square(0, 0, 50, 100)), holding(1, geom=square(50, 0, 20, 100), holder="private"))
    assert sorted((one.holder or "", one.gross_m2) for one in of_keys(session, 1)) == [
        ("", 3_000),
        ("LIG", 5_000),
        ("private", 2_000),
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(*[st.integers(0, 28)] * 2, *[st.integers(1, 20)] * 2, st.sampled_from(["GE", "GI", "WA"])), max_size=5
    ),
    st.tuples(*[st.integers(0, 18)] * 2, *[st.integers(1, 20)] * 2),  # some of it within the parcels
)
def test_the_parts_add_up_to_the_site(engine, zones, site):
    """Whatever plans lie over it: by parcels and by outline, and land of the ledger is measured as there."""
    with engine.connect() as connection, connection.begin() as outer, Session(connection, autoflush=False) as session:
        rows = [parcel(n, square(100 * x, 100 * y)) for n, (x, y) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)], 1)]
        register.edit(session, "parcels", rows, AT, "test", None)
        plans = [
            zone(f"P{n}", square(10 * x, 10 * y, 10 * w, 10 * h), designation=d)
            for n, (x, y, w, h, d) in enumerate(zones)
        ]
        register.edit(session, "zones", plans, AT, "test", None)
        whole = of_keys(session, 1, 2, 3, 4)
        assert sum(one.gross_m2 for one in whole) == 40_000
        lines = queries.entries(session, DAY, LATER)
        there = {(one.parcel_key, one.designation): one.gross_m2 for one in lines}
        assert {(one.key, one.designation): one.gross_m2 for one in whole if one.designation in ("GE", "GI")} == there
        x, y, w, h = site
        inside = (min(10 * (x + w), 200) - min(10 * x, 200)) * (min(10 * (y + h), 200) - min(10 * y, 200))
        geom = square(10 * x, 10 * y, 10 * w, 10 * h)
        part = of_outline(session, geom)
        assert sum(one.gross_m2 for one in part if one.key) == inside
        beyond = sum(one.gross_m2 for one in part if not one.key)
        assert abs(beyond - (100 * w * h - inside)) <= beyond * Decimal("0.002")
        outer.rollback()


def refused(session, kind, site, on=DAY, known_at=LATER):
    with pytest.raises(SiteRefusedError) as error:
        place(session, site, on, known_at)
    assert error.value.kind == kind
    return error.value.faults


def test_unknown_parcels_are_all_named(session, fill):
    world(fill)
    faults = refused(session, "site-parcels-unknown", Site((key(1), key(8), key(9))))
    assert [fault.key for fault in faults] == [key(8), key(9)]
    (early,) = refused(session, "site-parcels-unknown", Site((key(1),)), known_at=datetime(2025, 1, 1, tzinfo=UTC))
    assert "never heard" in early.message


def test_a_parcel_that_is_no_more_names_who_follows(session, fill):
    fill("parcels", parcel(1, valid_to=date(2026, 1, 1)))
    (fault,) = refused(session, "site-parcels-unknown", Site((key(1),)))
    assert "not recorded for that day" in fault.message
    assert of_keys(session, 1, on=date(2025, 12, 31))


def test_a_site_outside_the_city(session, fill):
    world(fill)
    assert place(session, Site(outline=drawn(session, square(0, 0, 200, 100))), DAY, LATER)
    fill("districts", {"name": "Nord", "geom": square(0, 0, 150, 100)})
    refused(session, "site-outside-hamburg", Site(outline=drawn(session, square(0, 0, 200, 100))))
    refused(session, "site-outside-hamburg", Site(outline=drawn(session, square(900, 0))))
    assert place(session, Site(outline=drawn(session, square(0, 0, 151, 100))), DAY, LATER).keys == (key(1), key(2))


def test_a_site_where_nothing_is_recorded_or_too_much(session, fill):
    world(fill)
    refused(session, "site-unrecorded", Site(outline=drawn(session, square(900, 900))))
    refused(session, "site-too-large", Site(outline=drawn(session, square(0, 0, 2_300, 2_300))))
    refused(session, "site-too-large", Site(tuple(key(n) for n in range(501))))
