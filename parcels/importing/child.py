"""The child process: confines itself, reads one file, sends its rows and findings through one pipe.

Started by readers.py with a job folder for copies of the files; standard input says what to do, standard output carries frames:
one letter, four bytes of length, the content. `D` COPY text, `P` progress, `I` issues, `W` in which lines rows stand, `K` which
parcel follows which, `H` the rows of parcels that are no more, `L` after the last row, `E` the end, `R` a refusal. What only
shows when all rows are known is found out between `L` and `E`, while the database works.
"""

import codecs
import gc
import json
import os
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from parcels.importing import places
from parcels.importing.confine import confine
from parcels.importing.contract import Issue, Limits, Options, Refused
from parcels.importing.layers import LAYERS, PLANS, Layer, as_said, matched, spelled

if TYPE_CHECKING:
    from parcels.importing.alkis import Told
    from parcels.importing.alongside import Outlines
    from parcels.importing.checks import Chunk
    from parcels.importing.shapes import Place

Send = Callable[[bytes, bytes], None]
SLICE = 2_000
LOADED = [
    f"parcels.importing.{name}" for name in ("vectors", "shapes", "whole_text", "alkis", "alongside", "nas", "xplangml")
]
GARBAGE = 50_000  # new objects before cycles are looked for: rows come in thousands at once, and in none


@dataclass
class Source:
    """An opened file: its column names, its rows, how many there must be, and where its coordinates lie."""

    names: list[str]
    total: int | None
    chunks: Callable[[list[str]], "Iterator[Chunk]"]
    place: "Place | None" = None
    metric_without_crs: bool = False
    told: "Told | None" = None


def main(folder: str, project: str, how: str = "") -> None:
    """Do the job in the folder; whatever goes wrong ends in a refusal frame or in the process's end.

    One that is "standing-by" loads what most files are read with before it knows of any, and may never be given one.
    """
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # nothing that a library prints may get among the frames
    job = Path(folder)
    if how == "standing-by":
        for module in LOADED:
            import_module(module)
    said = sys.stdin.buffer.read()  # comes once the files are copied
    if not said:
        return
    order = json.loads(said)

    def send(kind: bytes, content: bytes) -> None:
        _write_all(pipe, kind + struct.pack(">I", len(content)) + content)

    options = _options(order["options"])
    held = confine(options.limits, order["cpu_seconds"], job, Path(project))
    try:
        counts, kept = _read(job / order["name"], LAYERS[order["layer"]], options, send)
        send(b"L", json.dumps({**counts, "layers_of_defence": held}).encode())
        if kept is not None:
            _compare(kept, order["cpu_seconds"] / 2, send)
        send(b"E", b"")
    except Refused as refusal:
        _refuse(send, refusal.kind, refusal.message)
    except MemoryError:
        _refuse(send, "over-memory", "Reading the file needs too much memory: split it.")
    except Exception:
        # whatever a library raises over a file of others is a finding about the file; the trace goes to the log only
        traceback.print_exc()
        _refuse(send, "unreadable", "The file cannot be read: it is damaged or of another format. Export it anew.")


def _refuse(send: Send, kind: str, message: str) -> None:
    send(b"R", json.dumps({"kind": kind, "message": message}).encode())


def _write_all(pipe: BinaryIO, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[pipe.write(view) :]


def _options(order: dict[str, Any]) -> Options:
    limits = Limits(**{**order["limits"], "extent": tuple(order["limits"]["extent"])})
    choices = {name: frozenset(values) for name, values in order["choices"].items()}
    return Options(**{**order, "limits": limits, "choices": choices})


def _compare(kept: "Outlines", seconds: float, send: Send) -> None:
    from parcels.importing.alongside import findings

    _send_issues(send, list(findings(kept, seconds)))


def _read(path: Path, layer: Layer, options: Options, send: Send) -> tuple[dict[str, int], "Outlines | None"]:
    """Read the whole file, sending good rows and findings as they come; gives the counts of rows and parcels' outlines."""
    if layer.name == PLANS:
        from parcels.importing import xplangml

        return xplangml.read(path, options, send, lambda issues: _send_issues(send, issues)), None
    _check_encoding_name(options.encoding)
    source = _opened(path, layer, options)
    from parcels.importing.checks import Columns  # comes with much else, which is loaded while the file is counted

    told = None
    if layer.name == "parcels":
        from parcels.importing.alkis import understood

        source, told = understood(source, options.limits)
    positions = matched(layer, as_said(layer, source.names, options.columns))
    label = _label_position(layer, source.names, positions)
    places = sorted({*positions.values(), *([] if label is None else [label])})
    used = {place: new for new, place in enumerate(places)}
    columns = Columns(
        layer, {name: used[place] for name, place in positions.items()}, None if label is None else used[label], options
    )
    _send_issues(send, _file_notes(layer, source.names, places))
    kept = _outlines(layer, options)
    gc.freeze()  # what was imported stays: it need not be looked through again and again
    gc.set_threshold(GARBAGE)
    read = rejected = 0
    for chunk in source.chunks([source.names[place] for place in places]):
        read += len(chunk.rows)
        if read > options.limits.rows:
            raise Refused("too-many-rows", f"The file has more than {options.limits.rows} rows: split it.")
        rejected += _pass_on(chunk, columns, source, options, send, kept)
        send(b"P", json.dumps({"rows": read, "total": source.total}).encode())
    if source.total is not None and read != source.total:
        raise Refused(
            "cut-off",
            f"The file is cut off or damaged: {source.total} rows were counted, {read} could be read. Export it anew.",
        )
    if read == 0:
        raise Refused("no-rows", "The file has no rows: check that it is the right file, and complete.")
    if source.place is not None:
        source.place.refuse_if_elsewhere()
    if told is not None:
        _send_told(send, told)
    return {"rows_read": read, "rows_rejected": rejected, "rows_passed": read - rejected}, kept


def _opened(path: Path, layer: Layer, options: Options) -> Source:
    """The file opened as what it is: of XML, the root says whether it is ALKIS's own."""
    if path.suffix in (".csv", ".xlsx"):
        return _open_table(path, layer, options)
    if path.suffix == ".gml" and layer.name == "parcels":
        from parcels.importing.nas import is_nas

        if is_nas(path):
            return _open_nas(path, options)
    return _open_vector(path, layer, options)


def _outlines(layer: Layer, options: Options) -> "Outlines | None":
    """Where outlines wait to be compared with each other; None for layers whose areas may overlap."""
    if layer.name != "parcels":
        return None
    from parcels.importing.alongside import Outlines

    return Outlines(options.limits.compared_bytes)


def _check_encoding_name(encoding: str | None) -> None:
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise Refused(
            "encoding-unknown", f"--encoding {encoding} is not known: use UTF-8, ISO-8859-1 or cp1252."
        ) from None


def _label_position(layer: Layer, names: list[str], positions: dict[str, int]) -> int | None:
    """Where the column stands that refines another one, if the file has it and it is not that column itself."""
    if layer.labelled_by is None:
        return None
    found = [place for place, name in enumerate(names) if spelled(name) == spelled(layer.labelled_by[1])]
    return found[0] if found and found[0] not in positions.values() else None


def _file_notes(layer: Layer, names: list[str], places: list[int]) -> list[Issue]:
    unused = [name for place, name in enumerate(names) if place not in places and name]
    if not unused:
        return []
    listed = ", ".join(f"'{name[:60]}'" for name in unused[:40]) + (
        f" and {len(unused) - 40} more" if len(unused) > 40 else ""
    )
    said = f"These columns are not used for the layer {layer.name}: {listed}."
    return [Issue(None, None, None, "columns-ignored", "note", said, value=listed[:500])]


def _pass_on(
    chunk: "Chunk", columns: Any, source: Source, options: Options, send: Send, kept: "Outlines | None"
) -> int:
    """Check one chunk, send its good rows and its findings; returns how many rows were rejected."""
    from parcels.importing.checks import copy_text

    findings = columns.findings(chunk)
    values = columns.read(chunk, findings)
    if len(chunk.lines):
        send(b"W", json.dumps(places.told(chunk.rows[0], chunk.lines)).encode())
    shapes = _shapes(chunk, columns.layer, source, findings, values, options)
    _send_issues(send, findings.issues)
    good = ~findings.bad
    rows = list(compress(chunk.rows, good))
    if rows:
        cells = (
            {name: list(compress(column, good)) for name, column in values.items()} if findings.bad.any() else values
        )
        outlines = None
        if chunk.wkb is not None and shapes is not None:
            came = chunk.wkb[good] if _as_they_came(source, findings) else None
            outlines = _written(shapes[good], came, rows, cells, kept)
        send(b"D", copy_text(rows, list(cells.values()), outlines))
    return len(chunk.rows) - len(rows)


def _shapes(chunk: "Chunk", layer: Layer, source: Source, findings: Any, values: Any, options: Options) -> Any:
    if chunk.wkb is None or source.place is None:
        return None
    from parcels.importing import checks, shapes

    if source.metric_without_crs and shapes.looks_metric(shapes.parsed(chunk.wkb)):
        raise Refused(
            "crs-missing",
            "The GeoJSON states no CRS and its coordinates are no degrees: give it, e.g. --crs EPSG:25832.",
        )
    checked = shapes.checked(chunk.wkb, source.place, findings, layer.geometry == "required")
    if "official_m2" in values:
        checks.compare_areas(values["official_m2"], shapes.areas(checked), findings, options.limits.area_tolerance)
    return checked


def _as_they_came(source: Source, findings: Any) -> bool:
    """Whether no outline was moved or repaired, so that the file's own WKB says what they are."""
    moved = source.place is None or source.place.move is not None
    return not moved and all(issue.kind != "repaired" for issue in findings.issues)


def _written(
    shapes: Any, came: Any, rows: list[int], cells: dict[str, list[str | None]], kept: "Outlines | None"
) -> Any:
    """The outlines of good rows as the database reads them; they are kept where they will be compared."""
    from parcels.importing.shapes import ewkb, wkb

    plain: Any = wkb(shapes, came)
    if kept is not None:
        kept.add(rows, cells, shapes, plain)
    return ewkb(plain)


def _send_issues(send: Send, issues: list[Issue]) -> None:
    for start in range(0, len(issues), SLICE):
        send(b"I", json.dumps([_plain(issue) for issue in issues[start : start + SLICE]]).encode())


def _send_told(send: Send, told: "Told") -> None:
    _send_issues(send, told.notes())
    send(b"H", json.dumps(told.historic).encode())
    for start in range(0, len(told.kin), SLICE):
        send(b"K", json.dumps([asdict(one) for one in told.kin[start : start + SLICE]]).encode())


def _plain(issue: Issue) -> dict[str, Any]:
    plain = asdict(issue)
    for name in ("before_m2", "after_m2"):
        plain[name] = None if plain[name] is None else str(plain[name])
    return plain


def _open_table(path: Path, layer: Layer, options: Options) -> Source:
    from parcels.importing import tables

    if layer.geometry == "required":
        raise Refused(
            "geometry-missing",
            f"The layer {layer.name} needs polygons: give GeoPackage, GeoJSON, Shapefile, FlatGeobuf or GML.",
        )
    names, records = tables.header_and_records(path, options)
    return Source(names, None, lambda used: tables.chunks(names, records, used))


def _open_nas(path: Path, options: Options) -> Source:
    from parcels.importing import nas, shapes

    found = nas.counted(path, options)
    place = shapes.Place(shapes.settled_crs(found.crs, options), options, stated=found.crs is not None)
    return Source(list(nas.NAMES), None, lambda used: nas.chunks(path, found, used, options), place, told=found.told)


def _open_vector(path: Path, layer: Layer, options: Options) -> Source:
    from parcels.importing.counting import counted

    if path.suffix in (".gml", ".geojson") and path.stat().st_size > options.limits.text_bytes:
        raise Refused(
            "too-large",
            f"A {path.suffix} file may have {options.limits.text_bytes >> 20} MiB at most: give a GeoPackage.",
        )
    with ThreadPoolExecutor(1) as beside:  # what has to be loaded takes as long as a large file's soundness
        counting = beside.submit(counted, path, layer.name, options)
        from parcels.importing import shapes, vectors
    whole = counting.result()

    vectors.assert_drivers()
    name = vectors.chosen_layer(path, layer.name, whole)
    meta = vectors.described(path, name, options)
    total = whole.of(name)
    if total > options.limits.rows:
        raise Refused("too-many-rows", f"The file has {total} rows, more than {options.limits.rows}: split it.")
    stated = vectors.stated_crs(meta, whole)
    by_rule = stated is None and options.crs is None and path.suffix == ".geojson"  # RFC 7946: longitude and latitude
    crs = shapes.settled_crs(vectors.LONGITUDE_LATITUDE if by_rule else stated, options)
    place = shapes.Place(crs, options, stated=stated is not None)
    names = [str(field) for field in meta["fields"]]
    sized = replace(whole, features=total)
    return Source(names, total, lambda used: vectors.chunks(path, name, sized, used, options), place, by_rule)
