"""Track and trace by HTTP: who may take which step when, and what whoever has the link may and may not learn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parcels import conversions, db
from parcels.authors import Author
from parcels.conversions import Stated
from parcels.sites import Site
from parcels.tokens import Role
from rules.conversion_steps import StepKind
from rules.conversions import Purpose, Route
from tests.app.conftest import FIRST, TODAY, Town, fill, service, token
from tests.conftest import key
from tests.faults.own import engine_of

Problem = Callable[..., dict[str, Any]]
NAME, SECRET = "Erika Musterfrau", "Grundstück der Eheleute Müller, Tel. 040 123"
STATED = Stated(Route.B31_3, Purpose.HOUSING, Site((key(1),)), district="Altona")


@pytest.fixture(scope="module")
def office(new_database: Callable[[str], Town]) -> Town:
    """A town with cases of its own."""
    made = new_database("office")
    fill(made)
    return made


@pytest.fixture(scope="module")
def caller(office: Town) -> Callable[[Role | None], TestClient]:
    """Callers by their role."""

    def make(role: Role | None, **settings: Any) -> TestClient:
        headers = {} if role is None else {"Authorization": f"Bearer {token(office, role)[1]}"}
        return TestClient(service(office.web, **settings), raise_server_exceptions=False, headers=headers)

    return make


@pytest.fixture(scope="module")
def planner(caller: Callable[..., TestClient]) -> TestClient:
    return caller("planner")


@pytest.fixture(scope="module")
def public(caller: Callable[..., TestClient]) -> TestClient:
    return caller(None)


@pytest.fixture
def case(office: Town) -> int:
    """A new case of somebody whose name is nobody's business."""
    return enter(office, STATED)


def enter(office: Town, stated: Stated, reference: str = NAME) -> int:
    with engine_of(office.owner) as engine, db.sessions(engine)() as session:
        number = conversions.enter(session, reference, stated, Author(NAME, "planner", FIRST, SECRET))
        session.commit()
    assert number is not None
    return number


def take(client: TestClient, case: int, kind: str, headers: dict[str, str] | None = None, **said: Any) -> Any:
    """POST a step on the last one there is."""
    after = said.pop("after", None) or client.get(f"/api/conversions/{case}/steps").json()["last_step"]
    return client.post(f"/api/conversions/{case}/steps", json={"kind": kind, "after": after, **said}, headers=headers)


def test_a_step_is_taken_and_read(planner: TestClient, public: TestClient, case: int) -> None:
    made = take(planner, case, "bwi_involved", note=SECRET)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["kind"], told["state"], told["on"], told["role"]) == (
        "bwi_involved",
        "coordination",
        str(TODAY),
        "planner",
    )
    assert (told["author"], told["note"], told["label"]) == ("Test planner", SECRET, "Wirtschaftsbehörde einbezogen")
    read = planner.get(f"/api/conversions/{case}/steps", headers={"Accept-Language": "en"}).json()
    assert [one["kind"] for one in read["steps"]] == ["entered", "bwi_involved"]
    assert (read["state"], read["label"], read["last_step"]) == ("coordination", "in coordination", told["id"])
    assert "coordination_failed" in read["possible"]
    assert "escalated" not in read["possible"]
    hidden = public.get(f"/api/conversions/{case}/steps")
    assert hidden.headers["cache-control"] == "no-store"
    assert [(one["author"], one["note"]) for one in hidden.json()["steps"]] == [(None, None)] * 2
    then = planner.get(f"/api/conversions/{case}/steps", params={"known_at": FIRST.isoformat()}).json()
    assert [one["kind"] for one in then["steps"]] == ["entered"]


def test_the_industriekoordinator_is_called_only_after_the_normal_coordination_failed(
    planner: TestClient, case: int, problem: Problem
) -> None:
    early = problem(take(planner, case, "escalated"), 409, "escalation-too-early")
    assert (early["state"], early["code"]) == ("open", "coordination_not_failed")
    assert "Masterplan Industrie 2023, Handlungsfeld 1 Nr. 4" in early["detail"]
    assert "coordination_failed" in early["errors"][0]["remedy"]
    english = take(planner, case, "escalated", {"Accept-Language": "en"}).json()
    assert "only after" in english["detail"]
    nothing = problem(take(planner, case, "coordination_failed"), 409, "step-refused")
    assert nothing["code"] == "no_coordination"
    for kind in ("bwi_involved", "statement_given", "coordination_failed", "escalated", "settled"):
        assert take(planner, case, kind).status_code == 201, kind
    assert take(planner, case, "granted", on="2026-06-01").json()["state"] == "decided"
    ended = problem(take(planner, case, "refused", on="2026-06-01"), 409, "step-refused")
    assert (ended["code"], ended["possible"]) == ("case_ended", ["request_renewed", "note"])


def test_two_people_do_not_decide_twice(planner: TestClient, caller: Any, case: int, problem: Problem) -> None:
    seen = planner.get(f"/api/conversions/{case}/steps").json()["last_step"]
    first = take(planner, case, "granted", on="2026-06-01", after=seen)
    second = take(caller("bwi"), case, "refused", on="2026-06-01", after=seen)
    assert problem(second, 409, "case-moved-on")["last_step"] == first.json()["id"]


def test_of_many_who_decide_at_the_same_moment_one_has_decided(planner: TestClient, case: int) -> None:
    seen = planner.get(f"/api/conversions/{case}/steps").json()["last_step"]

    def decide(kind: str) -> int:
        return int(take(planner, case, kind, on="2026-06-01", after=seen).status_code)

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(decide, ["granted", "refused", "withdrawn"] * 2))
    assert statuses == [201, *[409] * 5]
    steps = planner.get(f"/api/conversions/{case}/steps").json()["steps"]
    assert len(steps) == 2


def test_the_same_step_under_the_same_key_is_taken_once(planner: TestClient, case: int, problem: Problem) -> None:
    seen = planner.get(f"/api/conversions/{case}/steps").json()["last_step"]
    key_of_it = {"Idempotency-Key": f"k-{case}"}
    ids = {take(planner, case, "bwi_involved", key_of_it, after=seen).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    problem(take(planner, case, "statement_given", key_of_it, after=seen), 422, "key-reused")


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("viewer", 403), ("hie", 403), ("bwi", 201), ("admin", 201)])
def test_who_may_take_steps_and_make_links(caller: Any, case: int, role: Role | None, status: int) -> None:
    client = caller(role)
    assert take(client, case, "bwi_involved").status_code == status
    assert client.post(f"/api/conversions/{case}/track").status_code == status
    assert client.delete(f"/api/conversions/{case}/track").status_code == (200 if status == 201 else status)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "granted"}, "body"),
        ({"kind": "request_received"}, "body"),
        ({"kind": "request_received", "on": "2026-06-02"}, "on"),
        ({"kind": "request_renewed", "on": "2026-05-02"}, "kind"),
        ({"kind": "hearing_set"}, "body"),
        ({"kind": "hearing_set", "hearing": {}}, "body.hearing"),
        ({"kind": "hearing_set", "hearing": {"months": 1, "days": 3}}, "body.hearing"),
        ({"kind": "note"}, "body"),
        ({"kind": "note", "note": "x", "hearing": {"months": 1}}, "body"),
        ({"kind": "note", "note": "x", "after": True}, "body.after"),
        ({"kind": "note", "note": "\u202e"}, "body.note"),
        ({"kind": "won"}, "body.kind"),
        ({"kind": "note", "note": "x", "state": "decided"}, "body.state"),
    ],
)
def test_a_step_that_is_none_is_told(
    planner: TestClient, case: int, problem: Problem, said: dict[str, Any], field: str
) -> None:
    errors = problem(take(planner, case, **said), 422, "invalid-request")["errors"]
    assert {error["field"] for error in errors} == {field}
    assert len(planner.get(f"/api/conversions/{case}/steps").json()["steps"]) == 1


def test_a_case_that_there_is_not(planner: TestClient, problem: Problem) -> None:
    for answer in (
        planner.get("/api/conversions/999999/steps"),
        planner.post("/api/conversions/999999/steps", json={"kind": "note", "after": 1, "note": "x"}),
        planner.post("/api/conversions/999999/track"),
        planner.delete("/api/conversions/999999/track"),
    ):
        problem(answer, 404, "conversion-unknown")
    problem(planner.get("/api/conversions/0/steps"), 422, "invalid-request")


def link(planner: TestClient, case: int) -> str:
    made = planner.post(f"/api/conversions/{case}/track")
    assert made.status_code == 201
    code: str = made.json()["code"]
    assert made.json()["url"] == f"http://testserver/track/{code}"
    assert made.headers["cache-control"] == "no-store"
    return code


def test_the_link_shows_the_state_to_everybody_and_to_no_search_engine(
    planner: TestClient, caller: Any, case: int
) -> None:
    code = link(planner, case)
    take(planner, case, "bwi_involved", note=SECRET)
    closed = caller(None, read_requires_token=True)
    answer = closed.get(f"/api/track/{code}")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["state"], told["label"], told["district"]) == ("coordination", "in Abstimmung", "Altona")
    assert told["steps"] == [
        {"on": "2026-01-15", "kind": "entered", "label": "Fall aufgenommen"},
        {"on": "2026-06-01", "kind": "bwi_involved", "label": "Wirtschaftsbehörde einbezogen"},
    ]
    headers = answer.headers
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "noindex" in headers["x-robots-tag"]
    assert "etag" not in headers


def test_a_link_that_was_renewed_or_revoked_leads_nowhere(
    planner: TestClient, public: TestClient, case: int, problem: Problem
) -> None:
    first, second = link(planner, case), link(planner, case)
    problem(public.get(f"/api/track/{first}"), 404, "track-unknown")
    assert public.get(f"/api/track/{second}").status_code == 200
    assert planner.get(f"/api/conversions/{case}/steps").json()["linked_since"] is not None
    assert planner.delete(f"/api/conversions/{case}/track").json() == {"id": case, "revoked": True}
    assert planner.delete(f"/api/conversions/{case}/track").json()["revoked"] is False
    for code in (second, "x", "%00", "%F0%9F%92%A9", "a" * 150):
        problem(public.get(f"/api/track/{code}"), 404, "track-unknown")


def test_no_log_learns_a_code(planner: TestClient, caller: Any, case: int, caplog: pytest.LogCaptureFixture) -> None:
    code = link(planner, case)
    with caplog.at_level(logging.DEBUG, logger="app"):
        public = caller(None)
        public.get(f"/api/track/{code}")
        planner.delete(f"/api/conversions/{case}/track")
        public.get(f"/api/track/{code}")
        public.delete(f"/api/track/{code}")
        public.get(f"/track/{code}/x")
        TestClient(service("postgresql://nobody@/nothing?host=/nonexistent"), raise_server_exceptions=False).get(
            f"/api/track/{code}"
        )
    assert code not in caplog.text
    assert "/api/track/...: track-unknown" in caplog.text
    assert "/api/track/...: database-unavailable" in caplog.text


PERSONAL = st.text("abcdefghijklmnopqrstuvwxyzÄÖÜ@.0123456789", min_size=12, max_size=40)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=st.lists(PERSONAL, min_size=1, max_size=4), reference=PERSONAL, district=PERSONAL, data=st.data())
def test_nothing_that_somebody_wrote_reaches_the_public(
    office: Town, planner: TestClient, public: TestClient, notes: list[str], reference: str, district: str, data: Any
) -> None:
    """Notes, names, file numbers, parcels, and whatever stands in the place of a Bezirk stay inside."""
    stated = Stated(Route.B31_3, Purpose.HOUSING, Site((key(1), key(2))), district=district)
    case = enter(office, stated, reference)
    for note in notes:
        kinds = planner.get(f"/api/conversions/{case}/steps").json()["possible"]
        kind = data.draw(st.sampled_from([one for one in kinds if one != "hearing_set"]))
        take(planner, case, kind, note=note, **({} if kind == "request_renewed" else {"on": str(TODAY)}))
    code = link(planner, case)
    seen = public.get(f"/api/track/{code}")
    for secret in (*notes, reference, district, NAME, "Test planner", key(1), key(2), "02990", str(case) + ","):
        assert secret not in seen.text
    assert {one["kind"] for one in seen.json()["steps"]} <= set(StepKind) - {StepKind.NOTE}
