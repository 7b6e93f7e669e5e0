"""Imports by HTTP: sent, queued, carried out by a worker, watched and asked; and everything that can be wrong with a form."""

import csv
import io
import json
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import imports, uploads, worker
from parcels import runs
from parcels.runs import Order
from parcels.tokens import Role
from tests.app.conftest import FORMULA, Town, service, token
from tests.app.test_imports_cli import squares
from tests.conftest import key
from tests.faults.own import engine_of, fingerprint

Problem = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def harbour(new_database: Callable[[str], Town]) -> Town:
    """A register of one's own."""
    return new_database("harbour")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files that are sent wait."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def caller(harbour: Town, home: Path) -> Callable[[Role | None], TestClient]:
    """Callers by their role; the clock is the real one, as the worker's is."""

    def make(role: Role | None, **settings: Any) -> TestClient:
        app = service(harbour.web, home=home, **settings)
        app.dependency_overrides.clear()
        headers = {} if role is None else {"Authorization": f"Bearer {token(harbour, role)[1]}"}
        return TestClient(app, raise_server_exceptions=False, headers=headers)

    return make


@pytest.fixture(scope="module")
def api(caller: Callable[..., TestClient]) -> TestClient:
    """A planner."""
    return caller("planner")


@pytest.fixture
def drain(harbour: Town, home: Path) -> Callable[[], int]:
    """Lets a worker do all that waits; how many that were."""

    def do() -> int:
        done = 0
        with engine_of(harbour.owner) as engine, imports.own_session(engine) as session:
            while worker.work_one(engine, session, home):
                done += 1
        return done

    return do


@pytest.fixture(autouse=True)
def _nothing_left_behind(home: Path, drain: Callable[[], int]) -> Iterator[None]:
    """Whatever a test sends: when all is carried out no file of it is left."""
    yield
    drain()
    assert [path.name for path in (home / "uploads").glob("*")] == []


def send(api: TestClient, file: Path | bytes, name: str | None = None, headers: Any = None, **fields: Any) -> Any:
    """POST a file with its fields."""
    content = file if isinstance(file, bytes) else file.read_bytes()
    shown = name if name is not None else file.name if isinstance(file, Path) else "file.geojson"
    data = {"layer": "parcels", **fields}
    return api.post("/api/imports", files={"file": (shown, content)}, data=data, headers=headers)


def test_a_file_is_sent_carried_out_and_asked_about(
    api: TestClient, home: Path, tmp_path: Path, drain: Callable[[], int]
) -> None:
    answer = send(api, squares(tmp_path / "parcels.geojson", 1, 2), note="Fortführung")
    assert answer.status_code == 202, answer.text
    queued = answer.json()
    assert answer.headers["location"] == f"/api/imports/{queued['id']}"
    assert (queued["state"], queued["sent"], queued["attempts"], queued["actor"]) == ("queued", True, 0, "Test planner")
    (folder,) = (home / "uploads").iterdir()
    (kept,) = folder.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, kept)] == [0o700, 0o700, 0o600]
    assert drain() == 1
    run = api.get(answer.headers["location"]).json()
    assert (run["state"], run["rows_read"], run["facts"]["added"], run["note"]) == ("done", 2, 2, "Fortführung")
    assert (run["sha256"], run["source"], run["attempts"]) == (queued["sha256"], "parcels.geojson", 1)
    assert run["recording"] is not None
    assert api.get(f"/api/parcels/{key(1)}").status_code == 200
    listed = api.get("/api/imports?state=done&layer=parcels").json()["imports"]
    assert run["id"] in {one["id"] for one in listed}


def test_a_dry_run_and_every_option_reach_the_import(
    api: TestClient, harbour: Town, tmp_path: Path, drain: Callable[[], int]
) -> None:
    file = squares(tmp_path / "bare.geojson", 50, 51)
    content = json.loads(file.read_text())
    del content["crs"]
    file.write_text(json.dumps(content))
    options = {"crs": "EPSG:25832", "since": "2026-02-01", "repair": "true", "dry_run": "yes", "confirm_closing": "0"}
    with engine_of(harbour.owner) as engine:
        before = fingerprint(engine)
        run = send(api, file, **options).json()
        drain()
        assert fingerprint(engine) == before
        with engine.connect() as connection:
            stored = connection.execute(text("SELECT options FROM import_run WHERE id = :id"), {"id": run["id"]})
            assert stored.scalar_one() == {
                **{"crs": "EPSG:25832", "since": "2026-02-01", "repair": True, "replace": False, "encoding": None},
                "confirm_closing": 0,
            }
    run = api.get(f"/api/imports/{run['id']}").json()
    assert (run["state"], run["dry_run"], run["facts"]["added"], run["recording"]) == ("done", True, 2, None)


def test_a_refused_file_leaves_its_findings_page_by_page_and_as_csv(
    api: TestClient, harbour: Town, drain: Callable[[], int], problem: Problem
) -> None:
    lines = [["key", "holder", "disposition"], [key(1), "LIG", "free"]]
    lines += [[key(2), "LIG", FORMULA], ["x", "LIG", "free"], [key(3), FORMULA, "free"]]
    table = io.StringIO()
    csv.writer(table).writerows(lines)
    with engine_of(harbour.owner) as engine:
        before = fingerprint(engine)
        run = send(api, table.getvalue().encode(), "holdings.csv", layer="holdings", replace="true").json()
        drain()
        assert fingerprint(engine) == before
    run = api.get(f"/api/imports/{run['id']}").json()
    assert (run["state"], run["refusal"]["kind"], run["findings"]["errors"]) == ("refused", "replace-with-rejected", 3)
    assert sum(one["count"] for one in run["kinds"] if one["severity"] == "error") == 3

    address, found = f"/api/imports/{run['id']}/issues?severity=error&limit=2", []
    while address:
        page = api.get(address).json()
        assert page["state"] == "refused"
        found += page["issues"]
        address = page["next"]
    assert sorted(one["row"] for one in found) == [3, 4, 5]
    assert all(one["message"] and one["file"] == "holdings.csv" for one in found)
    kind = found[0]["kind"]
    of_kind = api.get(f"/api/imports/{run['id']}/issues", params={"kind": kind}).json()["issues"]
    assert {one["kind"] for one in of_kind} == {kind}

    for how in ({"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}):
        answer = api.get(f"/api/imports/{run['id']}/issues", **how)  # type: ignore[arg-type]
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert f"'{FORMULA}" in {row["value"] for row in rows}
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    excel = api.get(f"/api/imports/{run['id']}/issues?format=csv&excel=true").text
    assert excel.startswith("\ufeffnumber;file;row")


def test_the_list_goes_on_by_its_links(api: TestClient) -> None:
    everything = [one["id"] for one in api.get("/api/imports?limit=10000").json()["imports"]]
    assert everything == sorted(everything, reverse=True)
    address, found = "/api/imports?limit=1", []
    while address:
        page = api.get(address).json()
        found += [one["id"] for one in page["imports"]]
        address = page["next"]
    assert found == everything


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd.csv", "passwd.csv"),
        ("..\\..\\evil.csv", "evil.csv"),
        ("C:\\Users\\x\\plan.csv", "plan.csv"),
        ("/etc/cron.d/job.csv", "job.csv"),
        ("nul\x00byte.csv", "nul_byte.csv"),
        ("..", "file"),
        (".hidden.csv", "hidden.csv"),
        ("<script>.csv", "_script_.csv"),
        ("-rf.csv", "-rf.csv"),
        ("Flurstücke März 2026.csv", "Flurstücke März 2026.csv"),
        ("x" * 500 + ".csv", "x" * 196 + ".csv"),
        ("ü" * 500 + ".csv", "ü" * 98 + ".csv"),
        ("Mu\u0308ller.csv", "Müller.csv"),
        ("a\ud800b.csv", "a_b.csv"),
        ("\u202egpj.csv", "_gpj.csv"),
        ("a" * 300, "a" * 200),
        ("a." + "b" * 300, "a." + "b" * 198),
    ],
)
def test_no_name_leads_out_of_the_folder(
    given: str, kept: str, api: TestClient, home: Path, drain: Callable[[], int]
) -> None:
    assert uploads.plain_name(given) == kept
    before = {path for path in home.rglob("*") if "uploads" not in path.parts}
    if "\ud800" in given:
        return  # no client can send that; a parser of forms may still come up with it
    answer = send(api, b"key\n", given, layer="holdings")
    if answer.status_code == 202:  # a client may not be able to send such a name at all
        assert answer.json()["source"] == uploads.plain_name(answer.json()["source"])
        for path in (home / "uploads").rglob("*"):
            assert path.resolve().is_relative_to((home / "uploads").resolve())
    else:
        assert answer.status_code in (400, 422), answer.text
    drain()
    assert {path for path in home.rglob("*") if "uploads" not in path.parts} == before


@given(st.text(max_size=300))
def test_every_name_becomes_a_plain_one(given: str) -> None:
    kept = uploads.plain_name(given)
    assert kept not in ("", ".", "..")
    assert not set(kept) & set("/\\\x00\r\n")
    assert len(kept.encode()) <= 255
    assert uploads.plain_name(kept) == kept
    assert Path(kept).name == kept


def test_a_name_as_raw_bytes_with_nul_and_slashes(api: TestClient) -> None:
    """As no well-behaved client sends it."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="layer"\r\n\r\nholdings\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../a\x00/../b\xff.csv"\r\n\r\nkey\r\n\r\n--x--\r\n'
    )
    answer = api.post("/api/imports", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code in (202, 400), answer.text
    if answer.status_code == 202:
        assert "/" not in answer.json()["source"]
        assert "\x00" not in answer.json()["source"]


def test_only_planners_may_send(caller: Callable[..., TestClient], problem: Problem, tmp_path: Path) -> None:
    file = squares(tmp_path / "a.geojson", 1)
    problem(send(caller(None), file), 401, "token-missing")
    problem(send(caller(None), file, headers={"Authorization": "Bearer lr_x_y"}), 401, "token-invalid")
    for role in ("viewer", "hie", "bwi"):
        problem(send(caller(role), file), 403, "role-missing")
    assert send(caller("admin"), file, dry_run="true").status_code == 202


def test_who_ordered_it_is_told_to_those_with_a_token(caller: Callable[..., TestClient], api: TestClient) -> None:
    number = api.get("/api/imports?limit=1").json()["imports"][0]["id"]
    for address in (f"/api/imports/{number}", "/api/imports?limit=1"):
        said = [client.get(address).text for client in (caller(None), caller("viewer"))]
        assert ['"actor":null' in one for one in said] == [True, False]
    closed = caller(None, read_requires_token=True)
    for path in ("", f"/{number}", f"/{number}/issues"):
        assert closed.get(f"/api/imports{path}").status_code == 401


def test_what_is_wrong_with_a_form_is_named(api: TestClient, problem: Problem) -> None:
    def fields(answer: Any) -> set[str | None]:
        return {error["field"] for error in problem(answer, 422, "invalid-request")["errors"]}

    assert fields(api.post("/api/imports", data={"layer": "parcels"})) == {"file"}
    assert fields(api.post("/api/imports")) == {"file"}
    assert fields(api.post("/api/imports", files={"other": ("a.csv", b"x")}, data={"layer": "parcels"})) >= {"file"}
    assert fields(api.post("/api/imports", data={"layer": "parcels", "file": "text"})) == {"file"}
    assert fields(api.post("/api/imports", files={"file": ("a.csv", b"x")})) == {"layer"}
    assert fields(send(api, b"x", "a.csv", layer="castles")) == {"layer"}
    assert fields(send(api, b"x", "a.csv", layer="a\x00b")) == {"layer"}
    assert fields(send(api, b"x", "a.csv", since="gestern")) == {"since"}
    assert fields(send(api, b"x", "a.csv", confirm_closing="-1")) == {"confirm_closing"}
    assert fields(send(api, b"x", "a.csv", confirm_closing=str(2**63))) == {"confirm_closing"}
    assert fields(send(api, b"x", "a.csv", dry_run="maybe")) == {"dry_run"}
    assert fields(send(api, b"x", "a.csv", wish="y")) == {"wish"}
    assert fields(send(api, b"x", "a.csv", crs=["EPSG:25832", "EPSG:4326"])) == {"crs"}
    assert fields(send(api, b"x", "a.csv", headers={"Idempotency-Key": "k" * 501})) == {"idempotency-key"}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nkey',
            "multipart/form-data; boundary=x",
        ),
        (b"--y\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"layer=parcels", "application/x-www-form-urlencoded"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x"),
    ],
)
def test_a_broken_form_is_refused(api: TestClient, content: bytes, kind: str) -> None:
    answer = api.post("/api/imports", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


def test_too_large_is_refused_before_anything_is_kept(
    caller: Callable[..., TestClient], home: Path, problem: Problem
) -> None:
    small = caller("planner", max_upload_bytes=2_000, max_body_bytes=500)
    problem(send(small, b"x" * 2_000, "a.csv"), 413, "too-large")

    def pieces() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        yield from [b"x" * 400] * 6

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(small.post("/api/imports", content=pieces(), headers=headers), 413, "too-large")
    assert send(small, b"key\n" * 300, "a.csv", layer="holdings").status_code == 202  # larger than another body may be
    problem(small.put(f"/api/parcels/{key(1)}", content=b"x" * 501), 413, "too-large")
    # who may not write is told so without his file being read
    assert send(caller(None, max_upload_bytes=2_000_000), b"x" * 1_500_000, "a.csv").status_code == 401


def test_the_same_key_is_carried_out_once(
    api: TestClient, harbour: Town, tmp_path: Path, drain: Callable[[], int], problem: Problem
) -> None:
    file, once = squares(tmp_path / "once.geojson", 60), {"Idempotency-Key": "abc"}
    first = send(api, file, headers=once)
    again = send(api, file, headers=once)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["location"] == again.headers["location"]
    problem(send(api, file, headers=once, dry_run="true"), 422, "key-reused")
    assert drain() == 1
    assert send(api, file, headers=once).json()["state"] == "done"
    assert drain() == 0
    assert send(api, file, headers={"Idempotency-Key": "abcd"}).json()["id"] != first.json()["id"]


def test_the_key_of_another_is_another_key(caller: Callable[..., TestClient], api: TestClient, tmp_path: Path) -> None:
    file, once = squares(tmp_path / "a.geojson", 61), {"Idempotency-Key": "shared"}
    assert send(api, file, headers=once).json()["id"] != send(caller("admin"), file, headers=once).json()["id"]


def test_a_full_queue_takes_no_more(caller: Callable[..., TestClient], problem: Problem, drain: Any) -> None:
    drain()
    few = caller("planner", max_queued_imports=2)
    statuses = [send(few, b"key\n", f"{n}.csv", layer="holdings").status_code for n in range(2)]
    assert statuses == [202, 202]
    full = send(few, b"key\n", "3.csv", layer="holdings")
    problem(full, 503, "queue-full")
    assert full.headers["retry-after"]


def test_a_home_that_takes_no_file(caller: Callable[..., TestClient], problem: Problem) -> None:
    nowhere = caller("planner")
    nowhere.app.state.settings = nowhere.app.state.settings.model_copy(  # type: ignore[attr-defined]
        update={"home": Path("/proc/landreserve")}
    )
    problem(send(nowhere, b"key\n", "a.csv", layer="holdings"), 507, "disk-full")


def test_a_file_that_is_gone_is_told(api: TestClient, home: Path, tmp_path: Path, drain: Callable[[], int]) -> None:
    run = send(api, squares(tmp_path / "a.geojson", 62)).json()
    for folder in (home / "uploads").iterdir():
        uploads.remove(home, folder.name)
    drain()
    found = api.get(f"/api/imports/{run['id']}").json()
    assert (found["state"], found["refusal"]["kind"]) == ("failed", "upload-gone")
    assert "LANDRESERVE_HOME" in found["refusal"]["message"]


@pytest.mark.parametrize("path", ["999999", "999999/issues", "2147483647"])
def test_an_unknown_import(api: TestClient, problem: Problem, path: str) -> None:
    problem(api.get(f"/api/imports/{path}"), 404, "import-unknown")


@pytest.mark.parametrize("path", ["0", "-1", "x", str(2**31), str(2**63), "1e3", "%00"])
def test_what_is_no_number(api: TestClient, problem: Problem, path: str) -> None:
    problem(api.get(f"/api/imports/{path}"), 422, "invalid-request")
    problem(api.get(f"/api/imports/{path}/issues"), 422, "invalid-request")


@pytest.mark.parametrize("query", ["state=lost", "before=0", "limit=0", "wish=1", "layer=%00", "after=1"])
def test_filters_are_checked(api: TestClient, problem: Problem, query: str) -> None:
    problem(api.get(f"/api/imports?{query}"), 422, "invalid-request")


def test_the_web_role_cannot_forge_a_run(harbour: Town) -> None:
    """It queues; that an import was done is not for it to say."""
    forged = (
        "INSERT INTO import_run (layer, source, dry_run, actor, created_at, state) VALUES ('a', 'b', false, 'c', now(), 'done')",
        "UPDATE import_run SET state = 'queued'",
        "DELETE FROM import_run",
        "INSERT INTO import_issue (run_id, number, kind, severity, message) VALUES (1, 1, 'a', 'note', 'b')",
        "DELETE FROM import_issue",
    )
    with engine_of(harbour.web) as engine:
        for statement in forged:
            with engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
                connection.execute(text(statement))


def test_an_import_that_nobody_takes_is_told_by_readyz(
    api: TestClient, harbour: Town, tmp_path: Path, drain: Callable[[], int]
) -> None:
    drain()
    run = send(api, squares(tmp_path / "a.geojson", 1)).json()
    assert api.get("/readyz").json()["status"] == "ready"
    with engine_of(harbour.owner) as engine, engine.begin() as connection:
        late = "UPDATE import_run SET created_at = created_at - interval '16 minutes' WHERE id = :id"
        connection.execute(text(late), {"id": run["id"]})
    found = api.get("/readyz").json()
    assert (found["status"], "landreserve worker" in found["reasons"][0]) == ("degraded", True)
    drain()
    assert api.get("/readyz").json()["status"] == "ready"


def test_what_killed_processes_left_is_deleted_and_nothing_else(harbour: Town, home: Path, tmp_path: Path) -> None:
    names = ("waits", "running", "done", "stray", "being filled")
    made = {name: uploads.store(tmp_path, "a.csv", io.BytesIO(b"x")).folder for name in names}
    (tmp_path / "uploads" / "notes").mkdir()
    for name in ("waits", "stray"):
        os.utime(tmp_path / "uploads" / made[name], (0, 0))
    with engine_of(harbour.owner) as engine:
        with Session(engine) as session:
            for name in ("waits", "running", "done"):
                runs.queue(session, Order("parcels", "a.csv", "test", upload=made[name]), datetime.now(UTC))
            for name, values in (
                ("running", "state = 'running'"),
                ("done", "state = 'done', finished_at = created_at"),
            ):
                session.execute(text(f"UPDATE import_run SET {values} WHERE upload = :folder"), {"folder": made[name]})
            session.commit()
        assert worker.tidy(engine, tmp_path) == 2
        left = {path.name for path in (tmp_path / "uploads").iterdir()}
        assert left == {made["waits"], made["running"], made["being filled"], "notes"}
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM import_run WHERE upload = ANY(:made)"), {"made": list(made.values())})


def test_a_file_that_cannot_be_kept_whole_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        uploads.store(tmp_path, "a.csv", Broken())  # type: ignore[arg-type]
    assert list((tmp_path / "uploads").iterdir()) == []
