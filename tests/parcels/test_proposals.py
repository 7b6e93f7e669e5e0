"""Proposals against every set there is: the cheapest, of the cheapest the first, and what is short where none does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parcels import proposals
from parcels.proposals import EffortSpent, LossNotMeasured, propose
from rules.facts import Outcome
from rules.proposals import Option, options
from rules.replacements import Candidate, Loss, Verdict
from tests.rules.test_replacements import LOSS, OFFERED, TODAY

AMOUNTS = [Decimal(n) for n in ("0", "0.01", "2500", "2500.50", "4999.99", "5000", "5000.01", "10000", "20000")]
candidates = st.builds(
    lambda **given: replace(OFFERED, **given),
    net_m2=st.none() | st.sampled_from(AMOUNTS),
    pledged_m2=st.sampled_from([Decimal(0), Decimal(0), Decimal(0), Decimal(2500)]),
    distance_m=st.sampled_from([None, Decimal(0), Decimal(4000), Decimal(4000)]),
    designation=st.sampled_from(["GE", "GE", "GI", "WA"]),
    available_from=st.sampled_from([None, date(2027, 1, 1), date(2027, 1, 1), date(2028, 1, 1), date(2030, 1, 1)]),
    in_reserve=st.sampled_from([Outcome.NOT_MET, Outcome.NOT_MET, Outcome.UNKNOWN]),
    firm_kinds=st.sampled_from([("classic",), ("classic",), ("craft",), None]),
    overlaps=st.frozensets(st.sampled_from("ABCDEFG"), max_size=1),
)
some = st.lists(candidates, max_size=7).map(
    lambda found: [
        replace(one, key=key, overlaps=one.overlaps - {key}) for one, key in zip(found, "GFEDCBA", strict=False)
    ]
)
losses = st.builds(
    lambda **given: replace(LOSS, **given),
    net_m2=st.sampled_from([Decimal(n) for n in ("0", "5000", "5000.01", "9999.99", "10000", "12500.51", "40000")]),
    designation=st.sampled_from(["GE", "GI"]),
    firm_kinds=st.sampled_from([None, (), ("classic",), ("classic", "craft")]),
)


def sets(loss: Loss, given: Sequence[Option], max_areas: int | None) -> list[tuple[Option, ...]]:
    """Every set that keeps what a proposal must keep, but for the extent."""
    usable = [one for one in given if not one.fails]

    def keeps(chosen: tuple[Option, ...]) -> bool:
        keys = {one.candidate.key for one in chosen}
        apart = not any(one.candidate.overlaps & keys for one in chosen)
        places = [one.candidate.firm_kinds for one in chosen]
        return apart and all(any(p is None or kind in p for p in places) for kind in loss.firm_kinds or ())

    most = len(usable) if max_areas is None else min(max_areas, len(usable))
    return [chosen for n in range(most + 1) for chosen in combinations(usable, n) if keeps(chosen)]


def covered(chosen: Sequence[Option]) -> Decimal:
    return sum((one.free_m2 for one in chosen), Decimal(0))


def first(chosen: Sequence[Option], keys: list[str]) -> list[int]:
    """The place of a set in the order of keys: an earlier key is taken rather than not."""
    taken = {one.candidate.key for one in chosen}
    return [0 if key in taken else 1 for key in keys]


@settings(max_examples=60, deadline=None)
@given(losses, some, st.none() | st.integers(0, 4))
def test_no_set_is_better_and_of_those_alike_none_comes_before(
    loss: Loss, offered: list[Candidate], max_areas: int | None
) -> None:
    every = options(loss, offered, TODAY)
    allowed = sets(loss, every, max_areas)
    assert loss.net_m2 is not None
    enough = [chosen for chosen in allowed if covered(chosen) >= loss.net_m2]
    found = propose(loss, offered, TODAY, max_areas)
    if not enough:
        most = max((covered(chosen) for chosen in allowed), default=Decimal(0))
        assert (found.chosen, found.missing_m2, found.assessment) == ((), loss.net_m2 - most, None)
        assert all(one.missing_m2 < found.missing_m2 for one in found.reliefs)
        return
    keys = [one.candidate.key for one in every]
    best = min(enough, key=lambda c: (sum(one.cost_m2 for one in c), len(c), first(c, keys)))
    assert found.chosen == tuple(one.candidate.key for one in best)
    assert (found.cost_m2, found.covered_m2) == (sum(one.cost_m2 for one in best), covered(best))
    assert (found.optimal, found.tie_settled, found.gap, found.missing_m2) == (True, True, 0, 0)
    assert found.surplus_m2 == covered(best) - loss.net_m2
    assert found.assessment is not None
    if found.chosen:
        assert found.assessment.coverage.counted_m2 == found.covered_m2
        assert found.assessment.verdict is not Verdict.NOT_EQUIVALENT


@given(losses, some, st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_candidates_says_nothing(loss: Loss, offered: list[Candidate], random: object) -> None:
    turned = list(offered)
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert propose(loss, offered, TODAY) == propose(loss, turned, TODAY)


def test_of_many_that_are_alike_the_first_keys_are_taken() -> None:
    alike = [replace(OFFERED, key=f"{n:02}", net_m2=Decimal(2500)) for n in range(30)]
    assert propose(LOSS, alike, TODAY).chosen == ("00", "01", "02", "03")
    joined = [replace(one, overlaps=frozenset({"01", "02"})) if one.key == "00" else one for one in alike]
    assert propose(LOSS, joined, TODAY).chosen == ("00", "03", "04", "05")


@pytest.mark.parametrize(
    ("offered", "max_areas", "missing", "helps"),
    [
        ([{"net_m2": Decimal(9999)}], None, "1", []),
        ([{"net_m2": Decimal(6000)}, {"net_m2": Decimal(6000)}], 1, "4000", [("max_areas", "0")]),
        (
            [{"net_m2": Decimal(6000)}, {"net_m2": Decimal(6000), "overlaps": frozenset("A")}],
            None,
            "4000",
            [("overlaps", "0")],
        ),
        ([{"net_m2": Decimal(6000)}, {"designation": "WA"}], None, "4000", [("designation", "0")]),
        ([{"net_m2": Decimal(6000)}, {"in_reserve": Outcome.MET}], None, "4000", [("new_land", "0")]),
        (
            [{"available_from": date(2031, 1, 1)}, {"stage": "draft"}],
            None,
            "10000",
            [("available_in_time", "0"), ("plan_stage", "0")],
        ),
        ([{"pledged_m2": Decimal(10000)}], None, "10000", [("pledged", "0")]),
        ([{"pledged_m2": Decimal(400)}], None, "400", [("pledged", "0")]),
        ([{"firm_kinds": ("craft",)}], None, "10000", [("firm_kinds", "0")]),
        ([{"net_m2": None}], None, "10000", []),
        ([], None, "10000", []),
    ],
)
def test_what_is_short_and_what_would_help(
    offered: list[dict[str, object]], max_areas: int | None, missing: str, helps: list[tuple[str, str]]
) -> None:
    given = [replace(OFFERED, key=key, **facts) for key, facts in zip("ABC", offered, strict=False)]  # type: ignore[arg-type]
    found = propose(LOSS, given, TODAY, max_areas)
    assert (found.chosen, found.missing_m2) == ((), Decimal(missing))
    assert [(one.requirement, one.missing_m2) for one in found.reliefs] == [(name, Decimal(m2)) for name, m2 in helps]


def test_nearer_earlier_and_better_is_taken_first() -> None:
    for worse in (
        {"distance_m": Decimal(9000)},
        {"available_from": date(2028, 1, 1)},
        {"rail": False},
        {"flood": None},
    ):
        pair = [replace(OFFERED, key="A", **worse), replace(OFFERED, key="B")]  # type: ignore[arg-type]
        assert propose(LOSS, pair, TODAY).chosen == ("B",)


def test_an_end_before_the_proof_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = proposals._solve
    monkeypatch.setattr(
        proposals, "_solve", lambda *asked: (f := solve(*asked)) and replace(f, proved=False, gap=0.0125)
    )
    found = propose(LOSS, [OFFERED], TODAY)
    assert (found.optimal, found.tie_settled, found.gap) == (False, False, Decimal("0.0125"))


def test_without_an_answer_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def spent(*asked: object) -> None:
        raise EffortSpent

    alike = [OFFERED, replace(OFFERED, key="B")]
    with monkeypatch.context() as patch:
        patch.setattr(proposals, "_first_keys", spent)
        found = propose(LOSS, alike, TODAY)
        assert (len(found.chosen), found.optimal, found.tie_settled) == (1, True, False)
    monkeypatch.setattr(proposals, "_solve", spent)
    with pytest.raises(EffortSpent):
        propose(LOSS, alike, TODAY)


def test_an_unmeasured_loss_is_refused() -> None:
    with pytest.raises(LossNotMeasured):
        propose(replace(LOSS, net_m2=None), [OFFERED], TODAY)
