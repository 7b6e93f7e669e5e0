"""The land that a plan in procedure would make workplace land: the site of a candidate of which only the plan is named."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.limits import limited
from parcels.sites import Site
from rules.law import LAW

SECONDS = 5.0


class PlanSiteError(Exception):
    """A plan in procedure gives no one site: `found` are the designations of workplace land that it would bring, `asked` none of
    them, or none is asked for and there are several."""

    def __init__(self, plan: str, asked: str | None, found: tuple[str, ...]) -> None:
        said = f"would bring {', '.join(found)}" if found else "has no zones of workplace land in procedure"
        super().__init__(f"The plan {plan} {said}.")
        self.plan, self.asked, self.found = plan, asked, found


def of_plan(session: Session, plan: str, designation: str | None, on: date, known_at: datetime) -> tuple[Site, str]:
    """All zones of one designation that a plan in procedure on a day would bring, and the designation.

    A single designation of workplace land is taken by itself. PlanSiteError, OutlinesError.
    """
    law = LAW.on(on, known_at)
    known = [*law["stock.designations"].codes, *law["stock.designations_if_in_use_as_commercial"].codes]
    with limited(session, SECONDS):
        rows = session.execute(text(_ZONES), {"plan": plan, "known": known, "on": on, "known_at": known_at}).all()
    sites = {row.designation: row.geom for row in rows}
    wanted = next(iter(sites)) if designation is None and len(sites) == 1 else designation
    if wanted not in sites:
        raise PlanSiteError(plan, designation, tuple(sites))
    return Site(outline=sites[wanted]), str(wanted)


_ZONES = """
SELECT designation, ST_AsHEXEWKB(ST_Multi(ST_CollectionExtract(ST_Union(geom, 1e-6), 3))) AS geom
FROM pipeline_zone
WHERE plan = :plan AND designation = ANY (:known) AND regulates_use
    AND valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)
GROUP BY designation
ORDER BY designation
"""
