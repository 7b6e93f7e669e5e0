"""Backup and restore with PostgreSQL's own programs, proved by fingerprints of every table taken in the dump's snapshot."""

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url

from app import embedded
from parcels import db, fingerprints
from rules.law import LAW

FRESH = "landreserve_restored"


class BackupError(Exception):
    """A dump could not be made or must not be used; the message says what to do."""


def manifest_of(dump: Path) -> Path:
    """Where the fingerprints of a dump lie: beside it."""
    return dump.with_name(dump.name + ".json")


def backup(engine: Engine, home: Path, dump: Path, now: datetime) -> dict[str, Any]:
    """Write a dump and, beside it, its manifest; both hold one and the same state of the register."""
    if dump.exists():
        raise BackupError(f"{dump} exists already: choose another name.")
    part = dump.with_name(dump.name + ".part")
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = fingerprints.export_snapshot(connection)
        options = ["-Fc", "-e", "plpgsql", f"--snapshot={snapshot}", "-f", str(part)]
        try:
            _run(home, "pg_dump", engine.url.render_as_string(hide_password=False), options)
            manifest = {
                "made_at": now.isoformat(),
                "sha256": _digest(part),
                "rules_version": LAW.version,
                "tables": fingerprints.of_tables(connection),
            }
            manifest_of(dump).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
            part.rename(dump)
        finally:
            part.unlink(missing_ok=True)
    return manifest


def check(dump: Path) -> dict[str, Any]:
    """The manifest of a dump that is whole; BackupError for one that is cut, changed or not ours."""
    try:
        manifest: dict[str, Any] = json.loads(manifest_of(dump).read_text("utf-8"))
        found = _digest(dump)
    except (OSError, ValueError) as missing:
        raise BackupError(f"{dump} and {manifest_of(dump).name} beside it cannot be read: {missing}") from missing
    if found != manifest.get("sha256"):
        raise BackupError(f"{dump} is not the file that was backed up (its SHA-256 differs): take another backup.")
    return manifest


def restore(home: Path, dump: Path, now: datetime) -> str:
    """Restore a dump into the private PostGIS and put it in the present database's place, which is kept; its new name.

    BackupError where the restored tables are not what the manifest says; the present database is then untouched.
    """
    manifest = check(dump)
    embedded.drop_database(home, FRESH)
    urls = embedded.create_database(home, FRESH)
    try:
        _run(home, "pg_restore", urls.owner, ["--single-transaction", "--exit-on-error", "-d", FRESH, str(dump)])
        _compare(urls.owner, manifest)
    except BaseException:
        embedded.drop_database(home, FRESH)
        raise
    former = f"{embedded.DATABASE}_before_{now:%Y%m%dT%H%M%S}"
    embedded.exchange_database(home, FRESH, former)
    return former


def _compare(url: str, manifest: dict[str, Any]) -> None:
    engine = db.engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            found = fingerprints.of_tables(connection)
    finally:
        engine.dispose()
    if wrong := [name for name, expected in manifest["tables"].items() if found.get(name) != expected]:
        raise BackupError(
            f"Restored, but these tables differ from the backup: {', '.join(wrong)}. Nothing was exchanged."
        )


def _run(home: Path, name: str, url: str, options: Sequence[str]) -> None:
    """Run one of PostgreSQL's programs; the password travels by environment, where `ps` does not show it."""
    path, environment = embedded.program(home, name)
    address = make_url(url)
    host = address.host or address.query.get("host") or ""
    named = {
        "PGHOST": str(host),
        "PGPORT": str(address.port or ""),
        "PGUSER": address.username or "",
        "PGPASSWORD": str(address.password or ""),
        "PGDATABASE": address.database or "",
    }
    settings = {key: value for key, value in named.items() if value}
    command = [str(path), *options]
    done = subprocess.run(  # noqa: S603 (PostgreSQL's own program with our own options)
        command, env={**os.environ, **environment, **settings}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise BackupError(f"{name} failed: {next((line for line in said if 'error:' in line), said[-1])}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
