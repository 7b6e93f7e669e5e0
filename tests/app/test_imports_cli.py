"""Imports by command are runs that are kept: done, tried, refused, killed; listed, shown and exported afterwards."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import imports
from app.cli import run as run_command
from parcels import db, run_queries, runs
from parcels.importing.contract import Issue
from parcels.importing.store import LoadOptions
from parcels.runs import Order
from tests.app.conftest import FORMULA, Town
from tests.conftest import key
from tests.faults.own import engine_of, fingerprint

ROOT = Path(__file__).parents[2]
Command = Callable[..., Any]


@pytest.fixture(scope="module")
def hamlet(new_database: Callable[[str], Town]) -> Town:
    """A register of one's own."""
    return new_database("hamlet")


@pytest.fixture
def landreserve(hamlet: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line over the hamlet: (exit code, stdout, stderr)."""
    monkeypatch.setenv("LANDRESERVE_DATABASE_URL", hamlet.owner)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run_command(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def squares(path: Path, *numbers: int, **more: Any) -> Path:
    """Squares of 100 m as GeoJSON in EPSG:25832."""
    features = []
    for number in numbers:
        x, y = 565_000 + number * 200, 5_930_000
        ring = [[x, y], [x + 100, y], [x + 100, y + 100], [x, y + 100], [x, y]]
        properties = {"key": key(number), "official_m2": 10_000, **more}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return path


def newest(landreserve: Command) -> dict[str, Any]:
    """The run of the last import."""
    found: dict[str, Any] = json.loads(landreserve("imports", "list", "--limit", "1", "--json")[1])[0]
    return found


def test_a_recorded_import_and_its_recording(landreserve: Command, hamlet: Town, tmp_path: Path) -> None:
    file = squares(tmp_path / "parcels.geojson", 1, 2)
    assert landreserve("import", "parcels", str(file), "--actor", "Planerin", "--note", "erstmals")[0] == 0
    run = newest(landreserve)
    assert (run["state"], run["layer"], run["source"]) == ("done", "parcels", "parcels.geojson")
    assert (run["rows_read"], run["rows_passed"], run["rows_rejected"]) == (2, 2, 0)
    assert (run["facts"], run["actor"], run["note"]) == (
        {"closed": 0, "added": 2, "ended": 0},
        "Planerin",
        "erstmals",
    )
    assert (run["dry_run"], run["sent"], run["attempts"], run["refusal"]) == (False, False, 1, None)
    assert run["created_at"] <= run["started_at"] <= run["finished_at"]
    assert run["layers_of_defence"]
    with engine_of(hamlet.owner) as engine, engine.connect() as connection:
        recorded = connection.execute(text("SELECT id, sha256 FROM recording ORDER BY id DESC LIMIT 1")).one()
    assert tuple(recorded) == (run["recording"], run["sha256"])


def test_the_same_file_again_is_a_run_without_a_recording(landreserve: Command, tmp_path: Path) -> None:
    file = squares(tmp_path / "parcels.geojson", 1, 2)
    landreserve("import", "parcels", str(file))
    first = newest(landreserve)
    landreserve("import", "parcels", str(file))
    again = newest(landreserve)
    assert again["id"] > first["id"]
    assert (again["state"], again["recording"], again["sha256"]) == ("done", None, first["sha256"])


def test_a_dry_run_leaves_its_run_and_nothing_else(landreserve: Command, hamlet: Town, tmp_path: Path) -> None:
    with engine_of(hamlet.owner) as engine:
        before = fingerprint(engine)
        file = squares(tmp_path / "more.geojson", 5, 6, 7)
        assert landreserve("import", "parcels", str(file), "--dry-run")[0] == 0
        assert fingerprint(engine) == before
    run = newest(landreserve)
    assert (run["state"], run["dry_run"], run["recording"], run["facts"]["added"]) == ("done", True, None, 3)


def test_a_refused_file_leaves_its_findings_and_nothing_else(
    landreserve: Command, hamlet: Town, tmp_path: Path
) -> None:
    file = squares(tmp_path / "whole.geojson", 1, 2, 8)
    content = json.loads(file.read_text())
    content["features"][2]["properties"]["official_m2"] = "viel"
    file.write_text(json.dumps(content))
    with engine_of(hamlet.owner) as engine:
        before = fingerprint(engine)
        code, _, said = landreserve("import", "parcels", str(file), "--replace")
        assert (code, "would end" in said) == (2, True)
        assert fingerprint(engine) == before
    run = newest(landreserve)
    assert (run["state"], run["refusal"]["kind"], run["recording"]) == ("refused", "replace-with-rejected", None)
    assert run["findings"]["errors"] == 1
    assert len(run["sha256"]) == 64
    (found,) = json.loads(landreserve("imports", "issues", str(run["id"]), "--severity", "error", "--json")[1])
    assert (found["row"], found["field"], found["file"], found["value"]) == (3, "official_m2", "whole.geojson", "viel")
    shown = landreserve("imports", "show", str(run["id"]))[1]
    assert "replace-with-rejected" in shown
    assert "Mend these rows" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("layer", "name", "content", "kind"),
    [
        ("castles", "a.geojson", b"{}", "layer-unknown"),
        ("parcels", "a.pdf", b"%PDF", "format-unknown"),
        ("parcels", "nul\xff\xfe.geojson", b'{"type": "FeatureCollection", "features": [', None),
    ],
)
def test_whatever_is_refused_is_kept_with_its_reason(
    landreserve: Command, tmp_path: Path, layer: str, name: str, content: bytes, kind: str | None
) -> None:
    (tmp_path / name).write_bytes(content)
    assert landreserve("import", layer, str(tmp_path / name))[0] == 2
    run = newest(landreserve)
    assert (run["state"], run["layer"], run["source"]) == ("refused", layer, name)
    assert run["refusal"]["message"]
    assert kind in (None, run["refusal"]["kind"])


def test_a_name_that_no_text_can_hold_is_kept_as_far_as_it_can(
    engine: Any, landreserve: Command, tmp_path: Path
) -> None:
    name = os.fsdecode(b"fl\xfcr.geojson")  # Latin-1, as an old share gives it
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(imports.Refused):
        imports.at_once(engine, Order("parcels", name, "test"), tmp_path / name)
    assert newest(landreserve)["source"] == "fl?r.geojson"


def test_a_folder_and_a_missing_file(landreserve: Command, tmp_path: Path) -> None:
    assert landreserve("import", "parcels", str(tmp_path))[0] == 2
    assert "is a folder" in newest(landreserve)["refusal"]["message"]
    assert landreserve("import", "parcels", str(tmp_path / "gone.csv"))[0] == 2
    run = newest(landreserve)
    assert (run["refusal"]["kind"], run["sha256"]) == ("not-a-file", None)


def test_rejected_rows_and_their_export(landreserve: Command, tmp_path: Path) -> None:
    file = tmp_path / "holdings.csv"
    rows = [[key(1), "LIG", "free"], [key(2), "LIG", FORMULA], ["x", "LIG", "free"]]
    text_ = io.StringIO()
    csv.writer(text_).writerows([["key", "holder", "disposition"], *rows])
    file.write_text(text_.getvalue())
    assert landreserve("import", "holdings", str(file))[0] == 1
    run = newest(landreserve)
    assert (run["state"], run["rows_rejected"], run["findings"]["errors"]) == ("done_with_rejected", 2, 2)
    exported = tmp_path / "issues.csv"
    assert landreserve("imports", "issues", str(run["id"]), "--csv", str(exported))[0] == 0
    with exported.open(newline="") as lines:
        found = list(csv.DictReader(lines))
    assert {line["row"] for line in found if line["severity"] == "error"} == {"3", "4"}
    assert f"'{FORMULA}" in {line["value"] for line in found}
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in found for cell in line.values())
    listed = landreserve("imports", "issues", str(run["id"]))[1]
    assert "disposition" in listed


def test_the_list_is_filtered_and_goes_on(landreserve: Command) -> None:
    everything = json.loads(landreserve("imports", "list", "--limit", "1000", "--json")[1])
    ids = [run["id"] for run in everything]
    assert ids == sorted(ids, reverse=True)
    refused = json.loads(landreserve("imports", "list", "--state", "refused", "--limit", "1000", "--json")[1])
    assert [run["id"] for run in refused] == [run["id"] for run in everything if run["state"] == "refused"]
    one = json.loads(landreserve("imports", "list", "--layer", "holdings", "--json", "--limit", "1000")[1])
    assert {run["layer"] for run in one} == {"holdings"}
    _, shown, more = landreserve("imports", "list", "--limit", "2")
    assert str(ids[0]) in shown
    assert f"--before {ids[1]}" in more
    older = json.loads(landreserve("imports", "list", "--before", str(ids[1]), "--json", "--limit", "1")[1])
    assert [run["id"] for run in older] == ids[2:3]


def test_an_unknown_number_is_told(landreserve: Command) -> None:
    for command in ("show", "issues"):
        code, out, said = landreserve("imports", command, "999999")
        assert (code, out, "There is no import 999999" in said) == (2, "", True)


KILLED = """
import os, signal, sys
from pathlib import Path
from app import imports
from parcels import db
from parcels.runs import Order

def die(step, done, total):
    if step == "amending":
        os.kill(os.getpid(), signal.SIGKILL)

imports.at_once(db.engine(sys.argv[1]), Order("parcels", "killed.geojson", "test"), Path(sys.argv[2]), die)
"""


@pytest.mark.faults
def test_a_killed_import_has_failed_and_changed_nothing(landreserve: Command, hamlet: Town, tmp_path: Path) -> None:
    file = squares(tmp_path / "killed.geojson", 20, 21)
    with engine_of(hamlet.owner) as engine:
        before = fingerprint(engine)
        command = [sys.executable, "-c", KILLED, hamlet.owner, str(file)]
        assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -signal.SIGKILL
        assert fingerprint(engine) == before
        run = _until_lost(landreserve)
        assert (run["state"], run["refusal"]["kind"]) == ("failed", "interrupted")
        assert "import it again" in run["refusal"]["message"]
        failed = json.loads(landreserve("imports", "list", "--state", "failed", "--json")[1])
        assert failed[0]["id"] == run["id"]
        with engine.connect() as connection:  # nobody has written that down: it is seen
            state = connection.execute(text("SELECT state FROM import_run WHERE id = :id"), {"id": run["id"]})
            assert state.scalar_one() == "running"
        with imports.own_session(engine) as session:  # a worker that comes by does
            assert runs.claim(session, datetime.now(UTC)) is None
            session.commit()
    again = newest(landreserve)
    assert (again["id"], again["state"], again["refusal"]) == (run["id"], "failed", run["refusal"])
    assert again["finished_at"] is not None


def _until_lost(landreserve: Command) -> dict[str, Any]:
    """The newest run, once the database has noticed that its client is gone: a statement under way ends first."""
    for _ in range(100):
        run = newest(landreserve)
        if run["state"] != "running":
            return run
    raise AssertionError("a killed import goes on for ever")


def test_old_imports_are_forgotten_and_what_they_recorded_stays(
    landreserve: Command, engine: Any, tmp_path: Path
) -> None:
    landreserve("import", "parcels", str(squares(tmp_path / "old.geojson", 70)))
    old = newest(landreserve)
    landreserve("import", "parcels", str(tmp_path / "gone.csv"))
    kept = newest(landreserve)
    with engine.begin() as connection:
        aged = "UPDATE import_run SET finished_at = '2026-03-01T00:00:00+01' WHERE id = :id"
        connection.execute(text(aged), {"id": old["id"]})
    before = fingerprint(engine)
    assert "0 imports" in landreserve("imports", "forget", "--before", "2026-03-01")[2]
    assert "1 imports" in landreserve("imports", "forget", "--before", "2026-03-02")[2]
    assert fingerprint(engine) == before
    assert landreserve("imports", "show", str(old["id"]))[0] == 2
    assert landreserve("imports", "show", str(kept["id"]))[0] == 0


@pytest.fixture
def engine(hamlet: Town) -> Iterator[Any]:
    with engine_of(hamlet.owner) as made:
        yield made


def test_an_import_under_way_runs_and_is_not_taken_by_others(engine: Any, tmp_path: Path) -> None:
    """As long as its process lives it runs, however long a step of it takes; then it is done."""
    seen: list[tuple[str, str | None]] = []
    sessions = db.sessions(engine)
    with engine_of(engine.url.render_as_string(hide_password=False)) as others:
        other_sessions = db.sessions(others)

        def look(step: str, done: int, total: int | None) -> None:
            with other_sessions() as session:
                (found, *_) = run_queries.listing(session, limit=1)
                seen.append((found.state, found.run.step))
                assert runs.claim(session, datetime.now(UTC)) is None
                session.rollback()

        order = Order("parcels", "under way.geojson", "test", LoadOptions(dry_run=True))
        imports.at_once(engine, order, squares(tmp_path / "a.geojson", 30, 31), look)
    assert {state for state, _ in seen} == {"running"}
    assert [step for _, step in seen if step][-1:] != []
    with sessions() as session:
        assert run_queries.listing(session, limit=1)[0].state == "done"


def test_who_waits_too_long_for_the_register_is_told(landreserve: Command, engine: Any, tmp_path: Path) -> None:
    file = squares(tmp_path / "a.geojson", 41)
    with engine.connect() as other:
        name = other.execute(text("SELECT current_database()")).scalar_one()
        other.execute(text(f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET lock_timeout = '300ms'"))
        other.commit()
        other.execute(text("SELECT FROM register FOR UPDATE"))
        code, _, said = landreserve("import", "parcels", str(file))
        assert (code, "lock timeout" in said) == (2, True)
        run = newest(landreserve)
        assert (run["state"], run["refusal"]["kind"]) == ("failed", "busy")
        other.rollback()
        other.execute(text(f"ALTER ROLE CURRENT_USER IN DATABASE {name} RESET lock_timeout"))
        other.commit()
    assert landreserve("import", "parcels", str(file), "--dry-run")[0] == 0


def test_who_lost_a_run_records_nothing(engine: Any, tmp_path: Path) -> None:
    """Should a run be taken over all the same, its first worker cannot commit what it did."""
    before = fingerprint(engine)

    def take_over(step: str, done: int, total: int | None) -> None:
        if step == "amending":
            with engine.begin() as connection:
                connection.execute(
                    text("UPDATE import_run SET attempt = attempt + 1 WHERE source = 'taken over.geojson'")
                )

    order = Order("parcels", "taken over.geojson", "test")
    with pytest.raises(runs.RunLost):
        imports.at_once(engine, order, squares(tmp_path / "a.geojson", 40), take_over)
    assert fingerprint(engine) == before


def test_more_findings_than_are_kept_are_counted(engine: Any) -> None:
    """The last one kept says how many there are beside; the counts are of all."""
    many = [Issue(n, f"f\x00{n}", "key", "twice", "error", f"Row {n}\ud800", "\x00") for n in range(runs.KEPT + 5)]
    now = datetime.now(UTC)
    with imports.own_session(engine) as session:
        run = runs.start(session, Order("parcels", "many.csv", "test"), now)
        refused = imports.Refused("x", "No.", tuple(many))
        runs.refuse(session, run, refused, now, None)
        session.commit()
        found = run_queries.issues(session, run.id)
        assert len(found) == runs.KEPT
        assert (found[-1].kind, found[-1].message.split()[0]) == ("more-issues", "6")
        assert (found[0].feature, found[0].message) == ("f�0", "Row 0?")
        assert run_queries.find(session, run.id).run.errors == runs.KEPT + 5
        kinds = run_queries.kinds(session, run.id)
        assert [(kind.kind, kind.count) for kind in kinds] == [("twice", runs.KEPT - 1), ("more-issues", 1)]
