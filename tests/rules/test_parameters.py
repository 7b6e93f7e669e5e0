"""The parameters as shipped: every date of every one has a golden case on the day and on the day before."""

import csv
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from rules.law import LAW, Content, NotInForce

with (Path(__file__).parent / "golden/parameters.csv").open(newline="", encoding="utf-8") as golden:
    ROWS = list(csv.DictReader(golden))
NOW = "2026-11-21T12:00+01:00"
DATES = [(name, value.since) for name, values in LAW.parameters.items() for value in values]
TODAYS_LAW = LAW.on(date(2026, 11, 21), datetime.fromisoformat(NOW))


def written(value: Content) -> str:
    if isinstance(value, tuple):
        return ";".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['parameter']} {row['on']} {row['known_at']}")
def test_value_in_force(row: dict[str, str]) -> None:
    law = LAW.on(date.fromisoformat(row["on"]), datetime.fromisoformat(row["known_at"]))
    if row["expect"] == "not_in_force":
        with pytest.raises(NotInForce) as caught:
            law[row["parameter"]]
        assert row["parameter"] in str(caught.value)
        return
    value = law[row["parameter"]]
    assert (written(value.value), value.cite.title) == (row["expect"], row["source"])


@pytest.mark.parametrize(("name", "since"), DATES, ids=str)
def test_every_date_has_a_case_on_the_day_and_on_the_day_before(name: str, since: date) -> None:
    days = {row["on"] for row in ROWS if row["parameter"] == name and row["known_at"] == NOW}
    assert {since.isoformat(), (since - timedelta(days=1)).isoformat()} <= days


def test_no_parameter_without_a_use_of_its_kind() -> None:
    assert TODAYS_LAW["reserve.target_ha"].amount == Decimal(100)
    assert TODAYS_LAW["reserve.size_classes_ha"].amounts == tuple(sorted(TODAYS_LAW["reserve.size_classes_ha"].amounts))
    assert TODAYS_LAW["reserve.horizon_months"].count > 0


@pytest.mark.parametrize(
    ("some", "every"),
    [
        ("reserve.designations", "designations.known"),
        ("stock.designations", "designations.known"),
        ("stock.designations_if_in_use_as_commercial", "designations.known"),
        ("reserve.designations", "stock.designations"),
        ("holders.municipal", "holders.known"),
        ("dispositions.disposed", "dispositions.known"),
        ("dispositions.reserved", "dispositions.known"),
    ],
)
def test_lists_are_parts_of_the_lists_they_refine(some: str, every: str) -> None:
    for seam in LAW.seams(datetime.fromisoformat(NOW), (some, every)):
        law = LAW.on(seam, datetime.fromisoformat(NOW))
        assert set(law[some].codes) <= set(law[every].codes)


def test_what_takes_land_out_is_never_what_only_reserves_it() -> None:
    assert not set(TODAYS_LAW["dispositions.disposed"].codes) & set(TODAYS_LAW["dispositions.reserved"].codes)


def test_a_proposal_of_this_service_says_so() -> None:
    agreed = {"Masterplan Industrie 2023", "Mittelstandsvereinbarung III (Drs. 21/15477)"}
    agreed |= {"BauNVO und Baupolizeiverordnung 1938", "BauGB", "BGB", "VwVfG", "HafenEG"}
    agreed |= {"Hamburger Verordnung nach § 201a BauGB"}
    agreed |= {"TA Lärm", "KAS-18", "Abstandserlass NRW"}
    titles = {value.cite.title for values in LAW.parameters.values() for value in values}
    assert titles == agreed | {"Vorschlag dieses Dienstes"}
