"""The number over HTTP: on both time axes, with its parts, its series, its entries and its changes."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parcels import db, dissolutions
from parcels.authors import Author
from parcels.dissolutions import Cause, Lost
from parcels.sites import Place, Site
from rules.law import LAW
from tests.app.conftest import FORMULA, NOW, UNTOUCHED, Town
from tests.conftest import key
from tests.faults.own import engine_of

EDITS = Decimal("3000")  # the parcels 20 to 22 of other tests count 1,000 m2 each; asked on a day before their edits
Problem = Callable[..., dict[str, Any]]


def get(api: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = api.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_the_number_with_its_parts_and_citations(api: TestClient) -> None:
    found = get(api, "/api/reserve", on="2026-04-30", by="district")
    # 600,000.55 + 300,000.25 (reserved) + 20,000.01 + 30,000 (sold the next day) + 3 x 1,000 + half of 1,000
    assert found["net_m2"] == 953500.81
    assert found["free_m2"] == 653500.56
    assert (found["net_ha"], found["free_ha"]) == (95.3501, 65.3501)
    assert (found["unclear_ha"], found["unrecorded_ha"]) == (5.0, 7.05)
    assert (found["target_ha"], found["gap_ha"], found["state"]) == (100, 4.6499, "below")
    assert found["areas"] == 8
    assert found["on"] == "2026-04-30"
    assert found["recorded_at"] is not None
    assert {group["by"]["district"]: group["net_m2"] for group in found["groups"]} == {
        "Altona": 600000.55 + 20000.01 + 1500,
        "Wandsbek": 300000.25 + 30000 + 2000,
    }
    assert found["basis"]["rules_version"] == LAW.version
    cited = {citation["parameter"]: citation for citation in found["basis"]["citations"]}
    assert cited["reserve.target_ha"]["value"] == 100
    assert "Masterplan Industrie 2023" in cited["reserve.target_ha"]["text"]
    assert cited["holders.municipal"]["value"][0] == "FHH"


@pytest.mark.parametrize(
    ("on", "known_at", "net_m2"),
    [
        ("2026-04-30", "2026-03-01T11:00:00Z", 953500.81),
        ("2026-05-01", "2026-03-01T11:00:00Z", 923500.81),  # sold: the seam day is the new state's
        ("2026-05-01", "2026-03-01T10:59:59.999999Z", 953500.81),  # a moment before it became known
        ("2026-05-01", "2026-01-15T10:59:59Z", 0),  # before anything was recorded
    ],
)
def test_both_time_axes_on_their_seams(api: TestClient, on: str, known_at: str, net_m2: float) -> None:
    assert get(api, "/api/reserve", on=on, known_at=known_at)["net_m2"] == net_m2


def test_reserved_land_is_free_again_on_its_day(api: TestClient) -> None:
    before, after = (get(api, "/api/reserve", on=on) for on in ("2026-08-31", "2026-09-01"))
    assert after["free_m2"] - before["free_m2"] == pytest.approx(300000.25, abs=1e-6)


def test_size_classes_are_named_by_the_law(api: TestClient) -> None:
    found = get(api, "/api/reserve", on="2026-04-30", by="size_class")
    assert {group["by"]["size_class"] for group in found["groups"] if group["areas"]} == {
        "under 0.5 ha",
        "2 to under 5 ha",
        "5 ha and more",
    }


def test_an_answer_is_not_sent_twice(api: TestClient) -> None:
    first = api.get("/api/reserve", params={"on": "2026-04-30"})
    again = api.get("/api/reserve", params={"on": "2026-04-30"}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    for other in (
        {"on": "2026-05-01"},
        {"on": "2026-04-30", "by": "site"},
        {"on": "2026-04-30", "known_at": "2026-02-01T00:00:00Z"},
    ):
        answer = api.get("/api/reserve", params=other, headers={"If-None-Match": first.headers["etag"]})
        assert answer.status_code == 200, other


def test_today_is_part_of_the_etag_where_no_day_is_named(api: TestClient) -> None:
    today = api.get("/api/reserve").headers["etag"]
    assert api.get("/api/reserve").headers["etag"] == today
    assert api.get("/api/reserve", params={"on": "2026-06-01"}).headers["etag"] != today  # another question
    assert get(api, "/api/reserve")["on"] == "2026-06-01"


def test_the_series_has_a_point_for_each_seam_and_says_what_others_published(api: TestClient) -> None:
    found = get(
        api, "/api/reserve/series", **{"from": "2026-01-20", "to": "2026-12-31", "known_at": "2026-03-02T00:00:00Z"}
    )
    assert [point["on"] for point in found["points"]] == ["2026-01-20", "2026-02-01", "2026-05-01", "2026-09-01"]
    assert found["points"][1] == {"on": "2026-02-01", "net_ha": 95.3501, "free_ha": 65.3501}
    assert found["targets"] == [{"since": "2026-01-20", "target_ha": 100}]
    assert any(figure["ha"] == 98.8 for figure in found["published"])


def test_the_series_over_the_years_shows_every_target(api: TestClient) -> None:
    found = get(api, "/api/reserve/series", **{"from": "2022-06-01", "to": "2026-01-01"})
    assert [target["since"] for target in found["targets"]] == ["2022-06-01", "2023-01-01"]


@pytest.mark.parametrize(
    ("query", "field", "remedy"),
    [
        ({"from": "2026-02-01", "to": "2026-01-01"}, "to", "Exchange them."),
        ({"from": "2028-01-01"}, "from", "`to` is 2027-06-01, a year from today, unless given: give a later one."),
        (
            {"to": "2014-01-01"},
            "to",
            "`from` is 2021-06-02 unless given: give a later `to`, or an earlier `from` as well.",
        ),
    ],
)
def test_a_period_that_ends_before_it_begins_names_the_day_that_was_not_given(
    api: TestClient, problem: Problem, query: dict[str, str], field: str, remedy: str
) -> None:
    (error,) = problem(api.get("/api/reserve/series", params=query), 422, "invalid-request")["errors"]
    assert (error["field"], error["remedy"]) == (field, remedy)


def test_the_entries_explain_the_number_page_by_page(api: TestClient) -> None:
    total = get(api, "/api/reserve", on="2026-04-30")
    entries, path, pages = [], "/api/reserve/entries?on=2026-04-30&limit=3", 0
    while path:
        page = get(api, path)
        assert len(page["entries"]) <= 3
        entries += page["entries"]
        path, pages = page["next"], pages + 1
    assert pages > 2
    assert len({(entry["parcel"], entry["part"]) for entry in entries}) == len(entries)
    counted = [Decimal(str(e["net_m2"])) for e in entries if e["standing"].startswith("counted")]
    assert sum(counted) == Decimal(str(total["net_m2"]))
    (unclear,) = [entry for entry in entries if entry["standing"] == "unclear"]
    assert unclear["criteria"] == {"not_met": [], "unknown": ["serviced"]}


def test_entries_of_some_standings_only(api: TestClient) -> None:
    found = get(api, "/api/reserve/entries", on="2026-04-30", standing=["unclear", "counted_reserved"])
    assert {entry["parcel"] for entry in found["entries"]} == {key(2), key(3)}


@pytest.mark.parametrize(
    "how", [{"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv, application/json;q=0.5"}}]
)
def test_entries_as_csv_all_at_once(api: TestClient, how: dict[str, Any]) -> None:
    how = {**how, "params": {**how.get("params", {}), "on": "2026-04-30"}}
    answer = api.get("/api/reserve/entries", **how)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["etag"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    total = get(api, "/api/reserve", on="2026-04-30")
    counted = sum(Decimal(row["net_m2"]) for row in rows if row["standing"].startswith("counted"))
    assert counted == Decimal(str(total["net_m2"]))
    (hostile,) = [row for row in rows if row["parcel"] == key(5)]
    assert hostile["site"] == f"'{FORMULA}"


def test_csv_runs_over_pages(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = api.get("/api/reserve/entries", params={"format": "csv"}).text
    monkeypatch.setattr("app.routes.reserve.CSV_PAGE", 2)
    assert api.get("/api/reserve/entries", params={"format": "csv"}).text == whole
    assert whole.count("\r\n") > 8


def test_csv_for_german_spreadsheets(api: TestClient) -> None:
    text = api.get("/api/reserve/entries", params={"format": "csv", "excel": "true", "on": "2026-04-30"}).text
    assert text.startswith("\ufeffparcel;part;")
    assert "600000,55" in text


def test_changes_between_two_days_add_up(api: TestClient) -> None:
    found = get(
        api, "/api/reserve/changes", **{"from": "2026-01-20", "to": "2026-05-01", "known_at": "2026-03-02T00:00:00Z"}
    )
    assert (
        sum(Decimal(str(c["net_m2"])) for c in found["changes"])
        == Decimal(str(found["difference"]["net_m2"]))
        == -30000
    )
    assert sum(Decimal(str(c["free_m2"])) for c in found["changes"]) == Decimal(str(found["difference"]["free_m2"]))
    (left,) = [change for change in found["changes"] if change["kind"] == "left"]
    assert (left["parcel"], left["on"], left["event"]["note"]) == (key(6), "2026-05-01", "Kaufvertrag")
    assert "not_disposed" in left["because"]
    assert "actor" not in left["event"]


def test_changes_of_knowledge_about_one_day_add_up(api: TestClient) -> None:
    query = {"on": "2026-05-01", "known_from": "2026-02-01T00:00:00Z", "known_to": "2026-03-02T00:00:00Z"}
    found = get(api, "/api/reserve/changes", **query)
    assert found["difference"]["net_m2"] == -30000
    assert {change["parcel"] for change in found["changes"]} == {key(6), key(2)}


def test_changes_come_page_by_page(api: TestClient) -> None:
    query = {"from": "2026-01-20", "to": "2026-09-01", "known_at": "2026-03-02T00:00:00Z"}
    whole = get(api, "/api/reserve/changes", **query)
    first = get(api, "/api/reserve/changes", **query, limit=1)
    rest = get(api, first["next"])
    assert whole["total"] == 3
    assert first["changes"] + rest["changes"] + get(api, rest["next"])["changes"] == whole["changes"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from": "2026-01-01"},
        {"on": "2026-01-01"},
        {"from": "2026-01-01", "to": "2026-02-01", "on": "2026-01-01"},
        {"on": "2026-01-01", "known_from": "2026-02-01T00:00:00Z", "known_at": "2026-02-01T00:00:00Z"},
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"on": "2026-01-01", "known_from": "2026-02-01T00:00:00Z", "known_to": "2026-01-01T00:00:00Z"},
    ],
)
def test_an_unclear_question_about_changes_is_a_problem(
    api: TestClient, problem: Problem, query: dict[str, str]
) -> None:
    assert problem(api.get("/api/reserve/changes", params=query), 422, "invalid-request")["errors"]


def test_the_stock_counts_whoever_holds_it(api: TestClient) -> None:
    found = get(api, "/api/stock", on="2026-04-30", by="ownership")
    assert found["area_ha"] == 107.4001
    by_owner = {group["by"]["ownership"]: group["area_ha"] for group in found["groups"]}
    assert by_owner == {"municipal": 100.3501, None: 7.05}
    assert found["movements"] is None


def test_a_sale_moves_nothing_in_the_stock(api: TestClient) -> None:
    found = get(api, "/api/stock", **{"from": "2026-01-20", "to": "2026-05-02"})
    assert found["movements"] == {
        "since": "2026-01-20",
        "until": "2026-05-02",
        "gained_ha": 0,
        "lost_ha": 0,
        "items": [],
    }


def test_the_stock_says_what_was_lost_and_what_is_still_owed(api: TestClient, town: Town) -> None:
    asked = {"on": "2026-05-02", "by": "district,ownership", "from": "2026-01-20", "to": "2026-05-02"}
    before = api.get("/api/stock", params=asked)
    assert before.json()["replacement"]["debt_ha"] == 0
    origin = dissolutions.Origin("B 7", Cause.ENTERED, "GE", Site((UNTOUCHED,)))
    place, by = Place((UNTOUCHED,), None, None, None), Author("Planner", "planner", NOW)
    said = Lost(date(2026, 5, 1), date(2026, 4, 30), Decimal("12345.67"), district="Altona")
    with engine_of(town.owner) as engine, db.sessions(engine)() as session:
        dissolutions.enter(session, origin, place, said, by)
        dissolutions.enter(session, origin, place, replace(said, net_m2=None, district=None), by)
        session.commit()
    after = api.get("/api/stock", params=asked, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    found = after.json()["replacement"]
    assert (found["lost_ha"], found["debt_ha"], found["outstanding_ha"], found["unmeasured"]) == (1.2346,) * 3 + (1,)
    assert [(one["by"], one["debt_ha"], one["unmeasured"]) for one in found["groups"]] == [
        ({"district": "Altona"}, 1.2346, 0),
        ({"district": None}, 0, 1),
    ]
    assert [(one["on"], one["lost_ha"], one["ahead_ha"]) for one in found["points"]] == [
        ("2026-01-20", 0, 1.2346),
        ("2026-05-01", 1.2346, 0),
    ]
    then = get(api, "/api/stock", on="2026-05-02", known_at="2026-05-30T12:00:00Z")["replacement"]
    assert (then["debt_ha"], then["unmeasured"], then["groups"], then["points"]) == (0, 0, [], None)


def test_a_day_before_the_law_names_the_first_one(api: TestClient, problem: Problem) -> None:
    for path in ("/api/reserve", "/api/stock"):
        assert problem(api.get(path, params={"on": "2012-12-31"}), 409, "not-in-force")["begins"] == "2013-01-01"
    query = {"from": "2012-12-31", "to": "2026-01-01"}
    for path in ("/api/reserve/series", "/api/reserve/changes"):
        problem(api.get(path, params=query), 409, "not-in-force")
    assert get(api, "/api/reserve", on="2013-01-01")["target_ha"] == 100


def test_an_unescaped_plus_in_known_at_is_understood(api: TestClient) -> None:
    answer = api.get("/api/reserve?on=2026-05-01&known_at=2026-03-01T12:00:00+01:00")
    assert answer.json()["net_m2"] == 923500.81
    assert get(api, f"/api/parcels/{UNTOUCHED}")["key"] == UNTOUCHED


@pytest.mark.parametrize("query", ["know_at=2026-02-01T00:00:00Z", "On=2026-02-01", "on=2026-02-01&on=2026-02-02"])
def test_a_misspelt_or_repeated_parameter_is_not_ignored(api: TestClient, query: str) -> None:
    answer = api.get(f"/api/reserve?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.split("=")[0]
