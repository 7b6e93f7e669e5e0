"""Alerts by HTTP and by command: listed page by page, read in both languages, acknowledged; figures for monitoring."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import clock
from app import imports as importing
from app.cli import run as run_command
from app.delivery import courier
from parcels import alerts, db, register
from parcels.importing.contract import Refused
from parcels.importing.store import LoadOptions
from parcels.runs import Order
from parcels.tokens import Role
from tests.app.conftest import Town, service, token
from tests.app.test_imports_cli import squares
from tests.conftest import key, square
from tests.faults.own import engine_of
from tests.little_worlds import holding

AT = datetime(2026, 5, 1, 10, tzinfo=UTC)
Problem = Callable[..., dict[str, Any]]
Caller = Callable[..., TestClient]


@pytest.fixture(scope="module")
def shire(new_database: Callable[[str], Town]) -> Town:
    """Twelve parcels of 10 ha, three of them sold: near the line and below it in one day, and near again by a return."""
    made = new_database("shire")
    with engine_of(made.owner) as engine, db.sessions(engine)() as session:

        def edit(layer: str, *rows: dict[str, Any], minute: int) -> None:
            register.edit(session, layer, list(rows), AT + timedelta(minutes=minute), "test", None)

        edit(
            "parcels",
            *[{"key": key(n), "official_m2": 100_000, "geom": square(100 * n, 0)} for n in range(12)],
            minute=0,
        )
        edit(
            "zones",
            {"plan": "A", "designation": "GE", "regulates_use": True, "geom": square(0, 0, 1200, 100)},
            minute=1,
        )
        edit("holdings", *[holding(n) for n in range(12)], minute=2)
        edit("holdings", *[holding(n, disposition="sold") for n in range(3)], minute=3)
        edit("holdings", *[holding(n) for n in range(2)], minute=4)
        edit("holdings", *[holding(n, disposition="sold") for n in range(2)], minute=5)
        session.commit()
    return made


@pytest.fixture(scope="module")
def caller(shire: Town) -> Caller:
    """Callers by role, a day after the sales."""

    def make(role: Role | None = None, **settings: Any) -> TestClient:
        app = service(shire.web, **settings)
        app.dependency_overrides[clock.now] = lambda: AT + timedelta(days=1)
        headers = {"Authorization": f"Bearer {token(shire, role)[1]}"} if role else {}
        return TestClient(app, raise_server_exceptions=False, headers=headers)

    return make


def kinds(answer: Any) -> list[tuple[str, str]]:
    return [(one["kind"], one["subject"]) for one in answer["alerts"]]


def test_alerts_are_listed_newest_first_and_narrowed(caller: Caller) -> None:
    api = caller()
    found = api.get("/api/alerts")
    assert found.headers["cache-control"] == "no-store"
    assert kinds(found.json()) == [
        *[("below", "free"), ("below", "net")],
        *[("recovered", "free"), ("recovered", "net")],
        *[("below", "free"), ("below", "net")],
    ]
    assert kinds(api.get("/api/alerts?open=true").json()) == [("below", "free"), ("below", "net")]
    assert kinds(api.get("/api/alerts?severity=critical&open=true").json()) == [("below", "net")]
    assert kinds(api.get("/api/alerts?kind=recovered&kind=near").json()) == [
        ("recovered", "free"),
        ("recovered", "net"),
    ]
    assert kinds(api.get("/api/alerts?kind=near").json()) == []


def test_pages_follow_each_other_without_gap_or_repetition(caller: Caller) -> None:
    api = caller()
    seen, address = [], "/api/alerts?limit=4"
    while address:
        answer = api.get(address).json()
        seen.append([one["id"] for one in answer["alerts"]])
        address = answer["next"]
    whole = [one["id"] for one in api.get("/api/alerts").json()["alerts"]]
    assert [len(page) for page in seen] == [4, 2]
    assert [*seen[0], *seen[1]] == whole == sorted(whole, reverse=True)


def test_an_alert_can_be_read_aloud_in_both_languages(caller: Caller) -> None:
    api = caller()
    net = next(one for one in api.get("/api/alerts?open=true").json()["alerts"] if one["subject"] == "net")
    german = api.get(f"/api/alerts/{net['id']}")
    english = api.get(f"/api/alerts/{net['uid']}", headers={"Accept-Language": "en"})
    assert (german.headers["content-language"], english.headers["content-language"]) == ("de", "en")
    assert "Accept-Language" in german.headers["vary"]
    assert german.json()["sentence"] == (
        "Die Reserve (netto) liegt am 1. Mai 2026 bei 90 ha, unter dem Ziel von 100 ha. Es fehlen 10 ha."
    )
    assert english.json()["sentence"] == (
        "The reserve (net) stands at 90 ha on 1 May 2026, below the target of 100 ha. 10 ha are missing."
    )
    one = german.json()
    assert (one["severity"], one["on"], one["resolved_at"]) == ("critical", "2026-05-01", None)
    assert f"Nr. {one['recording']} " in one["reason"]
    assert one["citations"][0]["paragraph"] == "Handlungsfeld 1 Nr. 1 Abs. 1 Satz 3"
    assert (float(one["facts"]["net_ha"]), one["facts"]["target_ha"]) == (90, "100")


def test_acknowledgements_stand_beside_the_alert_and_names_are_for_those_with_a_token(caller: Caller) -> None:
    api, planner, bwi = caller(), caller("planner"), caller("bwi")
    number = api.get("/api/alerts?open=true&severity=critical").json()["alerts"][0]["id"]
    first = planner.post(f"/api/alerts/{number}/acknowledgement", json={"note": "Ersatz wird beraten."})
    assert first.status_code == 201, first.text
    again = bwi.post(f"/api/alerts/{number}/acknowledgement", json={})
    taken = [(one["name"], one["note"]) for one in again.json()["acknowledgements"]]
    assert taken == [("Test planner", "Ersatz wird beraten."), ("Test bwi", None)]
    open_to_all = api.get(f"/api/alerts/{number}").json()
    assert [(one["name"], one["note"]) for one in open_to_all["acknowledgements"]] == [(None, None)] * 2
    assert open_to_all["resolved_at"] is None


@pytest.mark.parametrize("role", ["planner", "bwi", "hie", "admin"])
def test_who_may_acknowledge(caller: Caller, role: Role) -> None:
    number = caller().get("/api/alerts").json()["alerts"][0]["id"]
    assert caller(role).post(f"/api/alerts/{number}/acknowledgement", json={}).status_code == 201


def test_what_cannot_be_acknowledged_or_found(caller: Caller, problem: Problem) -> None:
    api, planner = caller(), caller("planner")
    number = api.get("/api/alerts").json()["alerts"][0]["id"]
    problem(api.post(f"/api/alerts/{number}/acknowledgement", json={}), 401, "token-missing")
    problem(caller("viewer").post(f"/api/alerts/{number}/acknowledgement", json={}), 403, "role-missing")
    problem(planner.post("/api/alerts/999999/acknowledgement", json={}), 404, "alert-unknown")
    problem(planner.post(f"/api/alerts/{number}/acknowledgement", json={"name": "Wer"}), 422, "invalid-request")
    problem(planner.post(f"/api/alerts/{number}/acknowledgement", json={"note": "a\x00b"}), 422, "invalid-request")
    problem(api.get("/api/alerts/999999"), 404, "alert-unknown")
    problem(api.get("/api/alerts/00000000-0000-4000-8000-000000000000"), 404, "alert-unknown")
    for path in (
        "/api/alerts/x",
        "/api/alerts/0",
        "/api/alerts?kind=x",
        "/api/alerts?before=0",
        "/api/alerts?district=A",
    ):
        problem(api.get(path), 422, "invalid-request")
    problem(caller(read_requires_token=True).get("/api/alerts"), 401, "token-missing")


def values(told: str) -> dict[str, float]:
    """The samples of a text for Prometheus; every one stands under its HELP and TYPE."""
    found: dict[str, float] = {}
    declared = ""
    for row in told.splitlines():
        if row.startswith("# TYPE"):
            declared = row.split()[2]
        elif not row.startswith("#"):
            name, _, value = row.rpartition(" ")
            assert name.partition("{")[0] == declared
            found[name.removeprefix("landreserve_")] = float(value)
    return found


def test_metrics(caller: Caller, problem: Problem) -> None:
    answer = caller().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = values(answer.text)
    assert (found['reserve_hectares{series="net"}'], found["target_hectares"]) == (90, 100)
    assert [found[f'line_state{{series="net",state="{state}"}}'] for state in ("clear", "near", "below")] == [0, 0, 1]
    assert (found['alerts_open{severity="critical"}'], found['alerts_open{severity="information"}']) == (1, 0)
    assert (found["line_evaluated_age_days"], found["imports_waiting"]) == (1, 0)
    assert found["alerts_undelivered_age_seconds"] == pytest.approx(86_400, abs=600)  # nobody has handed them out
    assert [found[f'deliveries{{state="{state}"}}'] for state in ("pending", "given_up")] == [0, 0]
    assert [
        found[f'subscriptions{{state="{state}"}}'] for state in ("taking", "failing", "disabled", "unconfirmed")
    ] == [0] * 4
    assert (found["deliveries_deleted_total"], found["alerts_waiting_age_seconds"]) == (0, 0)
    assert "# TYPE landreserve_deliveries_deleted_total counter" in answer.text
    problem(caller(read_requires_token=True).get("/metrics"), 401, "token-missing")


def test_readyz_says_that_nobody_goes_with_the_days_and_that_alerts_wait(caller: Caller, shire: Town) -> None:
    found = caller().get("/readyz").json()
    assert found["status"] == "degraded"
    assert any("2026-05-01" in reason and "landreserve worker" in reason for reason in found["reasons"])
    with engine_of(shire.owner) as engine, db.sessions(engine)() as session:
        courier._tick(engine, lambda: AT + timedelta(days=1))
        kept = session.execute(text("SELECT evaluated_on, foreseen_on FROM reserve_line")).one()
        assert set(kept) == {date(2026, 5, 2)}  # the worker goes with the days, and looks ahead
    assert not any("last evaluated" in reason for reason in caller().get("/readyz").json()["reasons"])


@pytest.fixture
def landreserve(shire: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The command line over the shire: (exit code, stdout, stderr)."""
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", shire.owner)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run_command(["alerts", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_the_commands_say_what_the_api_says(landreserve: Callable[..., Any], caller: Caller) -> None:
    told = json.loads(landreserve("list", "--json", "--open")[1])
    answered = caller("admin").get("/api/alerts?open=true", headers={"Accept-Language": "en"}).json()["alerts"]
    assert told == answered
    code, out, _ = landreserve("list", "--kind", "below", "--limit", "1")
    assert (code, "Below target: reserve without reserved land at 90 ha" in out) == (0, True)
    number = str(told[-1]["id"])
    assert landreserve("acknowledge", number, "--note", "gesehen", "--actor", "Herr B")[0] == 0
    shown = landreserve("show", number)[1]
    assert "10 ha are missing" in shown
    assert "Herr B" in shown
    assert json.loads(landreserve("show", number, "--json")[1])["acknowledgements"][-1]["note"] == "gesehen"
    assert landreserve("show", "999999") == (2, "", "There is no alert 999999.\n")


def imported(session: Session) -> list[tuple[str, Any, Any]]:
    """(severity, refused or not, recording) of what was told of imports, newest first."""
    found = alerts.listing(session, kinds=["import_rejected"])  # type: ignore[list-item]
    return [(one.severity, one.facts["refused"], one.recording) for one in found]


def test_an_import_that_rejects_rows_or_is_refused_is_told_once_and_one_only_tried_never(
    new_database: Callable[[str], Town], tmp_path: Path
) -> None:
    made = new_database("croft")
    good = squares(tmp_path / "good.geojson", 1, 2)
    rejected, refused = tmp_path / "rejected.geojson", tmp_path / "refused.csv"
    content = json.loads(squares(rejected, 3, 4).read_text())
    content["features"][0]["properties"]["official_m2"] = "viel"
    rejected.write_text(json.dumps(content))
    refused.write_text("nothing,of,it\n1,2,3\n")
    with engine_of(made.owner) as engine:

        def send(file: Path, **options: Any) -> None:
            importing.at_once(engine, Order("parcels", file.name, "test", **options), file)

        send(good)
        with Session(engine) as session:
            assert imported(session) == []
        tried = LoadOptions(dry_run=True)
        send(rejected, options=tried)
        for options in ({"options": tried}, {}):
            with pytest.raises(Refused):
                send(refused, **options)
        send(rejected)
        with Session(engine) as session:
            (first, second) = alerts.listing(session, kinds=["import_rejected"])  # type: ignore[list-item]
            assert imported(session) == [("information", False, first.recording), ("warning", True, None)]
            assert first.recording is not None
            assert (first.facts["rows_rejected"], first.facts["rows_read"], first.resolved_at) == (
                1,
                2,
                first.raised_at,
            )
            last = session.execute(text("SELECT max(id) FROM import_run")).scalar_one()
            assert (first.subject, second.facts["source"]) == (str(last), "refused.csv")


def test_an_import_that_breaks_off_at_its_end_has_told_nothing(
    new_database: Callable[[str], Town], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = new_database("byre")
    file = squares(tmp_path / "a.geojson", 1)
    content = json.loads(file.read_text())
    content["features"][0]["properties"]["official_m2"] = "viel"
    file.write_text(json.dumps(content))
    told = alerts.raise_one

    def fall(*given: Any, **facts: Any) -> None:
        told(*given, **facts)
        raise RuntimeError("the process falls")

    monkeypatch.setattr(alerts, "raise_one", fall)
    with engine_of(made.owner) as engine:
        with pytest.raises(RuntimeError):
            importing.at_once(engine, Order("parcels", file.name, "test"), file)
        with Session(engine) as session:
            assert imported(session) == []


def test_metrics_of_an_empty_register_leave_out_what_is_not_known(new_database: Callable[[str], Town]) -> None:
    with TestClient(service(new_database("moor").web)) as api:
        found = values(api.get("/metrics").text)
    assert not any(name.startswith(("reserve", "line", "target")) for name in found)
    assert found["alerts_undelivered_age_seconds"] == 0
