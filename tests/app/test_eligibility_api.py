"""Eligibility by HTTP: one parcel, many of them, drawn areas, two languages, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.schemas.eligibility import EligibilitiesOut
from rules.eligibility import PURPOSES, Purpose
from tests.app.conftest import UNTOUCHED, Town, service
from tests.conftest import key

PARCEL = f"/api/parcels/{UNTOUCHED}/eligibility"
Check = Callable[..., dict[str, Any]]


def drawn(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    x, y = 565_000 + west, 5_930_000 + south
    ring = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
    return {"geometry": {"type": "Polygon", "coordinates": [ring]}, "crs": "EPSG:25832"}


@pytest.mark.parametrize("purpose", Purpose)
def test_one_parcel_criterion_by_criterion(api: TestClient, purpose: Purpose) -> None:
    answer = api.get(PARCEL, params={"purpose": purpose})
    assert answer.status_code == 200
    body = answer.json()
    assert [one["name"] for one in body["criteria"]] == list(PURPOSES[purpose])
    for one in body["criteria"]:
        assert one["because"]["sentence"].endswith(".")
        assert one["citation"]["url"].startswith("https://")
        assert one["citation"]["text"]
    assert (body["key"], body["purpose"], body["on"], body["district"]) == (UNTOUCHED, purpose, "2026-06-01", "Altona")
    assert body["net_m2"] == 600000.55
    (part,) = body["parts"]
    assert (part["designation"], part["plans"], part["holder"]) == ("GE", ["Plan 1"], "LIG")


def test_the_verdicts_of_the_town(api: TestClient) -> None:
    def verdict(number: int, purpose: str, on: str = "2026-06-01") -> tuple[str, str | None]:
        body = api.get(f"/api/parcels/{key(number)}/eligibility", params={"purpose": purpose, "on": on}).json()
        return body["verdict"], body["eligible_from"]

    assert verdict(1, "reserve") == ("eligible", None)
    assert verdict(2, "reserve") == ("eligible", None)  # reserved land counts
    assert verdict(2, "award") == ("conditional", "2026-09-01")
    assert verdict(2, "award", "2026-08-31") == ("conditional", "2026-09-01")
    assert verdict(2, "award", "2026-09-01") == ("eligible", None)
    assert verdict(3, "reserve") == ("conditional", None)
    assert verdict(4, "reserve") == ("conditional", None)
    assert verdict(6, "award", "2026-04-30") == ("eligible", None)
    assert verdict(6, "award") == ("not_eligible", None)
    assert verdict(1, "protection") == ("not_eligible", None)


def test_a_fact_says_since_when_and_an_unknown_one_does_not(api: TestClient) -> None:
    body = api.get(f"/api/parcels/{key(6)}/eligibility", params={"purpose": "reserve"}).json()
    found = {one["name"]: one for one in body["criteria"]}
    assert (found["not_disposed"]["fact"], found["not_disposed"]["fact_date"]) == ("sold", "2026-05-01")
    assert found["not_disposed"]["recorded_at"].startswith("2026-03-01T11:00:00")
    assert found["not_disposed"]["effect"] == "decisive"
    assert (found["serviced"]["fact"], found["serviced"]["fact_date"]) == (True, None)  # so since ever
    assert found["serviced"]["recorded_at"] is not None
    body = api.get(f"/api/parcels/{key(3)}/eligibility").json()
    missing = next(one for one in body["criteria"] if one["effect"] == "missing")
    assert (missing["name"], missing["fact"], missing["recorded_at"]) == ("serviced", None, None)


def test_sentences_are_in_the_language_of_the_caller_german_first(api: TestClient) -> None:
    german, english = api.get(PARCEL), api.get(PARCEL, headers={"Accept-Language": "en-GB,de;q=0.5"})
    said = [one.json()["criteria"][3]["because"] for one in (german, english)]
    assert [one["sentence"] for one in said] == [
        "Die Erschließung ist gesichert.",
        "Servicing (Erschließung) is secured.",
    ]
    assert said[0]["code"] == said[1]["code"] == "serviced"
    assert (german.headers["content-language"], english.headers["content-language"]) == ("de", "en")
    assert "Accept-Language" in german.headers["vary"]
    again = api.get(PARCEL, headers={"If-None-Match": german.headers["etag"]})
    assert again.status_code == 304
    other = api.get(PARCEL, headers={"If-None-Match": german.headers["etag"], "Accept-Language": "en"})
    assert other.status_code == 200


def test_the_award_criteria_are_a_list_for_a_person(api: TestClient) -> None:
    body = api.get(PARCEL, params={"purpose": "award"}).json()
    assert body["verdict"] == "eligible"  # the verdict is on the land, not on an applicant
    assert [one["outcome"] for one in body["checklist"]] == ["unknown"] * 4
    assert body["checklist"][1]["because"]["sentence"].startswith("Wirtschaftskraft: von einem Menschen")
    assert api.get(PARCEL).json()["checklist"] == []


def many(api: TestClient, **question: Any) -> dict[str, Any]:
    answer = api.post("/api/eligibility", json=question)
    assert answer.status_code == 200, answer.text
    EligibilitiesOut.model_validate_json(answer.text)  # what is put together of pieces is what is described
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("purpose", Purpose)
def test_many_say_the_same_as_one_by_one(api: TestClient, purpose: Purpose) -> None:
    keys = [key(n) for n in (6, 1, 2, 3, 4, 5, 20, 23)]
    body = many(api, keys=[*keys, key(99)], purpose=purpose)
    assert body == many(api, keys=[key(99), *reversed(keys)], purpose=purpose)
    assert body["unknown_keys"] == [key(99)]
    assert [one["key"] for one in body["parcels"]] == sorted(keys)
    cited = {one["parameter"]: one for one in body["citations"]}
    for one in body["parcels"]:
        alone = api.get(f"/api/parcels/{one['key']}/eligibility", params={"purpose": purpose}).json()
        criteria = [{**c, "citation": cited[c["citation"]]} for c in one.pop("criteria")]
        assert one.pop("share") is None
        assert one.pop("overlays") is None
        assert criteria == alone["criteria"]
        assert one == {name: alone[name] for name in one}
        assert body["checklist"] == alone["checklist"]
    assert sum(body["verdicts"].values()) == len(keys)
    assert body["net_m2"] == pytest.approx(sum(one["net_m2"] for one in body["parcels"]))


def test_chunks_make_no_difference(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [key(n) for n in (1, 2, 3, 98, 99)]
    whole = many(api, keys=keys)
    for size in (1, 2):
        monkeypatch.setattr("app.eligibility_answers.CHUNK", size)
        assert many(api, keys=keys) == whole


def test_overlays_are_information_and_unknown_where_nothing_is_recorded(api: TestClient) -> None:
    alone = api.get(PARCEL).json()["overlays"]
    assert {"flood", "heavy_rain", "water_protection", "rail"} <= {one["kind"] for one in alone}
    assert {one["outcome"] for one in alone} == {"unknown"}
    (one,) = many(api, keys=[UNTOUCHED], overlays=True)["parcels"]
    assert one["overlays"] == alone


def test_nobody_known(api: TestClient) -> None:
    body = many(api, keys=[key(98)])
    assert (body["parcels"], body["unknown_keys"], body["net_m2"]) == ([], [key(98)], 0)


def test_a_drawn_area_says_how_much_of_each_parcel_lies_in_it(api: TestClient) -> None:
    body = many(api, **drawn(250, 0, 200, 50), on="2026-06-01")
    assert {one["key"]: one["share"] for one in body["parcels"]} == {key(1): 0.25, key(2): 0.25}
    assert many(api, **drawn(250, 9_000, 200, 50))["parcels"] == []


def test_the_state_of_knowledge_is_the_caller_s(api: TestClient) -> None:
    then = many(api, keys=[key(6)], on="2026-06-01", known_at="2026-02-01T00:00:00Z")
    assert then["parcels"][0]["verdict"] == "eligible"
    assert many(api, keys=[key(6)], on="2026-06-01")["parcels"][0]["verdict"] == "not_eligible"
    assert many(api, keys=[key(6)], known_at="2026-01-01T00:00:00Z")["unknown_keys"] == [key(6)]


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({}, "body"),
        ({"keys": [key(1)], **drawn(0, 0, 10, 10)}, "body"),
        ({"keys": []}, "body.keys"),
        ({"keys": [key(1)] * 10_001}, "body.keys"),
        ({"keys": [key(1), "0299"]}, "body.keys.1"),
        ({"keys": [key(1)], "purpose": "gift"}, "body.purpose"),
        ({"keys": [key(1)], "on": "2026-02-30"}, "body.on"),
        ({"keys": [key(1)], "known_at": "2099-01-01T00:00:00Z"}, "known_at"),
        ({"keys": [key(1)], "colour": "red"}, "body.colour"),
        ({"geometry": {"type": "Polygon", "coordinates": []}, "crs": "EPSG:25832"}, "geometry"),
        ({"geometry": {"type": "Point", "coordinates": [565000, 5930000]}, "crs": "EPSG:25832"}, "geometry"),
        ({"geometry": drawn(0, 0, 10, 10)["geometry"]}, "body"),
        ({**drawn(0, 0, 10, 10), "crs": "EPSG:3857"}, "body.crs"),
        (drawn(0, 0, 0, 10), "geometry"),
        (drawn(0, 0, 500_000, 10), "geometry"),
    ],
)
def test_what_is_refused_names_the_field(api: TestClient, problem: Check, question: dict[str, Any], field: str) -> None:
    body = problem(api.post("/api/eligibility", json=question), 422, "invalid-request")
    assert body["errors"][0]["field"] == field


def test_an_area_over_too_many_parcels(api: TestClient, problem: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parcels.eligibility.MOST", 3)
    body = problem(api.post("/api/eligibility", json=drawn(0, 0, 5_000, 100)), 422, "too-many-parcels")
    assert body["most"] == 3
    assert len(many(api, **drawn(150, 0, 600, 100))["parcels"]) == 3


def test_a_parcel_nobody_heard_of_and_one_not_yet(api: TestClient, problem: Check) -> None:
    problem(api.get(f"/api/parcels/{key(99)}/eligibility"), 404, "parcel-unknown")
    problem(api.get(PARCEL, params={"known_at": "2026-01-01T00:00:00Z"}), 404, "not-yet-known")
    problem(api.get("/api/parcels/0299/eligibility"), 422, "invalid-request")


def test_before_the_law_there_is_no_answer(api: TestClient, problem: Check) -> None:
    body = problem(api.get(PARCEL, params={"purpose": "protection", "on": "2022-12-31"}), 409, "not-in-force")
    assert body["begins"] == "2023-01-01"
    question = {"keys": [key(1)], "purpose": "award", "on": "2013-02-28"}
    body = problem(api.post("/api/eligibility", json=question), 409, "not-in-force")
    assert body["begins"] == "2013-03-01"
    assert many(api, keys=[key(1)], purpose="award", on="2013-03-01")["parcels"]


def test_broken_json_and_a_closed_service(api: TestClient, town: Town, problem: Check) -> None:
    headers = {"content-type": "application/json"}
    problem(api.post("/api/eligibility", content=b"{", headers=headers), 400, "malformed-body")
    with TestClient(service(town.web, read_requires_token=True), raise_server_exceptions=False) as closed:
        problem(closed.post("/api/eligibility", json={"keys": [key(1)]}), 401, "token-missing")
        problem(closed.get(PARCEL), 401, "token-missing")


def test_the_description_shows_what_is_answered(api: TestClient) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    example = paths["/api/eligibility"]["post"]["responses"]["200"]["content"]["application/json"]["example"]
    EligibilitiesOut.model_validate_json(json.dumps(example))
