"""From the gate into the register: rows are copied into a workspace, checked against each other, and recorded as one change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from parcels import history, origins, register
from parcels.importing import closing
from parcels.importing.contract import Issue, Limits, Options, Refused
from parcels.importing.plans import Plans
from parcels.importing.sandbox import Reading, read
from parcels.importing.stating import Parcels, Rows
from parcels.limits import OutlinesError, over_outlines
from parcels.origins import Origin
from rules.law import LAW

BATCH = 2  # chunks (of some 2,000 rows) that are copied before they are looked at
Way = Rows | Plans
_WAYS: dict[str, type[Way]] = {"plans": Plans, "parcels": Parcels}  # of other layers rows are taken as they stand
LAW_LISTS = {
    "designation": "designations.known",
    "holder": "holders.known",
    "disposition": "dispositions.known",
    "kas18_class": "neighbours.kas18_classes",
    "distance_class": "neighbours.distance_classes",
    "sensitive_kind": "surroundings.sensitive_kinds",
    "overlay_kind": "surroundings.overlay_kinds",
}


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
        way = _WAYS.get(layer, Rows)(session, layer, reading, options.since, options.replace)
        issues, rejected = _checked(session, way, reading, options)
        at = history.lock(session, now)
        issues += way.beside()
        summary = {"rows_read": reading.rows_read, "rows_rejected": rejected}
        summary |= options.origin.told() if options.origin else {}
        told: dict[str, Any] = {"source": source.name, "sha256": reading.sha256, "note": note, "summary": summary}
        with _as_refusal():
            change = way.record(at, actor, lambda step: on_progress(step, 0, None), **told)
        ended = way.closing(change)
        if not options.dry_run:
            closing.check(ended, options.replace, options.confirm_closing)
        with _as_refusal():
            issues += way.after(change)
        issues += reading.rest()
        if options.origin and change.recording is None and reading.rows_read > rejected:
            change = _told(session, change, options.origin, actor, told)
    read_rows, defence = reading.rows_read, reading.layers_of_defence
    passed = read_rows - rejected
    told_issues = reading.placed(issues)
    return Report(layer, source.name, reading.sha256, read_rows, passed, rejected, told_issues, change, defence, ended)


def _told(
    session: Session, change: register.Change, origin: Origin, actor: str, told: dict[str, Any]
) -> register.Change:
    """The register holds just what the file says: whose data that is is recorded, if it was not before."""
    layer = change.amendment.layer.name
    if origins.is_told(session, layer, origin):
        return change
    summary = json.dumps({"closed": 0, "added": 0, "ended": 0, **told["summary"]})
    number = history.record(session, change.at, "import", actor, **{**told, "layer": layer, "summary": summary})
    return replace(change, recording=number)


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


def _checked(session: Session, way: Way, reading: Reading, options: LoadOptions) -> tuple[list[Issue], int]:
    """Bring the good rows into the workspace; gives the findings so far, and how many rows are rejected."""
    seen = _take_in(session, way, reading, way.open())
    seen += way.check([*reading.issues, *seen])
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


def _take_in(session: Session, way: Way, reading: Reading, incoming: str) -> list[Issue]:
    """Copy the rows and complete them, batch by batch: the database works on one batch while the child reads the next."""
    names = ", ".join(way.columns(reading.columns))
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101 (a checked-out connection has its driver's)
    issues: list[Issue] = []
    chunks = reading.chunks()
    for first in chunks:
        with driver.cursor() as cursor, cursor.copy(f"COPY {incoming} ({names}) FROM STDIN") as copy:
            copy.write(first)
            for chunk in islice(chunks, BATCH - 1):
                copy.write(chunk)
        issues += way.more()
    return issues


_REPLACE_WITH_REJECTED = (
    "With --replace the file is the whole layer, and {rejected} of its rows cannot be taken: what they are about would end. "
    "Mend these rows, or import without --replace."
)
