"""Archives of plans (XPlanArchiv): looked at before they are opened, members copied under names of our own.

Nothing is extracted by its name. Only the plans' documents are inflated, and what comes out is counted while it does.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from parcels.importing.checks import shown
from parcels.importing.contract import Refused
from parcels.importing.whole import cut, mismatched

MEMBERS = 200
INFLATED = 512 << 20
RATIO = 200
BLOCK = 1 << 20
LOCAL_HEADER = 30  # bytes before a member's name
END, END_BYTES, COMMENT = b"PK\x05\x06", 22, 0xFFFF
PLAN = "xplan.gml"  # what XPlanung calls the document; any other .gml or .xml is read as well
DOCUMENTS, ARCHIVES = frozenset((".gml", ".xml")), frozenset((".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar"))
ENCRYPTED = 0x1
METHODS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))


@dataclass(frozen=True, slots=True)
class Member:
    """One document of an archive: its name as it may be shown, and the copy of it."""

    name: str
    copy: Path


def members(path: Path) -> Iterator[Member]:
    """The plans' documents in an archive, one after the other; Refused where it is no archive, or one that is not taken."""
    stated = _check_count(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) != stated or len(set(archive.namelist())) != stated:
                raise cut("its directory does not list what it says, or something twice")
            for entry in entries:
                _check(entry)
            _check_places(entries, path.stat().st_size)
            budget = INFLATED
            for number, entry in enumerate(_documents(entries)):
                copy = path.with_name(f"member-{number}.gml")
                budget -= _copy(archive, entry, copy, budget)
                yield Member(shown(entry.filename) or "", copy)
                copy.unlink()
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error):
        raise cut("the archive cannot be read to its end, or a checksum differs") from None
    except (NotImplementedError, RuntimeError):
        raise Refused("archive-unreadable", "The archive is packed in a way that is not read: pack it anew.") from None


def _check_count(path: Path) -> int:
    """How many entries there are by the archive's last bytes: too many are refused before its directory is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if not file.read(4).startswith(b"PK"):
            raise mismatched(path)
        file.seek(max(0, size - END_BYTES - COMMENT))
        tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + END_BYTES:
        raise cut("the archive has no directory at its end")
    (count,) = struct.unpack_from("<H", tail, at + 10)
    if count > MEMBERS:
        raise Refused(
            "archive-bomb", f"The archive has more than {MEMBERS} members: give the plan with its documents alone."
        )
    return int(count)


def _check(entry: zipfile.ZipInfo) -> None:
    """Raises Refused for an entry that no archive of plans needs."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    name = shown(entry.filename)
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename or "\0" in entry.filename:
        raise Refused("archive-unsafe", f"The archive's member '{name}' would lie outside of it: pack it anew.")
    kind = entry.external_attr >> 16
    if kind and stat.S_IFMT(kind) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused("archive-unsafe", f"The archive's member '{name}' is a link or device: pack the file itself.")
    if entry.flag_bits & ENCRYPTED:
        raise Refused("archive-encrypted", f"The archive's member '{name}' is encrypted: pack it without a password.")
    if path.suffix.lower() in ARCHIVES:
        raise Refused("archive-nested", f"The archive's member '{name}' is an archive itself: unpack that one.")


def _check_places(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Raises Refused where members share bytes: few of these inflate to very many."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < 0:
            raise cut("the archive is shorter than its directory says")
        if entry.header_offset < end:
            raise Refused("archive-unsafe", "The archive's members overlap each other: pack it anew.")
        end = entry.header_offset + LOCAL_HEADER + len(entry.orig_filename.encode()) + entry.compress_size
    if end > size:
        raise cut("the archive's members reach beyond its end")


def _documents(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The plan's document by its name, else all that may be one."""
    found = [entry for entry in entries if PurePosixPath(entry.filename).suffix.lower() in DOCUMENTS]
    named = [entry for entry in found if PurePosixPath(entry.filename).name.casefold() == PLAN]
    if not found:
        raise Refused("archive-empty", f"The archive holds no XPlanGML ({PLAN}): check that it is the right file.")
    return named or found


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, copy: Path, budget: int) -> int:
    """Inflate a member, counting what comes out of it; returns how many bytes it was."""
    if entry.compress_type not in METHODS:
        raise NotImplementedError(entry.compress_type)
    most = min(budget, RATIO * max(entry.compress_size, BLOCK // RATIO))
    count = 0
    with archive.open(entry) as file, copy.open("xb") as out:
        while block := file.read(BLOCK):
            count += len(block)
            if count > most:
                raise Refused(
                    "archive-bomb",
                    f"The archive's member '{shown(entry.filename)}' inflates to more than {most >> 20} MiB: split it.",
                )
            out.write(block)
    return count
