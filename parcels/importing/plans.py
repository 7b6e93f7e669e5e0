"""Plans on their way from the gate into the register: one table of areas of all kinds becomes facts of several layers at once.

A plan is taken whole or not at all. What its file leaves open is not guessed: it rejects the plan, or is told as a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import plan_files, plans, register
from parcels.history import Amendment
from parcels.importing import closing, plan_checks
from parcels.importing.closing import Closing
from parcels.importing.contract import Issue, Refused, Severity, located
from parcels.importing.sandbox import Reading


class Plans:
    """The areas of a file's plans, as the gate delivers them."""

    def __init__(self, session: Session, layer: str, reading: Reading, since: date | None, replace: bool) -> None:
        if replace:
            raise Refused("replace-plans", _NO_REPLACE)
        self._session, self._since, self._reading = session, since, reading
        self._amendments: list[Amendment] = []

    def open(self) -> str:
        """Make the workspace; the table that the gate's rows are copied to."""
        return plans.open_workspace(self._session)

    def columns(self, delivered: Iterable[str]) -> list[str]:
        """The gate's columns are the workspace's."""
        return list(delivered)

    def more(self) -> list[Issue]:
        """Nothing can be said of a plan before its last area is there."""
        return []

    def check(self, found: list[Issue]) -> list[Issue]:
        """All is in the workspace: find each plan's days, and take out the plans that cannot be recorded."""
        self._session.execute(text("SELECT FROM register FOR UPDATE"))  # days depend on what is recorded
        plans.settle_days(self._session, self._since)
        faults = self._told(_FAULTS, "error")
        names = sorted({issue.feature for issue in faults if issue.feature})
        told = {issue.row for issue in faults}
        rest = [
            Issue(
                *(row, plan, "plan", "incomplete-plan", "error"),
                f"{located(row, plan, 'plan')}: the plan is rejected, and its areas are taken together or not at all: mend it.",
                plan,
            )
            for row, plan in self._session.execute(text(_AREAS), {"names": names})
            if row not in told
        ]
        plans.drop(self._session, names)
        return faults + rest

    def beside(self) -> list[Issue]:
        """What can only be said beside the register as it stands. The lock is held."""
        return self._told(_BESIDE, "warning")

    def record(
        self, at: datetime, actor: str, on_step: Callable[[str], None], source: str, sha256: str, **told: Any
    ) -> register.Change:
        """Amend all layers with what the plans say, keep the file as evidence of it, and record it as one import."""
        on_step("amending")
        self._amendments = plans.amend(self._session, at, source, sha256)
        by_layer = {
            one.layer.name: {"closed": one.closed, "added": one.added} for one in self._amendments if one.changed
        }
        told["summary"] = {**told["summary"], "layers": by_layer}
        whole = plans.summed(self._amendments)
        if whole.changed:
            self._keep(sha256)
        return register.record_amended(
            self._session, whole, at, "import", actor, on_step, source=source, sha256=sha256, **told
        )

    def _keep(self, sha256: str) -> None:
        try:
            plan_files.keep(self._session, self._reading.file, sha256)
        except plan_files.FileAltered as altered:
            raise Refused("file-altered", str(altered)) from altered

    def closing(self, change: register.Change) -> Closing:
        """How much that ends of what is counted; that a plan leaves the pipeline is no loss."""
        counted = [one for one in self._amendments if one.layer.name in plans.COUNTED]
        return closing.summed([closing.closing(self._session, change.at, one) for one in counted])

    def after(self, change: register.Change) -> list[Issue]:
        """How the plans lie in themselves, on each other and on the parcels."""
        return plan_checks.check(self._session)

    def _told(self, checks: tuple[tuple[str, str, str, str], ...], severity: Severity) -> list[Issue]:
        """What the checks (kind, field, message, statement) find; each statement gives row, plan, value and what is named."""
        bound = {"in_force": list(plans.IN_FORCE)}
        issues = []
        for kind, field, message, statement in checks:
            used = {name: value for name, value in bound.items() if f":{name}" in statement}
            for found in self._session.execute(text(statement), used).mappings():
                said = f"{located(found['row'], found['plan'], field)}: {message.format(**found)}"
                issues.append(Issue(found["row"], found["plan"], field, kind, severity, said, found["value"]))
        return issues


_NO_REPLACE = (
    "--replace is not taken for plans: a file of plans never is all plans of the city, and each of its plans replaces what was "
    "recorded of that plan anyway. Leave it out."
)

_AREAS = f"SELECT DISTINCT row, plan FROM {plans.INCOMING} WHERE plan = ANY (:names) ORDER BY row"

_FAULTS = (
    (
        "outline-missing",
        "geometry",
        "the file has areas of this plan, but not the plan's own outline (raeumlicherGeltungsbereich): add it.",
        f"""
        SELECT min(row) AS row, plan, NULL AS value FROM {plans.INCOMING}
        GROUP BY plan HAVING NOT bool_or(use = 'outline') ORDER BY 1""",
    ),
    (
        "plan-twice",
        "plan",
        "{value} plans of the file have this name, and cannot be told apart: give each its own, or import them one by one.",
        f"""
        SELECT min(row) AS row, plan, count(*)::text AS value FROM {plans.INCOMING} WHERE use = 'outline'
        GROUP BY plan HAVING count(*) > 1 ORDER BY 1""",
    ),
    (
        "validity-reversed",
        "valid_to",
        "'{value}' is not after {begins}, from which it holds: mend its dates.",
        f"""
        SELECT min(r.row) AS row, r.plan, min(r.valid_to)::text AS value, min(coalesce(r.valid_from, lower(p.spoken))) AS begins
        FROM {plans.INCOMING} r JOIN planned p USING (plan)
        WHERE r.use = 'outline' AND p.binding AND isempty(p.days) AND NOT p.endless
            OR r.use = 'ban' AND r.valid_to <= r.valid_from
        GROUP BY r.plan ORDER BY 1""",
    ),
    (
        "end-unknown",
        "valid_to",
        "the plan is said to be {value}, but not since when, and it is recorded to be in force: state the day "
        "(untergangsDatum or aufhebungsverordnungsDatum).",
        """
        SELECT row, plan, stage AS value FROM planned p
        WHERE endless AND (
            EXISTS (SELECT FROM zone z WHERE z.plan = p.plan AND upper_inf(z.known) AND upper_inf(z.valid))
            OR EXISTS (SELECT FROM plan n WHERE n.name = p.plan AND upper_inf(n.known) AND n.stage = ANY (:in_force)
                       AND upper_inf(n.valid)))
        ORDER BY 1""",
    ),
)

_BESIDE = (
    (
        "draft-of-plan-in-force",
        "stage",
        "is recorded to be in force {since}, and what is in force stays: as '{value}' it is taken for {taken}. A procedure "
        "to change the plan needs a name of its own; if the plan is not in force, import its file that says so.",
        """
        SELECT row, plan, stage AS value,
               CASE WHEN in_force_since = '-infinity' THEN 'on all days' ELSE 'since ' || in_force_since END AS since,
               CASE WHEN isempty(days) THEN 'no day' ELSE 'the days before' END AS taken
        FROM planned WHERE NOT binding AND in_force_since IS NOT NULL ORDER BY 1""",
    ),
    (
        "earlier-days-stay",
        "valid_from",
        "the plan is recorded to be in force since {since} already, and the days until {value} stay so. If it was not in force "
        "then, import it again with --since {since}.",
        """
        SELECT row, plan, lower(spoken)::text AS value,
               CASE WHEN in_force_since = '-infinity' THEN '0001-01-01' ELSE in_force_since::text END AS since
        FROM planned WHERE binding AND in_force_since < lower(spoken) ORDER BY 1""",
    ),
    (
        "day-given-up",
        "valid_from",
        "is recorded to be in force since {value}, and this file states no day: it now counts as in force since always, below all "
        "plans of a stated day. If that is not meant, import it again with --since {value}.",
        """
        SELECT row, plan, in_force_since::text AS value FROM planned
        WHERE binding AND lower_inf(days) AND in_force_since > '-infinity' ORDER BY 1""",
    ),
    (
        "in-use-lost",
        "designation",
        "of {value} m2 it is recorded whether they are in commercial use, on outlines that the file does not have: state it of "
        "the new ones (layer zones, in_use_as_commercial).",
        f"""
        WITH told AS MATERIALIZED (
            SELECT p.row, p.plan, z.designation, z.geom
            FROM planned p
            JOIN zone z ON z.plan = p.plan AND upper_inf(z.known) AND z.valid && p.days AND z.in_use_as_commercial IS NOT NULL
            WHERE p.binding
        )
        SELECT p.row, p.plan, round(sum(ST_Area(p.geom))::numeric, 2)::text AS value
        FROM told p
        WHERE NOT EXISTS (
            SELECT FROM {plans.INCOMING} r
            WHERE r.plan = p.plan AND r.use = 'designation' AND coalesce(r.code, 'unknown') = p.designation
                AND r.geom::text = p.geom::text)
        GROUP BY p.row, p.plan ORDER BY 1""",
    ),
    (
        "plan-over",
        "valid_to",
        "the plan is said to be {value}, but not since when: no area is taken from this file, and past days may lack them.",
        """
        SELECT row, plan, stage AS value FROM planned WHERE endless ORDER BY 1""",
    ),
    (
        "partly-lapsed",
        "stage",
        "a part of the plan has lapsed, and its file does not say which: all areas in it count until the plans that took "
        "their place are recorded.",
        """
        SELECT row, plan, stage AS value FROM planned WHERE stage = 'partly_lapsed' ORDER BY 1""",
    ),
    (
        "plan-repeals",
        "changes",
        "is said to repeal {value}, which stays in force where this plan says nothing of the use: if it is repealed there as "
        "well, import its file that says since when.",
        f"""
        WITH repealed AS MATERIALIZED (
            SELECT r.row, r.plan, p.days, named.said
            FROM {plans.INCOMING} r
            JOIN planned p ON p.plan = r.plan AND p.binding AND NOT isempty(p.days)
            CROSS JOIN LATERAL unnest(string_to_array(r.changes, '; ')) AS named(said)
            WHERE r.use = 'outline' AND named.said LIKE '% (aufheb%'
        )
        SELECT r.row, r.plan, string_agg(DISTINCT z.plan, ', ') AS value
        FROM repealed r
        JOIN zone z ON z.plan <> r.plan AND upper_inf(z.known) AND z.valid && r.days AND starts_with(r.said, z.plan || ' (aufheb')
        GROUP BY r.row, r.plan ORDER BY 1""",
    ),
)
