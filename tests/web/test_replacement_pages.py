"""The pages of replacement: they show what the API answers, in two languages, in tables and in pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import clock
from app.schemas.replacements import CriterionOut
from app.web import replacements_page
from app.web.language import translator
from app.web.replacement_words import criterion_value
from parcels import tokens
from tests.conftest import filling, key, rolled_back, square
from tests.web.conftest import NOW, SETTINGS, land
from tests.web.test_pages import HOSTILE, page, rows, section, words

API = "/api/replacements"
BEGUN = NOW - timedelta(minutes=10)  # 11:50 in Hamburg
HOSTILE_NAME = f"Nordfeld {HOSTILE}"
FACTS: dict[str, Any] = {
    **{"restricted": False, "emission_limited": False, "around_the_clock": True, "hazard_class": "none"},
    **{"road_m": 500, "rail": False, "firm_kinds": ["classic", "logistics"]},
}


@pytest.fixture(scope="module")
def session(engine: Engine) -> Iterator[Session]:
    """One for all tests of this module: they look at the same world."""
    with rolled_back(engine) as found:
        yield found


@pytest.fixture(scope="module")
def bearer(service: FastAPI, session: Session) -> dict[str, str]:
    """A planner's token; six parcels: two GE to be dissolved, three fields, one GE that nobody dissolves."""
    fill = filling(session)
    fill("parcels", *(land(number, "10000.00") for number in range(1, 7)))
    uses = {1: "GE", 2: "GE", 3: "LANDWIRTSCHAFT", 4: "LANDWIRTSCHAFT", 5: "LANDWIRTSCHAFT", 6: "GE"}
    zones = ({"plan": f"Plan {n}", "designation": use, "regulates_use": True} for n, use in uses.items())
    fill("zones", *({**zone, "geom": square(n * 200, 0)} for n, zone in enumerate(zones, 1)))
    ticks: Iterator[int] = iter(range(1, 10_000))
    service.state.settings = SETTINGS
    service.state.reading = service.state.writing = lambda: nullcontext(session)
    service.dependency_overrides = {clock.now: lambda: BEGUN + timedelta(seconds=next(ticks))}
    _, shown = tokens.create(session, "Erika Musterfrau", "planner", BEGUN, None)
    session.commit()
    return {"Authorization": f"Bearer {shown}"}


@pytest.fixture
def clerk(pages: FastAPI, bearer: dict[str, str]) -> TestClient:
    """A planner."""
    return TestClient(pages, headers=bearer)


@pytest.fixture(scope="module")
def world(service: FastAPI, bearer: dict[str, str]) -> dict[str, int]:
    """What was lost in 2026 and what will be in 2027; a site on its way, one that slipped, one that is not new, one on the land
    of the first. Each is recorded a second after the one before."""
    clerk = TestClient(service, headers=bearer)

    def made(path: str, **body: Any) -> int:
        answer = clerk.post(f"{API}/{path}", json=body)
        assert answer.status_code == 201, answer.text
        number: int = answer.json().get("id") or answer.json()["pledge"]["id"]
        return number

    def site(number: int) -> dict[str, Any]:
        return {"parcels": [key(number)]}

    lost = {"cause": "entered", "facts": FACTS}
    found = {
        "early": made("dissolutions", reference="A/1", site=site(1), lost_on="2026-03-01", **lost),
        "late": made("dissolutions", reference=HOSTILE, site=site(2), lost_on="2027-06-01", note=HOSTILE, **lost),
        "north": made("candidates", name=HOSTILE_NAME, designation="GE", site=site(3), facts=FACTS, note=HOSTILE),
        "south": made("candidates", name="Südfeld", designation="GE", site=site(4), planned_net_m2=6000),
        "stock": made("candidates", name="Altbestand", designation="GE", site=site(6)),
    }
    steps = {
        "north": (("in_force", None, "2026-05-04"), ("funding", None, "2026-01-15"), ("servicing", "2027-02-01", None)),
        "south": (("adopted", "2026-09-30", None), ("available", None, None), ("available", "2027-12-01", None)),
    }
    for name, said in steps.items():
        for kind, planned_on, done_on in said:
            body = {"kind": kind, "planned_on": planned_on, "done_on": done_on, "note": f"{kind} {HOSTILE}"}
            clerk.post(f"{API}/candidates/{found[name]}/milestones", json=body).raise_for_status()
    clerk.post(
        f"{API}/candidates/{found['north']}/milestones", json={"kind": "available", "planned_on": "2027-05-01"}
    ).raise_for_status()
    for dissolution, candidate, net_m2 in (
        ("early", "south", "2500.5"),
        ("late", "north", "4000"),
        ("late", "south", "1000"),
    ):
        made("pledges", dissolution=found[dissolution], candidate=found[candidate], net_m2=net_m2)
    made(
        "decisions",
        dissolution=found["late"],
        candidates=[found["north"]],
        decision="accepted_with_conditions",
        decided_on="2026-11-20",
        decided_by="Arbeitsgruppe Flächen",
        reason=HOSTILE,
    )
    found["double"] = made("candidates", name="Doppelfeld", designation="GE", site=site(3))
    return found


LANGUAGES = ("de", "en")
SIGNS = {"met": "✓", "not_met": "✗", "unknown": "?"}


def ha(m2: float, language: str = "de") -> str:
    """Square metres of a JSON answer as the page writes hectares."""
    return translator(language).hectares(Decimal(str(m2)))


def drawn(element: html.HtmlElement, look: str, frame: str = "wide") -> list[html.HtmlElement]:
    """What bears a class in the pictures of a section, of one frame."""
    return element.xpath(f".//*[contains(@class, 'chart {frame}')]//*[contains(concat(' ', @class, ' '), ' {look} ')]")


def harmless(whole: html.HtmlElement) -> bool:
    """Nothing of what people wrote became a part of the page."""
    return not whole.xpath("//script | //img | //*[@onerror] | //@style") and "{{7*7}}" in words(whole)


def test_the_list_shows_what_the_api_answers(world: dict[str, int], browse: TestClient) -> None:
    lost = browse.get(f"{API}/dissolutions").json()["dissolutions"]
    offered = browse.get(f"{API}/candidates").json()["candidates"]
    balance = browse.get("/api/stock?by=district,designation").json()["replacement"]
    amounts = ("lost", "pledged", "delivered", "secure", "open", "insecure", "debt", "outstanding")
    for language in LANGUAGES:
        whole = page(browse, f"/replacements?lang={language}")
        assert (whole.get("lang"), harmless(whole)) == (language, True)
        told = rows(section(whole, "replacement"), {"de": "Verluste", "en": "Losses"}[language])
        assert [row[:2] for row in told] == [["Altona", "GE"], [{"de": "Summe", "en": "Total"}[language], ""]]
        for row, one in zip(told, (*balance["groups"], balance), strict=True):
            assert row[2:] == [ha(one[f"{name}_ha"] * 10_000, language) for name in amounts]
        shown = rows(section(whole, "dissolutions"), {"de": "Auflösungen", "en": "Dissolutions"}[language])
        assert [row[4:7] for row in shown] == [
            [ha(one[name], language) for name in ("lost_m2", "pledged_m2", "open_m2")] for one in lost
        ]
        assert [row[1:3] for row in shown] == [[one["district"], "GE"] for one in lost]
        shown = rows(section(whole, "pipeline"), {"de": "Angebotene", "en": "Candidates"}[language])
        balances = [[ha(one["balance"][f"{n}_m2"], language) for n in ("net", "pledged", "free")] for one in offered]
        assert [row[3:6] for row in shown] == balances
    assert [row[7] for row in rows(section(page(browse, "/replacements"), "dissolutions"), "Auflösungen")] == [
        "✗ nicht gleichwertig",
        "✗ nicht gleichwertig",
    ]
    assert [balance[f"{name}_ha"] for name in ("lost", "debt", "ahead", "ahead_pledged")] == [1, 0.75, 1, 0.5]
    assert "Spätere Verluste: 1,0000 ha, davon schon zugesagt 0,5000 ha." in words(page(browse, "/replacements"))
    assert "/replacements" in page(browse, "/").xpath("//footer//a/@href")


def test_the_bars_are_as_long_as_the_amounts_of_the_api(world: dict[str, int], browse: TestClient) -> None:
    losses = section(page(browse, "/replacements"), "dissolutions")
    pledges = browse.get(f"{API}/pledges").json()["pledges"]
    late_ones = [one for one in pledges if one["dissolution"]["id"] == world["late"]]
    assert {one["candidate"]["id"]: one["security"]["security"] for one in late_ones} == {
        world["north"]: "secure",
        world["south"]: "open",
    }
    early, late = (browse.get(f"{API}/dissolutions/{world[name]}").json()["balance"] for name in ("early", "late"))
    told = {"missing": [early["open_m2"], late["open_m2"]]}
    for one in sorted(pledges, key=lambda pledge: pledge["id"]):
        told.setdefault(one["security"]["security"], []).append(one["net_m2"])
    assert set(told) == {"insecure", "secure", "open", "missing"}
    for frame in ("wide", "narrow"):
        marks = [float(line.get("x1")) for line in drawn(losses, "grid", frame)]
        label = losses.xpath(f".//*[contains(@class, 'chart {frame}')]//*[@class='mark mid']")
        values = [float(words(one).replace(",", ".")) for one in label]
        a_hectare = (marks[-1] - marks[0]) / (values[-1] - values[0])
        for look, amounts in told.items():
            bars = drawn(losses, look, frame)
            assert [float(bar.get("width")) for bar in bars] == pytest.approx(
                [m2 / 1e4 * a_hectare for m2 in amounts], abs=0.3
            )
            assert [f"{ha(m2)} ha" in words(bar) for bar, m2 in zip(bars, amounts, strict=True)] == [True] * len(
                amounts
            )
        ends = [line.get("d") for line in drawn(losses, "loss", frame)]
        assert [float(end[1:].split()[0]) - marks[0] for end in ends] == pytest.approx([a_hectare] * 2, abs=0.3)
    assert [words(year) for year in drawn(losses, "strong")] == ["2026", "2027"]


def test_the_ways_are_drawn_by_days_and_told(world: dict[str, int], browse: TestClient) -> None:
    pipeline = section(page(browse, "/replacements"), "pipeline")
    for look, expected in (("done", 2), ("planned", 3), ("overdue", 1), ("passed", 0)):
        steps = drawn(pipeline, f"step {look}")
        assert len(steps) == expected, look
    told = rows(pipeline, "Angebotene")
    assert told[2][6] == "Feststellung des Plans: 30.09.2026 (überfällig), Bebaubarkeit: 01.12.2027 (geplant)"
    assert told[0][6] == "kein Meilenstein erfasst"
    later = section(page(browse, "/replacements?on=2027-02-02&lang=en"), "pipeline")
    assert len(drawn(later, "step overdue")) == 2
    assert (
        "completion of servicing" in rows(later, "Candidates")[2][6].lower()
        or "overdue" in rows(later, "Candidates")[2][6]
    )
    before = page(browse, "/replacements?known_at=2026-11-22T11:50:00&on=2026-11-22")
    assert "Es ist keine Ersatzfläche erfasst." in words(before)
    assert "Es ist keine Auflösung erfasst." in words(before)


def test_a_dissolution_is_compared_as_the_api_compares(world: dict[str, int], browse: TestClient) -> None:
    chosen = [world["north"], world["stock"]]
    asked = {"dissolution": world["late"], "candidates": [{"id": number} for number in chosen]}
    for language in LANGUAGES:
        speak = translator(language)
        answer = browse.post(f"{API}/assessments", json=asked, headers={"Accept-Language": language}).json()
        address = f"/replacements/dissolutions/{world['late']}?candidates={chosen[0]},{chosen[1]},x&lang={language}"
        whole = page(browse, address)
        assert harmless(whole)
        shown = section(whole, "comparison")
        assert answer["verdict_sentence"] in words(shown)
        told = rows(shown, {"de": "Merkmal für Merkmal", "en": "Criterion by criterion"}[language])
        assert [row[4].split(" Nordfeld")[0].split(" Altbestand")[0] for row in told] == [
            one["because"]["sentence"].split(" Nordfeld")[0].split(" Altbestand")[0] for one in answer["criteria"]
        ]
        for row, one in zip(told, answer["criteria"], strict=True):
            criterion = CriterionOut.model_validate(one)
            assert row[1:3] == [criterion_value(criterion, one[side], speak) for side in ("lost", "offered")]
            assert row[3] == f"{SIGNS[one['outcome']]} {speak.code('outcome', one['outcome'])}"
        counted = rows(shown, {"de": "Was von jeder", "en": "What of each"}[language])
        assert [row[2] for row in counted] == [ha(one["m2"], language) for one in answer["coverage"]["candidates"]]
        aside = answer["coverage"]["candidates"][1]
        assert [counted[1][0], counted[1][1][0]] == ["Altbestand", "✗"]
        assert all(reason["sentence"] in counted[1][3] for reason in aside["reasons"])
        assert all(point["to_do"] in words(shown) for point in answer["open"])
        for link in shown.xpath(".//table//a[starts-with(@href, '#')]/@href"):
            assert len(words(whole.xpath(f"//li[@id='{link[1:]}']")[0])) > 20
        (switch,) = whole.xpath("//nav//a[not(@aria-current)]/@href")
        assert f"candidates={chosen[0]}%2C{chosen[1]}" in switch
    assert "„x“ ist keine Nummer einer Ersatzfläche" in words(page(browse, address.replace("lang=en", "lang=de")))


def test_a_dissolution_tells_pledges_decisions_and_where_it_lies(
    world: dict[str, int], browse: TestClient, clerk: TestClient
) -> None:
    address = f"/replacements/dissolutions/{world['late']}"
    whole = page(browse, address)
    pledges = rows(section(whole, "pledges"), "Zusagen")
    assert [row[2] for row in pledges] == ["0,1000", "0,4000"]
    assert pledges[1][4].startswith("✓ gesichert Der Weg ist sicher")
    (decision,) = rows(section(whole, "decisions"), "Was entschieden wurde")
    assert decision[:4] == ["20.11.2026", "unter Bedingungen angenommen", str(world["north"]), "Arbeitsgruppe Flächen"]
    assert decision[4] == HOSTILE
    assert "Vergleich mit den Flächen der Zusagen" in words(section(whole, "comparison"))
    pieces = section(whole, "map").xpath(".//*[@role='img']/*[local-name()='path']/@class")
    assert [look for look in pieces if look in ("lost", "offered")] == ["offered", "offered", "lost"]
    assert {words(name) for name in section(whole, "map").xpath(".//*[@class='zone-name']")} == {
        str(world["north"]),
        str(world["south"]),
    }
    said = {row[0]: row[1:] for row in rows(section(whole, "lost"), "Tatsachen")}
    assert said["Weg zur Autobahn"] == ["500 m", "angegeben"]
    assert said["größtes zusammenhängendes Grundstück"][1] == "gemessen"
    assert said["Eignung für die verdrängten Betriebe"][0] == "klassisches Gewerbe, Logistik"
    assert said["Glasfaser"] == ["–", "nicht erfasst"]
    versions = [words(section(page(who, address), "lost")).count("{{7*7}}") for who in (browse, clerk)]
    assert versions[1] == versions[0] + 1  # the note is told to those with a token alone
    for link in whole.xpath("//main//a[starts-with(@href, '/')]/@href"):
        assert browse.get(link).status_code == 200, link


def test_a_proposal_is_the_one_of_the_api(world: dict[str, int], browse: TestClient) -> None:
    body = {"dissolution": world["early"], "max_areas": 1}
    answer = browse.post(f"{API}/proposals", json=body, headers={"Accept-Language": "de"}).json()
    assert not answer["feasible"]
    address = f"/replacements/dissolutions/{world['early']}"
    shown = words(section(page(browse, f"{address}?propose=1&max_areas=1"), "proposal"))
    assert answer["sentence"] in shown
    assert all(relief["sentence"] in shown for relief in answer["reliefs"])
    assert all(aside["candidate"]["name"] in shown for aside in answer["set_aside"])
    answer = browse.post(f"{API}/proposals", json={"dissolution": world["late"]}).json()
    whole = page(browse, f"/replacements/dissolutions/{world['late']}?propose=1&max_areas=0")
    assert "Die Höchstzahl der Flächen muss eine Zahl" in words(section(whole, "proposal"))
    told = rows(section(whole, "proposal"), "Die vorgeschlagene Auswahl")
    assert [row[1] for row in told[:-2]] == [ha(one["free_m2"]) for one in answer["chosen"]]
    assert [row[1] for row in told[-2:]] == [ha(answer["covered_m2"]), ha(answer["surplus_m2"])]
    assert answer["sentence"] in words(section(whole, "proposal"))


def test_a_candidate_tells_its_way_and_who_holds_it(
    world: dict[str, int], browse: TestClient, clerk: TestClient
) -> None:
    address = f"/replacements/candidates/{world['south']}"
    answer = browse.get(f"{API}/candidates/{world['south']}").json()
    for language in LANGUAGES:
        whole = page(browse, f"{address}?lang={language}")
        assert whole.get("lang") == language
        balance = whole.xpath("//*[contains(@class, 'chart all')]/*[local-name()='rect']")
        held = [*(one["net_m2"] for one in answer["pledges"]), answer["balance"]["free_m2"]]
        assert sorted(float(bar.get("width")) for bar in balance) == pytest.approx(
            sorted(m2 / answer["balance"]["net_m2"] * 1000 for m2 in held), abs=0.2
        )
        assert all(f"{ha(m2, language)} ha" in words(section(whole, "offered")) for m2 in held)
    told = rows(section(page(clerk, address), "way"), "Meilensteine")
    assert told == [
        ["Feststellung des Plans", "30.09.2026", "–", "überfällig"],
        ["Bebaubarkeit", "01.12.2027", "–", "geplant"],
    ]
    assert [len(section(page(who, address), "way").xpath(".//ol/li/span/br")) for who in (clerk, browse)] == [3, 0]
    assert harmless(page(clerk, f"/replacements/candidates/{world['north']}"))


def test_land_that_others_offer_too_is_named(world: dict[str, int], browse: TestClient) -> None:
    whole = page(browse, f"/replacements/candidates/{world['double']}")
    offered = words(section(whole, "offered"))
    assert "durch Zusagen auf demselben Land versperrt 1,0000 ha" in offered
    told = {row[0]: row[1] for row in rows(section(whole, "offered"), "Was angeboten wird")}
    assert told["zugesagt von Ersatzflächen auf demselben Land"].startswith("0,4000 ha")
    assert f"/replacements/candidates/{world['north']}" in "".join(section(whole, "offered").xpath(".//a/@href"))
    assert len(section(whole, "map").xpath(".//*[@class='offered'][@d]")) == 2


def test_a_long_list_goes_on(world: dict[str, int], browse: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacements_page, "LOSSES_SHOWN", 1)
    monkeypatch.setattr(replacements_page, "SITES_SHOWN", 3)
    whole = page(browse, "/replacements")
    (older,) = whole.xpath("//a[contains(@href, '&before=')]/@href")
    assert [row[0] for row in rows(page(browse, older), "Auflösungen")] == ["A/1"]
    (older,) = whole.xpath("//a[contains(@href, 'sites_before=')]/@href")
    assert len(rows(page(browse, older), "Angebotene")) == 1


@pytest.mark.parametrize("given", ["999999", "0", "x", "9" * 40, "²", "%00", "<script>"])
def test_what_is_not_there_is_told(browse: TestClient, given: str) -> None:
    for kind in ("dissolutions", "candidates"):
        whole = page(browse, f"/replacements/{kind}/{given}", 404)
        assert "Eine solche Auflösung oder Ersatzfläche gibt es nicht" in words(whole)
        assert whole.xpath("//script") == []


def test_wrong_fields_say_so_and_reading_may_be_closed(browse: TestClient, pages: FastAPI) -> None:
    assert "„morgen“ ist kein Tag" in words(page(browse, "/replacements?on=morgen", 422))
    pages.state.settings = pages.state.settings.model_copy(update={"read_requires_token": True})
    assert browse.get("/replacements").status_code == 401
