"""Conversions where a Handreichung is loaded and plants are recorded: what it says decides, from when it was known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parcels import db, guidance_loading
from parcels.demo import FOLDER
from tests.app.conftest import SECOND, SOUND, Town, service, state, token
from tests.app.test_conversions_api import ASSESS, PRIVATE, QUESTION, WORKED, fill, found
from tests.conftest import key, square
from tests.faults.own import engine_of

LONE, FAR = key(9), key(12)
LOCAL = """  - id: L1
    routes: [B31_2]
    designations: [GE]
    when: {districts: [Altona]}
    result: excluded
    page: 5
    wording: Erfunden – in Altona wird nicht umgenutzt.
"""


@pytest.fixture(scope="module")
def guided_town(new_database: Callable[[str], Town], tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The town with the rules of the demonstration set, known from SECOND on, and a harmless plant far away."""
    town = new_database("conversions_guided")
    fill(town)
    lone = {"key": LONE, "official_m2": 1_600, "district": "Altona", "geom": square(2_500, 0, 40)}
    beside = {**lone, "key": key(10), "official_m2": 10_000, "geom": square(2_540, 0)}
    far = {**lone, "key": FAR, "district": "Wandsbek", "geom": square(2_700, 0, 40)}
    state(town, "parcels", [lone, beside, far])
    state(town, "zones", [{"plan": "Plan 10", "designation": "WA", "regulates_use": True, "geom": beside["geom"]}])
    state(town, "zones", [{"plan": "Plan 9", "designation": "GE", "regulates_use": True, "geom": square(2_500, 0, 40)}])
    state(town, "zones", [{"plan": "Plan 12", "designation": "GE", "regulates_use": True, "geom": far["geom"]}])
    state(town, "holdings", [{**SOUND, "parcel_key": land} for land in (LONE, FAR)])
    plant = {
        "ref": "1",
        "name": "Werk",
        "kas18_class": "none",
        "distance_class": "none",
        "geom": square(2_900, 400, 20),
    }
    state(town, "sites_of_concern", [plant])
    rules = tmp_path_factory.mktemp("guidance") / "rules.yaml"
    invented = (FOLDER / "guidance_fiktiv.yaml").read_text("utf-8").partition("zones_crs:")[0]
    rules.write_text(invented + LOCAL, "utf-8")
    with engine_of(town.owner) as engine, db.sessions(engine)() as session:
        guidance_loading.load(session, guidance_loading.source(rules), SECOND, "BSW")
        session.commit()
    return town


@pytest.fixture(scope="module")
def guided(guided_town: Town) -> Iterator[TestClient]:
    """A caller without a token."""
    with TestClient(service(guided_town.web), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def clerk(guided_town: Town) -> Iterator[TestClient]:
    """A planner of that town."""
    headers = {"Authorization": f"Bearer {token(guided_town, 'planner')[1]}"}
    with TestClient(service(guided_town.web), raise_server_exceptions=False, headers=headers) as client:
        yield client


def ask(client: TestClient, **changed: Any) -> dict[str, Any]:
    return found(client.post(ASSESS, json={**QUESTION, **changed}))


def test_what_the_guidance_excludes_must_be_told(guided: TestClient) -> None:
    body = ask(guided, site={"parcels": [PRIVATE]})
    assert (body["guidance"]["result"], body["guidance"]["rule"], body["guidance"]["page"]) == ("excluded", "D3", "2")
    assert body["guidance"]["demonstration"] is True
    assert body["involvement"] == "required"
    assert "guidance_excludes" in {one["code"] for one in body["reasons"]}


def test_the_strictest_rule_of_all_designations_holds(guided: TestClient) -> None:
    body = ask(guided, site={"parcels": [WORKED, PRIVATE]})
    assert body["guidance"]["result"] == "excluded"


def test_what_it_permits_is_no_duty_once_all_is_known(guided: TestClient) -> None:
    body = ask(guided, site={"parcels": [LONE]})
    assert [(one["designation"], one["m2"]) for one in body["affected"]] == [("GE", 1_600)]
    assert (body["guidance"]["result"], body["impaired"]["outcome"]) == ("permitted", "not_met")
    assert body["involvement"] in ("information", "none")
    without = ask(guided, site={"parcels": [LONE]}, cases=None)
    assert (without["guidance"]["result"], without["involvement"]) == ("silent", "check")


def test_a_district_is_that_of_the_land_whatever_is_stated(guided: TestClient) -> None:
    assert ask(guided, route="B31_2", site={"parcels": [LONE]}, district="Harburg")["guidance"]["result"] == "excluded"
    astride = ask(guided, route="B31_2", site={"parcels": [LONE, FAR]})["guidance"]
    assert (astride["result"], astride["because"], astride["missing"]) == ("case_by_case", "fact_missing", ["district"])


def test_no_case_stands_alone_where_there_were_comparable_ones(guided: TestClient, clerk: TestClient) -> None:
    site = {"parcels": [FAR]}
    assert ask(guided, site=site)["guidance"]["result"] == "permitted"
    found(clerk.post("/api/conversions", json={**QUESTION, "site": site, "reference": "N/1"}), 201)
    again = ask(guided, site=site)
    assert (again["guidance"]["result"], again["guidance"]["missing"]) == ("silent", ["cases"])
    assert again["involvement"] == "check"


def test_before_it_was_known_it_is_silent(guided: TestClient) -> None:
    early = (SECOND - timedelta(days=1)).isoformat()
    body = ask(guided, site={"parcels": [PRIVATE]}, known_at=early)
    assert (body["guidance"]["result"], body["involvement"]) == ("silent", "check")
