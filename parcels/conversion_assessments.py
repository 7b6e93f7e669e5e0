"""Assessments as they were answered: stored once, never changed, numbered within their case; and the cases comparable to one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.authors import Author
from parcels.conversions import lock


@dataclass(frozen=True, slots=True)
class Answered:
    """An assessment to be kept: what was asked, the facts that the rules were given, and the answer in each language.

    `plans` are the plans and designations whose workplace land the site takes.
    """

    version: int
    on: date
    known_at: datetime
    law_version: str
    rules_version: str
    involvement: str
    legal_review: bool
    consent_deadline: date | None
    bwi_deadline: date | None
    facts: dict[str, Any]
    plans: Sequence[tuple[str, str]]
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """An assessment as it is kept; `result` holds the answer by language."""

    number: int
    version: int
    at: datetime
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparable:
    """An earlier case that takes land of the same plan under the same designation."""

    id: int
    reference: str
    route: str
    decision: str | None
    decision_on: date | None
    plan: str
    designation: str


def keep(session: Session, case_id: int, answered: Answered, author: Author) -> int:
    """Store an assessment as the case's next one; its number within the case."""
    lock(session, case_id)
    names = ("version", "on", "known_at", "law_version", "rules_version", "involvement", "legal_review")
    values = {name: getattr(answered, name) for name in (*names, "consent_deadline", "bwi_deadline")}
    facts = {**answered.facts, "plans": [list(pair) for pair in answered.plans]}
    bound = {"id": case_id, "at": author.at, "actor": author.name, **values}
    bound |= {"facts": json.dumps(facts), "result": json.dumps(answered.result)}
    return int(session.execute(text(_KEEP), bound).scalar_one())


def kept(session: Session, case_id: int, known_at: datetime | None = None) -> list[Kept]:
    """The assessments of a case by an instant (None: all), oldest first."""
    rows = session.execute(text(_KEPT), {"id": case_id, "known_at": known_at})
    return [Kept(*row) for row in rows]


def comparable(
    session: Session, plans: Sequence[tuple[str, str]], known_at: datetime, before: int | None = None
) -> list[Comparable]:
    """Earlier cases, by their last assessment known then, that take land of one of these plans under the same designation.

    Refused and withdrawn ones are none; `before` is the case itself: only lower numbers are earlier.
    """
    wanted = [{"plan": plan, "designation": designation} for plan, designation in plans]
    rows = session.execute(text(_COMPARABLE), {"wanted": json.dumps(wanted), "known_at": known_at, "before": before})
    return [Comparable(*row) for row in rows]


_KEEP = """
INSERT INTO conversion_assessment (conversion_id, number, version, at, actor, "on", known_at, law_version, rules_version,
    involvement, legal_review, consent_deadline, bwi_deadline, facts, result)
SELECT :id, coalesce(max(number), 0) + 1, :version, greatest(:at, max(at)), :actor, :on, :known_at,
       :law_version, :rules_version, :involvement, :legal_review, :consent_deadline, :bwi_deadline, CAST(:facts AS jsonb),
       CAST(:result AS json)
FROM conversion_assessment WHERE conversion_id = :id
RETURNING number
"""

_KEPT = """
SELECT number, version, at, result
FROM conversion_assessment
WHERE conversion_id = :id AND (CAST(:known_at AS timestamptz) IS NULL OR at <= CAST(:known_at AS timestamptz))
ORDER BY number
"""

_COMPARABLE = """
SELECT c.id, c.reference, v.route, v.decision, v.decision_on, w.plan, w.designation
FROM conversion c
CROSS JOIN LATERAL (
    SELECT route, decision, decision_on FROM conversion_version
    WHERE conversion_id = c.id AND recorded_at <= CAST(:known_at AS timestamptz) ORDER BY number DESC LIMIT 1
) v
CROSS JOIN LATERAL (
    SELECT facts FROM conversion_assessment
    WHERE conversion_id = c.id AND at <= CAST(:known_at AS timestamptz) ORDER BY number DESC LIMIT 1
) a
JOIN jsonb_to_recordset(CAST(:wanted AS jsonb)) AS w(plan text, designation text)
    ON a.facts->'plans' @> jsonb_build_array(jsonb_build_array(w.plan, w.designation))
WHERE coalesce(v.decision, 'granted') = 'granted' AND (CAST(:before AS bigint) IS NULL OR c.id < :before)
ORDER BY c.id, w.plan, w.designation
"""
