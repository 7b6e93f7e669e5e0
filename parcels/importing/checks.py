"""The rows of one chunk: every column read, every finding noted, the good rows written as COPY text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parcels.importing.contract import Issue, Options, Severity, located
from parcels.importing.layers import Column, Layer
from parcels.importing.values import Reader, Unreadable, misread, plain_reader, reader, text

ROWS = 2_000  # of a chunk: few, so that the database never waits long for the next ones
LONGEST_SHOWN = 80
NULL = r"\N"  # in COPY's text
AREAS_APART = "area-differs"
AREAS_REMEDY = "check which of them is right; the official area is kept"


@dataclass
class Chunk:
    """Some rows, ROWS at most, as they came from the file: their numbers, cells by source column, and WKB if there is any.

    `undrawn` says, by position, why an outline could not be drawn; `lines`, of XML, where the rows stand.
    """

    rows: Sequence[int]
    cells: Sequence[Sequence[Any]]
    wkb: NDArray[np.object_] | None
    undrawn: Mapping[int, str] = field(default_factory=dict)
    lines: Sequence[int] = ()


@dataclass
class Findings:
    """What was found about the rows of one chunk; `bad` marks those that are rejected."""

    rows: Sequence[int]
    labels: Sequence[Any]
    bad: NDArray[np.bool_]
    issues: list[Issue] = field(default_factory=list)
    undrawn: Mapping[int, str] = field(default_factory=dict)

    def add(self, at: int, name: str, kind: str, said: str, severity: Severity = "error", **more: Any) -> None:
        """Note one finding about the row at position `at` of the chunk; an error rejects the row."""
        label = shown(self.labels[at])
        message = f"{located(self.rows[at], label, name)}: {said}."
        if severity == "error":
            self.bad[at] = True
        self.issues.append(Issue(self.rows[at], label, name, kind, severity, message, **more))


def shown(cell: object) -> str | None:
    """A cell's text as an issue may carry it: short, and without anything that could disturb a report."""
    if cell is None:
        return None
    plain = str(cell)[: LONGEST_SHOWN + 1]
    if not plain.isprintable():
        plain = "".join(char if char.isprintable() else "\ufffd" for char in plain)
    return plain if len(plain) <= LONGEST_SHOWN else plain[: LONGEST_SHOWN - 1] + "…"


class Columns:
    """The reading of a layer's columns from the columns of one file."""

    def __init__(self, layer: Layer, positions: dict[str, int], label_position: int | None, options: Options) -> None:
        self.layer = layer
        self.positions = positions
        self.label_position = label_position
        self.readers: dict[str, Reader] = {column.name: reader(column, options) for column in layer.columns}
        self.plain_readers = {column.name: plain_reader(column, options) for column in layer.columns}

    def findings(self, chunk: Chunk) -> Findings:
        """An empty list of findings, its rows labelled by the layer's identifying column."""
        position = self.positions.get(self.layer.identity)
        labels = [None] * len(chunk.rows) if position is None else chunk.cells[position]
        return Findings(chunk.rows, labels, np.zeros(len(chunk.rows), dtype=bool), undrawn=chunk.undrawn)

    def read(self, chunk: Chunk, findings: Findings) -> dict[str, list[str | None]]:
        """All columns of the layer as text for the database; what cannot be read is noted and left empty."""
        read = {column.name: self._column(column, chunk, findings) for column in self.layer.columns}
        self._labelled(chunk, read, findings)
        _check_order(read, findings)
        return read

    def _column(self, column: Column, chunk: Chunk, findings: Findings) -> list[str | None]:
        position = self.positions.get(column.name)
        if position is None:
            return [column.default] * len(chunk.rows)
        read, plainly, cells = self.readers[column.name], self.plain_readers[column.name], chunk.cells[position]
        if plainly and (plain := plainly(cells)) is not None:
            return list(plain)
        try:
            values = list(map(read, cells))
            clear = not (column.filled and None in values)
        except Unreadable:
            clear = False
        if not clear:
            values = _one_by_one(column, read, cells, findings)
        if column.default is not None:
            values = [column.default if value is None else value for value in values]
        if column.kind == "text":
            _check_encoding(column.name, values, findings)
        return values

    def _labelled(self, chunk: Chunk, read: dict[str, list[str | None]], findings: Findings) -> None:
        """Refine a column by a label column beside it, as Hamburg's port area does: typ 'Zone I', name 'Radeland'."""
        if self.layer.labelled_by is None or self.label_position is None:
            return
        kinds = read[self.layer.labelled_by[0]]
        for at, cell in enumerate(chunk.cells[self.label_position]):
            try:
                label = text(cell)
            except Unreadable as problem:
                findings.add(
                    at, self.layer.labelled_by[1], problem.kind, f"'{shown(cell)}' {problem}", value=shown(cell)
                )
            else:
                kinds[at] = f"{kinds[at]}: {label}" if label and kinds[at] else kinds[at]


def _one_by_one(column: Column, read: Reader, cells: Sequence[Any], findings: Findings) -> list[str | None]:
    """Read the cells of a column of which some cannot be read or are missing: each of these is noted and left empty."""
    values: list[str | None] = []
    for at, cell in enumerate(cells):
        try:
            value = read(cell)
        except Unreadable as problem:
            said = f"'{shown(cell)}' {problem}"
            findings.add(at, column.name, problem.kind, said, value=shown(cell))
            value = None
        else:
            if value is None and column.filled:
                findings.add(at, column.name, "empty", "is empty, but is needed: fill it in")
        values.append(value)
    return values


def _check_encoding(name: str, values: Sequence[str | None], findings: Findings) -> None:
    odd = {value for value in set(values) if misread(value)}
    for at, value in enumerate(values) if odd else ():
        if value in odd:
            said = f"'{shown(value)}' looks like text read in the wrong encoding: give --encoding, e.g. ISO-8859-1"
            findings.add(at, name, "encoding", said, "warning", value=shown(value))


def _check_order(read: dict[str, list[str | None]], findings: Findings) -> None:
    if not any(read["valid_to"]):
        return
    for at, (start, end) in enumerate(zip(read["valid_from"], read["valid_to"], strict=True)):
        if start and end and end <= start:
            said = f"'{end}' is not after valid_from '{start}': correct one; valid_to is the first day no longer valid"
            findings.add(at, "valid_to", "validity-reversed", said, value=end)


def compare_areas(
    official: Sequence[str | None], measured: NDArray[np.float64], findings: Findings, tolerance: float
) -> None:
    """Warn where the official area and that of the polygon (EPSG:25832) differ by more than the tolerance."""
    stated = np.array([float(value) if value else np.nan for value in official])
    with np.errstate(invalid="ignore"):
        apart = areas_apart(stated, measured, tolerance)
    for at in np.flatnonzero(apart & ~findings.bad).tolist():
        polygon = Decimal(f"{measured[at]:.2f}")
        said = f"{areas_said(Decimal(str(official[at])), polygon)}: {AREAS_REMEDY}"
        findings.add(at, "official_m2", AREAS_APART, said, "warning", value=official[at], after_m2=polygon)


def areas_apart(official: Any, measured: Any, tolerance: float | Decimal) -> Any:
    """Whether an official area and the polygon's differ by more than the tolerance: two numbers, or two arrays."""
    return abs(measured - official) > tolerance * official


def areas_said(official: Decimal, polygon: Decimal) -> str:
    """What a report says of two areas (m2) that differ: by a percentage, or above twice the lesser one by their factor."""
    stated, measured = f"official area of {official:,.2f} m2", f"polygon's {polygon:,.2f} m2"
    if 0 < 2 * polygon < official:
        return f"the {stated} is {_times(official / polygon)} the {measured}"
    if polygon > 2 * official:
        return f"the {measured} are {_times(polygon / official)} the {stated}"
    return f"the {stated} and the {measured} differ by {abs(polygon / official - 1):.0%}"


def _times(factor: Decimal) -> str:
    return f"{factor:,.{1 if factor < 10 else 0}f} times"


def copy_text(
    rows: Sequence[int], columns: Sequence[Sequence[str | None]], outlines: Sequence[str | None] | None
) -> bytes:
    """The rows as text for PostgreSQL's COPY, outlines in hexadecimal EWKB. No value holds a tab or a line break, see text()."""
    drawn = [NULL] * len(rows) if outlines is None else [outline or NULL for outline in outlines]
    lines = map("\t".join, zip(map(str, rows), *map(_escaped, columns), drawn, strict=True))
    return ("\n".join(lines) + "\n").encode()


def _escaped(column: Sequence[str | None]) -> Sequence[Any]:
    if not any(column):
        return [NULL] * len(column)
    odd = {value: value.replace("\\", "\\\\") if value else NULL for value in {*column} if not value or "\\" in value}
    return [odd.get(value, value) for value in column] if odd else column
