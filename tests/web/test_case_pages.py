"""The pages of conversion cases: what is listed and marked late, how one is told, its dossier, and what the public link shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app import clock
from app.schemas.conversions import ClockOut, DeadlineOut
from app.web import case_page
from app.web.case_page import course
from parcels import tokens
from rules.deadlines import State
from tests.conftest import key
from tests.web.conftest import NOW
from tests.web.test_pages import HOSTILE, page, rows, section, words

QUESTION: dict[str, Any] = {
    "reference": "N/61-12.3",
    "route": "B31_3",
    "planning": "bplan",
    "purpose": "housing",
    "cases": "single",
    "site": {"parcels": [key(1)]},
    "application_on": "2026-07-01",
    "environment": "not_significant",
}
Enter = Callable[..., int]
pytestmark = pytest.mark.usefixtures("register")


@pytest.fixture(autouse=True)
def _ticking(pages: FastAPI) -> None:
    """Each call comes a second after the one before."""
    ticks: Iterator[int] = iter(range(1, 10_000))

    def tick() -> datetime:
        return NOW + timedelta(seconds=next(ticks))

    pages.dependency_overrides[clock.now] = tick


@pytest.fixture
def clerk(pages: FastAPI, session: Session) -> TestClient:
    """A planner."""
    _, shown = tokens.create(session, "Erika Musterfrau", "planner", NOW, None)
    session.commit()
    return TestClient(pages, headers={"Authorization": f"Bearer {shown}"})


@pytest.fixture
def enter(clerk: TestClient) -> Enter:
    """Enters a case, with a request that was received on a day."""

    def make(received: str | None = "2026-10-15", **said: Any) -> int:
        made = clerk.post("/api/conversions", json={**QUESTION, "request_received_on": received, **said})
        assert made.status_code == 201, made.text
        number: int = made.json()["id"]
        return number

    return make


def take(clerk: TestClient, case: int, kind: str, **said: Any) -> dict[str, Any]:
    after = clerk.get(f"/api/conversions/{case}/steps").json()["last_step"]
    made = clerk.post(f"/api/conversions/{case}/steps", json={"kind": kind, "after": after, **said})
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


def test_without_a_case_the_list_says_so(browse: TestClient) -> None:
    whole = page(browse, "/conversions")
    assert "Es gibt keinen solchen Fall." in words(whole)
    assert "curl http://testserver/api/conversions -H" in words(section(whole, "enter"))
    assert "/conversions" in page(browse, "/").xpath("//footer//a/@href")


def test_cases_are_listed_with_what_is_late(
    browse: TestClient, enter: Enter, clerk: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed, near, fine, bare = enter("2026-08-03"), enter("2026-09-10"), enter("2026-11-16"), enter(None)
    shown = {row[0]: row for row in rows(page(browse, "/conversions"), "Umwandlungsfälle")}
    assert list(shown) == [str(number) for number in (bare, fine, near, missed)]
    assert shown[str(missed)][6].startswith("Zustimmungsfrist abgelaufen")
    assert "Frist der Wirtschaftsbehörde versäumt" in shown[str(missed)][6]
    assert "läuft bald ab" in shown[str(near)][6]
    assert shown[str(fine)][6] == "09.02.2027"  # a week before 16 February
    assert (shown[str(bare)][4], shown[str(bare)][6]) == ("offen", "–")
    late = rows(page(browse, "/conversions?late=1"), "Umwandlungsfälle")
    assert [row[0] for row in late] == [str(missed), str(near)]
    monkeypatch.setattr(case_page, "LATE_SHOWN", 1)
    assert "Die ersten 1 von 2 sind aufgeführt." in words(page(browse, "/conversions?late=1"))
    take(clerk, missed, "granted", on="2026-11-20")
    assert [row[0] for row in rows(page(browse, "/conversions?late=1"), "Umwandlungsfälle")] == [str(near)]
    assert [row[0] for row in rows(page(browse, "/conversions?state=decided"), "Umwandlungsfälle")] == [str(missed)]
    assert len(rows(page(browse, "/conversions?state=nothing&involvement=%00&before=x"), "Umwandlungsfälle")) == 4


def test_a_long_list_goes_on(browse: TestClient, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_page, "CASES_SHOWN", 2)
    numbers = [enter() for _ in range(3)]
    whole = page(browse, "/conversions?district=Altona&lang=de")
    assert [row[0] for row in rows(whole, "Umwandlungsfälle")] == [str(numbers[2]), str(numbers[1])]
    (older,) = whole.xpath("//a[starts-with(@href, '/conversions?before=')]/@href")
    assert [row[0] for row in rows(page(browse, older), "Umwandlungsfälle")] == [str(numbers[0])]


def test_a_case_is_told_criterion_by_criterion_in_sentences(
    browse: TestClient, enter: Enter, clerk: TestClient
) -> None:
    case = enter()
    take(clerk, case, "bwi_involved", note="Akte an Frau Beispiel")
    whole = page(browse, f"/conversions/{case}")
    assert "in Abstimmung" in words(section(whole, "how"))
    told = words(section(whole, "clock"))
    assert "15. Januar 2027 Zustimmung gilt mit Ablauf dieses Tages als erteilt (§ 188 BGB)" in told
    assert "22. November 2026 heute" in told
    answered = clerk.get(f"/api/conversions/{case}").json()["assessments"][-1]["assessment"]
    shown = rows(section(whole, "assessed"), "Voraussetzungen")
    assert [(row[0], row[2]) for row in shown] == [
        (one["title"], one["reason"]["sentence"]) for one in answered["conditions"]
    ]
    for link in section(whole, "assessed").xpath(".//table//a[starts-with(@href, '#')]/@href"):
        (told,) = whole.xpath(f"//li[@id='{link[1:]}']")
        assert len(words(told)) > 40
    assert rows(section(whole, "assessed"), "Land des Vorhabens")[0][:3] == [key(1), "GE", "600.000,55"]
    assert ["scheidet aus der Reserve aus, netto", "60,0001"] in rows(section(whole, "assessed"), "In Hektar")
    steps = words(section(whole, "steps"))
    assert "Wirtschaftsbehörde einbezogen (Planung)" in steps
    assert "Frau Beispiel" not in whole.text_content()
    assert "Musterfrau" not in whole.text_content()
    assert "Frau Beispiel" in words(page(clerk, f"/conversions/{case}"))
    for link in whole.xpath("//main//a[starts-with(@href, '/')]/@href"):
        assert browse.get(link).status_code == 200, link


def test_the_dossier_is_a_page_to_print_with_its_map(browse: TestClient, enter: Enter, clerk: TestClient) -> None:
    case = enter()
    take(clerk, case, "bwi_involved")
    take(clerk, case, "coordination_failed", note="Kein Ersatz")
    handed = take(clerk, case, "escalated")
    take(clerk, case, "settled")
    now = page(browse, f"/conversions/{case}/dossier")
    assert "nicht übergeben" in words(section(now, "how"))
    kept = page(browse, f"/conversions/{case}/dossier?step={handed['id']}")
    assert "Wie dem Industriekoordinator am 22. November 2026 übergeben." in words(section(kept, "how"))
    assert handed["dossier_sha256"] in words(section(kept, "how"))
    assert "Einigung erzielt" not in words(section(kept, "steps"))
    drawn = section(kept, "map").xpath(".//*[contains(@class, 'extract')][@role='img']")[0]
    looks = drawn.xpath("./*[local-name()='path']/@class")
    assert looks.index("zone workplace") < looks.index("affected") < looks.index("site") < looks.index("scale-bar")
    assert not drawn.xpath(".//@style")
    assert "Das Register nennt keine Quelle" in words(section(kept, "map"))
    assert "Behörde für Wirtschaft, Arbeit und Innovation (BWAI)" in words(section(kept, "authorities"))
    (switch,) = kept.xpath("//nav//a[@lang='en']/@href")
    english = page(browse, f"/conversions/{case}/dossier{switch}")
    assert "As handed over to the Industriekoordinator on 22 November 2026." in words(english)
    for wrong in (str(handed["id"] + 1), "x", "0", "9" * 30):
        assert browse.get(f"/conversions/{case}/dossier", params={"step": wrong}).status_code == 404


def test_whatever_is_written_stays_text(browse: TestClient, enter: Enter, clerk: TestClient) -> None:
    case = enter(reference=HOSTILE, district=HOSTILE)
    take(clerk, case, "bwi_involved", note=HOSTILE)
    take(clerk, case, "coordination_failed")
    take(clerk, case, "escalated")
    code = clerk.post(f"/api/conversions/{case}/track").json()["code"]
    for address in ("/conversions", f"/conversions/{case}", f"/conversions/{case}/dossier", f"/track/{code}"):
        whole = page(clerk, address)
        assert whole.xpath("//script | //img | //*[@onerror]") == []
        assert ("{{7*7}}" in words(whole)) == (not address.startswith("/track"))


@pytest.mark.parametrize("given", ["999999", "0", "-1", "x", "9" * 40, "²", "1e3", "%00", "<script>"])
def test_an_unknown_case_is_told(browse: TestClient, given: str) -> None:
    for address in (f"/conversions/{given}", f"/conversions/{given}/dossier"):
        whole = page(browse, address, 404)
        assert "Einen Umwandlungsfall" in words(whole)
        assert whole.xpath("//script") == []


def test_english_and_the_switch_stay_on_the_page(browse: TestClient, enter: Enter) -> None:
    case = enter()
    for address in ("/conversions", f"/conversions/{case}", f"/conversions/{case}/dossier"):
        (switch,) = page(browse, address).xpath("//nav//a[@lang='en']/@href")
        english = page(browse, f"{address}{switch}")
        assert english.get("lang") == "en"
        onward = english.xpath("//main//a[starts-with(@href, '/conversions')]/@href")
        assert onward
        assert all("lang=en" in link for link in onward), onward


def test_where_reading_is_closed_only_the_public_link_is_open(
    pages: FastAPI, browse: TestClient, enter: Enter, clerk: TestClient
) -> None:
    case = enter()
    code = clerk.post(f"/api/conversions/{case}/track").json()["code"]
    pages.state.settings = pages.state.settings.model_copy(update={"read_requires_token": True})
    for address in ("/conversions", f"/conversions/{case}", f"/conversions/{case}/dossier"):
        answer = browse.get(address)
        assert (answer.status_code, "N/61" in answer.text) == (401, False)
    assert browse.get(f"/track/{code}").status_code == 200


def test_the_link_tells_the_state_and_nothing_of_people(browse: TestClient, enter: Enter, clerk: TestClient) -> None:
    case = enter()
    take(clerk, case, "statement_requested", note="bei Frau Beispiel")
    code = clerk.post(f"/api/conversions/{case}/track").json()["code"]
    answer = browse.get(f"/track/{code}")
    whole = page(browse, f"/track/{code}")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "noindex" in answer.headers["x-robots-tag"]
    assert whole.xpath("//meta[@name='robots']/@content") == ["noindex, nofollow"]
    assert "in Abstimmung" in words(section(whole, "state"))
    assert "Befreiung nach § 31 Abs. 3 BauGB, Bezirk Altona" in words(section(whole, "state"))
    assert rows(whole, "Fristen")[-1] == ["Zustimmung der Gemeinde", "15. Januar 2027"]
    assert "Stellungnahme angefordert" in words(section(whole, "steps"))
    for secret in ("Beispiel", "Musterfrau", "N/61", key(1), f"/conversions/{case}"):
        assert secret not in answer.text
    assert whole.xpath("//a[contains(@href, 'conversions') or contains(@href, 'imports')]") == []
    (switch,) = whole.xpath("//nav//a[@lang='en']/@href")
    english = page(browse, f"/track/{code}{switch}")
    assert rows(english, "Deadlines")[-1] == ["Consent of the municipality", "15 January 2027"]
    clerk.delete(f"/api/conversions/{case}/track")
    gone = page(browse, f"/track/{code}", 404)
    assert "Hinter diesem Link steht kein Fall" in words(gone)
    assert browse.get(f"/track/{code}").headers["cache-control"] == "no-store"


def test_the_days_of_a_clock_stand_in_their_order() -> None:
    now = DeadlineOut(
        received_on=date(2026, 9, 30),
        consent="p36a",
        law_version="P31_3_V2",
        consent_deadline=date(2026, 12, 30),
        consent_deadline_moved=date(2026, 12, 30),
        bwi_deadline=date(2026, 12, 2),
        warnings=[date(2026, 11, 18), date(2026, 12, 2)],
        legal_review=False,
        citations=[],
    )
    going = ClockOut(state=State.WARNED, sentence="", next_warning=None, current=now, earlier=[])
    found = course(going, date(2026, 12, 2))
    assert [(one.on.day, one.what, one.past) for one in found] == [
        (30, "received", True),
        (18, "warning", True),
        (2, "warning", False),
        (2, "bwi", False),
        (2, "today", False),
        (30, "consent", False),
    ]
    moved = now.model_copy(update={"consent_deadline_moved": date(2027, 1, 4)})
    assert course(going.model_copy(update={"current": moved}), date(2026, 12, 2))[-1].what == "moved"
    assert course(None, date(2026, 12, 2)) == []
