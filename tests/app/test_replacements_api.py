"""Replacement through the service: lost and offered land compared, proposed, decided on and pledged; and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.problem_kinds import KINDS
from app.replacement_problems import KIND, Refused
from app.web.language import LANGUAGES
from tests.app.conftest import SOUND, Town, service, state, token
from tests.conftest import key, square

Problem = Callable[..., dict[str, Any]]
API = "/api/replacements"
LOST, NORTH, SOUTH, COUNTED, MIXED, IN_PORT, PLANNED, HOUSING = (key(n) for n in range(1, 9))
FACTS: dict[str, Any] = {
    **{"restricted": False, "emission_limited": False, "around_the_clock": True, "hazard_class": "none"},
    **{"road_m": 500, "rail": False, "quay": False, "grid_kw": 100, "fibre": True, "hydrogen": False},
    "largest_plot_m2": 10_000,
    **{"contaminated": False, "flood": False, "heavy_rain": False, "firm_kinds": ["classic"]},
}
DISSOLUTION: dict[str, Any] = {
    "reference": "A/SL/1",
    "cause": "entered",
    "site": {"parcels": [LOST]},
    "lost_on": "2027-01-01",
    "facts": FACTS,
}


def ring(east: float, north: float, width: float, height: float) -> dict[str, Any]:
    """A rectangle as a site."""
    x, y = 565_000 + east, 5_930_000 + north
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
    return {"geometry": {"type": "Polygon", "coordinates": [corners]}, "crs": "EPSG:25832"}


def fill(town: Town) -> None:
    """Parcels of 1 ha: lost GE, two fields, counted GE, half GE and half GI, port, a field that a plan would make GE, housing, one
    that was GE until 1 April, and GE to be dissolved by others."""
    parcel = {"official_m2": 10_000, "district": "Altona", "gemarkung": "Beispielmarsch"}
    state(town, "parcels", [{**parcel, "key": key(n), "geom": square(n * 200, 0)} for n in range(1, 18)])
    uses = dict.fromkeys(range(1, 18), "GE") | dict.fromkeys((2, 3, 7), "LANDWIRTSCHAFT") | {8: "WA"}
    zone = {"regulates_use": True}
    places = [{**zone, "plan": f"Plan {n}", "designation": use, "geom": square(n * 200, 0)} for n, use in uses.items()]
    places[4]["geom"] = square(1_000, 0, 50, 100)
    places[14]["valid_to"] = date(2026, 4, 1)
    places.append(
        {
            **places[14],
            "plan": "Feld",
            "designation": "LANDWIRTSCHAFT",
            "valid_from": date(2026, 4, 1),
            "valid_to": None,
        }
    )
    state(town, "zones", [*places, {**zone, "plan": "Plan 5a", "designation": "GI", "geom": square(1_050, 0, 50, 100)}])
    state(town, "port", [{"kind": "Gesamt", "geom": square(1_200, 0)}])
    ahead = {"plan": "Neuland 1", "stage": "display", "expected": date(2026, 12, 1), **zone}
    shared = {**ahead, "plan": "Neuland 2"}
    state(
        town,
        "pipeline",
        [
            {**ahead, "designation": "GE", "geom": square(1_400, 0)},
            {**shared, "designation": "GE", "geom": square(4_000, 0)},
            {**shared, "designation": "GI", "geom": square(4_100, 0)},
        ],
    )
    state(town, "holdings", [{**SOUND, "parcel_key": COUNTED}])


@pytest.fixture(scope="module")
def place(new_database: Callable[[str], Town]) -> Town:
    """A town of its own: what is recorded here is listed."""
    made = new_database("replacements")
    fill(made)
    return made


@pytest.fixture(scope="module")
def ask(place: Town) -> Iterator[TestClient]:
    """A caller without a token."""
    with TestClient(service(place.web), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def plan(place: Town) -> Iterator[TestClient]:
    """A planner."""
    headers = {"Authorization": f"Bearer {token(place, 'planner')[1]}", "Accept-Language": "en"}
    with TestClient(service(place.web), raise_server_exceptions=False, headers=headers) as client:
        yield client


def found(answer: Any, status: int = 200) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status, body
    return body


def dissolve(plan: TestClient, number: int, **said: Any) -> dict[str, Any]:
    """The whole of a parcel of GE, dissolved."""
    body = {**DISSOLUTION, "reference": f"A/SL/{number}", "site": {"parcels": [key(number)]}, **said}
    return found(plan.post(f"{API}/dissolutions", json=body), 201)


def offer(plan: TestClient, name: str, site: dict[str, Any], **said: Any) -> dict[str, Any]:
    body = {"name": name, "designation": "GE", "site": site, "facts": FACTS, **said}
    return found(plan.post(f"{API}/candidates", json=body), 201)


def on_its_way(plan: TestClient, number: int) -> dict[str, Any]:
    """With a plan in force and everything in time."""
    done = [("in_force", "done_on", "2026-03-01"), ("funding", "done_on", "2026-04-01")]
    done += [("servicing", "planned_on", "2026-10-01"), ("available", "planned_on", "2026-11-01")]
    for kind, when, day in done:
        stated = found(plan.post(f"{API}/candidates/{number}/milestones", json={"kind": kind, when: day}), 201)
    return stated


def criterion(body: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = [one for one in body["criteria"] if one["name"] == name]
    return one


def bind(plan: TestClient, dissolution: int, candidate: int, net_m2: float, **said: Any) -> Any:
    return plan.post(
        f"{API}/pledges", json={"dissolution": dissolution, "candidate": candidate, "net_m2": net_m2, **said}
    )


def test_a_loss_from_its_entry_to_its_transfer(plan: TestClient, ask: TestClient, problem: Problem) -> None:
    """Entered, offered, compared, proposed, decided, pledged, over-pledged, transferred, released; and as it was known then."""
    loss = dissolve(plan, 1)
    assert (loss["designation"], loss["balance"]["lost_m2"], loss["balance"]["open_ha"]) == ("GE", 10_000, 1)
    assert (loss["versions"][0]["measured_on"], loss["warnings"]) == ("2026-12-31", [])
    north, south = (offer(plan, name, {"parcels": [at]}) for name, at in (("Nord", NORTH), ("Süd", SOUTH)))
    way = on_its_way(plan, north["id"])["candidate"]["way"]
    assert (way["stage"], way["servicing_funded"], way["available_from"]) == ("in_force", True, "2026-11-01")

    both = {"dissolution": loss["id"], "candidates": [{"id": south["id"]}, {"id": north["id"]}]}
    said = found(ask.post(f"{API}/assessments", json=both))
    assert (said["verdict"], said["coverage"]["counted_m2"], said["coverage"]["unclear_m2"]) == (
        "conditional",
        10_000,
        10_000,
    )
    counted = [(one["candidate"]["name"], one["outcome"], one["ha"]) for one in said["coverage"]["candidates"]]
    assert counted == [("Süd", "unknown", 1), ("Nord", "met", 1)]
    assert {one["name"] for one in said["open"]} >= {"plan_stage", "servicing", "available_in_time"}
    road = criterion(said, "road")
    assert (road["lost"], road["offered"], road["unit"], road["candidate"]["name"]) == (500, 500, "m", "Süd")
    assert (road["essential"], road["outcome"], road["because"]["code"]) == (False, "met", "road_near")
    alone = found(ask.post(f"{API}/assessments", json={**both, "candidates": [{"id": north["id"]}]}))
    assert (alone["verdict"], alone["open"]) == ("equivalent", []), alone["open"]

    proposed = found(ask.post(f"{API}/proposals", json={"dissolution": loss["id"]}))
    assert [one["candidate"]["name"] for one in proposed["chosen"]] == ["Nord"]
    assert (proposed["feasible"], proposed["optimal"], proposed["assessment"]["verdict"]) == (True, True, "equivalent")
    assert {one["candidate"]["name"] for one in proposed["set_aside"]} >= {"Süd"}

    decided = {"dissolution": loss["id"], "candidates": [north["id"]], "decision": "accepted", "reason": "gleichwertig"}
    decided |= {"decided_on": "2026-06-01", "decided_by": "Arbeitsgruppe Flächen"}
    found(plan.post(f"{API}/decisions", json=decided), 201)

    first = found(bind(plan, loss["id"], north["id"], 6_000.5), 201)
    assert (first["balance"]["free_m2"], first["pledge"]["security"]["security"], first["warnings"]) == (
        3_999.5,
        "secure",
        [],
    )
    told = problem(bind(plan, loss["id"], north["id"], 3_999.51), 409, "pledge-refused")
    assert (told["code"], told["balance"]["free_m2"]) == ("too_much", 3_999.5)
    assert "3,999.5 m² are free" in told["detail"]

    other = dissolve(plan, 9)
    moved = plan.post(
        f"{API}/pledges/{first['pledge']['id']}/transfer",
        json={"dissolution": other["id"], "net_m2": 5_000, "note": "Vorrang"},
    )
    second = found(moved, 201)
    assert (second["pledge"]["follows"], second["balance"]["free_m2"]) == (first["pledge"]["id"], 5_000)
    left = found(ask.get(f"{API}/dissolutions/{loss['id']}"))
    assert (left["balance"]["open_m2"], left["decisions"][0]["verdict"]) == (10_000, "equivalent")
    assert left["pledges"][0]["release"]["note"] is None  # told to those who show a token
    problem(
        plan.post(f"{API}/pledges/{first['pledge']['id']}/release", json={"note": "noch einmal"}),
        409,
        "pledge-released",
    )
    for _ in range(2):  # the same again changes nothing
        ended = found(plan.post(f"{API}/pledges/{second['pledge']['id']}/release", json={"note": "entfällt"}), 201)
        assert (ended["pledge"]["holds"], ended["balance"]["free_m2"]) == (False, 10_000)
    listed = found(ask.get(f"{API}/pledges", params={"candidate": north["id"]}))["pledges"]
    assert [one["id"] for one in listed] == [second["pledge"]["id"], first["pledge"]["id"]]
    assert found(ask.get(f"{API}/pledges", params={"candidate": north["id"], "holding": True}))["pledges"] == []
    then = ask.get(f"{API}/dissolutions/{loss['id']}", params={"known_at": "2026-05-01T00:00:00Z"})
    problem(then, 404, "dissolution-unknown")


def test_a_decision_keeps_what_was_answered_in_both_languages(plan: TestClient, ask: TestClient, place: Town) -> None:
    loss, land = (
        dissolve(plan, 10),
        offer(plan, "Beschluss", {"parcels": [HOUSING]}),
    )
    body = {"dissolution": loss["id"], "candidates": [land["id"]], "decision": "rejected", "decided_on": "2026-05-31"}
    body |= {"decided_by": "Senatskommission", "reason": "zu spät"}
    bwi = {"Authorization": f"Bearer {token(place, 'bwi')[1]}"}
    made = found(ask.post(f"{API}/decisions", json=body, headers=bwi), 201)
    assert (made["verdict"], made["assessment"]["language"]) == ("conditional", "de")
    on_its_way(plan, land["id"])
    for language in LANGUAGES:
        asked = {"params": {"dissolution": loss["id"]}, "headers": {"Accept-Language": language}}
        (kept,) = found(ask.get(f"{API}/decisions", **asked))["decisions"]
        assert (kept["assessment"]["language"], kept["assessment"]["verdict"]) == (language, "conditional")
    assert (
        made["assessment"]
        == found(ask.get(f"{API}/decisions", params={"dissolution": loss["id"]}))["decisions"][0]["assessment"]
    )


def inline(name: str, site: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Land that nobody records, there on 1 November 2026."""
    steps = [("in_force", "done_on", "2026-03-01"), ("funding", "done_on", "2026-04-01")]
    steps += [("servicing", "planned_on", "2026-10-01"), ("available", "planned_on", "2026-11-01")]
    way = [{"kind": kind, when: day} for kind, when, day in steps]
    return {"name": name, "site": site, "designation": "GE", "facts": FACTS, "milestones": way, **said}


def test_what_does_not_count_is_named_and_not_summed(ask: TestClient) -> None:
    """On the lost land, in the port, in the stock, without a day, overlapping another: each says why, and the rest counts once."""
    loss = {"site": {"parcels": [key(11)]}, "lost_on": "2027-01-01", "facts": FACTS}
    offers = [
        inline("Feld", ring(400, 0, 60, 100)),
        inline("Feld, größer", ring(400, 0, 100, 100)),
        inline("ohne Tag", {"parcels": [SOUTH]}, milestones=[]),
        inline("im Verlust", {"parcels": [key(11)]}),
        inline("im Bestand", {"parcels": [COUNTED]}),
        inline("im Hafen", {"parcels": [IN_PORT]}),
        inline("Wohnen", {"parcels": [HOUSING]}, designation="WA"),
    ]
    body = found(ask.post(f"{API}/assessments", json={"loss": loss, "candidates": offers}))
    said = {one["candidate"]["name"]: one for one in body["coverage"]["candidates"]}
    assert [one["candidate"]["name"] for one in body["coverage"]["candidates"]] == [one["name"] for one in offers]
    assert {one["candidate"]["id"] for one in said.values()} == {None}
    reasons = {name: {reason["code"] for reason in one["reasons"]} for name, one in said.items()}
    assert (said["Feld"]["m2"], reasons["Feld"]) == (6_000, set())
    assert (said["Feld, größer"]["m2"], reasons["Feld, größer"]) == (0, {"counted_already"})
    assert (
        said["Feld, größer"]["reasons"][0]["sentence"] == "Die Fläche überschneidet sich mit Feld und zählt nur dort."
    )
    assert (said["ohne Tag"]["outcome"], reasons["ohne Tag"]) == ("unknown", {"no_date"})
    assert reasons["im Verlust"] >= {"on_lost_land", "in_stock_before"}
    assert reasons["im Bestand"] >= {"in_stock_before"}
    assert reasons["im Hafen"] >= {"offered_in_port"}
    assert reasons["Wohnen"] == {"rank_lower"}
    assert (body["coverage"]["counted_ha"], body["coverage"]["unclear_ha"], body["coverage"]["missing_ha"]) == (
        0.6,
        1,
        0.4,
    )
    assert (body["dissolution"], body["verdict"]) == (None, "conditional")


def test_of_several_offers_the_one_that_cannot_be_found_is_named(ask: TestClient, problem: Problem) -> None:
    offers = [inline("Feld", {"parcels": [SOUTH]}), inline("Verschrieben", {"parcels": [key(99)]})]
    loss = {"site": {"parcels": [key(11)]}, "lost_on": "2027-01-01"}
    said = problem(
        ask.post(f"{API}/assessments", json={"loss": loss, "candidates": offers}), 422, "site-parcels-unknown"
    )
    assert said["detail"].startswith("Verschrieben: ")
    assert "Verschrieben: " in said["errors"][0]["message"]


def test_where_no_set_suffices_it_is_said_what_would_help(ask: TestClient) -> None:
    loss = {"site": {"parcels": [key(11), key(12)]}, "lost_on": "2027-01-01", "facts": FACTS}
    offers = [inline("Feld", ring(400, 0, 100, 100)), inline("Südfeld", {"parcels": [SOUTH]})]
    asked = {"loss": loss, "candidates": offers, "max_areas": 1}
    body = found(ask.post(f"{API}/proposals", json=asked, headers={"Accept-Language": "en"}))
    assert (body["feasible"], body["missing_ha"], body["assessment"], body["chosen"]) == (False, 1, None, [])
    assert body["sentence"] == "No set covers the loss; at best 10,000 m² net are missing."
    (relief,) = body["reliefs"]
    assert (relief["requirement"], relief["missing_m2"]) == ("max_areas", 0)
    assert "largest number of areas" in relief["sentence"]
    both = found(ask.post(f"{API}/proposals", json={**asked, "max_areas": 2}))
    assert (both["feasible"], both["covered_ha"], both["surplus_m2"], len(both["chosen"])) == (True, 2, 0, 2)
    nothing = found(ask.post(f"{API}/proposals", json={**asked, "candidates": []}))
    assert (nothing["missing_ha"], nothing["considered"], nothing["reliefs"]) == (2, 0, [])


def test_a_candidate_by_the_plan_that_brings_it(plan: TestClient, ask: TestClient, problem: Problem) -> None:
    made = found(plan.post(f"{API}/candidates", json={"name": "Neuland", "plan": "Neuland 1"}), 201)
    assert (made["designation"], made["plan"], made["balance"]["net_ha"]) == ("GE", "Neuland 1", 1)
    assert made["site"]["geometry"]["type"] == "MultiPolygon"
    several = plan.post(f"{API}/candidates", json={"name": "Neuland", "plan": "Neuland 2"})
    assert problem(several, 422, "candidate-unfit")["found"] == ["GE", "GI"]
    unknown = plan.post(f"{API}/candidates", json={"name": "Neuland", "plan": "Neuland 3"})
    assert problem(unknown, 422, "candidate-unfit")["code"] == "plan_not_ahead"


def test_a_candidate_is_said_anew(plan: TestClient, ask: TestClient, problem: Problem) -> None:
    made = offer(plan, "Hof", {"parcels": [COUNTED]})
    assert (made["balance"]["net_m2"], [one["code"] for one in made["warnings"]]) == (0, ["nothing_new"])
    land = offer(plan, "Neuland, ganz", {"parcels": [PLANNED]}, planned_net_m2=9_000)
    assert (land["balance"]["net_m2"], land["warnings"][-1]["code"]) == (9_000, "shares_land")
    where = f"{API}/candidates/{land['id']}"
    loss = dissolve(plan, 13)
    held = found(bind(plan, loss["id"], land["id"], 8_000), 201)
    told = problem(plan.post(f"{where}/versions", json={"planned_net_m2": 7_000}), 409, "more-pledged")
    assert (told["net_m2"], told["pledged_m2"]) == (7_000, 8_000)
    problem(plan.post(f"{where}/versions", json={"withdrawn_on": "2026-06-01"}), 409, "more-pledged")
    anew = found(
        plan.post(f"{where}/versions", json={"on": "2026-05-31", "planned_net_m2": 8_000, "note": "weniger"}), 201
    )
    assert [one["net_m2"] for one in anew["versions"]] == [9_000, 8_000]
    assert (anew["versions"][1]["measured_on"], anew["balance"]["free_m2"]) == ("2026-05-31", 0)
    assert anew["versions"][1]["facts"] == anew["versions"][0]["facts"]
    same = found(plan.post(f"{where}/versions", json={"planned_net_m2": 8_000}), 201)
    assert len(same["versions"]) == 2
    found(plan.post(f"{API}/pledges/{held['pledge']['id']}/release", json={"note": "entfällt"}), 201)
    gone = found(plan.post(f"{where}/versions", json={"withdrawn_on": "2026-06-01"}), 201)
    assert (gone["balance"]["net_m2"], gone["versions"][-1]["withdrawn_on"]) == (0, "2026-06-01")
    problem(bind(plan, loss["id"], land["id"], 1), 409, "candidate-withdrawn")
    asked = {"dissolution": loss["id"], "candidates": [{"id": land["id"]}]}
    problem(ask.post(f"{API}/assessments", json=asked), 409, "candidate-withdrawn")
    found(ask.post(f"{API}/assessments", json={**asked, "on": "2026-05-31"}))
    offered = [one["id"] for one in found(ask.get(f"{API}/candidates", params={"offered": True}))["candidates"]]
    assert land["id"] not in offered
    assert made["id"] in offered
    back = found(plan.post(f"{where}/versions", json={"withdrawn_on": None}), 201)
    assert (back["balance"]["net_m2"], len(back["versions"])) == (8_000, 4)


def test_a_dissolution_is_said_anew(plan: TestClient, ask: TestClient, problem: Problem) -> None:
    loss = dissolve(plan, 14)
    where = f"{API}/dissolutions/{loss['id']}"
    told = problem(
        plan.post(f"{API}/dissolutions", json={**DISSOLUTION, "site": {"parcels": [key(14)]}}), 409, "dissolved-already"
    )
    assert told["dissolutions"] == [loss["id"]]
    later = found(plan.post(f"{where}/versions", json={"lost_on": "2028-01-01", "facts": {"rail": True}}), 201)
    assert [one["measured_on"] for one in later["versions"]] == ["2026-12-31", "2027-12-31"]
    facts = later["versions"][1]["facts"]
    assert (facts["rail"], facts["quay"], facts["stated"], facts["shorter_side_m"]) == (True, None, ["rail"], 100)
    held = offer(plan, "Für 14", {"parcels": [SOUTH]})
    found(bind(plan, loss["id"], held["id"], 1), 201)
    gone = found(plan.post(f"{where}/versions", json={"withdrawn_on": "2026-06-01"}), 201)
    assert (gone["balance"]["open_m2"], [one["code"] for one in gone["warnings"]]) == (0, ["pledges_still_held"])
    problem(bind(plan, loss["id"], held["id"], 1), 409, "dissolution-withdrawn")
    found(plan.post(f"{API}/pledges/{gone['pledges'][0]['id']}/release", json={"note": "entfällt"}), 201)
    again = dissolve(plan, 14)
    back = problem(plan.post(f"{where}/versions", json={"withdrawn_on": None}), 409, "dissolved-already")
    assert back["dissolutions"] == [again["id"]]
    rows = found(ask.get(f"{API}/dissolutions", params={"district": "Altona", "limit": 1}))
    assert [one["id"] for one in rows["dissolutions"]] == [again["id"]]
    assert [one["id"] for one in found(ask.get(rows["next"]))["dissolutions"]] == [loss["id"]]


def test_land_of_a_conversion_case(plan: TestClient, problem: Problem) -> None:
    case = {"reference": "N/1", "route": "B31_3", "purpose": "housing", "site": {"parcels": [key(12)]}}
    number = found(plan.post("/api/conversions", json=case), 201)["id"]
    body = {"reference": "N/1", "cause": "conversion", "conversion": number, "lost_on": "2027-01-01"}
    made = found(plan.post(f"{API}/dissolutions", json=body), 201)
    assert (made["conversion"], made["site"]["parcels"], made["balance"]["lost_ha"]) == (number, [key(12)], 1)
    listed = found(plan.get(f"{API}/dissolutions", params={"conversion": number}))["dissolutions"]
    assert [one["id"] for one in listed] == [made["id"]]
    problem(plan.post(f"{API}/dissolutions", json={**body, "conversion": 99_999}), 404, "conversion-unknown")


@pytest.mark.parametrize(
    ("changed", "code", "there"),
    [
        ({"site": {"parcels": [MIXED]}}, "several_designations", ["GE", "GI"]),
        ({"site": {"parcels": [MIXED]}, "designation": "I"}, "other_designations", ["GE", "GI"]),
        ({"site": {"parcels": [HOUSING]}}, "nothing_to_dissolve", []),
        ({"site": {"parcels": [IN_PORT]}}, "nothing_to_dissolve", []),
    ],
)
def test_a_dissolution_is_of_one_designation(
    plan: TestClient, problem: Problem, changed: dict[str, Any], code: str, there: list[str]
) -> None:
    told = problem(plan.post(f"{API}/dissolutions", json={**DISSOLUTION, **changed}), 422, "designation-unfit")
    assert (told["code"], [one["designation"] for one in told["found"]]) == (code, there)
    assert all(one["m2"] == 5_000 for one in told["found"])


def test_land_that_is_no_replacement_is_not_pledged(plan: TestClient, problem: Problem) -> None:
    """New when it was recorded, but the lost land itself, or in the stock on the day of the loss."""
    loss = dissolve(plan, 5, designation="GI", site={"parcels": [MIXED]})
    assert loss["balance"]["lost_ha"] == 0.5
    problem(
        plan.post(f"{API}/candidates", json={"name": "Kai", "designation": "GE", "site": {"parcels": [IN_PORT]}}),
        422,
        "candidate-unfit",
    )
    nothing = offer(plan, "Bestand", {"parcels": [MIXED]})
    told = problem(bind(plan, loss["id"], nothing["id"], 1), 409, "pledge-refused")
    assert (told["code"], told["balance"]["net_m2"]) == ("too_much", 0)
    for changed, code in (
        ({"pledged_on": "2026-05-31"}, "before_measured"),
        ({"net_m2": 20_000}, "too_much"),
    ):
        land = offer(plan, f"Feld {code}", ring(405, 5, 20, 20))
        told = problem(bind(plan, loss["id"], land["id"], **{"net_m2": 1, **changed}), 409, "pledge-refused")
        assert told["code"] == code
    former = offer(plan, "war GE", {"parcels": [key(15)]})
    past = dissolve(plan, 16, lost_on="2026-03-01")
    told = problem(bind(plan, past["id"], former["id"], 1), 409, "pledge-refused")
    assert (told["code"], told["errors"][0]["field"]) == ("new_land", "candidate")
    assert "1 March 2026" in told["detail"]
    ahead = dissolve(plan, 4)
    over = offer(plan, "über die Grenze", ring(650, 0, 200, 100))
    told = problem(bind(plan, ahead["id"], over["id"], 1), 409, "pledge-refused")
    assert (told["code"], over["balance"]["net_m2"]) == ("apart_from_loss", 5_000)
    made = found(bind(plan, ahead["id"], former["id"], 10_000), 201)
    assert [one["code"] for one in made["warnings"]] == []
    assert found(plan.get(f"{API}/pledges", params={"dissolution": past["id"]}))["pledges"] == []


def test_what_is_to_be_looked_at_is_said(plan: TestClient) -> None:
    """Too low a rank does not refuse, nor does more than is lost."""
    loss, land = dissolve(plan, 17), offer(plan, "Wohnen", {"parcels": [HOUSING]}, designation="WA")
    two = found(bind(plan, loss["id"], land["id"], 10_000), 201)
    assert [one["code"] for one in two["warnings"]] == ["rank_lower"]
    found(plan.post(f"{API}/pledges/{two['pledge']['id']}/release", json={"note": "zu niedrig"}), 201)


def test_many_at_once_pledge_no_more_than_there_is(plan: TestClient) -> None:
    loss = found(plan.get(f"{API}/dissolutions"))["dissolutions"][0]
    land = offer(plan, "Andrang", {"parcels": [HOUSING]})
    with ThreadPoolExecutor(6) as pool:
        made = [one.status_code for one in pool.map(lambda _: bind(plan, loss["id"], land["id"], 2_500), range(6))]
    assert sorted(made) == [201] * 4 + [409] * 2
    balance = found(plan.get(f"{API}/candidates/{land['id']}"))["balance"]
    assert (balance["pledged_m2"], balance["free_m2"]) == (10_000, 0)
    beside = offer(plan, "Andrang, halb", ring(1_600, 0, 50, 100))
    assert (beside["balance"]["shadowed_ha"], beside["balance"]["free_ha"], beside["balance"]["net_ha"]) == (1, 0, 0.5)
    asked = {"loss": {"site": {"parcels": [key(11)]}, "lost_on": "2027-01-01"}, "candidates": [{"id": beside["id"]}]}
    (counted,) = found(plan.post(f"{API}/assessments", json=asked))["coverage"]["candidates"]
    assert (counted["m2"], [one["code"] for one in counted["reasons"]]) == (0, ["wholly_pledged"])


def test_the_same_is_recorded_once(plan: TestClient, ask: TestClient, problem: Problem) -> None:
    """Under one key; something else under it is refused."""
    body = {"name": "Einmal", "designation": "GE", "site": {"parcels": [NORTH]}}
    headers = {"Idempotency-Key": "candidate-1"}
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: plan.post(f"{API}/candidates", json=body, headers=headers), range(3)))
    assert len({found(one, 201)["id"] for one in made}) == 1
    land = made[0].json()["id"]
    problem(plan.post(f"{API}/candidates", json={**body, "name": "Zweimal"}, headers=headers), 422, "key-reused")
    step, keyed = {"kind": "servicing", "planned_on": "2026-10-01"}, {"headers": {"Idempotency-Key": "step-1"}}
    first = found(plan.post(f"{API}/candidates/{land}/milestones", json=step, **keyed), 201)
    again = found(plan.post(f"{API}/candidates/{land}/milestones", json=step, **keyed), 201)
    assert (first["effects"]["outlined"], again["effects"]) == (False, None)
    assert len(again["candidate"]["milestones"]) == 1


def test_a_milestone_that_slips_says_what_follows(plan: TestClient) -> None:
    """The day moves, what the register cannot say is told, the pledge is no longer secure, and an alert tells it."""
    loss = found(plan.get(f"{API}/dissolutions"))["dissolutions"][0]
    land = offer(plan, "Verzug", {"parcels": [PLANNED]})
    on_its_way(plan, land["id"])
    held = found(bind(plan, loss["id"], land["id"], 100), 201)["pledge"]
    assert held["security"]["security"] == "secure"
    late = {"kind": "servicing", "planned_on": "2029-06-01"}
    effects = found(plan.post(f"{API}/candidates/{land['id']}/milestones", json=late), 201)["effects"]
    assert [(one["kind"], one["was_on"], one["is_on"]) for one in effects["slips"]] == [
        ("servicing", "2026-10-01", "2029-06-01")
    ]
    (secured,) = effects["pledges"]
    assert (secured["pledge"], secured["before"]["security"], secured["after"]["security"]) == (
        held["id"],
        "secure",
        "insecure",
    )
    assert {one["why"] for one in effects["left"]} == {"no_holding"}
    asked = found(plan.get("/api/alerts"))["alerts"]
    told = [one["subject"] for one in asked if (one["kind"], one["severity"]) == ("pledge_insecure", "warning")]
    assert f"{loss['reference']} ({held['id']})" in told


def test_answers_are_known_again(plan: TestClient, ask: TestClient) -> None:
    land = offer(plan, "Marke", {"parcels": [NORTH]})
    for where in (f"candidates/{land['id']}", "candidates", "dissolutions", "pledges", "decisions"):
        first = ask.get(f"{API}/{where}")
        tag = {"If-None-Match": first.headers["etag"]}
        assert ask.get(f"{API}/{where}", headers=tag).status_code == 304, where
        assert ask.get(f"{API}/{where}", headers={**tag, "Accept-Language": "en"}).status_code == 200
    tag = {"If-None-Match": ask.get(f"{API}/candidates/{land['id']}").headers["etag"]}
    found(plan.post(f"{API}/candidates/{land['id']}/milestones", json={"kind": "draft", "done_on": "2026-05-01"}), 201)
    assert ask.get(f"{API}/candidates/{land['id']}", headers=tag).status_code == 200


def test_who_may_record(place: Town, ask: TestClient, problem: Problem) -> None:
    nothing: dict[str, Any] = {}
    writes = (
        "dissolutions",
        "dissolutions/1/versions",
        "candidates",
        "candidates/1/versions",
        "candidates/1/milestones",
    )
    writes += ("pledges", "pledges/1/release", "pledges/1/transfer", "decisions")
    for where in writes:
        problem(ask.post(f"{API}/{where}", json=nothing), 401, "token-missing")
    for role in ("viewer", "hie", "bwi"):
        with_role = {"Authorization": f"Bearer {token(place, role)[1]}"}  # type: ignore[arg-type]
        for where in writes:
            if (role, where) != ("bwi", "decisions"):
                problem(ask.post(f"{API}/{where}", json=nothing, headers=with_role), 403, "role-missing")


NOTED = {"note": "a"}
SITE = {"parcels": [NORTH]}


@pytest.mark.parametrize(
    ("where", "body", "field"),
    [
        ("dissolutions", {**DISSOLUTION, "site": None}, "body"),
        ("dissolutions", {**DISSOLUTION, "cause": "conversion"}, "body"),
        ("dissolutions", {**DISSOLUTION, "plan": "P"}, "body"),
        ("dissolutions", {**DISSOLUTION, "cause": "plan_change"}, "body"),
        ("dissolutions", {**DISSOLUTION, "designation": "QQ"}, "body.designation"),
        ("dissolutions", {**DISSOLUTION, "lost_on": "1899-12-31"}, "body.lost_on"),
        ("dissolutions", {**DISSOLUTION, "facts": {"net_m2": 1}}, "body.facts.net_m2"),
        ("dissolutions", {**DISSOLUTION, "facts": {"rail": "ja"}}, "body.facts.rail"),
        ("dissolutions", {**DISSOLUTION, "facts": {"road_m": "NaN"}}, "body.facts.road_m"),
        ("dissolutions", {**DISSOLUTION, "facts": {"hazard_class": "V"}}, "body.facts.hazard_class"),
        ("dissolutions", {**DISSOLUTION, "facts": {"firm_kinds": ["Zirkus"]}}, "body.facts.firm_kinds.0"),
        ("dissolutions", {**DISSOLUTION, "facts": {"emission_limited": False, "day_db": 60}}, "body.facts"),
        ("dissolutions", {**DISSOLUTION, "reference": "\x00"}, "body.reference"),
        ("dissolutions/1/versions", NOTED, "body"),
        ("dissolutions/1/versions", {"withdrawn_on": "2026-06-02"}, "withdrawn_on"),
        ("candidates", {"name": "A"}, "body"),
        ("candidates", {"name": "A", "site": SITE, "on": "2026-06-02"}, "on"),
        ("candidates", {"name": "A", "site": SITE, "planned_net_m2": 0}, "body.planned_net_m2"),
        ("candidates", {"name": "A", "site": ring(0, 0, 0, 0)}, "geometry"),
        ("candidates/1/versions", NOTED, "body"),
        ("candidates/1/milestones", {"kind": "servicing", "done_on": "2026-06-02"}, "done_on"),
        ("candidates/1/milestones", {"kind": "party"}, "body.kind"),
        ("pledges", {"dissolution": 1, "candidate": 1, "net_m2": 0.001}, "body.net_m2"),
        ("pledges", {"dissolution": 1, "candidate": 1, "net_m2": -1}, "body.net_m2"),
        ("pledges", {"dissolution": 1, "candidate": 2**31, "net_m2": 1}, "body.candidate"),
        ("pledges", {"dissolution": 1, "candidate": 1, "net_m2": 1, "pledged_on": "2026-06-02"}, "pledged_on"),
        ("pledges/1/release", {"released_on": "2026-06-02", "note": "a"}, "released_on"),
        ("pledges/1/release", {}, "body.note"),
        ("pledges/1/transfer", {"on": "2026-06-02", "note": "a"}, "on"),
        ("assessments", {"candidates": []}, "body"),
        ("assessments", {"dissolution": 1, "candidates": [{"id": 1}, {"id": 1}]}, "body"),
        ("assessments", {"dissolution": 1, "candidates": [{"id": 1, "name": "A"}]}, "body.candidates.0"),
        ("assessments", {"dissolution": 1, "candidates": [{"name": "A"}]}, "body.candidates.0"),
        ("assessments", {"dissolution": 1, "candidates": [{"name": "A", "site": SITE}] * 21}, "body"),
        ("assessments", {"dissolution": 1, "candidates": [], "known_at": "2027-01-01T00:00:00Z"}, "known_at"),
        ("proposals", {"dissolution": 1, "max_areas": 0}, "body.max_areas"),
        ("decisions", {"dissolution": 1, "candidates": []}, "body.candidates"),
    ],
)
def test_what_cannot_be_understood_is_named(
    plan: TestClient, problem: Problem, where: str, body: dict[str, Any], field: str
) -> None:
    told = problem(plan.post(f"{API}/{where}", json=body), 422, "invalid-request")
    assert field in {error["field"] for error in told["errors"]}, told


def test_half_a_character_is_no_fault_of_ours(plan: TestClient, problem: Problem) -> None:
    raw = b'{"name": "A", "site": {"geometry": {"type": "\\ud800", "coordinates": []}, "crs": "EPSG:4326"}}'
    answer = plan.post(f"{API}/candidates", content=raw, headers={"Content-Type": "application/json"})
    problem(answer, 422, "invalid-request")


def test_what_nobody_recorded_is_unknown(plan: TestClient, problem: Problem) -> None:
    number = 99_999
    decided = {"decision": "rejected", "decided_on": "2026-06-01", "decided_by": "AG", "reason": "nein"}
    for noun in ("dissolution", "candidate", "pledge"):
        problem(plan.get(f"{API}/{noun}s/{number}"), 404, f"{noun}-unknown")
    for where, body, noun in (
        (f"dissolutions/{number}/versions", {"lost_on": "2027-01-01"}, "dissolution"),
        (f"candidates/{number}/versions", {"on": "2026-06-01"}, "candidate"),
        (f"candidates/{number}/milestones", {"kind": "draft"}, "candidate"),
        (f"pledges/{number}/release", NOTED, "pledge"),
        (f"pledges/{number}/transfer", NOTED, "pledge"),
        ("pledges", {"dissolution": number, "candidate": 1, "net_m2": 1}, "dissolution"),
        ("pledges", {"dissolution": 1, "candidate": number, "net_m2": 1}, "candidate"),
        ("assessments", {"dissolution": number, "candidates": []}, "dissolution"),
        ("proposals", {"dissolution": 1, "candidates": [{"id": number}]}, "candidate"),
        ("decisions", {**decided, "dissolution": 1, "candidates": [number]}, "candidate"),
    ):
        problem(plan.post(f"{API}/{where}", json=body), 404, f"{noun}-unknown")


def test_every_refusal_is_a_kind_of_problem() -> None:
    assert set(KIND) == set(Refused)
    assert {slug for slug, _ in KIND.values()} <= set(KINDS)
