"""Conversions through the service: assessed, recorded, asked and assessed anew, on both sides of the law's days."""

from tests.conftest import key

QUESTION = {
    "route": "B31_3",
    "planning": "bplan",
    "purpose": "housing",
    "cases": "single",
    "site": {"parcels": [key(1)]},
    "application_on": "2026-01-12",
    "request_received_on": "2026-02-27",
    "environment": "not_significant",
}


def test_a_question_is_answered_with_its_clock(api):
    found = api.post("/api/conversions/assessments", json=QUESTION).json()
    assert (found["law_version"], found["involvement"]) == ("P31_3_V2", "check")
    assert (found["consent_deadline"], found["affected_m2"]) == ("2026-05-27", 600000.55)
