"""Writing by hand: holding set and parcel set."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from app import clock, parcel_answers
from app.cli import base
from app.cli.base import Refusal
from app.cli.parcels import group as parcel_group
from app.geometry import Crs, multipolygon
from app.inputs import AmountM2, AreaM2
from app.schemas.parcels import EditOut
from parcels import edits
from parcels.edits import Edited, Recording, Span

group = typer.Typer(help="Who holds a parcel, and how available it is.", no_args_is_help=True)
FLAGS = {"yes": True, "no": False}
UNKNOWN = "unknown"
LARGEST_OUTLINE = 8 << 20
From = Annotated[date, typer.Option("--from", parser=base.day, metavar="DAY", help="First day of it.")]
To = Annotated[
    date | None, typer.Option("--to", parser=base.day, metavar="DAY", help="First day on which it holds no more.")
]
Flag = Annotated[str | None, typer.Option(metavar="yes|no|unknown")]
Word = Annotated[str | None, typer.Option(metavar="TEXT|unknown")]
Until = Annotated[str | None, typer.Option(metavar="DAY|unknown")]
SquareMetres = Annotated[str | None, typer.Option(metavar="M2|unknown")]


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="holding")


@group.command("set")
def set_holding(
    key: base.Key,
    valid_from: From,
    valid_to: To = None,
    holder: Word = None,
    site: Word = None,
    disposition: Word = None,
    disposition_until: Until = None,
    serviced: Flag = None,
    cleared: Flag = None,
    binding_use: Flag = None,
    opposing_plan: Flag = None,
    construction_possible_from: Until = None,
    marketable: Flag = None,
    declared_net_m2: SquareMetres = None,
    designation: Word = None,
    actor: base.Actor = None,
    note: base.Note = None,
    as_json: base.AsJson = False,
) -> None:
    """State what changes about a parcel's holding from a day on. What is not named stays as it is recorded."""
    named = _named(
        **{"holder": holder, "site": site, "disposition": disposition, "disposition_until": disposition_until},
        **{"serviced": serviced, "cleared": cleared, "binding_use": binding_use, "opposing_plan": opposing_plan},
        **{"construction_possible_from": construction_possible_from, "marketable": marketable},
        **{"declared_net_m2": declared_net_m2, "designation": designation},
    )
    if not named:
        raise Refusal("Nothing to record: name at least one fact, such as --disposition sold.")
    span = Span(valid_from, valid_to)

    def write(session: Session, recording: Recording) -> Edited:
        return edits.change_holding(session, key, span, named, recording)

    _record(key, span, write, actor, note, as_json)


@parcel_group.command("set")
def set_parcel(
    key: base.Key,
    valid_from: From,
    valid_to: To = None,
    official_m2: SquareMetres = None,
    gemarkung: Word = None,
    district: Word = None,
    geometry: Annotated[
        Path | None, typer.Option("--geometry", dir_okay=False, metavar="FILE", help="GeoJSON of the outline.")
    ] = None,
    crs: Annotated[Crs | None, typer.Option("--crs", help="CRS of the outline.")] = None,
    actor: base.Actor = None,
    note: base.Note = None,
    as_json: base.AsJson = False,
) -> None:
    """State what changes about a parcel itself from a day on. What is not named stays as it is recorded."""
    named = _named(official_m2=official_m2, gemarkung=gemarkung, district=district)
    outline = _outline(geometry, crs)
    if not named and outline is None:
        raise Refusal("Nothing to record: name at least one fact, such as --official-m2 12034.5.")
    span = Span(valid_from, valid_to)

    def write(session: Session, recording: Recording) -> Edited:
        return edits.change_parcel(session, key, span, named, recording, outline)

    _record(key, span, write, actor, note, as_json)


def _outline(file: Path | None, crs: Crs | None) -> str | None:
    """The outline in a file that holds one GeoJSON geometry, or one Feature, as over HTTP."""
    if (file is None) != (crs is None):
        raise typer.BadParameter("--geometry and --crs go together", param_hint="--geometry")
    if file is None or crs is None:
        return None
    try:
        if file.stat().st_size > LARGEST_OUTLINE:
            raise Refusal(f"{file.name} is larger than {LARGEST_OUTLINE >> 20} MiB: one outline is wanted.")
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as unreadable:
        raise Refusal(f"{file.name} cannot be read as GeoJSON: check the file.") from unreadable
    outline = found.get("geometry", found) if isinstance(found, dict) else None
    return multipolygon(outline if isinstance(outline, dict) else {}, crs)


Write = Callable[[Session, Recording], Edited]


def _record(key: str, span: Span, write: Write, actor: str | None, note: str | None, as_json: bool) -> None:
    """Record on what the register says of the parcel now, and tell what was done."""
    recording = Recording(clock.now(), actor or base.account(), note)
    with base.writing() as session:
        edits.check_version(session, key, None, recording.now)
        done = parcel_answers.edit(key, span, write(session, recording))
    if as_json:
        base.print_json(done)
    else:
        _tell(done)


def _tell(done: EditOut) -> None:
    if done.recording is None:
        base.say("The register says so already; nothing was recorded.")
    else:
        base.say(
            f"Recorded: {done.facts_added} facts, {done.lines_added} ledger lines added, {done.lines_closed} closed."
        )
    for warning in done.warnings:
        base.say(f"Warning, {warning.field}: {warning.message}. {warning.remedy}")


def _named(**given: str | None) -> dict[str, Any]:
    """The facts that were named, read; `unknown` is a fact that nobody knows."""
    return {name: _value(name, text) for name, text in given.items() if text is not None}


def _value(name: str, text: str) -> Any:
    if text == UNKNOWN:
        return None
    try:
        return READERS.get(name, base.text)(text)
    except (typer.BadParameter, ValueError) as wrong:
        said = wrong.message if isinstance(wrong, typer.BadParameter) else "an amount in m2 such as 11250.5 is needed"
        raise typer.BadParameter(said, param_hint=f"--{name.replace('_', '-')}") from None


def _flag(text: str) -> bool:
    if text not in FLAGS:
        raise typer.BadParameter("use yes, no or unknown")
    return FLAGS[text]


READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("serviced", "cleared", "binding_use", "opposing_plan", "marketable"), _flag),
    **dict.fromkeys(("disposition_until", "construction_possible_from"), base.day),
    "declared_net_m2": TypeAdapter(AmountM2).validate_python,
    "official_m2": TypeAdapter(AreaM2).validate_python,
}
