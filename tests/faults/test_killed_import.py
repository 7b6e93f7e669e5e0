"""An import killed at any moment leaves the register before it or after it, never between; then the same file gets in."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from parcels import db, ledger
from tests.faults.importing_child import AT
from tests.faults.own import engine_of, fingerprint, own_database

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
STEPS = ["reading", "amending", "choosing", "measuring, part 1 of 1", "posting", "before commit", "after commit"]
PARCELS = 700  # more than the ledger measures without choosing


def feature(number: int, **properties: object) -> dict[str, object]:
    west, south = 560_000 + 100 * (number % 50), 5_925_000 + 100 * (number // 50)
    ring = [[west, south], [west + 100, south], [west + 100, south + 100], [west, south + 100], [west, south]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def geojson(path: Path, features: list[dict[str, object]]) -> Path:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8")
    return path


def run(url: str, layer: str, path: Path, where: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.faults.importing_child", url, layer, str(path), where]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def world(cluster, tmp_path_factory):
    """A database with 700 parcels and a file of zones for most of them, which every kill tries to import."""
    folder = tmp_path_factory.mktemp("killed")
    parcels = [feature(n, key=f"029901___{n:05d}______", official_m2=10_000) for n in range(PARCELS)]
    zones = [feature(n, plan=f"Plan {n}", designation="GE") for n in range(600)]
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        done = run(urls.owner, "parcels", geojson(folder / "parcels.geojson", parcels), "never")
        assert done.returncode == 0, done.stderr
        yield urls.owner, engine, geojson(folder / "zones.geojson", zones)


def killed(world, where):
    url, engine, path = world
    before = fingerprint(engine)
    done = run(url, "zones", path, where)
    assert done.returncode == -signal.SIGKILL, (where, done.stderr)
    return before, fingerprint(engine)


@pytest.mark.parametrize("step", [step for step in STEPS if step != "after commit"])
def test_killed_at_a_step(world, step):
    before, after = killed(world, step)
    assert after == before


@pytest.mark.parametrize("statement", [4, 10, 16, 40, 70])
def test_killed_after_a_statement(world, statement):
    before, after = killed(world, str(statement))
    assert after == before


def test_killed_after_the_commit_and_again(world):
    """The last of this module: what was committed stays, and the same file changes nothing more."""
    before, after = killed(world, "after commit")
    assert after != before
    url, engine, path = world
    done = run(url, "zones", path, "never")
    assert done.returncode == 0, done.stderr
    assert fingerprint(engine) == after
    assert after["ledger"][0] == 600
    with db.sessions(engine)() as session:
        assert ledger.verify(session, AT) == ledger.Difference([], [])
