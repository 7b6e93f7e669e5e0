"""Published figures about Hamburg's land reserve, for comparison beside the computed series."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

FILE = Path(__file__).resolve().parents[1] / "data" / "published_figures.csv"
SUMMER = "summer"

Confidence = Literal["Q", "S", "D"]
CONFIDENCES: dict[str, Confidence] = {"Q": "Q", "S": "S", "D": "D"}


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One figure as published: `as_of` is the source's own statement, `on` its first day, for drawing only."""

    as_of: str
    on: date
    scope: str
    ha: Decimal
    n_areas: int | None
    owner_scope: str
    area_scope: str
    note: str
    source: str
    confidence: Confidence


def figures() -> list[PublishedFigure]:
    """All published figures in the order of data/published_figures.csv; ValueError names a row that cannot be read."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return [_figure(row) for row in rows]


def _figure(row: dict[str, str]) -> PublishedFigure:
    try:
        return PublishedFigure(
            as_of=row["as_of"],
            on=first_day(row["as_of"]),
            scope=row["scope"],
            ha=Decimal(row["ha"]),
            n_areas=int(row["n_areas"]) if row["n_areas"] else None,
            owner_scope=row["owner_scope"],
            area_scope=row["area_scope"],
            note=row["note"],
            source=row["source"],
            confidence=CONFIDENCES[row["confidence"]],
        )
    except (ArithmeticError, KeyError, ValueError) as error:
        raise ValueError(f"{FILE.name}: cannot read the row {row}: {error!r}") from error


def first_day(as_of: str) -> date:
    """The first day of `2020`, `2020-07`, `2017-10-02` or `2009-summer` (1 June); anything else is a ValueError."""
    year, _, rest = as_of.partition("-")
    month, _, day = "06".partition("-") if rest == SUMMER else rest.partition("-")
    return date(int(year), int(month or 1), int(day or 1))
