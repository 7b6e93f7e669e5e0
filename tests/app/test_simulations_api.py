"""Simulations by HTTP, as the web role: what they answer, that nothing stays, and what is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient

from app.cli import run
from app.examples_simulation import SIMULATION
from app.schemas.simulations import SimulationOut
from app.simulation_bodies import EXAMPLE, SimulationIn
from parcels import db, ledger, simulation
from parcels.limits import OutOfTimeError
from tests.app.conftest import NOW, SECOND, Town, fill, land, planner, service, state, token
from tests.conftest import key
from tests.faults.own import engine_of, fingerprint
from tests.shapes import comb, ewkt

PATH = "/api/reserve/simulations"
Check = Callable[..., dict[str, Any]]
Try = Callable[..., Any]


@pytest.fixture(scope="module")
def still_town(new_database: Callable[[str], Town]) -> Town:
    """A town that nobody writes to: 92.350081 ha net, of which the 30 ha of parcel 2 are reserved until September.

    Its parcel 3 is large enough to lift the reserve over the line by more than the hysteresis.
    """
    made = new_database("still_town")
    fill(made)
    state(made, "parcels", [land(3, "60000", "Altona")], SECOND)
    return made


@pytest.fixture(scope="module")
def asking(still_town: Town) -> Iterator[TestClient]:
    with planner(still_town) as client:
        yield client


@pytest.fixture
def simulate(asking: TestClient, still_town: Town) -> Iterator[Try]:
    """Asks; afterwards nothing is stored, whatever was answered."""
    with engine_of(still_town.owner) as engine:
        before = fingerprint(engine)
        yield lambda *changes, **more: asking.post(PATH, json={"changes": changes, **more})
        assert fingerprint(engine) == before
        with db.sessions(engine)() as session:
            assert ledger.verify(session, NOW) == ledger.Difference([], [])


def change(kind: str, *numbers: int, valid_from: str = "2026-07-01", **more: Any) -> dict[str, Any]:
    land = {"parcels": [key(n) for n in numbers]} if numbers else {}
    return {"kind": kind, "valid_from": valid_from, **land, **more}


def drawn(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    x, y = 565_000 + west, 5_930_000 + south
    ring = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
    return {"geometry": {"type": "Polygon", "coordinates": [ring]}, "crs": "EPSG:25832"}


def test_a_sale_is_tried(simulate: Try, asking: TestClient) -> None:
    answer = simulate(change("sell", 2), by=["district"])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    SimulationOut.model_validate(body)
    now = asking.get("/api/reserve?on=2026-07-01&by=district").json()
    assert {name: body["before"][name] for name in body["before"]} == {name: now[name] for name in body["before"]}
    assert (body["on"], body["since"], body["until"]) == ("2026-07-01", "2026-06-01", "2027-06-01")
    assert (body["before"]["net_m2"], body["after"]["net_m2"]) == (923500.81, 623500.56)
    assert body["difference"] == {"net_ha": -30.0, "free_ha": 0.0, "net_m2": -300000.25, "free_m2": 0.0}
    (moved,) = body["entries"]
    assert (moved["from_standing"], moved["to_standing"], moved["changes"]) == ("counted_reserved", "excluded", [0])
    assert moved["criteria"] == [{"name": "not_disposed", "before": "met", "after": "not_met"}]
    assert body["series"]["before"][-1]["on"] == "2026-09-01"
    assert body["series"]["after"] == [
        {"on": "2026-06-01", "net_ha": 92.3501, "free_ha": 62.3501},
        {"on": "2026-07-01", "net_ha": 62.3501, "free_ha": 62.3501},
    ]
    assert body["changes"][0]["sides"][0] | {"text": ""} == {
        **{"side": None, "designation": None, "effect": "reserve", "text": "", "partly_inside": []},
        **{"net_m2": -300000.25, "free_m2": 0.0, "parcels": [key(2)]},
    }
    assert (body["no_effect"], body["alerts"]) == ([], [])


LINE = (
    change("service", 3),
    change("free", 6),
    change("sell", 5, valid_from="2026-10-01"),
    change("service", 1),
)
"""100 ha are reached in July, without the reserved land in September, and lost in October."""


def test_alerts_that_would_fire(simulate: Try) -> None:
    body = simulate(*LINE).json()
    assert [(one["on"], one["series"], one["severity"], one["at_once"]) for one in body["alerts"]] == [
        ("2026-07-01", "net", "information", False),
        ("2026-09-01", "free", "information", False),
        ("2026-10-01", "net", "critical", False),
        ("2026-10-01", "free", "warning", False),
    ]
    assert (body["no_effect"], body["averted"]) == ([3], [])
    assert [one["kind"] for one in body["alerts"]] == ["recovered", "recovered", "below", "below"]
    assert body["alerts"][2]["text"].startswith(
        "Die Reserve (netto) liegt am 1. Oktober 2026 bei 99,35008 ha, unter dem Ziel"
    )
    assert (body["after"]["state"], body["before"]["state"]) == ("below", "below")


def test_it_is_said_in_the_language_of_the_caller(still_town: Town) -> None:
    with planner(still_town, **{"Accept-Language": "en"}) as client:
        answer = client.post(PATH, json={"changes": LINE})
    assert answer.headers["content-language"] == "en"
    assert "99.35008 ha" in answer.json()["alerts"][2]["text"]
    assert answer.json()["changes"][3]["sides"][0]["text"].startswith("No effect")


def test_a_change_of_today_raises_its_alert_at_once(simulate: Try) -> None:
    body = simulate(change("service", 3, valid_from="2026-01-01"), change("free", 6, valid_from="2026-05-01")).json()
    assert [(one["on"], one["series"], one["at_once"]) for one in body["alerts"]] == [
        ("2026-06-01", "net", True),
        ("2026-09-01", "free", False),
    ]


def test_what_is_drawn_is_converted(simulate: Try) -> None:
    body = simulate(change("convert", designation="MU", **drawn(150, -10, 100, 200))).json()
    assert (body["after"]["net_m2"], body["changes"][0]["sides"][0]["parcels"]) == (623500.54, [key(1)])
    assert [one["code"] for one in body["assumptions"]] == ["not_recorded", "line_only", "newest_plan"]


def test_a_drawn_sale_takes_whole_parcels_and_names_those_cut(simulate: Try) -> None:
    body = simulate(change("sell", **drawn(190, -10, 250, 150))).json()
    side = body["changes"][0]["sides"][0]
    assert (side["parcels"], side["partly_inside"]) == ([key(1)], [{"parcel": key(2), "share": 0.4}])
    assert "whole_parcels" in [one["code"] for one in body["assumptions"]]


def test_both_sides_of_a_replacement(simulate: Try) -> None:
    sides = {
        name: {"parcels": [key(n)], "designation": said}
        for name, n, said in (("dissolved", 5, "MU"), ("offered", 4, "GI"))
    }
    body = simulate({"kind": "replace", "valid_from": "2026-07-01", **sides}).json()
    assert [(one["side"], one["effect"], one["net_m2"]) for one in body["changes"][0]["sides"]] == [
        ("dissolved", "reserve", -20000.01),
        ("offered", "ledger", 0.0),
    ]


def test_any_token_may_try_and_nobody_without_one(still_town: Town, problem: Check) -> None:
    sale = {"changes": [change("sell", 1)]}
    with TestClient(service(still_town.web)) as client:
        problem(client.post(PATH, json=sale), 401, "token-missing")
        headers = {"Authorization": f"Bearer {token(still_town, 'viewer')[1]}"}
        assert client.post(PATH, json=sale, headers=headers).status_code == 200


UNTIL = {"until": "2026-06-30"}
BAD: list[tuple[list[dict[str, Any]], int, str, str | None]] = [
    ([], 422, "invalid-request", "body.changes"),
    ([change("sell", 1, 77)], 422, "parcels-unknown", "changes.0.parcels"),
    ([change("sell", 23)], 409, "held-in-parts", None),
    ([change("sell", 1), change("free", 1)], 422, "changes-contradict", "changes.1"),
    ([change("sell", 1), change("reserve", 1, valid_from="2026-08-01")], 422, "changes-contradict", "changes.1"),
    ([change("sell", 1, valid_to="2026-07-01")], 422, "invalid-request", "changes.0.valid_to"),
    ([change("reserve", 1, **UNTIL)], 422, "invalid-request", "body.changes.0.reserve"),
    ([change("convert", 1)], 422, "invalid-request", "body.changes.0.convert.designation"),
    ([change("convert", 1, designation="XX")], 422, "invalid-request", "changes.0.designation"),
    ([change("sell")], 422, "invalid-request", "body.changes.0.sell"),
    ([change("sell", 1, **drawn(0, 0, 10, 10))], 422, "invalid-request", "body.changes.0.sell"),
    ([change("sell", **drawn(9e5, 0, 10, 10))], 422, "invalid-request", "changes.0.geometry"),
    ([change("sell", **drawn(0, 5000, 10, 10))], 422, "invalid-request", "changes.0.geometry"),
    ([change("rob", 1)], 422, "invalid-request", "body.changes.0"),
    ([change("sell", 1, valid_from="2026-02-30")], 422, "invalid-request", "body.changes.0.sell.valid_from"),
]


@pytest.mark.parametrize(("changes", "status", "slug", "field"), BAD)
def test_bad_input_is_named(
    simulate: Try, problem: Check, changes: list[dict[str, Any]], status: int, slug: str, field: str | None
) -> None:
    body = problem(simulate(*changes), status, slug)
    assert [one["field"] for one in body["errors"][:1]] == ([field] if field else [])


def outlined(kind: str, shape: shapely.Polygon, designation: str = "MU") -> dict[str, Any]:
    outline = {"geometry": shapely.geometry.mapping(shape), "crs": "EPSG:25832"}
    return change(kind, designation=designation, **outline)


def test_outlines_that_wind_too_closely_are_refused(simulate: Try, problem: Check) -> None:
    problem(simulate(outlined("convert", comb(1_000))), 422, "too-intricate")


@pytest.fixture(scope="module")
def combed(new_database: Callable[[str], Town]) -> Iterator[tuple[Town, TestClient]]:
    """A parcel of a square kilometre under a plan drawn as a comb."""
    made = new_database("combed")
    wide = shapely.box(565_000, 5_934_000, 566_000, 5_935_000)
    state(made, "parcels", [{**land(1, "1000000", "Altona"), "geom": ewkt(wide)}])
    state(
        made,
        "zones",
        [{"plan": "Kamm", "designation": "GE", "regulates_use": True, "geom": ewkt(comb(TEETH, across=True))}],
    )
    with planner(made) as client:
        yield made, client


TEETH = 150
CROSSING = [outlined("designate", comb(TEETH, n % 2 == 1, shift=n / 10), "GE" if n % 2 else "GI") for n in range(24)]


@pytest.mark.parametrize("changes", [CROSSING[:1], CROSSING], ids=["one", "many"])
def test_combs_upon_combs_are_answered_in_time_and_leave_nothing(
    combed: tuple[Town, TestClient], changes: list[dict[str, Any]]
) -> None:
    """Each pair of them has a corner for every pair of teeth: done, contradictory, or given up by the limits; never for long."""
    town, client = combed
    with engine_of(town.owner) as engine:
        before = fingerprint(engine)
        answer = client.post(PATH, json={"changes": changes})
        assert answer.status_code == 200 or answer.json()["type"].rpartition("/")[2] in (
            *("simulation-timeout", "changes-contradict", "too-intricate"),
        ), answer.text
        assert fingerprint(engine) == before


def test_days_out_of_order_or_before_the_reserve(simulate: Try, problem: Check) -> None:
    sale = change("sell", 1)
    problem(simulate(sale, **{"from": "2027-01-01", "to": "2026-01-01"}), 422, "invalid-request")
    problem(simulate(sale, on="2012-12-31"), 409, "not-in-force")
    problem(simulate(sale, **{"from": "2012-12-31"}), 409, "not-in-force")
    problem(simulate(sale, known_at="2026-01-01T00:00:00Z"), 422, "invalid-request")
    problem(simulate(sale, by=["district", "district"]), 422, "invalid-request")


def test_the_series_is_of_the_days_asked_and_the_alerts_from_today_on(simulate: Try) -> None:
    body = simulate(*LINE, **{"from": "2026-08-01", "to": "2026-09-30"}).json()
    assert [point["on"] for point in body["series"]["after"]] == ["2026-08-01", "2026-09-01"]
    assert [one["on"] for one in body["alerts"]] == ["2026-07-01", "2026-09-01"]


def test_a_change_of_the_past_is_tried_too(simulate: Try) -> None:
    body = simulate(change("sell", 1, valid_from="2020-01-01"), on="2021-01-01").json()
    assert (body["since"], body["on"], body["after"]["net_m2"]) == ("2020-01-01", "2021-01-01", 353500.26)


def test_out_of_time_and_busy_are_said(
    simulate: Try, problem: Check, still_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(simulation.changes, "turned", late)
    assert problem(simulate(change("sell", 1)), 503, "simulation-timeout")
    monkeypatch.undo()
    monkeypatch.setattr(simulation, "WAIT_S", 0.1)
    with engine_of(still_town.owner) as engine, engine.connect() as writer:
        writer.exec_driver_sql("SELECT FROM register FOR UPDATE")
        answer = simulate(change("sell", 1))
    problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "5"


@pytest.fixture
def command(
    still_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command over the town, with a file of this content."""
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", still_town.owner)

    def call(content: Any, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "changes.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        capsys.readouterr()
        return run(["simulate", str(file), *options]), *capsys.readouterr()

    return call


def test_the_command_answers_as_the_service_does(simulate: Try, command: Callable[..., tuple[int, str, str]]) -> None:
    period = {"on": "2026-10-01", "from": "2026-01-01", "to": "2027-01-01"}
    code, out, _ = command({"changes": LINE, **period}, "--json")
    assert code == 0
    told, served = json.loads(out), simulate(*LINE, **period).json()
    for name in ("before", "after", "series", "entries", "no_effect"):
        assert told[name] == served[name], name
    code, out, err = command({"changes": LINE, **period})
    assert code == 0
    assert "not_disposed" in out
    assert "Change 3, service: No effect" in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "changes.json"),
        ({"changes": []}, "changes"),
        ({"changes": [change("sell", 77)]}, "The register does not know 029901___00077"),
        ({"changes": [change("sell", 1), change("free", 1)]}, "Leave one of them out"),
        ({"changes": [change("sell", 23)]}, "held in parts"),
    ],
)
def test_the_command_refuses_with_the_remedy(
    command: Callable[..., tuple[int, str, str]], content: Any, said: str
) -> None:
    code, out, err = command(content)
    assert (code, out) == (2, "")
    assert said in err


def test_the_examples_are_what_is_asked_and_answered() -> None:
    assert SimulationOut.model_validate(SIMULATION).alerts[0].severity == "critical"
    assert len(SimulationIn.model_validate(EXAMPLE).changes) == 3
