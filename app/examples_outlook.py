"""The example of an outlook for the API description; fictitious."""

from typing import Any

from app.examples import BASIS, KEY, KNOWN

NOT_SOON: dict[str, Any] = {"found": "not_within_horizon", "on": None, "back_on": None}
BELOW: dict[str, Any] = {"found": "already_below", "on": "2026-11-20", "back_on": None}
OUTLOOK: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "until": "2031-11-20",
    "state": "warning",
    "now": {"net_ha": 102.5, "free_ha": 96.25, "net_m2": 1025000, "free_m2": 962500},
    "then": {"net_ha": 101.375, "free_ha": 95.125, "net_m2": 1013749.5, "free_m2": 951249.5},
    "targets": [{"since": "2026-11-20", "target_ha": 100}],
    "take_up": [
        {
            "months": 12,
            "since": "2025-11-20",
            "until": "2026-11-20",
            "known": True,
            "taken_ha": 8.0,
            "taken_m2": 80000,
            "ha_a_year": 8.0,
        },
        {
            "months": 36,
            "since": "2023-11-20",
            "until": "2026-11-20",
            "known": False,
            "taken_ha": None,
            "taken_m2": None,
            "ha_a_year": None,
        },
    ],
    "departures": [{"on": "2026-05-01", "site": "Beispielring (fiktiv)", "parcels": [KEY], "net_m2": 80000}],
    "scenarios": [
        {
            "scenario": "recorded",
            "name": "nur was erfasst ist",
            "ha_a_year": 0,
            "net": {"reach": None, "first_below": NOT_SOON, "with_pipeline": NOT_SOON},
            "free": {"reach": None, "first_below": BELOW, "with_pipeline": BELOW},
        },
        {
            "scenario": "high",
            "name": "hoher Verbrauch",
            "ha_a_year": 8.0,
            "net": {
                "reach": {"found": "years", "years": 12.81},
                "first_below": {"found": "crosses", "on": "2027-03-14", "back_on": None},
                "with_pipeline": {"found": "crosses", "on": "2027-08-26", "back_on": None},
            },
            "free": {
                "reach": {"found": "years", "years": 12.03},
                "first_below": BELOW,
                "with_pipeline": BELOW,
            },
        },
    ],
    "entries": [
        {
            "on": "2027-02-01",
            "kind": "left",
            "site": "Beispielring (fiktiv)",
            "parcels": [KEY],
            "district": "Bergedorf",
            "net_m2": -11250.5,
            "free_m2": -11250.5,
            "because": ["not_disposed", "disposition"],
            "why": "Vergabe: frei → verkauft",
        }
    ],
    "points": [
        {
            "on": "2026-11-20",
            "recorded": {"net_ha": 102.5, "free_ha": 96.25},
            "low": {"net_ha": 102.5, "free_ha": 96.25},
            "middle": {"net_ha": 102.5, "free_ha": 96.25},
            "high": {"net_ha": 102.5, "free_ha": 96.25},
        }
    ],
    "pipeline": [
        {
            "plan": "Beispielplan 2 (fiktiv)",
            "stage": "draft",
            "designation": "GE",
            "expected": "2028-05-01",
            "overdue": False,
            "area_ha": 4.8,
        }
    ],
    "sites": [
        {
            "candidate": 3,
            "name": "Beispielfeld (fiktiv)",
            "plan": "Beispielplan 2 (fiktiv)",
            "designation": "GE",
            "district": "Bergedorf",
            "net_ha": 4.6,
            "pledged_ha": 1.0,
            "in_course_ha": 0,
            "enters_ha": 3.6,
            "security": "secure",
            "because": ["Der Weg ist sicher; Stand des Plans: festgestellt."],
            "aside": ["pledged"],
            "aside_says": ["Zugesagtes macht einen Verlust wett"],
            "way": {
                "stage": "adopted",
                "plan_ripe": None,
                "in_force_on": "2027-02-01",
                "servicing_done_on": "2027-03-01",
                "servicing_funded": True,
                "available_on": "2027-03-01",
                "ahead": [{"milestone": "servicing", "on": "2027-03-01"}],
                "overdue": [],
                "undated": [],
            },
        }
    ],
    "assumptions": [
        {
            "code": "history_too_short",
            "values": {"months": 36, "needed_since": "2023-11-20"},
            "says": "Der Verbrauch der letzten 36 Monate ist unbekannt: dafür müsste das Register seit dem 20. November 2023 "
            "geführt sein.",
        }
    ],
    "basis": BASIS,
}
