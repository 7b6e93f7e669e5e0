"""The pages of parcels: the form, the verdicts in two languages, and what is said where nothing can be."""

from __future__ import annotations

from datetime import date

import pytest
from fastapi.testclient import TestClient

from tests.conftest import Fill, key, square
from tests.web.test_pages import page, section, words

pytestmark = pytest.mark.usefixtures("register")


def test_a_parcel_is_shown_with_all_three_verdicts(browse: TestClient) -> None:
    whole = page(browse, f"/parcels/{key(1)}")
    assert "Zählt es zur Reserve? ja" in words(section(whole, "reserve"))
    assert "600.000,55 m² netto stehen in Frage" in words(section(whole, "reserve"))
    assert "Von einem Menschen zu beurteilen" in words(section(whole, "award"))
    assert "Ist es vor Umwandlung zu schützen? nein" in words(section(whole, "protection"))
    shown = whole.xpath("//section[@aria-labelledby='reserve']//tbody/tr")
    assert len(shown) == 10
    assert "Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 1 Satz 3" in words(section(whole, "reserve"))
    assert whole.xpath("//script") == []


def test_what_is_missing_and_from_when(browse: TestClient) -> None:
    said = words(section(page(browse, f"/parcels/{key(2)}"), "award"))
    assert "unter Bedingungen" in said
    assert "Ab 1. März 2027 ist die Antwort ja" in said
    missing = words(section(page(browse, f"/parcels/{key(3)}"), "reserve"))
    assert "unklar" in missing
    assert "Es ist nicht erfasst, ob die Erschließung gesichert ist." in missing


def test_what_maps_say_stands_beside_with_its_age(browse: TestClient, fill: Fill) -> None:
    said = words(section(page(browse, f"/parcels/{key(1)}"), "overlays"))
    assert "Überschwemmungsgebiet unklar –" in said
    fill(
        "overlays",
        {
            "ref": "a",
            "kind": "flood",
            "name": "Elbe",
            "value": "HQ100",
            "data_on": date(2026, 11, 12),
            "geom": square(200, 0, 25, 100),
        },
    )
    said = words(section(page(browse, f"/parcels/{key(1)}"), "overlays"))
    assert "Überschwemmungsgebiet ja, 25 % · Elbe · HQ100 12.11.2026 10 Tage alt" in said
    assert "Überschwemmungsgebiet nein" in words(section(page(browse, f"/parcels/{key(2)}"), "overlays"))


def test_in_english_and_on_another_day(browse: TestClient) -> None:
    whole = page(browse, f"/parcels/{key(2)}?lang=en&on=2027-03-01")
    assert "Could HIE offer it? yes" in words(section(whole, "award"))
    assert whole.xpath("//html/@lang") == ["en"]
    early = page(browse, f"/parcels/{key(2)}?on=2022-12-31")
    assert "Die Regeln beginnen am 1. Januar 2023" in words(section(early, "protection"))


def test_a_key_is_looked_up(browse: TestClient) -> None:
    form = page(browse, "/parcels")
    assert form.xpath("//form/@action") == ["/parcels"]
    assert "Flurstück 029901___00001______" in words(page(browse, f"/parcels?key=+{key(1)}+"))


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/parcels/0299", 422, "„0299“ ist kein Flurstückskennzeichen."),
        ("/parcels?key=%3Cscript%3E", 422, "„<script>“ ist kein Flurstückskennzeichen."),
        (f"/parcels/{key(99)}", 404, "Das Register kennt das Flurstück"),
        (f"/parcels/{key(1)}?known_at=2020-01-01T00:00", 404, "war damals noch nichts bekannt"),
        (f"/parcels/{key(1)}?on=gestern", 422, "„gestern“ ist kein Tag"),
    ],
)
def test_what_cannot_be_shown_says_why(browse: TestClient, path: str, status: int, said: str) -> None:
    answer = browse.get(path)
    assert answer.status_code == status
    assert said in answer.text.replace("&lt;", "<").replace("&gt;", ">")
    assert "<script>" not in answer.text


def test_the_start_page_leads_to_parcels(browse: TestClient) -> None:
    links = page(browse, "/").xpath("//a/@href")
    assert any(link.startswith(f"/parcels/{key(3)}?on=") for link in links)
    assert "/parcels" in links
