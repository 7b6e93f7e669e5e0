"""Subscriptions by HTTP and by command: who may see what, what is refused, a secret that is seen once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.bodies import SUBSCRIBED
from app.delivery import keys
from app.settings import Settings
from parcels import alerts, confirmations, delivering, subscriptions
from parcels.tokens import Role
from rules.alerts import Kind, Severity
from tests.app.conftest import NOW, Town, service, token
from tests.app.test_cli import Landreserve, on_database  # noqa: F401 (a fixture)
from tests.faults.own import engine_of

PATH = "/api/subscriptions"
Problem = Callable[..., dict[str, Any]]
Callers = Callable[[Role], TestClient]


@pytest.fixture(scope="module")
def callers(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    """A new caller of a role, each with a token of its own."""
    app = service(town.web, home=tmp_path_factory.mktemp("home"))
    opened: list[TestClient] = []

    def caller(role: Role) -> TestClient:
        client = TestClient(
            app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {token(town, role)[1]}"}
        )
        opened.append(client)
        return client

    yield caller
    for client in opened:
        client.close()


def subscribed(caller: TestClient, **other: Any) -> dict[str, Any]:
    answer = caller.post(PATH, json={**SUBSCRIBED, **other})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def test_from_making_to_ending(callers: Callers, problem: Problem) -> None:
    mine = callers("bwi")
    made = subscribed(mine)
    assert len(keys.raw(made["secret"])) == 32
    one = f"{PATH}/{made['id']}"
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert mine.get(PATH).json() == {"subscriptions": [shown]}
    assert mine.get(one).json() == shown
    assert (shown["kinds"], shown["series"], shown["severity"], shown["language"]) == (
        *(["below", "near", "recovered"], ["net"], "information", "de"),
    )

    assert (shown["confirmed_at"], shown["vouched_by"]) == (None, None)
    problem(mine.post(f"{one}/confirmation"), 422, "invalid-request")  # a webhook's secret is what its owner has

    renewed = mine.post(f"{one}/rotate").json()
    assert renewed["secret"] != made["secret"]
    assert renewed["old_secret_until"] == (NOW + timedelta(hours=24)).isoformat().replace("+00:00", "Z")

    test = mine.post(f"{one}/test")
    assert test.status_code == 202
    assert (test.json()["alert"], test.json()["state"]) == (None, "pending")
    sent = mine.get(f"{one}/deliveries").json()["deliveries"]
    assert [delivery["id"] for delivery in sent] == [test.json()["id"]]
    assert mine.get(f"{one}/deliveries?state=delivered").json() == {"deliveries": []}
    assert mine.post(f"/api/deliveries/{sent[0]['id']}/replay").status_code == 202

    assert mine.delete(one).json()["target"] == made["target"]
    problem(mine.get(one), 404, "subscription-unknown")
    problem(mine.post(f"/api/deliveries/{sent[0]['id']}/replay"), 404, "delivery-unknown")
    assert mine.get(PATH).json() == {"subscriptions": []}


def test_what_is_ended_is_forgotten(callers: Callers, town: Town) -> None:
    mine = callers("planner")
    made = subscribed(mine, target="https://example.org/personal")
    mine.post(f"{PATH}/{made['id']}/rotate")
    mine.post(f"{PATH}/{made['id']}/test")
    mine.delete(f"{PATH}/{made['id']}")
    with engine_of(town.owner) as engine, Session(engine) as session:
        query = "SELECT target, secret, old_secret FROM subscription WHERE uid = :uid"
        assert session.execute(text(query), {"uid": made["id"]}).one() == ("", None, None)
        query = "SELECT d.state FROM delivery d JOIN subscription s ON s.id = subscription_id WHERE s.uid = :uid"
        assert session.execute(text(query), {"uid": made["id"]}).all() == [("cancelled",)]


def test_secrets_are_kept_encrypted(callers: Callers, town: Town) -> None:
    made = subscribed(callers("planner"))
    with engine_of(town.owner) as engine, Session(engine) as session:
        (found,) = [one for one in subscriptions.listing(session, None) if str(one.uid) == made["id"]]
    assert found.secret is not None
    assert keys.raw(made["secret"]) not in found.secret
    assert made["secret"].encode() not in found.secret


@pytest.mark.parametrize("role", ["planner", "bwi", "hie", "admin"])
def test_who_may_subscribe(callers: Callers, role: Role) -> None:
    assert subscribed(callers(role))["created_by"] == f"Test {role}"


def test_who_may_not(callers: Callers, api: TestClient, problem: Problem) -> None:
    problem(api.get(PATH), 401, "token-missing")
    problem(api.post(PATH, json=SUBSCRIBED), 401, "token-missing")
    problem(callers("viewer").post(PATH, json=SUBSCRIBED), 403, "role-missing")


def test_others_see_nothing_and_administrators_everything(callers: Callers, problem: Problem) -> None:
    mine, other, admin = callers("planner"), callers("planner"), callers("admin")
    made = subscribed(mine)
    one = f"{PATH}/{made['id']}"
    sent = mine.post(f"{one}/test").json()["id"]
    calls = (
        ("get", ""),
        ("delete", ""),
        ("post", "/rotate"),
        ("post", "/enable"),
        ("post", "/test"),
        ("post", "/confirmation"),
        ("get", "/deliveries"),
    )
    for method, below in calls:
        problem(other.request(method, one + below), 404, "subscription-unknown")
    problem(other.post(f"/api/deliveries/{sent}/replay"), 404, "delivery-unknown")
    assert made["id"] not in other.get(PATH).text
    assert made["id"] in admin.get(PATH).text
    assert admin.post(f"/api/deliveries/{sent}/replay").status_code == 202
    assert admin.delete(one).status_code == 200


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"target": "http://example.org/"}, "target"),
        ({"target": "https://127.0.0.1/"}, "target"),
        ({"target": "https://169.254.169.254/latest/meta-data"}, "target"),
        ({"target": "https://user:pass@example.org/"}, "target"),
        ({"target": "https://example.org:8000/"}, "target"),
        ({"channel": "email", "target": "a@b\r\nBcc: x@y"}, "target"),
        ({"channel": "email", "target": "nobody@example.org"}, "channel"),  # no mail server is set here
        ({"channel": "fax"}, "channel"),
        ({"kinds": ["weather"]}, "kinds.0"),
        ({"severity": "grave"}, "severity"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_what_is_refused(callers: Callers, problem: Problem, other: dict[str, Any], field: str) -> None:
    answer = callers("planner").post(PATH, json={**SUBSCRIBED, **other})
    (error,) = problem(answer, 422, "invalid-request")["errors"]
    assert error["field"] in (field, f"body.{field}")


def test_a_name_is_not_resolved_when_it_is_given(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(*_: object, **__: object) -> None:
        raise AssertionError("the service asked for a name")

    monkeypatch.setattr("socket.getaddrinfo", resolved)
    subscribed(callers("planner"), target="https://inner.hamburg.example/")


def test_an_address_is_asked_first(town: Town, callers: Callers, problem: Problem) -> None:
    """As its maker sees it; that nothing else is sent is proved with a mail server."""
    mailing = {"smtp_url": "smtp://mail.example", "mail_from": "landreserve@hamburg.example"}
    shown = {"Authorization": f"Bearer {token(town, 'planner')[1]}"}
    order = {"channel": "email", "target": "name@hamburg.example"}
    nameless = TestClient(service(town.web, **mailing), headers=shown)
    (error,) = problem(nameless.post(PATH, json=order), 422, "invalid-request")["errors"]
    assert "LANDRESERVE_PUBLIC_URL" in error["remedy"]
    app = service(town.web, public_url="https://reserve.hamburg.example", **mailing)
    mine = TestClient(app, headers=shown)
    made = subscribed(mine, **order)
    one = f"{PATH}/{made['id']}"
    assert (made["confirmed_at"], made["vouched_by"], made["secret"]) == (None, None, None)
    problem(mine.post(f"{one}/test"), 422, "invalid-request")
    again = mine.post(f"{one}/confirmation")
    assert (again.status_code, again.json()["purpose"], again.json()["alert"]) == (202, "confirmation", None)
    sent = mine.get(f"{one}/deliveries").json()["deliveries"]
    assert [(found["purpose"], found["state"]) for found in sent] == [("confirmation", "pending")] * 2
    with engine_of(town.owner) as engine, Session(engine) as session:
        found = subscriptions.find(session, UUID(made["id"]), None)
        code = confirmations.make(session, found.id, NOW, NOW + timedelta(days=7))
        session.commit()
    browser = TestClient(app)
    assert browser.get(f"/confirm/{code}").status_code == 200
    assert mine.get(one).json()["confirmed_at"] is None
    assert browser.post(f"/confirm/{code}").status_code == 200  # as the lesser role
    assert mine.get(one).json()["confirmed_at"] == NOW.isoformat().replace("+00:00", "Z")
    problem(mine.post(f"{one}/confirmation"), 422, "invalid-request")


def test_an_owner_has_a_limit(callers: Callers, problem: Problem) -> None:
    mine = callers("planner")
    for _ in range(subscriptions.MOST):
        subscribed(mine)
    problem(mine.post(PATH, json=SUBSCRIBED), 409, "too-many-subscriptions")


def test_without_a_key_secrets_are_not_kept(town: Town, problem: Problem) -> None:
    app = service(town.web, secret_key="short")
    client = TestClient(
        app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {token(town, 'admin')[1]}"}
    )
    problem(client.post(PATH, json=SUBSCRIBED), 503, "secrets-unavailable")


def test_the_key_of_the_home_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", secret_key=SecretStr(""))
    kept = keys.sealed("whsec_x", keys.box(settings))
    assert keys.opened(kept, keys.box(settings)) == "whsec_x"
    assert (tmp_path / "home" / keys.FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "home").iterdir()] == [keys.FILE]
    with pytest.raises(keys.KeyUnfitError):
        keys.opened(kept, keys.box(Settings(home=tmp_path / "other")))


def test_an_alert_that_nobody_delivers_is_told_by_readyz(town: Town, api: TestClient) -> None:
    with engine_of(town.owner) as engine, Session(engine) as session:
        at = NOW - timedelta(minutes=16)
        alerts.raise_one(session, Kind.IMPORT_REJECTED, Severity.WARNING, "17", at.date(), at, {})
        session.commit()
        found = api.get("/readyz").json()
        assert found["status"] == "degraded"
        assert any("An alert waits since 2026-06-01T09:44" in reason for reason in found["reasons"])
        delivering.fan_out(session, NOW)
        session.execute(text("UPDATE delivery SET state = 'delivered', finished_at = created_at"))
        session.commit()
    assert not any("An alert waits" in reason for reason in api.get("/readyz").json()["reasons"])


def test_by_command(on_database: Callable[[Town], Landreserve], town: Town, tmp_path: Path, monkeypatch: Any) -> None:  # noqa: F811
    monkeypatch.setenv("LANDRESERVE_HOME", str(tmp_path / "home"))
    landreserve = on_database(town)
    made = landreserve(
        "subscriptions", "create", "https://example.org/by-hand", "--kind", "below", "--severity", "warning"
    )
    assert made.code == 0
    assert len(keys.raw(made.out.strip())) == 32
    listed = landreserve("subscriptions", "list", "--json").json
    (one,) = [one for one in listed if one["target"] == "https://example.org/by-hand"]
    assert (one["kinds"], one["severity"]) == (["below"], "warning")
    assert landreserve("subscriptions", "rotate", one["id"]).out.startswith("whsec_")
    assert landreserve("subscriptions", "test", one["id"]).code == 0
    (sent,) = landreserve("subscriptions", "deliveries", one["id"], "--json").json
    assert landreserve("subscriptions", "replay", sent["id"]).code == 0
    assert landreserve("subscriptions", "enable", one["id"]).code == 0
    assert "pending" in landreserve("subscriptions", "deliveries", one["id"]).out
    assert landreserve("subscriptions", "delete", one["id"]).code == 0
    mailing = {
        "SMTP_URL": "smtp://mail.example",
        "MAIL_FROM": "lr@mail.example",
        "PUBLIC_URL": "https://reserve.example",
    }
    for name, value in mailing.items():
        monkeypatch.setenv(f"LANDRESERVE_{name}", value)
    for confirmed in ((), ("--confirmed",)):
        address = f"list{len(confirmed)}@hamburg.example"
        made = landreserve("subscriptions", "create", address, "--channel", "email", *confirmed)
        assert (made.code, "until its owner confirms" in made.err) == (0, not confirmed)
        (mine,) = [found for found in landreserve("subscriptions", "list", "--json").json if found["target"] == address]
        assert (mine["confirmed_at"] is None, mine["vouched_by"] is None) == (not confirmed, not confirmed)
        assert landreserve("subscriptions", "confirmation", mine["id"]).code == (2 if confirmed else 0)
        assert landreserve("subscriptions", "test", mine["id"]).code == (0 if confirmed else 2)
    for arguments in (("delete", one["id"]), ("replay", str(uuid4())), ("create", "http://example.org/")):
        refused = landreserve("subscriptions", *arguments)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err
