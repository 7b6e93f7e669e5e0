"""Rows of one layer on their way from the gate into the register: stated, checked against each other, recorded, looked at again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import comparing, history, lineage, register
from parcels.importing import beside, closing, districts, overlapping, together
from parcels.importing.closing import Closing
from parcels.importing.contract import Issue, located
from parcels.importing.sandbox import Reading

NAMELESS = ("deductions", "sensitive", "overlays")  # a row without an id is known by its kind and outline
RENAMED = {"holdings": {"key": "parcel_key"}, **{name: {"id": "ref"} for name in (*NAMELESS, "sites_of_concern")}}


class Rows:
    """The rows of a file that are facts of one layer as they stand."""

    def __init__(self, session: Session, layer: str, reading: Reading, since: date | None, replace: bool) -> None:
        self._session, self._target, self._reading = session, history.LAYERS[layer], reading
        self._since, self._replace = since, replace

    def open(self) -> str:
        """Make the workspace; the table that the gate's rows are copied to."""
        history.open_workspace(self._session, self._target)
        return self._target.incoming

    def columns(self, delivered: Iterable[str]) -> list[str]:
        """What the gate's columns are called in the workspace."""
        renamed = RENAMED.get(self._target.name, {})
        return [renamed.get(name, name) for name in delivered]

    def more(self) -> list[Issue]:
        """Another batch has come: complete and state it."""
        issues = self._complete()
        history.state(self._session, self._target)
        return issues

    def check(self, found: list[Issue]) -> list[Issue]:
        """All is in the workspace: take out what cannot be recorded beside the others, or beside what the gate rejected."""
        history.all_in(self._session, self._target)
        return together.check(self._session, self._target, found)

    def beside(self) -> list[Issue]:
        """What can only be said beside the register as it stands. The lock is held."""
        return _later_days_stay(self._session, self._target)

    def record(self, at: datetime, actor: str, on_step: Callable[[str], None], **told: Any) -> register.Change:
        """Amend the layer with the rows, and record it."""
        return register.record_stated(
            self._session, self._target.name, at, "import", actor, self._replace, on_step, **told
        )

    def closing(self, change: register.Change) -> Closing:
        """How much of the layer that ends."""
        return closing.closing(self._session, change.at, change.amendment)

    def after(self, change: register.Change) -> list[Issue]:
        """What only shows once the rows stand beside everything else."""
        found = [remark.issue() for remark in beside.check(self._session, self._target)]
        if self._target.name == "districts" and change.recording is not None:
            found += districts.check(self._session, change.at)
        if self._target.name == "zones" and change.recording is not None:
            found += _zones_of_one_day(self._session, change.at)
        return found

    def _complete(self) -> list[Issue]:
        """Fill what the last batch leaves to us: the day since which, and the identity of what states none."""
        incoming = self._target.incoming
        if self._target.name in NAMELESS:
            identity = f"UPDATE {incoming} SET ref = md5(ROW(kind, geom)::text) WHERE ref IS NULL"
            self._session.execute(text(identity))
        if self._since is None:
            return []
        dated = f"UPDATE {incoming} SET valid_from = :since WHERE valid_from IS NULL"
        self._session.execute(text(dated), {"since": self._since})
        return together.over_before_they_begin(self._session, self._target)


class Parcels(Rows):
    """Parcels: of those that are no more nothing stays, and where they are split or merged what is held follows its land."""

    def check(self, found: list[Issue]) -> list[Issue]:
        """As of all rows; those of parcels that are no more speak for all days after them."""
        issues = super().check(found)
        comparing.end(self._session, self._reading.historic)
        return issues

    def record(self, at: datetime, actor: str, on_step: Callable[[str], None], **told: Any) -> register.Change:
        """Amend the layer with the rows, keep the lineage, let holdings follow, and record it all as one import."""
        self._followed: list[Issue] = []

        def follow() -> bool:
            followed = lineage.record(self._session, at, self._reading.kin)
            self._followed = followed.issues
            if followed.changed:
                told["summary"].update(lineage=followed.lines, holdings_followed=followed.holdings)
            return followed.changed

        spoken = bool(self._reading.historic)
        return register.record_stated(
            *(self._session, self._target.name, at, "import", actor, self._replace, on_step, spoken, follow), **told
        )

    def after(self, change: register.Change) -> list[Issue]:
        """As of all rows, what could not follow, and with which parcels they share land."""
        found = [*self._followed, *super().after(change)]
        if change.recording is not None and not change.amendment.first:
            found += [remark.issue() for remark in overlapping.check(self._session, change.at)]
        return found


def _later_days_stay(session: Session, target: history.Layer) -> list[Issue]:
    """A row with an end and other content than what is recorded holds for its days; beyond its end nothing changes."""
    found = session.execute(text(_LATER_DAYS.format(table=target.table, unit=target.unit)))
    message = (
        "{where}: beyond {end} what is recorded stays. If it ends, state it for the days from {end} on, or state "
        "the recorded content again with valid_to {end}."
    )
    return [
        Issue(
            *(row, unit, "valid_to", "later-days-stay", "warning"),
            message.format(where=located(row, unit, "valid_to"), end=end),
            str(end),
        )
        for row, unit, end in found.all()
    ]


_LATER_DAYS = """
SELECT DISTINCT s.row, s.unit, upper(s.days) AS upto
FROM stated s
JOIN {table} f ON f.{unit} = s.unit AND upper_inf(f.known) AND f.valid && s.days AND f.valid @> upper(s.days)
WHERE NOT upper_inf(s.days)
    AND NOT EXISTS (SELECT FROM stated o WHERE o.unit = s.unit AND (o.days @> upper(s.days) OR o.content = f.content))
    AND NOT EXISTS (SELECT FROM spoken o WHERE o.unit = s.unit)
ORDER BY s.row
"""


def _zones_of_one_day(session: Session, at: datetime) -> list[Issue]:
    """Two plans in force since the same day on the same land: the later name wins, and somebody should know."""
    found = session.execute(text(_SAME_DAY), {"at": at}).all()
    plans = "{one} and {other} hold since the same day on {m2} m2 of the same land: {other}, the later name, wins."
    within = (
        "{one} says both {uses} of the same {m2} m2 since the same day: only one can count, so correct the outlines."
    )
    return [
        Issue(
            None,
            one,
            "valid_from" if one != other else "designation",
            "same-day-plans",
            "warning",
            (plans if one != other else within).format(one=one, other=other, m2=m2, uses=" and ".join(uses)),
            since,
        )
        for one, other, since, m2, uses in found
    ]


_SAME_DAY = """
SELECT least(a.plan, b.plan) AS one, greatest(a.plan, b.plan) AS other, coalesce(lower(a.valid)::text, 'always') AS since,
       round(sum(shared_m2(x.geom, y.geom))::numeric, 2) AS m2,
       array_agg(DISTINCT a.designation) || array_agg(DISTINCT b.designation) AS uses
FROM zone a
JOIN zone_piece x ON x.fact_id = a.id
JOIN zone_piece y ON y.geom && x.geom
JOIN zone b ON b.id = y.fact_id AND (b.plan <> a.plan OR b.designation > a.designation) AND b.regulates_use AND b.valid && a.valid
    AND lower(b.valid) IS NOT DISTINCT FROM lower(a.valid)
WHERE lower(a.known) = :at AND a.regulates_use AND (lower(b.known) < :at OR a.plan <= b.plan)
GROUP BY 1, 2, 3
HAVING sum(shared_m2(x.geom, y.geom)) >= 0.01
ORDER BY 1, 2, 3
"""
