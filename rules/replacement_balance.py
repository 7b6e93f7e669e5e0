"""The balance of losses and replacements: what is lost, what is pledged for it and how sure that is, what is still owed. In m2.

Each loss stands for itself: what is pledged for one beyond its hectares makes up for no other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce

from rules.law import DatedLaw
from rules.pipeline import Milestone, Security, available, path, security

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pledged:
    """Net m2 that are pledged for a loss on the days [since, until), with the milestones of their site."""

    net_m2: Decimal
    since: date
    until: date | None
    milestones: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Land of one designation that is lost on a day: net m2 (None: nobody measured it); from `withdrawn_on` on it is not."""

    designation: str
    district: str | None
    lost_on: date
    withdrawn_on: date | None
    net_m2: Decimal | None
    pledges: tuple[Pledged, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """Losses by a day and their replacement, net m2. `pledged_m2` is parted into what is delivered, secure, open and insecure.

    `debt_m2`: lost beyond what is pledged, `outstanding_m2`: beyond what is delivered, loss by loss. `unmeasured`: how many losses
    nobody measured, which no amount but those pledged knows. `ahead...`: losses on later days.
    """

    lost_m2: Decimal = Decimal(0)
    pledged_m2: Decimal = Decimal(0)
    delivered_m2: Decimal = Decimal(0)
    secure_m2: Decimal = Decimal(0)
    open_m2: Decimal = Decimal(0)
    insecure_m2: Decimal = Decimal(0)
    debt_m2: Decimal = Decimal(0)
    outstanding_m2: Decimal = Decimal(0)
    unmeasured: int = 0
    ahead_m2: Decimal = Decimal(0)
    ahead_pledged_m2: Decimal = Decimal(0)
    ahead_unmeasured: int = 0

    def __add__(self, other: "Balance") -> "Balance":
        return Balance(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Balance)))

    def __sub__(self, other: "Balance") -> "Balance":
        return Balance(*(getattr(self, one.name) - getattr(other, one.name) for one in fields(Balance)))


NOTHING = Balance()


@dataclass(frozen=True, slots=True)
class View:
    """The day of the state of knowledge, and its law, by which all days are judged."""

    known_on: date
    law: DatedLaw


def of_day(losses: Iterable[Lost], on: date, view: View) -> Balance:
    """The balance of a day. Source: Vorschlag dieses Dienstes."""
    return reduce(Balance.__add__, (_of_loss(loss, on, view) for loss in losses), NOTHING)


def course(losses: Iterable[Lost], since: date, until: date, view: View) -> list[tuple[date, Balance]]:
    """The balance from `since` to `until` (inclusive): of the first day, and of each on which it is another one.

    A sweep: each loss is looked at on the days on which it may change, and what it changes is added up.
    """
    steps: dict[date, Balance] = defaultdict(Balance)
    for loss in losses:
        before = NOTHING
        for on in sorted({since, *(day for day in _seams(loss) if since < day <= until)}):
            now = _of_loss(loss, on, view)
            steps[on] += now - before
            before = now
    found = [(since, steps.pop(since, NOTHING))]
    for on in sorted(steps):
        if steps[on] != NOTHING:
            found.append((on, found[-1][1] + steps[on]))
    return found


def _seams(loss: Lost) -> Iterator[date]:
    """The days on which something of a loss may change; a milestone's are its own, and the one after, when it is overdue."""
    ends = [loss.lost_on, loss.withdrawn_on]
    for pledge in loss.pledges:
        ends += [pledge.since, pledge.until]
        for one in pledge.milestones:
            ends += [one.done_on, one.planned_on, one.planned_on and one.planned_on + DAY]
    yield from (day for day in ends if day is not None)


def _of_loss(loss: Lost, on: date, view: View) -> Balance:
    if loss.withdrawn_on is not None and loss.withdrawn_on <= on:
        return NOTHING
    held = [one for one in loss.pledges if one.since <= on and (one.until is None or on < one.until)]
    pledged_m2, net_m2, known = _sum(held), loss.net_m2 or Decimal(0), loss.net_m2 is not None
    if on < loss.lost_on:
        return replace(NOTHING, ahead_m2=net_m2, ahead_pledged_m2=pledged_m2, ahead_unmeasured=int(not known))
    by: dict[Security, list[Pledged]] = defaultdict(list)
    for one in held:
        by[_security(one, loss.lost_on, on, view)].append(one)
    delivered_m2 = _sum(by[Security.DELIVERED])
    return Balance(
        lost_m2=net_m2,
        pledged_m2=pledged_m2,
        delivered_m2=delivered_m2,
        secure_m2=_sum(by[Security.SECURE]),
        open_m2=_sum(by[Security.OPEN]),
        insecure_m2=_sum(by[Security.INSECURE]),
        debt_m2=max(net_m2 - pledged_m2, Decimal(0)),
        outstanding_m2=max(net_m2 - delivered_m2, Decimal(0)),
        unmeasured=int(not known),
    )


def _security(pledge: Pledged, lost_on: date, on: date, view: View) -> Security:
    """How secure a pledge is on a day. Days to come are looked at from the day of knowledge: what is planned for then is not
    overdue yet, and land on a secure way is delivered on its day, if its plan has a day too.
    """
    way = path(pledge.milestones, min(on, view.known_on), view.law)
    found, day = security(lost_on, way, view.law).security, available(way)
    expected = day is not None and way.in_force_expected is not None and view.known_on <= day <= on
    if found is Security.SECURE and on > view.known_on and expected:
        return Security.DELIVERED
    return found


def _sum(pledges: Iterable[Pledged]) -> Decimal:
    return sum((one.net_m2 for one in pledges), Decimal(0))
