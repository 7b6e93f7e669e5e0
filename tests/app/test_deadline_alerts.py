"""Deadlines of cases are told when they are near and when they are missed, each once, and are over with the decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from fastapi.testclient import TestClient

from app import conversion_due
from parcels import alerts, db
from rules.alerts import Kind
from rules.law import BERLIN
from tests.app.conftest import Town, fill, service, token
from tests.app.test_conversion_journey import QUESTION
from tests.faults.own import engine_of

OF_CASES = (Kind.DEADLINE_NEAR, Kind.DEADLINE_MISSED)


@pytest.fixture(scope="module")
def office(new_database: Callable[[str], Town]) -> Town:
    made = new_database("deadlines")
    fill(made)
    return made


def told(office: Town, day: str) -> set[tuple[str, str, str]]:
    """Look on a day, twice, and give what is open then: (kind, subject, deadline)."""
    with engine_of(office.owner) as engine:
        for hour in (9, 10):
            with db.sessions(engine)() as session:
                conversion_due.tell(session, datetime.fromisoformat(f"{day}T{hour:02}:00").replace(tzinfo=BERLIN))
                session.commit()
        with db.sessions(engine)() as session:
            found = alerts.listing(session, open_only=True, kinds=OF_CASES)
            return {(one.kind.value, one.subject, one.facts["deadline"]) for one in found}


def test_near_missed_and_over(office: Town) -> None:
    """Received on 20 May: silence consents on 20 August, the authority has until the 13th; six weeks before it is warned."""
    headers = {"Authorization": f"Bearer {token(office, 'planner')[1]}"}
    with TestClient(service(office.web), raise_server_exceptions=False, headers=headers) as client:
        entered = client.post("/api/conversions", json={**QUESTION, "request_received_on": "2026-05-20"})
        assert entered.status_code == 201, entered.text
        case = entered.json()["id"]
        consent, bwi = f"N/61-12.3 ({case}/consent)", f"N/61-12.3 ({case}/bwi)"
        assert told(office, "2026-07-08") == set()
        near = {("deadline_near", consent, "2026-08-20"), ("deadline_near", bwi, "2026-08-13")}
        assert told(office, "2026-07-09") == told(office, "2026-08-13") == near
        late = {("deadline_near", consent, "2026-08-20"), ("deadline_missed", bwi, "2026-08-13")}
        assert told(office, "2026-08-14") == told(office, "2026-08-20") == late
        missed = {("deadline_missed", consent, "2026-08-20"), ("deadline_missed", bwi, "2026-08-13")}
        assert told(office, "2026-08-21") == missed
        last = client.get(f"/api/conversions/{case}/steps").json()["last_step"]
        decided = client.post(
            f"/api/conversions/{case}/steps", json={"kind": "refused", "on": "2026-06-01", "after": last}
        )
        assert decided.status_code == 201, decided.text
    assert told(office, "2026-08-22") == set()
    with engine_of(office.owner) as engine, db.sessions(engine)() as session:
        assert len(alerts.listing(session, kinds=OF_CASES)) == 4  # each was told once
