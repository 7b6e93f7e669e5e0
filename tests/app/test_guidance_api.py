"""Guidance over HTTP and by command: empty as delivered, by day and knowledge, marked where it is a demonstration."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app import guidance_answers
from app.cli import run
from app.web.language import translator
from parcels import db, guidance_loading
from parcels.demo import FOLDER
from rules.conversions import Cases, Purpose, Route
from rules.facts import Outcome
from rules.guidance import Condition, GuidanceFinding, GuidanceQuestion, find
from tests.app.conftest import SECOND, Town, fill, service
from tests.faults.own import engine_of

Problem = Callable[..., dict[str, Any]]
DEMO = FOLDER / "guidance_fiktiv.yaml"
STATED = guidance_loading.source(DEMO).stated


def take(town: Town, path: Path, at: datetime = SECOND) -> None:
    with engine_of(town.owner) as engine, db.sessions(engine)() as session:
        guidance_loading.load(session, guidance_loading.source(path), at, "BSW")
        session.commit()


@pytest.fixture(scope="module")
def guided_town(new_database: Callable[[str], Town]) -> Town:
    """The town with the demonstration set, known from SECOND on."""
    made = new_database("guided_town")
    fill(made)
    take(made, DEMO, SECOND + timedelta(hours=1))
    return made


@pytest.fixture(scope="module")
def guided(guided_town: Town) -> Iterator[TestClient]:
    with TestClient(service(guided_town.web), raise_server_exceptions=False) as client:
        yield client


def test_as_delivered_there_is_none(api: TestClient) -> None:
    answer = api.get("/api/guidance")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["versions"], found["rules"], found["timeline"], found["demonstration"]) == ([], [], [], False)
    assert found["zones"] == {"type": "FeatureCollection", "features": []}


def test_a_demonstration_says_so(guided: TestClient) -> None:
    found = guided.get("/api/guidance").json()
    assert found["demonstration"] is True
    (version,) = found["versions"]
    assert (version["document"], version["version"], version["demonstration"]) == ("demonstration", "1.0", True)
    assert "keine Handreichung" in version["title"]
    assert all(rule["demonstration"] and rule["wording"].startswith("Erfunden") for rule in found["rules"])
    assert "actor" not in version


def test_rules_and_areas_are_those_of_the_file(guided: TestClient) -> None:
    found = guided.get("/api/guidance").json()
    assert [rule["id"] for rule in found["rules"]] == [rule.id for rule in STATED.rules]
    first = found["rules"][0]
    assert (first["routes"], first["designations"], first["result"], first["page"]) == (
        ["B31_3"],
        ["GE"],
        "permitted",
        "1",
    )
    assert first["when"]["max_affected_m2"] == 2000
    assert first["when"]["purposes"] == ["housing", "mixed"]
    (zone,) = found["zones"]["features"]
    assert zone["properties"] == {"document": "demonstration", "version": "1.0", "name": "Möwenhöft (fiktiv)"}
    east, north = zone["geometry"]["coordinates"][0][0][0]
    assert (round(east, 1), round(north, 1)) == (10.0, 53.5)


def test_it_is_that_of_the_day_as_known(guided: TestClient) -> None:
    assert guided.get("/api/guidance", params={"on": "2021-12-31"}).json()["versions"] == []
    assert len(guided.get("/api/guidance", params={"on": "2022-01-01"}).json()["versions"]) == 1
    before = (SECOND + timedelta(minutes=59)).isoformat()
    unknown = guided.get("/api/guidance", params={"known_at": before}).json()
    assert (unknown["versions"], unknown["timeline"]) == ([], [])


def test_authorities_are_called_as_on_the_day(guided: TestClient) -> None:
    def named(day: str) -> dict[str, str]:
        found = guided.get("/api/guidance", params={"on": day}).json()
        assert [one["parameter"] for one in found["basis"]["citations"]] == [
            f"authorities.{one['role']}" for one in found["authorities"]
        ]
        return {one["role"]: one["short"] for one in found["authorities"]}

    assert named("2025-04-30")["economy"] == "BWI"
    assert named("2025-05-01")["economy"] == "BWAI"
    assert named("2015-01-01") == {"economy": "BWVI"}
    assert named("2000-01-01") == {}


def test_an_answer_that_is_had_already_is_not_sent_again(guided: TestClient, guided_town: Town) -> None:
    etag = guided.get("/api/guidance").headers["etag"]
    assert guided.get("/api/guidance", headers={"If-None-Match": etag}).status_code == 304


def test_what_it_cannot_take_is_named(guided: TestClient, problem: Problem) -> None:
    problem(guided.get("/api/guidance", params={"on": "gestern"}), 422, "invalid-request")
    problem(guided.get("/api/guidance", params={"by": "x"}), 422, "invalid-request")
    assert guided.post("/api/guidance").status_code == 405


QUESTION = GuidanceQuestion(
    Route.B31_3,
    Purpose.HOUSING,
    "GE",
    cases=Cases.SINGLE,
    affected_m2=STATED.rules[0].condition.max_affected_m2,
    private_marketable=Outcome.NOT_MET,
    zones=frozenset(),
)


def said(language: str, question: GuidanceQuestion) -> str:
    return guidance_answers.sentence(find(STATED.rules, question), translator(language))


def test_a_finding_can_be_read_aloud() -> None:
    assert said("de", replace(QUESTION, designation="GI")) == (
        "Nach der Handreichung „demonstration“, Fassung 1.0, Seite 2, Regel D3: ausgeschlossen. Dort heißt es: „Erfunden – "
        "Industriegebiete werden nicht umgenutzt.“ Dies ist eine Demonstration mit erfundenen Regeln und keine geltende "
        "Handreichung."
    )
    assert said("de", replace(QUESTION, affected_m2=None, zones=None)).startswith(
        "Was die Handreichung „demonstration“, Fassung 1.0, Seite 1, Regel D1, verlangt, lässt sich nicht entscheiden; es fehlt: "
        "die Größe der betroffenen Fläche, die Lage zu den benannten Gebieten. Bis dahin gilt: Einzelfallprüfung."
    )
    assert "Weniger strenge Regeln treffen ebenfalls zu (D1)" in said("de", QUESTION)
    assert "Stricter rules might apply; missing for that is: where the site lies" in said(
        "en", replace(QUESTION, zones=None)
    )


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    "question", [QUESTION, replace(QUESTION, designation="WA"), GuidanceQuestion(Route.B246_14, Purpose.OTHER)]
)
def test_no_sentence_has_gaps(language: str, question: GuidanceQuestion) -> None:
    for rules in (STATED.rules, ()):
        sentence = guidance_answers.sentence(find(rules, question), translator(language))
        assert "{" not in sentence
        assert "None" not in sentence
        assert sentence[-1] in ".“”"


def test_wording_with_braces_stays_what_it_is() -> None:
    rule = replace(STATED.rules[0], wording="{result.__class__}", condition=Condition())
    finding = find([rule], QUESTION)
    assert "{result.__class__}" in guidance_answers.sentence(finding, translator("de"))


def test_a_finding_as_answered() -> None:
    finding: GuidanceFinding = find(STATED.rules, replace(QUESTION, affected_m2=None, zones=None))
    answer = guidance_answers.finding(finding, translator("de"))
    assert (answer.result, answer.because, answer.rule) == ("case_by_case", "fact_missing", finding.rule)
    assert answer.missing == list(finding.missing)
    assert answer.demonstration


@pytest.fixture
def command(
    new_database: Callable[[str], Town], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    town = new_database("guidance_cli")
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", town.owner)
    monkeypatch.setenv("COLUMNS", "300")

    def ask(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["guidance", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return ask


def test_the_commands(command: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = command("show")
    assert (code, "none, every case is to be checked" in out) == (0, True)
    code, _, err = command("check", str(DEMO))
    assert (code, "demonstration 1.0: 7 rules, 1 zones, sound" in err) == (0, True)
    assert json.loads(command("show", "--json")[1])["timeline"] == []  # nothing was recorded
    code, _, err = command("load", str(DEMO), "--actor", "BSW", "--note", "Vorführung")
    assert (code, "recorded" in err) == (0, True)
    code, _, err = command("load", str(DEMO))
    assert (code, "nothing changed" in err) == (0, True)
    code, out, _ = command("show")
    assert code == 0
    assert "DEMONSTRATION" in out
    assert "BSW" in out
    assert "in force: demonstration 1.0" in out
    assert "max_affected_m2 2,000" in out
    code, out, _ = command("show", "--on", "2021-12-31", "--json")
    assert (code, json.loads(out)["versions"], len(json.loads(out)["timeline"])) == (0, [], 1)
    code, _, err = command("withdraw", "demonstration", "2.0")
    assert (code, "Versions of it: 1.0" in err) == (2, True)
    code, _, err = command("withdraw", "demonstration", "1.0", "--note", "echte geladen")
    assert (code, "withdrawn. Versions: none" in err) == (0, True)
    assert "none, every case is to be checked" in command("show")[1]

    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        DEMO.read_text("utf-8").replace("result: excluded", "result: no").replace("page: 3", "page:"), "utf-8"
    )
    for name in ("check", "load"):
        code, _, err = command(name, str(wrong))
        assert code == 2
        assert "line 30, rules[2].result: There is no result 'no'. Use one of" in err
        assert "rules[4].page: It is missing" in err
        assert "3 to mend, 3 shown" in err
    assert command("load", str(tmp_path))[0] == command("load", str(tmp_path / "nothing.yaml"))[0] == 2
    assert json.loads(command("show", "--json")[1])["timeline"] == []


def test_the_example_of_the_papers_is_taken(command: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "guidance.md"
    (example,) = [part.partition("```")[0] for part in page.read_text("utf-8").split("```yaml\n")[1:]]
    file = tmp_path / "example.yaml"
    file.write_text(example, encoding="utf-8")
    assert guidance_loading.source(file).stated.valid_from < date(2026, 1, 1)
    code, _, err = command("check", str(file))
    assert (code, "sound" in err) == (0, True), err
