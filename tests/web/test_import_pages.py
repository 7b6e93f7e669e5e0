"""The pages of imports: what is listed, how one is shown, and that names and values of others stay text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.web import import_pages
from parcels import runs
from parcels.importing.contract import Issue, Refused
from parcels.run_tables import ImportRun
from parcels.runs import Order
from tests.web.conftest import NOW
from tests.web.test_pages import HOSTILE, page, rows, section, words

ORDER = Order("parcels", "flurstuecke.gpkg", "Planerin Beispiel", note="Fortführung", upload="0" * 32)
BAD = Issue(7, "029901___00017______", "official_m2", "no-number", "error", "Row 7, official_m2: 'viel' is no number.")
Refuse = Callable[..., ImportRun]


@pytest.fixture
def refuse(session: Session) -> Refuse:
    """Stores a refused import with findings."""

    def make(order: Order = ORDER, *issues: Issue, message: str = "Mend these rows.") -> ImportRun:
        run = runs.start(session, order, datetime(2026, 11, 20, 12, tzinfo=UTC))
        runs.refuse(session, run, Refused("replace-with-rejected", message, issues or (BAD,)), NOW, "ab" * 32)
        session.commit()
        return run

    return make


@pytest.mark.usefixtures("session")
def test_where_nothing_was_imported_it_says_how_to(browse: TestClient) -> None:
    whole = page(browse, "/imports")
    assert "Es wurde noch nichts importiert." in words(whole)
    send = words(section(whole, "send"))
    assert "curl http://testserver/api/imports -H" in send
    assert "landreserve import parcels" in send
    assert whole.xpath("//form | //input") == []  # nothing can be sent without a token


def test_imports_are_listed_with_their_states(browse: TestClient, session: Session, refuse: Refuse) -> None:
    number = refuse().id
    queued = runs.queue(session, replace(ORDER, source="wartet.gpkg", options=runs.LoadOptions(dry_run=True)), NOW)
    session.commit()
    shown = rows(page(browse, "/imports"), "Importe, die neuesten zuerst")
    assert shown[0][:4] == [str(queued), "wartet.gpkg", "parcels", "wartet nur geprobt"]
    assert shown[1] == [
        *(str(number), "flurstuecke.gpkg", "parcels", "abgelehnt", "–", "–", "1"),
        "20.11.2026, 13:00:00",
    ]
    assert "Planerin" not in browse.get("/imports").text  # who ordered it is nobody's business here


def test_one_import_says_why_it_was_refused_and_what_it_found(browse: TestClient, refuse: Refuse) -> None:
    whole = page(browse, f"/imports/{refuse().id}")
    assert "Mend these rows. Nichts davon wurde erfasst. replace-with-rejected" in words(section(whole, "how"))
    assert "Fortführung" in words(section(whole, "how"))
    found = section(whole, "findings")
    assert rows(found, "Befunde nach Art") == [["no-number", "Fehler", "1"]]
    assert rows(found, "Befunde, Zeile für Zeile") == [["7", "Fehler", BAD.feature, BAD.message]]
    for link in found.xpath(".//a[starts-with(@href, '/api/')]/@href"):
        assert browse.get(link).status_code == 200
    assert "Planerin" not in words(whole)


def test_one_under_way_tells_how_far_it_is_and_one_whose_process_is_gone_that_it_failed(
    browse: TestClient, session: Session
) -> None:
    run = runs.start(session, replace(ORDER, upload=None), NOW)
    runs.progress(session.connection(), run.id, "reading", 1234, None)
    session.commit()
    assert "Er läuft: reading, 1.234 Zeilen." in words(page(browse, f"/imports/{run.id}"))
    runs.release(session, run.id)
    whole = page(browse, f"/imports/{run.id}")
    assert "abgebrochen" in words(section(whole, "how"))
    assert "import it again" in words(section(whole, "how"))


def test_a_run_taken_back_waits(browse: TestClient, session: Session) -> None:
    number = runs.queue(session, ORDER, NOW)
    session.commit()
    assert "Er wartet auf seine Ausführung." in words(page(browse, f"/imports/{number}"))


def test_english_and_the_switch_stay_on_the_page(browse: TestClient, refuse: Refuse) -> None:
    number = refuse().id
    for address in ("/imports", f"/imports/{number}"):
        german = page(browse, address)
        (switch,) = german.xpath("//nav//a[@lang='en']/@href")
        english = page(browse, f"{address}{switch}")
        assert english.get("lang") == "en"
        assert "refused" in words(english)
        onward = english.xpath("//main//a[starts-with(@href, '/imports')]/@href")
        assert onward
        assert all("lang=en" in link for link in onward)
    (home,) = page(browse, "/?lang=en").xpath("//footer//a[starts-with(@href, '/imports')]/@href")
    assert page(browse, home).get("lang") == "en"


def test_names_and_values_of_others_stay_text(browse: TestClient, refuse: Refuse) -> None:
    hostile = replace(BAD, feature=HOSTILE, message=HOSTILE, kind=HOSTILE[:40])
    number = refuse(replace(ORDER, source=HOSTILE, note=HOSTILE, layer=HOSTILE), hostile, message=HOSTILE).id
    for address in ("/imports", f"/imports/{number}"):
        whole = page(browse, address)
        assert whole.xpath("//script | //img | //*[@onerror]") == []
        assert "{{7*7}}" in words(whole)


def test_long_lists_are_cut_and_go_on(
    browse: TestClient, session: Session, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_pages, "RUNS_SHOWN", 2)
    monkeypatch.setattr(import_pages, "ISSUES_SHOWN", 3)
    many = [replace(BAD, row=n) for n in range(5)]
    numbers = [refuse(ORDER, *many).id for _ in range(3)]
    whole = page(browse, "/imports?lang=de")
    assert [row[0] for row in rows(whole, "Importe")] == [str(numbers[2]), str(numbers[1])]
    (older,) = whole.xpath("//a[starts-with(@href, '/imports?before=')]/@href")
    assert rows(page(browse, older), "Importe")[0][0] == str(numbers[0])
    one = page(browse, f"/imports/{numbers[0]}")
    assert len(rows(one, "Befunde, Zeile")) == 3
    assert "Die ersten 3 von 5 sind aufgeführt." in words(one)


@pytest.mark.parametrize("given", ["999999", "0", "-1", "x", "9" * 40, "²", "1e3", "%00", "<script>"])
def test_an_unknown_import_is_told(browse: TestClient, given: str) -> None:
    whole = page(browse, f"/imports/{given}", 404)
    assert "Es gibt keinen Import" in words(whole)
    assert whole.xpath("//script") == []


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "\x00", "0"])
def test_a_page_that_does_not_exist_is_the_first(browse: TestClient, before: str, refuse: Refuse) -> None:
    number = refuse().id
    shown = browse.get("/imports", params={"before": before})
    assert (shown.status_code, f"/imports/{number}" in shown.text) == (200, True)


def test_where_reading_is_closed_nothing_is_shown(pages: FastAPI, browse: TestClient, refuse: Refuse) -> None:
    number = refuse().id
    pages.state.settings = pages.state.settings.model_copy(update={"read_requires_token": True})
    for address in ("/imports", f"/imports/{number}"):
        answer = browse.get(address)
        assert (answer.status_code, "flurstuecke" in answer.text) == (401, False)


def test_the_table_of_runs_is_empty_again(session: Session) -> None:
    """Each test's runs are rolled back; the locks that they held go with the session."""
    assert session.execute(text("SELECT count(*) FROM import_run")).scalar_one() == 0
