"""The commands of guidance (Handreichung): check, load, show, withdraw. Whoever may use them owns the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app import clock, guidance_answers
from app.cli import base
from app.cli.base import AsJson, KnownAt, On
from parcels import guidance, guidance_loading
from parcels.guidance_loading import Loaded
from parcels.guidance_text import GuidanceRefusedError
from rules.guidance import Condition

group = typer.Typer(help="Guidance (Handreichung): what its owner loaded.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML, one version: see docs/guidance.md.")]
SHOWN = 50
VERSION_COLUMNS = (
    "document",
    "version",
    "valid_from",
    "valid_to",
    "demonstration",
    "title",
    "source",
    "loaded_at",
    "actor",
)
RULE_COLUMNS = ("document", "id", "result", "routes", "designations", "when", "page", "wording")


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="guidance")


@contextmanager
def _refusals_told() -> Iterator[None]:
    """A refusal is told fault by fault, each a line; nothing was recorded."""
    try:
        yield
    except GuidanceRefusedError as refused:
        for fault in refused.faults[:SHOWN]:
            base.errors().print(str(fault), style="bold red", markup=False, soft_wrap=True)
        base.say(
            f"Refused, nothing was recorded: {len(refused.faults)} to mend, {min(len(refused.faults), SHOWN)} shown."
        )
        raise typer.Exit(2) from None


@group.command("check")
def check(file: File) -> None:
    """Say what loading would do. And everything that is wrong with the file; records nothing."""
    _take(file, base.account(), None, commit=False)


@group.command("load")
def load(file: File, actor: base.Actor = None, note: base.Note = None) -> None:
    """Record a version. The same file again changes nothing; a changed one is a new state of knowledge, nothing is overwritten."""
    _take(file, actor or base.account(), note, commit=True)


def _take(file: Path, actor: str, note: str | None, commit: bool) -> None:
    with _refusals_told():
        taken = guidance_loading.source(file)
        with base.writing(commit=commit) as session:
            done = guidance_loading.load(session, taken, clock.now(), actor, note)
    stated = taken.stated
    what = f"{stated.document} {stated.version}: {len(stated.rules)} rules, {len(taken.outlines)} zones"
    _tell(done, f"{what}, {'recorded' if commit else 'sound'}" if done.recording else f"{what}, nothing changed")


@group.command("withdraw")
def withdraw(
    document: Annotated[str, typer.Argument(parser=base.text, metavar="DOCUMENT", help="As `guidance show` names it.")],
    version: Annotated[str, typer.Argument(parser=base.text, metavar="VERSION", help="The version of it.")],
    actor: base.Actor = None,
    note: base.Note = None,
) -> None:
    """Know of a version no more. From now on, such as of one loaded by mistake; what was answered with it stays answerable."""
    with _refusals_told(), base.writing() as session:
        done = guidance_loading.withdraw(session, document, version, clock.now(), actor or base.account(), note)
    _tell(done, f"{document} {version}: withdrawn")


@group.command("show")
def show(on: On = None, known_at: KnownAt = None, as_json: AsJson = False) -> None:
    """Versions and rules of a day. All versions that are known, and the rules of those in force."""
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        answer = guidance_answers.on_day(session, asked)
        known = guidance.versions(session, asked.known_at)
        found = guidance.applicable(session, asked.on, asked.known_at)
    if as_json:
        base.print_json(answer)
        return
    out = base.output()
    if answer.demonstration:
        out.print("DEMONSTRATION, no guidance in force: made-up rules.", markup=False)
    out.print(base.table(VERSION_COLUMNS, [[getattr(one, name) for name in VERSION_COLUMNS] for one in known]))
    in_force = ", ".join(f"{one.document} {one.version}" for one in found.versions)
    out.print(f"in force: {in_force or 'none, every case is to be checked'}; {base.footer(asked)}", markup=False)
    if found.rules:
        rows = [[_cell(rule, name) for name in RULE_COLUMNS] for rule in found.rules]
        out.print(base.table(RULE_COLUMNS, rows, title="Rules in force"))


def _cell(rule: Any, name: str) -> Any:
    return _asked(rule.condition) if name == "when" else getattr(rule, name)


def _asked(condition: Condition) -> str:
    """A condition in one cell."""
    asked = {name: getattr(condition, name) for name in Condition.__dataclass_fields__}
    return "; ".join(f"{name} {base.shown(value)}" for name, value in asked.items() if value not in (None, ()))


def _tell(done: Loaded, what: str) -> None:
    days = [f"{one.version} from {one.valid_from} to {one.valid_to or 'open'}" for one in done.versions]
    base.say(f"{what}. Versions: {'; '.join(days) or 'none'}.")
    for warning in done.warnings:
        base.say(f"Warning: {warning}")
