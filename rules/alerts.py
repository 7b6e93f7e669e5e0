"""Alerts: when the reserve passes its line, or comes near it, and how grave that is. Pure; the days are given by the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from rules.law import Cite, DatedLaw
from rules.pipeline import Security


class Series(StrEnum):
    """The two series of the reserve: with land that is reserved (anhandgegeben), and without."""

    NET = "net"
    FREE = "free"


class LineState(StrEnum):
    """Where a series stands: clear of the line, within the margin above it, below it."""

    CLEAR = "clear"
    NEAR = "near"
    BELOW = "below"


class Severity(StrEnum):
    """How grave an alert is. Of the line only net below its target is critical: that breaks the Masterplan's sentence."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFORMATION = "information"


class Kind(StrEnum):
    """What an alert tells. The first five are of the line; the others are of cases, pledges, the outlook and imports."""

    BELOW = "below"
    BELOW_AT_START = "below_at_start"
    NEAR = "near"
    NEAR_OVER = "near_over"
    RECOVERED = "recovered"
    FORECAST_BELOW = "forecast_below"
    DEADLINE_NEAR = "deadline_near"
    DEADLINE_MISSED = "deadline_missed"
    PLEDGE_INSECURE = "pledge_insecure"
    IMPORT_REJECTED = "import_rejected"


# (where a series stood, where it stands) -> what is told; None stood nowhere: it is looked at for the first time
MOVES: dict[tuple[LineState | None, LineState], Kind | None] = {
    (None, LineState.CLEAR): None,
    (None, LineState.NEAR): Kind.NEAR,
    (None, LineState.BELOW): Kind.BELOW_AT_START,
    (LineState.CLEAR, LineState.CLEAR): None,
    (LineState.CLEAR, LineState.NEAR): Kind.NEAR,
    (LineState.CLEAR, LineState.BELOW): Kind.BELOW,
    (LineState.NEAR, LineState.CLEAR): Kind.NEAR_OVER,
    (LineState.NEAR, LineState.NEAR): None,
    (LineState.NEAR, LineState.BELOW): Kind.BELOW,
    (LineState.BELOW, LineState.CLEAR): Kind.RECOVERED,
    (LineState.BELOW, LineState.NEAR): Kind.RECOVERED,
    (LineState.BELOW, LineState.BELOW): None,
}

SEVERITIES: dict[tuple[Kind, Series], Severity] = {
    (Kind.BELOW, Series.NET): Severity.CRITICAL,
    (Kind.BELOW, Series.FREE): Severity.WARNING,
    (Kind.BELOW_AT_START, Series.NET): Severity.CRITICAL,
    (Kind.BELOW_AT_START, Series.FREE): Severity.WARNING,
    (Kind.NEAR, Series.NET): Severity.WARNING,
    (Kind.NEAR, Series.FREE): Severity.INFORMATION,
    (Kind.NEAR_OVER, Series.NET): Severity.INFORMATION,
    (Kind.NEAR_OVER, Series.FREE): Severity.INFORMATION,
    (Kind.RECOVERED, Series.NET): Severity.INFORMATION,
    (Kind.RECOVERED, Series.FREE): Severity.INFORMATION,
    (Kind.FORECAST_BELOW, Series.NET): Severity.WARNING,
    (Kind.FORECAST_BELOW, Series.FREE): Severity.INFORMATION,
}


class Clock(StrEnum):
    """The two clocks of a conversion case: until the consent is deemed given, until the authority for the economy has spoken."""

    CONSENT = "consent"
    BWI = "bwi"


# a consent that silence has given cannot be taken back; the word of the authority can still be heard inside its period
DEADLINES: dict[tuple[Kind, Clock], Severity] = {
    (Kind.DEADLINE_NEAR, Clock.CONSENT): Severity.WARNING,
    (Kind.DEADLINE_NEAR, Clock.BWI): Severity.INFORMATION,
    (Kind.DEADLINE_MISSED, Clock.CONSENT): Severity.CRITICAL,
    (Kind.DEADLINE_MISSED, Clock.BWI): Severity.WARNING,
}

# what a pledge is worth whose land may not come in time; of a secure one, and of one that is delivered, nothing is told
PLEDGES: dict[Security, Severity] = {
    Security.INSECURE: Severity.WARNING,
    Security.OPEN: Severity.INFORMATION,
}

# an import of which rows were rejected has recorded the others; of a refused one nothing is in the register
IMPORTS: dict[bool, Severity] = {False: Severity.INFORMATION, True: Severity.WARNING}

# What lasts until it is over: of these one is open for a subject at a time. The others tell of something that has passed.
ENDED_BY: dict[Kind, frozenset[Kind]] = {
    Kind.BELOW: frozenset({Kind.NEAR}),
    Kind.BELOW_AT_START: frozenset(),
    Kind.NEAR: frozenset(),
    Kind.NEAR_OVER: frozenset({Kind.NEAR}),
    Kind.RECOVERED: frozenset({Kind.BELOW, Kind.BELOW_AT_START}),
}
PASSED = frozenset({Kind.NEAR_OVER, Kind.RECOVERED, Kind.IMPORT_REJECTED})


@dataclass(frozen=True, slots=True)
class Line:
    """The line of a day: the target, the margin above it in which one is warned, by how much more a limit is left again."""

    target_ha: Decimal
    margin_ha: Decimal
    hysteresis_ha: Decimal
    citations: tuple[Cite, ...]


def line(law: DatedLaw) -> Line:
    """The line of a day; NotInForce before the target. Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 1 Satz 3."""
    values = [law[name] for name in ("reserve.target_ha", "alerts.early_margin_ha", "alerts.hysteresis_ha")]
    target_ha, margin_ha, hysteresis_ha = (value.amount for value in values)
    return Line(target_ha, margin_ha, hysteresis_ha, tuple(value.cite for value in values))


def stands(before: LineState | None, value_ha: Decimal, at: Line) -> LineState:
    """Where a series of `value_ha` stands. A limit is passed downwards as it is, and upwards only by the hysteresis more."""
    below = at.target_ha + (at.hysteresis_ha if before is LineState.BELOW else 0)
    if value_ha < below:
        return LineState.BELOW
    near = at.target_ha + at.margin_ha + (at.hysteresis_ha if before in (LineState.BELOW, LineState.NEAR) else 0)
    return LineState.NEAR if value_ha < near else LineState.CLEAR


class Level(NamedTuple):
    """Both series from a day on, in hectares."""

    on: date
    net_ha: Decimal
    free_ha: Decimal

    def of(self, series: Series) -> Decimal:
        """One of them."""
        return self.net_ha if series is Series.NET else self.free_ha


class Passing(NamedTuple):
    """A limit that a series passes on a day: what is told of it, how grave that is, where it stood before and stands now."""

    kind: Kind
    severity: Severity
    series: Series
    level: Level
    line: Line
    before: LineState | None
    state: LineState


States = Mapping[Series, LineState | None]


def passings(course: Iterable[Level], states: States, line_on: Callable[[date], Line]) -> tuple[list[Passing], States]:
    """What is told of a course, day by day, by a register that stands so before it; and where it stands after it."""
    found, now = [], dict(states)
    for level in course:
        limits = line_on(level.on)
        for series in Series:
            before, now[series] = now[series], (state := stands(now[series], level.of(series), limits))
            if (kind := MOVES[before, state]) is not None:
                found.append(Passing(kind, SEVERITIES[kind, series], series, level, limits, before, state))
    return found, now


class Turn(StrEnum):
    """What a look ahead means for what is told already: nothing new, to be told, told again since it came nearer, over."""

    SAME = "same"
    NEW = "new"
    AGAIN = "again"
    OVER = "over"


def first_below(course: Sequence[tuple[date, Decimal]], target_ha: Callable[[date], Decimal]) -> date | None:
    """The first day on which a series lies below that day's target, None where it never does or does on its first day already.

    `course` are the days on which series or target change, with hectares, the first of them the day of asking.
    """
    below = (on for on, value_ha in course if value_ha < target_ha(on))
    first = next(below, None)
    return None if course and first == course[0][0] else first


def foreseen(told: date | None, found: date | None, today: date, nearer_days: int) -> Turn:
    """What to tell of the first day below the line: `told` is the one in the open alert, `found` the one foreseen now.

    A day that moves to and fro is not told anew, save where it comes nearer by more than `nearer_days`, or where the one told
    has come and another one is foreseen.
    """
    if found is None:
        return Turn.SAME if told is None else Turn.OVER
    if told is None:
        return Turn.NEW
    return Turn.AGAIN if told <= today or (told - found).days > nearer_days else Turn.SAME
