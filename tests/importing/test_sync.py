"""`landreserve sync`: a city's data from its services into the register, by the real command on a real database."""

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import shapely
from services import ITEMS, UTM, Asked, Collection, Reply, parcel, serving
from shapely.geometry import mapping
from sqlalchemy import text

from app import embedded
from app.cli import run
from parcels import db
from parcels.importing.fetching import Manners

ROOT = Path(__file__).parents[2]
BEZIRKE = "/datasets/v1/verwaltungsgrenzen/collections/bezirke/items"
PORT = "/downloads/app_hafengebietsgrenzen_EPSG_25832.json"
LICENCE = "https://www.govdata.de/dl-de/by-2-0"
LGV = "Freie und Hansestadt Hamburg, LGV"


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


def box(west, south, east, north):
    return json.loads(json.dumps(mapping(shapely.box(west, south, east, north))))


def district(number, name):
    west = 565_000 + 5_000 * number
    properties = {"bezirk": number, "bezirk_name": name}
    return {
        "type": "Feature",
        "id": number,
        "geometry": box(west, 5_934_000, west + 5_000, 5_939_000),
        "properties": properties,
    }


class City:
    """A city's services, all on one host; `down` are paths that answer 404."""

    def __init__(self, parcels):
        self.parcels = Collection([parcel(n) for n in range(1, parcels + 1)])
        self.districts = Collection([district(0, "Altona"), district(1, "Wandsbek")], path=BEZIRKE)
        harbour = {"typ": "Hafennutzungsgebiet", "name": "Hafennutzungsgebiet"}
        area = {"type": "Feature", "properties": harbour, "geometry": box(565_000, 5_934_000, 565_050, 5_934_050)}
        self.port = json.dumps({"type": "FeatureCollection", "features": [area]}).encode()
        self.down = set()

    def __call__(self, asked: Asked) -> Reply:
        path = asked.path.partition("?")[0]
        if path in self.down:
            return Reply(404)
        if path == PORT:
            return Reply(200, self.port, {"Content-Type": "application/json"})
        return (self.districts if path == BEZIRKE else self.parcels)(asked)


def sources(path: Path, url: str, **more: str) -> Path:
    """A file of sources that are all served at one address."""
    common = f"""
city = "hamburg"
licence = "dl-de/by-2-0"
attribution = "{LGV}"
found = "in a test"
checked = 2026-11-22
requests_per_second = 100
"""
    entries = {
        "hamburg-districts": f'layer = "districts"\nkind = "features"\nurl = "{url}{BEZIRKE}"\ncrs = "{UTM}"\n'
        'title = "Bezirke"\ncolumns = { name = "bezirk_name" }\n',
        "hamburg-port": f'layer = "port"\nkind = "download"\nformat = "geojson"\nurl = "{url}{PORT}"\n'
        'title = "Hafengebiet"\ncrs = "EPSG:25832"\n',
        "hamburg-parcels": f'layer = "parcels"\nkind = "features"\nurl = "{url}{ITEMS}"\ncrs = "{UTM}"\npage_size = 10\n'
        'title = "Flurstücke"\ncolumns = { key = "flstkennz", official_m2 = "flaeche" }\n',
        **more,
    }
    licence = f'[licences."dl-de/by-2-0"]\nname = "Datenlizenz Deutschland"\nurl = "{LICENCE}"\n'
    path.write_text(licence + "".join(f"[sources.{name}]{common}{entry}" for name, entry in entries.items()), "utf-8")
    return path


def database(cluster, name):
    """A migrated database of one's own; its owner's address."""
    if cluster is None:
        pytest.skip("a database of one's own cannot be made behind LANDRESERVE_TEST_DATABASE_URL")
    urls = embedded.create_database(cluster, name)
    engine = db.engine(urls.owner)
    db.migrate(engine)
    engine.dispose()
    return urls.owner


@pytest.fixture(scope="module")
def empty(cluster):
    """A register that nothing is recorded in."""
    yield database(cluster, "unsynced")
    embedded.drop_database(cluster, "unsynced")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """The command over a database, with a home and sources of its own."""

    def over(url):
        monkeypatch.setenv("LANDRESERVE_DATABASE_URL", url)
        monkeypatch.setenv("LANDRESERVE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("LANDRESERVE_SOURCES", str(tmp_path / "sources.toml"))

        def command(*arguments: str) -> Said:
            capsys.readouterr()
            code = run(list(arguments))
            return Said(code, *capsys.readouterr())

        return command

    return over


@pytest.fixture
def landreserve(cluster, command):
    """The command over a new register."""
    yield command(database(cluster, "synced"))
    embedded.drop_database(cluster, "synced")


@pytest.fixture
def refusing(empty, command):
    """The command where nothing may be recorded."""
    refusing = command(empty)
    yield refusing
    assert json.loads(refusing("reserve", "--json").out)["recorded_at"] is None


def number(said: Said, name: str) -> list[str]:
    """The values of a row in the tables of an answer, in their order."""
    return [line.split(name)[1].strip() for line in said.out.splitlines() if line.startswith(f"{name} ")]


def test_a_city_comes_in_and_what_changes_later(landreserve, tmp_path):
    city = City(25)
    with serving(city) as service:
        sources(tmp_path / "sources.toml", service.url)
        tried = landreserve("sync", "hamburg", "--dry-run")
        assert (tried.code, number(tried, "facts added")) == (0, ["2", "1", "25"]), tried
        assert json.loads(landreserve("reserve", "--json").out)["recorded_at"] is None

        done = landreserve("sync", "hamburg")
        assert (done.code, number(done, "facts added")) == (0, ["2", "1", "25"]), done
        assert number(done, "of them unchanged") == ["1", "1", "3"]
        assert number(done, "licence") == [f"dl-de/by-2-0 ({LICENCE})"] * 3
        rows = json.loads(landreserve("parcels", "--json", "--limit", "100").out)["parcels"]
        assert (len(rows), {row["gemarkung"] for row in rows}) == (25, {"Neustadt Nord"})
        assert {row["official_m2"] for row in rows} == {10000}

        again = landreserve("sync", "hamburg")
        assert (again.code, number(again, "result")) == (0, ["nothing changed"] * 3)
        assert number(again, "bytes fetched")[0::2] == ["0", "0"]  # the download has no ETag

        city.parcels.features[4]["properties"]["flaeche"] = 9900.0
        city.parcels.features.append(parcel(26))
        changed = landreserve("sync", "hamburg", "--since-last")
        assert changed.code == 0, changed
        assert changed.out.count("not imported again") == 2
        assert (number(changed, "facts closed"), number(changed, "facts added")) == (["1"], ["2"])
        assert landreserve("sync", "hamburg", "--since-last").out.count("not imported again") == 3
    assert landreserve("rebuild", "--verify").code == 0
    assert not list((tmp_path / "home" / "sync").rglob("*.geojson"))


def test_one_layer_alone_and_whose_data_it_is(landreserve, tmp_path):
    with serving(City(3)) as service:
        sources(tmp_path / "sources.toml", service.url)
        assert landreserve("sync", "hamburg", "--layer", "parcels").code == 0
        assert {path.partition("?")[0] for path in service.paths} == {ITEMS}
    (one,) = json.loads(landreserve("reserve", "--json").out)["attribution"]
    assert (one["layer"], one["title"], one["attribution"]) == ("parcels", "Flurstücke", LGV)
    assert (one["licence"], one["licence_url"], one["url"]) == ("dl-de/by-2-0", LICENCE, service.url + ITEMS)
    said = landreserve("entries", "--csv", str(tmp_path / "entries.csv")).err
    assert f"{LGV}, dl-de/by-2-0 (Flurstücke, {one['as_of']})" in said


def test_what_the_city_lists_no_more_ends_only_when_it_is_said(landreserve, tmp_path):
    city = City(20)
    replacing = ("sync", "hamburg", "--layer", "parcels", "--replace", "--since", "2026-12-01")
    with serving(city) as service:
        sources(tmp_path / "sources.toml", service.url)
        assert landreserve("sync", "hamburg", "--layer", "parcels").code == 0
        gone = city.parcels.features.pop()["properties"]["flstkennz"]
        assert landreserve("sync", "hamburg", "--layer", "parcels").code == 0
        assert landreserve("parcel", gone, "--on", "2027-01-01").code == 0
        asked = landreserve(*replacing)
        assert (asked.code, "would end 1 of 20 facts" in asked.err, "--confirm-closing 1" in asked.err) == (
            2,
            True,
            True,
        )
        done = landreserve(*replacing, "--confirm-closing", "1")
        assert (done.code, number(done, "facts ended")[0][0]) == (0, "1"), done
        assert landreserve("sync", "hamburg", "--replace").code == 2
    keys = [
        json.loads(landreserve("parcels", "--on", on, "--json").out)["parcels"] for on in ("2026-11-30", "2026-12-01")
    ]
    assert [len(rows) for rows in keys] == [20, 19]


def test_official_data_does_not_go_among_invented_land(landreserve, tmp_path):
    engine = db.engine(os.environ["LANDRESERVE_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE register SET fictitious = true"))
    engine.dispose()
    with serving(City(3)) as service:
        sources(tmp_path / "sources.toml", service.url)
        said = landreserve("sync", "hamburg")
    assert (said.code, "fictitious demo" in said.err, service.requests) == (2, True, [])


def test_data_that_was_there_already_gets_its_name(landreserve, tmp_path):
    """Imported by hand at first, the same comes from the city later: nothing changes but that its source is known."""
    file = tmp_path / "parcels.geojson"
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    city = City(3)
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": city.parcels.features}))
    assert landreserve("import", "parcels", str(file)).code == 0
    asked = ("reserve", "--json")
    before = json.loads(landreserve(*asked).out)
    with serving(city) as service:
        sources(tmp_path / "sources.toml", service.url)
        tried = landreserve("sync", "hamburg", "--layer", "parcels", "--dry-run")
        assert (tried.code, json.loads(landreserve(*asked).out)["attribution"]) == (0, [])
        done = landreserve("sync", "hamburg", "--layer", "parcels")
        told = json.loads(landreserve(*asked).out)
        again = landreserve("sync", "hamburg", "--layer", "parcels")
    assert (number(done, "facts added"), number(done, "result")[0][:8]) == (["0"], "recorded")
    assert number(again, "result") == ["nothing changed"]
    assert (before["attribution"], [one["attribution"] for one in told["attribution"]]) == ([], [LGV])
    assert told["recorded_at"] == json.loads(landreserve(*asked).out)["recorded_at"]


def test_what_is_not_there_is_said_and_the_others_still_come(landreserve, tmp_path):
    city = City(3)
    city.down = {BEZIRKE}
    with serving(city) as service:
        sources(tmp_path / "sources.toml", service.url)
        partly = landreserve("sync", "hamburg")
    assert partly.code == 2
    assert f"hamburg-districts: {service.url}{BEZIRKE}" in partly.err
    assert "status 404" in partly.err
    assert number(partly, "facts added") == ["1", "3"]


def test_rows_that_are_rejected_end_with_one(landreserve, tmp_path):
    city = City(3)
    city.parcels.features[1]["properties"]["flstkennz"] = "none"
    with serving(city) as service:
        sources(tmp_path / "sources.toml", service.url)
        said = landreserve("sync", "hamburg", "--layer", "parcels")
    assert (said.code, number(said, "rows rejected"), number(said, "facts added")) == (1, ["1"], ["2"])


def test_a_column_that_is_gone_is_a_refusal_that_changes_nothing(refusing, tmp_path):
    city = City(3)
    for feature in city.districts.features:
        feature["properties"]["name_neu"] = feature["properties"].pop("bezirk_name")
    with serving(city) as service:
        sources(tmp_path / "sources.toml", service.url)
        said = refusing("sync", "hamburg", "--layer", "districts")
    assert (said.code, "needs a column 'name'" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bremen",), "no sources for 'bremen'"),
        (("hamburg", "--layer", "zones"), "no source for the layer 'zones': known are districts, port, parcels"),
    ],
)
def test_what_there_is_no_source_for_is_named(refusing, tmp_path, arguments, words):
    sources(tmp_path / "sources.toml", "https://api.hamburg.de")
    said = refusing("sync", *arguments)
    assert (said.code, words in said.err) == (2, True), said


def test_sources_that_cannot_be_read_are_named_with_their_place(refusing, tmp_path, monkeypatch):
    path = sources(tmp_path / "sources.toml", "http://api.hamburg.de")
    said = refusing("sync", "hamburg")
    assert said.code == 2
    assert f"{path}, [sources.hamburg-districts], url: give an https address" in said.err
    monkeypatch.setenv("LANDRESERVE_SYNC_PROXY", "nonsense")
    said = refusing("sync", "hamburg")
    assert (said.code, "LANDRESERVE_SYNC_PROXY" in said.err) == (2, True)
    monkeypatch.delenv("LANDRESERVE_SYNC_PROXY")


def test_without_a_network_it_says_so_and_records_nothing(refusing, tmp_path, monkeypatch):
    """A name that nobody has: as on a machine without a network."""
    monkeypatch.setattr("app.cli.sync.Manners", partial(Manners, first_pause=0.01))
    sources(tmp_path / "sources.toml", "https://api.hamburg.invalid")
    said = refusing("sync", "hamburg", "--layer", "parcels")
    assert (said.code, said.out) == (2, "")
    assert "hamburg-parcels: https://api.hamburg.invalid" in said.err
    assert "did not answer as it should in 5 tries" in said.err
    assert "check the network (LANDRESERVE_SYNC_PROXY?) and sync again later" in said.err


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_sync_that_is_ended_goes_on_where_it_was(landreserve, tmp_path, how):
    city, third, go = City(45), threading.Event(), threading.Event()

    def stalling(asked: Asked) -> Reply:
        if "offset=20" in asked.path and not go.is_set():
            third.set()
            go.wait(20)
        return city(asked)

    with serving(stalling) as service:
        sources(tmp_path / "sources.toml", service.url)
        command = [sys.executable, "-m", "app", "sync", "hamburg", "--layer", "parcels"]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ}, stderr=subprocess.PIPE, text=True) as process:
            assert third.wait(30)
            process.send_signal(how)
            said = process.communicate(timeout=20)[1]
        if how == signal.SIGINT:
            assert (process.returncode, "interrupted" in said, "goes on there" in said) == (2, True, True), said
        go.set()
        service.requests.clear()
        again = landreserve("sync", "hamburg", "--layer", "parcels")
    assert (again.code, number(again, "facts added")) == (0, ["45"])
    assert number(again, "of them from an interrupted sync") == ["2"]
    assert [request.query.get("offset") for request in service.requests] == ["20", "30", "40"]


def test_a_file_fetched_by_hand_says_its_source(landreserve, tmp_path):
    sources(tmp_path / "sources.toml", "https://api.hamburg.de")
    file = tmp_path / "page.geojson"
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [parcel(1)]}))
    zones = tmp_path / "zones.geojson"
    zone = {**parcel(1), "properties": {"plan": "P", "designation": "GE"}}
    zones.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [zone]}))
    assert landreserve("import", "parcels", str(file), "--source", "hamburg-parcels").code == 0
    said = ("--attribution", "Bezirksamt Ü", "--licence", "dl-de/by-2-0")
    assert landreserve("import", "zones", str(zones), *said).code == 0
    told = json.loads(landreserve("reserve", "--json").out)["attribution"]
    assert [(one["layer"], one["title"], one["attribution"]) for one in told] == [
        ("parcels", "Flurstücke", LGV),
        ("zones", "zones.geojson", "Bezirksamt Ü"),
    ]
    for wrong, words in (
        (("--source", "hamburg-port"), "'hamburg-port' is no source of the layer parcels"),
        (("--source", "hamburg-parcels", "--licence", "dl-de/by-2-0"), "leave out"),
        (("--licence", "dl-de/by-2-0"), "give --attribution"),
        (("--attribution", "X", "--licence", "CC0"), "known are dl-de/by-2-0"),
    ):
        refused = landreserve("import", "parcels", str(file), *wrong)
        assert (refused.code, words in refused.err) == (2, True), refused


def test_the_city_s_recorded_answers_come_in(landreserve, tmp_path, realdata):
    """A WFS's answer with the Bezirke, the port's download without a CRS, a page of parcels: as they were recorded."""
    wfs = (realdata / "portal" / "wfs_responses" / "wfs110_hh_bezirke_districtFeatures.xml").read_bytes()
    port = (realdata / "hamburg" / "app_hafengebietsgrenzen_EPSG_25832.json").read_bytes()
    page = (realdata / "alkis" / "hh_oaf_flurstueck_sample_25832.json").read_bytes()

    def recorded(asked: Asked) -> Reply:
        if asked.path.startswith("/wfs"):
            return Reply(200, wfs, {"Content-Type": "text/xml; subtype=gml/3.1.1"})
        if asked.path == PORT:
            return Reply(200, port, {"Content-Type": "application/json"})
        return Reply(200, page, {"Content-Type": "application/geo+json", "Content-Crs": f"<{UTM}>"})

    with serving(recorded) as service:
        bezirke = (
            f'layer = "districts"\nkind = "download"\nformat = "gml"\nurl = "{service.url}/wfs?REQUEST=GetFeature"\n'
        )
        bezirke += 'title = "Bezirke"\ncolumns = { name = "bezirk_name" }\n'
        sources(tmp_path / "sources.toml", service.url, **{"hamburg-districts": bezirke})
        said = landreserve("sync", "hamburg")
    assert (said.code, number(said, "facts added")) == (0, ["7", "5", "5"]), said
    rows = json.loads(landreserve("parcels", "--json").out)["parcels"]
    assert (len(rows), rows[0]["gemarkung"]) == (5, "Neustadt Nord")
    engine = db.engine(os.environ["LANDRESERVE_DATABASE_URL"])
    with engine.connect() as connection:
        origin = connection.execute(text("SELECT summary -> 'origin' ->> 'attribution' FROM recording")).scalars().all()
    engine.dispose()
    assert origin == [LGV] * 3
