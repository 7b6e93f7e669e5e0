"""Rows of one file seen together, once they stand in the workspace: what one row alone cannot show."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.history import Layer
from parcels.importing.contract import Issue, Refused, located
from parcels.limits import OutlinesError, TooIntricateError, limited
from parcels.overlaps import SECONDS
from parcels.plans import REF


def check(session: Session, target: Layer, found: Iterable[Issue]) -> list[Issue]:
    """Take rows out of the workspace that cannot be recorded beside the others; each with its issue.

    `found` are the issues of the gate: a unit of several rows is taken whole or not at all.
    """
    clashes = _clashes(session, target) + _of_plans(session, target)
    return clashes + _halves(session, target, [*found, *clashes])


def field_of(target: Layer) -> str:
    """What the unit's column is called in a file."""
    return {"parcel_key": "key", "ref": "id"}.get(target.unit, target.unit)


def _reject(session: Session, table: str, issues: list[Issue]) -> list[Issue]:
    rejected = [issue.row for issue in issues if issue.severity == "error"]
    if rejected:
        session.execute(text(f"DELETE FROM {table} WHERE row = ANY (:rows)"), {"rows": rejected})
    return issues


def over_before_they_begin(session: Session, target: Layer) -> list[Issue]:
    """Rows that have just come and that --since dates to a day on which they are over; the gate compares what a row states."""
    reversed_days = (
        f"SELECT row, {target.unit}, valid_from, valid_to FROM {target.incoming} WHERE valid_to <= valid_from"
    )
    found = session.execute(text(f"{reversed_days} ORDER BY row"))
    message = "{where}: '{end}' is not after {start}, from which --since dates the row: state its valid_from, or leave the row out."
    issues = [
        Issue(
            *(row, unit, "valid_to", "validity-reversed", "error"),
            message.format(where=located(row, unit, "valid_to"), start=start, end=end),
            str(end),
        )
        for row, unit, start, end in found
    ]
    return _reject(session, target.incoming, issues)


def _clashes(session: Session, target: Layer) -> list[Issue]:
    """Rows of one file that contradict each other are rejected, all of them: nobody knows which is right."""
    if not target.single and target.name != "holdings":
        return []
    statement = text(_CLASHES.format(rows=target.rows, geom="NULL" if target.single else "geom"))
    try:
        with limited(session, SECONDS):
            found = session.execute(statement).all()
    except TooIntricateError:
        raise _too_intricate(session, target) from None
    except OutlinesError as error:
        raise Refused(error.kind, str(error)) from error
    return _reject(session, target.rows, [_clash(target, row) for row in found])


def _too_intricate(session: Session, target: Layer) -> Refused:
    """The file cannot be checked in time; the rows with most vertices are named, for they are the reason."""
    largest = session.execute(
        text(
            f"SELECT row, {target.unit}, ST_NPoints(geom) FROM {target.rows} WHERE geom IS NOT NULL ORDER BY 3 DESC, 1 LIMIT 3"
        )
    )
    listed = ", ".join(f"row {row} ({unit}) with {vertices} vertices" for row, unit, vertices in largest)
    return Refused(
        "too-intricate",
        f"The outlines of this file are too intricate to be laid over each other: simplify the geometry of {listed}.",
    )


def _clash(target: Layer, row: tuple[int, str, int, bool]) -> Issue:
    number, unit, other, same = row
    name = field_of(target)
    where = located(number, unit, name)
    if same:
        message = f"{where}: stands in row {other} with the same content: keep one of them."
        return Issue(number, unit, name, "duplicate-row", "warning", message, unit)
    message = (
        f"{where}: is stated again in row {other} for some of the same days, with other content: "
        "keep the right row, or give both valid_from and valid_to that do not overlap."
    )
    return Issue(number, unit, name, "overlapping-validity", "error", message, unit)


def _of_plans(session: Session, target: Layer) -> list[Issue]:
    """A deduction under the name of a plan's own would take the place of these."""
    if target.name != "deductions":
        return []
    found = session.execute(
        text(f"SELECT row, ref FROM {target.rows} WHERE ref LIKE :taken ORDER BY row"), {"taken": f"{REF}%"}
    )
    message = "{where}: '{ref}' is what deductions of a plan are called, which come with its file: use another id."
    issues = [
        Issue(row, ref, "id", "id-of-plan", "error", message.format(where=located(row, ref, "id"), ref=ref), ref)
        for row, ref in found
    ]
    return _reject(session, target.rows, issues)


def _halves(session: Session, target: Layer, found: list[Issue]) -> list[Issue]:
    """Half of a plan would end its other half: the rows beside a rejected one go with it."""
    if target.single:
        return []
    units = {issue.feature for issue in found if issue.severity == "error" and issue.feature is not None}
    rows = session.execute(
        text(f"SELECT row, {target.unit} FROM {target.rows} WHERE {target.unit} = ANY (:units) ORDER BY row"),
        {"units": sorted(units)},
    )
    name = field_of(target)
    message = "{where}: another row of {name} {unit} is rejected, and its rows are taken together or not at all: mend that one."
    issues = [
        Issue(
            *(row, unit, name, "incomplete-unit", "error"),
            message.format(where=located(row, unit, name), name=name, unit=unit),
            unit,
        )
        for row, unit in rows
    ]
    return _reject(session, target.rows, issues)


# Most units stand in one row, and these clash with nothing. Of districts and parcels any two rows of a day clash, of
# holdings those whose parts share land.
_CLASHES = """
WITH again AS MATERIALIZED (
    SELECT s.*, r.geom
    FROM stated s
    JOIN repeated USING (unit)
    JOIN (SELECT row, {geom}::geometry AS geom FROM {rows}) r USING (row)
)
SELECT a.row, a.unit, min(b.row) AS other, bool_and(a.content = b.content) AS same
FROM again a
JOIN again b ON b.unit = a.unit AND b.row <> a.row AND b.days && a.days
WHERE a.content = b.content OR a.geom IS NULL OR b.geom IS NULL OR shared_m2(a.geom, b.geom) >= 0.01
GROUP BY a.row, a.unit
ORDER BY a.row
"""
