"""What goes into the gate and what comes out of it: options, limits, issues, refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Severity = Literal["error", "warning", "note"]

# Two parcels share land that counts twice where it is more than the rounding of two surveys of one border.
SLIVER_M2 = 1.0  # less is a sliver ...
SLIVER_M = 0.1  # ... and so is what is longer, but on the average no wider
MOST_PAIRS = 1_000  # of parcels that share land are listed; the others are counted


@dataclass(frozen=True)
class Limits:
    """Bounds of one import; `extent`: west, south, east, north in metres, EPSG:25832 (Hamburg with Neuwerk +-20 km)."""

    land: str = "02"
    extent: tuple[float, float, float, float] = (442_000.0, 5_896_000.0, 608_500.0, 6_000_000.0)
    bytes: int = 4 << 30
    text_bytes: int = 256 << 20  # GML and GeoJSON have to be held as a whole by their reader
    rows: int = 3_000_000
    vertices: int = 100_000
    windings: float = (
        100.0  # an outline this many times as long as around its envelope; the most seen in real data is 4.5
    )
    columns: int = 200
    memory_bytes: int = 2 << 30
    cpu_seconds: int = 60
    cpu_seconds_per_mib: float = 1.0
    wall_seconds: float = 120.0
    wall_seconds_per_mib: float = 2.0
    repair_seconds: float = 10.0
    area_tolerance: float = 0.10
    issues: int = 10_000
    compared_bytes: int = 256 << 20  # of outlines that are compared with each other


@dataclass(frozen=True)
class Options:
    """How one file is to be read; `choices` gives the known values of `designation`, `holder`, `disposition`, ... by list.

    `columns` says which of the file's columns stands for a column of the layer, whatever its other ones are called.
    """

    crs: str | None = None
    repair: bool = False
    encoding: str | None = None
    limits: Limits = Limits()
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Issue:
    """One finding about one row (or, without `row`, about the file): where, what, and what to do about it.

    Of XML the `line` in the file, and of an archive the `member` it stands in.
    """

    row: int | None
    feature: str | None
    field: str | None
    kind: str
    severity: Severity
    message: str
    value: str | None = None
    before_m2: Decimal | None = None
    after_m2: Decimal | None = None
    member: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Kin:
    """A row's statement that one parcel follows another one; `on` (ISO) is the day of the change where the row has it."""

    row: int
    predecessor: str
    successor: str
    on: str | None


def located(row: int, feature: str | None, field: str) -> str:
    """How every message about a row begins: with the row, what it is about, and the field."""
    return f"Row {row}, {field}" if feature is None else f"Row {row} ({feature}), {field}"


class Refused(Exception):
    """The whole file is refused; `kind` is a stable code, `message` says why and what to do."""

    def __init__(self, kind: str, message: str, issues: tuple[Issue, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.issues = issues
