"""Plans over HTTP: in force, in procedure, recorded as zones only; by name, page by page; with the file they were read from."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.cli import run
from app.routes.plans import Stage
from parcels import plan_files, plans
from tests.app.conftest import SECOND, Town, fill, service, state
from tests.conftest import key, square
from tests.faults.own import engine_of

Problem = Callable[..., dict[str, Any]]
READ = {"gml_id": "GML_7", "source": "archiv.zip", "member": "plan.gml", "sha256": "0" * 64}
FROM_2020 = {"valid_from": "2020-01-01"}


@pytest.fixture(scope="module")
def planned_town(new_database: Callable[[str], Town]) -> Town:
    """The town with a plan whose file was imported, and one in procedure."""
    made = new_database("planned_town")
    fill(made)
    known = {"kind": "bebauungsplan", "xplan_version": "5.4", **READ}
    state(made, "plans", [{"name": "Neu", "stage": "in_force", "geom": square(200, 0), **known, **FROM_2020}], SECOND)
    zone = {"plan": "Neu", "regulates_use": True, **READ, **FROM_2020}
    state(
        made,
        "zones",
        [
            {**zone, "designation": "GI", "geom": square(200, 0, 50, 100)},
            {**zone, "designation": "VERKEHR", "geom": square(250, 0, 50, 100)},
        ],
        SECOND,
    )
    state(made, "plans", [{"name": "Kommt", "stage": "draft", "geom": square(400, 0), **known}], SECOND)
    coming = {"plan": "Kommt", "stage": "draft", "designation": "MU", "regulates_use": True, "expected": "2027-05-01"}
    state(made, "pipeline", [{**coming, "geom": square(400, 0), **READ}], SECOND)
    state(made, "marks", [{"plan": "Kommt", "kind": "ban", "geom": square(400, 0), **READ}], SECOND)
    return made


@pytest.fixture(scope="module")
def planned(planned_town: Town) -> Iterator[TestClient]:
    with TestClient(service(planned_town.web), raise_server_exceptions=False) as client:
        yield client


def named(answer: Any) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {plan["name"]: plan for plan in answer.json()["plans"]}


def test_a_plan_with_what_it_says_and_where_that_was_read(planned: TestClient) -> None:
    found = named(planned.get("/api/plans"))
    new, coming, old = found["Neu"], found["Kommt"], found["Plan 1"]
    assert (new["stage"], new["zones"], new["designations"], new["pipeline"]) == ("in_force", 2, ["GI", "VERKEHR"], [])
    assert {name: new[name] for name in READ} == READ
    assert (new["valid_from"], new["valid_to"]) == ("2020-01-01", None)
    assert 10_000 < new["area_m2"] < 10_020  # on the ellipsoid, a little more than in the plane
    assert (coming["stage"], coming["designations"], coming["pipeline"]) == ("draft", [], ["MU"])
    assert (coming["expected"], coming["marks"]) == ("2027-05-01", ["ban"])
    assert (old["stage"], old["designations"], old["area_m2"], old["source"]) == (None, ["GE"], None, None)


def test_plans_are_those_of_the_day_as_known(planned: TestClient) -> None:
    assert "Neu" not in named(planned.get("/api/plans", params={"on": "2019-12-31"}))
    before = (SECOND - timedelta(seconds=1)).isoformat()
    assert set(named(planned.get("/api/plans", params={"known_at": before}))).isdisjoint({"Neu", "Kommt"})
    assert set(named(planned.get("/api/plans", params={"stage": "draft"}))) == {"Kommt"}


def test_the_list_of_plans_goes_page_by_page(planned: TestClient) -> None:
    names, path = [], "/api/plans?limit=5"
    while path:
        page = planned.get(path).json()
        names += [plan["name"] for plan in page["plans"]]
        path = page["next"]
    assert names == sorted(["Neu", "Kommt", *(f"Plan {n}" for n in (1, 2, 3, 4, 5, 6, 20, 21, 22, 23))])


def test_what_cannot_be_a_stage_is_named(planned: TestClient, problem: Problem) -> None:
    (error,) = problem(planned.get("/api/plans", params={"stage": "fertig"}), 422, "invalid-request")["errors"]
    assert error["field"] == "stage"
    assert get_args(Stage) == plans.STAGES


def test_the_command_says_the_same(
    planned: TestClient, planned_town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        return run(["plans", *arguments]), capsys.readouterr().out

    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", planned_town.owner)
    code, found = said("--on", "2026-06-01", "--json")
    assert code == 0
    assert json.loads(found)["plans"] == planned.get("/api/plans").json()["plans"]
    code, table = said("--stage", "draft")
    assert (code, "Kommt" in table, "archiv.zip" in table, "1 plans" in table) == (0, True, True, True)
    assert said("--stage", "fertig")[0] == 2


def test_the_file_that_a_plan_was_read_from(
    planned: TestClient, planned_town: Town, problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"<a plan's document/>"
    (tmp_path / "copy.gml").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    problem(planned.get(f"/api/plans/files/{sha256}"), 404, "plan-file-unknown")
    with engine_of(planned_town.owner) as engine, Session(engine) as session:
        plan_files.keep(session, tmp_path / "copy.gml", sha256)
        session.commit()
    answer = planned.get(f"/api/plans/files/{sha256}")
    assert (answer.content, answer.headers["content-type"]) == (content, "application/octet-stream")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem(planned.get("/api/plans/files/xyz"), 422, "invalid-request")

    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", planned_town.owner)
    wanted = ["plan-file", sha256, "-o", str(tmp_path / "plan.gml")]
    assert run(wanted) == 0
    assert (tmp_path / "plan.gml").read_bytes() == content
    assert run(wanted) == 2  # it is there already
    assert run(["plan-file", "0" * 64, "-o", str(tmp_path / "none.gml")]) == 2


def test_a_parcel_s_zones_name_stage_and_evidence(planned: TestClient) -> None:
    new, below = (z for z in planned.get(f"/api/parcels/{key(1)}").json()["zones"] if z["designation"] in ("GI", "GE"))
    assert (new["plan"], new["stage"], new["share"]) == ("Neu", "in_force", 0.5)
    assert {name: new[name] for name in READ} == READ
    assert (below["plan"], below["stage"], below["gml_id"]) == ("Plan 1", None, None)
