"""An edit by hand is checked as an import is: refused where a file's row is rejected, and told where a report would warn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.bodies import CORRECTED, SOLD
from parcels import db
from parcels.importing.store import LoadOptions, load
from tests.app.conftest import NOW, SOUND, Town, land, planner, state
from tests.conftest import key, square
from tests.faults.own import engine_of

LAND, LISTED = key(1), key(9)


@pytest.fixture(scope="module")
def borough(new_database: Callable[[str], Town]) -> Town:
    """Two Bezirke, one parcel, and one parcel that is known from a list alone."""
    made = new_database("borough")
    state(
        made,
        "districts",
        [{"name": "Altona", "geom": square(0, 0, 500)}, {"name": "Wandsbek", "geom": square(500, 0, 500)}],
    )
    state(made, "parcels", [land(1, "10000", "Altona")])
    held = {**SOUND, "parcel_key": LISTED, "site": "Liste", "declared_net_m2": 500, "designation": "GE"}
    state(made, "holdings", [held])
    return made


@pytest.fixture(scope="module")
def write(borough: Town) -> Iterator[TestClient]:
    """A planner over it, who names no version."""
    with planner(borough, **{"If-Match": "*"}) as client:
        yield client


HOLDING = {**SOLD, "disposition": "free"}
X, Y = 565_200, 5_930_000
RING = [[X, Y], [X + 100, Y], [X + 100, Y + 100], [X, Y + 100], [X, Y]]
OUTLINE = {"type": "Polygon", "coordinates": [RING]}
PARCEL = {**CORRECTED, "official_m2": 10_000, "district": "Altona"}


@pytest.mark.parametrize(
    ("path", "body", "found", "remedy"),
    [
        (f"{LAND}/holding", HOLDING, [], ""),
        (LAND, PARCEL, [], ""),
        (
            f"{LAND}/holding",
            {**HOLDING, "disposition_until": "2027-01-01"},
            [("until-unused", "disposition_until")],
            "leave the day empty",
        ),
        (
            f"{LAND}/holding",
            {**HOLDING, "disposition": "reserved", "disposition_until": "2027-01-01"},
            [],
            "",
        ),
        (
            f"{LAND}/holding",
            {**HOLDING, "declared_net_m2": 800, "designation": "GI"},
            [("declared-unused", "declared_net_m2"), ("declared-unused", "designation")],
            "Leave it empty",
        ),
        (f"{LISTED}/holding", {**HOLDING, "declared_net_m2": 800, "designation": "GI"}, [], ""),
        (f"{LISTED}/holding", HOLDING, [("no-area", "key")], "declared_net_m2"),
        (f"{LAND}/holding", {**HOLDING, "site": "GrÃ¼n"}, [("encoding", "site")], "umlauts"),
        (LAND, {**PARCEL, "official_m2": 11_112}, [("area-differs", "official_m2")], "which of them is right"),
        (LAND, {**PARCEL, "official_m2": 0.01}, [("area-differs", "official_m2")], "the official area is kept"),
        (LAND, {**PARCEL, "official_m2": 11_111}, [], ""),
        (LAND, {**PARCEL, "official_m2": None}, [], ""),
        (LAND, {**PARCEL, "district": "Altonna"}, [("district-unknown", "district")], "Altona, Wandsbek"),
        (LAND, {**PARCEL, "district": None}, [], ""),
    ],
)
def test_what_a_report_would_say_is_answered(
    write: TestClient, path: str, body: dict[str, Any], found: list[tuple[str, str]], remedy: str
) -> None:
    done = write.put(f"/api/parcels/{path}", json=body)
    assert done.status_code == 200, done.text
    warnings = done.json()["warnings"]
    assert [(one["code"], one["field"]) for one in warnings] == found
    assert all(one["message"] and remedy in one["remedy"] for one in warnings)
    assert write.put(f"/api/parcels/{path}", json=body).json() == {
        **done.json(),
        **{"recording": None, "recorded_at": None},
        **dict.fromkeys(("facts_closed", "facts_added", "lines_closed", "lines_added"), 0),
    }


COLUMNS = ("holder", "site", "disposition", "disposition_until", "serviced", "declared_net_m2", "designation")
IN_A_FILE = [
    ("holdings", {"disposition_until": "2027-01-01"}, {("until-unused", "disposition_until")}),
    (
        "holdings",
        {"declared_net_m2": 800, "designation": "GI"},
        {("declared-unused", "declared_net_m2"), ("declared-unused", "designation")},
    ),
    ("holdings", {"site": "GrÃ¼n"}, {("encoding", "site")}),
    ("parcels", {"official_m2": 99}, {("area-differs", "official_m2")}),
    ("parcels", {"district": "Altonna"}, {("district-unknown", "district")}),
]


@pytest.mark.parametrize(("layer", "stated", "found"), IN_A_FILE)
def test_a_file_and_an_edit_are_told_the_same(
    write: TestClient,
    borough: Town,
    tmp_path: Path,
    layer: str,
    stated: dict[str, Any],
    found: set[tuple[str, str]],
) -> None:
    path, body = (f"{LAND}/holding", HOLDING) if layer == "holdings" else (LAND, PARCEL)
    told = write.put(f"/api/parcels/{path}", json={**body, **stated}).json()["warnings"]
    assert {(one["code"], one["field"]) for one in told} == found

    properties = {name: body.get(name) for name in (*COLUMNS, "official_m2", "district") if body.get(name) is not None}
    file = tmp_path / (f"{layer}.csv" if layer == "holdings" else f"{layer}.geojson")
    if layer == "holdings":
        row = {"key": LAND, **properties, **stated}
        file.write_text(",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n", "utf-8")
    else:
        feature = {"type": "Feature", "properties": {"key": LAND, **properties, **stated}, "geometry": OUTLINE}
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
        file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    with engine_of(borough.owner) as engine, db.sessions(engine)() as session:
        issues = load(session, layer, file, LoadOptions(dry_run=True), NOW, "test").issues
    reported = [issue for issue in issues if issue.row is not None]
    assert {(issue.kind, issue.field) for issue in reported} == found
    for issue, warning in zip(sorted(reported, key=by_field), sorted(told, key=by_field), strict=True):
        assert issue.severity in ("warning", "note")
        assert issue.message.startswith(f"Row {issue.row} ({LAND}), {issue.field}: ")
        assert warning["code"] == "encoding" or warning["message"].lower() in issue.message.lower()


def by_field(finding: Any) -> str:
    """The field of a report's finding or of an answer's warning."""
    return str(finding["field"] if isinstance(finding, dict) else finding.field)


def test_an_outline_s_own_area_is_compared(write: TestClient) -> None:
    x, y = 565_200, 5_930_000
    ring = [[x, y], [x + 50, y], [x + 50, y + 100], [x, y + 100], [x, y]]
    body = {**PARCEL, "geometry": {"type": "Polygon", "coordinates": [ring]}, "crs": "EPSG:25832"}
    (warning,) = write.put(f"/api/parcels/{LAND}", json=body).json()["warnings"]
    assert warning["message"] == "The official area of 10,000.00 m2 and the polygon's 5,000.00 m2 differ by 50%"
    (warning,) = write.put(f"/api/parcels/{LAND}", json={**body, "official_m2": 99_999_999}).json()["warnings"]
    assert warning["message"] == "The official area of 99,999,999.00 m2 is 20,000 times the polygon's 5,000.00 m2"


@pytest.mark.parametrize(
    ("path", "body", "other", "again"),
    [
        (f"{LAND}/holding", HOLDING, {"disposition": "reserved"}, {}),
        (LAND, PARCEL, {"gemarkung": "Nebenmarsch"}, {"geometry": OUTLINE, "crs": "EPSG:25832"}),
    ],
)
def test_an_end_is_told_where_nothing_comes_after_it(
    write: TestClient, path: str, body: dict[str, Any], other: dict[str, Any], again: dict[str, Any]
) -> None:
    """What is recorded already and stated with an end ends there, as in a file; others hold for their days."""

    def told(**stated: Any) -> list[tuple[str, str]]:
        done = write.put(f"/api/parcels/{path}", json={**body, **stated})
        assert done.status_code == 200, done.text
        return [(one["code"], one["message"]) for one in done.json()["warnings"]]

    def recorded(on: str) -> bool:
        found = write.get(f"/api/parcels/{LAND}?on={on}").json()
        return bool(found["holdings"] if "holding" in path else found["facts"])

    assert told(**again) == []
    for _ in range(2):  # the second time nothing is recorded, and the same is told
        ((code, said),) = told(valid_to="2027-01-01")
        assert (code, said.startswith("From 2027-01-01 on no ")) == ("nothing-after", True)
    assert (recorded("2026-12-31"), recorded("2027-01-01")) == (True, False)
    assert told(**other, valid_to="2026-12-01") == []
    assert told(**again) == []
    assert recorded("2027-01-01")


def test_codes_are_read_as_in_a_file(write: TestClient) -> None:
    body = {**HOLDING, "holder": "lig", "disposition": "SOLD"}
    assert write.put(f"/api/parcels/{LAND}/holding", json=body).status_code == 200
    (held,) = write.get(f"/api/parcels/{LAND}?on=2026-11-02").json()["holdings"]
    assert (held["holder"], held["disposition"]) == ("LIG", "sold")
