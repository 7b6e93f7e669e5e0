"""Where the two series cross the target: which crossings a change would bring, and which it would avert."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Series(StrEnum):
    """The two series of the reserve: with reserved (anhandgegeben) land, and without."""

    NET = "net_ha"
    FREE = "free_ha"


class Severity(StrEnum):
    """`net_ha` below the target is critical, `free_ha` below it a warning; a return to the target is a recovery."""

    CRITICAL = "critical"
    WARNING = "warning"
    RECOVERY = "recovery"


class Level(NamedTuple):
    """Both series from a day on, in hectares."""

    on: date
    net_ha: Decimal
    free_ha: Decimal


class Target(NamedTuple):
    """The target from a day on, in hectares."""

    since: date
    ha: Decimal


@dataclass(frozen=True, slots=True)
class Crossing:
    """A series that on a day falls below the target or returns to it; `ha` is what it then is.

    `at_once`: it lies on the other side already today, so that the change itself crosses, and not the passing of time.
    """

    on: date
    series: Series
    severity: Severity
    ha: Decimal
    target_ha: Decimal
    at_once: bool


def differing(
    before: Sequence[Level], after: Sequence[Level], targets: Sequence[Target], today: date
) -> tuple[list[Crossing], list[Crossing]]:
    """(crossings that the change would bring, crossings that it would avert), from today on.

    Each list of levels begins today or before, ascending; so do the targets. Source of the line: Masterplan Industrie 2023,
    "netto 100 Hektar"; below is below, exactly, as in `rules.reserve.state`.
    """
    brought, averted = [], []
    for series in Series:
        old, new = _crossings(before, series, targets, today), _crossings(after, series, targets, today)
        known, wanted = ({(one.on, one.severity) for one in side} for side in (old, new))
        brought += [one for one in new if (one.on, one.severity) not in known]
        averted += [one for one in old if (one.on, one.severity) not in wanted]
        was, becomes = _on(before, series, targets, today), _on(after, series, targets, today)
        if was[0] != becomes[0]:
            brought.append(_crossing(today, series, *becomes, at_once=True))
    return sorted(brought, key=_order), sorted(averted, key=_order)


def _order(one: Crossing) -> tuple[date, str]:
    return one.on, one.series


def _crossings(levels: Sequence[Level], series: Series, targets: Sequence[Target], today: date) -> list[Crossing]:
    """The days after today on which the series changes sides."""
    days = sorted({today, *(day for day in _seams(levels, targets) if day > today)})
    sides = [_on(levels, series, targets, day) for day in days]
    return [
        _crossing(day, series, *now, at_once=False)
        for day, was, now in zip(days[1:], sides, sides[1:], strict=False)
        if was[0] != now[0]
    ]


def _seams(levels: Sequence[Level], targets: Sequence[Target]) -> Iterator[date]:
    yield from (level.on for level in levels)
    yield from (target.since for target in targets)


def _on(levels: Sequence[Level], series: Series, targets: Sequence[Target], day: date) -> tuple[bool, Decimal, Decimal]:
    """Whether the series lies below the target on a day, what it is and what the target is."""
    ha: Decimal = getattr([level for level in levels if level.on <= day][-1], series)
    target_ha = [target.ha for target in targets if target.since <= day][-1]
    return ha < target_ha, ha, target_ha


def _crossing(day: date, series: Series, below: bool, ha: Decimal, target_ha: Decimal, *, at_once: bool) -> Crossing:
    falling = Severity.CRITICAL if series is Series.NET else Severity.WARNING
    return Crossing(day, series, falling if below else Severity.RECOVERY, ha, target_ha, at_once)
