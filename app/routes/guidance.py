"""GET /api/guidance: what the guidance (Handreichung) of a day says, as it was known at an instant."""

from fastapi import APIRouter

from app import guidance_answers
from app.auth import READ_SECURITY, READER
from app.deps import Read
from app.examples import BASIS, KNOWN, example
from app.problems import declared
from app.schemas.guidance import GuidanceOut

router = APIRouter(prefix="/api/guidance", tags=["guidance"])
VERSION = {
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
RULE = {
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
ZONE = {
    "type": "Feature",
    "properties": {"document": "demonstration", "version": "1.0", "name": "Beispielmarsch"},
    "geometry": {
        "type": "MultiPolygon",
        "coordinates": [[[[9.98, 53.51], [9.99, 53.51], [9.99, 53.52], [9.98, 53.52], [9.98, 53.51]]]],
    },
}
ECONOMY = {"role": "economy", "short": "BWAI", "name": "Behörde für Wirtschaft, Arbeit und Innovation"}
GUIDANCE = {
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


@router.get(
    "",
    response_model=GuidanceOut,
    responses={200: example(GUIDANCE), **declared("token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_guidance(read: Read) -> GuidanceOut:
    """The guidance in force on a day: versions, rules, named areas. Its owner loads it by `landreserve guidance load`; as delivered
    there is none, and every case that it could speak of is to be checked. A demonstration set says so."""
    return guidance_answers.on_day(read.session, read.asked)
