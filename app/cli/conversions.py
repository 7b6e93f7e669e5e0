"""The commands about conversion cases."""

import typer

from app.cli import conversion_cases, conversion_late

group = typer.Typer(help="Conversion cases: recorded, assessed.", no_args_is_help=True)


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    conversion_cases.add_to(group)
    conversion_late.add_to(group)
    cli.add_typer(group, name="conversions")
