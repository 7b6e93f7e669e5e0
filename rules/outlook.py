"""The outlook: what of a change is take-up, its rate, the reach of the reserve and the first day below the line.

Amounts are m2; rates are m2 a year and exact fractions, so that the day of a crossing does not depend on rounding.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from operator import attrgetter

from rules.criteria import first_day_within
from rules.facts import Standing
from rules.law import DatedLaw

COUNTED = (Standing.COUNTED_FREE, Standing.COUNTED_RESERVED)
DISPOSED = "not_disposed"
MONTHS_A_YEAR = date.max.month  # of the calendar, not of the law
DAY = timedelta(days=1)

# every parameter that an outlook depends on beside those of the reserve itself
PARAMETERS = (
    "outlook.no_take_up_if_not_met",
    "outlook.short_window_months",
    "outlook.long_window_months",
    "outlook.days_a_year",
    "outlook.horizon_years",
    "outlook.longest_horizon_years",
)


class Scenario(StrEnum):
    """How fast land is taken up: nothing beyond what is recorded, the lesser of the rates measured, their mean, the greater."""

    RECORDED = "recorded"
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


class Reaching(StrEnum):
    """Whether it can be said how long the reserve lasts; `unlimited`: nothing was taken up."""

    YEARS = "years"
    UNLIMITED = "unlimited"
    UNKNOWN = "unknown"


class Crossing(StrEnum):
    """What is found of a series and the line: below from the first day on, from a later one, not by the last day, unknown."""

    ALREADY_BELOW = "already_below"
    CROSSES = "crosses"
    NOT_WITHIN_HORIZON = "not_within_horizon"
    UNKNOWN = "unknown"


class Assumption(StrEnum):
    """What an outlook takes for granted; the sentences are the user interface's."""

    ENTRIES_AS_RECORDED = "entries_as_recorded"
    NOTHING_ELSE_ENTERS = "nothing_else_enters"
    TAKE_UP_IS_DISPOSAL = "take_up_is_disposal"
    TAKE_UP_GOES_ON = "take_up_goes_on"
    RECORDED_SALES_ARE_PART_OF_IT = "recorded_sales_are_part_of_it"
    BOTH_SERIES_FALL_ALIKE = "both_series_fall_alike"
    SCENARIOS_FROM_WINDOWS = "scenarios_from_windows"
    SCENARIOS_COINCIDE = "scenarios_coincide"
    NO_RATE = "no_rate"
    HISTORY_FROM_FIRST_RECORDING = "history_from_first_recording"
    HISTORY_AS_STATED = "history_as_stated"
    NOTHING_RECORDED = "nothing_recorded"
    HISTORY_TOO_SHORT = "history_too_short"
    LINE_AS_PUBLISHED = "line_as_published"
    PIPELINE_NOT_COUNTED = "pipeline_not_counted"
    SITES_NOT_COUNTED = "sites_not_counted"
    SECURE_SITES_ENTER = "secure_sites_enter"
    PLEDGED_LAND_DOES_NOT = "pledged_land_does_not"


@dataclass(frozen=True, slots=True)
class Side:
    """A part of the land on one side of a change: how it stands, which criteria it fails, its net m2."""

    standing: Standing
    not_met: tuple[str, ...]
    net_m2: Decimal


@dataclass(frozen=True, slots=True)
class TakeUp:
    """Take-up on the days since < day <= until, in m2; both amounts are None where the history is too short to say."""

    months: int
    since: date
    until: date
    taken_m2: Decimal | None
    m2_a_year: Fraction | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How long a reserve lasts; `years` only where that is a number."""

    found: Reaching
    years: Fraction | None


@dataclass(frozen=True, slots=True)
class Step:
    """What is recorded of a series from this day on, and the take-up recorded on the days after the first up to this one; m2."""

    on: date
    recorded_m2: Decimal
    taken_m2: Decimal


@dataclass(frozen=True, slots=True)
class FirstBelow:
    """The first day on which a series is below the line, where there is one; `back_on`: the first one after it that is not."""

    found: Crossing
    on: date | None
    back_on: date | None


def taken_m2(before: Iterable[Side], after: Iterable[Side], law: DatedLaw) -> Decimal:
    """How many net m2 of one piece of land were taken up on a day, by all its lines on both sides of that day's seam.

    Only what left the counted reserve, and only as far as land became sold or leasehold and is otherwise workplace land
    outside the port still. Source: Vorschlag dieses Dienstes.
    """
    old, new = list(before), list(after)
    left = _counted(old) - _counted(new)
    disposed = _disposed(new, law) - _disposed(old, law)
    return max(min(left, disposed), Decimal(0))


def _counted(sides: Iterable[Side]) -> Decimal:
    return sum((side.net_m2 for side in sides if side.standing in COUNTED), Decimal(0))


def _disposed(sides: Iterable[Side], law: DatedLaw) -> Decimal:
    other_use = set(law["outlook.no_take_up_if_not_met"].codes)
    taken = (side for side in sides if DISPOSED in side.not_met and not other_use & set(side.not_met))
    return sum((side.net_m2 for side in taken), Decimal(0))


def windows(until: date, law: DatedLaw) -> tuple[tuple[int, date], ...]:
    """The trailing windows as (months, the day after which each begins), the longer one last. Source: Vorschlag dieses Dienstes."""
    months = (law["outlook.short_window_months"].count, law["outlook.long_window_months"].count)
    return tuple((many, first_day_within(until, many)) for many in months)


def take_up(
    departures: Iterable[tuple[date, Decimal]], history_since: date | None, until: date, law: DatedLaw
) -> tuple[TakeUp, ...]:
    """The take-up of each window out of all departures as (day, m2); unknown where nobody recorded since its beginning.

    A year's take-up is the window's by its months. Source: Vorschlag dieses Dienstes.
    """
    all_of_them, found = list(departures), []
    for months, since in windows(until, law):
        if history_since is None or history_since > since:
            found.append(TakeUp(months, since, until, None, None))
            continue
        taken = sum((m2 for day, m2 in all_of_them if since < day <= until), Decimal(0))
        found.append(TakeUp(months, since, until, taken, Fraction(taken) * MONTHS_A_YEAR / months))
    return tuple(found)


def rates(measured: Iterable[TakeUp]) -> dict[Scenario, Fraction | None]:
    """The rate of each scenario in m2 a year; None for those that no window of known take-up gives."""
    known = [one.m2_a_year for one in measured if one.m2_a_year is not None]
    found: dict[Scenario, Fraction | None] = dict.fromkeys(Scenario)
    if known:
        middle = sum(known, Fraction(0)) / len(known)
        found.update({Scenario.LOW: min(known), Scenario.MIDDLE: middle, Scenario.HIGH: max(known)})
    return {**found, Scenario.RECORDED: Fraction(0)}


def reach(amount_m2: Decimal, rate: Fraction | None) -> Reach:
    """How many years an amount lasts at a rate in m2 a year; nothing lasts no time, and anything for ever if none is taken."""
    if rate is None:
        return Reach(Reaching.UNKNOWN, None)
    if not amount_m2:
        return Reach(Reaching.YEARS, Fraction(0))
    return Reach(Reaching.YEARS, Fraction(amount_m2) / rate) if rate else Reach(Reaching.UNLIMITED, None)


def expected_m2(course: Sequence[Step], day: date, rate: Fraction, days_a_year: int) -> Fraction:
    """What a series is expected to be on a day: as recorded, less what the rate takes beyond the take-up recorded; at least 0.

    `course` begins on the day from which the rate takes, oldest step first.
    """
    step = next(step for step in reversed(course) if step.on <= day)
    return max(
        Fraction(step.recorded_m2) - _unrecorded(step, (day - course[0].on).days, rate, days_a_year), Fraction(0)
    )


def _at(course: Sequence[Step], day: date) -> Step:
    return course[bisect_right(course, day, key=attrgetter("on")) - 1]


def _limit_m2(line: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    return next(m2 for since, m2 in reversed(line) if since <= day)


def _unrecorded(step: Step, days: int, rate: Fraction, days_a_year: int) -> Fraction:
    return max(rate * days / days_a_year - Fraction(step.taken_m2), Fraction(0))


def first_below(
    course: Sequence[Step], line: Sequence[tuple[date, Decimal]], until: date, rate: Fraction | None, days_a_year: int
) -> FirstBelow:
    """The first day on which the expected series is below the line, of the days from the course's first to `until`.

    `line` is (first day, m2), oldest first, in force on the course's first day. Exact: each stretch between seams is solved.
    """
    if rate is None:
        return FirstBelow(Crossing.UNKNOWN, None, None)
    start = course[0].on
    seams = sorted(day for day in {*(step.on for step in course), *(day for day, _ in line)} if start <= day <= until)
    for seam, end in zip(seams, [*seams[1:], until + DAY], strict=True):
        days = _days_until_below(_at(course, seam), _limit_m2(line, seam), rate, days_a_year)
        if days is not None and days < (end - start).days:
            on = max(seam, start + timedelta(days=days))
            later = (day for day in seams if day > on)
            back = (day for day in later if expected_m2(course, day, rate, days_a_year) >= _limit_m2(line, day))
            return FirstBelow(Crossing.ALREADY_BELOW if on == start else Crossing.CROSSES, on, next(back, None))
    return FirstBelow(Crossing.NOT_WITHIN_HORIZON, None, None)


def _days_until_below(step: Step, limit_m2: Decimal, rate: Fraction, days_a_year: int) -> int | None:
    """From how many days after the start on this step would be below the limit; 0 where it is by itself, None where never."""
    if step.recorded_m2 < limit_m2:
        return 0
    if not rate or not limit_m2:
        return None
    bearable = Fraction(step.recorded_m2 - limit_m2 + step.taken_m2) * days_a_year / rate
    return bearable.numerator // bearable.denominator + 1


def assumptions(
    measured: Iterable[TakeUp], history: date | None, stated: bool, sites: bool, law: DatedLaw
) -> Iterable[tuple[Assumption, dict[str, date | int]]]:
    """What goes without saying, said, each with its values: what every outlook assumes, then what this history allows.

    `history` is since when departures are known, `stated` whether somebody said so; `sites` whether any are on their way.
    Source: Vorschlag dieses Dienstes.
    """
    yield Assumption.ENTRIES_AS_RECORDED, {}
    yield Assumption.NOTHING_ELSE_ENTERS, {}
    yield Assumption.PIPELINE_NOT_COUNTED, {}
    if sites:
        yield Assumption.SITES_NOT_COUNTED, {}
        yield Assumption.SECURE_SITES_ENTER, {}
        yield Assumption.PLEDGED_LAND_DOES_NOT, {}
    yield Assumption.LINE_AS_PUBLISHED, {}
    yield Assumption.TAKE_UP_IS_DISPOSAL, {}
    if history is None:
        yield Assumption.NOTHING_RECORDED, {}
    else:
        yield Assumption.HISTORY_AS_STATED if stated else Assumption.HISTORY_FROM_FIRST_RECORDING, {"since": history}
    short = [one for one in measured if one.taken_m2 is None] if history else []
    for one in short:
        yield Assumption.HISTORY_TOO_SHORT, {"months": one.months, "needed_since": one.since}
    known = [one.m2_a_year for one in measured if one.m2_a_year is not None]
    if not known:
        yield Assumption.NO_RATE, {}
        return
    yield Assumption.TAKE_UP_GOES_ON, {"days": law["outlook.days_a_year"].count}
    yield Assumption.RECORDED_SALES_ARE_PART_OF_IT, {}
    yield Assumption.BOTH_SERIES_FALL_ALIKE, {}
    yield Assumption.SCENARIOS_FROM_WINDOWS if len(set(known)) > 1 else Assumption.SCENARIOS_COINCIDE, {}


def years_later(day: date, years: int) -> date:
    """The same day so many years later; 29 February gives the 28th (§ 188 Abs. 3 BGB)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return (day - DAY).replace(year=day.year + years)
