"""Guidance in the register: loaded by day and by knowledge, repeatable, nothing overwritten, areas through the gate."""

from __future__ import annotations

import json
import math
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parcels import db, guidance, guidance_loading
from parcels.guidance_text import GuidanceRefusedError
from rules.conversions import Cases, GuidanceResult, Planning, Purpose, Route
from rules.guidance import Condition, GuidanceQuestion, find
from tests.conftest import square
from tests.faults.own import engine_of, own_database

AT = datetime(2026, 1, 15, 11, tzinfo=UTC)
LATER = AT + timedelta(days=300)
DAY = date(2026, 6, 1)
HEAD = """
document: probe
version: "{version}"
title: Probe (fiktiv)
valid_from: {since}
"""
RULES = """
rules:
  - id: R1
    routes: [B31_3, B246e]
    designations: [GE]
    when:
      purposes: [housing, social]
      cases: [single]
      planning: [bplan]
      districts: [Altona]
      min_affected_m2: 10.5
      max_affected_m2: 2000
      min_housing_share: 0.25
      max_housing_share: 1
      private_marketable: false
    result: permitted
    page: 3 f.
    wording: >
      Erster Satz
      und zweiter.
"""
RING = [[565000, 5930000], [565100, 5930000], [565100, 5930100], [565000, 5930100], [565000, 5930000]]
ZONES = f"""
zones_crs: EPSG:25832
zones:
  - name: Insel
    page: 9
    routes: [B31_3]
    geometry: {json.dumps({"type": "Polygon", "coordinates": [RING]})}
"""


def written(
    folder: Path, body: str = RULES, version: str = "1.0", since: str = "2025-01-01", name: str = "g.yaml"
) -> Path:
    path = folder / name
    path.write_text(HEAD.format(version=version, since=since) + body, encoding="utf-8")
    return path


def take(session, path, days=0, actor="BSW"):
    done = guidance_loading.load(session, guidance_loading.source(path), AT + timedelta(days=days), actor)
    session.commit()
    return done


def held(session, known_at=LATER):
    return [
        (v.document, v.version, str(v.valid_from), v.valid_to and str(v.valid_to))
        for v in guidance.versions(session, known_at)
    ]


def rows(session):
    tables = ("guidance_file", "guidance_rule", "guidance_zone", "guidance", "recording", "register")
    digest = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return [tuple(session.execute(text(digest.format(table))).one()) for table in tables]


def test_an_empty_register_has_no_guidance_and_is_silent(session):
    found = guidance.applicable(session, DAY, LATER)
    assert (found.versions, found.rules, found.demonstration) == ((), (), False)
    assert guidance.zones_met(session, square(0, 0), DAY, LATER) == []
    asked = GuidanceQuestion(Route.B31_3, Purpose.HOUSING, "GE")
    assert find(found.rules, asked).result is GuidanceResult.SILENT


def test_what_a_file_states_comes_back_as_it_was(session, tmp_path):
    done = take(session, written(tmp_path, RULES + ZONES))
    assert (done.warnings, done.recording is not None) == ((), True)
    found = guidance.applicable(session, DAY, LATER)
    (version,) = found.versions
    assert (version.title, version.actor, version.loaded_at) == ("Probe (fiktiv)", "BSW", AT)
    rule, zone = found.rules
    assert (rule.id, rule.page, rule.wording, rule.result) == ("R1", "3 f.", "Erster Satz und zweiter.", "permitted")
    assert rule.routes == (Route.B31_3, Route.B246E)
    assert rule.condition == Condition(
        purposes=(Purpose.HOUSING, Purpose.SOCIAL),
        cases=(Cases.SINGLE,),
        planning=(Planning.BPLAN,),
        districts=("Altona",),
        min_affected_m2=Decimal("10.5"),
        max_affected_m2=Decimal(2000),
        min_housing_share=Decimal("0.25"),
        max_housing_share=Decimal(1),
        private_marketable=False,
    )
    assert (zone.id, zone.result, zone.page, zone.condition) == (
        "zone Insel",
        "excluded",
        "9",
        Condition(zones=("Insel",)),
    )
    assert tuple(guidance_loading.source(written(tmp_path, RULES + ZONES)).stated.rules) == found.rules


def test_the_text_itself_is_kept_with_actor_instant_and_checksum(session, tmp_path):
    path = written(tmp_path)
    done = take(session, path)
    kept = session.execute(text("SELECT body, sha256, source FROM guidance_file")).one()
    assert (kept.body, kept.source) == (path.read_text("utf-8"), "g.yaml")
    recorded = session.execute(text("SELECT actor, at, layer, kind, sha256 FROM recording")).one()
    assert tuple(recorded) == ("BSW", done.at, "guidance", "import", kept.sha256)


def test_the_same_file_again_changes_nothing(session, tmp_path):
    path = written(tmp_path, RULES + ZONES)
    take(session, path)
    before = rows(session)
    again = take(session, path, days=1)
    assert (again.recording, rows(session)) == (None, before)


def test_a_changed_file_of_a_version_is_a_new_state_of_knowledge(session, tmp_path):
    take(session, written(tmp_path))
    take(session, written(tmp_path, RULES.replace("permitted", "excluded")), days=2)
    assert [r.result for r in guidance.applicable(session, DAY, AT + timedelta(days=1)).rules] == ["permitted"]
    assert [r.result for r in guidance.applicable(session, DAY, LATER).rules] == ["excluded"]
    take(session, written(tmp_path), days=3)
    assert [r.result for r in guidance.applicable(session, DAY, LATER).rules] == ["permitted"]
    assert session.execute(text("SELECT count(*) FROM guidance_file")).scalar_one() == 2


def test_what_is_loaded_later_was_not_known_before(session, tmp_path):
    take(session, written(tmp_path, since="2020-01-01"))
    assert guidance.applicable(session, DAY, AT - timedelta(microseconds=1)).versions == ()
    assert len(guidance.applicable(session, date(2020, 1, 1), AT).versions) == 1
    assert guidance.applicable(session, date(2019, 12, 31), AT).versions == ()


def test_a_version_holds_until_the_next_one_begins(session, tmp_path):
    take(session, written(tmp_path))
    take(session, written(tmp_path, version="1.10", since="2026-01-01"), days=1)
    assert held(session) == [("probe", "1.0", "2025-01-01", "2026-01-01"), ("probe", "1.10", "2026-01-01", None)]
    assert held(session, AT) == [("probe", "1.0", "2025-01-01", None)]
    assert [v.version for v in guidance.applicable(session, date(2025, 12, 31), LATER).versions] == ["1.0"]
    assert [v.version for v in guidance.applicable(session, date(2026, 1, 1), LATER).versions] == ["1.10"]
    assert guidance.versions(session, LATER)[0].loaded_at == AT  # not when its end became known


def test_the_order_of_loading_makes_no_difference(session, tmp_path):
    take(session, written(tmp_path, version="1.1", since="2026-01-01"))
    take(session, written(tmp_path), days=1)
    assert held(session) == [("probe", "1.0", "2025-01-01", "2026-01-01"), ("probe", "1.1", "2026-01-01", None)]


@pytest.mark.parametrize(
    ("since", "body", "overlaps"),
    [
        ("2025-01-01", RULES, "2025-01-01"),
        ("2025-06-01", RULES, "2025-06-01"),
        ("2024-01-01", f"valid_to: 2025-01-02{RULES}", "2025-01-01"),
    ],
)
def test_versions_that_overlap_are_refused_by_name(session, tmp_path, since, body, overlaps):
    take(session, written(tmp_path, f"valid_to: 2026-01-01{RULES}"))
    before = rows(session)
    with pytest.raises(GuidanceRefusedError, match=f"overlap from {overlaps}") as refusal, session.begin_nested():
        take(session, written(tmp_path, body, version="1.1", since=since), days=1)
    assert "1.0" in str(refusal.value)
    assert "1.1" in str(refusal.value)
    assert rows(session) == before


def test_a_gap_is_named(session, tmp_path):
    take(session, written(tmp_path, f"valid_to: 2025-06-01{RULES}"))
    done = take(session, written(tmp_path, version="1.1", since="2025-09-01"), days=1)
    assert done.warnings == (
        "No version of 'probe' is in force from 2025-06-01 to 2025-09-01 (that day excluded): cases are to be checked then.",
    )
    assert guidance.applicable(session, date(2025, 6, 1), LATER).versions == ()


def test_one_that_is_backdated_is_taken_and_told(session, tmp_path):
    done = take(session, written(tmp_path, f"published: 2025-01-02{RULES}"))
    assert done.warnings == (
        "It was published on 2025-01-02, after the first day on which it is to hold (2025-01-01).",
    )
    assert take(session, written(tmp_path, f"published: 2025-01-01{RULES}"), days=1).warnings == ()


def test_two_documents_hold_side_by_side(session, tmp_path):
    take(session, written(tmp_path))
    other = tmp_path / "other.yaml"
    other.write_text(
        HEAD.format(version="7", since="2025-01-01").replace("probe", "bau-turbo") + "rules: []\n", "utf-8"
    )
    take(session, other, days=1)
    found = guidance.applicable(session, DAY, LATER)
    assert [(v.document, v.version) for v in found.versions] == [("bau-turbo", "7"), ("probe", "1.0")]
    assert [rule.document for rule in found.rules] == ["probe"]


def test_a_demonstration_steps_back_behind_real_guidance(session, tmp_path):
    demo = written(tmp_path, f"demonstration: true{RULES}", name="demo.yaml")
    demo.write_text(demo.read_text("utf-8").replace("probe", "demo"), "utf-8")
    take(session, demo)
    found = guidance.applicable(session, DAY, LATER)
    assert found.demonstration
    assert all(rule.demonstration for rule in found.rules)
    take(session, written(tmp_path, since="2026-02-01"), days=1)
    assert [v.document for v in guidance.applicable(session, DAY, LATER).versions] == ["probe"]
    assert [v.document for v in guidance.applicable(session, date(2026, 1, 31), LATER).versions] == ["demo"]


def test_a_withdrawn_version_was_known_until_then(session, tmp_path):
    take(session, written(tmp_path))
    take(session, written(tmp_path, version="1.1", since="2026-01-01"), days=1)
    guidance_loading.withdraw(session, "probe", "1.1", AT + timedelta(days=2), "BSW", "verwechselt")
    session.commit()
    assert held(session) == [("probe", "1.0", "2025-01-01", None)]
    assert len(held(session, AT + timedelta(days=1))) == 2
    with pytest.raises(GuidanceRefusedError, match=r"Versions of it: 1\.0"):
        guidance_loading.withdraw(session, "probe", "1.1", AT + timedelta(days=3), "BSW", None)


def test_areas_that_a_site_meets_with_their_shared_area(session, tmp_path):
    take(session, written(tmp_path, RULES + ZONES))
    (met,) = guidance.zones_met(session, square(50, 0, 100, 100), DAY, LATER)
    assert (met.document, met.version, met.name) == ("probe", "1.0", "Insel")
    assert (
        Decimal(5000) < met.shared_m2 < Decimal(5010)
    )  # of the ellipsoid: the projection is 6.9 m2 a hectare too small
    assert guidance.zones_met(session, square(100, 0), DAY, LATER) == []
    assert guidance.zones_met(session, square(50, 0), date(2024, 12, 31), LATER) == []
    asked = GuidanceQuestion(Route.B31_3, Purpose.HOUSING, "GI", zones=guidance.named([met]))
    found = find(guidance.applicable(session, DAY, LATER).rules, asked)
    assert (found.result, found.rule, found.page) == ("excluded", "zone Insel", "9")


def test_areas_as_geojson_in_degrees(session, tmp_path):
    take(session, written(tmp_path, RULES + ZONES))
    (zone,) = guidance.zones(session, guidance.applicable(session, DAY, LATER))
    east, north = zone.geojson["coordinates"][0][0][0]
    assert zone.geojson["type"] == "MultiPolygon"
    assert 9.9 < east < 10.1
    assert 53.4 < north < 53.6


def test_areas_from_a_file_beside(session, tmp_path):
    body = RULES + "zones_crs: EPSG:25832\nzones_file: z.geojson\nzones:\n  - {name: Insel, page: 9}\n"
    feature = {
        "type": "Feature",
        "properties": {"name": "Insel"},
        "geometry": {"type": "Polygon", "coordinates": [RING]},
    }
    beside = tmp_path / "z.geojson"
    beside.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    take(session, written(tmp_path, body))
    assert len(guidance.zones_met(session, square(50, 0), DAY, LATER)) == 1
    moved = [[x + 1000, y] for x, y in RING]
    feature["geometry"]["coordinates"] = [moved]
    beside.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert take(session, written(tmp_path, body), days=1).recording is not None  # the same YAML, another file beside it
    assert guidance.zones_met(session, square(50, 0), DAY, LATER) == []
    feature["properties"]["name"] = "Halbinsel"
    beside.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(GuidanceRefusedError) as refusal:
        take(session, written(tmp_path, body), days=2)
    assert [str(fault) for fault in refusal.value.faults] == [
        "line 29, zones: z.geojson has no areas named 'Insel'. Give each zone one feature with that `name`, a MultiPolygon "
        "where it has several parts.",
        "zones: z.geojson has an area 'Halbinsel' that is no zone here. Add it to `zones:`.",
    ]


@pytest.mark.parametrize(
    ("crs", "ring", "said"),
    [
        ("EPSG:4326", RING, "zones"),
        ("EPSG:25832", [[9.99, 53.5], [10.0, 53.5], [10.0, 53.6], [9.99, 53.5]], "zones"),
        ("EPSG:25832", [RING[0], RING[2], RING[1], RING[3], RING[0]], "zones"),
        ("EPSG:25832", RING[:2], "zones"),
        ("EPSG:25832", [[x + 9e6, y] for x, y in RING], "zones"),
        ("nonsense", RING, "zones"),
    ],
    ids=["degrees claimed", "metres claimed", "crosses itself", "no ring", "elsewhere", "no such CRS"],
)
def test_areas_that_cannot_be_are_refused(tmp_path, crs, ring, said):
    geometry = json.dumps({"type": "Polygon", "coordinates": [ring]})
    body = f"zones_crs: {crs}\nzones:\n  - name: Insel\n    page: 9\n    geometry: {geometry}\n"
    with pytest.raises(GuidanceRefusedError, match=said) as refusal:
        guidance_loading.source(written(tmp_path, body))
    assert all(fault.remedy for fault in refusal.value.faults)


def test_degrees_are_taken_where_they_are_said(session, tmp_path):
    ring = [[9.98, 53.51], [9.981, 53.51], [9.981, 53.511], [9.98, 53.511], [9.98, 53.51]]
    geometry = json.dumps({"type": "Polygon", "coordinates": [ring]})
    take(session, written(tmp_path, f"zones_crs: EPSG:4326\nzones:\n  - {{name: I, page: 9, geometry: {geometry}}}\n"))
    (zone,) = guidance.zones(session, guidance.applicable(session, DAY, LATER))
    assert zone.geojson["coordinates"][0][0][0] == pytest.approx(ring[0], abs=1e-6)


def test_an_area_may_have_many_vertices_but_not_any_number(session, tmp_path, monkeypatch):
    bows = [
        [565000 + round(1000 * math.cos(n / 1000), 2), 5930000 + round(1000 * math.sin(n / 1000), 2)]
        for n in range(6284)
    ]
    geometry = json.dumps({"type": "Polygon", "coordinates": [[*bows, bows[0]]]})
    path = written(tmp_path, f"zones_crs: EPSG:25832\nzones:\n  - {{name: I, page: 9, geometry: {geometry}}}\n")
    take(session, path)
    (met,) = guidance.zones_met(session, square(-10, -10, 20), DAY, LATER)
    assert met.shared_m2 > 400
    monkeypatch.setattr(guidance_loading, "MOST_VERTICES", 6000)
    with pytest.raises(GuidanceRefusedError, match="more than 6000 vertices"):
        guidance_loading.source(path)


def test_areas_and_districts_are_compared_with_those_recorded(session, fill, tmp_path):
    fill("districts", {"name": "Altona", "geom": square(-1000, -1000, 5000)}, {"name": "Nord", "geom": square(9000, 0)})
    take(session, written(tmp_path, RULES + ZONES), days=1)
    half = ZONES.replace("565000,", "563950,").replace("565000.0,", "563950.0,").replace("[565100, ", "[564050, ")
    done = take(session, written(tmp_path, RULES + half), days=2)
    assert done.warnings == ("The zone 'Insel' lies to 50.0% outside the districts.",)
    away = ZONES.replace("565000,", "575000,").replace("[565100, ", "[575100, ")
    with pytest.raises(GuidanceRefusedError, match="line 29, zones: The zone 'Insel' lies outside all districts"):
        take(session, written(tmp_path, RULES + away), days=3)
    with pytest.raises(GuidanceRefusedError, match=r"There is no district Altonna .* Recorded are Altona, Nord"):
        take(session, written(tmp_path, RULES.replace("Altona", "Altonna")), days=4)


@pytest.mark.parametrize("table", ["guidance_file", "guidance_rule", "guidance_zone", "guidance"])
def test_what_was_loaded_can_neither_be_changed_nor_deleted(session, tmp_path, table):
    take(session, written(tmp_path, RULES + ZONES))
    column = {"guidance": "file_id", "guidance_rule": "place"}.get(table)
    change = f"UPDATE {table} SET " + (f"{column} = {column} + 1" if column else "id = DEFAULT")
    for statement in (change, f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="what was recorded stays"), session.begin_nested():
            session.execute(text(statement))


def test_two_loads_at_once_follow_one_another(cluster, tmp_path):
    paths = [written(tmp_path, version=f"{n}", since=f"202{n}-01-01", name=f"{n}.yaml") for n in (4, 5)]
    same = written(tmp_path, version="5", since="2025-01-01", name="same.yaml")
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        sessions, barrier, failed = db.sessions(engine), threading.Barrier(3), []

        def job(path):
            try:
                taken = guidance_loading.source(path)
                barrier.wait(timeout=60)
                with sessions() as session:
                    guidance_loading.load(session, taken, AT, "BSW")
                    session.commit()
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=job, args=(path,)) for path in (*paths, same)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failed == []
        with sessions() as session:
            assert held(session) == [("probe", "4", "2024-01-01", "2025-01-01"), ("probe", "5", "2025-01-01", None)]
            assert session.execute(text("SELECT count(*) FROM guidance_file")).scalar_one() == 2
            instants = session.scalars(text("SELECT at FROM recording ORDER BY id")).all()
            assert len(instants) == len(set(instants)) == 2
