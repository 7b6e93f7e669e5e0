"""The command line as people use it: journeys with their exit codes, answers and refusals."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from app import embedded
from app.cli import run
from parcels import db, demo, queries
from tests.app.conftest import Town, fill
from tests.conftest import key

ROOT = Path(__file__).parents[2]


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Landreserve = Callable[..., Said]


@pytest.fixture
def on_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Town], Landreserve]:
    """The command line over a database."""

    def bind(town: Town) -> Landreserve:
        monkeypatch.setenv("LANDRESERVE_DATABASE_URL", town.owner)

        def command(*arguments: str) -> Said:
            capsys.readouterr()
            code = run(list(arguments))
            return Said(code, *capsys.readouterr())

        return command

    return bind


@pytest.fixture(scope="module")
def village(new_database: Callable[[str], Town]) -> Town:
    """An empty register of one's own."""
    return new_database("village")


@pytest.fixture
def landreserve(village: Town, on_database: Callable[[Town], Landreserve]) -> Landreserve:
    return on_database(village)


@pytest.fixture
def in_town(town: Town, on_database: Callable[[Town], Landreserve]) -> Landreserve:
    return on_database(town)


@pytest.fixture(scope="module")
def suburb(new_database: Callable[[str], Town]) -> Town:
    """A town of one's own, to be written to by the real clock."""
    made = new_database("suburb")
    fill(made)
    return made


@pytest.fixture
def in_suburb(suburb: Town, on_database: Callable[[Town], Landreserve]) -> Landreserve:
    return on_database(suburb)


@pytest.fixture
def parcels_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes squares of 100 m near Hamburg as GeoJSON in EPSG:25832."""

    def write(name: str, *numbers: int, **more: Any) -> Path:
        features = []
        for number in numbers:
            x, y = 565_000 + number * 200, 5_930_000
            ring = [[x, y], [x + 100, y], [x + 100, y + 100], [x, y + 100], [x, y]]
            geometry = {"type": "Polygon", "coordinates": [ring]}
            properties = {"key": key(number), "official_m2": 10_000, "district": "Altona", **more}
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
        return path

    return write


def test_from_files_to_the_number(landreserve: Landreserve, parcels_file: Callable[..., Path], tmp_path: Path) -> None:
    parcels = parcels_file("parcels.geojson", 1, 2)
    tried = landreserve("import", "parcels", str(parcels), "--dry-run")
    assert (tried.code, "nothing recorded" in tried.out) == (0, True)
    assert landreserve("reserve", "--json").json["recorded_at"] is None
    assert landreserve("import", "parcels", str(parcels)).code == 0
    again = landreserve("import", "parcels", str(parcels))
    assert (again.code, "nothing changed" in again.out) == (0, True)

    zones = parcels_file("zones.geojson", 1, 2, plan="Plan A", designation="GE", regulates_use="yes")
    assert landreserve("import", "zones", str(zones), "--actor", "Planerin").code == 0
    header = "key,holder,site,disposition,serviced,cleared,binding_use,opposing_plan,construction_possible_from"
    good = f"{key(1)},LIG,Feld,free,yes,yes,no,no,2020-01-01"
    holdings = tmp_path / "holdings.csv"
    holdings.write_text(f"{header}\n{good}\n{key(2)},Niemand AG,=Feld,free,yes,yes,no,no,2020-01-01\n")
    report = tmp_path / "report.json"
    partly = landreserve("import", "holdings", str(holdings), "--report", str(report))
    assert partly.code == 1, partly
    assert "Niemand AG" in partly.out
    (one,) = json.loads(report.read_text())
    assert (one["rows_read"], one["rows_rejected"]) == (2, 1)
    assert (one["issues"][0]["row"], one["issues"][0]["field"]) == (3, "holder")

    found = landreserve("reserve", "--json", "--by", "district").json
    assert (found["net_ha"], found["unrecorded_ha"]) == (1.0, 1.0)
    shown = landreserve("reserve")
    assert shown.code == 0
    assert shown.out.rstrip().endswith("99.0000 ha missing, state: below")
    assert landreserve("rebuild", "--verify").code == 0
    assert landreserve("rebuild").code == 0
    assert landreserve("demo").code == 2


def test_a_refused_file_changes_nothing_and_says_why(landreserve: Landreserve, tmp_path: Path) -> None:
    landreserve("migrate")
    before = landreserve("entries", "--json").json["recorded_at"]
    broken = tmp_path / "zones.geojson"
    broken.write_text('{"type": "FeatureCollection", "features": [')
    report = tmp_path / "report.csv"
    said = landreserve("import", "zones", str(broken), str(tmp_path / "missing.csv"), "--report", str(report))
    assert said.code == 2
    assert "zones.geojson" in said.err
    assert "missing.csv" in said.err
    assert report.read_text().startswith("source,row,")
    assert landreserve("entries", "--json").json["recorded_at"] == before
    assert landreserve("import", "castles", str(broken)).code == 2
    assert landreserve("import", "zones", str(broken), "--report", "x.pdf").code == 2


class Terminal(io.StringIO):
    """Somebody who answers at the terminal."""

    def isatty(self) -> bool:
        return True


def test_what_an_import_would_end_is_shown_and_asked_first(
    new_database: Callable[[str], Town],
    on_database: Callable[[Town], Landreserve],
    parcels_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A layer of three: even one of them ends only when somebody says so, and all three are never a few."""
    landreserve = on_database(new_database("quarter"))
    whole, cut = parcels_file("all.geojson", 1, 2, 3), parcels_file("cut.geojson", 1, 2)
    assert landreserve("migrate").code == 0
    assert landreserve("import", "parcels", str(whole)).code == 0
    replacing = ("import", "parcels", str(cut), "--replace")
    said = landreserve(*replacing)
    told = "cut.geojson: This file would end 1 of 3 facts of the layer 'parcels' (1 unit, 1.0000 ha)"
    assert (said.code, told in said.err, "--confirm-closing 1" in said.err) == (2, True, True)
    tried = landreserve(*replacing, "--dry-run")
    assert (tried.code, "1 of 3 facts of the layer 'parcels' (1 unit, 1.0000 ha)" in tried.out) == (0, True)
    assert landreserve(*replacing, "--confirm-closing", "2").code == 2

    ended = parcels_file("ended.geojson", 1, 2, 3, valid_to="2027-01-01")
    said = landreserve("import", "parcels", str(ended))
    assert (said.code, "3 of 3 facts" in said.err, "3 units, 3.0000 ha" in said.err) == (2, True, True)
    assert len(landreserve("parcels", "--on", "2027-01-01", "--json").json["parcels"]) == 3

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    said = landreserve(*replacing)
    assert (said.code, "would end 1 of 3 facts" in said.err, "End them?" in said.err) == (2, True, True)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert landreserve(*replacing).code == 0
    assert len(landreserve("parcels", "--json").json["parcels"]) == 2
    assert landreserve("import", "parcels", str(ended), "--confirm-closing", "2").code == 0
    assert landreserve("parcels", "--on", "2027-01-01", "--json").json["parcels"] == []


def test_the_answers_are_those_of_the_api(in_town: Landreserve, api: Any) -> None:
    known = "2026-03-02T00:00:00Z"
    changes = ("--from", "2026-01-20", "--to", "2026-05-01", "--known-at", known)
    for command, path, query in (
        (["reserve", "--by", "district"], "/api/reserve", {"by": "district"}),
        (["stock", "--by", "designation"], "/api/stock", {"by": "designation"}),
        (["parcel", key(1)], f"/api/parcels/{key(1)}", {}),
    ):
        said = in_town(*command, "--on", "2026-04-30", "--known-at", known, "--json")
        assert said.json == api.get(path, params={**query, "on": "2026-04-30", "known_at": known}).json()
    asked = {"from": "2026-01-20", "to": "2026-05-01", "known_at": known}
    assert in_town("changes", *changes, "--json").json == api.get("/api/reserve/changes", params=asked).json()
    assert in_town("series", *changes, "--json").json == api.get("/api/reserve/series", params=asked).json()
    for command in (
        ["series"],
        ["changes", *changes],
        ["parcel", key(1)],
        ["parcel", key(1), "--history"],
        ["entries"],
    ):
        said = in_town(*command)
        assert (said.code, len(said.out) > 50, said.err) == (0, True, "")


def test_instants_are_told_in_hamburg_s_time(in_town: Landreserve) -> None:
    """In January an hour before UTC; as they stand they are understood by --known-at."""
    table = in_town("parcel", key(1), "--history").out
    assert "2026-01-15T12:00:00+01:00" in table
    assert "11:00" not in table
    assert in_town("parcel", key(1), "--known-at", "2026-01-15T12:00:00+01:00").code == 0


def test_the_list_of_parcels_is_the_api_s_page_by_page(in_town: Landreserve, api: Any) -> None:
    asked = {"on": "2026-04-30", "known_at": "2026-03-02T00:00:00Z"}
    options = ("--on", asked["on"], "--known-at", asked["known_at"])
    for more in ({}, {"district": "Altona"}, {"after": key(3)}):
        arguments = [word for name, value in more.items() for word in (f"--{name}", value)]
        expected = api.get("/api/parcels", params={**asked, **more}).json()
        assert in_town("parcels", *options, *arguments, "--json").json == expected
        assert expected["parcels"]
    keys: list[str] = []
    after: list[str] = []
    while True:
        page = in_town("parcels", *options, *after, "--limit", "4", "--json").json
        keys += [row["key"] for row in page["parcels"]]
        if page["next"] is None:
            break
        after = ["--after", page["next"]]
    assert keys == [row["key"] for row in api.get("/api/parcels", params=asked).json()["parcels"]]
    said = in_town("parcels", *options, "--limit", "4")
    assert (said.code, key(4) in said.out, f"--after {key(4)} --on 2026-04-30 --known-at" in said.err) == (
        0,
        True,
        True,
    )


def test_no_command_is_described_by_half_a_sentence(in_town: Landreserve) -> None:
    for group in ([], ["db"], ["parcel"], ["holding"], ["token"], ["guidance"], ["subscriptions"], ["replacements"]):
        commands = in_town(*group, "--help").out.partition("Commands:")[2]
        assert len(commands.splitlines()) > 1
        assert "..." not in commands


def test_a_report_is_written_to_the_output(in_town: Landreserve) -> None:
    written = in_town("report", "--on", "2026-11-20", "--lang", "de")
    assert (written.code, written.err) == (0, "")
    assert "<title>Bericht zur Flächenreserve – 20. November 2026</title>" in written.out
    refused = in_town("report", "--on", "2026-11-20", "--from", "2026-11-21")
    assert (refused.code, refused.out) == (2, "")
    assert "--from 2026-11-21 lies after 2026-11-20: give an earlier day." in refused.err


def test_entries_are_written_as_csv(in_town: Landreserve, tmp_path: Path) -> None:
    path = tmp_path / "entries.csv"
    assert in_town("entries", "--on", "2026-04-30", "--standing", "unclear", "--csv", str(path)).code == 0
    assert path.read_text("utf-8").splitlines()[1].startswith(f"{key(3)},,Offen,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reserve", "--on", "2012-12-31"], "2013-01-01"),
        (["reserve", "--on", "gestern"], "YYYY-MM-DD"),
        (["reserve", "--known-at", "2099-01-01T00:00:00Z"], "future"),
        (["reserve", "--by", "weather"], "district"),
        (["parcel", "12"], "20 characters"),
        (["parcel", key(77777)], "no parcel"),
        (["parcel", key(1), "--known-at", "2026-01-15T10:59:59Z"], "first recorded at 2026-01-15T11:00:00"),
        (["parcel", key(1), "--history", "--known-at", "2026-01-15T10:59:59Z"], "first recorded at"),
        (["import", "holdings", "."], "is a folder: name the files in it"),
        (["parcel", "set", key(1), "--from", "2026-01-01"], "at least one fact"),
        (["parcel", "set", key(1), "--from", "2026-01-01", "--official-m2", "much"], "amount in m2"),
        (["parcel", "set", key(77777), "--from", "2026-01-01", "--official-m2", "1"], "no parcel"),
        (["parcel", "set", key(1), "--from", "2026-01-01", "--geometry", "x.geojson"], "--crs"),
        (["parcel", "set", key(1), "--from", "2026-01-01", "--geometry", "x.json", "--crs", "EPSG:4326"], "x.json"),
        (["changes"], "--from"),
        (["stock", "--from", "2026-01-01"], "--to"),
        (["series", "--from", "2026-02-01", "--to", "2026-01-01"], "exchange"),
        (["series", "--from", "2199-01-01"], ", a year from today, unless given: give a later one"),
        (["series", "--to", "2012-01-01"], "--from is 2013-01-01 unless given"),
        (["changes", "--from", "2026-02-01", "--to", "2026-01-01"], "exchange"),
        (["changes", "--from", "2199-01-01"], ", today, unless given: give a later one"),
        (["changes", "--on", "2026-01-01", "--known-from", "2199-01-01T00:00:00Z"], "--known-from is not in the past"),
        (["token", "revoke", "nobody"], "no token"),
        (["holding", "set", key(1), "--from", "2026-01-01"], "at least one fact"),
        (["holding", "set", key(1), "--from", "2026-01-01", "--holder", "Hafen AG"], "LIG"),
        (["holding", "set", key(1), "--from", "2026-01-01", "--serviced", "maybe"], "yes, no or unknown"),
        (["holding", "set", key(23), "--from", "2026-01-01", "--serviced", "no"], "in parts"),
        (["holding", "set", key(1), "--from", "2026-02-01", "--to", "2026-01-01", "--serviced", "no"], "later day"),
        (["nonsense"], "No such command"),
    ],
)
def test_a_refusal_is_said_with_its_remedy(in_town: Landreserve, arguments: list[str], said: str) -> None:
    found = in_town(*arguments)
    assert found.code == 2
    assert said in " ".join(re.sub(r"[│╭╮╰╯─]", " ", found.err).split())
    assert "Traceback" not in found.err
    assert found.out == ""


def test_without_a_database_or_schema_the_remedy_is_named(
    in_town: Landreserve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", "postgresql://nobody@/x?host=/nonexistent")
    found = in_town("reserve")
    assert (found.code, "LANDRESERVE_DATABASE_URL" in found.err) == (2, True)
    assert in_town("db", "start").code == 2
    monkeypatch.setenv("LANDRESERVE_PORT", "99999999")
    found = in_town("reserve")
    assert (found.code, "LANDRESERVE_PORT" in found.err) == (2, True)


def test_a_sale_by_hand(in_suburb: Landreserve) -> None:
    parcel = key(5)
    before = in_suburb("reserve", "--on", "2030-01-02", "--json").json
    sale = ("holding", "set", parcel, "--from", "2030-01-01", "--disposition", "sold", "--note", "Vertrag")
    assert in_suburb(*sale, "--json").json["recording"] is not None
    assert "already" in in_suburb(*sale).err
    after = in_suburb("reserve", "--on", "2030-01-02", "--json").json
    assert before["net_m2"] - after["net_m2"] == pytest.approx(20000.01)
    held = in_suburb("parcel", parcel, "--on", "2030-01-02", "--json").json["holdings"][0]
    assert (held["disposition"], held["serviced"], held["holder"]) == ("sold", True, "LIG")
    assert in_suburb("parcel", parcel, "--on", "2029-12-31", "--json").json["holdings"][0]["disposition"] == "free"
    assert in_suburb("holding", "set", parcel, "--from", "2030-01-01", "--disposition", "unknown").code == 0
    assert in_suburb("reserve", "--on", "2030-01-02", "--json").json["unclear_ha"] > after["unclear_ha"]


def test_a_parcel_s_own_facts_by_hand(in_suburb: Landreserve, tmp_path: Path) -> None:
    parcel = key(3)
    correction = ("parcel", "set", parcel, "--from", "2031-01-01", "--official-m2", "45000", "--note", "Neuvermessung")
    done = in_suburb(*correction, "--json").json
    assert done["recording"] is not None
    assert [warning["code"] for warning in done["warnings"]] == ["area-differs"]
    again = in_suburb(*correction).err
    assert ("already" in again, "Warning, official_m2: The official area of 45,000.00 m2" in again) == (True, True)
    facts = in_suburb("parcel", parcel, "--on", "2031-01-01", "--json").json["facts"]
    assert (facts["official_m2"], facts["gemarkung"], facts["district"]) == (45000, "Beispielmarsch", "Altona")
    assert in_suburb("parcel", "show", parcel, "--on", "2030-12-31", "--json").json["facts"]["official_m2"] == 50000

    outline = tmp_path / "outline.geojson"
    x, y = 565_600, 5_930_000
    ring = [[x, y], [x + 50, y], [x + 50, y + 100], [x, y + 100], [x, y]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    outline.write_text(json.dumps(feature))
    drawn = ("parcel", "set", parcel, "--from", "2032-01-01", "--geometry", str(outline), "--crs", "EPSG:25832")
    assert in_suburb(*drawn, "--official-m2", "unknown", "--district", "Wandsbek").code == 0
    facts = in_suburb("parcel", parcel, "--on", "2032-01-01", "--json").json["facts"]
    assert (facts["district"], facts["official_m2"], facts["area_basis"]) == ("Wandsbek", None, "ellipsoidal")
    assert facts["area_m2"] == pytest.approx(5000, abs=10)
    feature["geometry"]["coordinates"] = [ring[:-1]]  # type: ignore[index]
    outline.write_text(json.dumps(feature))
    assert (in_suburb(*drawn).code, "not closed" in in_suburb(*drawn).err) == (2, True)


def test_tokens_are_made_listed_and_revoked(in_town: Landreserve, town: Town) -> None:
    made = in_town("token", "create", "Kataster", "--role", "planner", "--days", "30")
    shown = made.out.strip()
    token_id = shown.split("_")[1]
    assert re.fullmatch(r"lr_[0-9a-f]{12}_[\w-]{43}", shown)
    listed = in_town("token", "list", "--json")
    assert shown.split("_", 2)[2] not in listed.out
    (one,) = [token for token in listed.json if token["id"] == token_id]
    assert (one["name"], one["role"], one["revoked_at"]) == ("Kataster", "planner", None)
    assert in_town("token", "revoke", token_id).code == 0
    (one,) = [token for token in in_town("token", "list", "--json").json if token["id"] == token_id]
    assert one["revoked_at"] is not None
    assert in_town("token", "create", "x", "--role", "king").code == 2


def test_a_difference_is_found_by_verify(in_suburb: Landreserve, suburb: Town) -> None:
    engine = db.engine(suburb.owner)
    with engine.begin() as connection:
        spoil = "UPDATE ledger SET known = tstzrange(lower(known), now()) WHERE parcel_key = :key AND upper_inf(known)"
        assert connection.execute(text(spoil), {"key": key(4)}).rowcount == 1
    engine.dispose()
    found = in_suburb("rebuild", "--verify")
    assert (found.code, "1 lines missing" in found.err) == (1, True)
    assert in_suburb("rebuild").code == 0
    assert in_suburb("rebuild", "--verify").code == 0


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home for a private PostGIS of one's own, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lr-cli-"))
    folder.chmod(0o711)
    yield folder / "home"
    embedded.remove(folder / "home")
    folder.rmdir()


@pytest.fixture
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Landreserve:
    """The command line over a private PostGIS of one's own."""
    for name in [name for name in os.environ if name.startswith("LANDRESERVE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANDRESERVE_HOME", str(home))

    def command(*arguments: str) -> Said:
        capsys.readouterr()
        code = run(list(arguments))
        return Said(code, *capsys.readouterr())

    return command


@pytest.mark.timeout(300)
def test_up_serves_the_demo_register_and_a_backup_brings_it_back(at_home: Landreserve, tmp_path: Path) -> None:
    """One journey on a private PostGIS: up, ask, stop; backup, loss, restore."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.listen()
        taken = at_home("up", "--port", port)
        assert (taken.code, "is taken" in taken.err) == (2, True), taken.err

    log = tmp_path / "up.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "app", "up", "--port", port]
        process = subprocess.Popen(command, cwd=ROOT, stderr=output)
        try:
            served = _wait_for(f"http://127.0.0.1:{port}/api/reserve?on=2026-11-20", log)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in (0, -signal.SIGINT, 130)
    assert (served["fictitious"], served["net_ha"] > 50) == (True, True)
    assert f"http://127.0.0.1:{port}/docs" in log.read_text()
    assert re.search(r"^\d+ files of the fictitious demo register loaded\.$", log.read_text(), re.MULTILINE)
    question = ("reserve", "--on", "2026-11-20", "--json")
    assert at_home(*question).json["net_m2"] == served["net_m2"]
    assert at_home("demo").code == 2

    dump, cut = tmp_path / "reserve.dump", tmp_path / "cut.dump"
    assert at_home("db", "backup", str(dump)).code == 0
    assert at_home("db", "backup", str(dump)).code == 2
    entry = at_home("entries", "--standing", "counted_free", "--limit", "1", "--json").json["entries"][0]
    assert at_home("holding", "set", entry["parcel"], "--from", "2026-11-20", "--disposition", "sold").code == 0
    assert at_home(*question).json["net_m2"] < served["net_m2"]
    cut.write_bytes(dump.read_bytes()[:-1000])
    (tmp_path / "cut.dump.json").write_bytes((tmp_path / "reserve.dump.json").read_bytes())
    assert at_home("db", "restore", str(cut)).code == 2
    restored = at_home("db", "restore", str(dump))
    assert restored.code == 0, restored.err
    assert at_home(*question).json["net_m2"] == served["net_m2"]
    assert at_home("rebuild", "--verify").code == 0
    assert [at_home("db", what).code for what in ("status", "stop", "status")] == [0, 0, 1]


def _wait_for(address: str, log: Path) -> dict[str, Any]:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 (our own server)
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            time.sleep(0.3)
    raise AssertionError(log.read_text())


def test_an_interrupted_demo_leaves_an_empty_register(new_database: Callable[[str], Town]) -> None:
    town = new_database("hamlet")
    engine = db.engine(town.owner)

    def stop_in_the_middle(done: int, total: int, name: str) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with db.sessions(engine)() as session, pytest.raises(KeyboardInterrupt):
        demo.load(session, stop_in_the_middle)
    with db.sessions(engine)() as session:
        assert queries.recorded_at(session) is None
    engine.dispose()
