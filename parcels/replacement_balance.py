"""The balance of recorded losses and pledges, by day and over a period, as known at an instant. Amounts in net m2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from parcels import dissolutions, line, milestones, pledges
from parcels.pledges import Pledge
from rules.law import LAW
from rules.pipeline import Milestone
from rules.replacement_balance import Balance, Lost, Pledged, View, course, of_day

DIMENSIONS = ("designation", "district")
"""Those of the lost land."""


@dataclass(frozen=True, slots=True)
class Group:
    """The balance of losses of one combination of dimensions; a district of None is what nobody knows."""

    values: dict[str, str | None]
    balance: Balance


@dataclass(frozen=True, slots=True)
class Record:
    """All losses that were recorded by an instant, with what is and was pledged for them, and the view from its day."""

    losses: tuple[Lost, ...]
    view: View

    def on_day(self, on: date) -> Balance:
        """The balance of a day."""
        return of_day(self.losses, on, self.view)

    def groups(self, on: date, by: Sequence[str]) -> list[Group]:
        """The balance of a day by some of DIMENSIONS, of all losses that it knows; the groups sum to the whole."""
        found: dict[tuple[str | None, ...], list[Lost]] = defaultdict(list)
        for loss in self.losses:
            found[tuple(getattr(loss, name) for name in by)].append(loss)
        keys = sorted(found, key=lambda key: [(value is None, value or "") for value in key])
        groups = [Group(dict(zip(by, key, strict=True)), of_day(found[key], on, self.view)) for key in keys]
        return [group for group in groups if group.balance != Balance()]

    def over_days(self, since: date, until: date) -> list[tuple[date, Balance]]:
        """The balance from `since` to `until` (inclusive): of the first day, and of each on which it is another one."""
        return course(self.losses, since, until, self.view)


def record(session: Session, known_at: datetime) -> Record:
    """What was known at an instant."""
    held: dict[int, list[Pledge]] = defaultdict(list)
    for pledge in pledges.listing(session, known_at):
        held[pledge.bound.dissolution].append(pledge)
    sites = {pledge.bound.candidate for of in held.values() for pledge in of}
    said = milestones.with_plans(session, sites, known_at)
    losses = tuple(
        Lost(
            designation=one.origin.designation,
            district=one.lost.district,
            lost_on=one.lost.lost_on,
            withdrawn_on=one.lost.withdrawn_on,
            net_m2=one.lost.net_m2,
            pledges=tuple(_pledged(pledge, said[pledge.bound.candidate]) for pledge in held[one.id]),
        )
        for one in dissolutions.listing(session, known_at)
    )
    known_on = line.day_of(known_at)
    return Record(losses, View(known_on, LAW.on(known_on, known_at)))


def _pledged(pledge: Pledge, said: Sequence[Milestone]) -> Pledged:
    until = None if pledge.release is None else pledge.release.on
    return Pledged(pledge.bound.net_m2, pledge.bound.pledged_on, until, tuple(said))
