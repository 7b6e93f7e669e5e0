"""Examples of answers about replacement for the API description; all of them fictitious."""

from typing import Any

from app.examples import KEY, KNOWN

WHEN: dict[str, Any] = {"on": "2026-11-20", "known_at": "2026-11-20T12:00:00Z"}
LOSS, LAND = {"id": 17, "reference": "BE/SL/0042/2026"}, {"id": 3, "name": "Beispielfeld Nord (fiktiv)"}
SITE: dict[str, Any] = {"parcels": [KEY], "geometry": None}
FACTS: dict[str, Any] = {
    "in_use_as_commercial": None,
    "restricted": False,
    "emission_limited": False,
    "day_db": None,
    "night_db": None,
    "around_the_clock": True,
    "hazard_class": "none",
    "largest_plot_m2": 12041.2,
    "shorter_side_m": 88.5,
    "road_m": 1800,
    "rail": False,
    "quay": False,
    "district": "Bergedorf",
    "grid_kw": None,
    "fibre": True,
    "hydrogen": None,
    "contaminated": False,
    "flood": False,
    "heavy_rain": None,
    "firm_kinds": ["classic", "logistics"],
    "stated": ["around_the_clock", "emission_limited", "fibre", "firm_kinds", "hazard_class", "quay", "rail", "road_m"],
}
LATE: dict[str, Any] = {
    "code": "milestone_overdue",
    "params": {"milestone": "servicing", "planned_on": "2026-10-01"},
    "sentence": "Für den 1. Oktober 2026 geplant und nicht als geschehen erfasst: Fertigstellung der Erschließung. Ein neuer Tag "
    "ist nicht genannt.",
}
PLEDGE_ROW: dict[str, Any] = {
    "id": 5,
    "dissolution": LOSS,
    "candidate": LAND,
    "net_m2": 8000,
    "net_ha": 0.8,
    "pledged_on": "2026-11-16",
    "made_at": "2026-11-16T09:30:00Z",
    "note": None,
    "follows": None,
    "release": None,
    "holds": True,
    "security": {"security": "open", "title": "offen", "reasons": [LATE]},
}
BALANCE: dict[str, Any] = {
    "net_m2": 18500,
    "net_ha": 1.85,
    "net_since": "2026-11-02",
    "pledged_m2": 8000,
    "pledged_ha": 0.8,
    "free_m2": 10500,
    "free_ha": 1.05,
    "shadowed_m2": 0,
    "shadowed_ha": 0,
}
PLEDGE: dict[str, Any] = {**WHEN, "pledge": PLEDGE_ROW, "balance": BALANCE, "warnings": []}
PLEDGES: dict[str, Any] = {**WHEN, "pledges": [PLEDGE_ROW], "next": None}
OPEN: dict[str, Any] = {
    "lost_m2": 12000,
    "lost_ha": 1.2,
    "pledged_m2": 8000,
    "pledged_ha": 0.8,
    "open_m2": 4000,
    "open_ha": 0.4,
}
DECISION_ROW: dict[str, Any] = {
    "id": 2,
    "at": "2026-11-20T12:00:00Z",
    "dissolution": 17,
    "candidates": [3],
    "decision": "accepted_with_conditions",
    "decided_on": "2026-11-20",
    "decided_by": "Arbeitsgruppe Flächen",
    "reason": "Gleichwertig, sobald die Erschließung finanziert ist.",
    "verdict": "conditional",
}
DISSOLUTION_SAID: dict[str, Any] = {**LOSS, "cause": "entered", "conversion": None, "plan": None, "designation": "GE"}
DISSOLUTION: dict[str, Any] = {
    **DISSOLUTION_SAID,
    **WHEN,
    "created_at": "2026-11-16T09:00:00Z",
    "site": SITE,
    "versions": [
        {
            "number": 1,
            "recorded_at": "2026-11-16T09:00:00Z",
            "note": None,
            "lost_on": "2027-07-01",
            "measured_on": "2027-06-30",
            "net_m2": 12000,
            "net_ha": 1.2,
            "unclear_m2": 0,
            "unclear_ha": 0,
            "district": "Bergedorf",
            "facts": FACTS,
            "withdrawn_on": None,
        }
    ],
    "balance": OPEN,
    "pledges": [PLEDGE_ROW],
    "decisions": [DECISION_ROW],
    "warnings": [],
}
DISSOLUTIONS: dict[str, Any] = {
    **WHEN,
    "dissolutions": [
        {**DISSOLUTION_SAID, **OPEN, "district": "Bergedorf", "lost_on": "2027-07-01", "withdrawn_on": None}
    ],
    "next": None,
}
STEP: dict[str, Any] = {
    "kind": "servicing",
    "title": "Fertigstellung der Erschließung",
    "planned_on": "2026-10-01",
    "done_on": None,
}
CANDIDATE_SAID: dict[str, Any] = {**LAND, "plan": "Beispielfeld 4 (fiktiv)", "designation": "GE"}
CANDIDATE: dict[str, Any] = {
    **CANDIDATE_SAID,
    **WHEN,
    "created_at": "2026-11-02T09:00:00Z",
    "site": SITE,
    "versions": [
        {
            "number": 1,
            "recorded_at": "2026-11-02T09:00:00Z",
            "note": None,
            "measured_on": "2026-11-02",
            "gross_m2": 20000,
            "outside_m2": 20000,
            "planned_net_m2": 18500,
            "net_m2": 18500,
            "net_ha": 1.85,
            "designations": [{"designation": "GE", "share": 1}],
            "district": "Bergedorf",
            "facts": FACTS,
            "withdrawn_on": None,
        }
    ],
    "balance": BALANCE,
    "way": {
        "stage": "adopted",
        "stage_title": "Feststellung des Plans",
        "plan_ripe": None,
        "in_force_expected": "2027-01-15",
        "servicing_done_on": None,
        "servicing_funded": True,
        "available_from": "2027-05-01",
        "ahead": [],
        "overdue": [STEP],
        "undated": [],
    },
    "milestones": [{**STEP, "id": 8, "recorded_at": "2026-11-02T09:05:00Z", "note": None}],
    "pledges": [PLEDGE_ROW],
    "overlaps": [{"id": 4, "name": "Beispielfeld gesamt (fiktiv)"}],
    "warnings": [
        {
            "code": "shares_land",
            "sentence": "Die Fläche überschneidet sich mit: Beispielfeld gesamt (fiktiv) (Nr. 4). Zugesagt wird nur von einem.",
        }
    ],
}
CANDIDATES: dict[str, Any] = {
    **WHEN,
    "candidates": [
        {
            **CANDIDATE_SAID,
            "district": "Bergedorf",
            "balance": BALANCE,
            "stage": "adopted",
            "available_from": "2027-05-01",
            "withdrawn_on": None,
        }
    ],
    "next": None,
}
MILESTONE_STATED: dict[str, Any] = {
    "candidate": CANDIDATE,
    "effects": {
        "slips": [
            {
                "kind": "servicing",
                "title": "Fertigstellung der Erschließung",
                "was_on": "2026-09-01",
                "is_on": "2026-10-01",
                "days": 30,
            }
        ],
        "recording": 42,
        "outlined": False,
        "restated": [
            {
                "parcel": KEY,
                "fact": "serviced",
                "valid_from": "2026-09-01",
                "valid_to": "2026-10-01",
                "was": True,
                "value": False,
            }
        ],
        "left": [],
        "pledges": [{"pledge": 5, "before": PLEDGE_ROW["security"], "after": PLEDGE_ROW["security"]}],
    },
}
COVERED: dict[str, Any] = {
    "code": "extent_covered",
    "params": {"lost_m2": 12000, "counted_m2": 18500, "unclear_m2": 0, "missing_m2": 0},
    "sentence": "18.500 m² netto decken die verlorenen 12.000 m².",
}
UNDATED: dict[str, Any] = {
    "code": "servicing_unknown",
    "params": {},
    "sentence": "Wann die Erschließung fertig ist oder wer sie bezahlt, ist nicht erfasst.",
}
SERVICING: dict[str, Any] = {"name": "servicing", "title": "Erschließung", "essential": True, "outcome": "unknown"}
REPLACEMENT_ASSESSMENT: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "language": "de",
    "dissolution": LOSS,
    "designation": "GE",
    "lost_on": "2027-07-01",
    "verdict": "conditional",
    "verdict_sentence": "unter Bedingungen gleichwertig",
    "criteria": [
        {
            "name": "extent",
            "title": "Umfang netto",
            "essential": True,
            "outcome": "met",
            "because": COVERED,
            "lost": 12000,
            "offered": 18500,
            "unit": "m2",
            "candidate": None,
            "citation": {
                "text": "Masterplan Industrie 2023: „in entsprechendem Umfang neue gleichwertige Flächen“; netto gegen netto, "
                "eins zu eins.",
                "paragraph": "Handlungsfeld 1 Nr. 1 Abs. 1 Satz 2",
                "url": "https://www.hamburg.de/masterplan-industrie/",
                "published": "2023-01-01",
            },
        },
        {
            **SERVICING,
            "because": UNDATED,
            "lost": None,
            "offered": None,
            "unit": None,
            "candidate": LAND,
            "citation": {
                "text": "Vorschlag dieses Dienstes: die Erschließung hat einen Tag, an dem sie fertig ist, und ist finanziert; "
                "ohne sie ist der Weg nicht „zeitlich sicher“.",
                "paragraph": "Handlungsfeld 1 Nr. 1 Abs. 1 Satz 2; § 30 Abs. 1 BauGB",
                "url": "https://www.hamburg.de/masterplan-industrie/",
                "published": "2023-01-01",
            },
        },
    ],
    "coverage": {
        "lost_m2": 12000,
        "lost_ha": 1.2,
        "counted_m2": 18500,
        "counted_ha": 1.85,
        "unclear_m2": 0,
        "unclear_ha": 0,
        "missing_m2": 0,
        "missing_ha": 0,
        "ratio": 1.5417,
        "candidates": [{"candidate": LAND, "outcome": "met", "m2": 18500, "ha": 1.85, "reasons": []}],
    },
    "open": [{**SERVICING, "because": UNDATED, "to_do": "Klären und nachtragen: Erschließung."}],
    "law_version": "5f2c",
    "rules_version": "5f2c",
}
DECISION: dict[str, Any] = {**DECISION_ROW, "assessment": REPLACEMENT_ASSESSMENT}
DECISIONS: dict[str, Any] = {"known_at": "2026-11-20T12:00:00Z", "decisions": [DECISION], "next": None}
PROPOSAL: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "language": "de",
    "feasible": True,
    "sentence": "Der Verlust ist mit 18.500 m² netto gedeckt, 6.500 m² mehr als nötig (Zahl der Flächen: 1); nachweislich kostet "
    "keine andere Auswahl weniger.",
    "considered": 1,
    "chosen": [{"candidate": LAND, "free_m2": 18500, "free_ha": 1.85}],
    "lost_m2": 12000,
    "lost_ha": 1.2,
    "covered_m2": 18500,
    "covered_ha": 1.85,
    "surplus_m2": 6500,
    "surplus_ha": 0.65,
    "cost_m2": 19700,
    "optimal": True,
    "gap": 0,
    "tie_settled": True,
    "missing_m2": 0,
    "missing_ha": 0,
    "reliefs": [],
    "set_aside": [],
    "assessment": REPLACEMENT_ASSESSMENT,
}
