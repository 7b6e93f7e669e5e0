"""Lines and changes of the ledger in words: what is missing, what turned, what happens when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.web.coming import days, why
from app.web.contents import comparable, months_later
from app.web.language import translator
from app.web.unclear import doubts, missing
from parcels.changes import Change, Recorded
from parcels.published import figures
from parcels.queries import Line, Point
from rules.criteria import CRITERIA, Because
from rules.facts import Standing
from tests.conftest import key
from tests.web.conftest import NOW, TODAY

GERMAN = translator("de")
NOBODY = Recorded(NOW, None, None, None, None, None)
LINE = Line(
    id=1,
    parcel_key=key(1),
    part=None,
    site="Ostfeld",
    district="Altona",
    holder="HIE",
    disposition="free",
    designation="GE",
    in_use_as_commercial=None,
    plans=["P"],
    gross_m2=Decimal(10_000),
    port_m2=Decimal(0),
    net_m2=Decimal(10_000),
    area_basis="official",
    standing=Standing.COUNTED_FREE,
    not_met=[],
    unknown=[],
    valid_from=None,
    valid_to=None,
)


def change(before: Line | None, after: Line | None, *because: str, on: date = TODAY) -> Change:
    return Change(on, "changed", before, after, Decimal(-1), Decimal(-1), because, NOBODY)


def doubt(**fields: Any) -> Line:
    return replace(LINE, standing=Standing.UNCLEAR, **fields)


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"unknown": ["serviced"]}, [Because.SERVICED_UNKNOWN]),
        ({"unknown": ["cleared", "no_binding_use"]}, [Because.BINDING_USE_UNKNOWN, Because.CLEARED_UNKNOWN]),
        ({"unknown": ["no_opposing_plan"]}, [Because.OPPOSING_PLAN_UNKNOWN]),
        ({"unknown": ["construction_within_horizon"]}, [Because.CONSTRUCTION_UNKNOWN]),
        ({"unknown": ["municipal_holder"], "holder": None}, [Because.HOLDER_UNKNOWN]),
        ({"unknown": ["municipal_holder"], "holder": "Erika"}, [Because.HOLDER_NOT_LISTED]),
        ({"unknown": ["not_disposed"], "disposition": None}, [Because.DISPOSITION_UNKNOWN]),
        ({"unknown": ["not_disposed"], "disposition": "lent"}, [Because.DISPOSITION_NOT_LISTED]),
        ({"unknown": ["designation"], "designation": None}, [Because.NO_PLAN_RECORDED]),
        ({"unknown": ["designation"], "designation": "GX"}, [Because.DESIGNATION_NOT_LISTED]),
        ({"unknown": ["minimum_size"], "net_m2": Decimal(0)}, [Because.SIZE_UNKNOWN]),
    ],
)
def test_each_unknown_criterion_gives_the_reason_of_the_rules(fields: dict[str, Any], codes: list[Because]) -> None:
    found = missing(doubt(**fields), TODAY, NOW)
    assert [reason.code for _, reason in found] == codes
    assert {name for name, _ in found} == set(fields["unknown"])


def test_every_criterion_that_can_be_unknown_has_such_a_reason() -> None:
    everything = doubt(unknown=list(CRITERIA), holder=None, disposition=None, designation=None, net_m2=Decimal(0))
    unknown = {name: reason.code for name, reason in missing(everything, TODAY, NOW)}
    assert unknown.pop("outside_port") is Because.OUTSIDE_PORT  # the port is never unknown
    assert all(code.endswith(("_unknown", "no_plan_recorded")) for code in unknown.values())


def test_doubts_are_by_site_and_gap_largest_first() -> None:
    lines = [
        doubt(unknown=["serviced"]),
        doubt(unknown=["serviced"], parcel_key=key(2), net_m2=Decimal(5_000)),
        doubt(unknown=["cleared"], parcel_key=key(3), net_m2=Decimal(1)),
        doubt(unknown=["serviced"], parcel_key=key(4), site=None, net_m2=Decimal(90_000)),
    ]
    found = [(one.site, one.parcels, one.net_m2) for one in doubts(lines, TODAY, NOW)]
    assert found == [
        (None, [key(4)], 90_000),
        ("Ostfeld", [key(1), key(2)], 15_000),
        ("Ostfeld", [key(3)], 1),
    ]


@pytest.mark.parametrize(
    ("after", "because", "words"),
    [
        (
            replace(LINE, disposition="sold", standing=Standing.EXCLUDED, not_met=["not_disposed"]),
            ("not_disposed", "disposition"),
            "Vergabe: frei → verkauft",
        ),
        (
            replace(LINE, holder=None, unknown=["municipal_holder"]),
            ("municipal_holder",),
            "Halter: HIE → nicht erfasst",
        ),
        (replace(LINE, designation="WA", not_met=["designation"]), ("designation",), "Festsetzung: GE → WA"),
        (replace(LINE, not_met=["serviced"]), ("serviced",), "nicht mehr erfüllt: erschlossen"),
        (replace(LINE, unknown=["cleared"]), ("cleared",), "jetzt unklar: geräumt (Altlasten, Kampfmittel)"),
        (replace(LINE, standing=Standing.COUNTED_RESERVED), ("standing",), "Anhandgabe beginnt"),
        (replace(LINE, net_m2=Decimal(1)), ("net_m2",), "andere Nettofläche"),
        (None, ("no_longer_workplace_land",), "keine Arbeitsstättenfläche mehr"),
        (
            replace(LINE, disposition="sold", not_met=["not_disposed", "serviced"]),
            ("not_disposed", "serviced", "disposition"),
            "Vergabe: frei → verkauft; nicht mehr erfüllt: erschlossen",
        ),
    ],
)
def test_a_change_says_why(after: Line | None, because: tuple[str, ...], words: str) -> None:
    assert why(change(LINE, after, *because), GERMAN) == words


def test_what_turns_for_the_better_is_met_now() -> None:
    before = replace(LINE, not_met=["construction_within_horizon"], standing=Standing.EXCLUDED)
    assert why(change(before, LINE, "construction_within_horizon"), GERMAN) == "jetzt erfüllt: rechtzeitig bebaubar"
    assert why(change(None, LINE, "recorded"), GERMAN) == "als Arbeitsstättenfläche hinzugekommen"


def test_days_come_in_order_with_where_the_reserve_stands_after_them() -> None:
    later, sold = date(2027, 5, 1), replace(LINE, disposition="sold", not_met=["not_disposed"])
    found = days(
        [
            change(LINE, sold, "not_disposed", "disposition", on=later),
            change(LINE, sold, "not_disposed", "disposition"),
            change(replace(LINE, parcel_key=key(2)), replace(sold, parcel_key=key(2)), "disposition"),
        ],
        [Point(later, Decimal(7), Decimal(6))],
        GERMAN,
    )
    assert [(day.on, day.after.net_m2 if day.after else None) for day in found] == [(TODAY, None), (later, 7)]
    (event,) = found[0].events
    assert (event.parcels, event.net_m2) == ([key(1), key(2)], -2)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 11, 22), 12, date(2027, 11, 22)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2200, 12, 31), 12, date(2201, 12, 31)),
    ],
)
def test_months_later_keeps_the_day_or_gives_the_last(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


def test_only_figures_that_say_the_same_as_the_series_are_comparable() -> None:
    found = [figure for figure in figures() if comparable(figure)]
    assert [(figure.as_of, figure.ha) for figure in found] == [("2020-07", Decimal("98.8"))]
