"""The gate: files of others are read in a child process with an empty environment, and only its findings come back.

The parent copies, starts, listens and counts the time; it parses nothing of the file and holds one frame at a time.
"""

import hashlib
import json
import os
import select
import signal
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from parcels.importing import readers
from parcels.importing.contract import Issue, Kin, Limits, Options, Refused
from parcels.importing.layers import LAYERS, PLANS, Layer
from parcels.importing.places import Places

LARGEST_FRAME = 1 << 30
BLOCK = 1 << 20
SMALL = 4 << 20
ENDINGS = {".json": ".geojson", ".xml": ".gml"}
SHAPEFILE_MEMBERS = (".shp", ".shx", ".dbf", ".prj", ".cpg")

BROKE_DOWN = ("reader-died", "The file made its reader break down: export it anew, or in another format.")
ENDS: dict[int, tuple[str, str]] = {
    signal.SIGXCPU: ("over-time", "Reading the file takes too long: split or simplify it."),
    signal.SIGKILL: (
        "over-memory",
        "Reading the file was stopped by the system, most likely for lack of memory: split it.",
    ),
    signal.SIGABRT: ("over-memory", "Reading the file needs too much memory: split it."),
    signal.SIGXFSZ: ("over-size", "Reading the file writes too much: split it."),
}


class Reading:
    """One file on its way through the gate: `chunks()` gives the good rows; after it, the other attributes hold.

    `file` is the gate's own copy of it, and `sha256` that copy's as it was made.
    The child goes on comparing rows with each other: `rest()` waits for what it finds.
    """

    def __init__(
        self,
        child: readers.Child,
        layer: str,
        file: Path,
        sha256: str,
        limits: Limits,
        seconds: float,
        report: Any,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        self.columns: tuple[str, ...] = LAYERS[layer].output
        self.file = file
        self.sha256 = sha256
        self.issues: list[Issue] = []
        self.kin: list[Kin] = []
        self.historic: list[int] = []
        self.rows_read = self.rows_passed = self.rows_rejected = 0
        self.layers_of_defence: tuple[str, ...] = ()
        self._child = child
        self._limits = limits
        self._seconds = seconds
        self._report = report
        self._on_read = on_read
        self._unlisted = 0
        self._places = Places()

    def chunks(self) -> Iterator[bytes]:
        """Text for COPY (columns) FROM STDIN, as it comes; raises Refused, also after the last row."""
        for kind, content in self._frames(until=b"L"):
            if kind == b"D":
                yield content
            elif kind == b"L":
                self._count(json.loads(content))
                self._on_read()

    def rows(self) -> Iterator[dict[str, str | None]]:
        """The same row by row, its cells by column."""
        for chunk in self.chunks():
            for line in chunk.decode("utf-8").split("\n")[:-1]:
                yield dict(zip(self.columns, map(_cell, line.split("\t")), strict=True))

    def rest(self) -> list[Issue]:
        """What showed only when all rows were known; a child that fails over this leaves a note, the rows are taken."""
        before = len(self.issues)
        try:
            for _ in self._frames(until=b"E"):
                pass
        except Refused as refusal:
            said = f"The rows were not compared with each other: {refusal.message}"
            self.issues.append(Issue(None, None, None, "rows-uncompared", "note", said))
        if self._unlisted:
            said = f"{self._unlisted} more findings are not listed; mend those listed and import again."
            self.issues.append(Issue(None, None, None, "more-issues", "note", said))
        return self.issues[before:]

    def placed(self, issues: Iterable[Issue]) -> list[Issue]:
        """The issues with their places in the file, where these are known."""
        return [self._places.of(issue) for issue in issues]

    def _frames(self, until: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Frames up to the one that is waited for; progress and issues are taken care of, a refusal is raised."""
        kind = b""
        while kind != until:
            kind, content = self._frame()
            if kind == b"P":
                told = json.loads(content)
                self._report(int(told["rows"]), told["total"])
            elif kind == b"I":
                self._note(json.loads(content))
            elif kind == b"W":
                self._places.add(json.loads(content))
            elif kind == b"K":
                self.kin += [Kin(**one) for one in json.loads(content)]
            elif kind == b"H":
                self.historic += json.loads(content)
            elif kind in (b"D", until):
                yield kind, content
            else:
                raise self._refusal(content)

    def _note(self, plain: list[dict[str, Any]]) -> None:
        room = max(0, self._limits.issues - len(self.issues))
        self.issues += [_issue(one) for one in plain[:room]]
        self._unlisted += max(0, len(plain) - room)

    def _count(self, end: dict[str, Any]) -> None:
        self.rows_read, self.rows_passed, self.rows_rejected = (
            end["rows_read"],
            end["rows_passed"],
            end["rows_rejected"],
        )
        self.layers_of_defence = tuple(end["layers_of_defence"])

    def _refusal(self, content: bytes) -> Refused:
        told = json.loads(content)
        return Refused(str(told["kind"]), str(told["message"]), tuple(self.issues))

    def _frame(self) -> tuple[bytes, bytes]:
        head = self._exactly(5)
        (length,) = struct.unpack(">I", head[1:])
        if head[:1] not in (b"D", b"P", b"I", b"W", b"K", b"H", b"L", b"E", b"R") or length > LARGEST_FRAME:
            raise self._died()
        return head[:1], self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        """That many bytes from the child; only the time spent waiting for it counts against its limit."""
        pipe = readers.stream(self._child.stdout).fileno()
        parts: list[bytes] = []
        while count:
            began = time.monotonic()
            ready = select.select([pipe], [], [], max(0.0, self._seconds))[0]
            self._seconds -= time.monotonic() - began
            if not ready:
                raise Refused("over-time", "Reading the file takes too long: split or simplify it.", tuple(self.issues))
            part = os.read(pipe, min(count, BLOCK))
            if not part:
                raise self._died()
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _died(self) -> Refused:
        """Why the child ended without a word; what it printed goes to the log, not to the user."""
        readers.end(self._child)
        kind, message = ENDS.get(-self._child.returncode, BROKE_DOWN)
        return Refused(kind, message, tuple(self.issues))


def _cell(written: str) -> str | None:
    """A cell as COPY's text has it; of all that is escaped there, the gate lets only backslashes pass."""
    return None if written == r"\N" else written.replace("\\\\", "\\")


def _issue(plain: dict[str, Any]) -> Issue:
    amounts = {name: None if plain[name] is None else Decimal(plain[name]) for name in ("before_m2", "after_m2")}
    return Issue(**{**plain, **amounts})


@contextmanager
def read(
    source: Path, layer: str, options: Options, on_progress: Callable[[int, int | None], None]
) -> Iterator[Reading]:
    """Open a file of others for a layer of LAYERS; rows come from `chunks()`, in EPSG:25832, m2 and ISO dates.

    Raises Refused (here or from `chunks()`) for a file that cannot be taken; nothing stays behind.
    """
    if layer not in LAYERS:
        raise Refused("layer-unknown", f"There is no layer '{layer}': use one of {', '.join(LAYERS)}.")
    ending = _ending(source, LAYERS[layer])
    with readers.reader() as (job, child):
        name, sha256, size = _copied(source, ending, job, options.limits)
        mib = size / (1 << 20)
        cpu = int(options.limits.cpu_seconds + options.limits.cpu_seconds_per_mib * mib)
        order = {"name": name, "layer": layer, "options": _order(options), "cpu_seconds": cpu}
        seconds = options.limits.wall_seconds + options.limits.wall_seconds_per_mib * mib
        on_read = readers.stand_by if size <= SMALL else lambda: None  # of large files one reader takes enough memory
        reading = Reading(child, layer, job / name, sha256, options.limits, seconds, on_progress, on_read)
        _give(child, order)
        try:
            yield reading
        except Refused as refused:
            refused.issues = tuple(reading.placed(refused.issues))
            raise


def _order(options: Options) -> dict[str, Any]:
    return {**asdict(options), "choices": {name: sorted(values) for name, values in options.choices.items()}}


def _give(child: readers.Child, order: dict[str, Any]) -> None:
    """Tell the child what to do; that it has ended already shows in its frames."""
    with suppress(BrokenPipeError), readers.stream(child.stdin) as pipe:
        pipe.write(json.dumps(order).encode())


def _ending(source: Path, layer: Layer) -> str:
    """The ending of the file's format; Refused where the layer is not read from such files, or it is in use."""
    ending = ENDINGS.get(source.suffix.lower(), source.suffix.lower())
    if ending not in layer.formats:
        wanted = (
            "XPlanGML as .gml or .xml, or an archive (.zip) of it."
            if layer.name == PLANS
            else "GeoPackage (.gpkg), GeoJSON, Shapefile (.shp), FlatGeobuf (.fgb), GML, CSV or XLSX; unpack archives "
            "first."
        )
        raise Refused(
            "format-unknown",
            f"'{source.suffix or source.name}' is no format that the layer {layer.name} is read from: give {wanted}",
        )
    if ending == ".gpkg" and source.with_name(source.name + "-wal").exists():
        raise Refused(
            "in-use", "The GeoPackage is still open in another program (a -wal file lies beside it): close that first."
        )
    return ending


def _copied(source: Path, ending: str, job: Path, limits: Limits) -> tuple[str, str, int]:
    """Copy the file (of a Shapefile: its members) under a plain name; returns that name, SHA-256 and size in bytes."""
    members = _members(source) if ending == ".shp" else {ending: source}
    digest, size = hashlib.sha256(), 0
    for member, path in members.items():
        size += _copy(path, job / f"source{member}", digest, limits.bytes - size)
    return f"source{ending}", digest.hexdigest(), size


def _members(source: Path) -> dict[str, Path]:
    """The members of a Shapefile that lie beside its .shp, whatever the case of their endings."""
    beside = {path.suffix.lower(): path for path in sorted(source.parent.glob("*")) if path.stem == source.stem}
    return {ending: beside[ending] for ending in SHAPEFILE_MEMBERS if ending in beside}


def _copy(path: Path, target: Path, digest: Any, most: int) -> int:
    size = 0
    try:
        if not path.is_file():
            raise Refused("not-a-file", f"'{path.name}' is not there, or is no file: check the path.")
        with path.open("rb") as file, target.open("xb") as copy:
            while block := file.read(BLOCK):
                size += len(block)
                if size > most:
                    raise Refused("too-large", "The file is larger than the import allows: split it.")
                digest.update(block)
                copy.write(block)
    except PermissionError:
        raise Refused("not-a-file", f"'{path.name}' may not be read: check its permissions.") from None
    return size
