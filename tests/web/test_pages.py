"""The start page over a real register: it shows what the API answers, in two languages, and says why where it cannot."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.web import contents
from app.web.language import translator
from parcels.published import PublishedFigure, figures
from tests.conftest import Fill, key, square
from tests.web.conftest import NOW, SOUND, land

HOSTILE = '<img src=x onerror="alert(1)">Müllerstraße ß</script><script>alert(2)</script> javascript:alert(3) {{7*7}}'


def page(browse: TestClient, address: str = "/", status: int = 200, **headers: str) -> html.HtmlElement:
    answer = browse.get(address, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return html.document_fromstring(answer.text)


def words(element: html.HtmlElement) -> str:
    return re.sub(r"\s+", " ", element.text_content()).strip()


def section(whole: html.HtmlElement, name: str) -> html.HtmlElement:
    (found,) = whole.xpath(f"//section[@aria-labelledby='{name}']")
    return found


def rows(element: html.HtmlElement, caption: str) -> list[list[str]]:
    (table,) = element.xpath(f".//table[starts-with(normalize-space(caption), '{caption}')]")
    return [[words(cell) for cell in row.xpath("./th|./td")] for row in table.xpath("./tbody/tr|./tfoot/tr")]


@pytest.mark.usefixtures("register")
def test_the_page_shows_the_numbers_that_the_api_answers(browse: TestClient) -> None:
    whole = page(browse)
    german = translator("de")
    answer = browse.get("/api/reserve", params={"by": "district"}).json()
    headline = section(whole, "number")
    amounts = [words(value) for value in headline.xpath(".//p[@class='value']")]
    assert amounts == [f"{german.number(Decimal(str(answer['net_ha'])))} ha", "60,0001 ha", "Warnung"]
    assert amounts[0] == "105,0001 ha"
    assert "genau 1.050.000,55 m² · 2 Flächen" in words(headline)
    assert "am 22. November 2026" in words(headline)
    assert "5,0001 ha über der Linie; ohne das anhandgegebene Land wäre das Ziel verfehlt" in words(headline)
    shown = rows(section(whole, "parts"), "Nach Bezirken")
    assert len(shown) == len(answer["groups"]) + 1
    for group, row in zip(answer["groups"], shown, strict=False):
        names = ("net", "free", "gross", "unclear", "unrecorded")
        assert row[2:7] == [german.hectares(Decimal(str(group[f"{name}_ha"])) * 10_000) for name in names]
        assert (row[0], row[7]) == (group["by"]["district"], str(group["areas"]))
    assert shown[-1] == ["Summe", "", "105,0001", "60,0001", "105,0001", "5,0000", "7,0000", "2"]
    assert rows(section(whole, "parts"), "Nach Festsetzungen")[0][0] == "GE"


@pytest.mark.usefixtures("register")
def test_english_is_chosen_by_the_browser_or_by_hand(browse: TestClient) -> None:
    for whole in (page(browse, **{"Accept-Language": "en"}), page(browse, "/?lang=en", **{"Accept-Language": "de"})):
        assert whole.get("lang") == "en"
        assert "105.0001 ha" in words(section(whole, "number"))
        assert "on 22 November 2026" in words(whole)
        assert "serviced: Nobody recorded whether servicing (Erschließung) is secured." in words(whole)
        assert whole.xpath("//nav//a[@aria-current]/@lang") == ["en"]
    german = page(browse, "/?on=2027-02-01&known_at=2026-11-01T12:00", **{"Accept-Language": "fr"})
    assert german.get("lang") == "de"
    (switch,) = german.xpath("//nav//a[@lang='en']/@href")
    assert words(page(browse, switch).xpath("//*[@class='asof']")[0]) == (
        "on 1 February 2027 as known at 1 November 2026, 12:00:00"
    )


@pytest.mark.usefixtures("register")
def test_both_series_are_drawn_and_told_seam_by_seam(browse: TestClient) -> None:
    course = section(page(browse), "course")
    for drawn in course.xpath(".//figure/*[contains(@class, 'chart')]"):
        assert drawn.get("role") == "img"
        title, described = (drawn.xpath(f".//*[@id='{name}']")[0] for name in drawn.get("aria-labelledby").split())
        assert "1. Januar 2018 bis 22. November 2027" in words(title)
        assert "netto 105,0001 ha, davon frei 60,0001 ha" in words(described)
    told = rows(course, "Beide Reihen")
    assert told == [
        ["01.03.2027", "108,0001", "0,0000 ha", "108,0001", "erfüllt"],
        ["01.02.2027", "108,0001", "+3,0000 ha", "63,0001", "Warnung"],
        ["01.01.2018", "105,0001", "0,0000 ha", "60,0001", "Warnung"],
    ]
    published = words(course.xpath(".//details")[1])
    assert all(figure.source in published for figure in figures())
    assert "Sommer 2009" in published
    path = course.xpath(".//*[contains(@class, 'wide')]//*[@class='net line ahead']/@d")[0]
    assert path.count("V") == 2


@pytest.mark.usefixtures("register")
def test_what_is_unclear_says_which_fact_is_missing(browse: TestClient) -> None:
    unclear = section(page(browse), "unclear")
    assert rows(unclear, "Unklare Flächen") == [
        [
            f"Nordfeld {key(3)}",
            "Wandsbek",
            "5,0000",
            "erschlossen: Es ist nicht erfasst, ob die Erschließung gesichert ist.",
        ]
    ]
    assert "Für 7,0000 ha Arbeitsstättenfläche ist kein Halter erfasst" in words(unclear)
    assert [words(item) for item in unclear.xpath(".//ul/li")] == ["Altona: 7,0000 ha"]


@pytest.mark.usefixtures("register")
def test_coming_changes_say_what_and_why(browse: TestClient) -> None:
    coming = section(page(browse), "coming")
    assert [words(item) for item in coming.xpath(".//ol[@class='days']/li")] == [
        "1. Februar 2027 danach netto 108,0001 ha, davon frei 63,0001 ha "
        f"kommt hinzu +3,0000 ha {key(5)} jetzt erfüllt: rechtzeitig bebaubar",
        "1. März 2027 danach netto 108,0001 ha, davon frei 108,0001 ha "
        f"ändert sich frei +45,0000 ha Westfeld {key(2)} Anhandgabe endet",
    ]
    assert "erfüllt ab 1. März 2027 nach dem, was erfasst ist" in words(section(page(browse), "number"))


@pytest.mark.usefixtures("register")
def test_another_day_and_an_older_state_of_knowledge(browse: TestClient, fill: Fill) -> None:
    fill(
        "holdings",
        {**SOUND, "parcel_key": key(1), "site": "Ostfeld", "disposition": "sold", "valid_from": date(2027, 6, 1)},
        at=NOW,
    )
    after = section(page(browse, "/?on=2027-06-01"), "number")
    assert "48,0000 ha" in words(after)
    assert "unterschritten" in words(after)
    assert "es fehlen 52,0000 ha" in words(after)
    assert after.xpath(".//input[@name='on']/@value") == ["2027-06-01"]
    before = section(page(browse, "/?on=2027-06-01&known_at=2026-11-22T11:59:59"), "number")
    assert "108,0001 ha" in words(before)
    assert before.xpath(".//input[@name='known_at']/@value") == ["2026-11-22T11:59:59"]
    assert "bekannt bis 22. November 2026, 11:59:59" in words(before)
    today = section(page(browse), "coming")
    assert "fällt weg -60,0001 ha Ostfeld" in words(today)
    assert "Vergabe: frei → verkauft" in words(today)


@pytest.mark.usefixtures("register")
def test_links_ask_the_api_the_same_question(browse: TestClient) -> None:
    whole = page(browse, "/?on=2027-02-01&known_at=2026-11-01T12:00")
    asked = {
        urlsplit(link).path: parse_qs(urlsplit(link).query)
        for link in whole.xpath("//section[@aria-labelledby='data']//a/@href")
    }
    assert asked.keys() == {"/api/reserve", "/api/reserve/entries", "/api/stock", "/docs"}
    same = {"on": ["2027-02-01"], "known_at": ["2026-11-01T11:00:00+00:00"]}
    assert asked["/api/reserve"] == {**same, "by": ["district"]}
    assert asked["/api/reserve/entries"] == {**same, "format": ["csv"]}
    for link in {link for link in whole.xpath("//a/@href") if link.startswith("/api/")}:
        assert browse.get(link).status_code == 200, link


def test_an_empty_register_says_how_to_fill_it(browse: TestClient, session: Session) -> None:
    assert session.scalar(text("SELECT recorded_at FROM register")) is None
    whole = page(browse)
    assert words(whole.xpath("//h1")[0]) == "Das Register ist noch leer"
    assert "landreserve import holdings" in words(whole)
    assert not re.search(r"\b0[,.]0", words(whole))


def test_a_register_without_workplace_land_says_what_it_takes(browse: TestClient, fill: Fill) -> None:
    fill("districts", {"name": "Altona", "geom": square(0, 0)})
    assert "Für diesen Tag ist keine Arbeitsstättenfläche erfasst." in words(section(page(browse), "number"))


@pytest.mark.usefixtures("register")
def test_before_the_first_recording_nothing_was_known(browse: TestClient) -> None:
    whole = page(browse, "/?known_at=2026-01-01T00:00")
    assert words(whole.xpath("//h1")[0]) == "Bis dahin war nichts bekannt"
    assert "105,0001" in words(page(browse, whole.xpath("//main//a/@href")[0]))


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/?on=2012-12-31", 409, "Die Regeln beginnen am 1. Januar 2013"),
        ("/?known_at=2026-11-22T12:00:01", 422, "Der Wissensstand liegt in der Zukunft"),
        ("/?on=31.12.2026", 422, "Geben Sie den Tag als Jahr-Monat-Tag an"),
        ("/?on=0001-01-01", 422, "Wählen Sie ein Jahr von 1900 bis 2200"),
        ("/?known_at=jetzt", 422, "lassen Sie das Feld leer"),
        ("/?on=%00%ff%ed%a0%80", 422, "ist kein Tag"),
        ("/?on=" + "<b>" * 30, 422, "„<b><b>"),
        ("/?on=2012-12-31&lang=en", 409, "The rules begin on 1 January 2013"),
    ],
)
@pytest.mark.usefixtures("register")
def test_what_cannot_be_answered_says_why_and_what_helps(
    browse: TestClient, address: str, status: int, said: str
) -> None:
    whole = page(browse, address, status)
    assert said in words(whole.xpath("//*[@role='alert']")[0])
    assert whole.xpath("//form//input/@name")[-2:] == ["on", "known_at"]
    assert not whole.xpath("//b")


@pytest.mark.parametrize("address", ["/?on=1900-01-01", "/?on=2013-01-01", "/?on=2200-12-31", "/?on=2024-02-29"])
@pytest.mark.usefixtures("register")
def test_the_ends_of_time_are_answered_or_refused(browse: TestClient, address: str) -> None:
    assert browse.get(address).status_code == (409 if "1900" in address else 200)


@pytest.mark.usefixtures("register")
def test_the_day_on_which_the_rules_begin_is_offered_and_answered(browse: TestClient) -> None:
    (offered,) = page(browse, "/?on=2012-12-31", 409).xpath("//*[@role='alert']//a/@href")
    assert "am 1. Januar 2013" in words(section(page(browse, offered), "number"))


def test_before_anything_was_published_a_later_state_of_knowledge_is_offered(browse: TestClient, fill: Fill) -> None:
    fill("districts", {"name": "Altona", "geom": square(0, 0)}, at=NOW.replace(year=2010))
    (offered,) = page(browse, "/?known_at=2011-01-01T00:00", 409).xpath("//*[@role='alert']//a/@href")
    assert "known_at" not in offered


@pytest.mark.usefixtures("register")
def test_a_fictitious_register_is_marked_on_every_page(browse: TestClient, session: Session) -> None:
    assert "Fiktives Register" not in words(page(browse))
    session.execute(text("UPDATE register SET fictitious = true"))
    for address, status in (("/", 200), ("/?on=2012-12-31", 409), ("/?on=x", 422)):
        assert "Fiktives Register" in words(page(browse, address, status).xpath("//*[@role='note']")[0])
    assert "Fictitious register" in words(page(browse, "/?lang=en"))


def test_names_of_others_stay_text(browse: TestClient, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = "\u202egnp.exe"
    fill("parcels", land(1, "600000", HOSTILE), land(2, "50000", HOSTILE), land(3, "7", turned))
    fill(
        "zones",
        *({"plan": HOSTILE, "designation": "GE", "regulates_use": True, "geom": square(n * 200, 0)} for n in (1, 2)),
    )
    fill(
        "holdings",
        {**SOUND, "parcel_key": key(1), "site": HOSTILE, "valid_to": date(2027, 1, 1)},
        {**SOUND, "parcel_key": key(1), "site": HOSTILE, "holder": HOSTILE, "valid_from": date(2027, 1, 1)},
        {**SOUND, "parcel_key": key(2), "site": turned + HOSTILE, "holder": HOSTILE, "disposition": HOSTILE},
    )
    figure = PublishedFigure(
        HOSTILE,
        date(2020, 7, 1),
        "available_now",
        Decimal(99),
        None,
        "municipal",
        "Hamburg, " + HOSTILE,
        HOSTILE,
        HOSTILE,
        "Q",
    )
    monkeypatch.setattr(contents, "figures", lambda: [figure])
    whole = page(browse)
    assert not whole.xpath("//img | //script | //@*[starts-with(name(), 'on')] | //@style")
    assert not [
        link for link in whole.xpath("//@href | //@src") if not link.startswith(("/", "#", "https://", "http://"))
    ]
    places = [section(whole, name) for name in ("coming", "parts", "unclear", "course")]
    assert all('<img src=x onerror="alert(1)">Müllerstraße ß' in words(place) for place in places)
    assert all(HOSTILE.split("{")[0] in words(title) for title in whole.xpath("//*[@class='published']/title"))
    assert "49" not in words(whole.xpath("//h2[@id='unclear']/..")[0]).replace("{{7*7}}", "")


def test_long_lists_are_cut_with_their_number_and_a_link(browse: TestClient, fill: Fill) -> None:
    many = range(1, 71)
    fill("parcels", *(land(n, f"{n}000") for n in many))
    fill(
        "zones",
        *({"plan": f"P{n}", "designation": "GI", "regulates_use": True, "geom": square(n * 200, 0)} for n in many),
    )
    fill("holdings", *({**SOUND, "parcel_key": key(n), "cleared": None} for n in many))
    unclear = section(page(browse), "unclear")
    shown = rows(unclear, "Unklare Flächen")
    assert (len(shown), shown[0][0], shown[0][2]) == (60, key(70), "7,0000")
    assert "Gezeigt sind die größten 60 von 70." in words(unclear)
    assert any("standing=unclear" in link for link in unclear.xpath(".//a/@href"))


def test_parcels_of_one_site_with_the_same_gap_are_one_line(browse: TestClient, fill: Fill) -> None:
    fill("parcels", *(land(n, "10000") for n in range(1, 6)))
    fill(
        "zones",
        *(
            {"plan": f"P{n}", "designation": "GI", "regulates_use": True, "geom": square(n * 200, 0)}
            for n in range(1, 6)
        ),
    )
    fill("holdings", *({**SOUND, "parcel_key": key(n), "site": "Feld", "cleared": None} for n in range(1, 6)))
    ((place, _, amount, _),) = rows(section(page(browse), "unclear"), "Unklare Flächen")
    assert place == f"Feld {key(1)} {key(2)} {key(3)} und 2 weitere Flurstücke"
    assert amount == "5,0000"


@pytest.mark.usefixtures("register")
def test_where_reading_is_closed_nothing_is_shown_without_a_token(pages: FastAPI, browse: TestClient) -> None:
    pages.state.settings = pages.state.settings.model_copy(update={"read_requires_token": True})
    answer = browse.get("/")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "Lesen verlangt hier einen Zugangsschlüssel." in answer.text
    assert "105" not in answer.text
    assert "Ostfeld" not in answer.text


@pytest.mark.usefixtures("register")
def test_the_page_needs_nothing_from_elsewhere_and_no_script(browse: TestClient) -> None:
    answer = browse.get("/")
    whole = html.document_fromstring(answer.text)
    loaded = whole.xpath("//link/@href | //script/@src | //img/@src | //*[local-name()='use']/@href")
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)
    assert all(browse.get(address).status_code == 200 for address in loaded)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["vary"] == "Accept-Language, Authorization"
    ids = whole.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(
        whole.xpath(f"//*[@id='{name}']") for label in whole.xpath("//@aria-labelledby") for name in label.split()
    )
    assert all(whole.xpath(f"//input[@id='{name}']") for name in whole.xpath("//label/@for"))
