"""The page of guidance: all versions that are known, and the rules of those in force on a day."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.web.language import Translator
from app.web.pages import Rendered, Visit, refused, render
from app.web.question import Misasked, question
from parcels import guidance
from rules.guidance import GuidanceRule


def guidance_page(session: Session, on: str | None, known_at: str | None, visit: Visit) -> Rendered:
    """The guidance of a day for raw fields of its address; what cannot be answered says why and what helps."""
    speak = visit.speak
    try:
        asked = question(session, on, known_at, visit.language, visit.now)
    except Misasked as fault:
        message, remedy = speak.text(fault.message, **fault.values), speak.text(fault.remedy, **fault.values)
        return refused(session, 422, visit, message, remedy)
    found = guidance.applicable(session, asked.on, asked.known_at)
    values = {
        "found": found,
        "timeline": guidance.versions(session, asked.known_at),
        "rules": [(rule, _holds_for(rule, speak), _asks(rule, speak)) for rule in found.rules],
        "last_day": _last_day,
    }
    return render(session, "guidance.html", 200, visit, asked, **values)


def _last_day(valid_to: date) -> date:
    """The last day of a half-open period, as people say it."""
    return valid_to - timedelta(days=1)


def _holds_for(rule: GuidanceRule, speak: Translator) -> list[str]:
    """Routes and designations that the rule is about."""
    routes = [speak.code("route", route.value) for route in rule.routes]
    designations = [speak.code("designation", code) for code in rule.designations]
    return [
        ", ".join(routes) or speak.text("all routes"),
        ", ".join(designations) or speak.text("all workplace land"),
    ]


def _asks(rule: GuidanceRule, speak: Translator) -> list[str]:
    """What must be met besides, each as a line."""
    asks = rule.condition
    lists = {
        "purpose": [speak.code("purpose", one.value) for one in asks.purposes],
        "cases": [speak.code("cases", one.value) for one in asks.cases],
        "planning": [speak.code("planning", one.value) for one in asks.planning],
        "district": list(asks.districts),
        "zones": list(asks.zones),
    }
    said = [f"{speak.code('guidance_fact', name)}: {', '.join(values)}" for name, values in lists.items() if values]
    bounds = {
        "affected_m2": (asks.min_affected_m2, asks.max_affected_m2, speak.square_metres),
        "housing_share": (asks.min_housing_share, asks.max_housing_share, speak.number),
    }
    for name, (least, most, write) in bounds.items():
        fact = speak.code("guidance_fact", name)
        if least is not None:
            said.append(speak.text("{fact}: at least {value}", fact=fact, value=write(least)))
        if most is not None:
            said.append(speak.text("{fact}: at most {value}", fact=fact, value=write(most)))
    if asks.private_marketable is not None:
        answer = speak.text("yes") if asks.private_marketable else speak.text("no")
        said.append(f"{speak.code('guidance_fact', 'private_marketable')}: {answer}")
    return said
