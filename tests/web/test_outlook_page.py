"""The page that looks ahead: the same numbers as the API, in two languages; unknown is said, and drawn as nothing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy.orm import Session

from app.web.language import translator
from parcels import candidates, milestones
from parcels.authors import Author
from parcels.sites import Place, Site
from rules.pipeline import Milestone, MilestoneKind
from tests.conftest import Fill, key, square
from tests.web.conftest import SOUND, land
from tests.web.test_pages import page, rows, section, words

KEPT = datetime(2023, 11, 1, 11, tzinfo=UTC)
YOUNG = datetime(2026, 2, 1, 11, tzinfo=UTC)


def fill_at(fill: Fill, at: datetime) -> None:
    """104 ha net that count, 4 ha sold in spring 2026, 1 ha to be sold; a plan in procedure."""
    amounts = {1: "990000", 2: "40000", 3: "40000", 4: "10000"}
    fill("parcels", *(land(n, m2) for n, m2 in amounts.items()), at=at)
    zone = {"designation": "GE", "regulates_use": True}
    fill("zones", *({**zone, "plan": f"P {n}", "geom": square(n * 200, 0)} for n in amounts), at=at)
    fill("holdings", *({**SOUND, "parcel_key": key(n), "site": f"Feld {n}"} for n in amounts), at=at)
    for number, day in ((3, date(2026, 4, 1)), (4, date(2027, 4, 1))):
        gone = {**SOUND, "parcel_key": key(number), "site": f"Feld {number}", "disposition": "sold", "valid_from": day}
        fill("holdings", gone, at=datetime(2026, 4, 1, 11, tzinfo=UTC))
    coming = {"stage": "draft", "designation": "GI", "regulates_use": True, "geom": square(5000, 0)}
    fill("pipeline", {**coming, "plan": "Osterweiterung <1>", "expected": "2026-05-01"}, at=at)


@pytest.fixture
def register(fill: Fill) -> None:
    """A register that has been kept for three years."""
    fill_at(fill, KEPT)


@pytest.mark.usefixtures("register")
def test_the_page_says_what_the_api_answers(browse: TestClient) -> None:
    whole, answer = page(browse, "/outlook"), browse.get("/api/reserve/outlook").json()
    german = translator("de")
    shown = rows(section(whole, "ahead"), "Wie lange")
    assert [row[0] for row in shown] == [one["name"] for one in answer["scenarios"]]
    for row, one in zip(shown, answer["scenarios"], strict=True):
        assert row[1] == german.hectares(Decimal(str(one["ha_a_year"])) * 10_000)
        for said, series in ((row[3], one["net"]), (row[5], one["free"])):
            below = series["first_below"]
            day = below["on"] and german.day(date.fromisoformat(below["on"]))
            until = german.day(date.fromisoformat(answer["until"]))
            assert said == german.code("crossing", below["found"]).format(on=day, until=until)
    # 4 ha above the line, 1 ha of it to be sold; 1.3333 and 4 ha a year, their mean 2.6667
    assert [one["ha_a_year"] for one in answer["scenarios"]] == [0, 1.3333, 2.6667, 4]
    assert shown[3][3] == "ab 23. November 2027"
    assert [words(item) for item in section(whole, "assumed").xpath("./ul/li")] == [
        one["says"] for one in answer["assumptions"]
    ]


@pytest.mark.usefixtures("register")
def test_what_is_coming_and_what_may_come(browse: TestClient) -> None:
    coming = words(section(page(browse, "/outlook"), "coming"))
    assert "1. April 2027" in coming
    assert "-1,0000 ha Feld 4" in coming
    assert "Osterweiterung <1>: GI" in coming
    assert "Entwurf, war für den 1. Mai 2026 erwartet" in coming
    taken = words(section(page(browse, "/outlook"), "taken"))
    assert "1. April 2026: -4,0000 ha Feld 3" in taken


@pytest.mark.usefixtures("register")
def test_sites_on_their_way_stand_beside_with_the_day_that_they_would_bring(
    browse: TestClient, session: Session, fill: Fill
) -> None:
    """4 ha above the line, taken at 4 ha a year; 2 ha more on a secure way put it off by half a year."""
    fill("parcels", land(5, "20000"), at=KEPT)
    fill("holdings", {**SOUND, "parcel_key": key(5)}, at=KEPT)
    before = browse.get("/api/reserve/outlook")
    origin = candidates.Origin("Feld <5>", "GE", Site((key(5),)))
    by = Author("Planner", "planner", datetime(2026, 5, 1, 9, tzinfo=UTC))
    offered = candidates.Offered(date(2026, 5, 1), Decimal(20_000), district="Altona")
    number = candidates.enter(session, origin, Place((key(5),), None, None, None), offered, by)
    assert number is not None
    for kind, planned, done in (
        ("adopted", None, date(2026, 4, 1)),
        ("in_force", date(2026, 5, 1), None),
        ("funding", None, date(2026, 4, 1)),
        ("servicing", None, date(2026, 4, 1)),
        ("available", date(2027, 1, 1), None),
    ):
        milestones.record(session, number, Milestone(MilestoneKind(kind), planned, done), by)
    session.commit()
    whole = page(browse, "/outlook")
    (site,) = browse.get("/api/reserve/outlook").json()["sites"]
    # in force since May? nobody says
    assert (site["security"], site["enters_ha"], site["aside"]) == ("open", 0, ["not_secure"])
    assert (
        "Feld <5>: GE, netto 2,0000 ha, davon 0,0000 ha zugesagt, bebaubar ab 1. Januar 2027, überfällig: "
        "Inkrafttreten des Plans, der Weg: offen, nicht mitgezählt: der Weg ist nicht gesichert"
    ) in words(section(whole, "coming"))
    milestones.record(session, number, Milestone(MilestoneKind.IN_FORCE, None, date(2026, 5, 1)), by)
    session.commit()
    after = browse.get("/api/reserve/outlook", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    (site,) = after.json()["sites"]
    assert (site["security"], site["enters_ha"], site["way"]["available_on"]) == ("secure", 2, "2027-01-01")
    high = after.json()["scenarios"][3]["net"]
    assert high["first_below"] == before.json()["scenarios"][3]["net"]["first_below"]
    assert (high["first_below"]["on"], high["with_pipeline"]["on"]) == ("2027-11-23", "2028-05-23")
    shown = rows(section(page(browse, "/outlook"), "ahead"), "Wie lange")
    assert shown[3][3] == "ab 23. November 2027 mit gesicherten Flächen: ab 23. Mai 2028"


@pytest.mark.usefixtures("register")
def test_the_forecast_is_drawn_as_a_band_around_its_middle(browse: TestClient) -> None:
    drawn = section(page(browse, "/outlook"), "drawn")
    for name in ("wide", "narrow"):
        (chart,) = drawn.xpath(f".//*[@class='chart {name}']")
        assert chart.get("role") == "img"
        (band,) = chart.xpath(".//*[@class='forecast']/@d")
        (middle,) = chart.xpath(".//*[@class='middle line ahead']/@d")
        assert band.endswith("Z")
        heights = [float(y) for y in re.findall(r" (-?[\d.]+)", middle)]
        assert heights == sorted(heights)  # downwards all the way: nothing enters
        bottom = float(chart.get("viewbox").split()[3])
        assert all(0 <= y <= bottom for y in heights)


def test_a_young_register_draws_no_forecast_and_says_why(browse: TestClient, fill: Fill) -> None:
    fill_at(fill, YOUNG)
    whole = page(browse, "/outlook")
    shown = rows(section(whole, "ahead"), "Wie lange")
    assert shown[0][3] == "nicht bis zum 22. November 2031"
    assert shown[1][1:] == ["unbekannt"] * 5
    assert whole.xpath("//svg//*[@class='forecast']/@d") == ["", ""]
    assert "Der Verbrauch der letzten 12 Monate ist unbekannt" in words(section(whole, "assumed"))


@pytest.mark.usefixtures("register")
def test_english_days_and_older_knowledge(browse: TestClient) -> None:
    whole = page(browse, "/outlook", **{"Accept-Language": "en"})
    assert whole.get("lang") == "en"
    assert "high take-up" in words(section(whole, "ahead"))
    assert "Take-up lowers net and free alike" in words(whole)
    (switch,) = whole.xpath("//nav//a[@lang='de']/@href")
    assert page(browse, switch).get("lang") == "de"
    then = section(page(browse, "/outlook?on=2026-11-22&known_at=2026-01-01T12:00"), "ahead")
    assert "vom 1. Januar 2026 bis 1. Januar 2031" in words(then)
    assert "Kenntnisstand schon gesehen" in words(then)
    assert "Kenntnisstand schon gesehen" not in words(page(browse, "/outlook"))


@pytest.mark.usefixtures("register")
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/outlook?on=gestern", 422),
        ("/outlook?known_at=2030-01-01T00:00", 422),
        ("/outlook?on=2012-12-31", 409),
        ("/outlook?on=2013-01-01", 200),
        ("/outlook?known_at=2020-01-01T00:00", 200),
    ],
)
def test_what_cannot_be_looked_at_says_why(browse: TestClient, address: str, status: int) -> None:
    assert isinstance(page(browse, address, status), html.HtmlElement)


@pytest.mark.usefixtures("register")
def test_the_start_page_leads_to_the_outlook_of_its_day(browse: TestClient) -> None:
    (link,) = section(page(browse, "/?on=2026-06-01"), "coming").xpath(".//a[starts-with(@href, '/outlook')]/@href")
    assert "vom 1. Juni 2026" in words(section(page(browse, link), "ahead"))
