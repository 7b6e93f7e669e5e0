"""The commands about the database: db start|stop|status|backup|restore, migrate, rebuild."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app import backup, clock, embedded
from app.cli import base
from app.cli.base import Refusal
from app.settings import Settings
from parcels import db, ledger, register

group = typer.Typer(help="The private PostGIS.", no_args_is_help=True)
Dump = Annotated[Path, typer.Argument(dir_okay=False, metavar="FILE", help="The dump; its manifest lies beside it.")]


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="db")
    cli.command()(migrate)
    cli.command()(rebuild)


def _private_home() -> Path:
    settings = Settings()
    if settings.database_url is not None:
        raise Refusal(
            "LANDRESERVE_DATABASE_URL names a database of your own: start, stop and restore it with its own tools."
        )
    return settings.home


@group.command("start")
def start(
    emergency: Annotated[
        bool, typer.Option("--emergency", help="First give back the room kept for a full disk.")
    ] = False,
) -> None:
    """Start the private PostGIS; repeating changes nothing."""
    home = _private_home()
    embedded.start(home, base.say, emergency=emergency)
    base.say(f"The private PostGIS runs; its socket is in {embedded.status(home).sockets}.")


@group.command("stop")
def stop() -> None:
    """Stop the private PostGIS; open transactions are rolled back."""
    base.say("Stopped." if embedded.stop(_private_home()) else "It was not running.")


@group.command("status")
def status(as_json: base.AsJson = False) -> None:
    """Whether the private PostGIS runs, and where it lies. Exit code 1 where it does not run."""
    found = embedded.status(_private_home())
    rows = {
        "running": found.running,
        "pid": found.pid,
        "version": found.major,
        "data": found.data,
        "socket": found.sockets,
        "log": found.log,
    }
    if as_json:
        base.print_json(rows)
    else:
        base.output().print(base.table(("private PostGIS", ""), list(rows.items())))
    if not found.running:
        raise typer.Exit(1)


@group.command("backup")
def back_up(file: Dump) -> None:
    """Write a dump of the register and its manifest. The manifest has a fingerprint of every table."""
    settings = base.connected()
    with base.owner_engine(settings) as engine:
        try:
            manifest = backup.backup(engine, settings.home, file, clock.now())
        except backup.BackupError as failure:
            raise Refusal(str(failure)) from failure
    rows = sum(count for count, _ in manifest["tables"].values())
    base.say(
        f"{file} holds {rows} rows of {len(manifest['tables'])} tables; keep {backup.manifest_of(file).name} with it."
    )


@group.command("restore")
def restore(file: Dump) -> None:
    """Put a dump in the present database's place. Every table is compared with the manifest first; the database before is kept."""
    home = _private_home()
    embedded.start(home, base.say)
    try:
        former = backup.restore(home, file, clock.now())
    except backup.BackupError as failure:
        raise Refusal(str(failure)) from failure
    embedded.start(home, base.say)
    migrate()
    base.say(f"Restored. The database before is kept as {former}.")


def migrate() -> None:
    """Bring the database to the present schema."""
    with base.owner_engine(base.connected()) as engine:
        db.migrate(engine)
    base.say("The schema is up to date.")


def rebuild(
    verify: Annotated[
        bool, typer.Option("--verify", help="Only compare; exit code 1 where something differs.")
    ] = False,
    as_json: base.AsJson = False,
) -> None:
    """Derive the whole ledger anew from the facts. With --verify compare it, line by line, with what stands."""
    now = clock.now()
    with base.writing(commit=not verify) as session, base.errors().status("rebuilding") as shown:
        if verify:
            found = ledger.verify(session, now, shown.update)
        else:
            posting = register.rebuild(session, now, base.account(), shown.update)
    if not verify:
        base.say(f"{posting.closed} lines closed, {posting.added} added.")
        return
    if as_json:
        base.print_json({"missing": found.missing, "surplus": found.surplus})
    for name, lines in (("missing", found.missing), ("surplus", found.surplus)):
        for line in [] if as_json else lines[:20]:
            base.output().print(f"{name}: {json.dumps(line, default=str, ensure_ascii=False)}", markup=False)
    base.say(f"{len(found.missing)} lines missing, {len(found.surplus)} surplus.")
    if found.missing or found.surplus:
        raise typer.Exit(1)
