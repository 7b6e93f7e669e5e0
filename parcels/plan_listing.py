"""The plans of the register as they are looked up: on a day, by name, with what each of them says there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan in a list. `stage` and what its file says are None for one that was recorded as zones only; `area_m2` is that of its
    outline (GRS80); `designations` are those of its zones in force, `pipeline` those of a plan in procedure."""

    name: str
    number: str | None
    kind: str | None
    stage: str | None
    changes: str | None
    bau_nvo: str | None
    xplan_version: str | None
    valid_from: date | None
    valid_to: date | None
    expected: date | None
    area_m2: Decimal | None
    zones: int
    designations: list[str]
    pipeline: list[str]
    marks: list[str]
    gml_id: str | None
    source: str | None
    member: str | None
    sha256: str | None


def listing(
    session: Session, on: date, known_at: datetime, stage: str | None = None, after: str | None = None, limit: int = 100
) -> list[PlanSummary]:
    """Plans of the register on a day by name, also those recorded as zones only; `after` is the last name before."""
    rows = session.execute(
        text(_LISTING), {"on": on, "known_at": known_at, "stage": stage, "after": after or "", "limit": limit}
    )
    return [PlanSummary(*row) for row in rows]


_ON = "valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)"
_LISTING = f"""
WITH page AS (
    SELECT name FROM (
        SELECT name FROM plan WHERE name > :after AND {_ON} AND (CAST(:stage AS text) IS NULL OR stage = :stage)
        UNION
        SELECT plan COLLATE "C" FROM zone WHERE plan COLLATE "C" > :after AND {_ON} AND CAST(:stage AS text) IS NULL
    ) names
    ORDER BY name LIMIT :limit
)
SELECT page.name, p.number, p.kind, p.stage, p.changes, p.bau_nvo, p.xplan_version,
       coalesce(lower(p.valid), z.valid_from), coalesce(upper(p.valid), z.valid_to), l.expected,
       round(ST_Area(ST_Transform(p.geom, 4258)::geography)::numeric, 2), coalesce(z.zones, 0), coalesce(z.designations, '{{}}'),
       coalesce(l.designations, '{{}}'), coalesce(m.kinds, '{{}}'), p.gml_id, p.source, p.member, p.sha256
FROM page
LEFT JOIN (SELECT * FROM plan WHERE {_ON}) p ON p.name = page.name
LEFT JOIN LATERAL (
    SELECT count(*)::int AS zones, array_agg(DISTINCT designation ORDER BY designation) AS designations,
           CASE WHEN count(lower(valid)) = count(*) THEN min(lower(valid)) END AS valid_from,
           CASE WHEN count(upper(valid)) = count(*) THEN max(upper(valid)) END AS valid_to
    FROM zone WHERE plan = page.name COLLATE "default" AND {_ON} HAVING count(*) > 0
) z ON true
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT designation ORDER BY designation) AS designations, min(expected) AS expected
    FROM pipeline_zone WHERE plan = page.name AND {_ON}
) l ON true
LEFT JOIN LATERAL (SELECT array_agg(DISTINCT kind ORDER BY kind) AS kinds FROM plan_mark WHERE plan = page.name AND {_ON}) m ON true
ORDER BY page.name
"""
