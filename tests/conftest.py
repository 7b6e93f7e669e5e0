"""A real PostGIS for the whole run, a migrated database, and a session that is rolled back after each test."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import embedded, embedded_place, embedded_server
from parcels import db, register

REALDATA = Path(__file__).resolve().parents[2] / "shared" / "realdata"
AT = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
gc.disable()  # until all tests are collected


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: looking through it for garbage takes a quarter of the run."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real open geodata beside the project; tests that need it skip where it is missing."""
    if not REALDATA.exists():
        pytest.skip("the shared real data is not beside the project (../shared/realdata)")
    return REALDATA


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path | None]:
    """The home of a private PostGIS that lives as long as the run; None where LANDRESERVE_TEST_DATABASE_URL names one."""
    if os.environ.get("LANDRESERVE_TEST_DATABASE_URL"):
        yield None
        return
    with embedded.temporary() as (home, _):
        # Nothing outlives this server: what must outlive a crash is tested with servers of its own.
        with embedded_server.connect(embedded_place.place_of(home)) as superuser:
            superuser.execute("ALTER SYSTEM SET fsync = off")
            superuser.execute("SELECT pg_reload_conf()")
        yield home


@pytest.fixture(scope="session")
def database(cluster: Path | None) -> tuple[str, str]:
    """URLs (owner, web) of one migrated database."""
    if cluster is None:
        url = os.environ["LANDRESERVE_TEST_DATABASE_URL"]
        urls = (url, url)
    else:
        made = embedded.urls(cluster)
        urls = (made.owner, made.web)
    engine = db.engine(urls[0])
    db.migrate(engine)
    engine.dispose()
    return urls


@pytest.fixture(scope="session")
def engine(database: tuple[str, str]) -> Iterator[Engine]:
    engine = db.engine(database[0])
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose commits are savepoints of a transaction that is rolled back."""
    with rolled_back(engine) as s:
        yield s


@contextmanager
def rolled_back(engine: Engine) -> Iterator[Session]:
    """The same for a module whose tests look at one world."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False, autoflush=False
        ) as s:
            yield s
        outer.rollback()


Fill = Callable[..., register.Change]


@pytest.fixture
def fill(session: Session) -> Fill:
    """State rows of a layer: fill("parcels", {...}, {...}, at=instant). Geometry as EWKT or from `square`."""
    return filling(session)


def filling(session: Session) -> Fill:
    """What `fill` is, for a session."""

    def state(layer: str, *rows: dict[str, Any], at: datetime = AT) -> register.Change:
        change = register.edit(session, layer, list(rows), at, "test", None)
        session.commit()
        return change

    return state


def square(east: float, north: float, width: float = 100, height: float | None = None) -> str:
    """A rectangle as EWKT in EPSG:25832, its south-west corner in metres from a point in Hamburg."""
    x, y = 565_000 + east, 5_930_000 + north
    x2, y2 = x + width, y + (width if height is None else height)
    return f"SRID=25832;MULTIPOLYGON((({x} {y}, {x2} {y}, {x2} {y2}, {x} {y2}, {x} {y})))"


def key(number: int) -> str:
    """A Flurstueckskennzeichen of the Gemarkung 9901, which does not exist."""
    return f"029901___{number:05d}______"
