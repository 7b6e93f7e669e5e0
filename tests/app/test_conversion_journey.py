"""A case from its entry to its decision, as planners go: request, BWI, dispute, Industriekoordinator, dossier, renewed request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import clock
from rules.conversion_steps import AMENDS, StepKind, follow
from tests.app.conftest import NOW, Town, fill, land, service, state, token
from tests.app.test_cli import Landreserve, on_database  # noqa: F401 (a fixture)
from tests.conftest import key
from tests.faults.own import engine_of

QUESTION = {
    "reference": "N/61-12.3",
    "route": "B31_3",
    "planning": "bplan",
    "purpose": "housing",
    "cases": "single",
    "site": {"parcels": [key(1)]},
    "application_on": "2026-01-12",
    "environment": "not_significant",
    "note": "Vorgespräch mit Frau Eingang",
}
Problem = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def office(new_database: Callable[[str], Town]) -> Town:
    """A town with cases of its own."""
    made = new_database("journey")
    fill(made)
    return made


@pytest.fixture(scope="module")
def clerk(office: Town) -> Iterator[TestClient]:
    """A planner whose clock goes on by a second with each call."""
    app, ticks = service(office.web), iter(range(1, 10**6))

    def tick() -> datetime:
        return NOW + timedelta(seconds=next(ticks))

    app.dependency_overrides[clock.now] = tick
    headers = {"Authorization": f"Bearer {token(office, 'planner')[1]}", "Accept-Language": "en"}
    with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
        yield client


@pytest.fixture
def case(clerk: TestClient) -> int:
    """A new case."""
    made = clerk.post("/api/conversions", json=QUESTION)
    assert made.status_code == 201, made.text
    number: int = made.json()["id"]
    return number


def step(clerk: TestClient, case: int, kind: str, **said: Any) -> Any:
    after = clerk.get(f"/api/conversions/{case}/steps").json()["last_step"]
    return clerk.post(f"/api/conversions/{case}/steps", json={"kind": kind, "after": after, **said})


def take(clerk: TestClient, case: int, kind: str, **said: Any) -> dict[str, Any]:
    answer = step(clerk, case, kind, **said)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_case_goes_from_request_to_decision(clerk: TestClient, case: int) -> None:
    take(clerk, case, "request_received", on="2026-02-27")
    found = clerk.get(f"/api/conversions/{case}").json()
    assert (found["state"], len(found["versions"]), len(found["assessments"])) == ("open", 2, 2)
    assert found["clock"]["current"]["consent_deadline"] == "2026-05-27"
    assert found["assessments"][0]["assessment"]["consent_deadline"] is None  # as it was answered then
    take(clerk, case, "hearing_set", hearing={"months": 1}, on="2026-03-02")
    assert clerk.get(f"/api/conversions/{case}").json()["clock"]["current"]["consent_deadline"] == "2026-06-27"
    take(clerk, case, "bwi_involved", on="2026-03-03")
    take(clerk, case, "statement_given", on="2026-04-01", note="Keine Zustimmung: Ostfeld ist sofort verfügbar.")
    take(clerk, case, "coordination_failed", on="2026-04-20")
    escalated = take(clerk, case, "escalated", on="2026-04-21")
    assert (escalated["state"], len(escalated["dossier_sha256"])) == ("escalated", 64)
    take(clerk, case, "settled", on="2026-05-02")
    decided = take(clerk, case, "granted", on="2026-05-20")
    assert decided["state"] == "decided"
    done = clerk.get(f"/api/conversions/{case}").json()
    assert (done["versions"][-1]["decision"], done["versions"][-1]["decision_on"]) == ("granted", "2026-05-20")
    assert [one["version"] for one in done["assessments"]] == [1, 2, 3, 4]


def test_a_renewed_request_starts_the_clock_again(clerk: TestClient, case: int) -> None:
    take(clerk, case, "request_received", on="2026-02-27")
    take(clerk, case, "refused", on="2026-04-01")
    take(clerk, case, "request_renewed", on="2026-05-04")
    found = clerk.get(f"/api/conversions/{case}").json()
    assert (found["state"], found["versions"][-1]["decision"]) == ("open", None)
    assert found["clock"]["current"]["consent_deadline"] == "2026-08-04"
    assert [one["consent_deadline"] for one in found["clock"]["earlier"]] == ["2026-05-27"]
    code = clerk.post(f"/api/conversions/{case}/track").json()["code"]
    told = clerk.get(f"/api/track/{code}").json()
    assert told["deadlines"]["consent"] == "2026-08-04"


def test_days_that_the_law_has_no_answer_for_are_refused_with_their_step(
    clerk: TestClient, case: int, problem: Problem
) -> None:
    take(clerk, case, "request_received", on="2026-02-27")
    before = clerk.get(f"/api/conversions/{case}").json()
    problem(step(clerk, case, "granted", on="2026-01-02"), 422, "dates-out-of-order")
    problem(step(clerk, case, "hearing_set", hearing={"months": 2}), 422, "hearing-not-allowed")
    after = clerk.get(f"/api/conversions/{case}").json()
    assert {**after, "known_at": None} == {**before, "known_at": None}  # neither step, version nor assessment


def test_the_dossier_goes_with_the_escalation_and_stays_as_it_was(
    clerk: TestClient, case: int, office: Town, problem: Problem
) -> None:
    take(clerk, case, "request_received", on="2026-02-27")
    take(clerk, case, "bwi_involved", note="Akte übersandt an Frau Beispiel")
    take(clerk, case, "coordination_failed", note="Kein Ersatzland angeboten")
    handed = take(clerk, case, "escalated")
    address = f"/api/conversions/{case}/dossier"
    first = clerk.get(address, params={"step": handed["id"]}).json()
    dossier = first["dossier"]
    assert [one["kind"] for one in dossier["steps"]][-1] == "coordination_failed"
    assert dossier["steps"][-1]["note"] == "Kein Ersatzland angeboten"
    assert dossier["case"]["reference"] == "N/61-12.3"
    assert dossier["assessment"]["result"]["de"]["law_version"] == "P31_3_V2"
    assert dossier["assessment"]["result"]["en"]["language"] == "en"
    assert dossier["clock"]["de"]["current"]["consent_deadline"] == "2026-05-27"
    named = {one["role"]: one["short"] for one in dossier["authorities"]}
    assert (named["economy"], named["industry_coordinator"]) == ("BWAI", "Industriekoordinator")
    assert {one["look"] for one in dossier["map"]["shapes"]} >= {"zone workplace", "affected", "site"}
    whole = json.dumps(dossier, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(whole).hexdigest() == first["sha256"] == handed["dossier_sha256"]
    take(clerk, case, "settled", note="Danach")
    again = clerk.get(address, params={"step": handed["id"]}).json()
    assert (again["dossier"], again["sha256"]) == (dossier, first["sha256"])
    now = clerk.get(address).json()
    assert (now["step"], now["dossier"]["case"]["state"]) == (None, "settled")
    assert [one["step"] for one in now["handed_over"]] == [handed["id"]]
    problem(clerk.get(address, params={"step": handed["id"] + 1}), 404, "dossier-unknown")
    public = TestClient(service(office.web), raise_server_exceptions=False)
    open_one = public.get(address, params={"step": handed["id"]})
    assert open_one.json()["notes_withheld"]
    assert "Frau Beispiel" not in open_one.text
    assert "Test planner" not in open_one.text
    take(clerk, case, "granted", on="2026-05-20", note="Herr Muster hat unterschrieben")
    for path in ("", "/dossier", "/steps"):
        seen = public.get(f"/api/conversions/{case}{path}").text
        assert "Herr Muster" not in seen
        assert "Frau Eingang" not in seen
    assert "Frau Eingang" in clerk.get(f"/api/conversions/{case}").text


def test_what_is_late_is_told_by_command(
    clerk: TestClient,
    office: Town,
    on_database: Callable[[Town], Landreserve],  # noqa: F811
) -> None:
    made = clerk.post("/api/conversions", json={**QUESTION, "request_received_on": "2026-02-10"})
    assert made.status_code == 201
    landreserve, number = on_database(office), made.json()["id"]

    def late(on: str) -> list[str]:
        told = landreserve("conversions", "due", "--on", on, "--json")
        return next((one["late"] for one in told.json if one["id"] == number), [])

    assert late("2026-03-20") == []
    assert late("2026-05-02") == ["bwi_near", "consent_near"]
    assert late("2026-05-04") == ["bwi_missed", "consent_near"]
    assert late("2026-05-11") == ["consent_missed", "bwi_missed"]
    take(clerk, number, "statement_given", on="2026-05-12")
    assert late("2026-05-11") == ["consent_missed"]
    printed = landreserve("conversions", "due", "--on", "2026-05-11").out
    assert "N/61-12.3" in printed
    assert "consent_missed" in printed
    take(clerk, number, "withdrawn", on="2026-05-13")
    assert late("2026-05-11") == []


def test_a_case_is_decided_also_when_its_parcel_is_no_more(clerk: TestClient, office: Town, problem: Problem) -> None:
    state(office, "parcels", [land(90, "900", "Altona")])
    number = clerk.post("/api/conversions", json={**QUESTION, "site": {"parcels": [key(90)]}}).json()["id"]
    take(clerk, number, "request_received", on="2026-02-27")
    with engine_of(office.owner) as engine, engine.begin() as connection:
        gone = text(
            "UPDATE parcel SET known = tstzrange(lower(known), lower(known) + interval '1 second') WHERE key = :key"
        )
        connection.execute(gone, {"key": key(90)})
    problem(step(clerk, number, "granted", on="2026-02-02"), 422, "dates-out-of-order")
    problem(step(clerk, number, "hearing_set", hearing={"months": 2}), 422, "hearing-not-allowed")
    code = clerk.post(f"/api/conversions/{number}/track").json()["code"]
    assert "register no longer has the land" in take(clerk, number, "hearing_set", hearing={"days": 9})["unassessed"]
    assert clerk.get(f"/api/track/{code}").json()["deadlines"]["consent"] == "2026-06-05"
    assert "register no longer has the land" in take(clerk, number, "refused", on="2026-05-02")["unassessed"]
    found = clerk.get(f"/api/conversions/{number}").json()
    assert (found["state"], found["versions"][-1]["decision"], len(found["assessments"])) == ("decided", "refused", 2)
    assert found["clock"]["current"]["consent_deadline"] == "2026-06-05"
    assert "could not be assessed" in clerk.get(f"/conversions/{number}?lang=en").text


def test_a_case_is_refused_or_withdrawn_also_after_its_route_expired(office: Town, problem: Problem) -> None:
    app = service(office.web)
    headers = {"Authorization": f"Bearer {token(office, 'planner')[1]}", "Accept-Language": "en"}
    with TestClient(app, headers=headers) as late:
        made = [late.post("/api/conversions", json={**QUESTION, "route": "B246e"}).json()["id"] for _ in range(2)]
        app.dependency_overrides[clock.now] = lambda: datetime(2031, 1, 10, 11, tzinfo=UTC)
        problem(step(late, made[0], "granted", on="2031-01-09"), 422, "route-not-in-force")
        for number, kind in zip(made, ("refused", "withdrawn"), strict=True):
            assert "route had expired" in take(late, number, kind, on="2031-01-09")["unassessed"]
            assert late.get(f"/api/conversions/{number}").json()["versions"][-1]["decision"] == kind


def test_a_refusal_on_the_moved_day_is_not_said_to_be_too_late(clerk: TestClient) -> None:
    days = {"request_received_on": "2026-02-16", "decision": "refused", "decision_on": "2026-05-18"}  # 16 May: Saturday
    clock = clerk.post("/api/conversions", json={**QUESTION, **days}).json()["clock"]
    assert (clock["state"], "is for lawyers" in clock["sentence"]) == ("missed", True)


def test_a_case_that_was_decided_before_it_was_entered_is_over(clerk: TestClient, problem: Problem) -> None:
    days = {"request_received_on": "2026-01-20", "decision": "refused", "decision_on": "2026-05-20"}
    made = clerk.post("/api/conversions", json={**QUESTION, **days}).json()
    steps = clerk.get(f"/api/conversions/{made['id']}/steps").json()
    assert (made["state"], steps["possible"]) == ("decided", ["request_renewed", "note"])
    assert [(one["kind"], one["on"]) for one in steps["steps"]][1:] == [("refused", "2026-05-20")]
    assert made["versions"][0]["note"] == steps["steps"][0]["note"] == QUESTION["note"]
    ahead = {**QUESTION, "decision": "granted", "decision_on": "2026-06-02", "on": "2026-06-03"}
    problem(clerk.post("/api/conversions", json=ahead), 422, "invalid-request")
    take(clerk, made["id"], "request_renewed", on="2026-05-30")


DAYS = st.sampled_from(
    ["1900-01-01", "2021-06-22", "2025-10-30", "2026-01-12", "2026-03-02", "2026-06-01", "2200-12-31"]
)
HEARINGS = st.sampled_from([{"months": 1}, {"months": 2}, {"days": 14}, {"days": 366}])
STEPS = st.tuples(st.sampled_from([kind.value for kind in StepKind]), DAYS, HEARINGS)
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)
@given(sent=st.lists(STEPS, min_size=3, max_size=8), route=st.sampled_from(["B31_3", "B246e", "B31_2", "plan_change"]))
def test_whatever_steps_are_sent_the_record_stays_whole(
    clerk: TestClient, sent: list[tuple[str, str, dict[str, int]]], route: str
) -> None:
    """Taken or refused by name, never a fault; each step that states something has its version and its assessment."""
    number = clerk.post("/api/conversions", json={**QUESTION, "route": route}).json()["id"]
    amended = 0
    for kind, on, hearing in sent:
        said = {"note": "x", "on": on, **({"hearing": hearing} if kind == "hearing_set" else {})}
        answer = step(clerk, number, kind, **said)
        assert answer.status_code in (201, 409, 422), answer.text
        amended += answer.status_code == 201 and StepKind(kind) in AMENDS
    found, steps = clerk.get(f"/api/conversions/{number}").json(), clerk.get(f"/api/conversions/{number}/steps").json()
    assert len(found["assessments"]) == 1 + amended
    assert found["state"] == steps["state"] == steps["steps"][-1]["state"]
    assert found["assessments"][-1]["version"] == found["versions"][-1]["number"]
    state = None
    for one in steps["steps"]:
        state = follow(state, StepKind(one["kind"]))
        assert one["state"] == state
