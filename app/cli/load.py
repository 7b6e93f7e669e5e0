"""The commands that fill the register: import and demo."""

import csv as csv_format
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from app import csvfile, imports
from app.cli import base
from app.cli.base import Refusal
from app.cli.origin import stated
from parcels import db, demo
from parcels.importing.closing import Closing, ClosingUnconfirmed
from parcels.importing.contract import Issue, Refused
from parcels.importing.layers import LAYERS
from parcels.importing.readers import standing_by, sweep
from parcels.importing.store import LoadOptions, Report
from parcels.importing.store import Progress as OnProgress
from parcels.runs import Order

SHOWN = 50
ISSUE_FIELDS = tuple(field.name for field in fields(Issue))


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.command("import")(import_files)
    cli.command("demo")(load_demo)


def import_files(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help=f"One of {', '.join(LAYERS)}.")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="GeoJSON, GeoPackage, Shapefile, ... CSV, XLSX.")
    ],
    crs: Annotated[str | None, typer.Option("--crs", metavar="EPSG:CODE", help="For files that carry none.")] = None,
    repair: base.Repair = False,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="For tables and Shapefiles that name none.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole layer: close what it lacks.")
    ] = False,
    since: Annotated[
        date | None, typer.Option("--since", parser=base.day, metavar="DAY", help="valid_from of rows without one.")
    ] = None,
    confirm_closing: base.ConfirmClosing = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but record it.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", dir_okay=False, metavar="FILE", help="All findings, as .json or .csv.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="An entry of the sources: its columns and licence.")
    ] = None,
    attribution: Annotated[
        str | None, typer.Option("--attribution", parser=base.text, metavar="TEXT", help="Who is to be named.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", metavar="ID", help="With --attribution, such as dl-de/by-2-0.")
    ] = None,
    actor: base.Actor = None,
    note: base.Note = None,
) -> None:
    """Import files into a layer, each in one transaction. The same file again changes nothing."""
    if report is not None and report.suffix.lower() not in (".json", ".csv"):
        raise typer.BadParameter("the report ends in .json or .csv", param_hint="--report")
    if report is not None and not os.access(report if report.exists() else report.absolute().parent, os.W_OK):
        raise typer.BadParameter(f"{report} cannot be written; nothing was imported", param_hint="--report")
    options = LoadOptions(
        crs=crs,
        repair=repair,
        encoding=encoding,
        replace=replace,
        since=since,
        confirm_closing=confirm_closing,
        dry_run=dry_run,
        **stated(layer, source, attribution, licence),
    )
    sweep()
    found: list[dict[str, Any]] = []
    try:
        with standing_by(len(files) > 1):
            for file in files:
                found.append(import_one(layer, file, options, actor or base.account(), note))
    finally:
        if report is not None:
            _write_report(report, found)
    if any(one["rows_rejected"] or one["refused"] for one in found):
        raise typer.Exit(2 if any(one["refused"] for one in found) else 1)


def import_one(layer: str, file: Path, options: LoadOptions, actor: str, note: str | None) -> dict[str, Any]:
    """Import one file and show what came of it; a refused one is told, not raised, so that the report has it.

    What it would end is asked about where somebody sits at the terminal: nothing is held open meanwhile.
    """
    order = Order(layer, file.name or str(file), actor, options, note)
    try:
        with base.owner_engine(base.connected()) as engine, _progress(file.name) as on_progress:
            done = imports.at_once(engine, order, file, on_progress)
    except ClosingUnconfirmed as unconfirmed:
        if not _agreed(file, unconfirmed.closing):
            return _refused(file, unconfirmed)
        confirmed = replace(options, confirm_closing=unconfirmed.closing.facts)
        return import_one(layer, file, confirmed, actor, note)
    except Refused as refused:
        return _refused(file, refused)
    _print_summary(done, options.dry_run)
    _print_issues(done.issues)
    return _plain(done)


def _agreed(file: Path, ended: Closing) -> bool:
    """Whether somebody at the terminal says that so much may end."""
    if not sys.stdin.isatty():
        return False
    return typer.confirm(f"{file.name} would end {ended}. End them?", err=True)


def _refused(file: Path, refused: Refused) -> dict[str, Any]:
    """Tell of a refusal, and the line of the report about it."""
    _print_issues(refused.issues)
    base.errors().print(f"{file.name}: {refused.message}", style="bold red", markup=False, soft_wrap=True)
    return {
        "source": file.name,
        "refused": refused.kind,
        "message": refused.message,
        "rows_rejected": 0,
        "issues": [asdict(issue) for issue in refused.issues],
    }


@contextmanager
def _progress(name: str) -> Iterator[OnProgress]:
    """A bar with rows on stderr."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    rows = TextColumn("{task.completed:,.0f} rows")
    with Progress(*columns, rows, TimeElapsedColumn(), console=base.errors(), transient=True) as progress:
        task = progress.add_task(name, total=None)

        def on_progress(step: str, done: int, total: int | None) -> None:
            if step == "reading":
                progress.update(task, completed=done, total=total)
            progress.update(task, description=f"{name}: {step}".replace("[", "("))

        yield on_progress


def _print_summary(done: Report, dry_run: bool) -> None:
    change, ended = done.change, done.ended
    what = "tried only, nothing recorded" if dry_run else f"recorded at {base.shown(change.at)}"
    rows = [
        ("rows read", done.rows_read),
        ("rows rejected", done.rows_rejected),
        ("facts closed", change.amendment.closed),
        ("facts added", change.amendment.added),
        ("facts ended", str(ended) if ended.facts else 0),
        ("ledger lines closed", change.posting.closed),
        ("ledger lines added", change.posting.added),
        ("result", what if change.recording is not None else "nothing changed"),
        ("read behind", done.layers_of_defence),
    ]
    base.output().print(base.table((done.source, done.layer), rows))


def _print_issues(issues: Sequence[Issue]) -> None:
    """The findings row by row; long lists are cut, and say so."""
    if not issues:
        return
    place = ("row", "line") if any(issue.line is not None for issue in issues) else ("row",)
    columns = (*place, "severity", "kind", "field", "message")
    rows = [[getattr(issue, name) for name in columns] for issue in issues[:SHOWN]]
    base.output().print(base.table(columns, rows, title="Findings"))
    if len(issues) > SHOWN:
        base.output().print(f"... and {len(issues) - SHOWN} more: see --report FILE.")


def _plain(done: Report) -> dict[str, Any]:
    change, ended = done.change, done.ended
    return {
        "source": done.source,
        "layer": done.layer,
        "sha256": done.sha256,
        "refused": None,
        "rows_read": done.rows_read,
        "rows_passed": done.rows_passed,
        "rows_rejected": done.rows_rejected,
        "recording": change.recording,
        "recorded_at": change.at.isoformat() if change.recording is not None else None,
        "facts": {"closed": change.amendment.closed, "added": change.amendment.added, "ended": ended.facts},
        "ended": {"units": ended.units, "area_m2": ended.area_m2},
        "ledger": {"closed": change.posting.closed, "added": change.posting.added},
        "layers_of_defence": list(done.layers_of_defence),
        "issues": [asdict(issue) for issue in done.issues],
    }


def _write_report(path: Path, found: list[dict[str, Any]]) -> None:
    """JSON holds all; CSV the findings, one a line, safe to open in a spreadsheet."""
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n", "utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv_format.writer(file)
        writer.writerow(("source", *ISSUE_FIELDS))
        for one in found:
            writer.writerows(
                [csvfile.safe(cell) for cell in (one["source"], *(issue[name] for name in ISSUE_FIELDS))]
                for issue in one["issues"]
            )


def load_demo() -> None:
    """Load the fictitious demo register into an empty one. Step by step, each at its own past instant."""
    with base.owner_engine(base.connected()) as engine:
        try:
            count = show_demo(engine)
        except demo.RegisterNotEmpty as refusal:
            raise Refusal(str(refusal)) from refusal
    base.say(f"{count} files of the fictitious demo register loaded.")


def show_demo(engine: Engine) -> int:
    """Load the demo register in one transaction, telling of each file; returns how many there were."""
    from app import demo_replacements  # what answers of replacement need starts slowly, and no other command needs it

    with _progress("demo register") as on_progress, db.sessions(engine)() as session:
        reports = demo.load(
            session, lambda done, total, name: on_progress(f"file {done} of {total} {name}", done, total)
        )
        demo_replacements.load(session)
        session.commit()
    return len(reports)
