"""The page of guidance: versions and rules of a day in both languages, marked where made up; what others wrote stays text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from parcels import guidance_loading
from parcels.demo import FOLDER
from tests.web.test_pages import HOSTILE, page, rows, section, words

AT = datetime(2026, 1, 15, 11, tzinfo=UTC)


def take(session: Session, path: Path) -> None:
    guidance_loading.load(session, guidance_loading.source(path), AT, "BSW")
    session.commit()


@pytest.mark.usefixtures("session")
def test_as_delivered_every_case_is_to_be_checked(browse: TestClient) -> None:
    whole = page(browse, "/guidance")
    assert "Am 22. November 2026 gilt keine Handreichung: jeder Fall" in words(section(whole, "versions"))
    assert whole.xpath("//section[@aria-labelledby='rules']") == []


def test_versions_and_rules_are_shown_as_people_say_them(browse: TestClient, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    ended = (
        (FOLDER / "guidance_fiktiv.yaml").read_text("utf-8").replace("valid_from:", "valid_to: 2027-01-01\nvalid_from:")
    )
    path.write_text(ended, "utf-8")
    take(session, path)
    whole = page(browse, "/guidance")
    assert "Demonstration: erfundene Regeln, keine geltende Handreichung." in words(whole)
    (version,) = rows(section(whole, "versions"), "Fassungen")
    assert version[:4] == ["demonstration", "1.0", "01.01.2022", "31.12.2026"]
    shown = {row[0]: row for row in rows(section(whole, "rules"), "Treffen mehrere")}
    assert shown["D1"][1] == "zulässig"
    assert "die Größe der betroffenen Fläche: höchstens 2.000 m²" in shown["D1"][3]
    assert shown["D3"][1:5:3] == ["ausgeschlossen", "2"]
    assert "ob die Fläche privat und marktfähig ist: ja" in shown["D4"][3]
    assert shown["zone Möwenhöft (fiktiv)"][1] == "ausgeschlossen"
    english = page(browse, "/guidance?lang=en")
    assert "the size of the affected land: at most 2,000 m²" in words(section(english, "rules"))


def test_it_is_that_of_the_day_as_known(browse: TestClient, session: Session) -> None:
    take(session, FOLDER / "guidance_fiktiv.yaml")
    for address in ("/guidance?on=2021-12-31", "/guidance?known_at=2026-01-15T10:00"):
        assert page(browse, address).xpath("//section[@aria-labelledby='rules']") == []
    whole = page(browse, "/guidance?on=2022-01-01&lang=de")
    assert len(rows(section(whole, "rules"), "Treffen mehrere")) == 7
    (switch,) = whole.xpath("//nav//a[@lang='en']/@href")
    assert "On 1 January 2022" in words(page(browse, switch))


@pytest.mark.parametrize("address", ["/guidance?on=gestern", "/guidance?known_at=bald", "/guidance?on=1800-01-01"])
@pytest.mark.usefixtures("session")
def test_what_cannot_be_answered_says_why(browse: TestClient, address: str) -> None:
    assert words(page(browse, address, status=422).xpath("//main")[0])


def test_what_its_owner_wrote_stays_text(browse: TestClient, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    hostile = HOSTILE.replace("'", "''")
    path.write_text(
        f"document: probe\nversion: '{hostile}'\ntitle: '{hostile}'\nvalid_from: 2025-01-01\nrules:\n"
        f"  - {{id: '{hostile}', result: silent, page: '{hostile}', wording: '{hostile}', when: {{districts: ['{hostile}']}}}}\n",
        "utf-8",
    )
    take(session, path)
    whole = page(browse, "/guidance")
    assert whole.xpath("//main//img | //main//script") == []
    (row,) = rows(section(whole, "rules"), "Treffen mehrere")
    assert row[0] == row[4] == row[5] == HOSTILE
    assert HOSTILE in row[3]
