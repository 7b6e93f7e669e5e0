"""Conversions: the golden table of the law, both sides of each of its days, and what must hold of every case."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from rules.conditions import CONDITIONS
from rules.conversion_law import in_force, parameter, versions
from rules.conversions import (
    AffectedLand,
    CaseFacts,
    CaseRefused,
    Cases,
    EnvironmentScreening,
    Ground,
    GuidanceResult,
    Hearing,
    Involvement,
    Level,
    Planning,
    Purpose,
    Refusal,
    Requirement,
    Route,
    assess,
)
from rules.facts import Outcome
from rules.law import LAW, Law

KNOWN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEFT_TO_PEOPLE = {Requirement.CONSENT, Requirement.PUBLIC_INTERESTS}

Row = dict[str, str]

with (Path(__file__).parent / "golden/conversions.csv").open(newline="", encoding="utf-8") as golden:
    ROWS = list(csv.DictReader(golden))


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def number(text: str) -> int | None:
    return int(text) if text else None


def land(designation: str | None = "GE", m2: str = "5000", in_port: bool = False) -> AffectedLand:
    known = Outcome.MET if designation in ("GE", "GI") else Outcome.NOT_MET
    workplace = Outcome.UNKNOWN if designation is None else known
    return AffectedLand("02023_00123______", designation, Decimal(m2), workplace, Outcome.UNKNOWN, in_port)


def case(row: Row) -> CaseFacts:
    hearing = Hearing(number(row["hearing_months"]), number(row["hearing_days"]))
    return CaseFacts(
        route=Route(row["route"]),
        planning=Planning(row["planning"]) if row["planning"] else None,
        purpose=Purpose(row["purpose"]),
        cases=Cases(row["cases"]) if row["cases"] else None,
        application_on=day(row["application_on"]),
        request_received_on=day(row["request_received_on"]),
        hearing=hearing if row["hearing_months"] or row["hearing_days"] else None,
        decision_on=day(row["decision_on"]),
        on=date.fromisoformat(row["on"]),
        environment=EnvironmentScreening(row["environment"]) if row["environment"] else None,
        affected=(land(row["designation"] or None),),
        impaired=Outcome.NOT_MET,
        guidance=GuidanceResult.SILENT,
        comparable_cases=int(row["comparable_cases"]),
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_golden_case(row: Row) -> None:
    if row["expect"].startswith("refused:"):
        with pytest.raises(CaseRefused) as caught:
            assess(case(row), LAW, KNOWN_AT)
        assert f"refused:{caught.value.code.value}" == row["expect"]
        return
    found = assess(case(row), LAW, KNOWN_AT)
    names = {outcome: {one.name.value for one in found.conditions if one.outcome is outcome} for outcome in (*Outcome,)}
    assert (found.law_version, found.legal_review) == (row["expect"], row["expect_review"] == "yes")
    assert names[Outcome.NOT_MET] == set(filter(None, row["expect_not_met"].split(";")))
    assert names[Outcome.UNKNOWN] - LEFT_TO_PEOPLE == set(filter(None, row["expect_unknown"].split(";")))


def test_golden_cases_are_distinct_and_name_their_paragraph() -> None:
    assert len({row["case"] for row in ROWS}) == len(ROWS)
    days_in_wrong_order = {"decision on the day of the application"}
    days_in_wrong_order |= {row["case"] for row in ROWS if "before" in row["expect"] or "future" in row["expect"]}
    assert {row["case"] for row in ROWS if "§" not in row["source"]} == days_in_wrong_order


@pytest.mark.parametrize("route", Route)
def test_every_day_on_which_a_route_s_wording_changes_has_a_golden_case_on_both_sides(route: Route) -> None:
    asked = {row["decision_on"] for row in ROWS if row["route"] == route.value}
    seams = [value.since for value in LAW.parameters[parameter(route)]]
    if route is Route.B31_3:
        seams = seams[1:]  # from 1987 on there is nothing to decide by it
    for seam in seams:
        assert {seam.isoformat(), (seam - timedelta(days=1)).isoformat()} <= asked


def test_every_condition_every_outcome_of_it_and_every_refusal_is_golden() -> None:
    refused = {row["expect"].removeprefix("refused:") for row in ROWS if row["expect"].startswith("refused:")}
    assert refused == set(Refusal) - {Refusal.IN_PORT_ONLY, Refusal.ROUTE_NOT_KNOWN}
    assert {row["expect"] for row in ROWS if not row["expect"].startswith("refused:")} == set(versions())
    assert set(CONDITIONS) == set(Requirement)


def test_every_wording_that_the_law_names_is_in_the_table_or_says_that_there_is_none() -> None:
    named = {str(value.value) for route in Route for value in LAW.parameters[parameter(route)]}
    assert {name for name in named if not name.endswith(("_none", "_expired"))} == set(versions())


def test_every_purpose_is_served_in_part_or_not_at_all_by_each_wording() -> None:
    for version in versions().values():
        assert not version.purposes & version.purposes_in_part
        assert not version.planning & (version.planning_as_building_area | version.planning_nearby)


def housing() -> CaseFacts:
    return case(next(row for row in ROWS if row["case"] == "second wording by the day of asking"))


def test_land_in_the_port_alone_is_refused_and_partly_is_told() -> None:
    with pytest.raises(CaseRefused) as caught:
        assess(replace(housing(), affected=(land(in_port=True), land("GI", in_port=True))), LAW, KNOWN_AT)
    assert caught.value.code is Refusal.IN_PORT_ONLY
    partly = assess(replace(housing(), affected=(land("WA"), land(m2="12.5", in_port=True))), LAW, KNOWN_AT)
    port = next(one for one in partly.conditions if one.name is Requirement.OUTSIDE_PORT)
    assert (port.outcome, port.reason.code) == (Outcome.UNKNOWN, Ground.PARTLY_IN_PORT)
    assert port.reason.params == (("m2", Decimal("12.5")),)
    assert port.citation.paragraph == "§ 1 Abs. 3 HafenEG"
    assert Ground.LAND_NOT_TOUCHED in {reason.code for reason in partly.reasons}


def test_workplace_land_is_named_with_its_area_and_private_marketable_land_beside_it() -> None:
    private = replace(land("GI", "1000.5"), private_marketable=Outcome.MET)
    found = assess(replace(housing(), affected=(land(), private, land("WA", "7"))), LAW, KNOWN_AT)
    said = {reason.code: dict(reason.params) for reason in found.reasons}
    assert said[Ground.LAND_TOUCHED] == {"m2": Decimal("6000.5"), "designations": "GE, GI"}
    assert said[Ground.PRIVATE_MARKETABLE_TOUCHED] == {"m2": Decimal("1000.5")}


@pytest.mark.parametrize("affected", [(), (land(m2="0"),)], ids=["none", "of no area"])
def test_no_land_recorded_is_a_missing_fact(affected: tuple[AffectedLand, ...]) -> None:
    found = assess(replace(housing(), affected=affected, guidance=GuidanceResult.EXCLUDED), LAW, KNOWN_AT)
    assert found.involvement is Involvement.CHECK
    assert Ground.NO_LAND_RECORDED in {reason.code for reason in found.reasons}


def test_what_was_not_yet_published_is_not_applied() -> None:
    """As known in September 2025 the first wording still held in 2026, and § 246e did not exist."""
    then = datetime(2025, 9, 1, tzinfo=UTC)
    assert assess(housing(), LAW, then).law_version == "P31_3_V1"
    with pytest.raises(CaseRefused) as caught:
        assess(replace(housing(), route=Route.B246E), LAW, then)
    assert caught.value.code is Refusal.ROUTE_NOT_KNOWN


def test_a_route_with_an_end_names_it() -> None:
    found = assess(replace(housing(), route=Route.B246E), LAW, KNOWN_AT)
    assert found.conditions[0].reason.code is Ground.IN_FORCE_UNTIL
    assert dict(found.conditions[0].reason.params)["last_day"] == date(2030, 12, 31)
    assert assess(housing(), LAW, KNOWN_AT).conditions[0].reason.code is Ground.IN_FORCE


def test_refusals_carry_what_their_sentence_needs() -> None:
    with pytest.raises(CaseRefused) as caught:
        in_force(Route.B246_14, LAW.on(date(2021, 7, 1), KNOWN_AT))
    assert dict(caught.value.params) == {
        "route": "B246_14",
        "day": date(2021, 7, 1),
        "last_day": date(2019, 12, 31),
        "begins": date(2022, 4, 30),
    }


def test_every_condition_cites_and_the_assessment_repeats_no_citation() -> None:
    found = assess(housing(), LAW, KNOWN_AT)
    assert {one.citation for one in found.conditions} <= set(found.citations)
    assert len(set(found.citations)) == len(found.citations)


def test_the_series_is_a_reason() -> None:
    found = assess(replace(housing(), comparable_cases=3), LAW, KNOWN_AT)
    assert dict(next(one.params for one in found.reasons if one.code is Ground.SERIES)) == {"earlier": 3}


def test_the_level_of_a_route_is_lifted_by_one_more_dated_entry() -> None:
    name = "conversions.level_B246e"
    (first,) = LAW.parameters[name]
    lifted = Law({**LAW.parameters, name: (first, replace(first, value="duty", since=date(2027, 1, 1)))})
    turbo = replace(housing(), route=Route.B246E, guidance=GuidanceResult.EXCLUDED)
    found = [
        assess(replace(turbo, decision_on=on), lifted, KNOWN_AT).involvement
        for on in (date(2026, 12, 31), date(2027, 1, 1))
    ]
    assert found == [Involvement.RECOMMENDED, Involvement.REQUIRED]


def test_codes_of_the_tables_are_codes_that_somebody_knows() -> None:
    law = LAW.on(KNOWN_AT.date(), KNOWN_AT)
    known = set(law["designations.known"].codes)
    assert set(law["conversions.building_areas"].codes) <= known
    assert {area for version in versions().values() for area in version.building_areas} <= known
    assert {value.value for route in Route for value in LAW.parameters[f"conversions.level_{route.value}"]} == set(
        Level
    )


def test_without_a_written_duty_before_the_masterplan_the_same_case_is_recommended() -> None:
    against = replace(housing(), guidance=GuidanceResult.EXCLUDED)
    days = (date(2022, 12, 31), date(2023, 1, 1))
    found = [assess(replace(against, decision_on=on), LAW, KNOWN_AT).involvement for on in days]
    assert found == [Involvement.RECOMMENDED, Involvement.REQUIRED]
