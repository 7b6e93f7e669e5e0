"""The command that writes a report: landreserve report."""

import sys
from datetime import date
from typing import Annotated

import typer

from app.cli import base
from app.cli.base import KnownAt, Language, On, Refusal, speaker
from app.web import report as pages
from rules.outlook import years_later

Since = Annotated[
    date | None,
    typer.Option(
        "--from", parser=base.day, metavar="DAY", help="Since when changes are told; a year before if left out."
    ),
]


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(report)


def report(on: On = None, from_: Since = None, known_at: KnownAt = None, language: Language = None) -> None:
    """Write reserve, changes, stock and losses as a page. It goes to the output: `landreserve report > report.html`."""
    speak = speaker(language)
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        since = from_ or years_later(asked.on, -1)
        if since > asked.on:
            raise Refusal(f"--from {since} lies after {asked.on}: give an earlier day.")
        page = pages.report(session, asked, since, speak)
    sys.stdout.write(page)
