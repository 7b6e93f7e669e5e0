"""The pages over the rolled-back session of a test, at a fixed instant; and a small register to show."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app import clock
from app.main import create_app
from app.settings import Settings
from tests.conftest import Fill, key, square
from tests.little_worlds import AVAILABLE

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
SETTINGS = Settings(database_url=SecretStr("postgresql://unused"), allowed_hosts=("testserver",))
SOUND = {**AVAILABLE, "holder": "HIE", "construction_possible_from": date(2014, 1, 1)}


@pytest.fixture(scope="session")
def service() -> FastAPI:
    """The service, made once: the first request to one takes longer than many later ones."""
    return create_app(SETTINGS, nullcontext)  # type: ignore[arg-type]


@pytest.fixture
def pages(service: FastAPI, session: Session) -> FastAPI:
    """The service, reading what the test has filled."""
    service.state.settings = SETTINGS
    service.state.reading = service.state.writing = lambda: nullcontext(session)
    service.dependency_overrides = {clock.now: lambda: NOW}
    return service


@pytest.fixture
def browse(pages: FastAPI) -> TestClient:
    """A caller of the pages that asks for no language."""
    return TestClient(pages)


def land(number: int, official_m2: str, district: str = "Altona", **fields: Any) -> dict[str, Any]:
    """A parcel of 100 m by 100 m with an official area of its own."""
    geom = square(number * 200, 0)
    return {"key": key(number), "official_m2": Decimal(official_m2), "district": district, "geom": geom, **fields}


@pytest.fixture
def register(fill: Fill) -> None:
    """Above the line by reserved land only: 60 ha free, 45 ha reserved until 2027-03-01, 3 ha from 2027-02-01 on; 5 ha
    unclear, 7 ha unrecorded."""
    fill(
        "parcels",
        land(1, "600000.55"),
        land(2, "450000.00", "Wandsbek"),
        land(3, "50000.00", "Wandsbek"),
        land(4, "70000.00"),
        land(5, "30000.00", "Harburg"),
    )
    zone = {"designation": "GE", "regulates_use": True}
    fill("zones", *({**zone, "plan": f"Plan {n}", "geom": square(n * 200, 0)} for n in range(1, 6)))
    fill(
        "holdings",
        {**SOUND, "parcel_key": key(1), "site": "Ostfeld"},
        {
            **SOUND,
            "parcel_key": key(2),
            "site": "Westfeld",
            "disposition": "reserved",
            "disposition_until": date(2027, 3, 1),
        },
        {**SOUND, "parcel_key": key(3), "site": "Nordfeld", "serviced": None},
        {**SOUND, "parcel_key": key(5), "construction_possible_from": date(2028, 2, 1)},
    )
