"""The commands about parcels: parcels lists them, parcel KEY shows one (edit.py adds parcel set)."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from app import parcel_answers
from app.answers import Asked
from app.cli import base
from app.cli.base import AsJson, KnownAt, On, shown
from parcels import parcels
from rules.law import BERLIN


class _ShownFirst(TyperGroup):
    """`parcel KEY` is short for `parcel show KEY`: no key is called like a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before whatever is no command."""
        return super().parse_args(ctx, args if not args or args[0] in ("--help", *self.commands) else ["show", *args])


group = typer.Typer(
    cls=_ShownFirst, no_args_is_help=True, help="One parcel: `parcel KEY` shows it, `parcel set` edits it."
)


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="parcel")
    cli.command("parcels")(list_parcels)


def list_parcels(
    on: On = None,
    known_at: KnownAt = None,
    district: Annotated[str | None, typer.Option("--district", parser=base.text, help="Only this Bezirk.")] = None,
    after: Annotated[
        str | None, typer.Option("--after", parser=base.text, metavar="KEY", help="Only those after this key.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The parcels of the register on a day, by key, page by page."""
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        found = parcels.listing(session, asked.on, asked.pinned_at, district, after, limit + 1)
    following = found[limit - 1].key if len(found) > limit else None
    page = parcel_answers.page(asked, found[:limit], following)
    if as_json:
        base.print_json(page)
        return
    columns = ("key", "gemarkung", "district", "area_m2", "holders", "sites", "designations", "net_m2")
    rows = [[getattr(row, name) for name in columns] for row in page.parcels]
    out = base.output()
    out.print(base.table(columns, rows, right=("area_m2", "net_m2")))
    out.print(f"{len(rows)} parcels, {base.footer(asked)}", markup=False)
    if following:
        pinned = asked.pinned_at.astimezone(BERLIN).isoformat()
        base.say(f"There are more: add --after {following} --on {asked.on} --known-at {pinned}")


@group.command("show")
def show(
    key: base.Key,
    on: On = None,
    known_at: KnownAt = None,
    history: Annotated[bool, typer.Option("--history", help="Every version ever recorded instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """All that is known of a parcel on a day."""
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        if history:
            parcels.check_heard_of(session, key, asked.known_at)
            past = parcel_answers.history(asked, key, parcels.history(session, key))
        else:
            present = parcel_answers.parcel(asked, parcels.find(session, key, asked.on, asked.known_at))
    if as_json:
        base.print_json(past if history else present)
    elif history:
        _print_history(past)
    else:
        _print_parcel(asked, present)


def _print_history(past: Any) -> None:
    columns = ("layer", "valid_from", "valid_to", "known_from", "known_to", "facts")
    rows = [[*(getattr(v, name) for name in columns[:-1]), _stated(v.facts)] for v in past.versions]
    base.output().print(base.table(columns, rows))


def _print_parcel(asked: Asked, found: Any) -> None:
    out = base.output()
    out.print(found.key, style="bold", markup=False)
    if found.facts:
        out.print(_stated(found.facts.model_dump()), markup=False)
    for title, items in (("Holdings", found.holdings), ("Plans", found.zones)):
        rows = [[_stated({k: v for k, v in item.model_dump().items() if k != "part"})] for item in items]
        out.print(base.table([title], rows or [["none recorded"]]))
    columns = ("designation", "net_m2", "gross_m2", "standing", "not_met", "unknown", "valid_from", "valid_to")
    rows = [
        [*(getattr(e, n) for n in columns[:4]), e.criteria.not_met, e.criteria.unknown, e.valid_from, e.valid_to]
        for e in found.entries
    ]
    out.print(base.table(columns, rows, right=columns[1:3]))
    out.print(base.footer(asked), markup=False)


def _stated(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in facts.items() if value is not None)
