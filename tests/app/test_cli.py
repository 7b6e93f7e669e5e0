"""The command line as people use it: journeys with their exit codes, answers and refusals."""

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
    engine = db.engine(made.owner)
    fill(engine)
    engine.dispose()
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
        (["changes"], "--from"),
        (["stock", "--from", "2026-01-01"], "--to"),
        (["series", "--from", "2026-02-01", "--to", "2026-01-01"], "exchange"),
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
        command = [sys.executable, "-c", "from app.cli import main; main()", "up", "--port", port]
        process = subprocess.Popen(command, cwd=ROOT, stderr=output)
        try:
            served = _wait_for(f"http://127.0.0.1:{port}/api/reserve?on=2026-11-20", log)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in (0, -signal.SIGINT, 130)
    assert (served["fictitious"], served["net_ha"] > 50) == (True, True)
    assert f"http://127.0.0.1:{port}/docs" in log.read_text()
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
