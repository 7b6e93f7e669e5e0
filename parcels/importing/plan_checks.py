"""Plans as they lie: gaps in them and areas beyond their outline, on each other, and on parcels. All is taken, and told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import plans
from parcels.importing.contract import Issue, Severity, located
from parcels.limits import CoincidentEdgesError, OutlinesError, limited
from parcels.measuring import surely
from parcels.overlaps import SECONDS
from parcels.sql import counted
from rules.law import LAW

Slivers = list[tuple[str, float]]
"""Where (in a plan, or between two), and how many m2."""

NAMED = 5  # of slivers the first so many are named
PER_PLAN_S = 0.2  # a file of many plans may take longer
MOST = 1_000  # pairs of plans are listed; the others are counted


def check(session: Session) -> list[Issue]:
    """What shows of the plans in the workspace once they are recorded beside all others; slivers are one line."""
    bound = {name: LAW.parameters[f"plans.{name}"][-1].amount for name in ("sliver_m2", "sliver_m")}
    seconds = SECONDS + PER_PLAN_S * session.execute(text("SELECT count(*) FROM planned")).scalar_one()
    session.execute(text(counted(f"planned, {plans.INCOMING}")))
    issues: list[Issue] = []
    slivers: Slivers = []
    for judge, statement in ((_fitting, _FITTING), (_stacked, _STACKED), (_straddled, _STRADDLED)):
        try:
            found = _found(session, statement, bound, seconds)
        except OutlinesError as error:
            said = f"The plans were not laid over {_OVER[judge]}, {error.why}: {error.remedy}."
            issues.append(Issue(None, None, "geometry", "overlaps-unchecked", "warning", said))
            continue
        issues += judge(found, slivers)
    return issues + _told_together(slivers, **bound)


def _found(session: Session, statement: str, bound: dict[str, Any], seconds: float) -> Sequence[Any]:
    """PostGIS's predicates first: those that always answer cost more, and one file in very many needs them."""
    try:
        with limited(session, seconds):
            return session.execute(text(statement), bound).all()
    except CoincidentEdgesError:
        with limited(session, seconds):
            return session.execute(text(surely({"it": statement})["it"]), bound).all()


def _fitting(found: Sequence[Any], slivers: Slivers) -> list[Issue]:
    """Rows are (row, plan, kind, number, m2, slivers, slivers_m2)."""
    said = {
        "plan-gap": "{number} of together {m2} m2 within the outline are covered by no area, so nothing is known of their use",
        "plan-beyond": "{number} of together {m2} m2 lie beyond the plan's own outline, and are taken all the same",
    }
    slivers += [(one.plan, one.slivers_m2) for one in found for _ in range(one.slivers)]
    return [
        _issue(
            one,
            "geometry",
            one.kind,
            "warning",
            said[one.kind].format(number="1 place" if one.number == 1 else f"{one.number} places", m2=f"{one.m2:.2f}"),
            f"{one.m2:.2f}",
        )
        for one in found
        if one.number
    ]


def _stacked(found: Sequence[Any], slivers: Slivers) -> list[Issue]:
    """Rows are (row, plan, since, other, other_since, days_from, days_to, m2, sliver_m2, uses, other_uses), newest on top."""
    slivers += [
        (one.plan if one.plan == one.other else f"{one.plan} and {one.other}", one.sliver_m2)
        for one in found
        if one.sliver_m2
    ]
    told = [one for one in found if one.m2]
    issues = [_stack(one) for one in told[:MOST]]
    if len(told) > MOST:
        said = f"{len(told)} pairs of plans lie over each other, the first {MOST} are listed."
        issues.append(Issue(None, None, "geometry", "more-issues", "note", said))
    return issues


def _stack(one: Any) -> Issue:
    m2 = f"{one.m2:.2f}"
    if one.plan == one.other:
        uses = f"{one.uses} and {one.other_uses}"
        said = f"the plan says both {uses} of the same {m2} m2: only one can count, so correct the outlines"
        return _issue(one, "designation", "same-day-plans", "warning", said, m2)
    if one.since == one.other_since:
        said = f"holds since the same day as {one.other} on {m2} m2 of the same land: {one.plan}, the later name, wins"
        return _issue(one, "valid_from", "same-day-plans", "warning", said, m2)
    until = "" if one.days_to is None else f" until {one.days_to}"
    days = f"from {one.days_from}{until}"
    said = f"displaces {one.other} ({one.other_uses}) on {m2} m2, which are {one.uses} {days}"
    return _issue(one, "geometry", "plan-displaces", "note", said, m2)


def _straddled(found: Sequence[Any], slivers: Slivers) -> list[Issue]:
    """Rows are (row, plan, parcels, inside, outside)."""
    return [
        _issue(
            one,
            "geometry",
            "parcels-straddle",
            "note",
            f"the edge of the plan cuts {one.parcels} {'parcel' if one.parcels == 1 else 'parcels'}: {one.inside:.2f} m2 of their "
            f"outlines lie in it, {one.outside:.2f} m2 beside it; each part counts under its own plan",
            str(one.parcels),
        )
        for one in found
    ]


def _told_together(slivers: Slivers, sliver_m2: Any, sliver_m: Any) -> list[Issue]:
    if not slivers:
        return []
    where = list(dict.fromkeys(place for place, _ in slivers))
    more = f" and {len(where) - NAMED} more" if len(where) > NAMED else ""
    said = (
        f"{len(slivers)} slivers (smaller than {sliver_m2} m2, or on the average no wider than {sliver_m} m) of together "
        f"{sum(m2 for _, m2 in slivers):.2f} m2 are not told one by one: {', '.join(where[:NAMED])}{more}."
    )
    return [Issue(None, None, "geometry", "plan-slivers", "note", said, str(len(slivers)))]


def _issue(one: Any, field: str, kind: str, severity: Severity, said: str, value: str) -> Issue:
    """A finding about a plan of the file, or about one recorded before that it meets."""
    where = f"{one.plan}, {field}" if one.row is None else located(one.row, one.plan, field)
    return Issue(one.row, one.plan, field, kind, severity, f"{where}: {said}.", value)


_OVER: dict[Callable[..., list[Issue]], str] = {
    _fitting: "their outlines",
    _stacked: "each other",
    _straddled: "the parcels",
}

# A plan without areas leaves the use alone. Of what is neither area nor plan, and of what is both, the pieces.
_FITTING = f"""
WITH drawn AS MATERIALIZED (
    SELECT p.row, p.plan, p.geom AS outline, ST_Union(r.geom) AS areas
    FROM planned p JOIN {plans.INCOMING} r ON r.plan = p.plan AND r.use = 'designation'
    GROUP BY p.row, p.plan, p.geom
),
place AS MATERIALIZED (
    SELECT row, plan, 'plan-gap' AS kind, (ST_Dump(land_without(outline, areas))).geom FROM drawn
    UNION ALL
    SELECT row, plan, 'plan-beyond', (ST_Dump(land_without(areas, outline))).geom FROM drawn
),
sized AS (
    SELECT row, plan, kind, ST_Area(geom) AS m2,
           ST_Area(geom) >= :sliver_m2 AND 2 * ST_Area(geom) > :sliver_m * ST_Perimeter(geom) AS wide
    FROM place WHERE ST_Area(geom) >= 0.0001
)
SELECT row, plan, kind, count(*) FILTER (WHERE wide) AS number, coalesce(sum(m2) FILTER (WHERE wide), 0) AS m2,
       count(*) FILTER (WHERE NOT wide) AS slivers, coalesce(avg(m2) FILTER (WHERE NOT wide), 0) AS slivers_m2
FROM sized
GROUP BY row, plan, kind
ORDER BY row, kind
"""

# Two plans on the same land and days, the one further on top first; of one plan two uses of the same land.
_STACKED = """
WITH here AS MATERIALIZED (SELECT plan, min(row) AS row FROM planned GROUP BY plan),
known AS MATERIALIZED (
    SELECT z.id, z.plan, z.designation, z.valid, coalesce(lower(z.valid), '-infinity') AS since FROM zone z
    WHERE upper_inf(z.known) AND z.regulates_use
),
mine AS MATERIALIZED (
    SELECT a.id, a.plan, a.designation, a.valid, x.geom
    FROM here h JOIN known a ON a.plan = h.plan JOIN zone_piece x ON x.fact_id = a.id
),
near AS MATERIALIZED (  -- by the index, box by box: the planner knows too little of what was just recorded
    SELECT m.id AS one, y.fact_id AS other, m.plan, m.designation, m.valid, m.geom AS x, y.geom AS y
    FROM mine m CROSS JOIN LATERAL (SELECT fact_id, geom FROM zone_piece p WHERE p.geom && m.geom OFFSET 0) y
),
met AS MATERIALIZED (  -- most neighbours only touch: the overlay is spared them
    SELECT one, other, days, x, y
    FROM (
        SELECT n.one, n.other, n.valid * b.valid AS days, n.x, n.y
        FROM near n
        JOIN known b ON b.id = n.other AND b.valid && n.valid
            AND (b.plan <> n.plan AND (b.plan > n.plan OR b.plan NOT IN (SELECT plan FROM here))
                 OR b.plan = n.plan AND b.designation > n.designation)
        OFFSET 0
    ) neighbours
    WHERE ST_Relate(x, y, 'T********')
),
pair AS MATERIALIZED (
    SELECT one, other, days, sum(m2) AS m2, coalesce(sum(m2) FILTER (WHERE 2 * m2 > :sliver_m * around), 0) AS wide_m2
    FROM (
        SELECT one, other, days, ST_Area(land) AS m2, ST_Perimeter(land) AS around
        FROM (SELECT one, other, days, shared_land(x, y) AS land FROM met OFFSET 0) shared
    ) sized
    GROUP BY one, other, days
    HAVING sum(m2) >= 0.01
),
ranked AS (
    SELECT p.days, p.m2, p.wide_m2,
           CASE WHEN (a.since, a.plan) >= (b.since, b.plan) THEN a.id ELSE b.id END AS upper,
           CASE WHEN (a.since, a.plan) >= (b.since, b.plan) THEN b.id ELSE a.id END AS lower
    FROM pair p JOIN known a ON a.id = p.one JOIN known b ON b.id = p.other
)
SELECT (SELECT row FROM here WHERE here.plan = u.plan) AS row, u.plan, u.since::text, l.plan AS other, l.since::text AS other_since,
       lower(r.days) AS days_from, upper(r.days) AS days_to,
       coalesce(sum(r.wide_m2) FILTER (WHERE r.wide_m2 >= :sliver_m2), 0) AS m2,
       coalesce(sum(r.m2) FILTER (WHERE r.wide_m2 < :sliver_m2), 0) AS sliver_m2,
       string_agg(DISTINCT u.designation, ', ') FILTER (WHERE r.wide_m2 >= :sliver_m2) AS uses,
       string_agg(DISTINCT l.designation, ', ') FILTER (WHERE r.wide_m2 >= :sliver_m2) AS other_uses
FROM ranked r JOIN known u ON u.id = r.upper JOIN known l ON l.id = r.lower
GROUP BY u.plan, u.since, l.plan, l.since, r.days
ORDER BY u.plan, l.plan, days_from
"""

# Only parcels that the edge meets can lie on both sides of it.
_STRADDLED = f"""
WITH edge AS MATERIALIZED (
    SELECT p.plan, e.geom FROM planned p CROSS JOIN LATERAL ST_Subdivide(ST_Boundary(p.geom), 32) AS e(geom)
    WHERE p.binding AND EXISTS (SELECT FROM {plans.INCOMING} r WHERE r.plan = p.plan AND r.use = 'designation')
),
met AS MATERIALIZED (
    SELECT DISTINCT e.plan, l.id
    FROM edge e CROSS JOIN LATERAL (SELECT id FROM parcel p WHERE p.geom && e.geom AND upper_inf(p.known) OFFSET 0) l
),
latest AS MATERIALIZED (
    SELECT DISTINCT ON (p.row, l.key) p.row, p.plan, p.geom AS outline, l.geom
    FROM met m JOIN planned p ON p.plan = m.plan JOIN parcel l ON l.id = m.id AND l.valid && p.days
    ORDER BY p.row, l.key, lower(l.valid) DESC NULLS LAST
),
part AS (
    SELECT row, plan, ST_Area(geom) AS whole, inside
    FROM latest CROSS JOIN LATERAL (SELECT shared_m2(geom, outline, :sliver_m) AS inside OFFSET 0) s
)
SELECT row, plan, count(*) AS parcels, sum(inside) AS inside, sum(whole - inside) AS outside
FROM part
WHERE inside >= :sliver_m2 AND whole - inside >= :sliver_m2
GROUP BY row, plan
ORDER BY row
"""
