"""From the gate into the register: rows are copied into a workspace, checked against each other, and recorded as one change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from parcels import history, register
from parcels.importing import beside, closing, districts, overlapping, together
from parcels.importing.contract import Issue, Limits, Options, Refused, located
from parcels.importing.sandbox import Reading, read
from parcels.limits import OutlinesError, over_outlines
from parcels.origins import Origin
from rules.law import LAW

RENAMED = {"holdings": {"key": "parcel_key"}, "deductions": {"id": "ref"}}
BATCH = 4  # chunks (of some 2,000 rows) that are copied before they are looked at
LAW_LISTS = {"designation": "designations.known", "holder": "holders.known", "disposition": "dispositions.known"}


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is taken: see `landreserve import --help`; `since` dates the rows that state no valid_from.

    `columns` as in Options; `origin` is kept with the recording.
    """

    crs: str | None = None
    repair: bool = False
    encoding: str | None = None
    replace: bool = False
    since: date | None = None
    confirm_closing: int | None = None
    dry_run: bool = False
    limits: Limits = field(default_factory=Limits)
    columns: Mapping[str, str] = field(default_factory=dict)
    origin: Origin | None = None


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
    ended: closing.Closing


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
    asked = Options(options.crs, options.repair, options.encoding, options.limits, choices(), options.columns)
    session.execute(text("SET LOCAL work_mem = '128MB'"))  # or what passes through is written to disk once more
    with read(source, layer, asked, lambda rows, total: on_progress("reading", rows, total)) as reading:
        target = history.LAYERS[layer]
        history.open_workspace(session, target)
        issues, rejected = _checked(session, target, reading, options)
        at = history.lock(session, now)
        issues += _later_days_stay(session, target)
        summary = {"rows_read": reading.rows_read, "rows_rejected": rejected}
        summary |= options.origin.told() if options.origin else {}
        told: dict[str, Any] = {"source": source.name, "sha256": reading.sha256, "note": note, "summary": summary}
        with _as_refusal():
            change = register.record_stated(
                *(session, layer, at, "import", actor, options.replace, lambda step: on_progress(step, 0, None)), **told
            )
        ended = closing.closing(session, change)
        if not options.dry_run:
            closing.check(ended, options.replace, options.confirm_closing)
        with _as_refusal():
            issues += _after(session, target, change)
        issues += reading.rest()
    read_rows, defence = reading.rows_read, reading.layers_of_defence
    passed = read_rows - rejected
    return Report(layer, source.name, reading.sha256, read_rows, passed, rejected, issues, change, defence, ended)


@contextmanager
def _as_refusal() -> Iterator[None]:
    """Outlines that cannot be laid over the register's are a reason to refuse the file."""
    try:
        yield
    except OutlinesError as error:
        raise Refused(error.kind, str(error)) from error
    except DBAPIError as error:
        if (found := over_outlines(error)) is None:
            raise
        raise Refused(found.kind, str(found)) from error


def _checked(
    session: Session, target: history.Layer, reading: Reading, options: LoadOptions
) -> tuple[list[Issue], int]:
    """Bring the good rows into the workspace; gives the findings so far, and how many rows are rejected."""
    seen = _take_in(session, target, reading, options.since)
    history.all_in(session, target)
    seen += together.check(session, target, [*reading.issues, *seen])
    issues = [*reading.issues, *seen]
    rejected = reading.rows_rejected + len({issue.row for issue in seen if issue.severity == "error"})
    if options.replace and rejected:
        raise Refused("replace-with-rejected", _REPLACE_WITH_REJECTED.format(rejected=rejected), tuple(issues))
    return issues, rejected


def choices() -> Mapping[str, frozenset[str]]:
    """The values that the law's lists know, over all their dates."""
    return {
        name: frozenset(code for value in LAW.parameters[parameter] for code in value.codes)
        for name, parameter in LAW_LISTS.items()
    }


def _take_in(session: Session, target: history.Layer, reading: Reading, since: date | None) -> list[Issue]:
    """Copy the rows and hash them, batch by batch: the database works on one batch while the child reads the next."""
    renamed = RENAMED.get(target.name, {})
    names = ", ".join(renamed.get(name, name) for name in reading.columns)
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101 (a checked-out connection has its driver's)
    issues: list[Issue] = []
    chunks = reading.chunks()
    for first in chunks:
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {target.incoming} ({names}) FROM STDIN (FORMAT csv)") as copy,
        ):
            copy.write(first)
            for chunk in islice(chunks, BATCH - 1):
                copy.write(chunk)
        issues += _complete(session, target, since)
        history.digest(session, target)
    return issues


def _complete(session: Session, target: history.Layer, since: date | None) -> list[Issue]:
    """Fill what the last batch leaves to us: the day since which, and the identity of deductions that have none."""
    last = "row > (SELECT coalesce(max(row), 0) FROM stated)"
    if target.name == "deductions":
        identity = "UPDATE incoming_deduction SET ref = md5(ROW(kind, geom)::text) WHERE ref IS NULL AND "
        session.execute(text(identity + last))
    if since is None:
        return []
    session.execute(
        text(f"UPDATE {target.incoming} SET valid_from = :since WHERE valid_from IS NULL AND {last}"), {"since": since}
    )
    return together.over_before_they_begin(session, target)


def _after(session: Session, target: history.Layer, change: register.Change) -> list[Issue]:
    """What only shows once the rows stand beside everything else."""
    found = [remark.issue() for remark in beside.check(session, target)]
    if target.name == "parcels" and change.recording is not None:
        found += [remark.issue() for remark in overlapping.check(session, change.at)]
    if target.name == "districts" and change.recording is not None:
        found += districts.check(session, change.at)
    if target.name == "zones" and change.recording is not None:
        found += _zones_of_one_day(session, change.at)
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


_REPLACE_WITH_REJECTED = (
    "With --replace the file is the whole layer, and {rejected} of its rows cannot be taken: what they are about would end. "
    "Mend these rows, or import without --replace."
)

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
