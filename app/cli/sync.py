"""The command that fetches official data from its services and brings it through the import gate: sync."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import select

from app import clock
from app.cli import base
from app.cli.base import Refusal
from app.cli.load import import_one
from app.settings import Settings
from parcels import sources
from parcels.importing.contract import Limits, Refused
from parcels.importing.fetching import Fetcher, Manners
from parcels.importing.ogc_api import Collected, collect
from parcels.importing.readers import standing_by, sweep
from parcels.importing.shelf import alone
from parcels.importing.store import LoadOptions
from parcels.models import Register
from parcels.origins import last_import
from parcels.sources import Source
from rules.law import BERLIN

# A whole city's parcels are one GeoJSON of some 400 MiB; the gate's reader takes them one after the other.
LIMITS = Limits(text_bytes=1 << 30)


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command("sync")(sync)


def sync(
    city: Annotated[str, typer.Argument(metavar="CITY", help="Whose data, such as hamburg.")],
    layers: Annotated[
        list[str] | None, typer.Option("--layer", metavar="LAYER", help="Only this layer; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Fetch and try, but record nothing.")] = False,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="Leave out what is as it was when last recorded from there.")
    ] = False,
    replace_all: Annotated[
        bool, typer.Option("--replace", help="With one --layer: the source is all of it, close what it lacks.")
    ] = False,
    since: Annotated[
        date | None, typer.Option("--since", parser=base.day, metavar="DAY", help="valid_from of what states none.")
    ] = None,
    repair: base.Repair = False,
    confirm_closing: base.ConfirmClosing = None,
    actor: base.Actor = None,
    note: base.Note = None,
) -> None:
    """Fetch official data and import what changed. An interrupted sync goes on where it was."""
    settings = base.connected()
    chosen = _chosen(settings, city, layers)
    if (replace_all or confirm_closing is not None) and len(chosen) > 1:
        raise typer.BadParameter("choose one --layer: what it would end is shown and confirmed for each by itself")
    _check_register()
    sweep()
    options = LoadOptions(
        repair=repair,
        replace=replace_all,
        since=since,
        confirm_closing=confirm_closing,
        dry_run=dry_run,
        limits=LIMITS,
    )
    with standing_by(len(chosen) > 1):
        told = [_one(settings, source, options, since_last, actor or base.account(), note) for source in chosen]
    if any(one["refused"] or one["rows_rejected"] for one in told):
        raise typer.Exit(2 if any(one["refused"] for one in told) else 1)


def _chosen(settings: Settings, city: str, layers: list[str] | None) -> list[Source]:
    """The sources of a city for these layers, in their order."""
    catalogue = sources.read(settings.sources)
    if city not in catalogue.cities:
        raise Refusal(
            f"There are no sources for '{city}' in {settings.sources}: known are {', '.join(catalogue.cities)}."
        )
    found = catalogue.of(city)
    known = list(dict.fromkeys(source.layer for source in found))
    if unknown := sorted(set(layers or ()) - set(known)):
        raise Refusal(f"There is no source for the layer '{unknown[0]}': known are {', '.join(known)}.")
    return [source for source in found if not layers or source.layer in layers]


def _check_register() -> None:
    """Before anything is fetched: there is a register, and none of invented land."""
    with base.reading() as session:
        if session.scalar(select(Register.fictitious)):
            raise Refusal(
                "The register is the fictitious demo, which real land must not mix with: set another LANDRESERVE_HOME "
                "(or LANDRESERVE_DATABASE_URL) and begin there with `landreserve up --empty`."
            )


def _one(
    settings: Settings, source: Source, options: LoadOptions, since_last: bool, actor: str, note: str | None
) -> dict[str, Any]:
    """Fetch one source and import it; what is refused is told, so that the others still come."""
    folder = settings.home.expanduser() / "sync" / source.name
    try:
        with alone(folder):
            fetched = _fetched(settings, source, folder)
            try:
                return _taken(source, fetched, options, since_last, actor, note)
            finally:
                fetched.file.unlink(missing_ok=True)  # its pages are kept
    except Refused as refused:
        base.errors().print(refused.message, style="bold red", markup=False, soft_wrap=True)
        return {"refused": refused.kind, "rows_rejected": 0}


def _taken(
    source: Source, fetched: Collected, options: LoadOptions, since_last: bool, actor: str, note: str | None
) -> dict[str, Any]:
    """What was fetched, through the gate; unless it is wanted only where it is new."""
    _print_fetched(source, fetched)
    if since_last and (at := _recorded_as_is(source, fetched.file)):
        base.output().print(f"{source.name}: as it was at the recording of {at}: not imported again.", markup=False)
        return {"refused": None, "rows_rejected": 0}
    crs = source.crs if source.kind == "download" else None
    origin = source.origin(fetched.began_at.astimezone(BERLIN).date())
    taken = replace(options, crs=crs, columns=dict(source.columns), origin=origin)
    return import_one(source.layer, fetched.file, taken, actor, note)


def _fetched(settings: Settings, source: Source, folder: Path) -> Collected:
    """The source in one file, with progress on stderr."""
    manners = Manners(requests_per_second=source.requests_per_second)
    proxy = settings.sync_proxy.get_secret_value() if settings.sync_proxy else None
    try:
        with _progress(source.name) as (on_page, on_pause):
            fetcher = Fetcher(source.name, source.host, _agent(), clock.now, manners, proxy, on_pause)
            return collect(source, folder, fetcher, clock.now(), on_page)
    except KeyboardInterrupt:
        kept = "what was read so far is kept, the next sync goes on there"
        raise Refusal(f"{source.name}: interrupted. Nothing of it was imported; {kept}.") from None


def _agent() -> str:
    """Who asks, for the service's own records."""
    try:
        return f"landreserve/{version('landreserve')}"
    except PackageNotFoundError:
        return "landreserve"


@contextmanager
def _progress(name: str) -> Iterator[tuple[Any, Any]]:
    """A bar with features, as far as the service says how many there are."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    features = TextColumn("{task.completed:,.0f} features")
    with Progress(*columns, features, TimeElapsedColumn(), console=base.errors(), transient=True) as progress:
        task = progress.add_task(f"{name}: asking", total=None)

        def on_page(pages: int, features: int, matched: int | None) -> None:
            progress.update(task, completed=features, total=matched, description=f"{name}: page {pages}")

        def on_pause(seconds: float, why: str) -> None:
            progress.console.print(f"{name}: {why}; next try in {seconds:,.0f} s", markup=False, soft_wrap=True)

        yield on_page, on_pause


def _recorded_as_is(source: Source, file: Path) -> str | None:
    """When this very file was recorded, if it is the last that was recorded from this source."""
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    with base.reading() as session:
        last = last_import(session, source.layer, file.name)
    return base.shown(last[0]) if last and last[1] == sha256 else None


def _print_fetched(source: Source, fetched: Collected) -> None:
    rows = [
        ("pages", fetched.pages),
        ("of them unchanged", fetched.unchanged),
        ("of them from an interrupted sync", fetched.resumed),
        ("requests", fetched.requests),
        ("bytes fetched", fetched.bytes),
        ("features", fetched.features),
        ("licence", f"{source.licence.id} ({source.licence.url})"),
        ("attribution", source.attribution),
    ]
    base.output().print(base.table((source.name, source.layer), rows))
