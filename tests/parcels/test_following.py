"""May a holding follow its land: the decision alone, without a database."""

from datetime import date

import pytest

from parcels.following import ALWAYS, OPEN, Held, Successor, ended, follow

DAY, LATER, EARLIER = date(2024, 5, 1), date(2026, 1, 1), date(2020, 1, 1)
FACTS = {1: "LIG, free", 2: "LIG, free", 3: "HIE, sold"}


def clip(part, key, on):
    return f"{part} in {key}"


def split(*shares, come=True, m2=None):
    olds = {f"old{n}": share for n, share in enumerate(shares, 1)}
    return Successor("new", DAY, m2 if m2 is not None else sum(shares), olds, come)


def followed(successor, *held):
    holdings = {}
    for one in held:
        holdings.setdefault(one.key, []).append(one)
    return follow(successor, holdings, FACTS, clip)


def test_a_split_takes_the_facts_along():
    got, stuck = followed(split(100.0), Held(1, "old1"))
    assert (got, stuck) == ([Held(1, "new", DAY, OPEN)], [])


def test_later_facts_follow_for_their_days():
    got, stuck = followed(split(100.0), Held(1, "old1", EARLIER, LATER), Held(3, "old1", LATER))
    assert (got, stuck) == ([Held(1, "new", DAY, LATER), Held(3, "new", LATER, OPEN)], [])


def test_what_ended_before_does_not_follow():
    assert followed(split(100.0), Held(1, "old1", EARLIER, DAY)) == ([], [])


def test_a_merge_of_equal_facts_is_one_holding():
    got, stuck = followed(split(40.0, 60.0), Held(1, "old1"), Held(2, "old2", EARLIER))
    assert (got, stuck) == ([Held(2, "new", DAY, OPEN)], [])


@pytest.mark.parametrize("held", [[Held(1, "old1")], [Held(1, "old1"), Held(2, "old2", until=DAY)]])
def test_land_that_was_not_held_stops_a_merge(held):
    got, (stuck,) = followed(split(40.0, 60.0), *held)
    assert got == []
    assert (stuck.why, stuck.m2, stuck.since, stuck.until) == ("unheld", 40.0, DAY, OPEN)


def test_unequal_facts_stop_a_merge_for_the_days_on_which_they_differ():
    held = Held(1, "old1"), Held(2, "old2", until=LATER), Held(3, "old2", since=LATER)
    got, (stuck,) = followed(split(40.0, 60.0), *held)
    assert got == [Held(2, "new", DAY, LATER)]
    assert (stuck.why, stuck.olds, stuck.m2, stuck.since) == ("unequal", ("old1", "old2"), 100.0, LATER)


def test_land_that_nobody_knew_stops_a_holding():
    got, (stuck,) = followed(split(60.0, m2=100.0), Held(1, "old1"))
    assert (got, stuck.why) == ([], "uncovered")
    assert followed(split(99.5, m2=100.0), Held(1, "old1"))[1] == []


def test_parts_go_with_their_outlines():
    held = Held(1, "old1", part="a"), Held(3, "old1", part="b"), Held(3, "old2", part="c")
    got, stuck = followed(split(40.0, 60.0), *held)
    assert {(one.origin, one.part) for one in got} == {(1, "a in new"), (3, "b in new"), (3, "c in new")}
    assert stuck == []
    got, stuck = followed(split(40.0, 60.0), Held(1, "old1", part="a"), Held(2, "old2"))
    assert (got, stuck[0].why) == ([], "unequal")


def test_what_is_recorded_of_the_successor_stays():
    got, stuck = followed(split(100.0), Held(1, "old1"), Held(3, "new", LATER))
    assert (got, stuck) == ([Held(1, "new", DAY, LATER)], [])


def test_a_parcel_that_was_there_before_gets_nothing_and_says_so_where_facts_differ():
    assert followed(split(100.0, come=False), Held(1, "old1"), Held(2, "new")) == ([], [])
    for held in ([Held(1, "old1")], [Held(1, "old1"), Held(3, "new")]):
        got, (stuck,) = followed(split(100.0, come=False), *held)
        assert (got, stuck.m2) == ([], 100.0)


def test_what_remains_of_the_old_parcel():
    held = [Held(1, "old1", ALWAYS, EARLIER), Held(1, "old1", EARLIER), Held(3, "old1", LATER)]
    assert ended(held, DAY) == [Held(1, "old1", ALWAYS, EARLIER), Held(1, "old1", EARLIER, DAY)]
