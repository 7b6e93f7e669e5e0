"""Pledges: no more than there is, no land twice, on no day, by nobody; released and handed on with their history."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import InsufficientPrivilege, RestrictViolation
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from parcels import candidates, dissolutions, pledges
from parcels.authors import Author, KeyReusedError, Sent, sent_before
from parcels.candidates import CandidateUnknownError, MorePledgedError, Offered
from parcels.dissolutions import Cause, DissolutionUnknownError, Lost
from parcels.pledges import Bound, PledgeRefusedError, PledgeReleasedError, PledgeUnknownError, Refusal, Wanted
from parcels.replacement_tables import Pledge as Table
from parcels.sites import Place, Site
from tests.conftest import key, square
from tests.faults.own import engine_of, own_database

DAY, AT = date(2026, 3, 1), datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
HA = Decimal(10_000)


def author(days=0, note=None):
    return Author("Planner", "planner", AT + timedelta(days=days), note)


def offered(session, east=0.0, net_m2=HA, keys=(), land=True, since=DAY):
    """A candidate of 100 m by 100 m, as it is measured at once."""
    site = Site(outline=square(east, 0)) if land else Site(keys)
    origin = candidates.Origin("Altenfelde", "GE", site)
    place = Place(tuple(keys), None, square(east, 0) if land else None, None)
    return candidates.enter(session, origin, place, Offered(since, net_m2), author())


def lost(session, reference="B 1"):
    origin = dissolutions.Origin(reference, Cause.ENTERED, "GE", Site((key(1),)))
    return dissolutions.enter(
        session, origin, Place((key(1),), None, None, None), Lost(date(2028, 1, 1), DAY, HA), author()
    )


def bind(session, candidate, dissolution, net_m2, on=DAY, at=None):
    said = author() if at is None else Author("Planner", "planner", at)
    return pledges.pledge(session, Bound(candidate, dissolution, Decimal(net_m2), on), said)


def refused(session, candidate, dissolution, net_m2, on=DAY, at=None):
    with pytest.raises(PledgeRefusedError) as told:
        bind(session, candidate, dissolution, net_m2, on, at)
    return told.value.refusal


def test_up_to_the_last_square_centimetre_and_no_more(session):
    one, loss = offered(session), lost(session)
    bind(session, one, loss, "9999.99")
    assert refused(session, one, loss, "0.02") is Refusal.TOO_MUCH
    bind(session, one, loss, "0.01")
    assert refused(session, one, loss, "0.01") is Refusal.TOO_MUCH
    balance = pledges.balance(session, one)
    assert (balance.net_m2, balance.pledged_m2, balance.free_m2) == (HA, HA, 0)


@pytest.mark.parametrize("net_m2", [None, Decimal(0)])
def test_nothing_is_pledged_of_land_that_nobody_measured(session, net_m2):
    assert refused(session, offered(session, net_m2=net_m2), lost(session), "0.01") is Refusal.TOO_MUCH


def test_land_that_two_offer_is_pledged_once(session):
    one, beside, over = offered(session), offered(session, 100), offered(session, 50)
    loss = lost(session)
    assert candidates.overlaps(session, [one, beside, over]) == {
        one: {over},
        beside: {over},
        over: {one, beside},
    }
    first = bind(session, one, loss, 1)
    bind(session, beside, loss, 1)
    assert refused(session, over, loss, 1) is Refusal.BOUND_ALREADY
    assert pledges.balance(session, over).shadowed_m2 == 2
    pledges.release(session, first, DAY, "no longer needed", author(1))
    assert refused(session, over, loss, 1) is Refusal.BOUND_ALREADY
    third = offered(session, 75)
    assert refused(session, third, loss, 1) is Refusal.BOUND_ALREADY


def test_declared_areas_share_land_by_their_keys(session):
    one, loss = offered(session, keys=(key(1), key(2)), land=False), lost(session)
    other, third = (offered(session, keys=(key(n),), land=False) for n in (2, 3))
    bind(session, one, loss, 1)
    assert refused(session, other, loss, 1) is Refusal.BOUND_ALREADY
    bind(session, third, loss, 1)


def test_sites_that_name_the_same_parcel_share_it_whatever_is_drawn_of_the_rest(session):
    def named(east, *numbers):
        keys = tuple(key(n) for n in numbers)
        place = Place(keys, None, square(east, 0), None)
        return candidates.enter(
            session, candidates.Origin("Altenfelde", "GE", Site(keys)), place, Offered(DAY, HA), author()
        )

    one, beside, apart, loss = named(0, 1, 9), named(200, 2, 9), named(400, 3), lost(session)
    drawn, border = offered(session, 600, keys=(key(9),)), offered(session, 800, keys=(key(2),), net_m2=HA)
    strip = offered(session, 1_000, keys=(key(2),))
    bind(session, one, loss, 1)
    assert refused(session, beside, loss, 1) is refused(session, drawn, loss, 1) is Refusal.BOUND_ALREADY
    bind(session, apart, loss, 1)
    bind(session, border, loss, 1)
    bind(session, strip, loss, 1)  # two outlines in one parcel


def test_a_candidate_does_not_shrink_below_its_pledges(session):
    one, loss = offered(session), lost(session)
    number = bind(session, one, loss, 6000)
    with pytest.raises(MorePledgedError) as told:
        candidates.amend(session, one, {"net_m2": Decimal("5999.99")}, author(1))
    assert (told.value.net_m2, told.value.pledged_m2) == (Decimal("5999.99"), 6000)
    with pytest.raises(MorePledgedError):
        candidates.amend(session, one, {"withdrawn_on": DAY}, author(1))
    candidates.amend(session, one, {"net_m2": Decimal(6000), "measured_on": DAY + timedelta(days=2)}, author(2))
    assert refused(session, one, loss, "0.01", DAY + timedelta(days=2), AT + timedelta(days=2)) is Refusal.TOO_MUCH
    pledges.release(session, number, DAY + timedelta(days=3), "dropped", author(3))
    candidates.amend(session, one, {"withdrawn_on": DAY + timedelta(days=4)}, author(4))
    assert pledges.balance(session, one).net_m2 == 0
    assert candidates.find(session, one, AT).offered.net_m2 == HA
    assert [c.id for c in candidates.listing(session, LATER, candidates.Wanted(offered_on=DAY + timedelta(days=3)))]
    assert not [
        c
        for c in candidates.listing(session, LATER, candidates.Wanted(offered_on=DAY + timedelta(days=4)))
        if c.id == one
    ]


def test_days_of_a_pledge(session):
    one, loss = offered(session), lost(session)
    assert refused(session, one, loss, 1, DAY - timedelta(days=1)) is Refusal.BEFORE_MEASURED
    assert refused(session, one, loss, 1, DAY + timedelta(days=1)) is Refusal.AHEAD
    number = bind(session, one, loss, HA)
    with pytest.raises(PledgeRefusedError) as told:
        pledges.release(session, number, DAY - timedelta(days=1), "wrong", author(3))
    assert told.value.refusal is Refusal.RELEASE_TOO_EARLY
    with pytest.raises(PledgeRefusedError) as told:
        pledges.release(session, number, DAY + timedelta(days=4), "ahead", author(3))
    assert told.value.refusal is Refusal.RELEASE_AHEAD
    pledges.release(session, number, DAY + timedelta(days=2), "dropped", author(3))
    with pytest.raises(PledgeReleasedError):
        pledges.release(session, number, DAY + timedelta(days=3), "again", author(3))
    before, on_it = (DAY + timedelta(days=days) for days in (1, 2))
    assert refused(session, one, loss, 1, before, AT + timedelta(days=4)) is Refusal.BEFORE_RELEASE
    bind(session, one, loss, 1, on_it, AT + timedelta(days=4))
    kept = pledges.find(session, number, LATER)
    assert (kept.holds(DAY), kept.holds(before), kept.holds(on_it)) == (True, True, False)
    assert pledges.find(session, number, AT).release is None
    with pytest.raises(PledgeUnknownError):
        pledges.find(session, number, AT - timedelta(seconds=1))


def test_handed_on_both_or_neither(session):
    one, other, loss, second = offered(session), offered(session, 500, Decimal(10)), lost(session), lost(session, "B 2")
    number = bind(session, one, loss, HA)
    on = DAY + timedelta(days=1)
    with pytest.raises(PledgeRefusedError):
        pledges.hand_on(session, number, Bound(other, second, HA, on), "better there", author(1))
    assert pledges.find(session, number, LATER).release is None
    after = pledges.hand_on(session, number, Bound(one, second, Decimal(4000), on), "better there", author(1))
    assert pledges.find(session, after, LATER).follows == number
    assert pledges.balance(session, one).pledged_m2 == 4000
    held = pledges.listing(session, LATER, Wanted(candidates=(one,), holding_on=DAY))
    assert [(p.id, p.bound.dissolution) for p in held] == [(number, loss)]
    held = pledges.listing(session, LATER, Wanted(candidates=(one,), holding_on=on))
    assert [(p.id, p.bound.dissolution) for p in held] == [(after, second)]
    assert [p.id for p in pledges.listing(session, AT, Wanted(dissolutions=(second,)))] == []


def test_one_key_pledges_once(session):
    one, loss = offered(session), lost(session)
    bound, sent = Bound(one, loss, Decimal(5), DAY), Sent("token", "a key", "print")
    number = pledges.pledge(session, bound, author(), sent)
    assert pledges.pledge(session, bound, author(), sent) is None
    assert sent_before(session, Table, sent) == number
    with pytest.raises(KeyReusedError):
        sent_before(session, Table, Sent("token", "a key", "another"))
    assert pledges.balance(session, one).pledged_m2 == 5


def test_versions_are_kept(session):
    one, loss = offered(session), lost(session)
    candidates.amend(session, one, {"district": "Bergedorf"}, author(2, "found out"))
    assert candidates.amend(session, one, {"district": "Bergedorf"}, author(3)).number == 2
    assert candidates.find(session, one, AT).offered.district is None
    assert candidates.find(session, one, LATER).offered.district == "Bergedorf"
    said = dissolutions.amend(session, loss, {"lost_on": date(2029, 1, 1)}, author(2, "delayed"))
    assert (said.number, said.note) == (2, "delayed")
    assert dissolutions.find(session, loss, AT).lost.lost_on == date(2028, 1, 1)
    assert [v.number for v in dissolutions.versions(session, loss, LATER)] == [1, 2]
    assert [d.id for d in dissolutions.listing(session, LATER, dissolutions.Wanted(designation="GE")) if d.id == loss]
    for ask, unknown in ((candidates.find, CandidateUnknownError), (dissolutions.find, DissolutionUnknownError)):
        with pytest.raises(unknown):
            ask(session, 10**9, LATER)
        with pytest.raises(unknown):
            ask(session, one if ask is candidates.find else loss, AT - timedelta(seconds=1))


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["pledge", "release", "hand_on", "measure"]),
        st.integers(0, 2),
        st.integers(1, 12_000),
        st.integers(0, 3),
    ),
    max_size=14,
)


@given(acts=ACTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_set_of_pledges_ever_exceeds_the_net_area(session, acts):
    """Whatever is tried in whatever order: on every day, as known after every act, what was measured then is not exceeded."""
    with session.begin_nested() as world:
        loss = lost(session)
        land = [offered(session), offered(session, 60), offered(session, 5000)]
        made: list[int] = []
        for day, (act, which, amount, back) in enumerate(acts):
            at = AT + timedelta(days=day)
            on = max(DAY, DAY + timedelta(days=day - back))
            said = Author("Planner", "planner", at)
            try:
                if act == "pledge":
                    made.append(bind(session, land[which], loss, amount, on, at))
                elif act == "measure":
                    changes = {"net_m2": Decimal(amount), "measured_on": on}
                    candidates.amend(session, land[which], changes, said)
                elif made and act == "release":
                    pledges.release(session, made[amount % len(made)], on, "why", said)
                elif made:
                    bound = Bound(land[which], loss, Decimal(amount), on)
                    made.append(pledges.hand_on(session, made[amount % len(made)], bound, "why", said))
            except (PledgeRefusedError, PledgeReleasedError, MorePledgedError):
                pass
            _within(session, land, at)
        world.rollback()


def _within(session, land, known_at):
    held = pledges.listing(session, known_at)
    for on in {p.bound.pledged_on for p in held}:
        sums = {n: sum(p.bound.net_m2 for p in held if p.bound.candidate == n and p.holds(on)) for n in land}
        assert not (sums[land[0]] and sums[land[1]]), "land that both offer is pledged twice"
        for number in land:
            measured = [v.said for v in candidates.versions(session, number, known_at) if v.said.measured_on <= on]
            assert sums[number] <= max(said.net_m2 for said in measured)
    for number in land:
        balance = pledges.balance(session, number)
        now = sum(p.bound.net_m2 for p in held if p.bound.candidate == number and p.release is None)
        assert balance.pledged_m2 == now <= balance.net_m2


@pytest.fixture
def own(cluster):
    with own_database(cluster) as urls:
        yield urls


def test_fifty_at_once_and_nobody_around_it(own):
    """Fifty pledge a tenth of the land at the same time, half of them by land that overlaps it: ten come through, of one."""
    with engine_of(own.web) as engine:
        with Session(engine) as session:
            loss, land = lost(session), [offered(session), offered(session, 50)]
            session.commit()

        def one(n):
            with Session(engine) as session:
                try:
                    bind(session, land[n % 2], loss, HA / 10)
                    session.commit()
                except PledgeRefusedError as refusal:
                    return refusal.refusal
            return None

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(one, range(50)))
        with Session(engine) as session:
            pledged = sorted(pledges.balance(session, n).pledged_m2 for n in land)
            assert pledged == [0, HA]
            assert session.scalar(text("SELECT sum(net_m2) FROM pledge")) == HA
        assert answers.count(None) == 10
        assert set(answers) == {None, Refusal.TOO_MUCH, Refusal.BOUND_ALREADY}
    for statement in (
        "UPDATE candidate SET pledged_m2 = 0",
        "UPDATE candidate SET net_m2 = 1e6",
        "DELETE FROM pledge",
        "UPDATE pledge SET net_m2 = 1",
        "DELETE FROM candidate_overlap",
        "UPDATE milestone SET done_on = now()",
        "DELETE FROM dissolution_version",
        "UPDATE replacement_decision SET decision = 'accepted'",
    ):
        _fails(own.web, statement, InsufficientPrivilege)
    for statement in (
        "UPDATE candidate SET pledged_m2 = 0",
        "UPDATE pledge SET net_m2 = 1",
        "DELETE FROM candidate_overlap",
    ):
        _fails(own.owner, statement, RestrictViolation)


def _fails(url, statement, why):
    with engine_of(url) as engine, engine.connect() as connection, pytest.raises(DBAPIError) as refusal:
        connection.execute(text(statement))
    assert isinstance(refusal.value.orig, why), refusal.value
