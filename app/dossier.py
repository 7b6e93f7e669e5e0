"""The dossier of a case for the Industriekoordinator: all that was recorded and found of it, in both languages, with a map.

It is plain JSON. What is handed over with a step is kept as it was; its SHA-256 is that of `canonical`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy.orm import Session

from app import answers, conversion_answers, conversions, map_extract, step_answers
from app.answers import Asked
from app.web.language import LANGUAGES, translator
from parcels import conversion_assessments, conversion_map, conversion_steps
from parcels import conversions as cases
from parcels.conversion_steps import Handover
from parcels.conversion_tables import ConversionStep
from parcels.conversions import Version
from rules.authorities import AuthorityRole, authority
from rules.law import LAW, NotInForce

FORM = 1  # counted up when a member of the dossier changes its meaning


def build(session: Session, number: int, asked: Asked) -> dict[str, Any]:
    """The dossier of a case as it stands, for the day asked; ConversionUnknownError where there is no such case."""
    steps = conversion_steps.steps(session, number)
    versions = cases.versions(session, number, None)
    found = cases.find(session, number, asked.known_at)
    kept = conversion_assessments.kept(session, number)
    last = kept[-1] if kept else None
    going = conversions.clock(session, number, versions, asked)
    said = {name: going and conversion_answers.clock_of(going, translator(name)) for name in LANGUAGES}
    return {
        "form": FORM,
        "made_on": asked.on.isoformat(),
        "knowledge": {
            "known_at": asked.known_at.isoformat(),
            "recorded_at": asked.recorded_at and asked.recorded_at.isoformat(),
            "fictitious": asked.fictitious,
            "rules_version": LAW.version,
        },
        "case": {
            "id": number,
            "reference": found.reference,
            "created_at": found.created_at.isoformat(),
            "state": steps[-1].state,
            "said": conversion_answers.version(versions[-1]).model_dump(mode="json"),
        },
        "assessment": last and {"number": last.number, "at": last.at.isoformat(), "result": last.result},
        "clock": {name: one and one.model_dump(mode="json") for name, one in said.items()},
        "authorities": _authorities(asked),
        "steps": [_step(one) for one in steps],
        "map": _map(session, versions[-1], asked),
        "attribution": [one.model_dump(mode="json") for one in answers.attribution(session, asked)],
    }


def handover(session: Session, number: int, asked: Asked) -> Handover:
    """The dossier as it is handed over now."""
    made = build(session, number, asked)
    return Handover(made, digest(made))


def canonical(dossier: dict[str, Any]) -> bytes:
    """A dossier as it is hashed: JSON with sorted keys, without blanks, in UTF-8."""
    return json.dumps(dossier, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def digest(dossier: dict[str, Any]) -> str:
    """The SHA-256 of a dossier."""
    return hashlib.sha256(canonical(dossier)).hexdigest()


def without_notes(dossier: dict[str, Any]) -> dict[str, Any]:
    """A dossier for those who show no token: what somebody wrote into notes is left out."""
    case = {**dossier["case"], "said": {**dossier["case"]["said"], "note": None}}
    return {**dossier, "case": case, "steps": [{**step, "note": None} for step in dossier["steps"]]}


def _step(one: ConversionStep) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "on": step_answers.day_of(one).isoformat(),
        "kind": one.kind,
        "state": one.state,
        "role": one.role,
        "note": one.note,
    }


def _authorities(asked: Asked) -> list[dict[str, Any]]:
    """Who is called how on the day; a role that had no name yet is left out."""
    law, found = LAW.on(asked.on, asked.known_at), []
    for role in AuthorityRole:
        try:
            one = authority(role, law)
        except NotInForce:
            continue
        cite = {"text": one.cite.text, "paragraph": one.cite.paragraph, "url": one.cite.url}
        found.append({"role": role.value, "short": one.short, "name": one.name, "citation": cite})
    return found


def _map(session: Session, said: Version, asked: Asked) -> dict[str, Any] | None:
    """The extract around the site; None where the register knows no outline of it."""
    keys, outline = list(said.stated.site.keys) or None, said.stated.site.outline
    frame = conversion_map.window(session, keys, outline, asked.on, asked.known_at)
    if frame is None:
        return None
    found = conversion_map.outlines(session, frame, keys, outline, asked.on, asked.known_at)
    plain: dict[str, Any] = json.loads(json.dumps(map_extract.draw(frame, found).plain()))
    return plain
