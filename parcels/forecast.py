"""The forecast: the recorded course of the reserve, the take-up measured by what departed, and what both make of the days ahead.

Amounts are m2. Nothing is said here in words: the names of assumptions are the rules', their sentences the user interface's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy.orm import Session

from parcels import outlook, outlook_sites, queries
from parcels.outlook import Departure, Pending
from parcels.outlook_sites import SiteAhead
from parcels.queries import SQUARE_METRES_PER_HECTARE, Point
from rules import outlook as rules
from rules.law import LAW, DatedLaw, Value
from rules.outlook import Assumption, FirstBelow, Scenario, Step, TakeUp
from rules.outlook_sites import with_sites
from rules.reserve import PARAMETERS

CENT = Decimal("0.01")


class HorizonError(ValueError):
    """A forecast cannot begin or end on the day asked for: `field`, what is wrong, what helps."""

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(f"{message}: {remedy}")
        self.field, self.message, self.remedy = field, message, remedy


@dataclass(frozen=True, slots=True)
class Forecast:
    """All that can be said of the days on..until, exactly: both courses, what was taken up and how fast, what is assumed.

    `line` and `targets` are the target from `on` on, in m2 and as parameters; `net` and `free` the recorded courses.
    """

    on: date
    until: date
    law: DatedLaw
    line: list[tuple[date, Decimal]]
    targets: list[Value]
    points: list[Point]
    net: list[Step]
    free: list[Step]
    take_up: tuple[TakeUp, ...]
    departures: list[Departure]
    rates: dict[Scenario, Fraction | None]
    pending: list[Pending]
    sites: list[SiteAhead]
    assumed: list[tuple[Assumption, dict[str, date | int]]]

    @property
    def days_a_year(self) -> int:
        """To how many days a year's take-up is spread."""
        return self.law["outlook.days_a_year"].count

    def first_below(self, course: list[Step], scenario: Scenario) -> FirstBelow:
        """The first day of one of the courses below the line at a scenario's rate."""
        return rules.first_below(course, self.line, self.until, self.rates[scenario], self.days_a_year)

    def first_below_with_sites(self, course: list[Step], scenario: Scenario) -> FirstBelow:
        """The same, with the sites of a secure way that enter on their days."""
        return self.first_below(with_sites(course, [one.entering for one in self.sites]), scenario)

    def expected_m2(self, course: list[Step], scenario: Scenario, day: date) -> Decimal | None:
        """One of the courses on a day at a scenario's rate, to the cent; None where no rate is known."""
        rate = self.rates[scenario]
        return None if rate is None else cents(rules.expected_m2(course, day, rate, self.days_a_year))


def cents(amount: Fraction) -> Decimal:
    """An exact amount in m2 with 2 decimals, rounded half to even."""
    return (Decimal(amount.numerator) / amount.denominator).quantize(CENT)


def forecast(
    session: Session, on: date, until: date | None, known_at: datetime, history_since: date | None = None
) -> Forecast:
    """Read and reckon; NotInForce before the parameters begin, HorizonError for a last day before the first or too far off.

    `on` should not lie after the day of `known_at`. `history_since` states from which day on the register tells all departures;
    the first recording's day if left out.
    """
    law = LAW.on(on, known_at)
    last = _last_day(on, until, law)
    targets = [law["reserve.target_ha"]]
    targets += [value for value in LAW.published("reserve.target_ha", known_at) if on < value.since <= last]
    points = queries.series(session, on, last, known_at)
    history = _history(session, known_at, history_since)
    back = min(since for _, since in rules.windows(on, law))
    departures = outlook.departures(session, back, last, known_at)
    departed = [one for one in departures if one.on <= on]
    measured = rules.take_up(((one.on, one.net_m2) for one in departed), history, on, law)
    net, free = outlook.courses(points, departures[len(departed) :])
    sites = outlook_sites.sites(session, on, known_at)
    return Forecast(
        on=on,
        until=last,
        law=law,
        line=[(max(value.since, on), value.amount * SQUARE_METRES_PER_HECTARE) for value in targets],
        targets=targets,
        points=points,
        net=net,
        free=free,
        take_up=measured,
        departures=departed,
        rates=rules.rates(measured),
        pending=outlook.pending(session, on, known_at),
        sites=sites,
        assumed=list(rules.assumptions(measured, history, history_since is not None, bool(sites), law)),
    )


def _history(session: Session, known_at: datetime, stated: date | None) -> date | None:
    """Since when departures are known: as stated, but of nothing recorded nobody knows anything."""
    first = outlook.first_recorded_on(session, known_at)
    return first if first is None or stated is None else max(stated, LAW.begins(known_at, PARAMETERS))


def _last_day(on: date, until: date | None, law: DatedLaw) -> date:
    if until is None:
        return rules.years_later(on, law["outlook.horizon_years"].count)
    if until < on:
        raise HorizonError("until", f"The last day lies before the first, {on}", "Give a later `until`.")
    longest = rules.years_later(on, law["outlook.longest_horizon_years"].count)
    if until > longest:
        raise HorizonError("until", "That is further than a measured take-up can tell", f"Take {longest} or earlier.")
    return until
