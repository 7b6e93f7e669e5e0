"""The example of a simulation's answer for the API description; all of it fictitious."""

from typing import Any

from app.examples import AMOUNTS, BASIS, ENTRY, KEY, KNOWN

SIDE: dict[str, Any] = {
    **AMOUNTS,
    "target_ha": 98,
    "gap_ha": 0,
    "state": "warning",
    "groups": [{"by": {"district": "Bergedorf"}, **AMOUNTS}],
}
AFTER: dict[str, Any] = {**SIDE, "net_ha": 97.5619, "net_m2": 975619.82, "free_ha": 88.8966, "free_m2": 888965.5}
SOLD: dict[str, Any] = {
    **ENTRY,
    "disposition": "sold",
    "standing": "excluded",
    "criteria": {"not_met": ["not_disposed"], "unknown": []},
}
SIMULATION: dict[str, Any] = {
    **KNOWN,
    "on": "2027-01-01",
    "since": "2026-11-20",
    "until": "2027-11-20",
    "before": SIDE,
    "after": {**AFTER, "gap_ha": 0.4381, "state": "below"},
    "difference": {"net_ha": -1.2034, "free_ha": -1.2034, "net_m2": -12034.5, "free_m2": -12034.5},
    "series": {
        "before": [{"on": "2026-11-20", "net_ha": 98.7654, "free_ha": 90.1}],
        "after": [
            {"on": "2026-11-20", "net_ha": 98.7654, "free_ha": 90.1},
            {"on": "2027-01-01", "net_ha": 97.562, "free_ha": 88.8966},
        ],
        "targets": [{"since": "2026-11-20", "target_ha": 98}],
    },
    "entries": [
        {
            "parcel": KEY,
            "part": None,
            "site": "Beispielring (fiktiv)",
            "district": "Bergedorf",
            "from_standing": "counted_free",
            "to_standing": "excluded",
            "net_m2": -12034.5,
            "free_m2": -12034.5,
            "criteria": [{"name": "not_disposed", "before": "met", "after": "not_met"}],
            "because": ["not_disposed", "disposition"],
            "changes": [0],
            "before": ENTRY,
            "after": SOLD,
        }
    ],
    "changes": [
        {
            "number": 0,
            "kind": "sell",
            "valid_from": "2027-01-01",
            "valid_to": None,
            "sides": [
                {
                    "side": None,
                    "designation": None,
                    "effect": "reserve",
                    "text": "Ändert die Reserve.",
                    "net_m2": -12034.5,
                    "free_m2": -12034.5,
                    "parcels": [KEY],
                    "partly_inside": [],
                }
            ],
        }
    ],
    "no_effect": [],
    "alerts": [
        {
            "kind": "below",
            "on": "2027-01-01",
            "series": "net",
            "severity": "critical",
            "ha": 97.562,
            "target_ha": 98,
            "at_once": False,
            "text": "Die Nettoreserve liegt am 1. Januar 2027 bei 97,562 ha, unter dem Ziel von 98 ha. Es fehlen 0,438 ha.",
        }
    ],
    "averted": [],
    "assumptions": [{"code": "not_recorded", "text": "Nichts davon ist aufgenommen."}],
    "basis": BASIS,
}
