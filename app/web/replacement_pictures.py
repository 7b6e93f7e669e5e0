"""The pictures of replacement: what was lost and what makes up for it, the way of each site over the years, what of a site is
bound. From amounts and days to coordinates, nothing else.

All x, y and lengths are SVG user units; amounts are Decimal net m2, axes are in hectares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from app.web.chart import Frame, Scale, Tick, ticks
from parcels.queries import SQUARE_METRES_PER_HECTARE
from rules.pipeline import Milestone, MilestoneKind, Path, Security

ROW, ROOM = 26, 16  # heights: of a row, of the heading above a group of them
YEARS_BACK, YEARS_AHEAD = 10, 20  # what lies farther away is told by the table alone
LABEL = 46  # a year's label needs so much room


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a bar: what it stands for (delivered, secure, open, insecure, missing, free, shadowed), how much, and where."""

    look: str
    m2: Decimal
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: `number` is whose it is, `lost` the width of what was lost (None: nobody knows)."""

    number: int
    label: str
    y: float
    parts: tuple[Part, ...]
    lost: float | None


@dataclass(frozen=True, slots=True)
class Lost:
    """One dissolution as the picture takes it: net m2 lost (None: nobody knows) and pledged, by how secure the pledges are."""

    number: int
    label: str
    lost_on: date
    lost_m2: Decimal | None
    pledged_m2: Mapping[Security, Decimal]


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars with their axis and, above those of a year, the year."""

    frame: Frame
    bars: tuple[Bar, ...]
    years: tuple[Tick, ...]
    hectares: tuple[Tick, ...]


def bars(found: Iterable[Lost], name: str, width: int) -> Bars:
    """A bar for each dissolution by the year of its loss: what is pledged, securest first, then what is still missing."""
    by_year = groupby(sorted(found, key=lambda one: (one.lost_on, one.number)), key=lambda one: one.lost_on.year)
    years = [(year, list(rows)) for year, rows in by_year]
    height = 26 + 24 + sum(ROOM + ROW * len(rows) for _, rows in years)
    frame = Frame(name, width, height, 132 if width > 500 else 92, 24, 26, 24)
    amounts = [value for _, rows in years for one in rows for value in (one.lost_m2 or Decimal(0), _sum(one))]
    marks, across = _axis(amounts, frame)
    y, drawn, headings = float(frame.top), list[Bar](), list[Tick]()
    for year, rows in years:
        headings.append(Tick(y + 12, Decimal(year)))
        y += ROOM
        for one in rows:
            lost = None if one.lost_m2 is None else round(across(one.lost_m2) - frame.left, 1)
            drawn.append(Bar(one.number, one.label, y, tuple(_parts(_amounts(one), across, frame.left)), lost))
            y += ROW
    return Bars(frame, tuple(drawn), tuple(headings), tuple(marks))


def _sum(one: Lost) -> Decimal:
    return sum(one.pledged_m2.values(), Decimal(0))


def _amounts(one: Lost) -> list[tuple[str, Decimal]]:
    missing = Decimal(0) if one.lost_m2 is None else max(one.lost_m2 - _sum(one), Decimal(0))
    return [*((level.value, one.pledged_m2.get(level, Decimal(0))) for level in Security), ("missing", missing)]


def _axis(amounts: Iterable[Decimal], frame: Frame) -> tuple[list[Tick], Scale]:
    """Round hectares from nothing on, and where an amount in m2 lies."""
    marks = ticks([Decimal(0), *(m2 / SQUARE_METRES_PER_HECTARE for m2 in amounts)], 6 if frame.width > 500 else 4)
    room, most = frame.width - frame.left - frame.right, marks[-1] * SQUARE_METRES_PER_HECTARE

    def across(m2: Decimal) -> float:
        return round(frame.left + room * float(m2 / most), 1)

    return [Tick(across(value * SQUARE_METRES_PER_HECTARE), value) for value in marks], across


def _parts(amounts: Iterable[tuple[str, Decimal]], across: Scale, left: float) -> Iterable[Part]:
    """One after the other from the left; what is nothing is left out."""
    until, x = Decimal(0), float(left)
    for look, m2 in amounts:
        if m2 > 0:
            until += m2
            end = across(until)
            yield Part(look, m2, x, round(end - x, 1))
            x = end


def balance(amounts: Iterable[tuple[str, Decimal]], net_m2: Decimal, width: int = 1000) -> tuple[Part, ...]:
    """One bar of a site's net area over `width`; empty where there is none."""
    shown = [(look, m2) for look, m2 in amounts if m2 > 0]
    whole = max(net_m2, sum((m2 for _, m2 in shown), Decimal(0)))
    return tuple(_parts(shown, lambda m2: round(width * float(m2 / whole), 1), 0.0)) if whole else ()


class Standing(StrEnum):
    """How a milestone stands on a day; `passed`: a later one or a set-back has made it needless."""

    DONE = "done"
    PLANNED = "planned"
    OVERDUE = "overdue"
    UNDATED = "undated"
    PASSED = "passed"


def standing(one: Milestone, way: Path) -> Standing:
    """How a milestone of a way stands on the way's day."""
    if one.kind in way.done:
        return Standing.DONE
    for found, standing in (
        (way.overdue, Standing.OVERDUE),
        (way.ahead, Standing.PLANNED),
        (way.undated, Standing.UNDATED),
    ):
        if any(other.kind is one.kind for other in found):
            return standing
    return Standing.PASSED


@dataclass(frozen=True, slots=True)
class Mark:
    """A milestone in the plot."""

    kind: MilestoneKind
    on: date
    standing: Standing
    x: float


@dataclass(frozen=True, slots=True)
class Row:
    """The way of one site: its marks in the order of days."""

    number: int
    label: str
    y: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The ways of sites over the years; `today` is where the day asked about lies, `outside` how many marks lie too far away."""

    frame: Frame
    rows: tuple[Row, ...]
    years: tuple[Tick, ...]
    today: float
    outside: int


@dataclass(frozen=True, slots=True)
class Way:
    """One site as the picture takes it: what its milestones say, and what holds of them on the day."""

    number: int
    label: str
    said: Sequence[Milestone]
    path: Path


def timeline(found: Sequence[Way], on: date, name: str, width: int) -> Timeline:
    """The milestones of sites by their days: done, planned, overdue; whole years around the day asked about."""
    days = [one.day for way in found for one in way.said if one.day is not None]
    kept = [day for day in days if on.year - YEARS_BACK <= day.year <= on.year + YEARS_AHEAD]
    since = date(min([on.year, *(day.year for day in kept)]), 1, 1)
    until = date(max([on.year, *(day.year for day in kept)]) + 1, 1, 1)
    frame = Frame(name, width, 26 + 30 + ROW * len(found), 172 if width > 500 else 108, 20)
    room, span = frame.width - frame.left - frame.right, (until - since).days

    def across(day: date) -> float:
        return round(frame.left + room * (day - since).days / span, 1)

    years = range(since.year, until.year)
    every = max(-(-len(years) * LABEL // room), 1)
    rows = [_row(way, frame.top + ROW * n + ROW / 2, across, since, until) for n, way in enumerate(found)]
    ticked = tuple(Tick(across(date(year, 1, 1)), Decimal(year)) for year in years[::every])
    return Timeline(frame, tuple(rows), ticked, across(on), len(days) - len(kept))


def _row(way: Way, y: float, across: Callable[[date], float], since: date, until: date) -> Row:
    dated = [(one.day, one) for one in way.said if one.day is not None and since <= one.day < until]
    order = list(MilestoneKind)
    marks = [
        Mark(one.kind, day, standing(one, way.path), across(day))
        for day, one in sorted(dated, key=lambda pair: (pair[0], order.index(pair[1].kind)))
    ]
    return Row(way.number, way.label, y, tuple(marks))
