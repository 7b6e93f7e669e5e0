"""The commands about tokens: create (shown once), list, revoke."""

from datetime import timedelta
from typing import Annotated

import typer

from app import clock
from app.cli import base
from parcels import tokens
from parcels.tokens import Role

group = typer.Typer(help="Tokens of the API: who may write, and in which role.", no_args_is_help=True)


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="token")


@group.command("create")
def create(
    name: Annotated[str, typer.Argument(parser=base.text, metavar="NAME", help="Whose it is, or what for.")],
    role: Annotated[Role, typer.Option("--role", help="What it may do.")],
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=3650, help="How long it holds; else until revoked.")
    ] = None,
) -> None:
    """Make a token and print it. It is stored as a hash and cannot be shown again."""
    now = clock.now()
    with base.writing() as session:
        token, shown = tokens.create(session, name, role, now, now + timedelta(days=days) if days else None)
    base.say(f"Token {token.id} for {token.name} ({token.role}). It is shown this once:")
    base.output().print(shown, markup=False, soft_wrap=True)


@group.command("list")
def list_all(as_json: base.AsJson = False) -> None:
    """All tokens, without their secrets."""
    with base.reading() as session:
        found = tokens.listing(session)
    columns = ("id", "name", "role", "created_at", "expires_at", "revoked_at", "last_used_at")
    rows = [[getattr(token, column) for column in columns] for token in found]
    if as_json:
        base.print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        base.output().print(base.table(columns, rows))


@group.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")]) -> None:
    """End a token now."""
    with base.writing() as session:
        token = tokens.revoke(session, token_id, clock.now())
    base.say(f"Token {token.id} ({token.name}) is revoked.")
