"""The pages of conversion cases: a list with what is late, one case criterion by criterion, and its dossier to be printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app import clock, conversion_due, conversions, dossier, step_answers
from app.answers import Asked
from app.schemas.conversions import ClockOut
from app.web.language import SQUARE_METRES_PER_HECTARE, Translator
from app.web.numbers import number_of
from app.web.pages import TEMPLATES, Rendered, Visit, refused, render
from app.web.question import plain
from parcels import conversion_assessments, conversion_steps
from parcels.conversions import ConversionUnknownError, Wanted
from rules.conversion_facts import Involvement
from rules.conversion_steps import CaseState

CASES_SHOWN, LATE_SHOWN = 50, 200
LARGEST = 2**31 - 1


def hectares(value: float, speak: Translator) -> str:
    """Hectares of a JSON answer as the language writes them."""
    return speak.hectares(Decimal(str(value)) * SQUARE_METRES_PER_HECTARE)


def plain_number(value: float, speak: Translator) -> str:
    """A number of a JSON answer as the language writes it."""
    return speak.number(Decimal(str(value)).normalize())


TEMPLATES.filters |= {"ha": hectares, "plain": plain_number}


@dataclass(frozen=True, slots=True)
class Moment:
    """A day of the clock: what it is (received, warning, bwi, consent, moved, today) and whether it has passed."""

    on: date
    what: str
    past: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; what is no code narrows nothing."""

    state: str | None = None
    involvement: str | None = None
    district: str | None = None
    late: bool = False

    @classmethod
    def of(cls, state: str | None, involvement: str | None, district: str | None, late: str | None) -> Filters:
        """From the raw fields of an address."""
        return cls(
            state if state in set(CaseState) else None,
            involvement if involvement in set(Involvement) else None,
            district if district in step_answers.BEZIRKE else None,
            bool(late),
        )


def cases_page(session: Session, filters: Filters, before: str | None, visit: Visit) -> Rendered:
    """The cases, newest first, or those that are late, the most urgent first."""
    asked = _asked(session, visit)
    wanted = Wanted(filters.district, filters.involvement, filters.state, number_of(before, LARGEST), CASES_SHOWN + 1)
    if filters.late:
        late = conversion_due.due(session, asked)
        found = [one for one in late if _fits(one, filters)]
    else:
        found = conversion_due.listing(session, asked, wanted)
    shown = found[: LATE_SHOWN if filters.late else CASES_SHOWN]
    values = {
        "found": shown,
        "all": len(found),
        "more": len(found) > len(shown) and not filters.late,
        "filters": filters,
        "states": list(CaseState),
        "levels": list(Involvement),
        "districts": step_answers.BEZIRKE,
    }
    return render(session, "cases.html", 200, visit, plain(visit.now, visit.language), **values)


def case_page(session: Session, given: str, told: bool, visit: Visit) -> Rendered:
    """One case: how it stands, its clock, how it was assessed, what has happened; notes only if the caller may be `told`."""
    speak, asked = visit.speak, _asked(session, visit)
    try:
        steps = step_answers.steps(session, _case(given), None, visit.now, told, speak)
        found = conversions.case(session, _case(given), asked, speak.language, told)
    except ConversionUnknownError:
        return _unknown(session, given, visit)
    kept = conversion_assessments.kept(session, found.id)
    handed = conversion_steps.handed_over(conversion_steps.steps(session, found.id))
    values: dict[str, Any] = {
        "case": found,
        "said": found.versions[-1],
        "steps": steps,
        "kept": kept[-1] if kept else None,
        "assessment": kept[-1].result[speak.language] if kept else None,
        "course": course(found.clock, asked.on),
        "taken": [_line(one.model_dump(mode="json"), speak) for one in steps.steps],
        "told": told,
        "handed_over": [(one.id, step_answers.day_of(one)) for one in handed],
    }
    return render(session, "case.html", 200, visit, plain(visit.now, visit.language), **values)


def dossier_page(session: Session, given: str, step: str | None, told: bool, visit: Visit) -> Rendered:
    """The dossier of a case as it stands, or as it was handed over with a step."""
    speak, asked = visit.speak, _asked(session, visit)
    try:
        steps = conversion_steps.steps(session, _case(given))
        one = number_of(step, LARGEST)
        kept = next((found for found in conversion_steps.handed_over(steps) if found.id == one), None)
        if step is not None and (kept is None or kept.dossier is None):
            raise ConversionUnknownError
        made = kept.dossier if kept and kept.dossier else dossier.build(session, _case(given), asked)
    except ConversionUnknownError:
        return _unknown(session, given, visit)
    clock_said = made["clock"][speak.language]
    going = ClockOut.model_validate(clock_said) if clock_said else None
    shown = made if told else dossier.without_notes(made)
    values = {
        "dossier": shown,
        "assessment": made["assessment"]["result"][speak.language] if made["assessment"] else None,
        "course": course(going, date.fromisoformat(made["made_on"])),
        "clock": going,
        "handed": kept,
        "sha256": dossier.digest(made),
        "taken": [_line(one, speak) for one in shown["steps"]],
        "told": told,
        "made_on": date.fromisoformat(made["made_on"]),
        "day": lambda text: speak.day(date.fromisoformat(text)),
    }
    return render(session, "dossier.html", 200, visit, plain(visit.now, visit.language), **values)


def course(going: ClockOut | None, today: date) -> list[Moment]:
    """The days of a clock in their order, today among them; none without a request."""
    if going is None or going.current is None:
        return []
    now = going.current
    days = [(now.received_on, "received"), *((day, "warning") for day in now.warnings), (now.bwi_deadline, "bwi")]
    days += [(now.consent_deadline, "consent"), (today, "today")]
    if now.consent_deadline_moved != now.consent_deadline:
        days.append((now.consent_deadline_moved, "moved"))
    order = ("received", "warning", "bwi", "consent", "moved", "today")
    found = [Moment(day, what, day < today) for day, what in days if day is not None]
    return sorted(found, key=lambda one: (one.on, order.index(one.what)))


def _line(step: dict[str, Any], speak: Translator) -> dict[str, Any]:
    """A step as the pages write it: its day in words."""
    names = ("on", "kind", "role", "note")
    return {**{name: step[name] for name in names}, "day": speak.day(date.fromisoformat(step["on"]))}


def _case(given: str) -> int:
    if (found := number_of(given, LARGEST)) is None:
        raise ConversionUnknownError
    return found


def _asked(session: Session, visit: Visit) -> Asked:
    return conversions.ask(session, clock.day(visit.now), None, visit.now)


def _fits(one: conversion_due.Due, filters: Filters) -> bool:
    pairs = ((filters.state, one.row.state), (filters.involvement, one.row.involvement))
    return all(wanted in (None, has) for wanted, has in (*pairs, (filters.district, one.row.district)))


def _unknown(session: Session, given: str, visit: Visit) -> Rendered:
    speak = visit.speak
    message = speak.text("There is no conversion case “{given}”, or no such dossier.", given=given[:40])
    return refused(session, 404, visit, message, speak.text("All cases are listed on the page “Conversion cases”."))
