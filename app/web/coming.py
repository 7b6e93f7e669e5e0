"""What is recorded to happen to the reserve: coming changes, day by day, with what stands behind each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.web.language import Translator
from parcels.changes import Change
from parcels.queries import Line, Point
from rules.criteria import CRITERIA
from rules.facts import Standing

# a fact that is shown with its old and its new value says more than the criterion that it turned
SHOWN_BY_FACT = {"not_disposed": "disposition", "municipal_holder": "holder", "designation": "designation"}


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to one site (None: a single parcel) on a day: `entered`, `left` or `changed`, by how many m2, and why
    (in words; `because` are the codes)."""

    site: str | None
    parcels: list[str]
    district: str | None
    kind: str
    net_m2: Decimal
    free_m2: Decimal
    why: str
    because: list[str]


@dataclass(frozen=True, slots=True)
class Day:
    """The events of one day and where the reserve stands after them (None outside the series)."""

    on: date
    events: list[Event]
    after: Point | None


def days(changes: Iterable[Change], series: Sequence[Point], speak: Translator) -> list[Day]:
    """Changes by day; those of one site that happen for the same reason are one event."""
    after = {point.on: point for point in series}
    by_day: dict[date, dict[tuple[str, str, str], list[Change]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        line = _line(change)
        by_day[change.on][(line.site or line.parcel_key, change.kind, why(change, speak))].append(change)
    return [
        Day(on, [_event(reason, group) for (_, _, reason), group in alike.items()], after.get(on))
        for on, alike in sorted(by_day.items())
    ]


def _event(reason: str, group: list[Change]) -> Event:
    line = _line(group[0])
    return Event(
        site=line.site,
        parcels=sorted({_line(change).parcel_key for change in group}),
        district=line.district,
        kind=group[0].kind,
        net_m2=sum((change.net_m2 for change in group), Decimal(0)),
        free_m2=sum((change.free_m2 for change in group), Decimal(0)),
        why=reason,
        because=list(dict.fromkeys(code for change in group for code in change.because)),
    )


def _line(change: Change) -> Line:
    line = change.after or change.before
    assert line is not None  # noqa: S101 (a change has at least one side)
    return line


def why(change: Change, speak: Translator) -> str:
    """The reasons of a change in words: facts with their old and new values, criteria that turned."""
    before, after = change.before, change.after
    if before is None or after is None:
        return "; ".join(speak.code("change", code) for code in change.because)
    facts = [name for name in SHOWN_BY_FACT.values() if getattr(before, name) != getattr(after, name)]
    turned = [name for name in CRITERIA if name in change.because and SHOWN_BY_FACT.get(name) not in facts]
    words = [
        f"{speak.code('change', name)}: {_value(before, name, speak)} → {_value(after, name, speak)}" for name in facts
    ]
    words += [_turn(name, after, speak) for name in turned]
    return "; ".join(words) or _quiet(before, after, speak)


def _value(line: Line, name: str, speak: Translator) -> str:
    value = getattr(line, name)
    return speak.text("not recorded") if value is None else speak.code(name, value)


def _turn(name: str, after: Line, speak: Translator) -> str:
    criterion = speak.code("criterion", name)
    if name in after.not_met:
        return speak.text("no longer met: {criterion}", criterion=criterion)
    if name in after.unknown:
        return speak.text("now unclear: {criterion}", criterion=criterion)
    return speak.text("now met: {criterion}", criterion=criterion)


def _quiet(before: Line, after: Line, speak: Translator) -> str:
    """No fact of the line and no criterion turned: a reservation ran out or began, or the area became another."""
    if before.standing != after.standing:
        return speak.code("change", "reserved" if after.standing is Standing.COUNTED_RESERVED else "no_longer_reserved")
    return speak.code("change", "net_m2")
