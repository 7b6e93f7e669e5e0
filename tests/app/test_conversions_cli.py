"""Conversions by command: the same answers as by HTTP, refusals with their remedies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app import clock
from tests.app.conftest import NOW, Town, service, token
from tests.app.test_cli import Landreserve, on_database  # noqa: F401 (a fixture)
from tests.app.test_conversions_api import CASE, QUESTION, fill
from tests.conftest import key


@pytest.fixture(scope="module")
def place(new_database: Callable[[str], Town]) -> Town:
    made = new_database("conversions_cli")
    fill(made)
    return made


@pytest.fixture(scope="module")
def api(place: Town) -> Iterator[TestClient]:
    headers = {"Authorization": f"Bearer {token(place, 'planner')[1]}"}
    with TestClient(service(place.web), headers=headers) as client:
        yield client


@pytest.fixture
def landreserve(
    place: Town,
    on_database: Callable[[Town], Landreserve],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Landreserve:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return on_database(place)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Any], str]:
    def write(content: Any) -> str:
        path = tmp_path / "case.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return str(path)

    return write


def test_an_assessment_is_that_of_the_api(
    landreserve: Landreserve, api: TestClient, written: Callable[[Any], str]
) -> None:
    asked = {**QUESTION, "request_received_on": "2026-02-27"}
    assert (
        landreserve("conversions", "assess", written(asked), "--json").json
        == api.post("/api/conversions/assessments", json=asked).json()
    )
    said = landreserve("conversions", "assess", written(asked), "--language", "en")
    assert (said.code, said.err) == (0, "")
    assert "2026-05-27" in said.out
    assert "10,000.00" in said.out


def test_cases_are_listed_and_shown_as_by_the_api(landreserve: Landreserve, api: TestClient) -> None:
    made = api.post("/api/conversions", json={**CASE, "reference": "N/cli"}).json()
    listed = landreserve("conversions", "list", "--district", "Altona", "--json").json
    assert listed == api.get("/api/conversions", params={"district": "Altona"}).json()["cases"]
    assert "N/cli" in landreserve("conversions", "list").out
    assert landreserve("conversions", "list", "--involvement", "none", "--json").json == []
    shown = landreserve("conversions", "show", str(made["id"]), "--json").json
    assert shown == api.get(f"/api/conversions/{made['id']}").json()
    assert "N/cli" in landreserve("conversions", "show", str(made["id"])).out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ([], "dictionary"),
        ({**QUESTION, "route": "B99"}, "route:"),
        ({**QUESTION, "on": "gestern"}, "YYYY-MM-DD"),
        ({**QUESTION, "site": {"parcels": [key(99)]}}, "has no parcel"),
        ({**QUESTION, "route": "B246e", "decision_on": "2031-01-01"}, "31. Dezember 2030"),
        ({**QUESTION, "site": {"parcels": [key(3)]}}, "HafenEG"),
        ({**QUESTION, "site": {"geometry": {"type": "Polygon", "coordinates": []}, "crs": "EPSG:4326"}}, "is empty"),
        ({**QUESTION, "known_at": "2030-01-01T00:00:00Z"}, "future"),
    ],
)
def test_what_cannot_be_assessed_is_refused(
    landreserve: Landreserve, written: Callable[[Any], str], content: Any, said: str
) -> None:
    found = landreserve("conversions", "assess", written(content))
    assert (found.code, found.out) == (2, "")
    assert said in found.err
    assert "Traceback" not in found.err


def test_other_refusals(landreserve: Landreserve, written: Callable[[Any], str]) -> None:
    assert landreserve("conversions", "show", "99999").code == 2
    assert "There is no case 99999" in landreserve("conversions", "show", "99999").err
    assert landreserve("conversions", "assess", "nowhere.json").code == 2
    assert landreserve("conversions", "assess", written(QUESTION), "--language", "fr").code == 2
