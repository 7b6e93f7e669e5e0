"""The outlook of a day as it is answered by HTTP and by command, told in one language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from sqlalchemy.orm import Session

from app import clock
from app.answers import SQUARE_METRES_PER_HECTARE, Asked, basis, ha
from app.schemas.changes import Sum
from app.schemas.outlook import (
    AssumptionOut,
    ComingOut,
    CourseOut,
    DepartureOut,
    Expected,
    FirstBelowOut,
    MilestoneAhead,
    OutlookOut,
    OutlookPoint,
    PendingOut,
    ReachOut,
    ScenarioOut,
    SiteOut,
    TakeUpOut,
    WayOut,
)
from app.schemas.reserve import Target
from app.web.coming import Day, days
from app.web.language import Translator
from parcels import changes
from parcels.forecast import CENT, Forecast, HorizonError, cents, forecast
from parcels.outlook import Pending
from parcels.outlook_sites import SiteAhead
from parcels.queries import Point
from rules import outlook as rules
from rules.outlook import Scenario, Step, TakeUp
from rules.pipeline import Path
from rules.reserve import state


def first_day(asked_on: date | None, known_at_day: date, today: date) -> date:
    """The day from which one looks: today, or that of the state of knowledge; HorizonError for one that was still to come then."""
    if asked_on is None:
        return min(today, known_at_day)
    if asked_on > known_at_day:
        remedy = f"Take {known_at_day} or earlier, and ask with `until` how far to look ahead."
        raise HorizonError("on", "An outlook begins on a day that the state of knowledge has seen", remedy)
    return asked_on


def answer(session: Session, asked: Asked, until: date | None, history: date | None, speak: Translator) -> OutlookOut:
    """The outlook as it is answered, its sentences in the translator's language."""
    found = forecast(session, asked.on, until, asked.known_at, history)
    coming = days(changes.over_days(session, asked.on, found.until, asked.known_at), found.points, speak)
    now, then = found.points[0], found.points[-1]
    target_ha = found.targets[0].amount
    return OutlookOut(
        **asked.knowledge(),
        on=asked.on,
        until=found.until,
        state=state(now.net_m2 / SQUARE_METRES_PER_HECTARE, now.free_m2 / SQUARE_METRES_PER_HECTARE, target_ha),
        now=_sum(now),
        then=_sum(then),
        targets=[Target(since=max(value.since, asked.on), target_ha=value.amount) for value in found.targets],
        take_up=[_take_up(one) for one in found.take_up],
        departures=[DepartureOut(on=d.on, site=d.site, parcels=d.parcels, net_m2=d.net_m2) for d in found.departures],
        scenarios=[_scenario(found, scenario, speak) for scenario in Scenario],
        entries=[entry for day in coming for entry in _entries(day)],
        points=[_point(found, day) for day in sorted({*(step.on for step in found.net), found.until})],
        pipeline=[_pending(one, asked.on) for one in found.pending],
        sites=[_site(one, speak) for one in found.sites],
        assumptions=[
            AssumptionOut(code=code, values=dict(values), says=speak.sentence("assumption", code.value, values.items()))
            for code, values in found.assumed
        ],
        basis=basis(asked, ("reserve.target_ha", "dispositions.disposed", *rules.PARAMETERS)),
    )


def _sum(point: Point) -> Sum:
    return Sum(net_ha=ha(point.net_m2), free_ha=ha(point.free_m2), net_m2=point.net_m2, free_m2=point.free_m2)


def years(exact: Fraction) -> Decimal:
    """Years with 2 decimals, rounded down: a reserve is never said to last longer than it does."""
    return (Decimal(exact.numerator) / exact.denominator).quantize(CENT, ROUND_DOWN)


def _rate_ha(rate: Fraction | None) -> Decimal | None:
    return None if rate is None else ha(cents(rate))


def _take_up(one: TakeUp) -> TakeUpOut:
    known = one.taken_m2 is not None
    return TakeUpOut(
        months=one.months,
        since=one.since,
        until=one.until,
        known=known,
        taken_ha=None if one.taken_m2 is None else ha(one.taken_m2),
        taken_m2=one.taken_m2,
        ha_a_year=_rate_ha(one.m2_a_year),
    )


def _scenario(found: Forecast, scenario: Scenario, speak: Translator) -> ScenarioOut:
    return ScenarioOut(
        scenario=scenario,
        name=speak.code("scenario", scenario.value),
        ha_a_year=_rate_ha(found.rates[scenario]),
        net=_course(found, found.net, scenario),
        free=_course(found, found.free, scenario),
    )


def _course(found: Forecast, course: list[Step], scenario: Scenario) -> CourseOut:
    below = found.first_below(course, scenario)
    reach = None
    if scenario is not Scenario.RECORDED:
        lasting = rules.reach(course[0].recorded_m2, found.rates[scenario])
        reach = ReachOut(found=lasting.found, years=None if lasting.years is None else years(lasting.years))
    with_pipeline = found.first_below_with_sites(course, scenario)
    return CourseOut(
        reach=reach, first_below=FirstBelowOut(**asdict(below)), with_pipeline=FirstBelowOut(**asdict(with_pipeline))
    )


def _entries(day: Day) -> Iterable[ComingOut]:
    for event in day.events:
        yield ComingOut(
            on=day.on,
            kind=event.kind,  # type: ignore[arg-type]
            site=event.site,
            parcels=event.parcels,
            district=event.district,
            net_m2=event.net_m2,
            free_m2=event.free_m2,
            because=event.because,
            why=event.why,
        )


def _point(found: Forecast, day: date) -> OutlookPoint:
    ahead = {scenario: _expected(found, scenario, day) for scenario in Scenario}
    recorded = ahead[Scenario.RECORDED]
    assert recorded is not None  # noqa: S101 (its rate is 0, whatever is known)
    low, middle, high = (ahead[name] for name in (Scenario.LOW, Scenario.MIDDLE, Scenario.HIGH))
    return OutlookPoint(on=day, recorded=recorded, low=low, middle=middle, high=high)


def _expected(found: Forecast, scenario: Scenario, day: date) -> Expected | None:
    net, free = (found.expected_m2(course, scenario, day) for course in (found.net, found.free))
    return None if net is None or free is None else Expected(net_ha=ha(net), free_ha=ha(free))


def _pending(one: Pending, on: date) -> PendingOut:
    overdue = one.expected is not None and one.expected < on
    return PendingOut(
        plan=one.plan,
        stage=one.stage,
        designation=one.designation,
        expected=one.expected,
        overdue=overdue,
        area_ha=ha(one.area_m2),
    )


def _site(one: SiteAhead, speak: Translator) -> SiteOut:
    offered, found = one.candidate.offered, one.entering
    return SiteOut(
        candidate=one.candidate.id,
        name=one.candidate.origin.name,
        plan=one.candidate.origin.plan,
        designation=one.candidate.origin.designation,
        district=offered.district,
        net_ha=None if offered.net_m2 is None else ha(offered.net_m2),
        pledged_ha=ha(one.pledged_m2),
        in_course_ha=ha(found.in_course_m2),
        enters_ha=ha(found.net_m2),
        security=found.security.security,
        because=[speak.reason(reason) for reason in found.security.reasons],
        aside=list(found.aside),
        aside_says=[speak.code("aside", why) for why in found.aside],
        way=_way(one.way, found.available_on),
    )


def _way(way: Path, available_on: date | None) -> WayOut:
    pending = {name: getattr(way, name) for name in ("ahead", "overdue", "undated")}
    return WayOut(
        stage=way.stage,
        plan_ripe=way.plan_ripe,
        in_force_on=way.in_force_expected,
        servicing_done_on=way.servicing_done_on,
        servicing_funded=way.servicing_funded,
        available_on=available_on,
        **{name: [MilestoneAhead(milestone=m.kind, on=m.day) for m in found] for name, found in pending.items()},
    )


def known_day(asked: Asked) -> date:
    """The day of the state of knowledge, in Hamburg."""
    return clock.day(asked.known_at)
