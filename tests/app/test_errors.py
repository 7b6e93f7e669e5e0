"""Errors have one shape, tell the remedy, and never the text of a fault of ours."""

import html
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pkgutil import iter_modules
from threading import Barrier
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from app import main, schemas
from app.bodies import SOLD
from app.problem_kinds import KINDS
from parcels import db
from tests.app.conftest import Town, service
from tests.conftest import key

BODIES = (
    "bodies",
    "conversion_bodies",
    "dissolution_bodies",
    "candidate_bodies",
    "pledge_bodies",
    "replacement_bodies",
)
BODIES_TRIED = (
    *("HoldingIn", "ParcelIn", "QuestionIn", "CaseIn", "AgainIn", "SubscriptionIn"),
    *("DissolutionIn", "DissolutionVersionIn", "CandidateIn", "CandidateVersionIn", "MilestoneIn"),
    *("PledgeIn", "ReleaseIn", "TransferIn", "ComparisonIn", "ProposalIn", "DecisionIn"),
)
NOUNS = (
    *(import_module(f"app.{name}") for name in BODIES),
    *(import_module(f"app.schemas.{module.name}") for module in iter_modules(schemas.__path__)),
)
Problem = Callable[..., dict[str, Any]]


def operations(app: FastAPI) -> list[tuple[str, str]]:
    paths = app.openapi()["paths"]
    return [(method, path) for path, found in paths.items() for method in found]


def test_every_route_answers_nonsense_in_the_one_shape(api: TestClient, problem: Problem) -> None:
    nonsense = {
        "on": "gestern",
        "known_at": "bald",
        "from": "x",
        "to": "y",
        "limit": "-1",
        "by": "weather",
        "after": "",
    }
    tried = 0
    for method, path in operations(api.app):  # type: ignore[arg-type]
        described = api.app.openapi()["paths"][path][method].get("parameters", [])  # type: ignore[attr-defined]
        known = {one["name"] for one in described} & nonsense.keys()
        if path.startswith("/api/") and method == "get" and "known_at" in known:
            answer = api.request(method, path.replace("{key}", key(1)), params={name: nonsense[name] for name in known})
            found = problem(answer, 422, "invalid-request")
            assert {"known_at"} <= {error["field"] for error in found["errors"]}, path
            tried += 1
    assert tried >= 13


def test_known_at_is_an_instant_with_a_zone_and_not_in_the_future(api: TestClient, problem: Problem) -> None:
    for value, said in (
        ("2026-01-01T00:00:00", "time zone"),
        ("2026-01-01", "no instant"),
        ("2026-13-01T00:00:00Z", "no such instant"),
        ("1899-01-01T00:00:00Z", "out of range"),
        ("0001-01-01T00:00:00+14:00", "out of range"),
        ("9999-12-31T23:59:59Z", "out of range"),
        ("2026-06-01T10:00:01Z", "future"),
    ):
        (error,) = problem(api.get("/api/reserve", params={"known_at": value}), 422, "invalid-request")["errors"]
        assert error["field"] == "known_at"
        assert said in error["message"]
    assert api.get("/api/reserve", params={"known_at": "2026-06-01T12:00:00+02:00"}).status_code == 200


@pytest.mark.parametrize(
    "on", ["0001-01-01", "9999-12-31", "2026-02-30", "20260101", "1", "2026-01-01T00:00:00", "\u0662026-01-01"]
)
def test_days_are_bounded(api: TestClient, problem: Problem, on: str) -> None:
    (error,) = problem(api.get("/api/reserve", params={"on": on}), 422, "invalid-request")["errors"]
    assert error["field"] == "on"
    assert "YYYY-MM-DD" in error["remedy"]


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/nowhere", 404, "not-found"),
        ("/api", 404, "not-found"),
        ("/problems/nothing", 404, "not-found"),
        ("/static/nothing.css", 404, "not-found"),
        ("/api/reserve/entries?after=x", 422, "invalid-request"),
        ("/api/reserve/entries?after=x:99999999999999999999", 422, "invalid-request"),
        ("/api/reserve/entries?district=%00", 422, "invalid-request"),
        (f"/api/reserve/entries?limit={2**63}", 422, "invalid-request"),
        (f"/api/reserve/changes?from=2026-01-01&to=2026-02-01&after={2**63}", 422, "invalid-request"),
        ("/api/reserve?by=district,district", 422, "invalid-request"),
        ("/api/stock?from=2026-01-01", 422, "invalid-request"),
    ],
)
def test_what_does_not_exist_or_fit(api: TestClient, problem: Problem, path: str, status: int, slug: str) -> None:
    problem(api.get(path), status, slug)


def test_a_wrong_method_names_the_right_ones(api: TestClient, problem: Problem) -> None:
    answer = api.delete("/api/reserve")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


def test_a_large_body_is_refused(town: Town, problem: Problem, new_token: Callable[..., tuple[str, str]]) -> None:
    small = TestClient(service(town.web, max_body_bytes=1000), raise_server_exceptions=False)
    headers = {
        "Authorization": f"Bearer {new_token('planner')[1]}",
        "If-Match": "*",
        "Content-Type": "application/json",
    }

    def pieces() -> Any:
        yield from [b"x" * 400] * 5

    for content in (b"x" * 1001, pieces()):
        answer = small.put(f"/api/parcels/{key(1)}", content=content, headers=headers)
        problem(answer, 413, "too-large")


def test_broken_json_is_told(write: TestClient, problem: Problem) -> None:
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    problem(write.put(f"/api/parcels/{key(1)}", content=b'{"a": ', headers=headers), 400, "malformed-body")


def test_a_fault_of_ours_tells_nothing_and_is_logged(
    town: Town, problem: Problem, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("geheim")

    monkeypatch.setattr("app.routes.reserve.answers.reserve", broken)
    answer = TestClient(service(town.web), raise_server_exceptions=False).get("/api/reserve?by=site")
    problem(answer, 500, "internal")
    assert "geheim" not in answer.text
    assert "geheim" in caplog.text
    assert "by=site" not in caplog.text
    assert answer.headers["content-security-policy"]


def test_without_a_database_reading_says_when_to_come_back(problem: Problem) -> None:
    app = service("postgresql://nobody@/nothing?host=/nonexistent")
    client = TestClient(app, raise_server_exceptions=False)
    for path in ("/api/reserve", "/readyz"):
        answer = client.get(path)
        problem(answer, 503, "database-unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_full_house_answers_503_and_not_500(town: Town, problem: Problem) -> None:
    app = service(town.web, pool_size=1)
    client = TestClient(app, raise_server_exceptions=False)
    client.get("/healthz")  # the first call of all also makes the API's description, which takes seconds of its own
    with app.state.reading() as session:
        session.execute(text("SELECT 1"))
        began = time.monotonic()
        answer = client.get("/api/reserve")
        assert time.monotonic() - began < 15  # after 2 s; left to itself a pool waits for 30 s
    problem(answer, 503, "database-unavailable")
    assert client.get("/api/reserve").status_code == 200


def test_expensive_questions_leave_room_for_light_ones(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty slow series at once, four of them at a time: an ordinary read is answered while many of them still wait."""

    def slow(session: Any, *_: Any) -> Any:
        session.execute(text("SELECT pg_sleep(0.5)"))
        raise RuntimeError

    monkeypatch.setattr("app.routes.reserve.answers.series", slow)
    with TestClient(service(town.web), raise_server_exceptions=False) as client, ThreadPoolExecutor(31) as pool:
        running = [pool.submit(client.get, "/api/reserve/series") for _ in range(30)]
        time.sleep(0.3)
        assert client.get("/api/reserve").status_code == 200
        assert sum(not one.done() for one in running) > 10
        assert {one.result().status_code for one in running} == {500}


def test_a_busy_register_is_told_to_writers(town: Town, write: TestClient, problem: Problem) -> None:
    engine = db.engine(town.owner)
    with engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM register FOR UPDATE"))
        answer = write.put(f"/api/parcels/{key(1)}/holding", json=SOLD, headers={"If-Match": "*"})
    engine.dispose()
    said = problem(answer, 503, "busy")["detail"]
    assert ("holds the register" in said, "Nothing of this one was recorded" in said) == (True, True)
    assert answer.headers["retry-after"]


def test_a_writer_without_a_connection_is_told_that_nothing_was_recorded(
    town: Town, problem: Problem, new_token: Callable[..., tuple[str, str]]
) -> None:
    app = service(town.web, pool_size=1)
    headers = {"Authorization": f"Bearer {new_token('planner')[1]}", "If-Match": "*"}
    client = TestClient(app, raise_server_exceptions=False, headers=headers)
    with app.state.writing() as session:
        session.execute(text("SELECT 1"))
        answer = client.put(f"/api/parcels/{key(1)}/holding", json=SOLD)
    assert "Nothing was recorded" in problem(answer, 503, "database-unavailable")["detail"]
    assert answer.headers["retry-after"]


def test_a_recording_that_takes_too_long_is_no_question(
    write: TestClient, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(session: Any, *_: Any, **__: Any) -> None:
        session.execute(text("SET LOCAL statement_timeout = '50ms'"))
        session.execute(text("SELECT pg_sleep(1)"))

    monkeypatch.setattr("app.routes.parcels.edits.set_holding", slow)
    answer = write.put(f"/api/parcels/{key(1)}/holding", json=SOLD, headers={"If-Match": "*"})
    said = problem(answer, 503, "write-timeout")["detail"]
    assert ("Nothing was recorded" in said, "page" in said) == (True, False)
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "", "[::2]", "a:b:c", "testserver@evil"])
def test_foreign_hosts_are_refused(api: TestClient, problem: Problem, host: str) -> None:
    problem(api.get("/api/reserve", headers={"Host": host}), 400, "host-not-allowed")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "testserver"])
def test_own_hosts_are_answered(api: TestClient, host: str) -> None:
    assert api.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/docs", "/nowhere", "/api/reserve", "/problems/busy", "/static/start.css"]
)
def test_browsers_get_strict_orders(api: TestClient, path: str) -> None:
    headers = api.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"]


def test_every_kind_of_problem_has_its_page(api: TestClient) -> None:
    for slug, kind in KINDS.items():
        page = api.get(f"/problems/{slug}")
        assert page.status_code == 200
        assert kind.titel in html.unescape(page.text)
        assert kind.title in html.unescape(page.text)


NO_JSON = {"application/octet-stream", "text/event-stream", "application/atom+xml"}


def answered(operation: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON that an operation answers when all is well; None where that is a file, a stream or a feed."""
    (answer,) = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    if NO_JSON & answer["content"].keys():
        return None
    content: dict[str, Any] = answer["content"]["application/json"]
    return content


def test_the_description_declares_what_is_answered(api: TestClient) -> None:
    schema = api.get("/openapi.json").json()
    for path, found in schema["paths"].items():
        for method, operation in found.items():
            content = answered(operation)
            assert content is None or (content["example"] and content["schema"]), (method, path)
            problems = [
                a["content"]["application/problem+json"] for s, a in operation["responses"].items() if s >= "400"
            ]
            assert path == "/healthz" or problems
            assert all(one["schema"] == {"$ref": "#/components/schemas/Problem"} for one in problems)
    for name, model in schema["components"]["schemas"].items():
        if name.endswith("Out") and name != "Problem":
            assert set(model["required"]) == set(model["properties"]), name


def test_the_examples_are_what_is_answered(api: TestClient) -> None:
    """Every example fits the schema of its answer; the bodies' examples fit theirs."""
    schema = api.get("/openapi.json").json()
    models = {name: model for nouns in NOUNS for name, model in vars(nouns).items()}
    for found in schema["paths"].values():
        for operation in found.values():
            if (content := answered(operation)) is not None:
                models[content["schema"]["$ref"].rpartition("/")[2]].model_validate(content["example"])
    for name in BODIES_TRIED:
        models[name].model_validate(schema["components"]["schemas"][name]["examples"][0])


def test_the_reference_page_needs_no_scripts(api: TestClient) -> None:
    page = api.get("/docs").text
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    for _, path in operations(api.app):  # type: ignore[arg-type]
        assert path in page


def test_the_description_can_be_switched_off(town: Town) -> None:
    client = TestClient(service(town.web, docs=False))
    assert [client.get(path).status_code for path in ("/docs", "/openapi.json")] == [404, 404]


def test_links_lead_below_the_public_address(town: Town) -> None:
    client = TestClient(service(town.web, public_url="https://reserve.example/app/"))
    found = client.get("/api/reserve/entries?limit=1").json()
    assert found["next"].startswith("https://reserve.example/app/api/reserve/entries?")


def test_the_description_is_made_once_for_callers_that_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    whole = main.get_openapi

    def counted(**given: Any) -> dict[str, Any]:
        made.append(1)
        return whole(**given)

    monkeypatch.setattr(main, "get_openapi", counted)
    main._described.cache_clear()
    together = Barrier(4)

    def asked(_: int) -> int:
        together.wait(10)
        return id(main._openapi())

    with ThreadPoolExecutor(4) as callers:
        assert len(set(callers.map(asked, range(4)))) == 1
    assert made == [1]
