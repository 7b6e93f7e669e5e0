"""What the commands share: options, the connection, the two dates, tables and numbers on the terminal."""

import getpass
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticCustomError
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import answers, clock, embedded, inputs
from app.answers import Asked
from app.settings import Settings, with_database
from app.web.language import LANGUAGES, Translator, translator
from parcels import db
from rules.law import BERLIN


class Refusal(Exception):
    """A command that is not carried out; the message says why and what to do."""


def output() -> Console:
    """Where answers go: tables as wide as the terminal, or wide enough where there is none."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200, highlight=False)


def errors() -> Console:
    """Where progress and refusals go."""
    return Console(file=sys.stderr, highlight=False)


def say(message: str) -> None:
    """One line of what is going on, on stderr."""
    errors().print(message, markup=False, soft_wrap=True)


def account() -> str:
    """Who works here, for the recordings: the name of the system's account, or its number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def day(value: str) -> date:
    """A day on the command line, as over HTTP."""
    found: date = _read(inputs.day, value)
    return found


def instant(value: str) -> datetime:
    """An instant; without a time zone it is Hamburg's, since that is where the command line stands."""
    naive = inputs.INSTANT.fullmatch(value)
    if naive and naive[4] is None:
        value = datetime.fromisoformat(value).replace(tzinfo=BERLIN).isoformat()
    found: datetime = _read(inputs.instant, value)
    return found


def text(value: str) -> str:
    """Text without control characters."""
    return str(_read(inputs.text, value))


def key(value: str) -> str:
    """A Flurstueckskennzeichen."""
    return str(_read(inputs.parcel_key, value))


def _read(check: Any, value: str) -> Any:
    try:
        return check(value)
    except PydanticCustomError as wrong:
        raise typer.BadParameter(f"{wrong.message()}. {(wrong.context or {}).get('remedy', '')}") from None
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


On = Annotated[
    date | None, typer.Option("--on", parser=day, metavar="DAY", help="The day asked about; today if left out.")
]
KnownAt = Annotated[
    datetime | None,
    typer.Option("--known-at", parser=instant, metavar="INSTANT", help="The state of knowledge; all that is recorded."),
]
Language = Annotated[
    str | None, typer.Option("--lang", metavar="de|en", help="Language of the sentences; the terminal's, else German.")
]
AsJson = Annotated[bool, typer.Option("--json", help="The same answer as the API's, as JSON.")]
Key = Annotated[str, typer.Argument(parser=key, metavar="KEY", help="The Flurstueckskennzeichen, 20 characters.")]
Repair = Annotated[bool, typer.Option("--repair", help="Repair invalid polygons; each is listed.")]
ConfirmClosing = Annotated[
    int | None, typer.Option("--confirm-closing", min=0, metavar="N", help="Repeat how many facts may end.")
]
Actor = Annotated[
    str | None, typer.Option("--actor", parser=text, metavar="NAME", help="Who records this; the account's name.")
]
Note = Annotated[str | None, typer.Option("--note", parser=text, metavar="TEXT", help="Why: stays with the recording.")]


def connected(settings: Settings | None = None) -> Settings:
    """The settings with a database: the one they name, or the private PostGIS, started where it does not run."""
    settings = settings or Settings()
    if settings.database_url is not None:
        return settings
    return with_database(settings, embedded.start(settings.home, say))


@contextmanager
def owner_engine(settings: Settings) -> Iterator[Engine]:
    """Connections as the database's owner."""
    engine = db.engine(settings.owner_url(), pool_size=2)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def reading() -> Iterator[Session]:
    """A session on one state of the register, for commands that only ask."""
    with owner_engine(connected()) as engine:
        one_state = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with db.sessions(one_state)() as session:
            yield session


@contextmanager
def writing(commit: bool = True) -> Iterator[Session]:
    """A session that commits at the end of its block, all or nothing; without `commit` it rolls everything back."""
    with owner_engine(connected()) as engine, db.sessions(engine)() as session:
        yield session
        if commit:
            session.commit()


def asked(session: Session, on: date | None, known_at: datetime | None) -> Asked:
    """The two dates resolved, read from the clock once."""
    now = clock.now()
    return answers.ask(session, on or clock.day(now), known_at, now)


def print_json(answer: BaseModel | Sequence[Any] | dict[str, Any]) -> None:
    """An answer as JSON on stdout, and nothing else."""
    plain = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
    sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2, default=str) + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = (), title: str = "") -> Table:
    """A table whose cells are shown as they are; numbers right-aligned."""
    made = Table(title=title or None, box=None, pad_edge=False, title_justify="left", title_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(shown(cell)) for cell in row))
    return made


def shown(value: Any) -> str:
    """A cell: nothing as a dash, yes/no in words, amounts with decimals, instants in Hamburg's time, control characters visible."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, datetime):
        return value.astimezone(BERLIN).isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return "".join(c if c.isprintable() else "�" for c in str(value))


def footer(found: Asked) -> str:
    """On what the answer rests."""
    recorded = (
        found.recorded_at.astimezone(BERLIN).isoformat(timespec="seconds") if found.recorded_at else "nothing yet"
    )
    mark = "  FICTITIOUS REGISTER" if found.fictitious else ""
    known = found.known_at.astimezone(BERLIN).isoformat(timespec="seconds")
    return f"on {found.on}, known at {known} (last recording: {recorded}){mark}"


def speaker(language: str | None) -> Translator:
    """The translator of the language asked for, else of the terminal's if it is one of ours, else German."""
    if language is not None and language not in LANGUAGES:
        raise typer.BadParameter(f"known are {', '.join(LANGUAGES)}", param_hint="--lang")
    found = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    terminal = next((value[:2].lower() for value in found if value), "de")
    return translator(language or (terminal if terminal in LANGUAGES else "de"))
