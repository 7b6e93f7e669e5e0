"""Examples of answers about guidance; all of them fictitious."""

from typing import Any

from app.examples import BASIS, KNOWN

VERSION: dict[str, Any] = {
    "document": "demonstration",
    "version": "1.0",
    "title": "Demonstration, keine Handreichung: erfundene Regeln",
    "published": None,
    "valid_from": "2024-01-01",
    "valid_to": None,
    "demonstration": True,
    "source": "guidance_fiktiv.yaml",
    "sha256": "0123456789abcdef" * 4,
    "loaded_at": "2024-02-20T08:00:00Z",
}
RULE: dict[str, Any] = {
    "document": "demonstration",
    "version": "1.0",
    "id": "D1",
    "page": "1",
    "result": "case_by_case",
    "wording": "Wohnen auf Gewerbeland bis 0,2 Hektar: im Einzelfall.",
    "routes": ["B31_3"],
    "designations": ["GE"],
    "when": {
        "purposes": ["housing"],
        "cases": [],
        "planning": [],
        "districts": [],
        "zones": [],
        "min_affected_m2": None,
        "max_affected_m2": 2000,
        "min_housing_share": None,
        "max_housing_share": None,
        "private_marketable": None,
    },
    "demonstration": True,
}
ZONE: dict[str, Any] = {
    "type": "Feature",
    "properties": {"document": "demonstration", "version": "1.0", "name": "Beispielmarsch"},
    "geometry": {
        "type": "MultiPolygon",
        "coordinates": [[[[9.98, 53.51], [9.99, 53.51], [9.99, 53.52], [9.98, 53.52], [9.98, 53.51]]]],
    },
}
ECONOMY: dict[str, Any] = {"role": "economy", "short": "BWAI", "name": "Behörde für Wirtschaft, Arbeit und Innovation"}
GUIDANCE: dict[str, Any] = {
    **KNOWN,
    "on": "2026-11-20",
    "demonstration": True,
    "versions": [VERSION],
    "rules": [RULE],
    "zones": {"type": "FeatureCollection", "features": [ZONE]},
    "timeline": [VERSION],
    "authorities": [ECONOMY],
    "basis": BASIS,
}
