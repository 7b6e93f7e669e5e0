"""The page behind the link of a mail: looking changes nothing, its form confirms; for whoever has the link."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import confirmations, subscriptions
from parcels.subscriptions import Order
from tests.web.conftest import NOW
from tests.web.test_pages import page, words

ADDRESS = "name@hamburg.example"


@pytest.fixture
def code(session: Session) -> str:
    made = subscriptions.create(session, Order("email", ADDRESS), None, "token", "Planerin Beispiel", NOW)
    return confirmations.make(session, made.id, NOW, NOW + timedelta(days=7))


def confirmed(session: Session, code: str) -> bool:
    return not confirmations.find(session, code, NOW).unconfirmed


def test_opening_asks_and_sending_confirms(pages: FastAPI, session: Session, code: str) -> None:
    pages.state.settings = pages.state.settings.model_copy(update={"read_requires_token": True})
    browse = TestClient(pages)
    answer = browse.get(f"/confirm/{code}")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    whole = page(browse, f"/confirm/{code}")
    assert "Sind sie erwünscht?" in words(whole)
    assert ADDRESS not in answer.text
    assert "Planerin" not in answer.text
    assert not confirmed(session, code)
    (form,) = whole.xpath("//main//form")
    assert (form.get("method"), form.xpath(".//input")) == ("post", [])
    for _ in range(2):
        done = browse.post(form.get("action"))
        assert (done.status_code, "Bestätigt" in done.text) == (200, True)
        assert confirmed(session, code)
    assert page(browse, f"/confirm/{code}").xpath("//main//form") == []
    assert "Confirmed" in words(page(browse, f"/confirm/{code}?lang=en"))


@pytest.mark.parametrize("given", ["x", "x" * 200, "%00", "%ED%A0%80", "'--"])
@pytest.mark.usefixtures("session")
def test_what_is_no_link_of_ours_is_said_to_be_none(browse: TestClient, given: str) -> None:
    for answer in (browse.get(f"/confirm/{given}"), browse.post(f"/confirm/{given}")):
        assert (answer.status_code, "Hinter diesem Link wartet nichts" in answer.text) == (404, True)


def test_a_link_ends(browse: TestClient, session: Session, code: str) -> None:
    session.execute(text("UPDATE subscription_code SET until = :at"), {"at": NOW})
    assert browse.post(f"/confirm/{code}").status_code == 404
