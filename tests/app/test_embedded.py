"""The private PostGIS, tried on real clusters: started, killed, started twice at once, filled up."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app import embedded, embedded_place, embedded_server

ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def ask(url: str, query: str) -> Any:
    with connect(url) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def private() -> Iterator[tuple[Path, embedded.Urls]]:
    with embedded.temporary() as cluster:
        yield cluster


@pytest.fixture
def new_home() -> Iterator[Callable[[Path], Path]]:
    """Makes homes (not yet started) that are stopped and deleted after the test, with their folders."""
    homes: list[Path] = []
    scratch = Path(tempfile.mkdtemp(prefix="lr-"))
    scratch.chmod(0o711)

    def make(below: Path) -> Path:
        homes.append(scratch / below)
        return homes[-1]

    yield make
    for home in homes:
        embedded.remove(home)
    shutil.rmtree(scratch)


def test_a_second_start_changes_nothing(private: tuple[Path, embedded.Urls]) -> None:
    home, urls = private
    before = embedded.status(home)
    heard: list[str] = []
    began = time.monotonic()
    assert embedded.start(home, heard.append) == urls
    assert time.monotonic() - began < 2
    assert embedded.status(home) == before
    assert before.running
    assert heard == []


def test_the_service_has_postgis_and_its_own_schema(private: tuple[Path, embedded.Urls]) -> None:
    _, urls = private
    point = "ST_AsText(ST_Transform(ST_SetSRID(ST_MakePoint(10, 53.5), 4326), 25832), 0)"
    assert ask(urls.owner, f"SELECT {point}") == "POINT(566332 5928359)"
    with connect(urls.owner) as owner:
        owner.execute("CREATE TABLE kept (m2 numeric, EXCLUDE USING gist (m2 WITH =))")
        owner.execute("DROP TABLE kept")


@pytest.mark.parametrize("role", ["owner", "web"])
def test_no_role_of_the_service_is_a_superuser(private: tuple[Path, embedded.Urls], role: str) -> None:
    url = getattr(private[1], role)
    with connect(url) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        )
        assert rights.fetchone() == (False,) * 5
    with connect(url) as connection:
        for statement in (
            "COPY (SELECT 1) TO PROGRAM 'cat'",
            "SELECT pg_read_file('/etc/passwd')",
            "CREATE DATABASE other",
            "CREATE ROLE other",
            "ALTER SYSTEM SET fsync = off",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_web_role_makes_no_tables_and_is_cut_off_in_time(private: tuple[Path, embedded.Urls]) -> None:
    with connect(private[1].web) as web:
        for statement in ("CREATE TABLE public.mine (a int)", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(statement)
        names = [
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "client_connection_check_interval",
        ]
        assert [web.execute(f"SHOW {name}").fetchone() for name in names] == [("5s",), ("2s",), ("15s",), ("1s",)]


def test_what_is_acknowledged_is_safe_and_nothing_listens_on_tcp(private: tuple[Path, embedded.Urls]) -> None:
    names = ["data_checksums", "fsync", "full_page_writes", "synchronous_commit", "listen_addresses", "TimeZone"]
    found = [ask(private[1].owner, f"SHOW {name}") for name in names]
    assert found == ["on", "on", "on", "on", "", "UTC"]


def test_every_session_has_a_memory_bound(private: tuple[Path, embedded.Urls]) -> None:
    with connect(private[1].web) as web:
        limits = Path(f"/proc/{web.info.backend_pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max address space"))
    assert str(embedded_server.ADDRESS_SPACE_BYTES) in line


def test_databases_of_their_own(private: tuple[Path, embedded.Urls]) -> None:
    home, urls = private
    other = embedded.create_database(home, "of its own")
    assert ask(other.owner, "SELECT current_database()") == "of its own"
    assert ask(other.owner, "SELECT count(*) FROM pg_extension WHERE extname IN ('postgis', 'btree_gist')") == 2
    embedded.drop_database(home, "of its own")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(other.owner)
    with pytest.raises(embedded.EmbeddedError, match="not dropped"):
        embedded.drop_database(home, "landreserve")
    assert ask(urls.web, "SELECT 1") == 1


def test_a_killed_postmaster_is_started_again_with_all_that_was_committed(
    private: tuple[Path, embedded.Urls],
) -> None:
    home, urls = private
    with connect(urls.owner) as owner:
        owner.execute("CREATE TABLE committed AS SELECT generate_series(1, 1000) AS n")
    first = embedded.status(home).pid
    assert first
    os.kill(first, signal.SIGKILL)
    embedded.start(home, silent)
    assert embedded.status(home).pid != first
    assert ask(urls.owner, "SELECT sum(n) FROM committed") == 500_500


def test_a_process_number_that_was_given_anew_does_not_keep_it_down(private: tuple[Path, embedded.Urls]) -> None:
    home, urls = private
    place = embedded_place.place_of(home)
    embedded.stop(home)
    account: dict[str, Any] = {"user": place.uid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "300"], cwd="/", **account) as stranger:
        stale = place.data / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{place.data}\n1700000000\n5432\n{place.sockets}\n\n  1234 1234\nready\n")
        os.chown(stale, place.uid, place.gid)
        try:
            embedded.start(home, silent)
            assert stranger.poll() is None
        finally:
            stranger.kill()
    assert ask(urls.web, "SELECT 1") == 1


def test_stop_and_status(private: tuple[Path, embedded.Urls]) -> None:
    home, urls = private
    assert embedded.stop(home) is True
    assert embedded.stop(home) is False
    status = embedded.status(home)
    assert (status.running, status.pid) == (False, None)
    assert status.major == embedded_place.find_programs(status.major).major
    assert embedded.start(home, silent) == urls


def test_backup_and_restore_as_the_operators_page_says(private: tuple[Path, embedded.Urls], tmp_path: Path) -> None:
    home, urls = private
    with connect(urls.owner) as owner:
        owner.execute("CREATE TABLE saved (area geometry(Polygon, 25832), during daterange)")
        owner.execute("ALTER TABLE saved ADD EXCLUDE USING gist (during WITH &&)")
        owner.execute("INSERT INTO saved VALUES (ST_MakeEnvelope(0, 0, 10, 10, 25832), '[2020-01-01,)')")
        owner.execute("GRANT SELECT ON saved TO landreserve_web")
    page = (ROOT / "docs/operations.md").read_text()
    backup, restore = page.split("## Backup")[1].split("```sh\n")[1].split("```")[0].splitlines()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LANDRESERVE_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LANDRESERVE_HOME": str(home)}

    def shell(command: str) -> None:
        subprocess.run(["bash", "-euc", command], env=environment, cwd=tmp_path, check=True)

    shell("landreserve migrate")
    shell(backup)
    with connect(urls.owner) as owner:
        owner.execute("DELETE FROM saved")
    shell(restore)
    assert ask(urls.web, "SELECT sum(ST_Area(area)) FROM saved") == 100


def test_three_starters_at_once_make_one_cluster(new_home: Callable[[Path], Path]) -> None:
    home = new_home(Path("at-once"))
    code = "import sys; from pathlib import Path; from app import embedded; embedded.start(Path(sys.argv[1]), print)"

    def starter(_: int) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", code, str(home)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor() as pool:
        done = list(pool.map(starter, range(3)))
    assert [each.returncode for each in done] == [0, 0, 0], done
    assert sum("Making a private PostgreSQL" in each.stdout for each in done) == 1
    assert embedded.status(home).running


def test_a_home_too_long_for_a_socket(new_home: Callable[[Path], Path]) -> None:
    home = new_home(Path("a-folder-with-a-long-name" * 4) / "and another one, with blanks and an 'apostrophe'")
    urls = embedded.start(home, silent)
    assert ask(urls.web, "SELECT 1") == 1
    assert len(str(embedded.status(home).sockets)) < 90


def test_a_folder_of_somebody_else_is_not_used_for_sockets(new_home: Callable[[Path], Path]) -> None:
    place = embedded_place.place_of(new_home(Path("long-name-of-a-home" * 10)))
    place.sockets.mkdir(mode=0o777)
    place.sockets.chmod(0o777)
    with pytest.raises(embedded.EmbeddedError, match="0700"):
        embedded.start(place.home, silent)


@needs_root
def test_a_home_that_the_server_cannot_enter(new_home: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    instead = new_home(Path("instead"))
    monkeypatch.setattr(embedded_place, "ROOT_HOME", instead)
    home = new_home(Path("closed/home"))
    home.parent.mkdir(mode=0o700)
    heard: list[str] = []
    urls = embedded.start(home, heard.append)
    assert "cannot enter" in heard[0]
    assert ask(urls.web, "SELECT 1") == 1
    data = embedded.status(home).data
    assert data.is_relative_to(instead)
    embedded.remove(home)
    assert not data.exists()


def test_data_of_another_major_version_is_refused_by_name(new_home: Callable[[Path], Path]) -> None:
    home = new_home(Path("old"))
    (home / "data").mkdir(parents=True)
    (home / "data/PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError, match="postgresql-9-postgis-3"):
        embedded.start(home, silent)
    shutil.rmtree(home)


def test_an_interrupted_initdb_is_made_anew(new_home: Callable[[Path], Path]) -> None:
    home = new_home(Path("half"))
    (home / "data.new/base").mkdir(parents=True)
    assert ask(embedded.start(home, silent).web, "SELECT 1") == 1


def test_a_server_that_could_lose_commits_is_refused(new_home: Callable[[Path], Path]) -> None:
    home = new_home(Path("unsafe"))
    home.mkdir()
    (home / "local.conf").write_text("synchronous_commit = off\n")
    with pytest.raises(embedded.EmbeddedError, match="synchronous_commit = off"):
        embedded.start(home, silent)


def test_settings_it_cannot_start_with_are_named(
    new_home: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_server, "START_SECONDS", 1)
    home = new_home(Path("broken"))
    home.mkdir()
    (home / "local.conf").write_text("work_mem = plenty\n")
    with pytest.raises(embedded.EmbeddedError, match=r"configuration file .* contains errors"):
        embedded.start(home, silent)


@needs_root
@pytest.mark.faults
def test_a_full_disk_is_named_and_an_emergency_start_helps(
    new_home: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_server, "START_SECONDS", 2)
    disk = new_home(Path("disk"))
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500M,mode=755", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    home = disk / "home"
    try:
        urls = embedded.start(home, silent)
        pid = embedded.status(home).pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        with (disk / "filler").open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(disk).free)
        with pytest.raises(embedded.EmbeddedError, match="--emergency"):
            embedded.start(home, silent)
        assert embedded.start(home, silent, emergency=True) == urls
        assert ask(urls.web, "SELECT 1") == 1
        embedded.stop(home)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
