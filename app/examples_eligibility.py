"""Examples of what is answered about eligibility; all of them fictitious."""

from typing import Any

from app.examples import CITATION, KEY, KNOWN

SERVICED: dict[str, Any] = {
    "parameter": "reserve.serviced",
    "value": True,
    "since": "2013-01-01",
    "text": "Vorschlag dieses Dienstes: verlangt wird gesicherte Erschließung im Sinne des § 30 Abs. 1 BauGB",
    "paragraph": None,
    "url": "https://www.hamburg.de/masterplan-industrie/",
    "published": "2013-01-01",
}
CRITERION: dict[str, Any] = {
    "part": 1,
    "name": "serviced",
    "outcome": "not_met",
    "effect": "remediable",
    "because": {"code": "not_serviced", "params": {}, "sentence": "Die Erschließung ist nicht gesichert."},
    "fact": False,
    "fact_date": "2021-01-01",
    "recorded_at": "2021-02-01T08:00:00Z",
}
PART: dict[str, Any] = {
    "number": 1,
    "part": None,
    "designation": "GE",
    "in_use_as_commercial": None,
    "plans": ["Beispielplan 1 (fiktiv)"],
    "site": "Beispielring (fiktiv)",
    "holder": "LIG",
    "disposition": "free",
    "gross_m2": 12000,
    "net_m2": 11250.5,
    "area_basis": "official",
    "standing": "excluded",
    "in_question": True,
    "verdict": "conditional",
}
VERDICT: dict[str, Any] = {
    "key": KEY,
    "district": "Bergedorf",
    "verdict": "conditional",
    "net_m2": 11250.5,
    "eligible_m2": 0,
    "eligible_from": None,
}
CHECK: dict[str, Any] = {
    "name": "economic_strength",
    "outcome": "unknown",
    "because": {
        "code": "to_be_judged",
        "params": {"award_criterion": "economic_strength"},
        "sentence": "Wirtschaftskraft: von einem Menschen am Bewerber zu beurteilen; berechnet wird hier nichts.",
    },
    "citation": {**CITATION, "parameter": "eligibility.award_checklist", "value": ["economic_strength"]},
}
OVERLAY: dict[str, Any] = {
    "kind": "flood",
    "outcome": "met",
    "name": "Beispielau (fiktiv)",
    "value": "HQ100",
    "share": 0.125,
    "data_on": "2025-06-30",
    "age_days": 508,
}
ELIGIBILITY: dict[str, Any] = {
    **KNOWN,
    **VERDICT,
    "on": "2026-11-20",
    "purpose": "award",
    "criteria": [{**CRITERION, "citation": SERVICED}],
    "parts": [PART],
    "checklist": [CHECK],
    "overlays": [OVERLAY],
    "rules_version": "1-0123456789ab",
    "attribution": [],
}
ELIGIBILITIES: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "purpose": "award",
    "verdicts": {"eligible": 0, "conditional": 1, "not_eligible": 0},
    "net_m2": 11250.5,
    "eligible_m2": 0,
    "unknown_keys": ["029901___00018______"],
    "citations": [SERVICED],
    "checklist": [CHECK],
    "rules_version": "1-0123456789ab",
    "attribution": [],
    "parcels": [
        {
            **VERDICT,
            "share": None,
            "criteria": [{**CRITERION, "citation": "reserve.serviced"}],
            "parts": [PART],
            "overlays": None,
        }
    ],
}
