"""Changes that are only tried: which rows they would state of which layers, on the state that is recorded. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import edits
from parcels.edits import ValueRefusedError
from parcels.importing.store import choices
from parcels.tried import PLAN, ContradictionError, Holdings, Step

MAX_CHANGES = 500
MAX_PARCELS = 1_000
WHOLE = 0.99
"""A parcel with this share of it in an outline lies in it; two drawings of one border differ."""
SHARED_M2 = 1.0


@dataclass(slots=True)
class Reach:
    """The parcels that a step reaches: for a holding those that lie wholly in its outline, for a plan all that it meets.

    `partly`: parcels that a holding's outline cuts, with the share that lies in it; they are left out. `altered`: whether the
    step states anything that is not recorded already.
    """

    step: Step
    keys: list[str]
    partly: dict[str, float] = field(default_factory=dict)
    altered: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What all steps together would state, layer by layer; no rows where all is recorded so already."""

    rows: dict[str, list[dict[str, Any]]]
    reaches: list[Reach]


class ParcelsUnknownError(ValueError):
    """Keys that the register has never heard of, each with the change that names it."""

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        named = ", ".join(dict.fromkeys(key for _, key in found[:5])) + (" and more" if len(found) > 5 else "")
        super().__init__(f"The register does not know {named}.")
        self.found = found


def plan(session: Session, steps: Sequence[Step]) -> Plan:
    """The rows that the steps state together, each on what those before it (by their days) have made of the register.

    ParcelsUnknownError, ContradictionError, HeldInPartsError; ValueRefusedError with the change and its field for anything else
    that could not be recorded. The session is only read.
    """
    for step in steps:
        if step.designation is not None:
            edits.listed(f"{step.where}.designation", step.designation, choices()["designation"])
    _check_heard_of(session, steps)
    reaches = [_reach(session, step) for step in sorted(steps, key=lambda step: (step.span.since, step.number))]
    if len({key for reach in reaches for key in reach.keys}) > MAX_PARCELS:
        raise _too_many("changes")
    holdings = Holdings(session, sorted({key for reach in reaches for key in reach.keys}))
    zones = [row for reach in reaches if not reach.step.facts for row in _zones(session, reach, holdings)]
    for reach in reaches:
        if reach.step.facts:
            for key in reach.keys:
                reach.altered |= holdings.change(key, reach.step, reach.step.facts)
    _check_zones(session, zones)
    _name(session, zones)
    stated = {"zones": [row for _, row in zones], "holdings": holdings.rows()}
    return Plan({layer: rows for layer, rows in stated.items() if rows}, sorted(reaches, key=lambda r: r.step.number))


def _too_many(where: str) -> ValueRefusedError:
    said = f"More than {MAX_PARCELS} parcels would change"
    return ValueRefusedError(where, said, "Try fewer at once, or a smaller area.")


def _check_heard_of(session: Session, steps: Sequence[Step]) -> None:
    keys = sorted({key for step in steps for key in step.land.keys})
    if len(keys) > MAX_PARCELS:
        raise _too_many("changes")
    unknown = set(session.scalars(text(_NEVER_HEARD_OF), {"keys": keys}))
    if unknown:
        raise ParcelsUnknownError(
            [(f"{step.where}.parcels", key) for step in steps for key in step.land.keys if key in unknown]
        )


def _reach(session: Session, step: Step) -> Reach:
    if step.land.outline is None:
        return Reach(step, sorted(set(step.land.keys)))
    until = step.span.since + timedelta(days=1) if step.facts else step.span.until  # a plan holds for parcels to come
    bound = {"outline": step.land.outline, "since": step.span.since, "until": until, "most": MAX_PARCELS + 1}
    shares = {row.key: float(row.share) for row in session.execute(text(_IN_OUTLINE), bound)}
    if len(shares) > MAX_PARCELS:
        raise _too_many(f"{step.where}.geometry")
    whole = [key for key, share in shares.items() if share >= WHOLE or not step.facts]
    if not whole:
        said = f"No parcel lies {'wholly ' if step.facts else ''}in this outline on {step.span.since}"
        raise ValueRefusedError(f"{step.where}.geometry", said, "Draw it around whole parcels, or name their keys.")
    return Reach(step, whole, {key: share for key, share in shares.items() if key not in whole})


def _zones(session: Session, reach: Reach, holdings: Holdings) -> list[tuple[Step, dict[str, Any]]]:
    """The zones that a step states; of parcels that are only declared in a list, the designation in that list instead."""
    step = reach.step
    outlines = {"": step.land.outline}
    if step.land.outline is None:
        found = session.execute(text(_OUTLINES), {"keys": reach.keys, "day": step.span.since})
        outlines = {row.key: row.geom for row in found}
        for key in (key for key in reach.keys if key not in outlines):
            if not holdings.held(key, step.span):
                said = f"{key} has neither an outline nor a declared holding on {step.span.since}"
                raise ValueRefusedError(f"{step.where}.parcels", said, "Choose a day on which it is recorded.")
            reach.altered |= holdings.change(key, step, {"designation": step.designation})
    reach.altered |= bool(outlines)
    days = {"valid_from": step.span.since, "valid_to": step.span.until}
    facts = {"plan": step.name, "designation": step.designation, "regulates_use": True}
    return [(step, {**facts, "geom": outline, **days}) for outline in outlines.values()]


def _check_zones(session: Session, zones: Sequence[tuple[Step, dict[str, Any]]]) -> None:
    """Of one day on one piece of land there cannot be two designations: which of them held would be a matter of names."""
    if len({(row["valid_from"], row["designation"]) for _, row in zones}) < 2:
        return
    outlines = [row["geom"] for _, row in zones]
    drawn = shapely.from_wkb(outlines)
    pairs = [
        (one, other)
        for one, other in zip(*shapely.STRtree(drawn).query(drawn).tolist(), strict=True)
        if one < other and _differ(zones[one][1], zones[other][1])
    ]
    bound = {"outlines": outlines, "least": SHARED_M2}
    bound |= {"ones": [one + 1 for one, _ in pairs], "others": [other + 1 for _, other in pairs]}
    for one, other, m2 in session.execute(text(_SHARED), bound):
        (step, row), (later, its) = zones[one - 1], zones[other - 1]
        raise ContradictionError(
            later.where,
            f"{step.where} says {row['designation']} and {later.where} says {its['designation']} of the same "
            f"{m2:.0f} m2 from {row['valid_from']} on.",
            "Correct the land or the day of one of them.",
        )


def _differ(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(row["valid_from"] == other["valid_from"] and row["designation"] != other["designation"])


def _name(session: Session, zones: Sequence[tuple[Step, dict[str, Any]]]) -> None:
    """Names that no plan has, and that win over plans in force since the very same day, where the later name does."""
    if not zones:
        return
    days = sorted({row["valid_from"] for _, row in zones})
    last: str | None = session.execute(text(_LAST_NAME), {"days": days, "plan": PLAN}).scalar_one()
    for step, row in zones:
        row["plan"] = f"{last} + {step.name}" if last else step.name


_NEVER_HEARD_OF = """
SELECT key FROM unnest(CAST(:keys AS text[])) AS k(key)
WHERE NOT EXISTS (SELECT FROM parcel p WHERE p.key = k.key COLLATE "C")
    AND NOT EXISTS (SELECT FROM holding h WHERE h.parcel_key = k.key COLLATE "C")
"""

_IN_OUTLINE = """
WITH area AS MATERIALIZED (SELECT ST_Subdivide(CAST(:outline AS geometry), 128) AS geom)
SELECT p.key, sum(shared_m2(a.geom, p.geom)) / ST_Area(p.geom) AS share
FROM area a JOIN parcel p ON p.geom && a.geom AND upper_inf(p.known) AND p.valid && daterange(:since, :until)
GROUP BY p.id HAVING sum(shared_m2(a.geom, p.geom)) >= 0.01
ORDER BY p.key LIMIT :most
"""

_OUTLINES = """
SELECT key, geom::text AS geom FROM parcel
WHERE key = ANY (:keys) AND upper_inf(known) AND valid @> CAST(:day AS date) ORDER BY key
"""

_LAST_NAME = """
SELECT max(plan) FROM zone
WHERE upper_inf(known) AND plan >= :plan AND (lower(valid) = ANY (:days) OR starts_with(plan, :plan))
"""

# In the database, which can be stopped in the midst of it.
_SHARED = """
WITH drawn AS MATERIALIZED (
    SELECT number, CAST(geom AS geometry) AS geom FROM unnest(CAST(:outlines AS text[])) WITH ORDINALITY AS o(geom, number)
)
SELECT one, other, m2
FROM unnest(CAST(:ones AS bigint[]), CAST(:others AS bigint[])) AS pair(one, other)
JOIN drawn a ON a.number = one
JOIN drawn b ON b.number = other
CROSS JOIN LATERAL (SELECT shared_m2(a.geom, b.geom) OFFSET 0) shared(m2)
WHERE m2 >= :least
ORDER BY one, other LIMIT 1
"""
