"""Outlines by hand: land that counts twice is told, what is too intricate is refused by name, and nothing of it is recorded."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.bodies import CORRECTED, SOLD
from app.cli import run
from parcels import measuring
from tests.app.conftest import Town, land, planner, state
from tests.conftest import key
from tests.faults.own import engine_of
from tests.shapes import MOST_TEETH, comb, ewkt

Problem = Callable[..., dict[str, Any]]
DRAWN, BESIDE, APART = key(1), key(2), key(3)
LONG_COMB = comb(1_000)
TEETH = 150


@pytest.fixture(scope="module")
def outskirts(new_database: Callable[[str], Town]) -> Town:
    """Three parcels, and elsewhere a plan drawn as a comb."""
    made = new_database("outskirts")
    state(made, "parcels", [land(n, "10000", "Altona") for n in (1, 2, 3)])
    crossed = {
        "plan": "Kamm 1",
        "designation": "GE",
        "regulates_use": True,
        "geom": ewkt(comb(TEETH, across=True)),
    }
    state(made, "zones", [crossed])
    return made


@pytest.fixture(scope="module")
def write(outskirts: Town) -> Iterator[TestClient]:
    """A planner over it, who names no version."""
    with planner(outskirts, **{"If-Match": "*"}) as client:
        yield client


@pytest.fixture
def landreserve(
    outskirts: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """The command line over it: exit code and what it says on stderr."""
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", outskirts.owner)

    def command(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        return run(list(arguments)), " ".join(capsys.readouterr().err.split())

    return command


def box(east: float) -> shapely.Polygon:
    """A hectare so many metres east of the first parcel."""
    return shapely.box(565_200 + east, 5_930_000, 565_300 + east, 5_930_100)


def drawn(shape: shapely.Polygon, **days: str) -> dict[str, Any]:
    """The body that states a parcel with this outline."""
    outline = {"geometry": shapely.geometry.mapping(shape), "crs": "EPSG:25832"}
    return {**CORRECTED, "official_m2": None, "district": "Altona", **outline, **days}


def recordings(town: Town) -> int:
    """How often something was recorded."""
    with engine_of(town.owner) as engine, engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM recording")).scalar_one())


def test_land_that_two_parcels_share_is_told(write: TestClient) -> None:
    body = drawn(box(150))
    first, again = (write.put(f"/api/parcels/{DRAWN}", json=body).json() for _ in range(2))
    (warning,) = first["warnings"]
    assert (warning["code"], warning["field"]) == ("parcels-overlap", "geometry")
    assert warning["message"] == (
        f"Shares 5000.00 m2 with the recorded parcel {BESIDE} on the same days, which count twice"
    )
    assert "valid_to" in warning["remedy"]
    assert (again["recording"], again["warnings"]) == (None, first["warnings"])

    from_then_on = drawn(box(0), valid_from="2027-01-01")  # until then both still share land, as was told
    assert write.put(f"/api/parcels/{DRAWN}", json=from_then_on).json()["warnings"] == []
    assert write.put(f"/api/parcels/{DRAWN}", json=drawn(box(0))).json()["warnings"] == []


def test_the_command_tells_it_too(landreserve: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    outline = tmp_path / "outline.geojson"
    outline.write_text(json.dumps(shapely.geometry.mapping(box(260))))
    code, said = landreserve(
        *("parcel", "set", APART, "--from", "2026-11-01"), *("--geometry", str(outline), "--crs", "EPSG:25832")
    )
    assert (code, f"Warning, geometry: Shares 4000.00 m2 with the recorded parcel {BESIDE}" in said) == (0, True)
    outline.write_text(json.dumps(shapely.geometry.mapping(box(400))))
    code, said = landreserve(
        *("parcel", "set", APART, "--from", "2026-11-01"), *("--geometry", str(outline), "--crs", "EPSG:25832")
    )
    assert (code, "Warning" in said.replace("Warning, official_m2", "")) == (0, False)


def test_an_outline_that_winds_too_closely_is_refused_as_in_a_file(
    write: TestClient,
    outskirts: Town,
    problem: Problem,
    landreserve: Callable[..., tuple[int, str]],
    tmp_path: Path,
) -> None:
    before = recordings(outskirts)
    found = problem(write.put(f"/api/parcels/{DRAWN}", json=drawn(LONG_COMB)), 422, "too-intricate")
    (error,) = found["errors"]
    assert (error["field"], "100 times are taken" in error["message"]) == ("geometry", True)
    assert "implify" in error["remedy"]
    outline = tmp_path / "comb.geojson"
    outline.write_text(json.dumps(shapely.geometry.mapping(LONG_COMB)))
    code, said = landreserve(
        *("parcel", "set", DRAWN, "--from", "2026-11-01"), *("--geometry", str(outline), "--crs", "EPSG:25832")
    )
    assert (code, said) == (2, found["detail"])
    assert recordings(outskirts) == before


def test_a_comb_that_may_pass_is_measured_in_time_or_given_up_by_name(
    write: TestClient, outskirts: Town, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It crosses the plan in 90,000 corners."""
    before, body = recordings(outskirts), drawn(comb(TEETH))
    monkeypatch.setattr(measuring, "LONGEST_S", 0.05)
    found = problem(write.put(f"/api/parcels/{DRAWN}", json=body), 422, "too-intricate")
    assert f"parcel {DRAWN} (605 vertices)" in found["detail"]
    assert "plan Kamm 1 (605 vertices)" in found["detail"]
    assert [error["remedy"] for error in found["errors"]] == ["Simplify the outlines."]
    assert recordings(outskirts) == before
    monkeypatch.undo()
    began = time.monotonic()
    done = write.put(f"/api/parcels/{DRAWN}", json=body)
    assert (done.status_code, time.monotonic() - began < 30) == (200, True), done.text
    assert recordings(outskirts) == before + 1


def test_an_import_or_rebuild_that_takes_too_long_is_a_refusal(
    outskirts: Town, landreserve: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, file, report = recordings(outskirts), tmp_path / "zones.geojson", tmp_path / "report.json"
    state(outskirts, "parcels", [{"key": key(4), "geom": ewkt(comb(TEETH))}])
    plan = {"type": "Feature", "properties": {"plan": "Kamm 2", "designation": "GI"}}
    plan["geometry"] = shapely.geometry.mapping(comb(MOST_TEETH, across=True, shift=1.3))
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [plan]}))
    monkeypatch.setattr(measuring, "LONGEST_S", 0.05)
    code, said = landreserve("import", "zones", str(file), "--report", str(report))
    assert (code, f"plan Kamm 2 ({5 + 4 * MOST_TEETH} vertices)" in said, "Simplify" in said) == (2, True, True)
    (told,) = json.loads(report.read_text())
    assert told["refused"] == "too-intricate"
    code, said = landreserve("rebuild")
    assert (code, "plan Kamm 1 (605 vertices)" in said) == (2, True)
    assert recordings(outskirts) == before + 1


@pytest.mark.parametrize(("method", "slug"), [("PUT", "write-timeout"), ("GET", "too-expensive")])
def test_a_time_limit_that_ends_a_single_overlay_is_one_like_any_other(
    write: TestClient, problem: Problem, monkeypatch: pytest.MonkeyPatch, method: str, slug: str
) -> None:
    """The database tells of it under another code, since it is GEOS that gives up."""

    def overlay(session: Any, *_: Any, **__: Any) -> None:
        session.execute(text("SET LOCAL statement_timeout = '20ms'"))
        shapes = {"a": ewkt(comb(100)), "b": ewkt(comb(100, across=True))}
        session.execute(text("SELECT ST_Intersection(CAST(:a AS geometry), CAST(:b AS geometry), 1e-6)"), shapes)

    target = "app.routes.parcels.edits.set_holding" if method == "PUT" else "app.routes.parcels.parcels.find"
    monkeypatch.setattr(target, overlay)
    path = f"/api/parcels/{DRAWN}" + ("/holding" if method == "PUT" else "")
    began = time.monotonic()
    answer = write.request(method, path, json=SOLD if method == "PUT" else None)
    problem(answer, 503, slug)
    assert answer.headers["retry-after"]
    assert time.monotonic() - began < 30


def test_one_official_area_is_refused_over_two_outlines(
    write: TestClient, problem: Problem, landreserve: Callable[..., tuple[int, str]]
) -> None:
    smaller = shapely.box(*box(400).bounds[:3], 5_930_050)
    assert write.put(f"/api/parcels/{APART}", json=drawn(smaller, valid_from="2028-01-01")).status_code == 200
    spread = {**CORRECTED, "official_m2": 9_990}
    (error,) = problem(write.put(f"/api/parcels/{APART}", json=spread), 422, "invalid-request")["errors"]
    assert (error["field"], "State the days until 2028-01-01 alone" in error["remedy"]) == ("official_m2", True)
    code, said = landreserve(
        "parcel", "set", APART, "--from", "2026-11-01", "--to", "2029-01-01", "--official-m2", "9990"
    )
    assert (code, "From 2028-01-01 on" in said, "State the days until 2028-01-01" in said) == (2, True, True)
    assert write.put(f"/api/parcels/{APART}", json={**spread, "valid_to": "2028-01-01"}).status_code == 200


GEOS = {
    "lwgeom_union: GEOS Error: std::bad_alloc": (422, "too-intricate", "more memory"),
    "GEOSCovers: TopologyException: side location conflict at 565227.17 5930930.12": (
        *(422, "coincident-edges"),
        "near 565227.17 5930930.12 (EPSG:25832)",
    ),
    "canceling statement due to user request": (503, "", "longer than the service allows"),
}


@pytest.mark.parametrize("method", ["PUT", "GET"])
@pytest.mark.parametrize("said", GEOS)
def test_what_the_database_cannot_do_with_outlines_is_no_fault_of_ours(
    write: TestClient, problem: Problem, monkeypatch: pytest.MonkeyPatch, method: str, said: str
) -> None:
    code = "57014" if "cancel" in said else "XX000"

    def fails(session: Any, *_: Any, **__: Any) -> None:
        session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = '{said}'; END $$"))

    target = "app.routes.parcels.edits.set_holding" if method == "PUT" else "app.routes.parcels.parcels.find"
    monkeypatch.setattr(target, fails)
    path = f"/api/parcels/{DRAWN}" + ("/holding" if method == "PUT" else "")
    status, slug, words = GEOS[said]
    slug = slug or {"PUT": "write-timeout", "GET": "too-expensive"}[method]
    found = problem(write.request(method, path, json=SOLD if method == "PUT" else None), status, slug)
    assert words in found["detail"]
    assert "GEOS" not in found["detail"]


def test_a_put_beside_a_plan_whose_edges_nearly_coincide_is_measured(write: TestClient, outskirts: Town) -> None:
    with (Path(__file__).parents[1] / "parcels/golden/coincident_edges.csv").open() as file:
        drawn_as = {row["name"]: row for row in csv.DictReader(file)}["partly"]
    land, plan = (shapely.from_wkb(drawn_as[name]) for name in ("one", "other"))
    state(outskirts, "zones", [{"plan": "Nah", "designation": "GE", "regulates_use": True, "geom": ewkt(plan)}])
    body = {**drawn(land), "official_m2": f"{land.area:.2f}"}
    assert write.put(f"/api/parcels/{DRAWN}", json=body).status_code == 200
    (entry,) = [one for one in write.get(f"/api/parcels/{DRAWN}?on=2026-12-01").json()["entries"] if one["plans"]]
    assert entry["plans"] == ["Nah"]
    assert float(entry["gross_m2"]) == pytest.approx(land.intersection(plan).area, abs=0.02)
