"""Alerts of pledges: one a pledge, graver or less grave as its path is, over with the path secured, the release, the withdrawal."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from parcels import alerts, dissolutions, pledge_watch, pledges
from parcels.authors import Author
from parcels.pledges import Bound
from rules.alerts import Kind
from rules.pipeline import MilestoneKind
from tests.parcels.test_milestones import AT, AVAILABLE, HA, ON, SERVICING, author, lost, offer, square, state, told

OPEN, INSECURE = "open", "insecure"


def later(days: int) -> tuple[date, datetime]:
    return ON + timedelta(days=days), AT + timedelta(days=days)


def look(session: Session, days: int) -> list[tuple[str, str]]:
    """Look twice on a day; (severity, security) of what is open then."""
    for hour in (1, 2):
        pledge_watch.tell(session, later(days)[1] + timedelta(hours=hour))
    return [(severity, found) for severity, _, found, _ in told(session)]


@pytest.fixture
def pledge(session: Session) -> tuple[int, int, int]:
    """(site, dissolution, pledge): land on its way, in good time."""
    site, loss = offer(session, outline=square(0, 0)), lost(session, "2027-03-01")
    for kind, planned, done in (
        (MilestoneKind.IN_FORCE, None, "2026-02-01"),
        (MilestoneKind.FUNDING, None, "2026-02-01"),
        (SERVICING, "2026-09-01", None),
        (AVAILABLE, "2026-10-01", None),
    ):
        state(session, site, kind, planned, done, days=0)
    number = pledges.pledge(session, Bound(site, loss, HA, ON), author())
    assert number is not None
    return site, loss, number


def test_time_alone_makes_it_open_and_a_milestone_secures_it_again(
    session: Session, pledge: tuple[int, int, int]
) -> None:
    site, _, number = pledge
    assert look(session, 184) == []  # 1 September: the day for which it is planned
    assert look(session, 185) == [("information", OPEN)]
    (alert,) = alerts.listing(session, kinds=[Kind.PLEDGE_INSECURE])
    assert (alert.subject, alert.on_day, alert.recording) == (f"B 1 ({number})", date(2026, 9, 2), None)
    assert {
        name: alert.facts[name] for name in ("pledge", "candidate", "site", "reference", "lost_on", "district")
    } == {
        **{"pledge": number, "candidate": site, "site": "Altenfelde", "reference": "B 1"},
        **{"lost_on": "2027-03-01", "district": "Nord"},
    }
    assert float(alert.facts["net_ha"]) == 1
    assert "milestone_overdue" in [one["code"] for one in alert.facts["reasons"]]
    state(session, site, SERVICING, None, "2026-08-20", days=186)
    assert told(session) == []
    assert look(session, 187) == []
    assert len(alerts.listing(session, kinds=[Kind.PLEDGE_INSECURE])) == 1


def test_told_again_when_it_is_worse_or_better_or_about_another_day(
    session: Session, pledge: tuple[int, int, int]
) -> None:
    site, loss, number = pledge
    look(session, 185)
    state(session, site, SERVICING, "2028-03-02", days=186)
    assert [(row[0], row[2]) for row in told(session)] == [("warning", INSECURE)]
    state(session, site, SERVICING, "2028-03-03", days=187)  # as bad as before: not told again
    assert len(alerts.listing(session, kinds=[Kind.PLEDGE_INSECURE])) == 2
    dissolutions.amend(session, loss, {"lost_on": date(2027, 2, 1)}, author(188))
    assert look(session, 188) == [("warning", INSECURE)]
    dissolutions.amend(session, loss, {"lost_on": date(2027, 6, 1)}, author(189))
    pledge_watch.look(session, *later(189), [site])
    assert told(session) == []  # in time, by the tolerance
    assert len(alerts.listing(session, kinds=[Kind.PLEDGE_INSECURE])) == 3
    assert number


@pytest.mark.parametrize("ended", ["released", "withdrawn"])
def test_over_when_nothing_is_pledged_any_more(session: Session, pledge: tuple[int, int, int], ended: str) -> None:
    _, loss, number = pledge
    assert look(session, 185) == [("information", OPEN)]
    day, at = later(186)
    if ended == "released":
        pledges.release(session, number, day, "not needed", Author("Planner", "planner", at))
    else:
        dissolutions.amend(session, loss, {"withdrawn_on": day}, author(186))
    assert look(session, 186) == []


def test_each_pledge_has_its_own_and_a_look_at_one_site_leaves_the_others(
    session: Session, pledge: tuple[int, int, int]
) -> None:
    site, loss, number = pledge
    pledges.release(session, number, ON, "less", author())
    numbers = [pledges.pledge(session, Bound(site, loss, HA / 4, ON), author()) for _ in range(2)]
    bare = offer(session, outline=square(500, 0), name="Ohne Weg")
    numbers.append(pledges.pledge(session, Bound(bare, lost(session, "2027-03-01", "B 2"), HA, ON), author()))
    pledge_watch.look(session, *later(185), [site])
    assert {subject for _, subject, _, _ in told(session)} == {f"B 1 ({one})" for one in numbers[:2]}
    pledge_watch.look(session, *later(185), [bare])
    assert {subject for _, subject, _, _ in told(session)} == {
        *(f"B 1 ({n})" for n in numbers[:2]),
        f"B 2 ({numbers[2]})",
    }
    assert pledge_watch.pledged(session, ON, AT - timedelta(days=1)) == []


def test_a_look_waits_for_nobody_who_holds_the_register(engine: Engine) -> None:
    with engine.connect() as writer, Session(engine) as session:
        writer.execute(text("SELECT recorded_at FROM register FOR UPDATE"))
        session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        assert pledge_watch.tell(session, datetime(2026, 3, 1, tzinfo=UTC))
        session.rollback()
