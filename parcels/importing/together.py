"""Rows of one file seen together, once they stand in the workspace: what one row alone cannot show."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.history import Layer
from parcels.importing.contract import Issue


def check(session: Session, target: Layer, found: Iterable[Issue]) -> list[Issue]:
    """Take rows out of the workspace that cannot be recorded beside the others; each with its issue.

    `found` are the issues of the gate: a unit of several rows is taken whole or not at all.
    """
    over = _over_before_they_begin(session, target)
    clashes = _clashes(session, target)
    return over + clashes + _halves(session, target, [*found, *over, *clashes])


def field_of(target: Layer) -> str:
    """What the unit's column is called in a file."""
    return "key" if target.unit == "parcel_key" else target.unit


def _reject(session: Session, target: Layer, issues: list[Issue]) -> list[Issue]:
    rejected = [issue.row for issue in issues if issue.severity == "error"]
    if rejected:
        session.execute(text(f"DELETE FROM {target.incoming} WHERE row = ANY (:rows)"), {"rows": rejected})
    return issues


def _over_before_they_begin(session: Session, target: Layer) -> list[Issue]:
    """The gate compares what a row states; this is for rows that --since dates."""
    found = session.execute(
        text(
            f"SELECT row, {target.unit}, valid_from, valid_to FROM {target.incoming} WHERE valid_to <= valid_from ORDER BY row"
        )
    )
    message = (
        "row {row}: valid_to {end} is not after {start}, from which --since dates the row: state its valid_from, or leave "
        "the row out."
    )
    issues = [
        Issue(
            row, unit, "valid_to", "validity-reversed", "error", message.format(row=row, start=start, end=end), str(end)
        )
        for row, unit, start, end in found
    ]
    return _reject(session, target, issues)


def _clashes(session: Session, target: Layer) -> list[Issue]:
    """Rows of one file that contradict each other are rejected, all of them: nobody knows which is right."""
    if not target.single and target.name != "holdings":
        return []
    overlap = (
        "true"
        if target.single
        else "(a.geom IS NULL OR b.geom IS NULL OR ST_Area(ST_Intersection(a.geom, b.geom)) >= 0.01)"
    )
    names = ", ".join(target.columns)
    found = session.execute(
        text(
            f"""
            SELECT a.row, a.{target.unit} AS unit, min(b.row) AS other,
                   bool_and((SELECT ROW(x.*)::text FROM (SELECT {names} FROM {target.incoming} WHERE row = a.row) x)
                          = (SELECT ROW(x.*)::text FROM (SELECT {names} FROM {target.incoming} WHERE row = b.row) x)) AS same
            FROM {target.incoming} a
            JOIN {target.incoming} b ON b.{target.unit} = a.{target.unit} AND b.row <> a.row
                AND daterange(b.valid_from, b.valid_to) && daterange(a.valid_from, a.valid_to) AND {overlap}
            GROUP BY a.row, a.{target.unit}
            ORDER BY a.row
            """
        )
    ).all()
    return _reject(session, target, [_clash(target, row) for row in found])


def _clash(target: Layer, row: tuple[int, str, int, bool]) -> Issue:
    number, unit, other, same = row
    name = field_of(target)
    if same:
        message = f"row {number}: {name} {unit} stands in row {other} with the same content: keep one of them."
        return Issue(number, unit, name, "duplicate-row", "warning", message, unit)
    message = (
        f"row {number}: {name} {unit} is stated again in row {other} for some of the same days, with other content: "
        "keep the right row, or give both valid_from and valid_to that do not overlap."
    )
    return Issue(number, unit, name, "overlapping-validity", "error", message, unit)


def _halves(session: Session, target: Layer, found: list[Issue]) -> list[Issue]:
    """Half of a plan would end its other half: the rows beside a rejected one go with it."""
    if target.single:
        return []
    units = {issue.feature for issue in found if issue.severity == "error" and issue.feature is not None}
    rows = session.execute(
        text(f"SELECT row, {target.unit} FROM {target.incoming} WHERE {target.unit} = ANY (:units) ORDER BY row"),
        {"units": sorted(units)},
    )
    name = field_of(target)
    message = "row {row}: another row of {name} {unit} is rejected, and its rows are taken together or not at all: mend that one."
    issues = [
        Issue(row, unit, name, "incomplete-unit", "error", message.format(row=row, name=name, unit=unit), unit)
        for row, unit in rows
    ]
    return _reject(session, target, issues)
