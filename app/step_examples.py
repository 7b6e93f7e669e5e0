"""Examples of answers about steps, links and dossiers for the API description; all of them fictitious."""

from typing import Any

STEP: dict[str, Any] = {
    "id": 42,
    "at": "2026-11-20T12:00:00Z",
    "on": "2026-11-20",
    "kind": "bwi_involved",
    "label": "Die für Wirtschaft zuständige Behörde wurde einbezogen.",
    "state": "coordination",
    "role": "planner",
    "author": None,
    "note": None,
    "dossier_sha256": None,
}
STEP_TAKEN: dict[str, Any] = {**STEP, "unassessed": None}
STEPS: dict[str, Any] = {
    "id": 7,
    "known_at": "2026-11-20T12:00:00Z",
    "state": "coordination",
    "label": "in Abstimmung",
    "last_step": 42,
    "possible": ["coordination_failed", "settled", "granted", "refused", "withdrawn", "note"],
    "linked_since": None,
    "steps": [STEP],
}
TRACK_LINK: dict[str, Any] = {
    "id": 7,
    "code": "k7Jm0cQ2bq3C1bM1G0yYy8m1r0uWc6m3i7n3d2v1x0E",
    "url": "https://landreserve.example/track/k7Jm0cQ2bq3C1bM1G0yYy8m1r0uWc6m3i7n3d2v1x0E",
    "created_at": "2026-11-20T12:00:00Z",
}
TRACK_REVOKED: dict[str, Any] = {"id": 7, "revoked": True}
TRACK: dict[str, Any] = {
    "on": "2026-11-20",
    "route": "B31_3",
    "district": "Bergedorf",
    "state": "coordination",
    "label": "in Abstimmung",
    "steps": [
        {"on": "2026-11-20", "kind": "bwi_involved", "label": "Die für Wirtschaft zuständige Behörde wurde einbezogen."}
    ],
    "deadlines": {"consent": "2027-02-16", "bwi": "2027-01-19"},
}
DOSSIER: dict[str, Any] = {
    "id": 7,
    "step": None,
    "sha256": "0" * 64,
    "notes_withheld": True,
    "handed_over": [],
    "dossier": {"form": 1, "made_on": "2026-11-20", "case": {"id": 7, "reference": "N/61-1 (fiktiv)"}},
}
