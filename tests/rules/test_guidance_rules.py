"""What a guidance's rules say: golden questions, and that a missing fact never clears a case."""

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conversions import Cases, GuidanceResult, Planning, Purpose, Route
from rules.facts import Outcome
from rules.guidance import (
    STRICTEST_FIRST,
    Condition,
    GuidanceBecause,
    GuidanceFinding,
    GuidanceQuestion,
    GuidanceRule,
    combined,
    find,
    strictest,
)

with (Path(__file__).parent / "golden/guidance.csv").open(newline="", encoding="utf-8") as golden:
    ROWS = list(csv.DictReader(golden))
COMMON = {"document": "h", "version": "1", "page": "7", "wording": "..."}
PERMITTED, EXCLUDED = GuidanceResult.PERMITTED, GuidanceResult.EXCLUDED
CASE_BY_CASE, SILENT = GuidanceResult.CASE_BY_CASE, GuidanceResult.SILENT
SMALL = Condition(purposes=(Purpose.HOUSING,), max_affected_m2=Decimal(2000))
RULES = {
    "permit": GuidanceRule(
        **COMMON, id="permit", result=PERMITTED, routes=(Route.B31_3,), designations=("GE",), condition=SMALL
    ),
    "exclude": GuidanceRule(**COMMON, id="exclude", result=EXCLUDED, condition=Condition(private_marketable=True)),
    "look": GuidanceRule(
        **COMMON,
        id="look",
        result=CASE_BY_CASE,
        condition=Condition(cases=(Cases.SEVERAL,), planning=(Planning.UNPLANNED, Planning.OUTER)),
    ),
    "leave": GuidanceRule(
        **COMMON,
        id="leave",
        result=SILENT,
        condition=Condition(min_housing_share=Decimal("0.25"), max_housing_share=Decimal("0.75")),
    ),
    "zone": GuidanceRule(**COMMON, id="zone Insel", result=EXCLUDED, condition=Condition(zones=("Insel",))),
    "district": GuidanceRule(**COMMON, id="district", result=EXCLUDED, condition=Condition(districts=("Altona",))),
}
OUTCOMES = {"yes": Outcome.MET, "no": Outcome.NOT_MET, "": Outcome.UNKNOWN}


def question(row: dict[str, str]) -> GuidanceQuestion:
    met = {"": None, "none": frozenset()}.get(row["zones"], frozenset({tuple(row["zones"].split("/"))}))
    return GuidanceQuestion(
        route=Route(row["route"]),
        purpose=Purpose(row["purpose"]),
        designation=row["designation"] or None,
        planning=Planning(row["planning"]) if row["planning"] else None,
        cases=Cases(row["cases"]) if row["cases"] else None,
        district=row["district"] or None,
        affected_m2=Decimal(row["affected_m2"]) if row["affected_m2"] else None,
        housing_share=Decimal(row["housing_share"]) if row["housing_share"] else None,
        private_marketable=OUTCOMES[row["private_marketable"]],
        zones=met,
    )


def asked(names: str) -> list[GuidanceRule]:
    return [RULES[name] for name in names.split()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_what_the_rules_say(row: dict[str, str]) -> None:
    found = find(asked(row["rules"]), question(row))
    assert (found.result, found.because) == (row["expect"], row["because"])
    assert (found.rule or "") == row["expect_rule"]
    assert " ".join(rule.id for rule in found.undecided) == row["undecided"]
    assert " ".join(sorted(found.missing)) == row["missing"]
    assert (found.version, found.page) == (("1", "7") if found.rule else (None, None))


def test_every_row_names_its_source_and_every_result_and_reason_has_one() -> None:
    assert all(row["source"] for row in ROWS)
    assert {row["expect"] for row in ROWS} == set(GuidanceResult) == set(STRICTEST_FIRST)
    assert {row["because"] for row in ROWS} == set(GuidanceBecause) - {GuidanceBecause.NOT_ASKED}
    assert {name for row in ROWS for name in row["missing"].split()} == {
        *(
            "designation",
            "affected_m2",
            "private_marketable",
            "housing_share",
            "zones",
            "district",
            "cases",
            "planning",
        ),
    }


def test_a_rule_that_says_otherwise_is_told() -> None:
    (row,) = [row for row in ROWS if row["case"] == "the strictest of two holds"]
    found = find(asked(row["rules"]), question(row))
    assert [rule.id for rule in found.otherwise] == ["permit"]


def test_a_finding_says_that_it_rests_on_a_demonstration() -> None:
    row = next(row for row in ROWS if row["expect_rule"] == "permit" and row["because"] == "rule")
    assert not find(asked("permit"), question(row)).demonstration
    assert find([replace(RULES["permit"], demonstration=True)], question(row)).demonstration


def test_several_designations_are_as_strict_as_the_strictest() -> None:
    findings = [GuidanceFinding(result, GuidanceBecause.RULE) for result in (PERMITTED, EXCLUDED, SILENT)]
    assert combined(findings).result is EXCLUDED
    assert combined([findings[0], findings[2]]).result is SILENT
    assert combined([]) == GuidanceFinding(SILENT, GuidanceBecause.NOT_ASKED)
    assert strictest([]) is SILENT


def optional(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


ANY_QUESTION = st.builds(
    GuidanceQuestion,
    route=st.sampled_from(Route),
    purpose=st.sampled_from(Purpose),
    designation=st.sampled_from(["GE", "GI", None]),
    planning=optional(st.sampled_from(Planning)),
    cases=optional(st.sampled_from(Cases)),
    district=st.sampled_from(["Altona", "Nord", None]),
    affected_m2=optional(st.decimals(0, 4000, places=2)),
    housing_share=optional(st.decimals(0, 1, places=2)),
    private_marketable=st.sampled_from(Outcome),
    zones=st.sampled_from([None, frozenset(), frozenset({("h", "Insel")})]),
)
ANY_RULES = st.lists(st.sampled_from(list(RULES.values())), unique=True)
FORGOTTEN = {"designation": None, "planning": None, "cases": None, "district": None, "affected_m2": None}
FORGOTTEN |= {"housing_share": None, "private_marketable": Outcome.UNKNOWN, "zones": None}


@given(ANY_RULES, ANY_QUESTION, st.sets(st.sampled_from(list(FORGOTTEN))))
def test_forgetting_facts_never_clears_a_case(
    rules: list[GuidanceRule], known: GuidanceQuestion, forgotten: set[str]
) -> None:
    before = find(rules, known).result
    after = find(rules, replace(known, **{name: FORGOTTEN[name] for name in forgotten})).result
    assert after is not PERMITTED or before is PERMITTED
    assert after is not EXCLUDED or before is EXCLUDED


@given(ANY_RULES, ANY_RULES, ANY_QUESTION)
def test_a_further_rule_never_makes_it_less_strict_unless_it_was_silent(
    rules: list[GuidanceRule], more: list[GuidanceRule], asked_for: GuidanceQuestion
) -> None:
    few, many = find(rules, asked_for), find([*rules, *more], asked_for)
    if few.because is GuidanceBecause.RULE:
        assert STRICTEST_FIRST.index(many.result) <= STRICTEST_FIRST.index(few.result)


@given(ANY_RULES, ANY_QUESTION)
def test_the_order_of_the_rules_does_not_matter(rules: list[GuidanceRule], asked_for: GuidanceQuestion) -> None:
    there, back = find(rules, asked_for), find(rules[::-1], asked_for)
    assert (there.result, there.because, set(there.undecided)) == (back.result, back.because, set(back.undecided))
    assert set(there.missing) == set(back.missing)
