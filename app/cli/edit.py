"""Writing by hand: holding set."""

from datetime import date
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from app import clock, edits, parcel_answers
from app.cli import base
from app.cli.base import Refusal
from app.inputs import AreaM2
from app.schemas import HoldingFacts
from parcels import parcels

group = typer.Typer(help="Who holds a parcel, and how available it is.", no_args_is_help=True)
FACTS = tuple(HoldingFacts.model_fields)
FLAGS = {"yes": True, "no": False}
UNKNOWN = "unknown"
Flag = Annotated[str | None, typer.Option(metavar="yes|no|unknown")]
Word = Annotated[str | None, typer.Option(metavar="TEXT|unknown")]
Until = Annotated[str | None, typer.Option(metavar="DAY|unknown")]


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="holding")


@group.command("set")
def set_holding(
    key: base.Key,
    valid_from: Annotated[date, typer.Option("--from", parser=base.day, metavar="DAY", help="First day of it.")],
    valid_to: Annotated[
        date | None, typer.Option("--to", parser=base.day, metavar="DAY", help="First day on which it holds no more.")
    ] = None,
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
    declared_net_m2: Annotated[str | None, typer.Option(metavar="M2|unknown")] = None,
    designation: Word = None,
    actor: base.Actor = None,
    note: base.Note = None,
    as_json: base.AsJson = False,
) -> None:
    """State what changes about a parcel's holding from a day on; what is not named stays as it is on that day."""
    flags = {
        "serviced": serviced,
        "cleared": cleared,
        "binding_use": binding_use,
        "opposing_plan": opposing_plan,
        "marketable": marketable,
    }
    days = {"disposition_until": disposition_until, "construction_possible_from": construction_possible_from}
    words = {"holder": holder, "site": site, "disposition": disposition, "designation": designation}
    named = {
        **{name: _value(name, text, _flag) for name, text in flags.items() if text is not None},
        **{name: _value(name, text, base.day) for name, text in days.items() if text is not None},
        **{name: _value(name, text, base.text) for name, text in words.items() if text is not None},
    }
    if declared_net_m2 is not None:
        named["declared_net_m2"] = _value("declared_net_m2", declared_net_m2, TypeAdapter(AreaM2).validate_python)
    if not named:
        raise Refusal("Nothing to record: name at least one fact, such as --disposition sold.")
    _record(key, edits.Span(valid_from, valid_to), named, actor or base.account(), note, as_json)


def _record(key: str, span: edits.Span, named: dict[str, Any], actor: str, note: str | None, as_json: bool) -> None:
    now = clock.now()
    with base.writing() as session:
        edits.check_version(session, key, None, now)
        present = parcels.find(session, key, span.since, base.asked(session, span.since, None).known_at)
        held = present.holdings if present else []
        if len(held) > 1:
            raise edits.HeldInPartsError(key)
        before = {name: held[0][name] if held else None for name in FACTS}
        facts = {**before, **named}
        if "disposition" in named and "disposition_until" not in named:
            facts["disposition_until"] = None  # the day belonged to the disposition that ends
        change = edits.set_holding(session, key, span, facts, now, actor, note)
        done = parcel_answers.edit(key, span, change)
    if as_json:
        base.print_json(done)
    elif done.recording is None:
        base.say("The register says so already; nothing was recorded.")
    else:
        base.say(
            f"Recorded: {done.facts_added} facts, {done.lines_added} ledger lines added, {done.lines_closed} closed."
        )


def _value(name: str, text: str, read: Any) -> Any:
    """One fact; `unknown` is a fact that nobody knows."""
    if text == UNKNOWN:
        return None
    try:
        return read(text)
    except (typer.BadParameter, ValueError) as wrong:
        said = wrong.message if isinstance(wrong, typer.BadParameter) else "an amount in m2 such as 11250.5 is needed"
        raise typer.BadParameter(said, param_hint=f"--{name.replace('_', '-')}") from None


def _flag(text: str) -> bool:
    if text not in FLAGS:
        raise typer.BadParameter("use yes, no or unknown")
    return FLAGS[text]
