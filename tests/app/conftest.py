"""A small town in a database of its own, really committed, and the service over it as its lesser role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app import clock, embedded
from app.main import create_app
from app.settings import Settings
from parcels import db, delivering, register, tokens
from parcels.tokens import Role
from tests.conftest import key, square
from tests.faults.own import copy_of_migrated, engine_of
from tests.little_worlds import AVAILABLE

FIRST = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
SECOND = datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
FORMULA = '=cmd|" /C calc"!A1'
SOUND: dict[str, Any] = {**AVAILABLE, "construction_possible_from": date(2020, 1, 1), "marketable": True}
UNTOUCHED, RACED, EDITED, OUTLINED, PARTED = key(1), key(20), key(21), key(22), key(23)


class Town(NamedTuple):
    """Where the town's database is."""

    owner: str
    web: str


@pytest.fixture(scope="session")
def new_database(cluster: Path | None) -> Iterator[Callable[[str], Town]]:
    """Makes migrated databases of their own, dropped at the end of the run."""
    if cluster is None:
        pytest.skip("a database of one's own cannot be made behind LANDRESERVE_TEST_DATABASE_URL")
    made = []

    def make(name: str) -> Town:
        made.append(name)
        urls = copy_of_migrated(cluster, name)
        return Town(urls.owner, urls.web)

    yield make
    for name in made:
        embedded.drop_database(cluster, name)


def land(number: int, official_m2: str, district: str) -> dict[str, Any]:
    """A parcel of 100 m by 100 m with an official area of its own."""
    return {
        "key": key(number),
        "official_m2": Decimal(official_m2),
        "gemarkung": "Beispielmarsch",
        "district": district,
        "geom": square(number * 200, 0),
    }


def state(town: Town, layer: str, rows: list[dict[str, Any]], at: datetime = FIRST, note: str | None = None) -> None:
    """Record rows of a layer in a town."""
    with engine_of(town.owner) as engine, db.sessions(engine)() as session:
        register.edit(session, layer, rows, at, "test", note)
        session.commit()


def fill(town: Town) -> None:
    """Four parcels that count in two districts, one sold on 1 May, one unclear, one unrecorded, five more to be edited."""
    numbers = {1: "600000.55", 2: "300000.25", 3: "50000", 4: "70000", 5: "20000.01", 6: "30000", 20: "1000"}
    numbers |= {21: "1000", 22: "1000", 23: "1000"}
    state(town, "parcels", [land(n, m2, "Altona" if n % 2 else "Wandsbek") for n, m2 in numbers.items()])
    zone = {"designation": "GE", "regulates_use": True}
    state(town, "zones", [{**zone, "plan": f"Plan {n}", "geom": square(n * 200, 0)} for n in numbers])
    held = [{**SOUND, "parcel_key": key(n), "site": f"Feld {n}"} for n in (1, 2, 5, 6, 20, 21, 22)]
    held[2]["site"] = FORMULA
    held.append({**SOUND, "parcel_key": key(3), "site": "Offen", "serviced": None})
    held.append({**SOUND, "parcel_key": PARTED, "site": "Teil", "geom": square(23 * 200, 0, 50, 100)})
    state(town, "holdings", held)
    sold = {**SOUND, "parcel_key": key(6), "site": "Feld 6", "disposition": "sold", "valid_from": date(2026, 5, 1)}
    reserved = {**SOUND, "parcel_key": key(2), "site": "Feld 2", "disposition": "reserved"}
    reserved |= {"disposition_until": date(2026, 9, 1), "valid_from": date(2026, 2, 1)}
    state(town, "holdings", [sold, reserved], SECOND, "Kaufvertrag")
    with engine_of(town.owner) as engine, db.sessions(engine)() as session:
        delivering.fan_out(session, SECOND)  # as the worker does that is not there
        session.commit()


@pytest.fixture(scope="session")
def town(new_database: Callable[[str], Town]) -> Town:
    """The town's database, filled."""
    made = new_database("town")
    fill(made)
    return made


def service(url: str, **settings: Any) -> FastAPI:
    """The service over a database, on 1 June 2026."""
    chosen = {"database_url": SecretStr(url), "allowed_hosts": ("testserver",), **settings}
    app = create_app(Settings(**chosen))
    app.dependency_overrides[clock.now] = lambda: NOW
    return app


@pytest.fixture(scope="session")
def api(town: Town) -> Iterator[TestClient]:
    """A caller without a token."""
    with TestClient(service(town.web), raise_server_exceptions=False) as client:
        yield client


def token(town: Town, role: Role, now: datetime = FIRST, expires_at: datetime | None = None) -> tuple[str, str]:
    """A new token of a role: (id, what the caller shows)."""
    with engine_of(town.owner) as engine, db.sessions(engine)() as session:
        made, shown = tokens.create(session, f"Test {role}", role, now, expires_at)
        session.commit()
    return made.id, shown


@pytest.fixture(scope="session")
def new_token(town: Town) -> Callable[..., tuple[str, str]]:
    """Makes a token of a role in the town."""
    return partial(token, town)


def planner(town: Town, **headers: str) -> TestClient:
    """A caller with a planner's token, who sends these headers too."""
    headers = {"Authorization": f"Bearer {token(town, 'planner')[1]}", **headers}
    return TestClient(service(town.web), raise_server_exceptions=False, headers=headers)


@pytest.fixture(scope="session")
def write(town: Town) -> Iterator[TestClient]:
    """A planner over the town."""
    with planner(town) as client:
        yield client


@pytest.fixture
def problem() -> Callable[..., dict[str, Any]]:
    """Checks that an answer is a problem of this kind, and gives its body."""

    def check(answer: Any, status: int, slug: str) -> dict[str, Any]:
        assert answer.headers["content-type"] == "application/problem+json"
        body: dict[str, Any] = answer.json()
        assert (answer.status_code, body["type"], body["status"]) == (status, f"/problems/{slug}", status), body
        assert {"title", "detail", "errors"} <= set(body)
        for error in body["errors"]:
            assert set(error) == {"field", "message", "remedy"}
            assert error["message"]
            assert error["remedy"]
        return body

    return check
