"""May a holding follow its land? When parcels are split or merged on a day, what was recorded of the old ones holds for the new.

A split: each successor gets the facts. A merge: one holding where the facts are equal. Parts go with their outlines. Whatever else
would need somebody's decision, and is told instead of guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

COVERED = 0.99  # so much of a successor must have been the held parcels' land; two surveys of one border differ by less

ALWAYS, OPEN = date.min, date.max


@dataclass(frozen=True, slots=True)
class Pair:
    """An old and a new parcel that share land (m2, EPSG:25832), with the day, and the areas that both have before and after it.

    The old one is `gone` with the day unless it is only redrawn; the new one has `come` unless it was there before.
    """

    day: date
    old: str
    new: str
    m2: float
    old_before_m2: Decimal
    old_after_m2: Decimal | None
    new_before_m2: Decimal | None
    new_after_m2: Decimal
    new_plane_m2: float
    fresh: bool

    @property
    def gone(self) -> bool:
        """Whether the old parcel ends with the day."""
        return self.old_after_m2 is None

    @property
    def come(self) -> bool:
        """Whether the new parcel begins with the day."""
        return self.new_before_m2 is None


@dataclass(frozen=True, slots=True)
class Held:
    """A holding over the days [since, until): `origin` is the fact that its contents come from, `part` its outline if it is one."""

    origin: int
    key: str
    since: date = ALWAYS
    until: date = OPEN
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Successor:
    """A parcel that begins, or is redrawn, on a day: its m2, and how many of them were whose the day before."""

    key: str
    on: date
    m2: float
    shares: Mapping[str, float]
    come: bool = True


@dataclass(frozen=True, slots=True)
class Stuck:
    """What cannot follow by itself over the days [since, until): to which parcel, from which ones, how many m2, and why."""

    key: str
    olds: tuple[str, ...]
    m2: float
    since: date
    until: date
    why: str


Holdings = Mapping[str, Sequence[Held]]
Facts = Mapping[int, Hashable]
Clip = Callable[[str, str, date], str | None]


def ended(holdings: Sequence[Held], on: date) -> list[Held]:
    """What remains of a parcel's holdings once the parcel has ended on a day."""
    return [replace(held, until=min(held.until, on)) for held in holdings if held.since < on]


def follow(successor: Successor, holdings: Holdings, facts: Facts, clip: Clip) -> tuple[list[Held], list[Stuck]]:
    """The holdings that a successor gets from the day on, and what cannot follow; `clip` gives a part's outline within it.

    What is recorded of the successor itself comes before what would follow. `holdings` are those as they were before.
    """
    got: list[Held] = []
    stuck: list[Stuck] = []
    own = holdings.get(successor.key, ())
    for since, until in _segments(successor.on, [*successor.shares, successor.key], holdings):
        days = {old: _on(holdings.get(old, ()), since) for old in successor.shares}
        standing = _on(own, since)
        why = _against(successor, days, standing, facts)
        if why is not None:
            m2 = sum(share for old, share in successor.shares.items() if days[old])
            stuck.append(Stuck(successor.key, tuple(sorted(successor.shares)), m2, since, until, why))
        elif successor.come and not standing and any(days.values()):
            got += _moved(successor, days, since, until, clip)
    return _joined(got), _joined_stuck(stuck)


def _segments(on: date, keys: Sequence[str], holdings: Holdings) -> Iterator[tuple[date, date]]:
    """The days from `on` on, cut where a holding of one of the parcels begins or ends."""
    seams = {on, OPEN}
    for key in keys:
        for held in holdings.get(key, ()):
            seams |= {seam for seam in (held.since, held.until) if seam > on}
    yield from pairwise(sorted(seams))


def _on(holdings: Sequence[Held], day: date) -> list[Held]:
    return [held for held in holdings if held.since <= day < held.until]


def _against(successor: Successor, days: Mapping[str, list[Held]], standing: list[Held], facts: Facts) -> str | None:
    """Why the holdings of these days cannot follow; None where they can, or where there are none."""
    if not any(days.values()):
        return None
    if standing:
        return None if successor.come or _equal([*days.values(), standing], facts) else "unequal"
    if not successor.come:
        return "unheld"
    if all(held.part is not None for found in days.values() for held in found):
        return None
    if not all(days.values()):
        return "unheld"
    if not _equal(list(days.values()), facts):
        return "unequal"
    return None if sum(successor.shares.values()) >= COVERED * successor.m2 else "uncovered"


def _equal(found: Sequence[Sequence[Held]], facts: Facts) -> bool:
    """Whether each parcel is held as a whole, and all of them alike."""
    whole = all(len(held) == 1 and held[0].part is None for held in found)
    return whole and len({facts[held[0].origin] for held in found}) == 1


def _moved(
    successor: Successor, days: Mapping[str, list[Held]], since: date, until: date, clip: Clip
) -> Iterator[Held]:
    """The holdings of the old parcels as those of the new one: the largest share's for all, or each part within it."""
    largest = max((old for old in days if days[old]), key=lambda old: (successor.shares[old], old))
    if days[largest][0].part is None:
        yield replace(days[largest][0], key=successor.key, since=since, until=until)
        return
    for old in sorted(days):
        for held in days[old]:
            part = clip(str(held.part), successor.key, successor.on)
            if part is not None:
                yield replace(held, key=successor.key, since=since, until=until, part=part)


def _joined(got: list[Held]) -> list[Held]:
    """Holdings that only a seam of others divides, as one."""
    joined: list[Held] = []
    for held in got:
        before = next((one for one in joined if replace(one, until=held.until) == replace(held, since=one.since)), None)
        if before is not None and before.until == held.since:
            joined[joined.index(before)] = replace(before, until=held.until)
        else:
            joined.append(held)
    return joined


def _joined_stuck(stuck: list[Stuck]) -> list[Stuck]:
    joined: list[Stuck] = []
    for one in stuck:
        if joined and joined[-1].until == one.since and replace(joined[-1], since=one.since, until=one.until) == one:
            joined[-1] = replace(joined[-1], until=one.until)
        else:
            joined.append(one)
    return joined
