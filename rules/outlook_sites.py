"""Sites on their way to the reserve: which would enter it, on which day and with how many m2, and which would not, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from rules.facts import Outcome
from rules.law import DatedLaw
from rules.outlook import Step
from rules.pipeline import Finding, Path, Security, available, own_security


class Aside(StrEnum):
    """Why a site, or a part of it, is not added to a course.

    `available_already`: what can be built on by now counts as the register says. `in_course`: some of its land counts then, or
    later, by what is recorded. `shares_land`: another site that does enter has some of the same land.
    """

    NET_UNKNOWN = "net_unknown"
    OTHER_DESIGNATION = "other_designation"
    AVAILABLE_ALREADY = "available_already"
    NOT_SECURE = "not_secure"
    NOT_MUNICIPAL = "not_municipal"
    HOLDER_UNKNOWN = "holder_unknown"
    IN_COURSE = "in_course"
    PLEDGED = "pledged"
    SHARES_LAND = "shares_land"


@dataclass(frozen=True, slots=True)
class Site:
    """Offered land: its new net m2 (None unknown) and designation, its way, what of it is pledged, and the most that counts of its
    parcels in the course on one day from its own day on; whether its holders are municipal; the sites that share land with it."""

    number: int
    net_m2: Decimal | None
    designation: str
    way: Path
    pledged_m2: Decimal
    counted_m2: Decimal
    municipal: Outcome
    shares: frozenset[int]


@dataclass(frozen=True, slots=True)
class Entering:
    """What becomes of a site: from when it can be built on, how secure its way is by itself, and what would enter the reserve on
    that day, in m2; `in_course_m2` enters by what is recorded, or has."""

    number: int
    available_on: date | None
    security: Finding
    net_m2: Decimal
    in_course_m2: Decimal
    aside: tuple[Aside, ...]


def entering(sites: Iterable[Site], law: DatedLaw) -> list[Entering]:
    """What would enter of each site, the earliest first, those without a day last; land that two offer enters once, and not at
    all where one of them is pledged.

    Only municipal land of the reserve's designations, on a secure way, enters: as far as it is new, not pledged (that makes up
    for a loss which the course may not know), and not in the course already. Source: Vorschlag dieses Dienstes.
    """
    found: list[Entering] = []
    ahead = sorted(sites, key=lambda one: (available(one.way) or date.max, one.number))
    taken, pledged = set[int](), {site.number for site in ahead if site.pledged_m2}
    for site in ahead:
        bound = replace(site, pledged_m2=site.net_m2 or Decimal(0)) if site.shares & pledged else site
        one = _entering(bound, bool(site.shares & taken), law)
        taken |= {site.number} if one.net_m2 else set()
        found.append(one)
    return found


def _entering(site: Site, shared: bool, law: DatedLaw) -> Entering:
    day, finding, net_m2 = available(site.way), own_security(site.way, law), site.net_m2 or Decimal(0)
    in_course_m2 = min(net_m2, site.counted_m2)
    barred = {
        Aside.NET_UNKNOWN: site.net_m2 is None,
        Aside.OTHER_DESIGNATION: site.designation not in law["reserve.designations"].codes,
        Aside.AVAILABLE_ALREADY: day is not None and day <= site.way.on,
        Aside.NOT_SECURE: finding.security not in (Security.SECURE, Security.DELIVERED),
        Aside.NOT_MUNICIPAL: site.municipal is Outcome.NOT_MET,
        Aside.HOLDER_UNKNOWN: site.municipal is Outcome.UNKNOWN,
        Aside.SHARES_LAND: shared,
    }
    lessened = {Aside.IN_COURSE: in_course_m2 > 0, Aside.PLEDGED: site.pledged_m2 > 0}
    left_m2 = Decimal(0) if any(barred.values()) else max(net_m2 - in_course_m2 - site.pledged_m2, Decimal(0))
    aside = tuple(why for why in Aside if (barred | lessened)[why])
    return Entering(site.number, day, finding, left_m2, in_course_m2, aside)


def with_sites(course: Sequence[Step], entered: Iterable[Entering]) -> list[Step]:
    """A course with what enters, each from its day on; days before the course's first belong to the register."""
    added = [(one.available_on, one.net_m2) for one in entered if one.net_m2 and one.available_on is not None]
    days = sorted({*(step.on for step in course), *(day for day, _ in added if day > course[0].on)})
    steps, last = {step.on: step for step in course}, course[0]
    found = []
    for on in days:
        last = steps.get(on, last)
        more_m2 = sum((m2 for day, m2 in added if day <= on), Decimal(0))
        found.append(Step(on, last.recorded_m2 + more_m2, last.taken_m2))
    return found
