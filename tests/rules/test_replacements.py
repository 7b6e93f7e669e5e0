"""Lost against offered land: golden cases on both sides of each limit, complete tables, and what holds of every comparison."""

import csv
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Outcome
from rules.law import LAW, NotInForce
from rules.replacement_criteria import CRITERIA, GATES, rank_classes
from rules.replacements import NAMES, VERDICTS, Candidate, Loss, Match, Verdict, assess, cover

KNOWN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = LAW.on(date(2026, 11, 22), KNOWN_AT)
with (Path(__file__).parent / "golden/replacements.csv").open(newline="", encoding="utf-8") as golden:
    ROWS = list(csv.DictReader(golden))

COMMON = {
    **{"net_m2": Decimal(10000), "designation": "GE", "restricted": Outcome.NOT_MET, "emission_limited": Outcome.MET},
    **{"day_db": Decimal(60), "night_db": Decimal(45), "around_the_clock": True, "hazard_class": "none"},
    **{"largest_plot_m2": Decimal(8000), "shorter_side_m": Decimal(70), "road_m": Decimal(1500), "rail": True},
    **{"quay": False, "district": "Harburg", "grid_kw": Decimal(2000), "fibre": True, "hydrogen": False},
    **{"contaminated": False, "flood": False, "heavy_rain": False, "firm_kinds": ("classic",)},
}
LOSS = Loss(**COMMON, lost_on=date(2027, 3, 31))  # type: ignore[arg-type]
OFFERED = Candidate(
    **COMMON,  # type: ignore[arg-type]
    key="A",
    stage="in_force",
    servicing_done_on=date(2027, 1, 1),
    servicing_funded=True,
    available_from=date(2027, 3, 31),
    distance_m=Decimal(4000),
    in_stock_on_loss=Outcome.NOT_MET,
    in_reserve=Outcome.NOT_MET,
    in_port=Outcome.NOT_MET,
    overlaps_loss=Outcome.NOT_MET,
)


def value(name: str, written: str) -> object:
    if not written:
        return None
    if name in ("restricted", "emission_limited", "in_stock_on_loss", "in_reserve", "in_port", "overlaps_loss"):
        return Outcome(written)
    if name == "firm_kinds":
        return () if written == "none" else tuple(written.split("+"))
    if name.endswith(("_m2", "_db", "_m", "_kw")):
        return Decimal(written)
    if name.endswith(("_on", "_from", "_expected")):
        return date.fromisoformat(written)
    return {"yes": True, "no": False}.get(written, written)


def changed(written: str) -> dict[str, object]:
    return {name: value(name, said) for name, _, said in (pair.partition("=") for pair in written.split(";") if pair)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_golden(row: dict[str, str]) -> None:
    loss = replace(LOSS, **changed(row["loss"]))  # type: ignore[arg-type]
    offered = replace(OFFERED, **changed(row["candidate"]))  # type: ignore[arg-type]
    found = assess(loss, [offered], TODAY)
    one = next(one for one in found.criteria if one.name == row["criterion"])
    assert (one.outcome, one.reason.code, found.verdict) == (row["expect"], row["expect_reason"], row["expect_verdict"])
    assert one.cite == TODAY[row["source"]].cite


def test_golden_cases_are_distinct_and_give_every_reason_and_every_criterion_both_ways() -> None:
    assert len({row["case"] for row in ROWS}) == len(ROWS)
    of_the_set = {"nothing_offered", "counted_already", "partly_pledged", "wholly_pledged"}
    of_the_set |= {"offered_net_unknown", "offered_nothing_left"}
    assert {row["expect_reason"] for row in ROWS} == set(Match) - of_the_set
    both = {(row["criterion"], row["expect"]) for row in ROWS}
    assert both >= set(product(NAMES, ("met", "not_met")))


def test_the_verdict_has_a_row_for_every_pair() -> None:
    assert set(VERDICTS) == set(product(Outcome, Outcome))
    for (essential, weighed), verdict in VERDICTS.items():
        assert (verdict is Verdict.EQUIVALENT) is (essential is weighed is Outcome.MET)
        assert (verdict is Verdict.NOT_EQUIVALENT) is (essential is Outcome.NOT_MET)


def test_the_table_of_ranks_is_complete_and_never_contradicts_itself() -> None:
    rows = [row.split() for row in TODAY["replacements.rank"].codes]
    classes = {"GI", "GI_restricted", "GE", "GE_restricted", "G", "other"}
    assert sorted((lost, offered) for lost, offered, _ in rows) == sorted(product(classes, classes))
    assert {says for _, _, says in rows} <= set(Outcome)
    for code, restricted, use in product(TODAY["designations.known"].codes, Outcome, (True, False, None)):
        land = replace(LOSS, designation=code, restricted=restricted, in_use_as_commercial=use)
        assert set(rank_classes(land, TODAY)) <= classes
        assert rank_classes(land, TODAY)


def test_the_lists_fit_each_other() -> None:
    assert set(TODAY["replacements.essential"].codes) <= set(NAMES)
    assert set(GATES) <= set(TODAY["replacements.essential"].codes)
    stages = TODAY["replacements.stages"].codes
    secure, provisional = (set(TODAY[f"replacements.stages_{name}"].codes) for name in ("secure", "provisional"))
    assert secure | provisional < set(stages)
    assert not secure & provisional
    table = Path(__file__).parents[2] / "rules/parameters/xplan/codes.csv"
    with table.open(newline="", encoding="utf-8") as lines:
        known = {row["outcome"] for row in csv.DictReader(lines) if row["list"] == "BP_Rechtsstand"}
    assert known <= set(stages)
    assert set(TODAY["replacements.as_gi"].codes) <= set(TODAY["stock.designations"].codes)


def test_before_the_masterplan_there_was_no_duty() -> None:
    with pytest.raises(NotInForce, match="replacements"):
        assess(LOSS, [OFFERED], LAW.on(date(2022, 12, 31), KNOWN_AT))


def test_nothing_offered_covers_nothing_and_says_so() -> None:
    found = assess(LOSS, [], TODAY)
    assert found.verdict is Verdict.NOT_EQUIVALENT
    assert (found.coverage.missing_m2, found.coverage.ratio) == (Decimal(10000), Decimal(0))
    assert {one.reason.code for one in found.criteria[1:]} == {Match.NOTHING_OFFERED}


def test_several_add_up_and_what_does_not_belong_is_named_and_not_summed() -> None:
    half = replace(OFFERED, net_m2=Decimal(5000), grid_kw=Decimal(1000), largest_plot_m2=Decimal(5000))
    other = replace(half, key="B", largest_plot_m2=Decimal(8000), shorter_side_m=Decimal(10))
    assert assess(LOSS, [half, other], TODAY).verdict is Verdict.EQUIVALENT
    port = replace(OFFERED, key="P", in_port=Outcome.MET, contaminated=True)
    pledged = replace(OFFERED, key="V", pledged_m2=Decimal(10000))
    empty = replace(OFFERED, key="E", net_m2=Decimal(0))
    twice = replace(OFFERED, key="T", overlaps=frozenset({"A"}))
    dateless = replace(OFFERED, key="D", available_from=None)
    unmeasured = replace(OFFERED, key="U", net_m2=None)
    found = assess(LOSS, [half, other, port, pledged, empty, twice], TODAY)
    assert found.verdict is Verdict.EQUIVALENT
    assert found.coverage.counted_m2 == Decimal(10000)
    reasons = {one.key: [reason.code for reason in one.reasons] for one in found.coverage.candidates}
    assert reasons == {
        **{"A": [], "B": [], "P": [Match.OFFERED_IN_PORT], "V": [Match.WHOLLY_PLEDGED]},
        **{"E": [Match.OFFERED_NOTHING_LEFT], "T": [Match.COUNTED_ALREADY]},
    }
    unclear = cover(LOSS, [half, dateless, unmeasured, replace(half, key="W", pledged_m2=Decimal(1))], TODAY)
    assert (unclear.counted_m2, unclear.unclear_m2, unclear.missing_m2) == (9999, 10000, 1)
    said = [reason.code for one in unclear.candidates for reason in one.reasons]
    assert said == [Match.NO_DATE, Match.OFFERED_NET_UNKNOWN, Match.PARTLY_PLEDGED]
    with pytest.raises(ValueError, match="twice"):
        assess(LOSS, [half, half], TODAY)


def test_of_several_the_worst_decides_and_is_named() -> None:
    wet = replace(OFFERED, key="B", flood=True)
    found = {one.name: one for one in assess(LOSS, [OFFERED, wet], TODAY).criteria}
    assert (found["flood"].outcome, found["flood"].candidate) == (Outcome.NOT_MET, "B")
    assert found["largest_plot"].candidate == "A"
    assert found["grid"].offered == Decimal(4000)
    assert [one.name for one in assess(LOSS, [OFFERED, wet], TODAY).open] == ["flood"]


# each fact with its values from the worst to the best for a candidate; what is unknown stands between
BETTER: dict[str, list[object]] = {
    **{name: [False, None, True] for name in ("around_the_clock", "rail", "quay", "fibre", "hydrogen")},
    **{name: [True, None, False] for name in ("contaminated", "flood", "heavy_rain")},
    **{name: [Outcome.MET, Outcome.UNKNOWN, Outcome.NOT_MET] for name in ("in_stock_on_loss", "in_reserve", "in_port")},
    **{name: [Outcome.MET, Outcome.UNKNOWN, Outcome.NOT_MET] for name in ("overlaps_loss", "restricted")},
    "emission_limited": [Outcome.MET, Outcome.NOT_MET],
    "net_m2": [Decimal(0), Decimal(9999), Decimal(10000), Decimal(20000)],
    "pledged_m2": [Decimal(20000), Decimal(5000), Decimal(0)],
    "designation": ["WA", "GE", "GI"],
    "day_db": [Decimal(50), Decimal(60), Decimal(65)],
    "night_db": [Decimal(40), Decimal(45), Decimal(50)],
    "hazard_class": ["none", "I", "II", "III", "IV"],
    "largest_plot_m2": [Decimal(100), Decimal(8000), Decimal(9000)],
    "shorter_side_m": [Decimal(10), Decimal(60), Decimal(100)],
    "road_m": [Decimal(9000), Decimal(3500), Decimal(10)],
    "grid_kw": [Decimal(0), Decimal(2000), Decimal(3000)],
    "distance_m": [Decimal(20000), None, Decimal(10000), Decimal(1)],
    "firm_kinds": [(), None, ("classic",), ("classic", "craft")],
    "stage": ["started", "draft", None, "adopted", "in_force"],
    "plan_ripe": [False, None, True],
    "servicing_funded": [False, None, True],
    "available_from": [date(2035, 1, 1), None, date(2028, 3, 31), date(2020, 1, 1)],
}
RANK = [Verdict.NOT_EQUIVALENT, Verdict.CONDITIONAL, Verdict.EQUIVALENT]
losses = st.fixed_dictionaries({name: st.sampled_from(v) for name, v in BETTER.items() if name in COMMON}).map(
    lambda given: replace(LOSS, **given)
)
offers = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in BETTER.items()}).map(
    lambda given: replace(OFFERED, **given)
)


@given(losses, offers, st.sampled_from(sorted(BETTER)), st.data())
def test_a_better_fact_never_gives_a_worse_verdict(
    loss: Loss, offer: Candidate, name: str, data: st.DataObject
) -> None:
    values = BETTER[name]
    better = data.draw(st.sampled_from(values[values.index(getattr(offer, name)) :]))
    before, after = (assess(loss, [one], TODAY).verdict for one in (offer, replace(offer, **{name: better})))
    assert RANK.index(after) >= RANK.index(before)


@given(losses, offers, offers, offers)
def test_one_more_never_lessens_the_coverage(loss: Loss, a: Candidate, b: Candidate, c: Candidate) -> None:
    some = [replace(one, key=key, overlaps=frozenset("A")) for key, one in (("A", a), ("B", b))]
    more = [*some, replace(c, key="C", overlaps=frozenset("B"))]
    assert cover(loss, some, TODAY).counted_m2 <= cover(loss, more, TODAY).counted_m2
    for found in (cover(loss, more, TODAY), cover(loss, some, TODAY)):
        assert found.counted_m2 <= sum(one.net_m2 or 0 for one in more)


@given(losses, offers, offers)
def test_every_comparison_is_whole(loss: Loss, a: Candidate, b: Candidate) -> None:
    found = assess(loss, [a, replace(b, key="B")], TODAY)
    assert tuple(one.name for one in found.criteria) == NAMES
    assert found.law_version == LAW.version
    assert (found.verdict is Verdict.EQUIVALENT) is (not found.open)


def test_of_what_nobody_recorded_nothing_is_met() -> None:
    found = assess(
        Loss(net_m2=None, designation=None, lost_on=LOSS.lost_on),
        [Candidate(key="A", net_m2=None, designation=None)],
        TODAY,
    )
    assert {one.outcome for one in found.criteria} == {Outcome.UNKNOWN}
    assert found.verdict is Verdict.CONDITIONAL


def test_every_fact_is_compared_or_says_what_it_is_for() -> None:
    compared = set(BETTER) | {"in_use_as_commercial", "district", "servicing_done_on", "in_force_expected"}
    assert {field.name for field in fields(Candidate)} - compared == {"key", "overlaps"}
    assert len(CRITERIA) + 1 == len(NAMES)
