"""Readers that stand by are loaded before their file comes, and otherwise as any other: for one file, confined, gone afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parcels.importing import readers, sandbox
from parcels.importing.contract import Options
from tests.importing.gate_files import CHOICES, parcels, refused, through


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Where readers have their folders."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def file(tmp_path):
    return parcels(tmp_path / "p.gpkg")


def standing() -> int:
    """The process that stands by."""
    return readers._standing[0].child.pid


def lives(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not lives(pid)


def test_a_reader_that_stood_by_reads_the_next_file_and_no_other(jobs, file):
    cold = through(file, "parcels")
    with readers.standing_by():
        assert readers._standing == []  # the first file has not come yet
        first = through(file, "parcels")
        waiting = standing()
        second = through(file, "parcels")
        assert second.reading._child.pid == waiting != first.reading._child.pid
        assert standing() != waiting
        assert not lives(waiting)
        assert len(list(jobs.iterdir())) == 1  # of the one that stands by
        last = standing()
    assert second.rows == first.rows == cold.rows
    assert second.reading.layers_of_defence == cold.reading.layers_of_defence
    assert not lives(last)
    assert list(jobs.iterdir()) == []


@pytest.mark.parametrize("small", [True, False])
def test_the_next_one_loads_beside_a_small_file_and_after_a_large_one(jobs, file, monkeypatch, small):
    monkeypatch.setattr(sandbox, "SMALL", file.stat().st_size if small else 0)
    with readers.standing_by():
        chosen = Options(choices=CHOICES)
        with sandbox.read(file, "parcels", chosen, lambda rows, total: None) as reading:
            assert list(reading.chunks())
            assert bool(readers._standing) is small
        assert readers._standing


def test_without_need_none_stands_by(jobs, file):
    through(file, "parcels")
    readers.stand_by()
    assert (readers._standing, list(jobs.iterdir())) == ([], [])


def test_blocks_within_each_other_keep_one_reader(jobs, file):
    with readers.standing_by():
        with readers.standing_by():
            through(file, "parcels")
            waiting = standing()
        assert standing() == waiting
    assert gone(waiting)


def test_after_a_refused_file_one_stands_by_too(jobs, file, tmp_path):
    (tmp_path / "q.gpkg").write_bytes(b"no GeoPackage")
    with readers.standing_by():
        assert refused(tmp_path / "q.gpkg", "parcels").kind == "wrong-format"
        waiting = standing()
        assert through(file, "parcels").reading._child.pid == waiting


@pytest.mark.parametrize("how", ["killed", "cleared away", "another's"])
def test_one_that_can_read_no_more_is_replaced(jobs, file, how, monkeypatch):
    with readers.standing_by():
        through(file, "parcels")
        lost = readers._standing[0]
        if how == "killed":
            lost.child.send_signal(signal.SIGKILL)
            lost.child.wait()
        elif how == "another's":
            monkeypatch.setattr("os.geteuid", lambda: lost.job.stat().st_uid + 1)
        else:
            for path in lost.job.iterdir():
                path.unlink()
            lost.job.rmdir()
        outcome = through(file, "parcels")
        assert len(outcome.rows) == 30
        assert outcome.reading._child.pid != lost.child.pid
        assert gone(lost.child.pid)


def test_that_none_can_stand_by_holds_up_no_import(jobs, file, monkeypatch, caplog):
    def no_process(*_, **__):
        raise OSError("Cannot allocate memory")

    with readers.standing_by():
        with monkeypatch.context() as patched:
            patched.setattr(readers, "stand_by", lambda: None)
            through(file, "parcels")
        with monkeypatch.context() as patched:
            patched.setattr(subprocess, "Popen", no_process)
            readers.stand_by()
        assert "no reader stands by: Cannot allocate memory" in caplog.text
        assert list(jobs.iterdir()) == []
        assert len(through(file, "parcels").rows) == 30


@pytest.mark.parametrize(("stop", "stays"), [(KeyboardInterrupt, False), (ValueError, True)])
def test_where_the_process_is_told_to_stop_none_follows(jobs, file, stop, stays):
    with readers.standing_by():
        with pytest.raises(stop), readers.reader():
            raise stop
        assert bool(readers._standing) is stays


def test_where_none_is_wanted_none_stands_by(jobs, file):
    with readers.standing_by(False):
        through(file, "parcels")
        assert readers._standing == []


def test_it_ends_with_the_process_that_started_it(jobs):
    code = (
        "import os, signal, time\nfrom parcels.importing import readers\n"
        "with readers.standing_by():\n"
        "    readers.stand_by()\n"
        "    print(readers._standing[0].child.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=readers.PROJECT,
        env={**os.environ, "TMPDIR": str(jobs)},
    )
    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))
    assert readers.sweep() == 1
    assert list(jobs.iterdir()) == []


def test_one_that_gets_no_order_ends_without_a_word(jobs):
    with readers.standing_by():
        readers.stand_by()
        child = readers._standing[0].child
        readers.stream(child.stdin).close()
        assert child.wait(timeout=30) == 0
        assert readers.stream(child.stdout).read() == b""
        assert [path.name for path in readers._standing[0].job.iterdir()] == ["stderr"]
