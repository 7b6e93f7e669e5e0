"""The screening by distance: golden cases on both sides of each distance, complete over its closed enums, never a silent "no"."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Outcome
from rules.law import LAW, NotInForce
from rules.neighbours import Kind, Near, Nearby, Neighbour, judge, screen, widest_m

KNOWN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = LAW.on(date(2026, 11, 22), KNOWN_AT)
with (Path(__file__).parent / "golden/neighbours.csv").open(newline="", encoding="utf-8") as golden:
    ROWS = list(csv.DictReader(golden))

PURPOSES = [*(pair.split()[0] for pair in TODAY["neighbours.purposes"].codes), "other"]
KAS18 = [None, *TODAY["neighbours.kas18_classes"].codes]
CLASSES = [None, *TODAY["neighbours.distance_classes"].codes]
DESIGNATIONS = [None, "GE", "GI", "I", "G", "SO", "WA"]


def nearby(row: dict[str, str]) -> Nearby:
    return Nearby(
        Kind(row["kind"]),
        "N",
        Decimal(row["distance_m"]),
        row["designation"] or None,
        Outcome(row["stock"] or "unknown"),
        row["kas18_class"] or None,
        row["distance_class"] or None,
        row["on_site"] == "yes",
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_golden(row: dict[str, str]) -> None:
    law = LAW.on(date.fromisoformat(row["on"]), KNOWN_AT)
    if row["expect"] == "not_in_force":
        with pytest.raises(NotInForce):
            judge(nearby(row), row["purpose"], law)
        return
    found = judge(nearby(row), row["purpose"], law)
    findings = ";".join(f"{finding.criterion}={finding.reason.code}" for finding in found.findings)
    assert (found.outcome, findings) == (row["expect"], row["expect_findings"])
    assert law[row["source"]].cite in [cite for finding in found.findings for cite in finding.cites]


def test_golden_cases_are_distinct_and_give_every_reason_of_a_neighbour() -> None:
    assert len({row["case"] for row in ROWS}) == len(ROWS)
    given_reasons = {said.partition("=")[2] for row in ROWS for said in row["expect_findings"].split(";") if said}
    assert given_reasons == set(Near) - {Near.PLANTS_NOT_RECORDED, Near.LAND_NOT_RECORDED}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_combination_is_judged_and_has_its_sources(purpose: str) -> None:
    metres = [Decimal(n) for n in ("0", "99.99", "100", "150", "1499.99", "1500", "5000")]
    land = [
        Nearby(kind, None, m, designation, stock)
        for kind, m, designation, stock in product(
            (Kind.WORKPLACE, Kind.PORT, Kind.UNPLANNED), metres, DESIGNATIONS, Outcome
        )
    ]
    plants = [
        Nearby(Kind.PLANT, None, m, kas18_class=kas, distance_class=cls, on_site=on_site)
        for m, kas, cls, on_site in product(metres, KAS18, CLASSES, (True, False))
    ]
    for facts in [*land, *plants]:
        found = judge(facts, purpose, TODAY)
        assert [f.criterion for f in found.findings] == (
            ["hazard", "distance_class"] if facts.kind is Kind.PLANT else ["noise"]
        )
        assert all(finding.cites for finding in found.findings)
        if facts.distance_m >= widest_m(TODAY):
            assert found.outcome is Outcome.NOT_MET


def near_plant(purpose: str, metres: Decimal, kas18: str | None, distance_class: str | None) -> Neighbour:
    return judge(Nearby(Kind.PLANT, "P", metres, kas18_class=kas18, distance_class=distance_class), purpose, TODAY)


RANK = [Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.MET]
DISTANCES = st.decimals(0, 2000, places=2)


@given(st.sampled_from(PURPOSES), DISTANCES, DISTANCES, st.sampled_from(KAS18), st.sampled_from(CLASSES))
def test_what_is_nearer_is_never_better(
    purpose: str, one: Decimal, other: Decimal, kas18: str | None, distance_class: str | None
) -> None:
    near, far = (near_plant(purpose, metres, kas18, distance_class).outcome for metres in sorted((one, other)))
    assert RANK.index(near) >= RANK.index(far)


@given(st.sampled_from(PURPOSES), DISTANCES, st.sampled_from(KAS18), st.sampled_from(CLASSES))
def test_a_class_that_nobody_recorded_never_clears_what_some_class_would_not(
    purpose: str, metres: Decimal, kas18: str | None, distance_class: str | None
) -> None:
    if near_plant(purpose, metres, kas18, distance_class).outcome is not Outcome.NOT_MET:
        assert near_plant(purpose, metres, None, None).outcome is not Outcome.NOT_MET


def test_the_whole_is_as_bad_as_its_worst_neighbour_and_says_why() -> None:
    ge = Nearby(Kind.WORKPLACE, "A", Decimal("20.00"), "GE", Outcome.MET)
    far = Nearby(Kind.PLANT, "F", Decimal("1600.00"))
    unclear = Nearby(Kind.PLANT, "U", Decimal("10.00"), kas18_class=None, distance_class="none")
    found = screen([far, unclear, ge], "housing", TODAY, True, True, 48)
    assert [one.facts.name for one in found.neighbours] == ["A", "U", "F"]
    assert found.impaired is Outcome.MET
    assert [reason.code for reason in found.reasons] == [Near.LAND_TOO_NEAR]
    assert screen([far, unclear], "housing", TODAY, True, True, 48).impaired is Outcome.UNKNOWN
    assert screen([far], "housing", TODAY, True, True, 48).impaired is Outcome.NOT_MET
    cut = screen([far, unclear, ge], "housing", TODAY, False, True, 1)
    assert ([one.facts.name for one in cut.neighbours], cut.left_off, cut.impaired) == (["A"], 2, Outcome.MET)
    assert [reason.code for reason in cut.reasons] == [Near.LAND_TOO_NEAR, Near.PLANTS_NOT_RECORDED]


@pytest.mark.parametrize("near", [[], [Nearby(Kind.WORKPLACE, "A", Decimal("200.00"), "GE", Outcome.MET)]])
def test_without_plants_or_parcels_in_the_register_nothing_is_cleared(near: list[Nearby]) -> None:
    assert screen(near, "housing", TODAY, True, True, 48).impaired is Outcome.NOT_MET
    for plants, land, code in ((False, True, Near.PLANTS_NOT_RECORDED), (True, False, Near.LAND_NOT_RECORDED)):
        found = screen(near, "housing", TODAY, plants, land, 48)
        assert (found.impaired, [reason.code for reason in found.reasons]) == (Outcome.UNKNOWN, [code])


def test_the_lists_fit_each_other() -> None:
    for classes, metres in (("kas18_classes", "kas18_m"), ("distance_classes", "distance_m")):
        for seam in LAW.seams(KNOWN_AT, [f"neighbours.{classes}", f"neighbours.{metres}"]):
            law = LAW.on(seam, KNOWN_AT)
            assert len(law[f"neighbours.{classes}"].codes) == len(law[f"neighbours.{metres}"].amounts)
    areas = {pair.split()[0] for pair in TODAY["neighbours.ta_laerm"].codes}
    for name in ("areas", "purposes"):
        assert {pair.split()[1] for pair in TODAY[f"neighbours.{name}"].codes} <= areas
    for name in ("purposes_by_day", "protected_purposes", "residential_purposes"):
        assert set(TODAY[f"neighbours.{name}"].codes) <= set(PURPOSES)
    stock = [*TODAY["stock.designations"].codes, *TODAY["stock.designations_if_in_use_as_commercial"].codes]
    assert set(stock) <= {pair.split()[0] for pair in TODAY["neighbours.areas"].codes}
