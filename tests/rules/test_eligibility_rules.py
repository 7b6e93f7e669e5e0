"""Eligibility: the golden cases, that the tables are complete, and what must hold of all facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.criteria import Because
from rules.eligibility import (
    DATED,
    NOT_MET,
    PURPOSES,
    RECORDED,
    Effect,
    Purpose,
    Verdict,
    dated,
    effect_of,
    in_question,
    judge,
    of_parcel,
    verdict,
)
from rules.facts import Holding, Outcome, Part
from rules.law import LAW, NotInForce
from rules.reserve import assess
from rules.suitability import Ground, Land
from tests.rules.test_golden_rules import KNOWN_AT, YES_NO, Row, holding, read

ON = date(2026, 11, 20)
TODAY = LAW.on(ON, KNOWN_AT)
ROWS = read("eligibility.csv")


def land(row: Row) -> Land:
    net_m2 = Decimal(row["net_m2"]) if row["net_m2"] else None
    part = Part(
        row["designation"] or None,
        YES_NO[row["in_use_as_commercial"]],
        row["in_port"] == "yes",
        net_m2,
        holding(row),
    )
    return Land(part, YES_NO[row["marketable"]])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_golden(row: Row) -> None:
    on = date.fromisoformat(row["on"])
    law, purpose = LAW.on(on, KNOWN_AT), Purpose(row["purpose"])
    if row["expect_verdict"] == "not_in_force":
        with pytest.raises(NotInForce):
            judge(land(row), purpose, on, law)
        return
    found = judge(land(row), purpose, on, law)
    still_open = [f"{c.name}:{c.reason.code}:{c.effect}" for c in found if c.effect is not Effect.NONE]
    assert ";".join(still_open) == row["expect_open"]
    assert verdict(found) == row["expect_verdict"]
    assert str(dated(found) or "") == row["expect_from"]


def test_golden_cases_are_distinct_and_name_a_parameter() -> None:
    assert len({row["case"] for row in ROWS}) == len(ROWS)
    assert {row["source"] for row in ROWS} <= LAW.parameters.keys()


def test_every_criterion_of_every_purpose_has_a_case_for_each_outcome_it_can_have() -> None:
    """Met, not met and unknown each; the port is never unknown."""
    seen = {
        (row["purpose"], c.name, c.outcome)
        for row in ROWS
        if row["expect_verdict"] != "not_in_force"
        for c in judge(land(row), Purpose(row["purpose"]), ON, TODAY)
    }
    wanted = {
        (purpose.value, name, outcome)
        for purpose, criteria in PURPOSES.items()
        if purpose is not Purpose.AWARD  # what it shares with the reserve stands there
        for name, outcome in product(criteria, Outcome)
        if not (name.startswith("outside_port") and outcome is Outcome.UNKNOWN)
    }
    wanted |= {("award", name, outcome) for name, outcome in product(("offerable", "award_size"), Outcome)}
    assert wanted - seen == set()


HOLDINGS = [
    Holding(holder, disposition, until, flag, flag, flag, flag, day)
    for holder, disposition, until, flag, day in product(
        (None, "HIE", "private", "nobody"),
        (None, "free", "reserved", "sold", "lent"),
        (None, date(2026, 11, 20), date(2027, 1, 1)),
        (None, True, False),
        (None, date(2020, 1, 1), date(2040, 1, 31)),
    )
]
LANDS = [
    Land(Part(designation, use, port, size, held), marketable, measured)
    for designation, use, port, size, held, marketable, measured in [
        *product((None, "GE", "WA", "G", "??"), (None, True, False), (True, False), (None,), (None,), (None,), (True,)),
        *product(("GE",), (None,), (False,), (Decimal(0), Decimal(5), Decimal(5000)), HOLDINGS[:1], (None,), (True,)),
        *product(("GE",), (None,), (False,), (Decimal(5000),), HOLDINGS, (None, True, False), (True, False)),
    ]
]


def test_the_effects_are_complete() -> None:
    """Every reason for not met has its effect, and none stands there that no criterion gives."""
    found = {
        (c.outcome, c.reason.code)
        for asked, purpose in product([*LANDS, Land(LANDS[0].part, recorded=False)], Purpose)
        for c in judge(asked, purpose, ON, TODAY)
    }
    codes = {code for outcome, code in found if outcome is Outcome.NOT_MET}
    assert codes == set(NOT_MET)
    given = {code for _, code in found}
    assert given | {Ground.TO_BE_JUDGED, Ground.RECORDED} == set(Because) | set(Ground)


def test_the_effect_of_an_outcome_is_a_table() -> None:
    assert {effect_of(Outcome.MET, code) for code in (*Because, *Ground)} == {Effect.NONE}
    assert {effect_of(Outcome.UNKNOWN, code) for code in (*Because, *Ground)} == {Effect.MISSING}
    assert {effect_of(Outcome.NOT_MET, code) for code in NOT_MET} == {Effect.REMEDIABLE, Effect.DECISIVE}
    assert all(NOT_MET[code] is Effect.REMEDIABLE for code in DATED)


EFFECTS = [frozenset(e for e, n in zip(Effect, bits, strict=True) if n) for bits in product((0, 1), repeat=4)]


@pytest.mark.parametrize("effects", EFFECTS, ids=lambda effects: "+".join(sorted(effects)) or "nothing")
def test_the_verdict_of_every_set_of_effects(effects: frozenset[Effect]) -> None:
    sample = judge(LANDS[0], Purpose.RESERVE, ON, TODAY)[0]
    found = verdict(replace(sample, effect=effect) for effect in effects)
    if Effect.DECISIVE in effects:
        assert found is Verdict.NOT_ELIGIBLE
    elif effects & {Effect.MISSING, Effect.REMEDIABLE}:
        assert found is Verdict.CONDITIONAL
    else:
        assert found is Verdict.ELIGIBLE


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("eligible", "eligible"),
        ("eligible eligible", "eligible"),
        ("conditional", "conditional"),
        ("not_eligible", "not_eligible"),
        ("not_eligible not_eligible", "not_eligible"),
        ("eligible conditional", "conditional"),
        ("eligible not_eligible", "conditional"),
        ("conditional not_eligible", "conditional"),
        ("eligible conditional not_eligible", "conditional"),
    ],
)
def test_a_parcel_is_eligible_if_all_its_land_in_question_is(verdicts: str, expected: str) -> None:
    assert of_parcel(map(Verdict, verdicts.split())) == expected


def plain(designation: str | None, net_m2: str | None = "500", use: bool | None = None) -> Land:
    return Land(Part(designation, use, False, Decimal(net_m2) if net_m2 else None, None))


@pytest.mark.parametrize(
    ("lands", "expected"),
    [
        ([plain("GE"), plain("WA")], [True, False]),
        ([plain("WA"), plain("MU")], [True, True]),
        ([plain("GE"), plain(None, "1")], [True, True]),
        ([plain("GE"), plain(None, "0.99")], [True, False]),
        ([plain("GE"), plain(None, None)], [True, True]),
        ([plain(None, "0.5")], [True]),
        ([plain("G", use=False), plain("GI")], [False, True]),
        ([plain("G", use=None), plain("GI")], [True, True]),
        ([plain("??"), plain("WA")], [True, False]),
    ],
)
def test_what_is_in_question(lands: list[Land], expected: list[bool]) -> None:
    assert in_question(lands, TODAY) == expected


def test_of_a_parcel_that_is_not_there_only_that_is_said() -> None:
    gone = Land(Part(None, None, False, None, None), recorded=False)
    for purpose in Purpose:
        (only,) = judge(gone, purpose, ON, TODAY)
        assert (only.name, only.outcome, only.reason.code) == ("recorded", "not_met", Ground.NOTHING_RECORDED)
        assert verdict([only]) is Verdict.NOT_ELIGIBLE
    assert RECORDED["recorded"][1](plain("GE"), ON, TODAY).outcome is Outcome.MET


def test_dispositions_that_can_be_offered_reserved_and_disposed_are_all_there_are() -> None:
    names = ("eligibility.offerable", "dispositions.reserved", "dispositions.disposed")
    parts = [set(TODAY[name].codes) for name in names]
    assert set.union(*parts) == set(TODAY["dispositions.known"].codes)
    assert sum(map(len, parts)) == len(set.union(*parts))


FLAG = st.none() | st.booleans()
DAY = st.none() | st.dates(date(2020, 1, 1), date(2035, 1, 1))
HELD = st.builds(
    Holding,
    st.sampled_from([None, "HIE", "private", "SAGA", "nobody"]),
    st.sampled_from([None, "free", "requested", "reserved", "sold", "let", "lent"]),
    DAY,
    FLAG,
    FLAG,
    FLAG,
    FLAG,
    DAY,
)
ANY = st.builds(
    Land,
    st.builds(
        Part,
        st.sampled_from([None, "GE", "GI", "G", "WA", "??"]),
        FLAG,
        st.booleans(),
        st.none() | st.decimals(0, 3000, places=2),
        st.none() | HELD,
    ),
    FLAG,
)
RANK = {Verdict.ELIGIBLE: 0, Verdict.CONDITIONAL: 1, Verdict.NOT_ELIGIBLE: 2}
KNOWN: dict[str, Any] = {
    "holder": st.sampled_from(["HIE", "private"]),
    "disposition": st.sampled_from(["free", "sold", "reserved"]),
    "serviced": st.booleans(),
    "cleared": st.booleans(),
    "binding_use": st.booleans(),
    "opposing_plan": st.booleans(),
    "construction_possible_from": st.dates(date(2020, 1, 1), date(2035, 1, 1)),
}


@given(ANY, st.sampled_from(Purpose), st.data())
def test_an_unknown_that_turns_out_met_never_worsens_the_verdict(asked: Land, purpose: Purpose, data: Any) -> None:
    before = judge(asked, purpose, ON, TODAY)
    held = asked.part.holding or Holding()
    facts = {name: data.draw(value) for name, value in KNOWN.items() if getattr(held, name) is None}
    part = replace(asked.part, holding=replace(held, **facts), designation=asked.part.designation or "GE")
    part = replace(part, net_m2=Decimal(2000) if part.net_m2 is None else part.net_m2)
    after = judge(
        Land(part, data.draw(st.booleans()) if asked.marketable is None else asked.marketable), purpose, ON, TODAY
    )
    turned = [(b.outcome, a.outcome) for b, a in zip(before, after, strict=True)]
    assert all(a is b for b, a in turned if b is not Outcome.UNKNOWN)
    if all(a is Outcome.MET for b, a in turned if b is Outcome.UNKNOWN):
        assert RANK[verdict(after)] <= RANK[verdict(before)]
    assert verdict(before) is not Verdict.ELIGIBLE or verdict(after) is Verdict.ELIGIBLE


@given(ANY)
def test_what_is_eligible_for_the_reserve_is_what_the_ledger_counts(asked: Land) -> None:
    counted = assess(asked.part, ON, TODAY).standing.startswith("counted")
    assert (verdict(judge(asked, Purpose.RESERVE, ON, TODAY)) is Verdict.ELIGIBLE) == counted


@given(ANY, st.sampled_from(Purpose))
def test_on_the_day_that_is_named_it_is_eligible_by_the_same_facts(asked: Land, purpose: Purpose) -> None:
    day = dated(judge(asked, purpose, ON, TODAY))
    if day is not None:
        assert day > ON
        assert verdict(judge(asked, purpose, day, LAW.on(day, KNOWN_AT))) is Verdict.ELIGIBLE
