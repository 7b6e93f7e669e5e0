"""Sites on their way beside the outlook: never in the recorded series, once at most beside it, as known at an instant."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from parcels import candidates, outlook_sites, pledges
from parcels.forecast import forecast
from parcels.pledges import Bound
from rules.outlook import Assumption, Scenario
from rules.outlook_sites import Aside
from rules.pipeline import MilestoneKind, Security
from tests.conftest import Fill, key, square
from tests.little_worlds import holding, parcel, zone
from tests.parcels.test_milestones import AT, AVAILABLE, HA, ON, SERVICING, author, lost, offer, state

LATER = AT + timedelta(days=9)


def on_its_way(session: Session, site: int, available: str = "2027-03-01") -> None:
    for kind in (MilestoneKind.IN_FORCE, MilestoneKind.FUNDING):
        state(session, site, kind, None, "2026-02-01", days=0)
    state(session, site, SERVICING, available, days=0)
    state(session, site, AVAILABLE, available, days=0)


def found(session: Session, known_at=LATER) -> list[tuple[str, Security, Decimal, Decimal, tuple[Aside, ...]]]:
    sites = outlook_sites.sites(session, ON, known_at)
    told = [(one.candidate.origin.name, one.entering) for one in sites]
    return [(name, one.security.security, one.net_m2, one.in_course_m2, one.aside) for name, one in told]


@pytest.fixture
def raw(fill: Fill) -> None:
    """Two municipal parcels of one hectare without a plan as yet, and a private one."""
    fill("parcels", *(parcel(n, square(n * 200, 0)) for n in (1, 2, 3)), at=AT - timedelta(days=9))
    fill("holdings", holding(1), holding(2), holding(3, holder="private"), at=AT - timedelta(days=9))


@pytest.mark.usefixtures("raw")
def test_only_municipal_land_enters_and_what_is_recorded_to_enter_does_not_twice(session: Session, fill: Fill) -> None:
    one = offer(session, key(1), name="Nord")
    on_its_way(session, one)
    on_its_way(session, offer(session, key(3), name="Privat"), "2027-03-02")
    on_its_way(session, offer(session, key(2), key(3), name="Gemischt"), "2027-03-03")
    on_its_way(session, offer(session, key(8), name="Niemandes"), "2027-03-04")
    offer(session, outline=square(900, 900), name="Ohne Weg")
    assert found(session) == [
        ("Nord", Security.SECURE, HA, 0, ()),
        ("Privat", Security.SECURE, 0, 0, (Aside.NOT_MUNICIPAL,)),
        ("Gemischt", Security.SECURE, 0, 0, (Aside.NOT_MUNICIPAL,)),
        ("Niemandes", Security.SECURE, 0, 0, (Aside.HOLDER_UNKNOWN,)),
        ("Ohne Weg", Security.OPEN, 0, 0, (Aside.NOT_SECURE, Aside.HOLDER_UNKNOWN)),
    ]
    half = zone("Plan 1", square(200, 0, 50, 100), valid_from="2026-12-01", valid_to="2027-03-01")
    fill("zones", half, at=AT + timedelta(days=2))
    assert found(session)[0][2:] == (HA, 0, ())  # it counts no more on the day on which it can be built on
    fill("zones", {**half, "valid_to": "2027-03-02"}, at=AT + timedelta(days=3))
    assert found(session)[0][2:] == (HA / 2, HA / 2, (Aside.IN_COURSE,))
    fill("zones", zone("Plan 2", square(200, 0), valid_from="2029-01-01"), at=AT + timedelta(days=4))
    assert found(session)[0][2:] == (0, HA, (Aside.IN_COURSE,))  # the register's day is the later one


@pytest.mark.usefixtures("raw")
def test_offered_pledged_withdrawn_and_as_it_was_known(session: Session) -> None:
    site = offer(session, key(1))
    on_its_way(session, site)
    before = outlook_sites.sites(session, ON, AT + timedelta(hours=1))
    pledges.pledge(session, Bound(site, lost(session, "2027-03-01"), HA / 4, ON), author())
    assert found(session) == [("Altenfelde", Security.SECURE, HA * 3 / 4, 0, (Aside.PLEDGED,))]
    assert len(before) == 1
    assert found(session, AT - timedelta(seconds=1)) == []
    assert outlook_sites.sites(session, ON - timedelta(days=1), LATER) == []  # it was offered on the day after
    other = offer(session, key(2), name="Zurückgezogen")
    candidates.amend(session, other, {"withdrawn_on": ON + timedelta(days=1)}, author())
    assert [name for name, *_ in found(session)] == ["Altenfelde", "Zurückgezogen"]
    assert len(outlook_sites.sites(session, ON + timedelta(days=1), LATER)) == 1


def test_the_first_day_below_the_line_with_and_without_the_sites(session: Session, fill: Fill) -> None:
    """100.5 ha, of which one is sold on 1 April 2027; a site of one hectare comes on 1 March, or on the day after the sale."""
    long_ago = AT - timedelta(days=1_000)
    amounts = {1: 995_000, 2: 10_000, 3: 10_000}
    fill("parcels", *(parcel(n, square(n * 200, 0), official_m2=m2) for n, m2 in amounts.items()), at=long_ago)
    fill("zones", *(zone(f"Plan {n}", square(n * 200, 0)) for n in (1, 2)), at=long_ago)
    fill("holdings", *(holding(n) for n in amounts), at=long_ago)
    fill("holdings", holding(2, disposition="sold", valid_from="2027-04-01"), at=long_ago)
    bare = forecast(session, ON, None, LATER)
    assert Assumption.SECURE_SITES_ENTER not in dict(bare.assumed)
    site = offer(session, key(3))
    for available, below in (("2027-03-01", None), ("2027-04-01", None), ("2027-04-02", date(2027, 4, 1))):
        on_its_way(session, site, available)
        ahead = forecast(session, ON, None, LATER)
        assert (ahead.points, ahead.first_below(ahead.net, Scenario.RECORDED).on) == (bare.points, date(2027, 4, 1))
        for course in (ahead.net, ahead.free):
            assert ahead.first_below_with_sites(course, Scenario.RECORDED).on == below
        assert Assumption.SECURE_SITES_ENTER in dict(ahead.assumed)
