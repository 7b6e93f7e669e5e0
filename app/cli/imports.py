"""The commands about imports that were made: imports list|show|issues|forget."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from app import csvfile, import_answers
from app.cli import base
from app.cli.base import AsJson
from app.import_answers import ISSUE_COLUMNS
from parcels import run_queries, runs
from parcels.importing.contract import Severity
from parcels.importing.layers import LAYERS
from parcels.runs import State
from rules.law import BERLIN

group = typer.Typer(help="Imports: what became of each, and what it found row by row.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1, metavar="ID", help="As `imports list` shows it.")]
COUNTS = ("rows_read", "rows_rejected", "errors", "warnings", "notes")
SHOWN = 200


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="imports")


@group.command("list")
def list_all(
    layer: Annotated[str | None, typer.Option("--layer", help=f"Only this one: {', '.join(LAYERS)}.")] = None,
    state: Annotated[State | None, typer.Option("--state", help="Only these.")] = None,
    before: Annotated[int | None, typer.Option("--before", metavar="ID", help="Only older ones than this.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """All imports, newest first. Also those that were refused, tried only, or broke off."""
    with base.writing(commit=False) as session:
        found = [import_answers.one(seen, True) for seen in run_queries.listing(session, layer, state, before, limit)]
    if as_json:
        base.print_json([one.model_dump(mode="json") for one in found])
        return
    columns = ("id", "layer", "source", "state", "dry_run", *COUNTS, "created_at", "actor")
    rows = [[_cell(one, name) for name in columns] for one in found]
    base.output().print(base.table(columns, rows, right=COUNTS))
    if len(found) == limit:
        base.say(f"There may be more: add --before {found[-1].id}")


def _cell(one: Any, name: str) -> Any:
    value = getattr(one.findings if name in ("errors", "warnings", "notes") else one, name)
    return value.replace(microsecond=0) if name == "created_at" else value


@group.command("show")
def show(number: Number, as_json: AsJson = False) -> None:
    """One import: what was ordered, how it ended, what it changed, its findings by kind."""
    with base.writing(commit=False) as session:
        found = import_answers.detail(run_queries.find(session, number), run_queries.kinds(session, number), True)
    if as_json:
        base.print_json(found)
        return
    plain = found.model_dump(exclude={"progress", "facts", "refusal", "findings", "kinds"})
    if found.state in ("queued", "running"):
        plain["progress"] = (
            f"{found.progress.step or 'waiting'}, {found.progress.done} of {found.progress.total or '?'}"
        )
    else:
        plain |= {f"facts {name}": count for name, count in found.facts.model_dump().items()}
    if found.refusal:
        plain |= {"refused as": found.refusal.kind, "because": found.refusal.message}
    out = base.output()
    out.print(base.table(("import", ""), list(plain.items())))
    if found.kinds:
        rows = [(kind.severity, kind.kind, kind.count) for kind in found.kinds]
        out.print(base.table(("severity", "kind", "count"), rows, right=("count",), title="Findings"))


@group.command("forget")
def forget(
    before: Annotated[date, typer.Option("--before", parser=base.day, metavar="DAY", help="What ended before it.")],
) -> None:
    """Delete old imports with their findings. What they recorded stays, with file name and checksum."""
    with base.writing() as session:
        count = runs.forget(session, datetime.combine(before, time.min, BERLIN))
    base.say(f"{count} imports that ended before {before} are forgotten.")


@group.command("issues")
def issues(
    number: Number,
    csv: Annotated[Path | None, typer.Option("--csv", dir_okay=False, help="Write all of them to this file.")] = None,
    severity: Annotated[Severity | None, typer.Option("--severity", help="Only these.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind.")] = None,
    as_json: AsJson = False,
) -> None:
    """What an import found, row by row."""
    with base.writing(commit=False) as session:
        run_queries.find(session, number)
        found = run_queries.issues(session, number, severity, kind)
    if csv is not None:
        with csv.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csvfile.lines(ISSUE_COLUMNS, [[import_answers.issue_row(issue) for issue in found]]))
        base.say(f"{len(found)} findings written to {csv}.")
    elif as_json:
        base.print_json([import_answers.issue(issue).model_dump(mode="json") for issue in found])
    else:
        columns = ("number", "row", "severity", "kind", "field", "message")
        rows = [[getattr(issue, name) for name in columns] for issue in found[:SHOWN]]
        base.output().print(base.table(columns, rows, right=("number", "row")))
        if len(found) > SHOWN:
            base.say(f"... and {len(found) - SHOWN} more: add --csv FILE.")
