"""The pages of alerts: what lasts on top, everything in words and shapes, both languages, text of others as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.web import alert_pages
from parcels import alerts
from rules.alerts import Kind, Severity
from tests.web.conftest import NOW, SOUND
from tests.web.test_pages import HOSTILE, page, rows, section, words

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINE = {"net_ha": "99.5", "free_ha": "60", "target_ha": "100", "margin_ha": "5", "before": "near", "state": "below"}
Tell = Callable[..., int]


@pytest.fixture
def tell(session: Session) -> Tell:
    """Raises alerts; gives their numbers."""

    def one(kind: Kind, severity: Severity, subject: str = "net", minute: int = 0, **facts: Any) -> int:
        at = AT + timedelta(minutes=minute)
        number = alerts.raise_one(session, kind, severity, subject, date(2026, 11, 20), at, {**LINE, **facts})
        session.commit()
        assert number is not None
        return number

    return one


@pytest.mark.usefixtures("session")
def test_where_nothing_was_told_it_says_so(browse: TestClient) -> None:
    whole = page(browse, "/alerts")
    assert "Von dem, was gemeldet wurde, dauert nichts an" in words(section(whole, "lasting"))
    assert "Es wurde noch nichts gemeldet." in words(section(whole, "all"))


def test_what_lasts_stands_on_top_the_gravest_first_in_words_and_shapes(browse: TestClient, tell: Tell) -> None:
    below = tell(Kind.BELOW, Severity.CRITICAL)
    tell(Kind.NEAR, Severity.INFORMATION, "free", 1)
    tell(Kind.BELOW, Severity.WARNING, "free", 2)
    tell(Kind.IMPORT_REJECTED, Severity.WARNING, "7", 3, source="a.csv")
    whole = page(browse, "/alerts")
    lasting = section(whole, "lasting").xpath(".//li")
    assert [words(one)[:9].partition(" ")[0] for one in lasting] == ["kritisch", "Warnung", "Informati"]
    assert len({one.xpath(".//svg/path/@d")[0] for one in lasting}) == 3
    assert "Die Reserve (netto) liegt am 20. November 2026 bei 99,5 ha" in words(lasting[0])
    assert "gemeldet am 20. November 2026, 13:00:00." in words(lasting[0])
    assert "Noch hat es niemand zur Kenntnis genommen." in words(lasting[0])
    assert lasting[0].xpath(".//a/@href") == [f"/alerts/{below}"]
    table = rows(whole, "Meldungen, die neuesten zuerst")
    assert [(row[1], row[4]) for row in table] == [
        *[("Warnung", "–"), ("Warnung", "dauert an"), ("Information", "dauert an"), ("kritisch", "dauert an")]
    ]


def test_one_alert_says_why_where_it_is_written_and_who_took_note(
    browse: TestClient, session: Session, tell: Tell
) -> None:
    number = tell(Kind.BELOW, Severity.CRITICAL)
    alerts.acknowledge(session, number, NOW, "Planerin Beispiel", "intern besprochen")
    alerts.resolve(session, [Kind.BELOW], "net", NOW)
    session.commit()
    whole = page(browse, f"/alerts/{number}")
    said = words(section(whole, "what"))
    assert "Es fehlen 0,5 ha." in said
    assert "Anlass ist allein, dass die Zeit vergangen ist" in said
    assert "Das ist vorbei seit 22. November 2026, 12:00:00." in said
    assert "Handlungsfeld 1 Nr. 1 Abs. 1 Satz 3" in said
    noted = words(section(whole, "noted"))
    assert "22. November 2026, 12:00:00" in noted
    assert "Planerin" not in noted
    assert "intern" not in noted
    assert f"curl http://testserver/api/alerts/{number}/acknowledgement" in noted
    assert whole.xpath("//form | //input") == []


def test_an_alert_of_an_import_leads_to_it(browse: TestClient, tell: Tell) -> None:
    number = tell(Kind.IMPORT_REJECTED, Severity.WARNING, "7", source="a.csv")
    assert page(browse, f"/alerts/{number}").xpath("//main//a[@href='/imports/7']")


def test_english_and_the_switch_stay_on_the_page(browse: TestClient, tell: Tell) -> None:
    number = tell(Kind.BELOW, Severity.CRITICAL)
    for address in ("/alerts", f"/alerts/{number}"):
        (switch,) = page(browse, address).xpath("//nav//a[@lang='en']/@href")
        english = page(browse, f"{address}{switch}")
        assert english.get("lang") == "en"
        assert "0.5 ha are missing." in words(english)
        onward = english.xpath("//main//a[starts-with(@href, '/alerts')]/@href")
        assert onward
        assert all("lang=en" in link for link in onward)


def test_values_of_others_stay_text(browse: TestClient, tell: Tell) -> None:
    number = tell(Kind.PLEDGE_INSECURE, Severity.WARNING, HOSTILE)
    for address in ("/alerts", f"/alerts/{number}"):
        whole = page(browse, address)
        assert whole.xpath("//script | //img | //*[@onerror]") == []
        assert "{{7*7}}" in words(whole)


@pytest.mark.parametrize("given", ["x", "0", "999999", "9" * 30, "١", "-1"])
@pytest.mark.usefixtures("session")
def test_what_is_no_alert_is_said_to_be_none(browse: TestClient, given: str) -> None:
    assert "gibt es nicht" in words(page(browse, f"/alerts/{given}", 404))


def test_long_lists_go_on(browse: TestClient, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_pages, "SHOWN", 2)
    numbers = [tell(Kind.IMPORT_REJECTED, Severity.WARNING, str(n), n) for n in range(5)][::-1]
    address, seen = "/alerts", []
    while address:
        whole = page(browse, address)
        seen += [int(row[0]) for row in rows(whole, "Meldungen, die neuesten zuerst")]
        address = next(iter(whole.xpath("//main//a[starts-with(@href, '/alerts?before')]/@href")), "")
    assert seen == numbers
    assert page(browse, "/alerts?before=x").xpath("//section[@aria-labelledby='lasting']")


def test_where_reading_needs_a_token_the_pages_are_closed(pages: FastAPI, tell: Tell) -> None:
    number = tell(Kind.BELOW, Severity.CRITICAL)
    pages.state.settings = pages.state.settings.model_copy(update={"read_requires_token": True})
    for address in ("/alerts", f"/alerts/{number}"):
        assert "99,5" not in words(page(TestClient(pages), address, 401))


@pytest.mark.usefixtures("register")
def test_the_start_page_tells_that_net_is_below_and_leads_on(
    browse: TestClient, fill: Callable[..., Any], session: Session
) -> None:
    assert page(browse).xpath("//div[@role='note']") == []
    assert page(browse).xpath("//footer//a[@href='/alerts']")
    parcel = "029901___00001______"
    fill("holdings", {**SOUND, "parcel_key": parcel, "site": "Ostfeld", "disposition": "sold"})
    (banner,) = page(browse).xpath("//div[@role='note']")
    net = next(one for one in alerts.listing(session, open_only=True) if one.subject == "net")
    assert "kritisch Die Reserve (netto)" in words(banner)
    (link,) = banner.xpath(".//a/@href")
    assert link == f"/alerts/{net.id}"
    assert browse.get(link).status_code == 200
