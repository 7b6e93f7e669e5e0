"""Files that were sent, waiting in the home for the worker: each alone in a folder of a generated name, read by nobody else."""

import hashlib
import os
import re
import secrets
import shutil
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BLOCK = 1 << 20
LONGEST_NAME = 200  # bytes; a file system takes 255
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
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    plain = re.sub(r"[^\w .-]", "_", last).strip(" .") or "file"
    stem, dot, ending = plain.rpartition(".")
    room = LONGEST_NAME - len(f"{dot}{ending}".encode())
    return f"{_cut(stem, room)}{dot}{ending}" if dot and room > 0 else _cut(plain, LONGEST_NAME)


def _cut(text: str, most: int) -> str:
    """As much of a text as so many bytes hold."""
    return text.encode()[:most].decode(errors="ignore")


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


def folders(home: Path) -> dict[str, bool]:
    """The folders of files that were sent, and whether each has lain there for so long that nobody is filling it any more."""
    now = time.time()
    found = [path for path in (home / "uploads").glob("*") if GENERATED.fullmatch(path.name)]
    return {path.name: now - path.stat().st_mtime > STRAY_S for path in found}


def _folder(home: Path) -> Path:
    place = home / "uploads"
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    return place


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
