"""Conversions through the service: assessed, recorded, asked and assessed anew, on both sides of the law's days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import conversion_problems, conversions
from app.problem_kinds import KINDS
from app.web.language import LANGUAGES, translator
from rules.conversions import CaseRefused, Cases, EnvironmentScreening, Planning, Purpose, Refusal, Route
from rules.law import LAW, Law
from tests.app.conftest import SOUND, Town, service, state, token
from tests.conftest import key, square
from tests.faults.own import engine_of

Problem = Callable[..., dict[str, Any]]
ASSESS, CASES = "/api/conversions/assessments", "/api/conversions"
WORKED, PRIVATE, IN_PORT, HALF_PORT, HOUSING, MIXED = (key(n) for n in range(1, 7))
QUESTION: dict[str, Any] = {
    "route": "B31_3",
    "planning": "bplan",
    "purpose": "housing",
    "cases": "single",
    "site": {"parcels": [WORKED]},
    "environment": "not_significant",
}
CASE = {**QUESTION, "reference": "N/61-17"}


def fill(town: Town) -> None:
    """Six parcels of 1 ha: GE of the city, private GI, port, half in the port, housing, and one half GE."""
    numbers = range(1, 7)
    parcel = {"official_m2": 10_000, "district": "Altona", "gemarkung": "Beispielmarsch"}
    state(town, "parcels", [{**parcel, "key": key(n), "geom": square(n * 200, 0)} for n in numbers])
    state(town, "districts", [{"name": "Altona", "geom": square(0, -500, 3_000, 1_500)}])
    uses = {1: "GE", 2: "GI", 3: "GI", 4: "GI", 5: "WA", 6: "GE"}
    zone = {"regulates_use": True}
    places = [{**zone, "plan": f"Plan {n}", "designation": use, "geom": square(n * 200, 0)} for n, use in uses.items()]
    places[5]["geom"] = square(1_200, 0, 50, 100)
    state(town, "zones", [*places, {**zone, "plan": "Plan 6a", "designation": "WA", "geom": square(1_250, 0, 50, 100)}])
    state(town, "port", [{"kind": "Gesamt", "geom": square(600, 0, 250, 100)}])
    held = [{**SOUND, "parcel_key": key(n)} for n in (1, 6)]
    state(town, "holdings", [*held, {**SOUND, "parcel_key": PRIVATE, "holder": "private"}])


@pytest.fixture(scope="module")
def place(new_database: Callable[[str], Town]) -> Town:
    """A town of its own: what is recorded here is listed."""
    made = new_database("conversions")
    fill(made)
    return made


@pytest.fixture(scope="module")
def ask(place: Town) -> Iterator[TestClient]:
    """A caller without a token."""
    with TestClient(service(place.web), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def clerk(place: Town) -> Iterator[TestClient]:
    """A planner."""
    headers = {"Authorization": f"Bearer {token(place, 'planner')[1]}"}
    with TestClient(service(place.web), raise_server_exceptions=False, headers=headers) as client:
        yield client


def found(answer: Any, status: int = 200) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status, body
    return body


def outcome(body: dict[str, Any], name: str) -> str | None:
    return next((one["outcome"] for one in body["conditions"] if one["name"] == name), None)


def test_the_whole_of_an_answer(ask: TestClient) -> None:
    body = found(
        ask.post(ASSESS, json={**QUESTION, "application_on": "2026-01-12", "request_received_on": "2026-02-27"})
    )
    assert (body["law_version"], body["involvement"], body["legal_review"]) == ("P31_3_V2", "check", False)
    assert (body["consent_deadline"], body["bwi_deadline"]) == ("2026-05-27", "2026-05-20")
    assert (body["clock"]["state"], body["district"], body["language"]) == ("missed", "Altona", "de")
    assert body["affected"] == [
        {
            "parcel": WORKED,
            "designation": "GE",
            "m2": 10_000,
            "workplace": "met",
            "private_marketable": "not_met",
            "in_port": False,
        }
    ]
    assert {one["code"] for one in body["reasons"]} >= {"level_duty", "land_touched", "guidance_silent"}
    assert (body["effect"]["net_ha"], body["effect"]["stock_ha"]) == (1, 1)
    before, after = body["effect"]["net_ha_before"], body["effect"]["net_ha_after"]
    assert round(before - after, 4) == 1
    assert body["guidance"]["result"] == "silent"
    assert body["rules_version"] == LAW.version
    assert all(one["citation"]["paragraph"] for one in body["conditions"] if one["name"] != "version")


# on, decision, which wording then; None is a refusal
@pytest.mark.parametrize(
    ("route", "decision", "version"),
    [
        ("B31_3", "2021-06-22", None),
        ("B31_3", "2021-06-23", "P31_3_V1"),
        ("B31_3", "2021-07-24", "P31_3_V1"),
        ("B31_3", "2025-10-29", "P31_3_V1"),
        ("B31_3", "2025-10-30", "P31_3_V2"),
        ("B34_3b", "2025-10-29", None),
        ("B34_3b", "2025-10-30", "P34_3b_V1"),
        ("B246e", "2025-10-29", None),
        ("B246e", "2025-10-30", "P246e_V1"),
        ("B246e", "2030-12-31", "P246e_V1"),
        ("B246e", "2031-01-01", None),
        ("B246_10", "2027-12-31", "P246_10_V1"),
        ("B246_10", "2028-01-01", None),
    ],
)
def test_both_sides_of_the_law_s_days(
    ask: TestClient, problem: Problem, route: str, decision: str, version: str | None
) -> None:
    answer = ask.post(ASSESS, json={**QUESTION, "route": route, "decision_on": decision})
    if version is None:
        body = problem(answer, 422, "route-not-in-force")
        assert body["errors"][0]["field"] == "route"
    else:
        assert found(answer)["law_version"] == version


def test_a_decided_case_is_judged_by_the_land_of_that_day(new_database: Callable[[str], Town]) -> None:
    """GE until a plan of 2024 made it housing: what was decided in 2022 took workplace land."""
    town = new_database("converted")
    state(town, "parcels", [{"official_m2": 10_000, "district": "Altona", "key": WORKED, "geom": square(0, 0)}])
    zone = {"regulates_use": True, "geom": square(0, 0)}
    later = {**zone, "plan": "Neu", "designation": "WA", "valid_from": date(2024, 2, 1)}
    state(town, "zones", [{**zone, "plan": "Alt", "designation": "GE"}, later])
    with TestClient(service(town.web), raise_server_exceptions=False) as client:
        for decided, day, use, level in (
            ("2024-01-31", "2024-01-31", "GE", "met"),
            ("2024-02-01", "2024-02-01", "WA", "not_met"),
            ("2026-06-02", "2026-06-01", "WA", "not_met"),  # to be decided tomorrow: today's land
            (None, "2026-06-01", "WA", "not_met"),
        ):
            body = found(client.post(ASSESS, json={**QUESTION, "decision_on": decided}))
            (piece,) = body["affected"]
            assert (body["land_on"], piece["designation"], piece["workplace"]) == (day, use, level), decided
        old = found(client.post(ASSESS, json={**QUESTION, "route": "B31_2", "decision_on": "1999-01-01"}))
        assert old["land_on"] == "2013-01-01"  # no rule says what workplace land was before


def test_the_same_day_asked_about_gives_the_same_wording(ask: TestClient) -> None:
    for day, version in (("2021-07-24", "P31_3_V1"), ("2025-10-29", "P31_3_V1"), ("2025-10-30", "P31_3_V2")):
        assert found(ask.post(ASSESS, json={**QUESTION, "on": day}))["law_version"] == version


def test_the_older_wording_waits_for_the_ordinance(ask: TestClient) -> None:
    days = {"2021-07-23": "not_met", "2021-07-24": "met", "2025-10-29": "met", "2025-10-30": None}
    for day, expected in days.items():
        body = found(ask.post(ASSESS, json={**QUESTION, "decision_on": day}))
        assert outcome(body, "housing_market_area") == expected, day


def test_a_case_that_straddles_the_change_is_for_lawyers(ask: TestClient) -> None:
    body = {
        **QUESTION,
        "application_on": "2025-10-01",
        "request_received_on": "2025-10-29",
        "decision_on": "2025-11-03",
    }
    straddling = found(ask.post(ASSESS, json=body))
    assert (straddling["legal_review"], straddling["law_version"]) == (True, "P31_3_V2")
    assert straddling["consent_deadline"] == "2025-12-29"  # two months: the request came under the older wording
    later = {**body, "application_on": "2025-10-30", "request_received_on": "2025-10-31"}
    assert found(ask.post(ASSESS, json=later))["legal_review"] is False


def test_private_marketable_land_is_told(ask: TestClient) -> None:
    body = found(ask.post(ASSESS, json={**QUESTION, "site": {"parcels": [WORKED, PRIVATE]}}))
    assert [(one["parcel"], one["private_marketable"]) for one in body["affected"]] == [
        (WORKED, "not_met"),
        (PRIVATE, "met"),
    ]
    assert "private_marketable_touched" in {one["code"] for one in body["reasons"]}
    assert (body["effect"]["net_ha"], body["effect"]["stock_ha"]) == (1, 2)


def test_land_in_the_port(ask: TestClient, problem: Problem) -> None:
    body = problem(ask.post(ASSESS, json={**QUESTION, "site": {"parcels": [IN_PORT]}}), 422, "port-only")
    assert body["code"] == "in_port_only"
    assert "HafenEG" in body["detail"]
    half = found(ask.post(ASSESS, json={**QUESTION, "site": {"parcels": [HALF_PORT]}}))
    assert sorted((one["in_port"], one["m2"], one["workplace"]) for one in half["affected"]) == [
        (False, 5_000, "met"),
        (True, 5_000, "not_met"),
    ]


def ring(east: float, north: float, width: float, height: float) -> dict[str, Any]:
    x, y = 565_000 + east, 5_930_000 + north
    outline = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
    return {"geometry": {"type": "Polygon", "coordinates": [outline]}, "crs": "EPSG:25832"}


def test_a_drawn_site_adds_up(ask: TestClient) -> None:
    body = found(ask.post(ASSESS, json={**QUESTION, "site": ring(1_200, 0, 75, 100)}))
    assert [(one["designation"], one["m2"]) for one in body["affected"]] == [("GE", 5_000), ("WA", 2_500)]
    assert body["affected_m2"] == sum(one["m2"] for one in body["affected"]) == 7_500
    assert body["effect"]["stock_ha"] == 0.5


def test_no_workplace_land_is_no_reason_to_stay_silent(ask: TestClient) -> None:
    body = found(ask.post(ASSESS, json={**QUESTION, "site": {"parcels": [HOUSING]}}))
    assert "land_not_touched" in {one["code"] for one in body["reasons"]}
    assert body["impaired"]["outcome"] == "unknown"
    assert body["involvement"] == "check"


@pytest.mark.parametrize(
    ("changed", "slug", "field"),
    [
        (
            {"application_on": "2026-03-02", "request_received_on": "2026-03-01"},
            "dates-out-of-order",
            "request_received_on",
        ),
        ({"application_on": "2026-03-02", "decision_on": "2026-03-01"}, "dates-out-of-order", "decision_on"),
        ({"request_received_on": "2026-03-02", "decision_on": "2026-03-01"}, "dates-out-of-order", "decision_on"),
        ({"application_on": "2026-06-02"}, "dates-out-of-order", "application_on"),
        ({"request_received_on": "2026-06-02"}, "dates-out-of-order", "request_received_on"),
        ({"request_received_on": "2026-03-02", "hearing": {"days": 60}}, "hearing-not-allowed", "hearing"),
        (
            {"route": "B31_2", "request_received_on": "2026-03-02", "hearing": {"days": 6}},
            "hearing-not-allowed",
            "hearing",
        ),
        ({"site": {"parcels": [key(77), WORKED, key(78)]}}, "site-parcels-unknown", "site"),
        ({"site": ring(9_000, 0, 100, 100)}, "site-outside-hamburg", "site"),
        ({"site": ring(0, 200, 100, 100)}, "site-unrecorded", "site"),
        ({"site": ring(0, -400, 2_900, 1_390)}, None, None),
        ({"site": {"parcels": [key(n) for n in range(501)]}}, "site-too-large", "site"),
        ({"on": "2005-01-01"}, "not-in-force", None),
    ],
)
def test_what_cannot_be_assessed_is_named(
    ask: TestClient, problem: Problem, changed: dict[str, Any], slug: str | None, field: str | None
) -> None:
    answer = ask.post(ASSESS, json={**QUESTION, **changed})
    if slug is None:
        assert found(answer)["affected_m2"] > 4_000_000
        return
    body = problem(answer, 409 if slug == "not-in-force" else 422, slug)
    if field:
        assert {error["field"] for error in body["errors"]} == {field}


def test_unknown_parcels_are_named_each(ask: TestClient, problem: Problem) -> None:
    body = problem(
        ask.post(ASSESS, json={**QUESTION, "site": {"parcels": [key(77), WORKED, key(78)]}}),
        422,
        "site-parcels-unknown",
    )
    assert [error["message"][:20] for error in body["errors"]] == [key(77), key(78)]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"site": {"parcels": []}}, "body.site.parcels"),
        ({"site": {}}, "body.site"),
        ({"site": {"parcels": [WORKED], **ring(0, 0, 1, 1)}}, "body.site"),
        ({"site": {"geometry": ring(0, 0, 1, 1)["geometry"]}}, "body.site"),
        ({"site": {"parcels": ["4711"]}}, "body.site.parcels.0"),
        ({"site": {"geometry": {"type": "Point", "coordinates": [0, 0]}, "crs": "EPSG:25832"}}, "geometry"),
        ({"site": {"geometry": {"type": "Polygon", "coordinates": []}, "crs": "EPSG:25832"}}, "geometry"),
        ({"site": {"geometry": ring(0, 0, 10, 10)["geometry"], "crs": "EPSG:4326"}}, "geometry"),
        ({"route": "B99"}, "body.route"),
        ({"purpose": None}, "body.purpose"),
        ({"hearing": {}}, "body.hearing"),
        ({"hearing": {"months": 1, "days": 1}}, "body.hearing"),
        ({"decision": "granted"}, "body"),
        ({"housing_share": 1.5}, "body.housing_share"),
        ({"on": "gestern"}, "body.on"),
        ({"known_at": "2027-01-01T00:00:00Z"}, "known_at"),
        ({"owner": "Frau Muster"}, "body.owner"),
    ],
)
def test_what_cannot_be_understood_is_named(
    ask: TestClient, problem: Problem, changed: dict[str, Any], field: str
) -> None:
    body = problem(ask.post(ASSESS, json={**QUESTION, **changed}), 422, "invalid-request")
    assert field in {error["field"] for error in body["errors"]}, body


def test_a_site_of_too_many_hectares(ask: TestClient, problem: Problem) -> None:
    problem(ask.post(ASSESS, json={**QUESTION, "site": ring(0, -400, 3_000, 2_000)}), 422, "site-too-large")


def test_every_refusal_is_a_problem_with_words(problem: Problem) -> None:
    assert set(conversion_problems.REFUSED) == set(Refusal)
    assert {slug for slug, _ in conversion_problems.REFUSED.values()} <= set(KINDS)
    for language in LANGUAGES:
        speak = translator(language)
        for code in Refusal:
            for kind in ("refusal", "remedy"):
                assert speak.code(kind, code) != code.value, (language, kind, code)


def test_sentences_come_in_the_language_asked_for(ask: TestClient) -> None:
    german = found(ask.post(ASSESS, json=QUESTION))
    english = found(ask.post(ASSESS, json=QUESTION, headers={"Accept-Language": "en"}))
    assert (german["language"], english["language"]) == ("de", "en")
    pairs = zip(german["conditions"], english["conditions"], strict=True)
    assert all(one["reason"]["sentence"] != other["reason"]["sentence"] for one, other in pairs)
    assert [one["reason"]["code"] for one in german["conditions"]] == [
        one["reason"]["code"] for one in english["conditions"]
    ]
    refused = {**QUESTION, "route": "B246e", "decision_on": "2031-01-01"}
    said = [ask.post(ASSESS, json=refused, headers={"Accept-Language": name}).json() for name in ("de", "en")]
    assert said[0]["detail"] != said[1]["detail"]


def sentences(body: Any) -> Iterator[str]:
    """Every sentence and title of an answer."""
    if isinstance(body, dict):
        for name, value in body.items():
            if name in ("sentence", "title", "involvement_sentence", "law_version_name"):
                yield value
            else:
                yield from sentences(value)
    elif isinstance(body, list):
        for one in body:
            yield from sentences(one)


def test_nothing_is_said_in_codes(ask: TestClient) -> None:
    for language in LANGUAGES:
        asked = {**QUESTION, "request_received_on": "2026-02-27", "site": {"parcels": [WORKED, PRIVATE, HALF_PORT]}}
        said = list(sentences(found(ask.post(ASSESS, json=asked, headers={"Accept-Language": language}))))
        assert len(said) > 15
        assert [one for one in said if "_" in one or "{" in one or "None" in one] == []


def test_nothing_is_stored_by_a_question(ask: TestClient, place: Town) -> None:
    found(ask.post(ASSESS, json=QUESTION))
    with engine_of(place.owner) as engine, engine.connect() as connection:
        before = connection.execute(text("SELECT count(*) FROM conversion")).scalar_one()
    found(ask.post(ASSESS, json=QUESTION))
    with engine_of(place.owner) as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM conversion")).scalar_one() == before


def test_a_case_is_recorded_with_its_assessment(clerk: TestClient, ask: TestClient) -> None:
    fresh = found(ask.post(ASSESS, json={**QUESTION, "request_received_on": "2026-02-27"}))
    answer = clerk.post(CASES, json={**CASE, "note": "Eingang", "request_received_on": "2026-02-27"})
    made = found(answer, 201)
    assert answer.headers["location"] == f"{CASES}/{made['id']}"
    assert (made["reference"], made["state"], len(made["versions"])) == ("N/61-17", "open", 1)
    assert made["versions"][0]["site"] == {"parcels": [WORKED], "geometry": None}
    assert made["versions"][0]["district"] == "Altona"
    (kept,) = made["assessments"]
    assert kept["assessment"] == fresh
    read = ask.get(answer.headers["location"])
    assert found(read)["assessments"] == made["assessments"]
    assert ask.get(answer.headers["location"], headers={"If-None-Match": read.headers["etag"]}).status_code == 304


def test_what_was_assessed_stays_in_both_languages(clerk: TestClient, ask: TestClient) -> None:
    made = found(clerk.post(CASES, json=CASE), 201)
    german, english = (
        found(ask.get(f"{CASES}/{made['id']}", headers={"Accept-Language": name}))["assessments"][0]["assessment"]
        for name in ("de", "en")
    )
    assert (german["language"], english["language"]) == ("de", "en")
    assert german["involvement_sentence"] != english["involvement_sentence"]


def other_law() -> Law:
    """The same law with another version of one parameter: as if it had been amended."""
    amended = tuple(replace(value, value=value.count + 1) for value in LAW.parameters["deadlines.bwi_weeks"])
    return Law({**LAW.parameters, "deadlines.bwi_weeks": amended})


def test_an_older_assessment_is_what_it_was_also_when_the_law_changes(
    clerk: TestClient, ask: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = found(clerk.post(CASES, json={**CASE, "request_received_on": "2026-05-04"}), 201)
    (first,) = made["assessments"]
    again = found(clerk.post(f"{CASES}/{made['id']}/assessments", json={}), 201)
    assert (again["number"], again["assessment"]["rules_version"]) == (2, LAW.version)
    changed = other_law()
    monkeypatch.setattr(conversions, "LAW", changed)
    third = found(clerk.post(f"{CASES}/{made['id']}/assessments", json={"on": "2026-05-05"}), 201)
    assert third["assessment"]["rules_version"] == changed.version != LAW.version
    kept = found(ask.get(f"{CASES}/{made['id']}"))["assessments"]
    assert [one["number"] for one in kept] == [1, 2, 3]
    assert kept[0] == first
    assert kept[2]["assessment"]["on"] == "2026-05-05"
    assert [one["assessment"]["bwi_deadline"] for one in kept] == ["2026-07-28", "2026-07-28", "2026-07-21"]


def test_several_comparable_cases_are_found(clerk: TestClient, ask: TestClient) -> None:
    half = {"site": {"parcels": [MIXED]}}
    first = found(clerk.post(CASES, json={**CASE, **half, "reference": "N/1"}), 201)
    assert first["assessments"][0]["assessment"]["series"] == []
    second = found(clerk.post(CASES, json={**CASE, **half, "reference": "N/2"}), 201)
    (told,) = second["assessments"][0]["assessment"]["series"]
    assert (told["id"], told["reference"], told["plan"], told["designation"]) == (first["id"], "N/1", "Plan 6", "GE")
    assert "series" in {one["code"] for one in second["assessments"][0]["assessment"]["reasons"]}
    again = found(clerk.post(f"{CASES}/{first['id']}/assessments", json={}), 201)
    assert again["assessment"]["series"] == []  # the second came later


def test_the_same_request_is_recorded_once(clerk: TestClient, problem: Problem) -> None:
    headers = {"Idempotency-Key": "once-1"}
    first = found(clerk.post(CASES, json={**CASE, "reference": "N/once"}, headers=headers), 201)
    assert found(clerk.post(CASES, json={**CASE, "reference": "N/once"}, headers=headers), 201)["id"] == first["id"]
    problem(clerk.post(CASES, json={**CASE, "reference": "N/other"}, headers=headers), 422, "key-reused")


def test_the_same_request_at_the_same_time_is_recorded_once(clerk: TestClient) -> None:
    def post(_: int) -> dict[str, Any]:
        return found(clerk.post(CASES, json={**CASE, "reference": "N/race"}, headers={"Idempotency-Key": "race"}), 201)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(post, range(4)))
    assert len({one["id"] for one in made}) == 1
    assert all(len(one["assessments"]) == 1 for one in made)


def test_cases_are_listed_page_by_page(clerk: TestClient, ask: TestClient) -> None:
    for number in range(3):
        found(clerk.post(CASES, json={**CASE, "reference": f"N/list-{number}", "district": "Wandsbek"}), 201)
    asked = {"district": "Wandsbek", "limit": 2}
    page = ask.get(CASES, params=asked)
    one = found(page)
    assert [case["reference"] for case in one["cases"]] == ["N/list-2", "N/list-1"]
    two = found(ask.get(one["next"]))
    assert ([case["reference"] for case in two["cases"]], two["next"]) == (["N/list-0"], None)
    assert ask.get(CASES, params=asked, headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    found(clerk.post(CASES, json={**CASE, "reference": "N/more"}), 201)
    assert ask.get(CASES, params=asked, headers={"If-None-Match": page.headers["etag"]}).status_code == 200
    assert found(ask.get(CASES, params={**asked, "involvement": "check", "state": "open"}))["cases"] == one["cases"]
    assert found(ask.get(CASES, params={**asked, "involvement": "none"}))["cases"] == []
    assert found(ask.get(CASES, params={**asked, "state": "decided"}))["cases"] == []
    assert found(ask.get(CASES, params={**asked, "known_at": "2026-05-01T00:00:00Z"}))["cases"] == []


def test_who_may_record(place: Town, ask: TestClient, problem: Problem) -> None:
    problem(ask.post(CASES, json=CASE), 401, "token-missing")
    for role, status in (("viewer", 403), ("hie", 403), ("bwi", 201), ("admin", 201)):
        answer = ask.post(CASES, json=CASE, headers={"Authorization": f"Bearer {token(place, role)[1]}"})  # type: ignore[arg-type]
        assert answer.status_code == status, role


def test_what_is_refused_leaves_nothing(clerk: TestClient, ask: TestClient, problem: Problem) -> None:
    before = found(ask.get(CASES))["cases"]
    problem(clerk.post(CASES, json={**CASE, "route": "B246e", "decision_on": "2031-01-01"}), 422, "route-not-in-force")
    assert found(ask.get(CASES))["cases"] == before


def test_cases_that_nobody_recorded(clerk: TestClient, ask: TestClient, problem: Problem) -> None:
    problem(ask.get(f"{CASES}/99999"), 404, "conversion-unknown")
    problem(clerk.post(f"{CASES}/99999/assessments", json={}), 404, "conversion-unknown")
    made = found(clerk.post(CASES, json=CASE), 201)
    problem(ask.get(f"{CASES}/{made['id']}", params={"known_at": "2026-05-01T00:00:00Z"}), 404, "conversion-unknown")


def test_a_refusal_of_the_rules_is_never_a_fault_of_ours(ask: TestClient) -> None:
    error = CaseRefused(Refusal.IN_PORT_ONLY)
    told = conversion_problems.of(error, translator("de"))
    assert (told.slug, told.status) == ("port-only", 422)


DAYS = st.one_of(st.none(), st.dates(date(2021, 6, 1), date(2026, 6, 1)).map(str))
SITES = st.one_of(
    st.lists(st.integers(1, 6), min_size=1, max_size=3).map(lambda numbers: {"parcels": [key(n) for n in numbers]}),
    st.tuples(st.integers(0, 1_300), st.integers(-50, 90), *[st.integers(1, 900)] * 2).map(lambda box: ring(*box)),
    st.just({"parcels": [key(7)]}),
)
QUESTIONS = st.fixed_dictionaries(
    {
        "route": st.sampled_from(Route).map(str),
        "planning": st.sampled_from([None, *map(str, Planning)]),
        "purpose": st.sampled_from(Purpose).map(str),
        "cases": st.sampled_from([None, *map(str, Cases)]),
        "environment": st.sampled_from([None, *map(str, EnvironmentScreening)]),
        "site": SITES,
        "application_on": DAYS,
        "request_received_on": DAYS,
        "decision_on": st.one_of(DAYS, st.dates(date(2026, 6, 2), date(2032, 12, 31)).map(str)),
        "hearing": st.sampled_from([None, None, None, {"months": 1}, {"days": 30}, {"days": 90}]),
        "on": st.one_of(st.none(), DAYS),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(question=QUESTIONS)
def test_whatever_is_asked_is_answered_or_named(ask: TestClient, question: dict[str, Any]) -> None:
    """Never a fault of ours; land adds up; a missing fact or silent guidance never clears a case."""
    answer = ask.post(ASSESS, json=question)
    body = answer.json()
    if answer.status_code != 200:
        assert (answer.status_code, body["type"].rpartition("/")[2]) in {
            *((422, slug) for slug, _ in conversion_problems.REFUSED.values()),
            *((422, f"site-{why}") for why in ("parcels-unknown", "outside-hamburg", "unrecorded")),
            (409, "not-in-force"),
        }, body
        return
    assert abs(sum(one["m2"] for one in body["affected"]) - body["affected_m2"]) < 0.005
    assert body["involvement"] != "none"  # nobody has loaded a guidance
    if body["consent_deadline"]:
        assert body["bwi_deadline"] <= body["consent_deadline"] <= body["consent_deadline_moved"]
