"""The page that looks ahead: what is coming, how long the reserve lasts, when it falls below the line, and what that assumes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from app.outlook_answers import first_day, years
from app.web.chart import NARROW, WIDE
from app.web.coming import Day, days
from app.web.language import Translator
from app.web.outlook_chart import Ahead, drawings
from app.web.pages import Rendered, Visit, misasked, render, silence
from app.web.question import Misasked, Question, question
from parcels import changes, queries
from parcels.forecast import Forecast, cents, forecast
from parcels.outlook import Pending
from parcels.outlook_sites import SiteAhead
from parcels.queries import Point
from rules import outlook as rules
from rules.law import LAW, Cite, NotInForce
from rules.outlook import PARAMETERS, FirstBelow, Reach, Scenario, Step, TakeUp
from rules.reserve import PARAMETERS as OF_RESERVE

EVENTS_SHOWN, DEPARTURES_SHOWN, PLANS_SHOWN = 60, 60, 60


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario in words: its name, rate in hectares a year, and of both series how long they last, when they are below, and when
    with secure sites, where that differs."""

    scenario: Scenario
    name: str
    rate: str
    net: tuple[str, str, str]
    free: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows beside the forecast itself; `moved` where another day was asked about than it begins on."""

    forecast: Forecast
    moved: bool
    now: Point
    coming: list[Day]
    charts: list[Ahead]
    rows: list[Row]
    take_up: list[TakeUp]
    pending: list[Pending]
    sites: list[str]
    assumptions: list[str]
    citations: list[tuple[str, Cite]]


def outlook_page(session: Session, on: str | None, known_at: str | None, visit: Visit) -> Rendered:
    """The page for raw fields of its address; a day that the state of knowledge had not seen gives way to that state's own."""
    try:
        asked = question(session, on, known_at, visit.language, visit.now)
    except Misasked as fault:
        return misasked(session, fault, visit)
    if asked.seen_at is None:
        return render(session, "empty.html", 200, visit, asked, last=queries.recorded_at(session))
    begins = replace(asked, on=min(asked.on, first_day(None, asked.frontier, asked.today)))
    try:
        found = _shown(session, begins, begins.on != asked.on, visit.speak)
    except NotInForce as nothing:
        return silence(session, asked, nothing, visit)
    limits = {"events_shown": EVENTS_SHOWN, "departures_shown": DEPARTURES_SHOWN, "plans_shown": PLANS_SHOWN}
    return render(session, "outlook.html", 200, visit, begins, page=found, **limits)


def _shown(session: Session, asked: Question, moved: bool, speak: Translator) -> Shown:
    found = forecast(session, asked.on, None, asked.known_at)
    law = LAW.on(asked.on, asked.known_at)
    return Shown(
        forecast=found,
        moved=moved,
        now=found.points[0],
        coming=days(changes.over_days(session, asked.on, found.until, asked.known_at), found.points, speak),
        charts=drawings(found, _past(session, found, asked), (WIDE, NARROW)),
        rows=[_row(found, scenario, speak) for scenario in Scenario],
        take_up=list(found.take_up),
        pending=found.pending,
        sites=[_site(one, speak) for one in found.sites],
        assumptions=[speak.sentence("assumption", code.value, values.items()) for code, values in found.assumed],
        citations=[(name, law[name].cite) for name in PARAMETERS],
    )


def _past(session: Session, found: Forecast, asked: Question) -> list[Point]:
    """The recorded series over the longest window before the first day."""
    known_at, last = asked.known_at, asked.on - timedelta(days=1)
    since = max(min(one.since for one in found.take_up), LAW.begins(known_at, (*OF_RESERVE, "reserve.target_ha")))
    return queries.series(session, since, last, known_at) if since <= last else []


def _row(found: Forecast, scenario: Scenario, speak: Translator) -> Row:
    rate = found.rates[scenario]
    return Row(
        scenario=scenario,
        name=speak.code("scenario", scenario.value),
        rate=speak.text("unknown") if rate is None else speak.hectares(cents(rate)),
        net=_said(found, found.net, scenario, speak),
        free=_said(found, found.free, scenario, speak),
    )


def _said(found: Forecast, course: list[Step], scenario: Scenario, speak: Translator) -> tuple[str, str, str]:
    below = _below(found.first_below(course, scenario), found, speak)
    with_sites = _below(found.first_below_with_sites(course, scenario), found, speak)
    differs = "" if with_sites == below else speak.text("with secure sites: {below}", below=with_sites)
    if scenario is Scenario.RECORDED:
        return "–", below, differs
    return _reach(rules.reach(course[0].recorded_m2, found.rates[scenario]), speak), below, differs


def _site(one: SiteAhead, speak: Translator) -> str:
    """A site in one line: how much it is, how far it is, what of it would enter."""
    net_m2, found = one.candidate.offered.net_m2, one.entering
    pledged = speak.hectares(one.pledged_m2)
    if net_m2 is None:
        said = [speak.text("net unknown, {pledged} ha pledged", pledged=pledged)]
    else:
        said = [speak.text("{net} ha net, of it {pledged} ha pledged", net=speak.hectares(net_m2), pledged=pledged)]
    if found.available_on is None:
        said.append(speak.text("no day from which it can be built on"))
    else:
        said.append(speak.text("can be built on from {day}", day=speak.day(found.available_on)))
    if one.way.overdue:
        late = ", ".join(speak.code("milestone", milestone.kind) for milestone in one.way.overdue)
        said.append(speak.text("overdue: {milestones}", milestones=late))
    said.append(speak.text("the way: {security}", security=speak.code("security", found.security.security)))
    if found.net_m2:
        said.append(speak.text("{net} ha would enter the reserve", net=speak.hectares(found.net_m2)))
    if found.aside:
        why = "; ".join(speak.code("aside", one) for one in found.aside)
        said.append(speak.text("not counted: {why}", why=why))
    origin = one.candidate.origin
    return f"{origin.name}: {speak.code('designation', origin.designation)}, {', '.join(said)}"


def _reach(lasting: Reach, speak: Translator) -> str:
    number = "" if lasting.years is None else speak.number(years(lasting.years))
    return speak.code("reaching", lasting.found.value).format(years=number)


def _below(below: FirstBelow, found: Forecast, speak: Translator) -> str:
    on = "" if below.on is None else speak.day(below.on)
    said = speak.code("crossing", below.found.value).format(on=on, until=speak.day(found.until))
    if below.back_on is None:
        return said
    return speak.text("{below}, no longer from {day}", below=said, day=speak.day(below.back_on))
