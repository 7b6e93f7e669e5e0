"""Whose data it is goes with every answer: what recordings state, as known then, and nothing else."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from parcels import db, origins
from parcels.importing.store import LoadOptions, load
from parcels.origins import Origin
from tests.app.conftest import Town, service
from tests.conftest import key
from tests.faults.own import engine_of

BY = "https://www.govdata.de/dl-de/by-2-0"
LGV = Origin(
    "Flurstücke", "Freie und Hansestadt Hamburg, LGV", "dl-de/by-2-0", BY, "https://api.hamburg.de/x", date(2026, 1, 10)
)
LATER = Origin(LGV.title, LGV.attribution, LGV.licence, BY, "https://api.hamburg.de/y", date(2026, 2, 20))
HOSTILE = Origin("", '<script>alert(1)</script>", rel=next ß', "CC-0")
MANY = """
INSERT INTO recording (at, kind, actor)
SELECT CAST('2025-01-01' AS timestamptz) + n * interval '1 s', 'edit', 'x' FROM generate_series(1, 20000) n
"""
INSTANTS = [datetime(2026, month, 1, 12, tzinfo=UTC) for month in (1, 2, 3, 4)]


def parcel_file(folder: Path, area: int) -> Path:
    path = folder / "parcels.geojson"
    ring = [
        [565_000, 5_930_000],
        [565_100, 5_930_000],
        [565_100, 5_930_100],
        [565_000, 5_930_100],
        [565_000, 5_930_000],
    ]
    feature = {
        "type": "Feature",
        "properties": {"key": key(1), "official_m2": area},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    return path


@pytest.fixture(scope="module")
def sourced(new_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, TestClient]]:  # type: ignore[no-untyped-def]
    """A register into which one parcel came from nowhere, from the LGV twice, and from somebody hostile."""
    town, folder = new_database("sourced"), tmp_path_factory.mktemp("sourced")
    for number, (origin, at) in enumerate(zip((None, LGV, LATER, HOSTILE), INSTANTS, strict=True)):
        with engine_of(town.owner) as engine, db.sessions(engine)() as session:
            load(session, "parcels", parcel_file(folder, 10_000 + number), LoadOptions(origin=origin), at, "test")
            session.commit()
    with TestClient(service(town.web), raise_server_exceptions=False) as client:
        yield town, client


def told(client: TestClient, path: str, known_at: str | None = None) -> list[tuple[str, str]]:
    found = client.get(path, params={"known_at": known_at} if known_at else None).json()["attribution"]
    return [(one["attribution"], one["as_of"]) for one in found]


@pytest.mark.parametrize("path", ["/api/reserve", "/api/reserve/entries"])
def test_the_sources_are_those_known_then_with_their_latest_day(sourced: tuple[Town, TestClient], path: str) -> None:
    _, client = sourced
    assert told(client, path, "2026-01-15T00:00:00Z") == []
    assert told(client, path, "2026-02-15T00:00:00Z") == [(LGV.attribution, "2026-01-10")]
    assert told(client, path, "2026-03-15T00:00:00Z") == [(LGV.attribution, "2026-02-20")]
    assert set(told(client, path)) == {(LGV.attribution, "2026-02-20"), (HOSTILE.attribution, "2026-04-01")}
    named = {one["attribution"]: one for one in client.get(path).json()["attribution"]}
    assert named[HOSTILE.attribution]["title"] == "parcels.geojson"
    assert named[LGV.attribution]["url"] == LATER.url


@pytest.mark.parametrize("path", ["/api/reserve", "/api/reserve/entries", "/api/reserve/entries?format=csv"])
def test_exports_link_the_licence_and_name_whose_it_is(sourced: tuple[Town, TestClient], path: str) -> None:
    """Of a licence without an address there is no link; nothing that a source says can break the header."""
    _, client = sourced
    answer = client.get(path)
    assert answer.status_code == 200
    link = answer.headers["link"]
    assert link.startswith(f"<{BY}>; rel=\"license\"; title*=UTF-8''Freie%20und%20Hansestadt%20Hamburg")
    assert unquote(link.partition("UTF-8''")[2]) == f"{LGV.attribution}, dl-de/by-2-0 (Flurstücke, 2026-02-20)"
    assert "script" not in link
    assert "link" not in client.get(path, params={"known_at": "2026-01-15T00:00:00Z"}).headers


def test_the_page_names_them_in_both_languages(sourced: tuple[Town, TestClient]) -> None:
    _, client = sourced
    for language, words in (
        ("de", ("Quellen", "Stand 20. Februar 2026")),
        ("en", ("Sources", "as of 20 February 2026")),
    ):
        page = client.get("/", params={"lang": language}).text
        assert all(word in page for word in (*words, LGV.attribution))
        assert f'<a href="{BY}" rel="license noreferrer">dl-de/by-2-0</a>' in page
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
    before = client.get("/", params={"known_at": "2026-01-15T00:00"}).text
    assert "keine Aufzeichnung nennt eine andere" in before
    assert "Stand 20" not in before


def test_a_register_whose_recordings_name_nobody_names_nobody(api: TestClient) -> None:
    for path in ("/api/reserve", "/api/reserve/entries"):
        answer = api.get(path)
        assert (answer.json()["attribution"], "link" in answer.headers) == ([], False)


def test_an_edit_in_between_takes_nothing_away(sourced: tuple[Town, TestClient]) -> None:
    """Found by an index however many recordings there are that state nothing."""
    town, _ = sourced
    with engine_of(town.owner) as engine, db.sessions(engine)() as session:
        session.execute(text(MANY))
        session.execute(text("ANALYZE recording"))
        found = origins.attributions(session, INSTANTS[-1])
        plan = session.execute(text(f"EXPLAIN {origins._ATTRIBUTIONS}"), {"known_at": INSTANTS[-1]}).scalars().all()
        session.rollback()
    assert len(found) == 2
    assert any("ix_recording_origin" in line for line in plan), plan
