"""Recorded losses and candidates as the rules are given them: what lies between the two sides, and what of the land is new."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from parcels import candidates, dissolutions, land_record, milestones, pledge_watch, pledges, replacements, sites
from parcels.authors import Author
from parcels.candidates import Offered
from parcels.dissolutions import Cause, Lost
from parcels.lost import lost
from parcels.measured import PLANNED_NET, merged
from parcels.offered import offered
from parcels.proposals import propose
from parcels.replacements import Asked, Offer, no_more_than, recorded_candidates, recorded_loss, unrecorded_candidate
from parcels.sites import Site
from rules.facts import Outcome
from rules.law import LAW
from rules.pipeline import Milestone, MilestoneKind, Security
from rules.replacements import Verdict, assess, cover
from tests.conftest import AT, key, square
from tests.little_worlds import holding, parcel, zone

DAY, LATER = date(2026, 6, 1), AT + timedelta(days=300)
LOST_ON = date(2027, 1, 1)
SAME = {
    "emission_limited": "not_met",
    "around_the_clock": True,
    "hazard_class": "none",
    "firm_kinds": [],
    "road_m": "500",
}
SAME |= {"rail": False, "quay": False, "grid_kw": "100", "fibre": True, "hydrogen": False, "contaminated": False}
SAME |= {"flood": False, "heavy_rain": False, "restricted": "not_met"}


def author(days=0):
    return Author("Planner", "planner", AT + timedelta(days=days))


@pytest.fixture
def world(session, fill):
    """Lost: 1 ha of GE. Beside it 1 ha each of fields, of fields that half become GE in 2026, of counted reserve, of no plan."""
    fill("parcels", *(parcel(n, square(100 * n, 0)) for n in (1, 2, 3, 4, 5)))
    fill(
        "zones",
        zone("Alt", square(100, 0)),
        zone("Feld", square(200, 0), designation="LANDWIRTSCHAFT"),
        zone("Acker", square(300, 0), designation="LANDWIRTSCHAFT"),
        zone("Halb", square(300, 0, 50, 100), valid_from=date(2026, 9, 1)),
        zone("Da", square(400, 0)),
    )
    fill("holdings", holding(4))
    place = sites.place(session, Site((key(1),)), DAY, LATER)
    land = lost(session, place, LOST_ON, None, {}, DAY, LATER)
    origin = dissolutions.Origin("B 1", Cause.ENTERED, land.designation, Site((key(1),)))
    said = Lost(LOST_ON, land.measured_on, land.net_m2, land.unclear_m2, land.district, SAME, land_record.write(land))
    number = dissolutions.enter(session, origin, place, said, author())
    return recorded_loss(dissolutions.find(session, number, LATER))


def enter(session, parcel_number, designation="GE", **said):
    place = sites.place(session, Site((key(parcel_number),)), DAY, LATER)
    land = offered(session, place, designation, None, date(9999, 1, 1), DAY, DAY, LATER)
    origin = candidates.Origin(f"Feld {parcel_number}", designation, Site((key(parcel_number),)))
    kept = Offered(DAY, said.get("net_m2", land.counting_m2), None, land.district, SAME, land_record.write(land))
    return candidates.enter(session, origin, place, kept, author(0.5))


def asked(session, losing, *numbers, on=DAY):
    found = {one.id: one for one in candidates.listing(session, LATER, candidates.Wanted(numbers=numbers))}
    return recorded_candidates(session, losing, [found[n] for n in numbers], Asked(on, LATER))


def test_what_was_recorded_comes_back(session, world):
    assert (world.loss.net_m2, world.loss.designation, world.loss.lost_on) == (Decimal(10_000), "GE", LOST_ON)
    assert (world.loss.road_m, world.loss.firm_kinds, world.loss.emission_limited) == (500, (), Outcome.NOT_MET)
    (one,) = asked(session, world, enter(session, 2))
    assert (one.net_m2, one.in_stock_on_loss, one.in_reserve) == (Decimal(10_000), Outcome.NOT_MET, Outcome.NOT_MET)
    assert (one.overlaps_loss, one.distance_m, one.pledged_m2) == (Outcome.NOT_MET, 0, 0)
    assert (one.grid_kw, one.largest_plot_m2, one.stage) == (100, Decimal("10006.96"), None)


def test_equivalent_once_the_path_is_secure(session, world):
    number = enter(session, 2)
    (one,) = asked(session, world, number)
    assert assess(world.loss, [one], LAW.on(DAY, LATER)).verdict is Verdict.CONDITIONAL
    days = {MilestoneKind.ADOPTED: DAY, MilestoneKind.FUNDING: DAY}
    ahead = dict.fromkeys((MilestoneKind.IN_FORCE, MilestoneKind.SERVICING, MilestoneKind.AVAILABLE), LOST_ON)
    for kind, day in days.items():
        milestones.record(session, number, Milestone(kind, done_on=day), author(1))
    for kind, day in ahead.items():
        milestones.record(session, number, Milestone(kind, planned_on=day), author(1))
    (one,) = asked(session, world, number)
    assert (one.stage, one.available_from, one.servicing_funded) == ("adopted", LOST_ON, True)
    found = assess(world.loss, [one], LAW.on(DAY, LATER))
    assert (found.verdict, found.open) == (Verdict.EQUIVALENT, ())
    proposed = propose(world.loss, [one], LAW.on(DAY, LATER))
    assert proposed.chosen == (str(number),)
    milestones.record(session, number, Milestone(MilestoneKind.AVAILABLE), author(2))
    assert milestones.of(session, [number], author(2).at)[number][-1].kind is MilestoneKind.SERVICING
    (one,) = asked(session, world, number)
    assert one.available_from is None
    assert [m.milestone.planned_on for m in milestones.history(session, number, LATER)][-2:] == [LOST_ON, None]


def test_land_that_enters_the_stock_before_the_loss_counts_no_more(session, world):
    number = enter(session, 3)
    assert candidates.find(session, number, LATER).offered.net_m2 == 10_000
    (one,) = asked(session, world, number)
    assert (one.net_m2, one.in_stock_on_loss) == (5000, Outcome.NOT_MET)


def test_unless_it_was_pledged_before(session, world):
    number = enter(session, 3)
    said = pledges.Bound(number, world.number, Decimal(7000), DAY)
    made = pledges.pledge(session, said, Author("Planner", "planner", AT + timedelta(days=150)))
    assert made
    (one,) = asked(session, world, number, on=date(2026, 10, 1))
    assert (one.net_m2, one.in_stock_on_loss, one.pledged_m2) == (10_000, Outcome.NOT_MET, 0)


def test_the_reserve_is_not_new(session, world):
    number = enter(session, 4, net_m2=Decimal(10_000))
    (one,) = asked(session, world, number)
    assert (one.in_reserve, one.in_stock_on_loss) == (Outcome.MET, Outcome.MET)
    found = assess(world.loss, [one], LAW.on(DAY, LATER))
    assert found.verdict is Verdict.NOT_EQUIVALENT
    assert [c.outcome for c in found.coverage.candidates] == [Outcome.NOT_MET]


def test_land_of_no_plan_may_be_old(session, world):
    (one,) = asked(session, world, enter(session, 5))
    assert (one.net_m2, one.in_stock_on_loss) == (10_000, Outcome.UNKNOWN)


def test_a_plan_that_leaves_only_what_may_be_old_is_not_surely_new(session, world, fill):
    """5,000 m2 are surely new, 10,000 may be old: a plan of 10,000 may lie on these alone."""
    fill("parcels", parcel(6, square(600, 0, 50, 100), official_m2=5_000))
    fill("zones", zone("Feld 6", square(600, 0, 50, 100), designation="LANDWIRTSCHAFT"))
    both = Site((key(5), key(6)))
    place = sites.place(session, both, DAY, LATER)
    land = offered(session, place, "GE", None, date(9999, 1, 1), DAY, DAY, LATER)
    for planned_m2, net_m2, in_stock in (
        (None, 5_000, Outcome.NOT_MET),
        (Decimal("10000.01"), Decimal("0.01"), Outcome.NOT_MET),
        (Decimal(10_000), 10_000, Outcome.UNKNOWN),
    ):
        bounded = merged(land, {PLANNED_NET: planned_m2})
        assert (bounded.counting_m2, bounded.in_stock_on_loss) == (net_m2, in_stock)
        said = Offered(DAY, bounded.counting_m2, planned_m2, measured=land_record.write(land))
        origin = candidates.Origin("Feld", "GE", both)
        (one,) = asked(session, world, candidates.enter(session, origin, place, said, author()))
        assert (one.net_m2, one.in_stock_on_loss) == (net_m2, in_stock)


def test_more_planned_than_there_is_by_now_is_as_much_as_there_is(session, world, fill):
    number = enter(session, 3)
    candidates.amend(session, number, {"planned_net_m2": Decimal(10_000)}, author(1))
    fill("parcels", parcel(3, square(300, 0), official_m2=9_900))
    (one,) = asked(session, world, number)
    assert (one.net_m2, one.in_stock_on_loss) == (4_950, Outcome.NOT_MET)


def another_loss(session):
    return dissolutions.enter(
        session,
        dissolutions.Origin("B 2", Cause.ENTERED, "GE", Site((key(9),))),
        sites.Place((key(9),), None, None, None),
        Lost(LOST_ON, DAY, Decimal(10_000)),
        author(),
    )


def test_pledged_to_others_and_on_the_lost_land(session, world):
    one, on_it = enter(session, 2), enter(session, 1, net_m2=Decimal(10_000))
    other = another_loss(session)
    late = Author("Planner", "planner", AT + timedelta(days=150))
    pledges.pledge(session, pledges.Bound(one, other, Decimal(4000), DAY), late)
    pledges.pledge(session, pledges.Bound(one, world.number, Decimal(1000), DAY), late)
    found = asked(session, world, one, on_it)
    assert [c.pledged_m2 for c in found] == [4000, 0]
    assert [c.overlaps_loss for c in found] == [Outcome.NOT_MET, Outcome.MET]
    assert asked(session, world, one, on=DAY - timedelta(days=1))[0].pledged_m2 == 0


def test_its_plan_says_how_far_it_is_until_people_do(session, fill, world):
    """A comparison, a pledge and the outlook judge by the same way."""
    ahead = {"plan": "Neu", "stage": "adopted", "designation": "GE", "regulates_use": True, "expected": "2027-02-01"}
    fill("pipeline", {**ahead, "source": "neu.gml", "geom": square(200, 0)})
    number = enter(session, 2)
    late = Author("Planner", "planner", AT + timedelta(days=150))
    pledges.pledge(session, pledges.Bound(number, world.number, Decimal(100), DAY), late)
    (one,) = asked(session, world, number)
    assert (one.stage, one.in_force_expected, one.available_from) == ("adopted", date(2027, 2, 1), None)
    (held,) = [pledge for pledge in pledge_watch.pledged(session, DAY, LATER) if pledge.candidate == number]
    ((_, found),) = pledge_watch.secured(session, [held], DAY, LATER)
    assert "stage_unknown" not in {reason.code for reason in found.reasons}
    milestones.record(session, number, Milestone(MilestoneKind.REPEALED, done_on=DAY), author(1))
    milestones.record(session, number, Milestone(MilestoneKind.IN_FORCE, planned_on=date(2029, 1, 1)), author(1))
    (one,) = asked(session, world, number)
    assert (one.stage, one.in_force_expected) == ("repealed", date(2029, 1, 1))
    ((_, found),) = pledge_watch.secured(session, [held], DAY, LATER)
    assert found.security is Security.INSECURE


def test_no_more_of_it_is_offered_than_is_said_and_than_is_free(session, world):
    number = enter(session, 2)
    late = Author("Planner", "planner", AT + timedelta(days=150))
    other = dissolutions.enter(
        session,
        dissolutions.Origin("B 3", Cause.ENTERED, "GE", Site((key(9),))),
        sites.Place((key(9),), None, None, None),
        Lost(LOST_ON, DAY, Decimal(10_000)),
        author(),
    )
    pledges.pledge(session, pledges.Bound(number, other, Decimal(4000), DAY), late)
    (one,) = asked(session, world, number)
    counted = {}
    for most in (None, "5999.99", "6000", "6000.01"):
        limited = no_more_than(one, None if most is None else Decimal(most))
        counted[most] = cover(world.loss, [limited], LAW.on(DAY, LATER)).unclear_m2
    assert counted == {None: 6000, "5999.99": Decimal("5999.99"), "6000": 6000, "6000.01": 6000}


def test_who_names_a_parcel_takes_it_without_an_outline_too(session, world, fill):
    """A declared area beside drawn ones: dissolved once, and no replacement for itself."""
    fill("holdings", holding(9, declared_net_m2=500, designation="GE"))
    both, other = (Site((key(n), key(9))) for n in (1, 4))
    place, beside = (sites.place(session, site, DAY, LATER) for site in (both, other))
    origin = dissolutions.Origin("B 9", Cause.ENTERED, "GE", both)
    number = dissolutions.enter(session, origin, place, Lost(LOST_ON, DAY, Decimal(10_500)), author())
    assert dissolutions.sharing_land(session, beside, "GE", LATER) == [number]
    drawn = sites.Place((key(1),), square(90, 0), square(90, 0), None)
    assert dissolutions.sharing_land(session, drawn, "GE", LATER) == [world.number, number]
    on_it = candidates.Origin("Feld", "GE", Site((key(2), key(9))))
    land = offered(session, sites.place(session, on_it.site, DAY, LATER), "GE", None, date(9999, 1, 1), DAY, DAY, LATER)
    said = Offered(DAY, Decimal(500), measured=land_record.write(land))
    (one,) = asked(session, replace(world, place=place), candidates.enter(session, on_it, beside, said, author()))
    assert one.overlaps_loss is Outcome.MET


def test_land_whose_parcels_were_divided_since_is_new_no_more_either(session, world, fill):
    drawn = Site(outline=square(200, 0))
    land = offered(session, sites.place(session, drawn, DAY, LATER), "GE", None, date(9999, 1, 1), DAY, DAY, LATER)
    said = Offered(DAY, land.counting_m2, measured=land_record.write(land))
    by_outline = candidates.Origin("Feld", "GE", drawn)
    numbers = [
        enter(session, 2),
        candidates.enter(session, by_outline, sites.place(session, drawn, DAY, LATER), said, author()),
    ]
    pieces = ((20, square(200, 0, 50, 100)), (21, square(250, 0, 50, 100)))
    fill("parcels", parcel(2, square(200, 0), valid_to=date(2026, 8, 1)))
    fill("parcels", *(parcel(n, geom, official_m2=5_000, valid_from=date(2026, 8, 1)) for n, geom in pieces))
    assert [one.in_stock_on_loss for one in asked(session, world, *numbers)] == [Outcome.NOT_MET] * 2
    fill("zones", zone("Neu", square(200, 0), valid_from=date(2026, 9, 1)))
    found = asked(session, world, *numbers)
    assert [(one.in_stock_on_loss, one.net_m2) for one in found] == [(Outcome.MET, 0)] * 2


def test_land_that_is_pledged_elsewhere_is_not_free_under_another_name(session, world):
    def offer(name, site):
        place = sites.place(session, site, DAY, LATER)
        return unrecorded_candidate(session, world, Offer(name, place, "GE", {}), Asked(DAY, LATER))

    other = another_loss(session)
    own, elsewhere = enter(session, 2), enter(session, 3)
    late = Author("Planner", "planner", AT + timedelta(days=150))
    pledges.pledge(session, pledges.Bound(own, world.number, Decimal(1), DAY), late)
    made = pledges.pledge(session, pledges.Bound(elsewhere, other, Decimal(1), DAY), late)
    parts = {"own": Site((key(2),)), "named": Site((key(3),)), "drawn": Site(outline=square(380, 0))}
    found = {name: offer(name, site) for name, site in parts.items()}
    assert {name: one.pledged_m2 == one.net_m2 for name, one in found.items()} == {
        "own": False,
        "named": True,
        "drawn": True,
    }
    pledges.release(session, made, DAY, "dropped", late)
    assert offer("named", parts["named"]).pledged_m2 == 0


def test_what_stood_when_it_was_measured_is_not_measured_again(session, world, fill, monkeypatch):
    fill("parcels", parcel(6, square(600, 0)))
    fill("zones", zone("Wiese", square(600, 0), designation="LANDWIRTSCHAFT"))
    fill("zones", zone("Schon da", square(600, 0, 50, 100), valid_from=date(2020, 1, 1)))
    number, reserve = enter(session, 6), enter(session, 4, net_m2=Decimal(10_000))
    before = asked(session, world, number, reserve)
    assert [(one.net_m2, one.in_stock_on_loss, one.in_reserve) for one in before] == [
        (5000, Outcome.NOT_MET, Outcome.NOT_MET),
        (10_000, Outcome.MET, Outcome.MET),
    ]

    def never(*given):
        raise AssertionError(given)

    monkeypatch.setattr(replacements, "offered", never)
    assert asked(session, world, number, reserve) == before
    fill("zones", zone("Mehr", square(600, 0, 60, 100), valid_from=date(2026, 10, 1)), at=AT + timedelta(days=1))
    with pytest.raises(AssertionError):
        asked(session, world, number)
    monkeypatch.undo()
    assert asked(session, world, number)[0].net_m2 == 4000
