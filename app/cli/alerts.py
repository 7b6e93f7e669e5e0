"""The commands about alerts: alerts list|show|acknowledge."""

from typing import Annotated, Any

import typer

from app import alert_answers, clock
from app.cli import base
from app.cli.base import Actor, AsJson
from app.web.language import translator
from parcels import alerts
from rules.alerts import Kind, Severity

group = typer.Typer(help="What was told of reserve, cases and imports.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1, metavar="ID", help="As `alerts list` shows it.")]
ENGLISH = "en"


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="alerts")


@group.command("list")
def list_all(
    lasting: Annotated[bool, typer.Option("--open", help="Only those that last.")] = False,
    kinds: Annotated[list[Kind] | None, typer.Option("--kind", help="Only these kinds; may be repeated.")] = None,
    severities: Annotated[
        list[Severity] | None, typer.Option("--severity", help="Only these; may be repeated.")
    ] = None,
    before: Annotated[int | None, typer.Option("--before", min=1, metavar="ID", help="Only older ones.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """All alerts, newest first."""
    speak = translator(ENGLISH)
    with base.reading() as session:
        found = alerts.listing(session, lasting, kinds or (), severities or (), before, limit)
    told = [alert_answers.one(alert, speak, True) for alert in found]
    if as_json:
        base.print_json([one.model_dump(mode="json") for one in told])
        return
    columns = ("id", "severity", "kind", "subject", "on", "over since", "noted", "title")
    rows = [[_cell(one, name) for name in columns] for one in told]
    base.output().print(base.table(columns, rows, right=("id",)))
    if len(found) == limit:
        base.say(f"There may be more: add --before {found[-1].id}")


def _cell(one: Any, name: str) -> Any:
    if name == "noted":
        return bool(one.acknowledgements)
    if name == "over since":
        return one.resolved_at and one.resolved_at.replace(microsecond=0)
    return getattr(one, name)


@group.command("show")
def show(number: Number, as_json: AsJson = False) -> None:
    """One alert: what it says, why, who has taken note."""
    with base.reading() as session:
        told = alert_answers.one(alerts.find(session, number), translator(ENGLISH), True)
    if as_json:
        base.print_json(told)
        return
    plain = told.model_dump(exclude={"facts", "citations", "acknowledgements"})
    plain |= {f"fact {name}": value for name, value in told.facts.items()}
    plain |= {f"source {n}": f"{c.text} ({c.paragraph}) {c.url}" for n, c in enumerate(told.citations, 1)}
    out = base.output()
    out.print(base.table(("alert", ""), list(plain.items())))
    rows = [(one.at, one.name, one.note) for one in told.acknowledgements]
    if rows:
        out.print(base.table(("at", "name", "note"), rows, title="Taken note"))


@group.command("acknowledge")
def acknowledge(
    number: Number,
    note: Annotated[
        str | None, typer.Option("--note", parser=base.text, metavar="TEXT", help="What is done about it.")
    ] = None,
    actor: Actor = None,
) -> None:
    """Say that one has taken note. Nothing is resolved by it."""
    with base.writing() as session:
        alerts.acknowledge(session, number, clock.now(), actor or base.account(), note)
    base.say(f"Alert {number} is acknowledged.")
