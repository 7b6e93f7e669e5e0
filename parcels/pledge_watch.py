"""Which pledges are secure, and telling of those that are not: one alert of a pledge is open as long as that lasts.

Looked at with everything that may change it, in the same transaction, and once more as days pass: a milestone that is overdue
needs nobody who writes. No look waits for the register.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import alerts, line, milestones
from parcels.queries import SQUARE_METRES_PER_HECTARE
from rules.alerts import PLEDGES, Kind
from rules.criteria import Reason
from rules.law import LAW
from rules.pipeline import Finding, path, security

LOCKS = 7_100_106  # the advisory lock of those who look: what two see at once, they do not tell twice


@dataclass(frozen=True, slots=True)
class Pledged:
    """A pledge that holds: net m2 of a site for a dissolution that is not withdrawn, by its reference and first day.

    `district` is that of the dissolved land, else that of the site.
    """

    id: int
    net_m2: Decimal
    candidate: int
    name: str
    dissolution: int
    reference: str
    lost_on: date
    district: str | None

    @property
    def subject(self) -> str:
        """What alerts of it are about."""
        return f"{self.reference} ({self.id})"


def pledged(session: Session, on: date, known_at: datetime, candidates: Sequence[int] | None = None) -> list[Pledged]:
    """The pledges that hold on a day, of all candidates or of some, by their numbers."""
    bound = {"on": on, "known_at": known_at, "candidates": None if candidates is None else list(candidates)}
    return [Pledged(**row) for row in session.execute(text(_PLEDGED), bound).mappings()]


def secured(session: Session, found: Sequence[Pledged], on: date, known_at: datetime) -> list[tuple[Pledged, Finding]]:
    """How secure each of the pledges is on a day, by the milestones of its site and its plan."""
    law, said = LAW.on(on, known_at), milestones.with_plans(session, {one.candidate for one in found}, known_at)
    ways = {number: path(of, on, law) for number, of in said.items()}
    return [(one, security(one.lost_on, ways[one.candidate], law)) for one in found]


def look(session: Session, on: date, at: datetime, candidates: Sequence[int] | None = None) -> None:
    """Tell which pledges, of all candidates or of some, are not secure on a day as known at an instant, and resolve what is over.

    Told again when it is graver or less grave than what was told, or is about another day of the loss.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:locks, 0)"), {"locks": LOCKS})
    found = secured(session, pledged(session, on, at, candidates), on, at)
    told = {(one, PLEDGES.get(finding.security)): finding for one, finding in found}
    standing = {one.subject: (severity, one.lost_on.isoformat()) for one, severity in told if severity is not None}
    for was in _open(session, candidates):
        if standing.get(was.subject) != (was.severity, was.facts["lost_on"]):
            alerts.resolve(session, [Kind.PLEDGE_INSECURE], was.subject, at)
    for (one, severity), finding in told.items():
        if severity is not None:
            alerts.raise_one(session, Kind.PLEDGE_INSECURE, severity, one.subject, on, at, _facts(one, finding))


def tell(session: Session, now: datetime) -> bool:
    """Look at all pledges on the day of an instant. What it did is to be committed."""
    look(session, line.day_of(now), now)
    return True


def _open(session: Session, candidates: Sequence[int] | None) -> list[alerts.Alert]:
    found = alerts.listing(session, open_only=True, kinds=[Kind.PLEDGE_INSECURE])
    return [one for one in found if candidates is None or one.facts["candidate"] in candidates]


def _facts(one: Pledged, finding: Finding) -> dict[str, Any]:
    """The values of an alert's sentences, the reasons as codes with their values, and by which pledge it is known again."""
    about = {"pledge": one.id, "candidate": one.candidate, "site": one.name, "reference": one.reference}
    amounts = {"net_ha": one.net_m2 / SQUARE_METRES_PER_HECTARE, "lost_on": one.lost_on, "district": one.district}
    return {**about, **amounts, "security": finding.security, "reasons": [_reason(one) for one in finding.reasons]}


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "values": dict(reason.params)}


_PLEDGED = """
SELECT p.id, p.net_m2, c.id AS candidate, c.name, d.id AS dissolution, d.reference, v.lost_on,
       coalesce(v.district, o.district) AS district
FROM pledge p
LEFT JOIN pledge_release r ON r.pledge_id = p.id AND r.released_at <= :known_at
JOIN candidate c ON c.id = p.candidate_id
JOIN dissolution d ON d.id = p.dissolution_id
CROSS JOIN LATERAL (
    SELECT lost_on, district, withdrawn_on FROM dissolution_version
    WHERE dissolution_id = d.id AND recorded_at <= :known_at ORDER BY number DESC LIMIT 1) v
CROSS JOIN LATERAL (
    SELECT district FROM candidate_version
    WHERE candidate_id = c.id AND recorded_at <= :known_at ORDER BY number DESC LIMIT 1) o
WHERE p.made_at <= :known_at AND p.pledged_on <= :on AND (r.released_on IS NULL OR r.released_on > :on)
    AND (v.withdrawn_on IS NULL OR v.withdrawn_on > :on)
    AND (CAST(:candidates AS bigint[]) IS NULL OR c.id = ANY (:candidates))
ORDER BY p.id
"""
