"""Examples of answers for the API description; all of them fictitious."""

from typing import Any

from app.bodies import AVAILABLE

KNOWN: dict[str, Any] = {"known_at": "2026-11-20T12:00:00Z", "recorded_at": "2026-11-16T08:00:00Z", "fictitious": True}
KEY = "029901___00017______"


def example(value: Any) -> dict[str, Any]:
    """The part of a route's `responses` that shows what it answers."""
    return {"content": {"application/json": {"example": value}}}


CITATION: dict[str, Any] = {
    "parameter": "reserve.target_ha",
    "value": 100,
    "since": "2023-01-01",
    "text": "Masterplan Industrie 2023: „netto 100 Hektar sofort verfügbarer städtischer Gewerbe- und Industrieflächen“",
    "paragraph": "Handlungsfeld 1 Nr. 1 Abs. 1 Satz 3",
    "url": "https://www.hamburg.de/masterplan-industrie/",
    "published": "2023-01-01",
}
BASIS: dict[str, Any] = {"rules_version": "1-0123456789ab", "citations": [CITATION]}
ATTRIBUTION: dict[str, Any] = {
    "layer": "parcels",
    "title": "ALKIS vereinfacht Hamburg: Flurstücke",
    "attribution": "Freie und Hansestadt Hamburg, Landesbetrieb Geoinformation und Vermessung (LGV)",
    "licence": "dl-de/by-2-0",
    "licence_url": "https://www.govdata.de/dl-de/by-2-0",
    "url": "https://api.hamburg.de/datasets/v1/alkis_vereinfacht/collections/Flurstueck/items",
    "as_of": "2026-11-16",
}
AMOUNTS: dict[str, Any] = {
    "net_ha": 98.7654,
    "free_ha": 90.1,
    "gross_ha": 110.02,
    "unclear_ha": 12.5,
    "unrecorded_ha": 3.25,
    "areas": 61,
    "net_m2": 987654.32,
    "free_m2": 901000,
}
RESERVE: dict[str, Any] = {
    **KNOWN,
    **AMOUNTS,
    "on": "2026-11-20",
    "target_ha": 100,
    "gap_ha": 1.2346,
    "state": "below",
    "groups": [{"by": {"district": "Bergedorf"}, **AMOUNTS}],
    "basis": BASIS,
    "attribution": [ATTRIBUTION],
}
PUBLISHED: dict[str, Any] = {
    "as_of": "2020",
    "on": "2020-01-01",
    "scope": "sofort verfügbar",
    "ha": 98.8,
    "n_areas": None,
    "owner_scope": "städtisch",
    "area_scope": "netto",
    "note": "",
    "source": "",
    "confidence": "Q",
}
SERIES: dict[str, Any] = {
    **KNOWN,
    "since": "2024-01-01",
    "until": "2026-12-31",
    "points": [{"on": "2024-01-01", "net_ha": 101.5, "free_ha": 95.25}],
    "targets": [{"since": "2024-01-01", "target_ha": 100}],
    "published": [PUBLISHED],
    "rules_version": "1-0123456789ab",
}
ENTRY: dict[str, Any] = {
    "parcel": KEY,
    "part": None,
    "site": "Beispielring (fiktiv)",
    "district": "Bergedorf",
    "holder": "LIG",
    "disposition": "free",
    "designation": "GE",
    "in_use_as_commercial": None,
    "plans": ["Beispielplan 1 (fiktiv)"],
    "gross_m2": 12000,
    "port_m2": 0,
    "net_m2": 11250.5,
    "area_basis": "official",
    "standing": "counted_free",
    "criteria": {"not_met": [], "unknown": []},
    "valid_from": "2021-01-01",
    "valid_to": None,
}
ENTRIES: dict[str, Any] = {**KNOWN, "on": "2026-11-20", "entries": [ENTRY], "next": None, "attribution": []}
CSV = (
    "parcel,part,site,district,holder,disposition,designation,in_use_as_commercial,plans,gross_m2,port_m2,net_m2,"
    "area_basis,standing,not_met,unknown,valid_from,valid_to\r\n"
    f"{KEY},,Beispielring (fiktiv),Bergedorf,LIG,free,GE,,Beispielplan 1 (fiktiv),12000.00,0.00,11250.50,"
    "official,counted_free,,,2021-01-01,\r\n"
)
SUM: dict[str, Any] = {"net_ha": 98.7654, "free_ha": 90.1, "net_m2": 987654.32, "free_m2": 901000}
CHANGES: dict[str, Any] = {
    **KNOWN,
    "since": "2026-01-01",
    "until": "2026-11-20",
    "known_from": "2026-11-20T12:00:00Z",
    "known_to": "2026-11-20T12:00:00Z",
    "before": {"net_ha": 99.8905, "free_ha": 91.2251, "net_m2": 998904.82, "free_m2": 912250.5},
    "after": SUM,
    "difference": {"net_ha": -1.125, "free_ha": -1.125, "net_m2": -11250.5, "free_m2": -11250.5},
    "changes": [
        {
            "on": "2026-05-01",
            "kind": "left",
            "parcel": KEY,
            "net_m2": -11250.5,
            "free_m2": -11250.5,
            "because": ["not_disposed", "disposition"],
            "before": {**ENTRY, "valid_to": "2026-05-01"},
            "after": {**ENTRY, "valid_from": "2026-05-01", "disposition": "sold", "standing": "excluded"},
            "event": {
                "at": "2026-05-04T08:00:00Z",
                "kind": "edit",
                "layer": "holdings",
                "note": "Kaufvertrag",
                "source": None,
            },
        }
    ],
    "total": 1,
    "next": None,
}
BALANCE: dict[str, Any] = {
    **{"lost_ha": 4.5, "pledged_ha": 3.25, "delivered_ha": 1, "secure_ha": 1.25, "open_ha": 1, "insecure_ha": 0},
    **{"debt_ha": 1.5, "outstanding_ha": 3.5, "unmeasured": 1},
    **{"ahead_ha": 2, "ahead_pledged_ha": 0.5, "ahead_unmeasured": 0},
}
STOCK: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "area_ha": 2150.5,
    "net_ha": 1980.25,
    "unclear_ha": 4.5,
    "groups": [{"by": {"designation": "GE"}, "area_ha": 1200.5, "net_ha": 1100, "unclear_ha": 0}],
    "movements": None,
    "replacement": {**BALANCE, "groups": [{"by": {"designation": "GE"}, **BALANCE}], "points": None},
    "basis": BASIS,
}
ROW: dict[str, Any] = {
    "key": KEY,
    "gemarkung": "Beispielmarsch (fiktiv)",
    "district": "Bergedorf",
    "official_m2": 12000,
    "area_m2": 12000,
    "area_basis": "official",
    "holders": ["LIG"],
    "sites": ["Beispielring (fiktiv)"],
    "designations": ["GE"],
    "net_m2": 11250.5,
}
PARCELS: dict[str, Any] = {**KNOWN, "on": "2026-11-20", "parcels": [ROW], "next": None}
HOLDING: dict[str, Any] = {**AVAILABLE, "part": None}
DAYS: dict[str, Any] = {"valid_from": "2021-01-01", "valid_to": None}
PARCEL: dict[str, Any] = {
    **KNOWN,
    "key": KEY,
    "on": "2026-11-20",
    "facts": {
        "official_m2": 12000,
        "gemarkung": "Beispielmarsch (fiktiv)",
        "district": "Bergedorf",
        "area_m2": 12000,
        "area_basis": "official",
        **DAYS,
    },
    "geometry": {
        "type": "MultiPolygon",
        "coordinates": [[[[10.2, 53.48], [10.202, 53.48], [10.202, 53.481], [10.2, 53.48]]]],
    },
    "holdings": [{**HOLDING, **DAYS}],
    "zones": [
        {
            "plan": "Beispielplan 1 (fiktiv)",
            "stage": "in_force",
            "designation": "GE",
            "regulates_use": True,
            "in_use_as_commercial": None,
            "restrictions": None,
            "share": 1,
            "gml_id": "GML_5f1e0c9a",
            "source": "beispielplan_1.zip",
            "member": "beispielplan_1.gml",
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            **DAYS,
        }
    ],
    "entries": [ENTRY],
    "predecessors": [{"key": "029901___00012______", "changed_on": "2024-05-02", "shared_m2": 12000}],
    "successors": [],
}
PLANS: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "plans": [
        {
            "name": "Beispielplan 1 (fiktiv)",
            "number": "1",
            "kind": "bebauungsplan",
            "stage": "in_force",
            "changes": None,
            "bau_nvo": "1990",
            "xplan_version": "5.4",
            **DAYS,
            "expected": None,
            "area_m2": 48000.5,
            "zones": 3,
            "designations": ["GE", "VERKEHR"],
            "pipeline": [],
            "marks": [],
            "gml_id": "GML_0b6f1d2e",
            "source": "beispielplan_1.zip",
            "member": "beispielplan_1.gml",
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        }
    ],
    "next": None,
}
HISTORY: dict[str, Any] = {
    **KNOWN,
    "key": KEY,
    "versions": [
        {
            "layer": "holdings",
            **DAYS,
            "known_from": "2021-02-01T08:00:00Z",
            "known_to": None,
            "facts": HOLDING,
        }
    ],
}
EDIT: dict[str, Any] = {
    "key": KEY,
    "valid_from": "2026-11-01",
    "valid_to": None,
    "recording": 42,
    "recorded_at": "2026-11-20T12:00:00Z",
    "facts_closed": 1,
    "facts_added": 2,
    "lines_closed": 1,
    "lines_added": 2,
    "warnings": [
        {
            "code": "until-unused",
            "field": "disposition_until",
            "message": "Only reserved land is so until a day, and the disposition is sold: the day is not used",
            "remedy": "State the disposition that ends then, or leave the day empty.",
        }
    ],
}
HEALTH: dict[str, Any] = {"status": "ok"}
READY: dict[str, Any] = {
    "status": "ready",
    "reasons": [],
    "rules_version": "1-0123456789ab",
    "recorded_at": "2026-11-16T08:00:00Z",
}

IMPORT_QUEUED: dict[str, Any] = {
    "id": 17,
    "layer": "parcels",
    "source": "flurstuecke.gpkg",
    "sha256": "0" * 64,
    "state": "queued",
    "dry_run": False,
    "sent": True,
    "actor": None,
    "note": "Fortführung November",
    "created_at": "2026-11-20T12:00:00Z",
    "started_at": None,
    "finished_at": None,
    "attempts": 0,
    "progress": {"step": None, "done": 0, "total": None},
    "rows_read": None,
    "rows_passed": None,
    "rows_rejected": None,
    "facts": {"closed": None, "added": None, "ended": None},
    "recording": None,
    "refusal": None,
    "findings": {"errors": 0, "warnings": 0, "notes": 0},
    "layers_of_defence": None,
}
IMPORT_DONE: dict[str, Any] = {
    **IMPORT_QUEUED,
    "state": "done_with_rejected",
    "started_at": "2026-11-20T12:00:01Z",
    "finished_at": "2026-11-20T12:00:09Z",
    "attempts": 1,
    "progress": {"step": "posting", "done": 0, "total": None},
    "rows_read": 1200,
    "rows_passed": 1199,
    "rows_rejected": 1,
    "facts": {"closed": 3, "added": 12, "ended": 0},
    "recording": 42,
    "findings": {"errors": 1, "warnings": 0, "notes": 0},
    "layers_of_defence": ["rlimits", "network", "landlock"],
}
ISSUE: dict[str, Any] = {
    "number": 1,
    "file": "flurstuecke.gpkg",
    "row": 7,
    "line": None,
    "feature": KEY,
    "field": "official_m2",
    "kind": "no-number",
    "severity": "error",
    "message": f"Row 7 ({KEY}), official_m2: 'viel' is no number.",
    "value": "viel",
    "before_m2": None,
    "after_m2": None,
}
IMPORT: dict[str, Any] = {**IMPORT_DONE, "kinds": [{"severity": "error", "kind": "no-number", "count": 1}]}
IMPORTS: dict[str, Any] = {"imports": [IMPORT_DONE], "next": None}
IMPORT_ISSUES: dict[str, Any] = {"id": 17, "state": "done_with_rejected", "issues": [ISSUE], "next": None}
IMPORT_ISSUES_CSV = "number,file,row,line,feature,field,kind,severity,message,value,before_m2,after_m2\r\n"

SUBSCRIPTION: dict[str, Any] = {
    "id": "0b6f1a52-8f3c-4f0e-9d3e-2f7f0a1c4b55",
    "channel": "webhook",
    "target": "https://example.org/hooks/landreserve",
    "language": "de",
    "kinds": ["below", "near", "recovered"],
    "series": ["net"],
    "districts": [],
    "severity": "information",
    "created_by": "Leitstelle",
    "created_at": "2026-11-20T12:00:00Z",
    "old_secret_until": None,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
    "confirmed_at": None,
    "vouched_by": None,
}
SUBSCRIPTION_SECRET: dict[str, Any] = {**SUBSCRIPTION, "secret": "whsec_" + "A" * 43 + "="}
SUBSCRIPTIONS: dict[str, Any] = {"subscriptions": [SUBSCRIPTION]}
DELIVERY: dict[str, Any] = {
    "id": "6a1d5c1e-50d0-4b8a-8d6e-3b1f6f5a9c10",
    "purpose": "alert",
    "alert": "f3b7c0de-9a55-4a43-8c0a-1d2e3f405162",
    "kind": "below",
    "state": "pending",
    "created_at": "2026-11-20T12:00:00Z",
    "due_at": "2026-11-20T12:00:05Z",
    "attempts": 1,
    "last_at": "2026-11-20T12:00:00Z",
    "status": 503,
    "failure": "status",
    "excerpt": "maintenance",
    "finished_at": None,
}
CONFIRMATION: dict[str, Any] = {
    **DELIVERY,
    **{"purpose": "confirmation", "alert": None, "kind": None, "due_at": "2026-11-20T12:00:00Z", "attempts": 0},
    **{"last_at": None, "status": None, "failure": None, "excerpt": None},
}
DELIVERIES: dict[str, Any] = {"deliveries": [DELIVERY]}

ALERT: dict[str, Any] = {
    "id": 17,
    "uid": "f3b7c0de-9a55-4a43-8c0a-1d2e3f405162",
    "kind": "below",
    "severity": "critical",
    "subject": "net",
    "on": "2026-11-20",
    "title": "Unter dem Ziel: Reserve (netto) bei 99,5 ha",
    "sentence": "Die Reserve (netto) liegt am 20. November 2026 bei 99,5 ha, unter dem Ziel von 100 ha. Es fehlen 0,5 ha.",
    "reason": "Anlass ist die Änderung Nr. 42 vom 20. November 2026, 13:00:00.",
    "raised_at": "2026-11-20T12:00:00Z",
    "resolved_at": None,
    "recording": 42,
    "facts": {
        "net_ha": "99.5",
        "free_ha": "99.5",
        "target_ha": "100",
        "margin_ha": "5",
        "before": "near",
        "state": "below",
    },
    "citations": [{name: CITATION[name] for name in ("text", "paragraph", "url", "published")}],
    "acknowledgements": [{"at": "2026-11-20T12:05:00Z", "name": "Planerin", "note": "Ersatz wird beraten."}],
}
ALERTS: dict[str, Any] = {"alerts": [ALERT], "next": None}
