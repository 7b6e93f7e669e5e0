"""Tables without geometry: CSV and XLSX, row by row, numbered as a spreadsheet numbers its lines."""

import csv
import mimetypes
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from parcels.importing.checks import ROWS, Chunk
from parcels.importing.contract import Options, Refused
from parcels.importing.whole import cut, mismatched

LONGEST_CELL = 32_767
MOST_ENTRIES = 200
MOST_INFLATED = 512 << 20
MOST_RATIO = 200
FREE_INFLATED = 1 << 20  # small parts may be packed tighter than the ratio allows
BLOCK = 1 << 20
FORMULA_GUARD = re.compile(r"'(?=[=+\-@\t\r＝＋－＠])")
Record = tuple[int, list[Any]]


def header_and_records(path: Path, options: Options) -> tuple[list[str], Iterator[Record]]:
    """Column names and the numbered records of a table; Refused where it is damaged or not what its name says."""
    records = _csv_records(path, options) if path.suffix == ".csv" else _xlsx_records(path, options)
    first = next(records, None)
    if first is None:
        raise Refused("no-header", "The table is empty: its first line must name the columns.")
    names = ["" if cell is None else str(cell).strip() for cell in _without_end(first[1])]
    if not names or first[0] != 1:
        raise Refused("no-header", "The first line of the table must name the columns.")
    return names, records


def _without_end(cells: Sequence[Any]) -> Sequence[Any]:
    """The cells up to the last one that is filled."""
    filled = [place for place, cell in enumerate(cells) if cell is not None and str(cell).strip()]
    return cells[: filled[-1] + 1] if filled else []


def chunks(names: list[str], records: Iterator[Record], used: list[str]) -> Iterator[Chunk]:
    """The records as chunks of at most ROWS rows with the cells of the `used` columns; empty lines are left out."""
    places = [names.index(name) for name in used]
    filled = (record for record in records if any(cell not in (None, "") for cell in record[1]))
    while part := list(islice(filled, ROWS)):
        columns: list[Any] = [[cells[place] if place < len(cells) else None for _, cells in part] for place in places]
        yield Chunk([line for line, _ in part], columns, None)


def _csv_records(path: Path, options: Options) -> Iterator[Record]:
    encoding = options.encoding or "utf-8-sig"
    with path.open("rb") as file:
        head = file.read(4096)
        if b"\0" in head or head.startswith((b"PK\3\4", b"SQLite format 3")):
            raise mismatched(path)
        if not _ends_with_line(file):
            raise cut("its last line does not end with a line break")
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding=encoding, newline="") as text:
            delimiter = _delimiter(text.readline())
            text.seek(0)
            yield from _csv_rows(csv.reader(text, delimiter=delimiter, strict=True), options)
    except UnicodeDecodeError:
        raise Refused(
            "encoding-wrong", f"The table is not {encoding.removesuffix('-sig')}: give it, e.g. --encoding ISO-8859-1."
        ) from None
    except csv.Error as problem:
        raise cut(f"its lines cannot be told apart ({problem})") from None


def _ends_with_line(file: BinaryIO) -> bool:
    size = file.seek(0, 2)
    if size == 0:
        return True
    file.seek(-1, 2)
    return file.read(1) in (b"\n", b"\r")


def _delimiter(line: str) -> str:
    """The one of ; , and tab that the header holds most of; ; where there is none."""
    return max(";,\t", key=line.count)


def _csv_rows(reader: Any, options: Options) -> Iterator[Record]:
    width = None
    start = 1
    for cells in reader:
        if width is None:
            width = len(cells)
            if width > options.limits.columns:
                raise Refused("too-many-columns", f"The table has {width} columns, more than {options.limits.columns}.")
        elif cells and len(cells) != width:
            raise Refused(
                "row-width",
                f"Line {start} has {len(cells)} fields, the header {width}: complete it, or quote separators.",
            )
        yield start, [FORMULA_GUARD.sub("", cell, count=1) if cell.startswith("'") else cell for cell in cells]
        start = reader.line_num + 1


def _xlsx_records(path: Path, options: Options) -> Iterator[Record]:
    _check_container(path)
    mimetypes.knownfiles.clear()  # openpyxl would have the lists of the system read, which cannot be seen from here
    import openpyxl  # only here: it takes a third of a second to load

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        header = next(sheet.iter_rows(max_row=1, max_col=options.limits.columns + 1, values_only=True), ())
        width = len(_without_end(header))
        if width > options.limits.columns:
            raise Refused("too-many-columns", f"The table has more than {options.limits.columns} columns: remove some.")
        for line, cells in enumerate(sheet.iter_rows(max_col=max(width, 1), values_only=True), start=1):
            if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in cells):
                raise Refused(
                    "cell-too-long", f"Line {line} has a cell of more than {LONGEST_CELL} characters: shorten it."
                )
            yield line, list(cells)
    except (Refused, MemoryError):
        raise
    except Exception:
        # openpyxl raises whatever its parsing happens to meet; any of it means that the workbook cannot be read
        raise Refused("unreadable", "The workbook cannot be read: save it anew as .xlsx.") from None


def _check_container(path: Path) -> None:
    """Inflate every entry once, counting, and look for document types: before anything else parses the workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise Refused("archive-bomb", f"The workbook holds {len(entries)} parts, more than {MOST_ENTRIES}.")
            if "[Content_Types].xml" not in archive.namelist() or len(set(archive.namelist())) != len(entries):
                raise mismatched(path)
            if any(entry.flag_bits & 1 for entry in entries):
                raise Refused("encrypted", "The workbook is protected by a password: save it without one.")
            inflated = 0
            for entry in entries:
                inflated += _check_entry(archive, entry, MOST_INFLATED - inflated)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, OSError, ValueError):
        raise cut("the workbook's archive is not complete") from None


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> int:
    """Size of one entry as it really inflates; Refused over `most` or the ratio, or with a DOCTYPE."""
    size, tail = 0, b""
    markup = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    with archive.open(entry) as part:
        while block := part.read(BLOCK):
            if size == 0:
                _check_start(entry, block, markup)
            size += len(block)
            if size > most or (size > FREE_INFLATED and size > MOST_RATIO * max(entry.compress_size, 1)):
                raise Refused(
                    "archive-bomb",
                    "The workbook unpacks to far more than its size: save it anew, with the needed sheet only.",
                )
            if markup and (b"<!DOCTYPE" in (joined := tail + block) or b"<!ENTITY" in joined):
                raise Refused(
                    "document-type",
                    "The workbook declares a document type or entities (DOCTYPE, ENTITY): save it anew.",
                )
            tail = block[-16:]
    return size


def _check_start(entry: zipfile.ZipInfo, block: bytes, markup: bool) -> None:
    if block.startswith(b"PK\3\4"):
        raise Refused("archive-bomb", "The workbook holds another archive: save it anew, without embedded files.")
    if not markup:
        return
    declared = re.match(
        rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)", block[3:] if block.startswith(b"\xef\xbb\xbf") else block
    )
    if b"\0" in block[:64] or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")):
        raise Refused("encoding-wrong", f"A part of the workbook is not UTF-8 ({entry.filename[:60]}): save it anew.")
