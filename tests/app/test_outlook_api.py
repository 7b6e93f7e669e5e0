"""The outlook over HTTP and by command: dated entries, take-up, reach, first days below the line, on both time axes."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.cli import run
from rules.law import LAW
from rules.outlook import PARAMETERS, Assumption
from tests.app.conftest import SOUND, Town, land, service, state
from tests.conftest import key, square

Problem = Callable[..., dict[str, Any]]
PATH = "/api/reserve/outlook"
LONG_AGO = datetime(2022, 1, 10, 11, tzinfo=UTC)
NOT_SOON = {"found": "not_within_horizon", "on": None, "back_on": None}
HELD = {1: "800000", 2: "300000", 3: "36500", 4: "50000", 5: "20000", 6: "40000", 7: "99999.99"}


def held(number: int, **facts: Any) -> dict[str, Any]:
    return {**SOUND, "parcel_key": key(number), "site": f"Feld {number}", **facts}


def sold(number: int, on: str, **facts: Any) -> dict[str, Any]:
    return held(number, disposition="sold", valid_from=date.fromisoformat(on), **facts)


@pytest.fixture(scope="module")
def ahead_town(new_database: Callable[[str], Town]) -> Town:
    """Kept since 2022. On 1 June 2026: net 122 ha less a cent, of it free 112 ha; 3.65 ha were sold within twelve months, 5 ha
    before; 2 ha will be sold, 4 ha become available, 10 ha reserved are free again."""
    made = new_database("ahead_town")
    state(made, "parcels", [land(n, m2, "Altona") for n, m2 in HELD.items()], LONG_AGO)
    zone = {"designation": "GE", "regulates_use": True}
    state(made, "zones", [{**zone, "plan": f"P {n}", "geom": square(n * 200, 0)} for n in HELD], LONG_AGO)
    until = {"disposition": "reserved", "disposition_until": date(2026, 12, 1)}
    first = [held(n) for n in (1, 2, 3, 4, 5)] + [
        held(6, construction_possible_from=date(2028, 2, 1)),
        held(7, **until),
    ]
    state(made, "holdings", first, LONG_AGO)
    state(made, "holdings", [sold(4, "2024-03-01")], datetime(2024, 3, 2, 9, tzinfo=UTC), "Kaufvertrag")
    state(made, "holdings", [sold(3, "2026-02-01", holder="private")], datetime(2026, 2, 2, 9, tzinfo=UTC))
    state(made, "holdings", [sold(5, "2026-09-01")], datetime(2026, 5, 2, 9, tzinfo=UTC), "beurkundet")
    coming = {"plan": "Ostfeld 9", "stage": "draft", "designation": "GE", "regulates_use": True}
    state(made, "pipeline", [{**coming, "expected": "2027-05-01", "geom": square(5000, 0)}], LONG_AGO)
    return made


@pytest.fixture(scope="module")
def ahead(ahead_town: Town) -> Iterator[TestClient]:
    with TestClient(service(ahead_town.web), raise_server_exceptions=False) as client:
        yield client


def get(api: TestClient, headers: dict[str, str] | None = None, **query: Any) -> dict[str, Any]:
    answer = api.get(PATH, params=query or None, headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def scenario(found: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = [one for one in found["scenarios"] if one["scenario"] == name]
    return one


def codes(found: dict[str, Any]) -> set[str]:
    return {one["code"] for one in found["assumptions"]}


def test_take_up_is_measured_over_both_windows(ahead: TestClient) -> None:
    found = get(ahead)
    assert (found["on"], found["until"], found["state"]) == ("2026-06-01", "2031-06-01", "met")
    assert (found["now"]["net_ha"], found["now"]["free_ha"]) == (122.0, 112.0)
    assert found["take_up"] == [
        {
            "months": 12,
            "since": "2025-06-01",
            "until": "2026-06-01",
            "known": True,
            "taken_ha": 3.65,
            "taken_m2": 36500,
            "ha_a_year": 3.65,
        },
        {
            "months": 36,
            "since": "2023-06-01",
            "until": "2026-06-01",
            "known": True,
            "taken_ha": 8.65,
            "taken_m2": 86500,
            "ha_a_year": 2.8833,
        },
    ]
    assert [(one["on"], one["site"], one["net_m2"]) for one in found["departures"]] == [
        ("2024-03-01", "Feld 4", 50000),
        ("2026-02-01", "Feld 3", 36500),
    ]
    assert sum(one["net_m2"] for one in found["departures"]) == found["take_up"][1]["taken_m2"]


def test_each_scenario_has_its_rate_its_reach_and_its_first_day(ahead: TestClient) -> None:
    found = get(ahead, until="2036-06-01")
    assert [one["scenario"] for one in found["scenarios"]] == ["recorded", "low", "middle", "high"]
    assert [one["ha_a_year"] for one in found["scenarios"]] == [0, 2.8833, 3.2667, 3.65]
    high = scenario(found, "high")
    assert high["net"]["reach"] == {"found": "years", "years": 33.42}  # 121.999999 ha at 3.65 ha a year
    # 100 m2 a day; above the line are 22 ha and 4 ha to come, less a cent; the 2 ha to be sold are part of the rate
    assert high["net"]["first_below"] == {"found": "crosses", "on": day_after("2026-06-01", 2600), "back_on": None}
    assert scenario(found, "recorded")["net"] == {
        "reach": None,
        "first_below": NOT_SOON,
        "with_pipeline": NOT_SOON,
    }
    low = scenario(found, "low")
    assert low["net"]["first_below"]["on"] > high["net"]["first_below"]["on"]


def day_after(first: str, days: int) -> str:
    return date.fromordinal(date.fromisoformat(first).toordinal() + days).isoformat()


def test_the_day_before_the_horizon_does_not_know_it(ahead: TestClient) -> None:
    day, before = day_after("2026-06-01", 2600), day_after("2026-06-01", 2599)
    assert scenario(get(ahead, until=day), "high")["net"]["first_below"] == {
        "found": "crosses",
        "on": day,
        "back_on": None,
    }
    none = {"found": "not_within_horizon", "on": None, "back_on": None}
    assert scenario(get(ahead, until=before), "high")["net"]["first_below"] == none


def test_the_entries_add_up_to_the_difference_of_the_series(ahead: TestClient) -> None:
    found = get(ahead)
    assert [(one["on"], one["kind"], one["site"]) for one in found["entries"]] == [
        ("2026-09-01", "left", "Feld 5"),
        ("2026-12-01", "changed", "Feld 7"),
        ("2027-02-01", "entered", "Feld 6"),
    ]
    for series in ("net_m2", "free_m2"):
        parts = sum(Decimal(str(one[series])) for one in found["entries"])
        assert parts == Decimal(str(found["then"][series])) - Decimal(str(found["now"][series]))
    assert found["entries"][0]["why"] == "Vergabe: frei → verkauft"
    assert "not_disposed" in found["entries"][0]["because"]


def test_points_are_the_series_and_what_is_expected(ahead: TestClient) -> None:
    found = get(ahead)
    assert [point["on"] for point in found["points"]] == [
        "2026-06-01",
        "2026-09-01",
        "2026-12-01",
        "2027-02-01",
        "2031-06-01",
    ]
    first, sale = found["points"][0], found["points"][1]
    assert first["recorded"] == first["low"] == first["high"] == {"net_ha": 122.0, "free_ha": 112.0}
    assert (
        sale["recorded"]["net_ha"] == sale["high"]["net_ha"] == 120.0
    )  # the rate takes 0.92 ha by then, 2 ha are recorded
    last = found["points"][-1]
    # 4 ha entered; of the 18.26 ha that the rate takes in 1,826 days 2 ha are the sale recorded
    assert (last["recorded"]["net_ha"], last["high"]["net_ha"]) == (124.0, 107.74)


def test_plans_in_procedure_are_listed_and_not_counted(ahead: TestClient) -> None:
    (one,) = get(ahead)["pipeline"]
    assert {name: one[name] for name in ("plan", "stage", "designation", "expected", "overdue")} == {
        "plan": "Ostfeld 9",
        "stage": "draft",
        "designation": "GE",
        "expected": "2027-05-01",
        "overdue": False,
    }
    assert one["area_ha"] == pytest.approx(1.0, abs=0.002)


def test_every_assumption_is_said_in_the_language_of_the_caller(ahead: TestClient) -> None:
    german, english = get(ahead), get(ahead, {"Accept-Language": "en"})
    assert (
        codes(german)
        == codes(english)
        == set(Assumption)
        - {
            "sites_not_counted",
            "secure_sites_enter",
            "pledged_land_does_not",
            "scenarios_coincide",
            "no_rate",
            "history_as_stated",
            "nothing_recorded",
            "history_too_short",
        }
    )
    said = {one["code"]: one["says"] for one in german["assumptions"]}
    assert said["history_from_first_recording"] == (
        "Verkäufe sind lückenlos erst seit der ersten Erfassung am 10. Januar 2022 bekannt."
    )
    assert all("{" not in one["says"] for one in german["assumptions"] + english["assumptions"])
    assert english["entries"][0]["why"] == "disposition: free → sold"
    assert {cited["parameter"] for cited in german["basis"]["citations"]} >= set(PARAMETERS)
    assert german["basis"]["rules_version"] == LAW.version


def test_the_language_is_part_of_the_etag(ahead: TestClient) -> None:
    german = ahead.get(PATH)
    assert german.headers["content-language"] == "de"
    assert "Accept-Language" in german.headers["vary"]
    tag = {"If-None-Match": german.headers["etag"]}
    assert ahead.get(PATH, headers=tag).status_code == 304
    assert ahead.get(PATH, headers={**tag, "Accept-Language": "en"}).status_code == 200


def test_a_past_state_of_knowledge_gives_the_outlook_as_it_was_then(ahead: TestClient) -> None:
    then = get(ahead, known_at="2026-01-20T12:00:00Z")
    assert then["on"] == "2026-01-20"  # not today, of which nobody knew
    assert [one["on"] for one in then["entries"]] == ["2026-12-01", "2027-02-01"]
    assert [one["taken_m2"] for one in then["take_up"]] == [0, 50000]
    low = scenario(then, "low")
    assert low["ha_a_year"] == 0
    assert low["net"] == {
        "reach": {"found": "unlimited", "years": None},
        "first_below": NOT_SOON,
        "with_pipeline": NOT_SOON,
    }


@pytest.mark.parametrize(
    ("known_at", "known"),
    [
        ("2025-01-10T12:00:00Z", [True, True]),
        ("2025-01-09T12:00:00Z", [True, False]),
        ("2023-01-10T12:00:00Z", [True, False]),
        ("2023-01-09T12:00:00Z", [False, False]),
    ],
)
def test_a_young_register_says_that_it_does_not_know(ahead: TestClient, known_at: str, known: list[bool]) -> None:
    found = get(ahead, known_at=known_at)
    assert [one["known"] for one in found["take_up"]] == known
    assert ("history_too_short" in codes(found)) == (False in known)
    low = scenario(found, "low")
    if not any(known):
        assert "no_rate" in codes(found)
        assert low["ha_a_year"] is None
        assert low["net"] == {
            "reach": {"found": "unknown", "years": None},
            "first_below": {"found": "unknown", "on": None, "back_on": None},
            "with_pipeline": {"found": "unknown", "on": None, "back_on": None},
        }
        assert found["points"][0]["low"] is None


def test_who_asks_may_state_how_far_the_history_goes_back(ahead: TestClient) -> None:
    found = get(ahead, known_at="2023-01-09T12:00:00Z", history_since="2015-01-01")
    assert [one["known"] for one in found["take_up"]] == [True, True]
    assert "history_as_stated" in codes(found)
    assert scenario(found, "high")["net"]["reach"]["found"] == "unlimited"


def test_of_an_empty_register_nothing_is_known(ahead: TestClient) -> None:
    for stated in ({}, {"history_since": "2015-01-01"}):
        found = get(ahead, known_at="2021-12-31T12:00:00Z", **stated)
        assert {"nothing_recorded", "no_rate"} <= codes(found)
        assert scenario(found, "middle")["net"]["reach"]["found"] == "unknown"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"on": "2026-06-02"}, "on"),
        ({"known_at": "2026-01-20T12:00:00Z", "on": "2026-01-21"}, "on"),
        ({"until": "2026-05-31"}, "until"),
        ({"until": "2056-06-02"}, "until"),
        ({"until": "soon"}, "until"),
        ({"history_since": "2020-02-30"}, "history_since"),
    ],
)
def test_days_that_cannot_be_looked_at_are_problems(
    ahead: TestClient, problem: Problem, query: dict[str, str], field: str
) -> None:
    (error,) = problem(ahead.get(PATH, params=query), 422, "invalid-request")["errors"]
    assert error["field"] == field


def test_the_edges_of_the_horizon_are_answered(ahead: TestClient, problem: Problem) -> None:
    assert get(ahead, until="2056-06-01")["until"] == "2056-06-01"
    today = get(ahead, until="2026-06-01")
    assert (today["entries"], today["now"]) == ([], today["then"])
    assert problem(ahead.get(PATH, params={"on": "2012-12-31"}), 409, "not-in-force")["begins"] == "2013-01-01"


def test_the_command_says_the_same(
    ahead_town: Town, ahead: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", ahead_town.owner)
    known_at = "2026-05-20T12:00:00Z"
    assert run(["outlook", "--known-at", known_at, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    answered = get(ahead, {"Accept-Language": "en"}, known_at=known_at)
    for name in ("take_up", "scenarios", "entries", "points", "pipeline", "assumptions"):
        assert json_equal(said[name], answered[name]), name
    assert run(["outlook", "--known-at", known_at]) == 0
    shown = capsys.readouterr().out
    assert "Feld 5" in shown
    assert "not by 2031-05-20" in shown
    assert run(["outlook", "--until", "2012-01-01"]) == 2
    assert "--until" in capsys.readouterr().err


def json_equal(one: Any, other: Any) -> bool:
    """Decimals are texts in the one and numbers in the other."""
    if isinstance(one, dict):
        return set(one) == set(other) and all(json_equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(json_equal, one, other))
    return one == other or (other is not None and Decimal(str(one)) == Decimal(str(other)))
