"""The register over HTTP: looking parcels up, and writing to one of them on the state that was read."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.bodies import CORRECTED, SOLD
from parcels import db
from tests.app.conftest import EDITED, OUTLINED, PARTED, RACED, UNTOUCHED, Town
from tests.conftest import key

Problem = Callable[..., dict[str, Any]]
UNKNOWN = key(99999)


def read(api: TestClient, parcel: str, **query: str) -> tuple[dict[str, Any], str]:
    answer = api.get(f"/api/parcels/{parcel}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["etag"]


def put(write: TestClient, path: str, body: dict[str, Any], etag: str | None) -> Any:
    return write.put(f"/api/parcels/{path}", json=body, headers={"If-Match": etag} if etag else {})


def ring(east: float, north: float, width: float) -> list[list[float]]:
    x, y = 565_000 + east, 5_930_000 + north
    return [[x, y], [x + width, y], [x + width, y + 100], [x, y + 100], [x, y]]


def test_a_parcel_with_all_that_is_known_of_it(api: TestClient) -> None:
    found, etag = read(api, UNTOUCHED, on="2026-04-30")
    assert found["facts"]["official_m2"] == 600000.55
    assert found["geometry"]["type"] == "MultiPolygon"
    longitude, latitude = found["geometry"]["coordinates"][0][0][0]
    assert (9 < longitude < 11, 53 < latitude < 54) == (True, True)
    assert [zone["plan"] for zone in found["zones"]] == ["Plan 1"]
    assert found["holdings"][0]["serviced"] is True
    assert found["entries"][0]["standing"] == "counted_free"
    assert found["predecessors"] == found["successors"] == []
    assert not etag.startswith("W/")


def test_a_parcel_is_not_sent_twice(api: TestClient) -> None:
    _, etag = read(api, UNTOUCHED)
    assert api.get(f"/api/parcels/{UNTOUCHED}", headers={"If-None-Match": etag}).status_code == 304


def test_the_list_goes_page_by_page(api: TestClient) -> None:
    keys, path = [], "/api/parcels?on=2026-04-30&limit=4"
    while path:
        page = api.get(path).json()
        keys += [parcel["key"] for parcel in page["parcels"]]
        path = page["next"]
    assert keys == sorted(key(n) for n in (1, 2, 3, 4, 5, 6, 20, 21, 22, 23))
    altona = api.get("/api/parcels", params={"district": "Altona", "on": "2026-04-30"}).json()
    assert {parcel["district"] for parcel in altona["parcels"]} == {"Altona"}


def test_unknown_and_malformed_keys_are_told_apart(api: TestClient, problem: Problem) -> None:
    for path in ("", "/history"):
        problem(api.get(f"/api/parcels/{UNKNOWN}{path}"), 404, "parcel-unknown")
        (error,) = problem(api.get(f"/api/parcels/02990100001{path}"), 422, "invalid-request")["errors"]
        assert error["field"] == "key"
        assert "20 characters" in error["remedy"]


def test_before_its_first_recording_nothing_was_known_of_a_parcel(api: TestClient, problem: Problem) -> None:
    """As on that day: the register had no such parcel. The number of that day says so by having no recording."""
    before, first = {"known_at": "2026-01-15T10:59:59Z"}, {"known_at": "2026-01-15T11:00:00Z"}
    for path in ("", "/history"):
        said = problem(api.get(f"/api/parcels/{UNTOUCHED}{path}", params=before), 404, "not-yet-known")
        assert said["first_recorded_at"] == "2026-01-15T11:00:00+00:00"
        (error,) = said["errors"]
        assert (error["field"], said["first_recorded_at"] in error["remedy"]) == ("known_at", True)
        assert api.get(f"/api/parcels/{UNTOUCHED}{path}", params=first).status_code == 200
        problem(api.get(f"/api/parcels/{UNKNOWN}{path}", params=before), 404, "parcel-unknown")
    for path in ("/api/reserve", "/api/parcels"):
        assert api.get(path, params=before).json()["recorded_at"] is None


def test_a_sale_is_recorded_and_the_number_follows(api: TestClient, write: TestClient) -> None:
    day = {"on": "2026-05-20"}
    before = api.get("/api/reserve", params=day).json()
    _, etag = read(api, EDITED)
    body = {**SOLD, "valid_from": "2026-05-20", "site": "Feld 21", "note": "Verkauf"}
    done = put(write, f"{EDITED}/holding", body, etag)
    assert done.status_code == 200, done.text
    assert (done.json()["facts_closed"], done.json()["facts_added"]) == (1, 2)
    assert done.json()["recorded_at"].startswith("2026-06-01T10:00:00")
    after = api.get("/api/reserve", params=day).json()
    assert before["net_m2"] - after["net_m2"] == pytest.approx(1000)
    still = api.get("/api/reserve", params={**day, "known_at": "2026-06-01T09:59:59Z"}).json()
    assert still["net_m2"] == before["net_m2"]
    assert api.get("/api/reserve", params={"on": "2026-05-19"}).json()["net_m2"] == before["net_m2"]

    history = api.get(f"/api/parcels/{EDITED}/history").json()["versions"]
    holdings = [version for version in history if version["layer"] == "holdings"]
    assert [version["facts"]["disposition"] for version in holdings] == ["free", "free", "sold"]
    earlier = api.get(f"/api/parcels/{EDITED}/history", params={"known_at": "2026-05-01T00:00:00Z"}).json()["versions"]
    assert [(v["known_to"], v["layer"]) for v in earlier] == [(None, "parcels"), (None, "holdings")]

    again = put(write, f"{EDITED}/holding", body, done.headers["etag"])
    assert again.json()["recording"] is None
    assert again.headers["etag"] == done.headers["etag"]
    event = api.get("/api/reserve/changes", params={"from": "2026-05-19", "to": "2026-05-20"}).json()["changes"][0][
        "event"
    ]
    assert (event["kind"], event["note"]) == ("edit", "Verkauf")


def test_the_state_that_was_read_must_be_named(api: TestClient, write: TestClient, problem: Problem) -> None:
    for path, body in ((f"{UNTOUCHED}/holding", SOLD), (UNTOUCHED, CORRECTED)):
        problem(put(write, path, body, None), 428, "precondition-required")
        problem(put(write, path, body, '"0a1b2c"'), 412, "precondition-failed")
        problem(put(write, path, body, 'W/"'), 412, "precondition-failed")
    problem(put(write, f"{UNKNOWN}/holding", SOLD, "*"), 404, "parcel-unknown")
    assert read(api, UNTOUCHED)[0]["holdings"][0]["disposition"] == "free"


def test_of_many_who_read_the_same_one_writes(api: TestClient, write: TestClient) -> None:
    _, etag = read(api, RACED)
    bodies = [{**SOLD, "valid_from": f"2026-05-{day:02}"} for day in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: put(write, f"{RACED}/holding", body, etag).status_code, bodies))
    assert sorted(answers) == [200] + [412] * 7
    holdings = [v for v in api.get(f"/api/parcels/{RACED}/history").json()["versions"] if v["layer"] == "holdings"]
    assert len(holdings) == 3


def test_what_is_not_stated_is_not_lost_silently(write: TestClient, problem: Problem) -> None:
    body = {name: value for name, value in SOLD.items() if name != "serviced"}
    (error,) = problem(put(write, f"{UNTOUCHED}/holding", body, "*"), 422, "invalid-request")["errors"]
    assert error["field"] == "body.serviced"
    assert "null" in error["remedy"]


@pytest.mark.parametrize(
    ("change", "field", "remedy"),
    [
        ({"holder": "Hafen AG"}, "holder", "LIG"),
        ({"disposition": "given"}, "disposition", "leasehold"),
        ({"designation": "XX"}, "designation", "GE"),
        ({"valid_to": "2026-11-01"}, "valid_to", "later day"),
        ({"valid_from": "2026-02-30"}, "body.valid_from", "YYYY-MM-DD"),
        ({"valid_from": 20260501}, "body.valid_from", "YYYY-MM-DD"),
        ({"serviced": "yes"}, "body.serviced", ""),
        ({"declared_net_m2": 1e30}, "body.declared_net_m2", ""),
        ({"declared_net_m2": -1}, "body.declared_net_m2", ""),
        ({"site": "a\u0000b"}, "body.site", "control"),
        ({"site": "\u202eabc"}, "body.site", "direction"),
        ({"site": "x" * 501}, "body.site", ""),
        ({"owner": "Frau Muster"}, "body.owner", "no such field"),
    ],
)
def test_each_bad_value_is_named_with_its_remedy(
    write: TestClient, problem: Problem, change: dict[str, Any], field: str, remedy: str
) -> None:
    (error,) = problem(put(write, f"{UNTOUCHED}/holding", {**SOLD, **change}, "*"), 422, "invalid-request")["errors"]
    assert error["field"] == field
    assert remedy in error["remedy"]


def test_a_parcel_held_in_parts_is_not_overwritten(write: TestClient, problem: Problem) -> None:
    problem(put(write, f"{PARTED}/holding", SOLD, "*"), 409, "held-in-parts")


def test_the_official_area_is_corrected_and_the_outline_stays(api: TestClient, write: TestClient) -> None:
    before, etag = read(api, OUTLINED, on="2026-11-02")
    done = put(write, OUTLINED, {**CORRECTED, "official_m2": 1234.56}, etag)
    assert done.status_code == 200, done.text
    after, _ = read(api, OUTLINED, on="2026-11-02")
    assert (after["facts"]["official_m2"], after["facts"]["district"]) == (1234.56, "Bergedorf")
    assert after["geometry"] == before["geometry"]
    assert after["entries"][0]["net_m2"] == 1234.56
    assert read(api, OUTLINED, on="2026-10-31")[0]["facts"]["official_m2"] == 1000


@pytest.mark.parametrize("crs", ["EPSG:25832", "EPSG:4326"])
def test_an_outline_is_taken_in_both_systems(api: TestClient, write: TestClient, crs: str) -> None:
    if crs == "EPSG:25832":
        geometry = {"type": "Polygon", "coordinates": [ring(22 * 200, 0, 50)]}
    else:
        geometry = read(api, OUTLINED, on="2026-06-01")[0]["geometry"]
    body = {**CORRECTED, "valid_from": "2030-01-01" if crs == "EPSG:25832" else "2031-01-01"}
    done = put(write, OUTLINED, {**body, "geometry": geometry, "crs": crs}, "*")
    assert done.status_code == 200, done.text
    found, _ = read(api, OUTLINED, on=body["valid_from"])
    shares = [zone["share"] for zone in found["zones"]]
    assert shares == [1]
    assert found["geometry"]["coordinates"][0][0][0] == pytest.approx(found["geometry"]["coordinates"][0][0][-1])


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ({"type": "Point", "coordinates": [565000, 5930000]}, "no area"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}, "rings"),
        ({"type": "Polygon", "coordinates": [ring(200, 0, 100)[:-1]]}, "not closed"),
        ({"type": "MultiPolygon", "coordinates": [[ring(200, 0, 100)], [ring(400, 0, 100)[:-1]]]}, "not closed"),
        ({"type": "Polygon", "coordinates": [ring(0, 0, 0)]}, ""),
        ({"type": "Polygon", "coordinates": [[[10, 53], [10.1, 53], [10.1, 53.1], [10, 53]]]}, "outside Hamburg"),
        ({"type": "Polygon", "coordinates": [[["a", 2], [3, 4], [3, 5], ["a", 2]]]}, "pair of numbers"),
        ({"type": "Polygon", "coordinates": [[[True, 2], [3, 4], [3, 5], [True, 2]]]}, "pair of numbers"),
        ({"type": "Polygon", "coordinates": [[1, 2, 3]]}, "pair of numbers"),
        (
            {"type": "Polygon", "coordinates": [[*ring(0, 0, 100)[:1], *ring(0, 0, 100)[2:1:-1], *ring(0, 0, 100)]]},
            "invalid",
        ),
        ({"type": "Polygon", "coordinates": [[[565000 + n, 5930000] for n in range(20_001)]]}, "vertices"),
        ({"type": "Polygon"}, "no area"),
        ({}, "no area"),
    ],
)
def test_outlines_that_are_refused(write: TestClient, problem: Problem, geometry: dict[str, Any], said: str) -> None:
    body = {**CORRECTED, "geometry": geometry, "crs": "EPSG:25832"}
    (error,) = problem(put(write, UNTOUCHED, body, "*"), 422, "invalid-request")["errors"]
    assert error["field"] == "geometry"
    assert said in error["message"]


def test_geometry_and_crs_go_together(write: TestClient, problem: Problem) -> None:
    body = {**CORRECTED, "geometry": {"type": "Polygon", "coordinates": [ring(0, 0, 10)]}}
    problem(put(write, UNTOUCHED, body, "*"), 422, "invalid-request")


def test_deep_nesting_and_nan_are_refused(write: TestClient, problem: Problem) -> None:
    def send(content: str) -> Any:
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        return write.put(f"/api/parcels/{UNTOUCHED}", content=content, headers=headers)

    deep = json.dumps(CORRECTED)[:-1] + ', "geometry": ' + '{"a":' * 5000 + "1" + "}" * 5000 + "}"
    assert send(deep).status_code in (400, 422)
    assert send("[" * 200_000).status_code in (400, 422)
    nan = json.dumps({**CORRECTED, "official_m2": float("nan")})
    problem(send(nan), 422, "invalid-request")
    assert send(json.dumps({**CORRECTED, "note": "x"}).replace('"x"', '"\\ud800"')).status_code in (400, 422)


def test_a_failing_commit_is_not_answered_as_done(write: TestClient, town: Town, problem: Problem) -> None:
    """The answer must wait for the commit: here a deferred constraint refuses at that moment."""
    engine = db.engine(town.owner)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " RAISE EXCEPTION USING ERRCODE = '23P01', MESSAGE = 'too late'; END $$;"
                "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON recording DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION refuse_late()"
            )
        )
    try:
        body = {**SOLD, "valid_from": "2026-12-24"}
        problem(put(write, f"{UNTOUCHED}/holding", body, "*"), 409, "overlap")
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP TRIGGER late ON recording; DROP FUNCTION refuse_late()"))
        engine.dispose()
    assert read(write, UNTOUCHED, on="2026-12-24")[0]["holdings"][0]["disposition"] == "free"
