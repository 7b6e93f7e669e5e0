"""What milestones state of the holdings of whole parcels, against what is recorded of them: what they may change, and what not.

What people recorded of a day stays beneath what milestones say of it. So a milestone that moves takes back only what milestones
of its site stated before, and in whatever steps a day is reached, the same is recorded in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.history import LAYERS
from rules.pipeline import MilestoneKind, Statement

FACTS = {MilestoneKind.SERVICING: "serviced", MilestoneKind.AVAILABLE: "construction_possible_from"}
"""The fact of a holding that milestones of a kind state."""

OF_SITE = "candidate"  # in a recording's summary: the site whose milestones it followed

Value = bool | date | None
Said = TypeVar("Said", "Restated", "Left")


class Why(StrEnum):
    """Why something recorded is left as it is: `later_change`, `stated_otherwise`: it was recorded before the first milestone of
    the kind, for later days or as done already; `stated_since`: by somebody since, or by another site's milestone."""

    NO_HOLDING = "no_holding"
    HELD_IN_PARTS = "held_in_parts"
    LATER_CHANGE = "later_change"
    STATED_OTHERWISE = "stated_otherwise"
    STATED_SINCE = "stated_since"


@dataclass(frozen=True, slots=True)
class Wish:
    """What milestones of a site say of a fact from the day of recording, `on`; `first_at`: when the first of the kind was recorded.

    No statements: nothing holds any more of what they said before.
    """

    site: int
    keys: Sequence[str]
    fact: str
    statements: Sequence[Statement]
    first_at: datetime
    on: date


@dataclass(frozen=True, slots=True)
class Restated:
    """A fact of a parcel's holding over [since, until), which was otherwise; None of the days is open, of the values unknown."""

    parcel_key: str
    fact: str
    since: date | None
    until: date | None
    was: Value
    value: Value


@dataclass(frozen=True, slots=True)
class Left:
    """What milestones say of a fact over [since, until), and what stays recorded instead, and why."""

    parcel_key: str
    fact: str
    since: date | None
    until: date | None
    recorded: Value
    value: Value
    why: Why


@dataclass(frozen=True, slots=True)
class Restating:
    """The rows of holdings that say it, as `history.amend_rows` takes them; what they change, and what is left."""

    rows: list[dict[str, Any]]
    restated: tuple[Restated, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """What is recorded of a parcel's fact on [since, until): the holding, the value, whether a milestone of the site said it last;
    what people said last, and when. No holding, or one of parts, is None."""

    since: date
    until: date
    holding: Mapping[str, Any] | None
    in_parts: bool
    value: Value = None
    mine: bool = False
    base: Value = None
    base_at: datetime | None = None


def restating(session: Session, wish: Wish) -> Restating:
    """What becomes of the holdings; nothing is written. The register's lock is held."""
    known: dict[str, list[Any]] = defaultdict(list)
    bound = {"keys": list(wish.keys), "site": wish.site, "key": OF_SITE}
    for row in session.execute(text(_KNOWN), bound).mappings():
        known[row["parcel_key"]].append(row)
    found = [_of_parcel(key, list(_course(known[key], wish)), wish) for key in wish.keys]
    return Restating(
        [row for one in found for row in one.rows],
        tuple(said for one in found for said in one.restated),
        tuple(said for one in found for said in one.left),
    )


def _of_parcel(key: str, course: Sequence[_Held], wish: Wish) -> Restating:
    rows, restated, left = [], [], []
    for held, value, why in _judged(course, wish):
        since, until = _days(held)
        if why is not None:
            left.append(Left(key, wish.fact, since, until, held.base, value, why))
        then = value if why is None else held.base
        if held.holding is not None and then != held.value:
            restated.append(Restated(key, wish.fact, since, until, held.value, then))
            rows.append({**held.holding, wish.fact: then, "valid_from": since, "valid_to": until})
    return Restating(_merged_rows(rows), tuple(_merged(restated)), tuple(_merged(left)))


def _days(held: _Held) -> tuple[date | None, date | None]:
    return (None if held.since == date.min else held.since), (None if held.until == date.max else held.until)


def _course(known: Sequence[Any], wish: Wish) -> Iterator[_Held]:
    """The days in stretches over which nothing differs, of what was ever known of a parcel's holding."""
    ends = {date.min, date.max, wish.on, *(one.since for one in wish.statements)}
    ends |= {row["since"] or date.min for row in known} | {row["until"] or date.max for row in known}
    for since, until in pairwise(sorted(ends)):
        there = [row for row in known if (row["since"] or date.min) <= since and until <= (row["until"] or date.max)]
        now = [row for row in there if row["known_to"] is None]
        if not now or now[0]["in_parts"]:
            yield _Held(since, until, None, bool(now))
        else:
            yield _spoken(since, until, [row for row in there if not row["in_parts"]], wish)


def _spoken(since: date, until: date, there: Sequence[Any], wish: Wish) -> _Held:
    """Who said last what is recorded, of versions in the order in which they were known: what only repeats says nothing anew."""
    value, base, base_at, mine, ended = None, None, None, False, None
    for row in there:
        if row["known_from"] != ended or row[wish.fact] != value:
            value, mine = row[wish.fact], row["mine"]
            base, base_at = (base, base_at) if mine else (value, row["known_from"])
        ended = row["known_to"]
    names = [name for name in LAYERS["holdings"].columns if name != "geom"]
    holding = {name: there[-1][name] for name in names}
    return _Held(since, until, holding, False, value, mine, base, base_at)


def _judged(course: Sequence[_Held], wish: Wish) -> Iterator[tuple[_Held, Value, Why | None]]:
    """Each stretch that milestones say something of, or said, with what they say, and why what people said stays instead."""
    for said in wish.statements:
        own = [one for one in course if _covers(said, one)]
        held = [one for one in own if one.holding is not None]
        for one in own:
            later = any(other.base != held[0].base for other in held if other.since <= one.since)
            yield one, said.value, _refused(one, said.value, later, wish)
    for one in course:
        if one.mine and not any(_covers(said, one) for said in wish.statements):
            yield one, _taken_back(one, wish), None


def _covers(said: Statement, held: _Held) -> bool:
    return said.since <= held.since and (said.until is None or held.until <= said.until)


def _refused(held: _Held, value: Value, later: bool, wish: Wish) -> Why | None:
    """Why milestones may not say a value of a stretch; None where they may, or where people say so too.

    What they said before plays no part in it, so that it does not matter which days they named on the way.
    """
    if held.holding is None:
        return Why.HELD_IN_PARTS if held.in_parts else Why.NO_HOLDING
    if held.base == value:
        return None
    if held.base_at is not None and held.base_at > wish.first_at:
        return Why.STATED_SINCE
    if held.base is None:
        return None
    if later:
        return Why.LATER_CHANGE
    return Why.STATED_OTHERWISE if held.base is True else None


def _taken_back(held: _Held, wish: Wish) -> Value:
    """What holds of days of which milestones said something that none says any more: not done by then, or what people said.

    What they said of days gone by stays, save that something was done: that never was so.
    """
    if held.value is True:
        return False if wish.statements else held.base
    return held.base if held.since >= wish.on and not wish.statements else held.value


def _merged(said: Iterable[Said]) -> list[Said]:
    """With neighbouring days as one."""
    found: list[Said] = []
    for one in sorted(said, key=lambda one: one.since or date.min):
        if found and found[-1].until == one.since and replace(found[-1], since=one.since, until=one.until) == one:
            found[-1] = replace(found[-1], until=one.until)
        else:
            found.append(one)
    return found


def _merged_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """As `_merged`, for the rows of one parcel."""
    found: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda row: row["valid_from"] or date.min):
        if found and {**found[-1], "valid_from": row["valid_to"]} == {
            **row,
            "valid_from": row["valid_to"],
            "valid_to": row["valid_from"],
        }:
            found[-1]["valid_to"] = row["valid_to"]
        else:
            found.append(row)
    return found


_KNOWN = f"""
SELECT {", ".join(f"h.{name}" for name in LAYERS["holdings"].columns if name != "geom")}, h.geom IS NOT NULL AS in_parts,
       lower(h.valid) AS since, upper(h.valid) AS until, lower(h.known) AS known_from, upper(h.known) AS known_to,
       coalesce(r.summary ->> :key = CAST(:site AS text), false) AS mine
FROM holding h
LEFT JOIN recording r ON r.at = lower(h.known)
WHERE h.parcel_key = ANY (CAST(:keys AS varchar[]))
ORDER BY h.parcel_key, lower(h.known)
"""
