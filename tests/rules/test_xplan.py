"""The tables of XPlanung: every code of every list has its outcome, version by version, and no other one has."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import xplan
from rules.law import LAW

GOLDEN = Path(__file__).parent / "golden"
USES = {"outline", "building_area", "other_use", "ban", "none"}
DEDUCTIONS = {"road", "rail", "green", "compensation", "water", "flood_defence", "protective_strip"}
STAGES = {
    *("started", "draft", "participation", "display", "adopted", "in_force", "partly_lapsed", "repealed", "expired"),
    "unknown",
}
WORKPLACE = {"GE", "GI", "I", "G"}


def read(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


CASES = read("xplan_codes.csv")


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row['list']} {row['code']} {row['version']}")
def test_code(row: dict[str, str]) -> None:
    found = xplan.meaning(row["version"], row["list"], row["code"])
    if row["expect"] == "no such code":
        assert found is None
    else:
        assert found is not None
        assert (found.name, found.outcome, found.deduction or "") == (row["name"], row["expect"], row["deduction"])


def test_every_code_has_a_case_on_both_sides_of_each_seam_of_versions() -> None:
    cases = {(row["list"], row["code"], row["version"]) for row in CASES}
    for row in xplan.rows("codes"):
        since, until = xplan.VERSIONS.index(row["since"]), xplan.VERSIONS.index(row["until"])
        seams = {max(since - 1, 0), since, until, min(until + 1, len(xplan.VERSIONS) - 1)}
        assert {(row["list"], row["code"], xplan.VERSIONS[at]) for at in seams} <= cases, row


@pytest.mark.parametrize("row", read("xplan_features.csv"), ids=lambda row: f"{row['feature']} {row['version']}")
def test_feature_type(row: dict[str, str]) -> None:
    found = xplan.feature_type(row["version"], row["feature"])
    if row["use"] == "no such type":
        assert found is None
        return
    assert found is not None
    said = (found.use, found.closes, found.designation or "", found.deduction or "", found.deducted)
    assert said == (row["use"], row["closes"], row["designation"], row["deduction"], row["deducted"])


def test_every_feature_type_has_a_case_in_the_first_and_the_last_of_its_versions() -> None:
    cases = {(row["feature"], row["version"]) for row in read("xplan_features.csv")}
    for row in xplan.rows("features"):
        assert {(row["feature"], row["since"]), (row["feature"], row["until"])} <= cases


def test_outcomes_are_words_that_the_register_knows() -> None:
    designations = {code for value in LAW.parameters["designations.known"] for code in value.codes} | {"unknown"}
    allowed = {
        "BP_Rechtsstand": STAGES,
        "XP_BesondereArtDerBaulNutzung": designations,
        "BP_BesondereArtDerBaulNutzung_FHH": designations,
        "BP_BesondereZweckbestimmungGemVerSon_FHH": designations - WORKPLACE,
        "XP_Rechtsstand": {"holds", "ends"},
        "XP_Sondernutzungen": {"port", "other"},
    }
    for row in xplan.rows("codes"):
        assert row["outcome"] in allowed.get(row["list"], {row["outcome"]}), row
        assert row["deduction"] in DEDUCTIONS | {""}, row
    for row in xplan.rows("features"):
        assert row["use"] in USES, row
        assert row["closes"] in {"always", "stated", "never"}, row
        assert row["designation"] in (designations - WORKPLACE) | {""}, row
        assert row["deduction"] in DEDUCTIONS | {""}, row
        assert not row["designation"] or row["closes"] != "never", row


def test_lists_that_refine_a_feature_type_exist_in_its_versions() -> None:
    for version in xplan.VERSIONS:
        lists = {row["list"] for row in xplan.rows("codes") if xplan.meaning(version, row["list"], row["code"])}
        for row in xplan.rows("features"):
            found = xplan.feature_type(version, row["feature"])
            if found is not None and found.codes and row["feature"] not in {"BP_Immissionsschutz", "SO_Bauverbotszone"}:
                assert found.codes in lists, (version, row["feature"])


def test_every_row_cites_a_source() -> None:
    cited = {row["source"] for table in ("codes", "features") for row in xplan.rows(table)}
    assert cited == set(xplan.sources())
    assert all(source.url.startswith("https://") and source.text for source in xplan.sources().values())


@given(st.sampled_from(xplan.VERSIONS), st.text(max_size=6))
def test_what_no_list_has_is_unknown_and_never_a_guess(version: str, code: str) -> None:
    known = {row["code"] for row in xplan.rows("codes")}
    if code not in known:
        assert xplan.stage(version, code) == "unknown"
        assert xplan.building_area(version, code, None) == xplan.building_area(version, None, code) == "unknown"
        assert xplan.plan_kind(version, code or None, None) in ("unknown", f"unknown:BP_PlanArt:{code}")
        assert xplan.legal_character(version, code) in ("unknown", "set")
        assert xplan.deed(version, code) == "unknown"


@pytest.mark.parametrize("version", xplan.VERSIONS)
def test_only_a_special_kind_of_use_makes_workplace_land(version: str) -> None:
    by_baunvo = {
        row["code"]: xplan.building_area(version, row["code"], None)
        for row in xplan.rows("codes")
        if row["list"] == "XP_BesondereArtDerBaulNutzung"
    }
    assert {code for code, use in by_baunvo.items() if use in WORKPLACE} == {"1700", "1800"}
    assert xplan.building_area(version, "1800", "1400") == "G"
    assert xplan.building_area(version, None, None) == "unknown"
    assert {row["outcome"] for row in xplan.rows("codes") if row["list"] == "XP_AllgArtDerBaulNutzung"} == {"unknown"}


def test_the_traps() -> None:
    assert (xplan.stage("5.4", "2000"), xplan.stage("6.0", "2000")) == ("draft", "started")
    assert (xplan.stage("5.2", "50000"), xplan.stage("5.3", "50000")) == ("unknown", "repealed")
    assert xplan.legal_character("5.4", "3000") == "information"
    assert xplan.legal_character("6.0", "3000") == "foreign"
    assert xplan.legal_character("5.4", "5000") == "information"
    assert xplan.legal_character("6.0", "5000") == "foreign"
    assert xplan.plan_kind("4.0", "1000", "11003") == "baustufenplan"
    assert xplan.plan_kind("4.1", "3100", None) == "unknown:BP_PlanArt:3100"
    assert xplan.deed("5.4", "1100") == xplan.deed("6.0", "10001") == "ergaenzen"
