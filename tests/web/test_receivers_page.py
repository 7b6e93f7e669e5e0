"""Receivers that fail stand there in red with words and sign; where they are is told to whom they belong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.web import receivers_page
from parcels import alerts, delivering, subscriptions, tokens
from parcels.subscriptions import Order, Subscription
from parcels.tokens import Role
from rules.alerts import Kind, Severity
from tests.web.conftest import NOW
from tests.web.test_alert_pages import Tell, tell  # noqa: F401 (a fixture)
from tests.web.test_pages import page, section, words

TARGET = "https://receiver.hamburg.example/secret"
ANSWER = "maintenance <b>until</b> noon"


@pytest.fixture
def owner(session: Session) -> tuple[str, str]:
    """The id of a token and the token."""
    made, shown = tokens.create(session, "Test", "planner", NOW)
    return made.id, shown


@pytest.fixture
def hook(session: Session, owner: tuple[str, str]) -> Subscription:
    return subscriptions.create(session, Order("webhook", TARGET), b"sealed", owner[0], "Planerin Beispiel", NOW)


def tried(session: Session, state: str) -> None:
    """What was handed out has been tried, and came to nothing."""
    delivering.fan_out(session, NOW)
    ended = ":at" if state != "pending" else "NULL"
    session.execute(
        text(f"""UPDATE delivery SET state = '{state}', finished_at = {ended}, attempts = 10, last_at = :at, last_status = 503,
        last_failure = 'status', excerpt = :said WHERE state = 'pending'"""),
        {"at": NOW, "said": ANSWER},
    )
    session.execute(text("UPDATE subscription SET failing_since = :at"), {"at": NOW - timedelta(days=2)})


@pytest.mark.usefixtures("hook")
def test_where_all_is_well_it_says_so(browse: TestClient) -> None:
    said = words(page(browse, "/alerts/receivers"))
    assert "Jeder Empfänger nimmt an, was ihm geschickt wird." in said
    assert "Es wurde nichts aufgegeben, was nicht zur Kenntnis genommen wäre." in said
    whole = page(browse, "/alerts")
    assert "Nicht alle erfahren davon" not in words(whole)
    assert whole.xpath("//main//a[@href='/alerts/receivers']")


def test_one_that_fails_is_red_with_words_and_a_sign(
    browse: TestClient,
    session: Session,
    hook: Subscription,
    tell: Tell,  # noqa: F811
) -> None:
    tell(Kind.IMPORT_REJECTED, Severity.WARNING, "7")
    tried(session, "pending")
    whole = page(browse, "/alerts/receivers")
    (one,) = section(whole, "failing").xpath(".//li")
    (mark,) = one.xpath(".//span[@class='state below']")
    assert words(mark) == "scheitert"
    assert mark.xpath("./svg/path")
    assert "Seit 20. November 2026, 12:00:00." in words(one)
    assert "Zuletzt versucht am 22. November 2026, 12:00:00." in words(one)
    assert "Meldungen, die warten: 1; die er nie bekommen hat: 0." in words(one)
    assert "Nach fünf Tagen wird er abgeschaltet." in words(one)
    assert f"landreserve subscriptions deliveries {hook.uid}" in words(one)
    assert "Nicht alle erfahren davon" in words(page(browse, "/alerts"))


def test_one_that_is_disabled_and_what_it_never_got_and_how_both_are_mended(
    browse: TestClient,
    session: Session,
    hook: Subscription,
    tell: Tell,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = [tell(Kind.IMPORT_REJECTED, Severity.WARNING, str(n), n) for n in range(3)]
    tried(session, "given_up")
    subscriptions.disable(session, hook.id, "failing", NOW)
    monkeypatch.setattr(receivers_page, "LOST_SHOWN", 2)
    whole = page(browse, "/alerts/receivers?lang=en")
    (one,) = section(whole, "failing").xpath(".//li")
    assert "disabled" in words(one)
    assert "that it never got: 3" in words(one)
    assert f"landreserve subscriptions enable {hook.uid}" in words(one)
    assert f"curl -X POST http://testserver/api/subscriptions/{hook.uid}/enable" in words(one)
    found = section(whole, "undelivered")
    assert "3 deliveries were given up" in words(found)
    assert "These are the newest 2." in words(found)
    assert [link.partition("?")[0] for link in found.xpath(".//li//a/@href")] == [
        f"/alerts/{n}" for n in numbers[:0:-1]
    ]
    uid = session.execute(text("SELECT uid FROM delivery WHERE alert_id = :alert"), {"alert": numbers[2]}).scalar_one()
    assert f"landreserve subscriptions replay {uid}" in words(found)
    assert f"curl -X POST http://testserver/api/deliveries/{uid}/replay" in words(found)
    for number in numbers:
        alerts.acknowledge(session, number, NOW, "Planerin Beispiel", None)
    assert "Nothing was given up" in words(page(browse, "/alerts/receivers?lang=en"))


@pytest.mark.parametrize(
    ("role", "own", "known"), [("planner", True, True), ("planner", False, False), ("admin", False, True)]
)
def test_where_it_is_and_what_it_answered_is_for_its_owner(
    pages: FastAPI,
    browse: TestClient,
    session: Session,
    owner: tuple[str, str],
    hook: Subscription,
    tell: Tell,  # noqa: F811
    role: Role,
    own: bool,
    known: bool,
) -> None:
    tell(Kind.IMPORT_REJECTED, Severity.WARNING, "7")
    tried(session, "given_up")
    shown = owner[1] if own else tokens.create(session, "Other", role, NOW)[1]
    caller = TestClient(pages, headers={"Authorization": f"Bearer {shown}"})
    for who, sees in ((browse, False), (caller, known)):
        answer = who.get("/alerts/receivers")
        assert answer.headers["cache-control"] == "no-store"
        said = words(page(who, "/alerts/receivers"))
        assert [one in said for one in (TARGET, ANSWER, "503")] == [sees] * 3
        assert ("https://•••" in said) is not sees
        assert "<b>until" not in answer.text
        assert "Planerin" not in said
    pages.state.settings = pages.state.settings.model_copy(update={"read_requires_token": True})
    assert str(hook.uid) not in words(page(browse, "/alerts/receivers", 401))
