"""The golden tables: what must come out, in words that a planner can read and extend."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rules.facts import Holding, Part
from rules.law import LAW, NotInForce
from rules.reserve import assess, explain, timeline
from rules.stock import in_stock

GOLDEN = Path(__file__).parent / "golden"
KNOWN_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
YES_NO = {"yes": True, "no": False, "": None}

Row = dict[str, str]


def read(name: str) -> list[Row]:
    with (GOLDEN / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def holding(row: Row) -> Holding | None:
    if row["holding"] == "no":
        return None
    return Holding(
        holder=row["holder"] or None,
        disposition=row["disposition"] or None,
        disposition_until=day(row["disposition_until"]),
        serviced=YES_NO[row["serviced"]],
        cleared=YES_NO[row["cleared"]],
        binding_use=YES_NO[row["binding_use"]],
        opposing_plan=YES_NO[row["opposing_plan"]],
        construction_possible_from=day(row["construction_possible_from"]),
    )


def part(row: Row) -> Part:
    return Part(row["designation"] or None, None, row["in_port"] == "yes", Decimal(row["net_m2"]), holding(row))


@pytest.mark.parametrize("row", read("reserve.csv"), ids=lambda row: row["case"])
def test_reserve(row: Row) -> None:
    on = date.fromisoformat(row["on"])
    law = LAW.on(on, KNOWN_AT)
    if row["expect_standing"] == "not_in_force":
        with pytest.raises(NotInForce):
            assess(part(row), on, law)
        assert timeline(part(row), None, on, KNOWN_AT) == []
        return
    verdict = assess(part(row), on, law)
    assert (verdict.standing, ";".join(verdict.not_met), ";".join(verdict.unknown)) == (
        row["expect_standing"],
        row["expect_not_met"],
        row["expect_unknown"],
    )
    assert {c.name for c in explain(part(row), on, law) if c.outcome == "not_met"} == set(verdict.not_met)
    assert [v for since, until, v in timeline(part(row), None, None, KNOWN_AT) if covers(since, until, on)] == [verdict]


def covers(since: date, until: date | None, on: date) -> bool:
    return since <= on and (until is None or on < until)


@pytest.mark.parametrize("row", read("stock.csv"), ids=lambda row: row["case"])
def test_stock(row: Row) -> None:
    law = LAW.on(date.fromisoformat(row["on"]), KNOWN_AT)
    workplace = Part(
        row["designation"] or None, YES_NO[row["in_use_as_commercial"]], row["in_port"] == "yes", Decimal(1), None
    )
    if row["expect"] == "not_in_force":
        with pytest.raises(NotInForce):
            in_stock(workplace, law)
    else:
        assert in_stock(workplace, law) == row["expect"]


@pytest.mark.parametrize("name", ["reserve.csv", "stock.csv"])
def test_golden_cases_are_distinct_and_name_a_parameter(name: str) -> None:
    rows = read(name)
    assert len({row["case"] for row in rows}) == len(rows)
    assert {row["source"] for row in rows} <= LAW.parameters.keys()
