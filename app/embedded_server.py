"""The private PostgreSQL as a process: made, started, waited for, stopped.

Nothing here knows roles or databases; `app.embedded` is the face of both.
"""

import fcntl
import os
import resource
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from app.embedded_place import EmbeddedError, Place, Programs, disk_is_full, own_folder, where_to_look

SUPERUSER = "postgres"
START_SECONDS = 30
RECOVERY_SECONDS = 600
# A bound on one server process: an overlay that runs wild then fails alone instead of taking the machine's memory.
ADDRESS_SPACE_BYTES = 4 * 1024**3

SETTINGS = """\
# Written at every start of the server. Settings of your own belong into local.conf beside this file: it is read last.
include 'data/postgresql.conf'
listen_addresses = ''
unix_socket_permissions = 0700
timezone = 'UTC'
max_connections = 60
shared_buffers = 256MB
effective_cache_size = 1536MB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
wal_compression = {compression}
random_page_cost = 1.1
jit = off
max_parallel_workers = 2
log_lock_waits = on
logging_collector = on
log_filename = 'postgresql-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
"""


def initialise(place: Place, programs: Programs) -> None:
    """Make the data folder (checksums, UTF-8, no TCP); it appears under its name only when it is whole."""
    fresh = place.home / "data.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    own_folder(place, fresh)
    options = ["--data-checksums", "--auth-local=trust", "--auth-host=reject", "-E", "UTF8", "--locale=C.UTF-8"]
    done = run(place, programs, "initdb", "-D", str(fresh), "-U", SUPERUSER, *options)
    if done.returncode:
        raise EmbeddedError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    fresh.rename(place.data)


def run(place: Place, programs: Programs, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of PostgreSQL's programs under the server's account; the caller judges the exit code."""
    return _run(place, programs, [str(programs.folder / name), *arguments])


def bring_up(place: Place, programs: Programs, say: Callable[[str], None]) -> None:
    """Start the server and wait until it answers: 30 s for one that will not run, 10 min for one that recovers."""
    for folder in (place.sockets, place.home / "log"):
        own_folder(place, folder)
    began = time.monotonic()
    trouble = ""
    while not answers(place):
        waited = time.monotonic() - began
        hopeful = alive(place) and not disk_is_full(place)  # on a full disk it lives, crashing again and again
        if waited > (RECOVERY_SECONDS if hopeful else START_SECONDS):
            raise EmbeddedError(f"PostgreSQL did not start: {_last_words(place)}{where_to_look(place)}")
        if not alive(place):
            if trouble:
                say(f"PostgreSQL is not up yet, trying again: {trouble}")
            trouble = _launch(place, programs)
        elif waited > 5 and not trouble:
            trouble = "recovering"
            say("PostgreSQL lives but does not answer yet: it recovers, or the sessions of a killed one are ending.")
        time.sleep(0.2 if waited < 2 else 1)


def answers(place: Place) -> bool:
    """Whether the server takes connections now."""
    try:
        connect(place).close()
    except psycopg.OperationalError:
        return False
    return True


def connect(place: Place, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
    """A connection as the cluster's superuser, in autocommit; for the launcher only."""
    return psycopg.connect(
        host=str(place.sockets), user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=10
    )


def alive(place: Place) -> bool:
    """Whether any process of the server lives: each has inherited the lock that it was started under."""
    with _locked(place.home / "server.lock", fcntl.LOCK_SH | fcntl.LOCK_NB) as free:
        return free is None


@contextmanager
def only_one_starter(place: Place, say: Callable[[str], None]) -> Iterator[None]:
    """Hold off other starters and stoppers of the same home."""
    with _locked(place.home / "start.lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as held:
        if held is not None:
            yield
            return
    say("Another start or stop of this PostgreSQL is running: waiting for it.")
    with _locked(place.home / "start.lock", fcntl.LOCK_EX):
        yield


def shut_down(place: Place, programs: Programs) -> None:
    """Stop the server (open transactions are rolled back) and wait until its last process is gone."""
    done = run(place, programs, "pg_ctl", "stop", "-D", str(place.data), "-m", "fast", "-w", "-t", "60")
    if done.returncode and answers(place):
        raise EmbeddedError(f"PostgreSQL did not stop: {done.stderr.strip()}")
    until = time.monotonic() + 10
    while alive(place) and time.monotonic() < until:
        time.sleep(0.05)


def postmaster_pid(place: Place) -> int | None:
    """Process number by the server's own lock file, which outlives a killed server."""
    lines = (place.data / "postmaster.pid").read_text().split() if (place.data / "postmaster.pid").exists() else []
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _launch(place: Place, programs: Programs) -> str:
    """One try to start; returns why it failed, or nothing. The server inherits the lock and so shows that it lives."""
    with _locked(place.home / "server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as lock:
        if lock is None:
            return "processes of the former server are still ending"
        _forget_stale_pid(place)
        settings = _write_settings(place, _compression(place, programs))
        options = shlex.join(["-c", f"config_file={settings}", "-k", str(place.sockets)])
        command = [*_memory_bound(), str(programs.folder / "pg_ctl"), "start", "-D", str(place.data), "-o", options]
        command += ["-l", str(place.home / "log/start.log"), "-w", "-t", "5", "-s"]
        done = _run(place, programs, command, inherit=(lock,))
    return "" if done.returncode == 0 else _last_words(place)


def _compression(place: Place, programs: Programs) -> str:
    """How the log's pages are compressed: LZ4 takes a fraction of the time, but not every version and build has it."""
    asked = ("-D", str(place.data), "-c", "wal_compression=lz4", "-C", "wal_compression")
    return "lz4" if run(place, programs, "postgres", *asked).returncode == 0 else "on"


def _write_settings(place: Place, compression: str) -> Path:
    """Write the server's settings into the home, which is not the server's own; gives the file."""
    lines = [SETTINGS.format(compression=compression) + f"log_directory = {_quoted(place.home / 'log')}"]
    if (place.home / "local.conf").exists():
        lines.append(f"include {_quoted(place.home / 'local.conf')}")
    settings = place.home / "postgresql.conf"
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings.chmod(0o644)
    return settings


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _memory_bound() -> list[str]:
    """Prefix of a command that bounds the address space of the postmaster and of every session that it forks."""
    prlimit = shutil.which("prlimit")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if prlimit is None or (hard != resource.RLIM_INFINITY and hard <= ADDRESS_SPACE_BYTES):
        return []
    return [prlimit, f"--as={ADDRESS_SPACE_BYTES}"]


def _forget_stale_pid(place: Place) -> None:
    """Remove a lock file whose process number now belongs to a zombie or to another program.

    PostgreSQL itself sees through a number that nobody has; it would refuse to start on a number that was given anew.
    """
    pid = postmaster_pid(place)
    if pid is None:
        return
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return
    fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    if fields.get("State", "").startswith("Z") or not fields.get("Name", "").startswith("postgres"):
        (place.data / "postmaster.pid").unlink()


def _run(
    place: Place, programs: Programs, command: list[str], inherit: tuple[int, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    options: dict[str, object] = {}
    if os.geteuid() == 0:
        options = {"user": place.uid, "group": place.gid, "extra_groups": []}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603 - fixed programs, no shell
        command,
        cwd="/",
        env=programs.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        pass_fds=inherit,
        check=False,
        **options,
    )


@contextmanager
def _locked(path: Path, operation: int) -> Iterator[int | None]:
    """Open `path` and flock it; gives the descriptor, or None where a non-blocking lock is held by another."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)  # closing does not unlock what a started server has inherited


def _last_words(place: Place) -> str:
    """What the newest log says last, for an error message."""
    logs = sorted((place.home / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines[-20:] if "FATAL" in line or "PANIC" in line] or lines[-3:]
    return " ".join(telling[-1:]) or "its log is empty"
