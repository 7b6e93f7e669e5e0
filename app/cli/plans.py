"""The commands `plans` and `plan-file`: the plans of the register on a day, and the files they were read from."""

from pathlib import Path
from typing import Annotated

import typer

from app import plan_answers
from app.cli import base
from app.cli.base import AsJson, KnownAt, On, Refusal
from parcels import plan_files, plan_listing, plans
from rules.law import BERLIN


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.command("plans")(list_plans)
    cli.command("plan-file")(save_file)


def list_plans(
    on: On = None,
    known_at: KnownAt = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="STAGE", help=f"Only these: {', '.join(plans.STAGES)}.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", parser=base.text, metavar="NAME", help="Only those after this name.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The plans of the register on a day, by name, page by page."""
    if stage is not None and stage not in plans.STAGES:
        raise Refusal(f"There is no stage '{stage}': use one of {', '.join(plans.STAGES)}.")
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        found = plan_listing.listing(session, asked.on, asked.pinned_at, stage, after, limit + 1)
    following = found[limit - 1].name if len(found) > limit else None
    page = plan_answers.page(asked, found[:limit], following)
    if as_json:
        base.print_json(page)
        return
    columns = ("name", "kind", "stage", "valid_from", "valid_to", "designations", "pipeline", "marks", "source")
    rows = [[getattr(row, name) for name in columns] for row in page.plans]
    out = base.output()
    out.print(base.table(columns, rows))
    out.print(f"{len(rows)} plans, {base.footer(asked)}", markup=False)
    if following:
        pinned = asked.pinned_at.astimezone(BERLIN).isoformat()
        base.say(f"There are more: add --after '{following}' --on {asked.on} --known-at {pinned}")


def save_file(
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="The file's checksum, as plans and zones name it.")],
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="Where it goes; must not exist yet.")],
) -> None:
    """Save the file that a plan was read from."""
    with base.reading() as session:
        found = plan_files.find(session, sha256)
        try:
            with output.open("xb") as file:
                file.writelines(plan_files.content(session, found))
        except FileExistsError:
            raise Refusal(f"'{output}' exists already: choose another name.") from None
    base.say(f"{found.name}, {found.size_bytes} bytes, written to {output}.")
