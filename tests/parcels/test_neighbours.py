"""What is found around a site: which land, which plants, how far away, as known when, and never more than the index gives."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from parcels import neighbours
from rules.facts import Outcome
from rules.law import NotInForce
from rules.neighbours import Kind, Near
from tests.conftest import AT, square
from tests.little_worlds import holding, parcel, zone

DAY = date(2026, 6, 1)
NOW = AT + timedelta(days=100)
LATER = NOW + timedelta(days=1)
SITE = square(0, 0)


def near(session, purpose="housing", site=SITE, on=DAY, known_at=NOW):
    return neighbours.near(session, site, on, known_at, purpose)


def seen(screening):
    """Kind, designation, name, metres and outcome of each neighbour."""
    return [
        (one.facts.kind.value, one.facts.designation, one.facts.name, float(one.facts.distance_m), one.outcome.value)
        for one in screening.neighbours
    ]


def codes(screening):
    return [reason.code for reason in screening.reasons]


def plant(ref, east, side=50, **facts):
    return {"ref": ref, "name": f"Werk {ref}", "geom": square(east, 0, side), **facts}


@pytest.fixture
def town(fill):
    """The site (1) under WA, beside it GE (2), farther GI (3), and land of a plan without workplaces (4)."""
    fill("parcels", parcel(1), parcel(2, square(150, 0)), parcel(3, square(300, 0)), parcel(4, square(0, 100)))
    fill(
        "zones",
        zone("Site", square(0, 0), designation="GE"),
        zone("Beside", square(150, 0)),
        zone("Far", square(300, 0), designation="GI"),
        zone("Homes", square(0, 100), designation="WA"),
    )
    fill("sites_of_concern", plant("far", 5_000, kas18_class="I", distance_class="VII"))


def test_workplace_land_within_the_band_is_found_and_the_site_is_not(session, town):
    found = near(session)
    assert seen(found) == [("workplace", "GE", "Beside", 50.0, "met")]
    (only,) = found.neighbours
    assert (only.facts.parcels, only.facts.m2, only.facts.stock) == (1, Decimal("10000.00"), Outcome.MET)
    assert (found.impaired, codes(found), found.left_off) == (Outcome.MET, [Near.LAND_TOO_NEAR], 0)
    assert near(session, "office").impaired is Outcome.NOT_MET
    assert near(session, "other").impaired is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("gap", "metres", "outcome"),
    [(99.99, 99.99, "met"), (99.995, 99.99, "met"), (100, 100.0, "not_met"), (100.02, None, None), (0, 0, "met")],
)
def test_distances_run_from_edge_to_edge_and_are_rounded_down(session, fill, gap, metres, outcome):
    fill("parcels", parcel(1), parcel(2, square(100 + gap, 0)), parcel(3, square(-100, 0)))
    fill("zones", zone("Beside", square(100 + gap, 0)), zone("Homes", square(-100, 0), designation="WA"))
    fill("sites_of_concern", plant("far", 5_000))
    expected = [] if metres is None else [("workplace", "GE", "Beside", metres, outcome)]
    assert seen(near(session)) == expected
    assert near(session).impaired == (outcome or "not_met")


def test_a_part_of_a_parcel_is_as_far_away_as_its_plan(session, fill):
    """The parcel begins at the site, its GE 70 m behind."""
    fill("parcels", parcel(1), parcel(2, square(100, 0, 200)))
    fill("zones", zone("Homes", square(100, 0, 70, 200), designation="WA"), zone("Back", square(170, 0, 130, 200)))
    fill("sites_of_concern", plant("far", 5_000))
    assert seen(near(session)) == [("workplace", "GE", "Back", 70.0, "met")]


def test_the_plan_on_top_decides(session, fill, town):
    fill("zones", zone("Newer", square(150, 0), designation="WA", valid_from="2026-05-01"))
    assert seen(near(session)) == []
    assert seen(near(session, on=date(2026, 4, 30))) == [("workplace", "GE", "Beside", 50.0, "met")]


def test_g_land_depends_on_its_use(session, fill, town):
    for use, outcome in ((None, Outcome.UNKNOWN), (True, Outcome.MET), (False, Outcome.NOT_MET)):
        fill("zones", zone("Beside", square(150, 0), designation="G", in_use_as_commercial=use))
        found = near(session)
        assert found.impaired is outcome
        assert len(found.neighbours) == (outcome is not Outcome.NOT_MET)


def test_a_drawn_site_that_follows_the_border_roughly_is_no_neighbour_of_itself(session, town):
    rough = square(0.2, 0.2, 99.6)
    assert [one[2] for one in seen(near(session, site=rough))] == ["Beside"]
    half = square(0, 0, 50)
    assert [one[2] for one in seen(near(session, site=half))] == ["Site", "Beside"]  # its other half, next door


def test_the_port_is_a_neighbour_and_its_land_no_stock(session, fill, town):
    fill("port", {"kind": "Gesamt", "geom": square(150, 0, 400)})
    assert seen(near(session)) == [("port", None, "Gesamt", 50.0, "met")]


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"kas18_class": "I", "distance_class": "none"}, "not_met"),
        ({"kas18_class": "II", "distance_class": "none"}, "met"),
        ({"kas18_class": "none", "distance_class": "VI"}, "not_met"),
        ({"kas18_class": "none", "distance_class": "V"}, "met"),
        ({"kas18_class": None, "distance_class": "none"}, "unknown"),
        ({"kas18_class": "none", "distance_class": None}, "unknown"),
    ],
)
def test_plants_by_their_classes(session, fill, facts, outcome):
    fill("parcels", parcel(1), parcel(2, square(0, 100)))
    fill("zones", zone("Homes", square(0, 100), designation="WA"))
    fill("sites_of_concern", plant("a", 300, **facts))  # 200 m from the site
    assert seen(near(session)) == [("plant", None, "Werk a", 200.0, outcome)]
    assert near(session).impaired == outcome


def test_plants_beyond_every_distance_are_not_listed(session, fill, town):
    fill("zones", zone("Beside", square(150, 0), designation="WA"))
    fill("sites_of_concern", plant("a", 1_600), plant("b", 1_599.99), plant("c", 1_600.02))
    assert [one[2:] for one in seen(near(session))] == [("Werk b", 1499.99, "unknown"), ("Werk a", 1500.0, "not_met")]


def test_the_plant_on_the_site_does_not_speak_against_it_by_itself(session, fill, town):
    fill("sites_of_concern", plant("own", 10, kas18_class="I"))
    (own,) = [one for one in near(session).neighbours if one.facts.kind is Kind.PLANT]
    assert [finding.reason.code for finding in own.findings] == [Near.PLANT_ON_SITE] * 2


def test_without_any_plant_in_the_register_nothing_is_cleared(session, fill):
    fill("parcels", parcel(1), parcel(2, square(0, 100)))
    fill("zones", zone("Homes", square(0, 100), designation="WA"))
    assert (near(session).impaired, codes(near(session))) == (Outcome.UNKNOWN, [Near.PLANTS_NOT_RECORDED])
    at = fill("sites_of_concern", plant("far", 5_000), at=AT + timedelta(days=5)).at
    assert near(session).impaired is Outcome.NOT_MET
    assert near(session, known_at=at - timedelta(seconds=1)).impaired is Outcome.UNKNOWN


def test_without_parcels_or_plans_around_nothing_is_cleared(session, fill):
    fill("sites_of_concern", plant("far", 5_000))
    assert codes(near(session)) == [Near.LAND_NOT_RECORDED]
    fill("parcels", parcel(1))
    assert codes(near(session)) == [Near.LAND_NOT_RECORDED]  # the site alone
    fill("parcels", parcel(2, square(120, 0)), parcel(3, square(140, 100)))
    assert seen(near(session)) == [("unplanned", None, None, 20.0, "unknown")]
    assert near(session).neighbours[0].facts.parcels == 2
    assert codes(near(session)) == [Near.NEIGHBOUR_WITHOUT_PLAN]


def test_held_land_without_a_plan_is_unknown_as_well(session, fill):
    fill("parcels", parcel(1), parcel(2, square(120, 0)))
    fill("zones", zone("Half", square(120, 0, 50, 100), designation="WA"))
    fill("holdings", holding(2))
    fill("sites_of_concern", plant("far", 5_000))
    assert seen(near(session)) == [("unplanned", None, None, 20.0, "unknown")]


def test_an_earlier_state_of_knowledge_answers_as_it_did(session, fill, town):
    then = near(session)
    fill("parcels", parcel(2, square(5_000, 0)), at=LATER)
    fill("zones", zone("Beside", square(5_000, 0)), zone("Homes", square(0, 100), designation="GI"), at=LATER)
    fill("sites_of_concern", plant("far", 110, kas18_class="I"), at=LATER)
    assert near(session) == then
    later = near(session, known_at=LATER + timedelta(hours=1))
    assert [one[:2] for one in seen(later)] == [("workplace", "GI"), ("plant", None)]


def test_land_that_was_without_a_plan_when_asked_stays_so(session, fill):
    fill("parcels", parcel(1), parcel(2, square(120, 0)))
    fill("zones", zone("A", square(120, 0), designation="WA"))
    fill("sites_of_concern", plant("far", 5_000))
    assert near(session).impaired is Outcome.NOT_MET
    fill("zones", zone("A", square(5_000, 0), designation="WA"), at=LATER)
    assert near(session).impaired is Outcome.NOT_MET
    assert codes(near(session, known_at=LATER + timedelta(hours=1))) == [Near.NEIGHBOUR_WITHOUT_PLAN]


def test_many_neighbours_are_cut_the_worst_stay(session, fill):
    fill("parcels", *(parcel(n, square(3 * n, 110, 3)) for n in range(1, 61)))
    fill("zones", *(zone(f"P{n:02}", square(3 * n, 110, 3)) for n in range(1, 61)))
    fill("sites_of_concern", plant("far", 5_000))
    found = near(session)
    assert (len(found.neighbours), found.left_off, found.impaired) == (neighbours.MOST, 12, Outcome.MET)
    metres = [one.facts.distance_m for one in found.neighbours]
    assert metres == sorted(metres)
    assert len(found.reasons) == neighbours.MOST


def test_before_the_values_there_is_no_answer(session, town):
    with pytest.raises(NotInForce):
        near(session, on=date(2012, 12, 31))


def test_the_parcels_around_come_from_the_index(session, fill, town):
    """A quarter of a million parcels must not be read for one site."""
    rows = [parcel(n, square(200 * (n % 50) - 5_000, 200 * (n // 50) + 2_000)) for n in range(10, 2_000)]
    fill("parcels", *rows)
    session.execute(text("ANALYZE parcel"))
    statement = neighbours.statement("neighbours").text
    bound = {"site": SITE, "on": DAY, "known_at": NOW, "band": 100, "widest": 1500.0}
    plan = "\n".join(session.execute(text(f"EXPLAIN ANALYZE {statement}"), bound).scalars())
    assert "ix_parcel_geom" in plan
    scans = [line for line in plan.splitlines() if "Seq Scan on parcel" in line]
    assert all("never executed" in line for line in scans), plan


def test_uses_to_be_protected_nearest_of_each_kind(session, fill):
    fill(
        "sensitive",
        *(
            {"ref": f"s{n}", "kind": "school", "name": f"Schule {n}", "geom": square(100 + 30 * n, 0, 10)}
            for n in (1, 2)
        ),
        {"ref": "h", "kind": "housing", "name": None, "geom": square(0, 110.5, 10)},
        {"ref": "own", "kind": "care", "name": "Heim", "geom": square(10, 10, 10)},
        {"ref": "far", "kind": "nature", "name": "Moor", "geom": square(1_700, 0, 10)},
    )
    found = neighbours.sensitive(session, SITE, DAY, NOW)
    assert [(use.kind, use.name, float(use.distance_m)) for use in found] == [
        ("housing", None, 10.5),
        ("school", "Schule 1", 30.0),
    ]
    assert neighbours.sensitive(session, SITE, DAY, AT - timedelta(days=1)) == []
