"""Files that were sent, waiting in the home for the worker: each alone in a folder of a generated name, read by nobody else."""

import hashlib
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO

BLOCK = 1 << 20
LONGEST_NAME = 100
STRAY_S = 3600.0  # a folder that no run names may be one that is being filled; after an hour nobody fills it any more
GENERATED = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent: the name of its folder, its own, and what is in it."""

    folder: str
    name: str
    sha256: str
    bytes: int


def plain_name(given: str) -> str:
    """The name of a file that was sent, as the last part of a path of ours: letters, digits, blanks, `.`, `-`, `_` are kept."""
    last = PureWindowsPath(given).name  # the last part by either kind of slash
    plain = re.sub(r"[^\w .-]", "_", last).strip(" .") or "file"
    stem, dot, ending = plain.rpartition(".")
    kept = LONGEST_NAME - len(ending) - len(dot)
    return f"{stem[:kept]}{dot}{ending}" if dot and kept > 0 else plain[:LONGEST_NAME]


def store(home: Path, given: str, content: IO[bytes]) -> Upload:
    """Keep a file that was sent; what cannot be kept whole leaves nothing behind."""
    folder, name = secrets.token_hex(16), plain_name(given)
    place = _folder(home) / folder
    place.mkdir(mode=0o700)
    digest, size = hashlib.sha256(), 0
    try:
        with open(place / name, "xb", opener=_private) as file:
            while block := content.read(BLOCK):
                digest.update(block)
                size += file.write(block)
    except BaseException:
        remove(home, folder)
        raise
    return Upload(folder, name, digest.hexdigest(), size)


def file_of(home: Path, folder: str, name: str) -> Path:
    """Where a file that was sent lies, if it still does."""
    return home / "uploads" / folder / name


def remove(home: Path, folder: str) -> None:
    """Delete a file that was sent, with its folder."""
    shutil.rmtree(home / "uploads" / folder, ignore_errors=True)


def sweep(home: Path, needed: set[str]) -> int:
    """Delete what no run needs and nobody is filling any more; returns how many."""
    swept = 0
    for place in (home / "uploads").glob("*"):
        if not GENERATED.fullmatch(place.name) or place.name in needed:
            continue
        if time.time() - place.stat().st_mtime > STRAY_S:
            shutil.rmtree(place, ignore_errors=True)
            swept += 1
    return swept


def _folder(home: Path) -> Path:
    place = home / "uploads"
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    return place


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
