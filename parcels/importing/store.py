"""From the gate into the register: rows are copied into a workspace, checked against each other, and recorded as one change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import history, register
from parcels.importing import together
from parcels.importing.contract import Issue, Limits, Options, Refused
from parcels.importing.sandbox import Reading, read
from rules.law import LAW

RENAMED = {"holdings": {"key": "parcel_key"}, "deductions": {"id": "ref"}}
ALWAYS_FEW = 3  # an import may end this many facts of a layer without asking
LARGE_SHARE = 0.05  # ... or this share of them
LAW_LISTS = {"designation": "designations.known", "holder": "holders.known", "disposition": "dispositions.known"}


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is taken: see `landreserve import --help`; `since` dates the rows that state no valid_from."""

    crs: str | None = None
    repair: bool = False
    encoding: str | None = None
    replace: bool = False
    since: date | None = None
    confirm_closing: int | None = None
    dry_run: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or with `dry_run` would do; row by row in `issues`."""

    layer: str
    source: str
    sha256: str
    rows_read: int
    rows_passed: int
    rows_rejected: int
    issues: list[Issue]
    change: register.Change
    layers_of_defence: tuple[str, ...]


Progress = Callable[[str, int, int | None], None]


def load(
    session: Session,
    layer: str,
    source: Path,
    options: LoadOptions,
    now: datetime,
    actor: str,
    on_progress: Progress = lambda step, done, total: None,
    note: str | None = None,
) -> Report:
    """Import one file into a layer within the session's transaction, which the caller commits (or not, for a dry run).

    Raises Refused for a file that cannot be taken, or that would end more of the layer than was confirmed.
    """
    asked = Options(options.crs, options.repair, options.encoding, options.limits, choices())
    with read(source, layer, asked, lambda rows, total: on_progress("reading", rows, total)) as reading:
        target = history.LAYERS[layer]
        history.open_workspace(session, target)
        _copy(session, target, reading)
        issues = list(reading.issues)
    _prepare(session, target, options.since)
    seen = together.check(session, target, issues)
    issues += seen
    rejected = reading.rows_rejected + len({issue.row for issue in seen if issue.severity == "error"})
    if options.replace and rejected:
        raise Refused("replace-with-rejected", _REPLACE_WITH_REJECTED.format(rejected=rejected), tuple(issues))
    at = history.lock(session, now)
    stay = _later_days_stay(session, target)
    change = register.record_stated(
        session,
        layer,
        at,
        "import",
        actor,
        options.replace,
        lambda step: on_progress(step, 0, None),
        source=source.name,
        sha256=reading.sha256,
        note=note,
        summary={"rows_read": reading.rows_read, "rows_rejected": rejected},
    )
    _guard(session, change, options)
    issues += stay + _after(session, target, change)
    return Report(
        layer,
        source.name,
        reading.sha256,
        reading.rows_read,
        reading.rows_read - rejected,
        rejected,
        issues,
        change,
        reading.layers_of_defence,
    )


def choices() -> Mapping[str, frozenset[str]]:
    """The values that the law's lists know, over all their dates."""
    return {
        name: frozenset(code for value in LAW.parameters[parameter] for code in value.codes)
        for name, parameter in LAW_LISTS.items()
    }


def _copy(session: Session, target: history.Layer, reading: Reading) -> None:
    renamed = RENAMED.get(target.name, {})
    names = ", ".join(renamed.get(name, name) for name in reading.columns)
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101 (a checked-out connection has its driver's)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {target.incoming} ({names}) FROM STDIN (FORMAT csv)") as copy,
    ):
        for chunk in reading.chunks():
            copy.write(chunk)


def _prepare(session: Session, target: history.Layer, since: date | None) -> None:
    """Fill what the file leaves to us: the day since which, and the identity of deductions that have none."""
    if since is not None:
        session.execute(
            text(f"UPDATE {target.incoming} SET valid_from = :since WHERE valid_from IS NULL"),
            {"since": since},
        )
    if target.name == "deductions":
        session.execute(text(f"UPDATE {target.incoming} SET ref = md5(ROW(kind, geom)::text) WHERE ref IS NULL"))
    session.execute(text(f"ANALYZE {target.incoming}"))


def _guard(session: Session, change: register.Change, options: LoadOptions) -> None:
    """A broken file must not end a layer: much of it may only go when the number is repeated."""
    ended = change.amendment.ended
    table = change.amendment.layer.table
    known = "known @> (CAST(:at AS timestamptz) - interval '1 microsecond')"
    before = session.execute(text(f"SELECT count(*) FROM {table} WHERE {known}"), {"at": change.at}).scalar_one()
    if ended > max(ALWAYS_FEW, LARGE_SHARE * before) and options.confirm_closing != ended and not options.dry_run:
        raise Refused(
            "closing-much",
            f"This file would end {ended} of {before} facts of the layer '{change.amendment.layer.name}'. If that is meant, "
            f"repeat the import with --confirm-closing {ended}; else check whether the file is complete.",
        )


def _after(session: Session, target: history.Layer, change: register.Change) -> list[Issue]:
    """What only shows once the rows stand beside everything else."""
    if target.name == "holdings":
        return _holdings_without_area(session) + _holdings_declared_in_vain(session) + _parts_outside(session)
    if target.name == "zones" and change.recording is not None:
        return _zones_of_one_day(session, change.at)
    return []


def _later_days_stay(session: Session, target: history.Layer) -> list[Issue]:
    """A row with an end and other content than what is recorded holds for its days; beyond its end nothing changes."""
    names = ", ".join(target.columns)
    found = session.execute(
        text(_LATER_DAYS.format(table=target.table, unit=target.unit, names=names, rows=target.incoming))
    )
    message = (
        "row {row}: beyond {end} what is recorded of {unit} stays. If it ends, state it for the days from {end} on, or state "
        "the recorded content again with valid_to {end}."
    )
    return [
        Issue(
            row, unit, "valid_to", "later-days-stay", "warning", message.format(row=row, unit=unit, end=end), str(end)
        )
        for row, unit, end in found.all()
    ]


_LATER_DAYS = """
WITH stated AS (
    SELECT row, {unit} AS unit, md5(ROW({names})::text)::uuid AS content, valid_to, daterange(valid_from, valid_to) AS days
    FROM {rows}
)
SELECT DISTINCT s.row, s.unit, s.valid_to
FROM stated s
JOIN {table} f ON f.{unit} = s.unit AND upper_inf(f.known) AND f.valid && s.days AND f.valid @> s.valid_to
WHERE s.valid_to IS NOT NULL
    AND NOT EXISTS (SELECT FROM stated o WHERE o.unit = s.unit AND (o.days @> s.valid_to OR o.content = f.content))
ORDER BY s.row
"""


def _holdings_without_area(session: Session) -> list[Issue]:
    found = session.execute(
        text(
            """SELECT row, parcel_key FROM incoming_holding i
            WHERE declared_net_m2 IS NULL AND NOT EXISTS (SELECT FROM parcel p WHERE p.key = i.parcel_key AND upper_inf(p.known))
            ORDER BY row"""
        )
    )
    message = (
        "row {row}: parcel {key} is not in the register and the row declares no area, so its hectares are unknown: import "
        "the parcel, or fill declared_net_m2 and designation."
    )
    return [
        Issue(row, key, "key", "no-area", "warning", message.format(row=row, key=key), key) for row, key in found.all()
    ]


def _holdings_declared_in_vain(session: Session) -> list[Issue]:
    found = session.execute(
        text(
            """SELECT row, parcel_key, declared_net_m2 FROM incoming_holding i
            WHERE declared_net_m2 IS NOT NULL AND EXISTS (SELECT FROM parcel p WHERE p.key = i.parcel_key
                AND upper_inf(p.known) AND p.valid && daterange(i.valid_from, i.valid_to))
            ORDER BY row"""
        )
    )
    message = "row {row}: parcel {key} has a geometry for these days, so its measured area counts and declared_net_m2 is not used."
    return [
        Issue(row, key, "declared_net_m2", "declared-unused", "note", message.format(row=row, key=key), str(area))
        for row, key, area in found.all()
    ]


def _parts_outside(session: Session) -> list[Issue]:
    """Only what lies in the parcel counts; a part drawn beside it should not get lost without a word."""
    found = session.execute(
        text(
            """SELECT i.row, i.parcel_key, round(ST_Area(ST_Difference(i.geom, p.geom))::numeric, 2) AS outside_m2
            FROM incoming_holding i
            JOIN parcel p ON p.key = i.parcel_key AND upper_inf(p.known) AND p.valid && daterange(i.valid_from, i.valid_to)
            WHERE i.geom IS NOT NULL AND ST_Area(ST_Difference(i.geom, p.geom)) > greatest(1, 0.001 * ST_Area(i.geom))
            ORDER BY i.row"""
        )
    )
    message = (
        "row {row}: {m2} m2 of the part lie outside parcel {key} and do not count: correct the outline, or import the "
        "parcel as it is now."
    )
    return [
        Issue(row, key, "geometry", "part-outside", "warning", message.format(row=row, key=key, m2=m2), str(m2))
        for row, key, m2 in found.all()
    ]


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


_REPLACE_WITH_REJECTED = (
    "With --replace the file is the whole layer, and {rejected} of its rows cannot be taken: what they are about would end. "
    "Mend these rows, or import without --replace."
)

_SAME_DAY = """
SELECT least(a.plan, b.plan) AS one, greatest(a.plan, b.plan) AS other, coalesce(lower(a.valid)::text, 'always') AS since,
       round(sum(ST_Area(ST_Intersection(x.geom, y.geom)))::numeric, 2) AS m2,
       array_agg(DISTINCT a.designation) || array_agg(DISTINCT b.designation) AS uses
FROM zone a
JOIN zone_piece x ON x.fact_id = a.id
JOIN zone_piece y ON y.geom && x.geom
JOIN zone b ON b.id = y.fact_id AND (b.plan <> a.plan OR b.designation > a.designation) AND b.regulates_use AND b.valid && a.valid
    AND lower(b.valid) IS NOT DISTINCT FROM lower(a.valid)
WHERE lower(a.known) = :at AND a.regulates_use AND (lower(b.known) < :at OR a.plan <= b.plan)
GROUP BY 1, 2, 3
HAVING sum(ST_Area(ST_Intersection(x.geom, y.geom))) >= 0.01
ORDER BY 1, 2, 3
"""
