"""Replacement by command: the same answers as by HTTP, refusals with their remedies."""

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
from tests.app.test_replacements_api import API, NORTH, bind, dissolve, fill, offer, on_its_way
from tests.conftest import key


@pytest.fixture(scope="module")
def place(new_database: Callable[[str], Town]) -> Town:
    made = new_database("replacements_cli")
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


def written(folder: Path, content: Any) -> str:
    path = folder / "question.json"
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


def test_what_is_recorded_and_asked_is_that_of_the_api(
    landreserve: Landreserve, api: TestClient, tmp_path: Path
) -> None:
    loss, land = dissolve(api, 1), offer(api, "Nordfeld", {"parcels": [NORTH]})
    on_its_way(api, land["id"])
    assert bind(api, loss["id"], land["id"], 4_000).status_code == 201
    for noun, shown in (("dissolutions", "0.6000"), ("candidates", "Nordfeld"), ("pledges", "gesichert")):
        assert landreserve("replacements", noun, "--json").json == api.get(f"{API}/{noun}").json()[noun]
        said = landreserve("replacements", noun)
        assert (said.code, said.err) == (0, "")
        assert shown in said.out
    question = {"dissolution": loss["id"], "candidates": [{"id": land["id"]}]}
    for verb, call in (("assess", "assessments"), ("propose", "proposals")):
        answer = api.post(f"{API}/{call}", json=question).json()
        assert landreserve("replacements", verb, written(tmp_path, question), "--json").json == answer
        said = landreserve("replacements", verb, written(tmp_path, question), "--language", "en")
        assert (said.code, said.err) == (0, "")
        assert "Nordfeld" in said.out
        assert "equivalent" in said.out


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dissolution": 99_999}, "There is no dissolution 99999"),
        ({"dissolution": None}, "Give `dissolution`, or `loss`"),
        (
            {"dissolution": None, "loss": {"site": {"parcels": [key(8)]}, "lost_on": "2027-01-01"}},
            "Tag des Verlusts prüfen",
        ),
        ({"dissolution": None, "loss": {"site": {"parcels": [key(99)]}, "lost_on": "2027-01-01"}}, "has no parcel"),
        ({"known_at": "2030-01-01T00:00:00Z"}, "future"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    landreserve: Landreserve, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    question = {"dissolution": 1, "candidates": [], **changed}
    found = landreserve("replacements", "assess", written(tmp_path, question))
    assert (found.code, found.out) == (2, "")
    assert said in found.err
