"""The command `conversions due`: which cases are late, or soon will be."""

import typer

from app import clock, conversion_due, conversions
from app.cli import base
from app.cli.base import AsJson, KnownAt, On

COLUMNS = ("id", "reference", "district", "state", "involvement", "late", "bwi_deadline", "consent_deadline")


def add_to(group: typer.Typer) -> None:
    """Register the command in the group `conversions`."""
    group.command("due")(due)


def due(on: On = None, known_at: KnownAt = None, as_json: AsJson = False) -> None:
    """Cases whose consent or BWI deadline is near or has passed. The most urgent first."""
    now = clock.now()
    with base.reading() as session:
        asked = conversions.ask(session, on or clock.day(now), known_at, now)
        found = conversion_due.due(session, asked)
    if as_json:
        base.print_json([{**one.row.model_dump(mode="json"), "late": list(one.late)} for one in found])
        return
    rows = [[one.late if name == "late" else getattr(one.row, name) for name in COLUMNS] for one in found]
    out = base.output()
    out.print(base.table(COLUMNS, rows))
    out.print(f"{len(rows)} cases, {base.footer(asked)}", markup=False)
