"""The start page: the number, its series, its parts and what is unclear, rendered on the server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.web.alert_said import alarm
from app.web.contents import contents
from app.web.language import Translator
from app.web.question import Misasked, Question, plain, question
from parcels import queries
from parcels.models import Register
from rules.law import LAW, NotInForce

HERE = Path(__file__).parent
STATIC = HERE / "static"
STYLE = f"/static/start.css?{hashlib.sha256((STATIC / 'start.css').read_bytes()).hexdigest():.12}"
SEAMS_SHOWN, DOUBTS_SHOWN, EVENTS_SHOWN = 400, 60, 60

TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,  # whatever the file's suffix
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """What all pages of a visit share: the language asked for outright, its translator, the instant, whether /docs is there,
    the address under which the service is reached."""

    language: str | None
    speak: Translator
    now: datetime
    docs: bool
    base: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page to be sent: its status, language and HTML."""

    status: int
    language: str
    html: str


def start_page(session: Session, on: str | None, known_at: str | None, visit: Visit) -> Rendered:
    """The page for raw fields of its address; what cannot be answered says why and what helps."""
    try:
        asked = question(session, on, known_at, visit.language, visit.now)
    except Misasked as fault:
        return misasked(session, fault, visit)
    try:
        return _answer(session, asked, visit)
    except NotInForce as nothing:
        return silence(session, asked, nothing, visit)


def misasked(session: Session, fault: Misasked, visit: Visit) -> Rendered:
    """What is wrong with a question, and what helps."""
    said = {
        "message": visit.speak.text(fault.message, **fault.values),
        "remedy": visit.speak.text(fault.remedy, **fault.values),
        "retry": None,
    }
    return render(session, "notice.html", 422, visit, plain(visit.now, visit.language), **said)


def silence(session: Session, asked: Question, nothing: NotInForce, visit: Visit) -> Rendered:
    """That the rules say nothing of that day, or by that instant."""
    return render(session, "notice.html", 409, visit, asked, **_silence(asked, nothing, visit.speak))


def closed_page(visit: Visit) -> Rendered:
    """What is shown where reading needs a token and none came along: nothing of the register."""
    message = visit.speak.text("Reading needs a token here.")
    remedy = visit.speak.text("Ask the operator for access; programs send their token in the header Authorization.")
    return refused(None, 401, visit, message, remedy)


def refused(session: Session | None, status: int, visit: Visit, message: str, remedy: str) -> Rendered:
    """A page that shows nothing: why not, and what helps."""
    asked = plain(visit.now, visit.language)
    return render(session, "closed.html", status, visit, asked, message=message, remedy=remedy)


def _answer(session: Session, asked: Question, visit: Visit) -> Rendered:
    if asked.seen_at is None:
        return render(session, "empty.html", 200, visit, asked, last=queries.recorded_at(session))
    found = contents(session, asked, visit.speak)
    limits = {"seams_shown": SEAMS_SHOWN, "doubts_shown": DOUBTS_SHOWN, "events_shown": EVENTS_SHOWN}
    return render(session, "start.html", 200, visit, asked, page=found, alarm=alarm(session, visit.speak), **limits)


def _silence(asked: Question, silence: NotInForce, speak: Translator) -> dict[str, str]:
    """The rules say nothing of that day, or nothing of them had been published by that instant: what to say, what to ask."""
    if silence.begins is None:
        known = speak.instant(asked.known_at)
        return {
            "message": speak.text("By {instant} no rule about the reserve had been published.", instant=known),
            "remedy": speak.text("Choose a later state of knowledge, or leave the field empty for now."),
            "retry": asked.here(known_at=None),
        }
    begins = speak.day(silence.begins)
    return {
        "message": speak.text("No rule was in force on {day}.", day=speak.day(asked.on)),
        "remedy": speak.text("The rules begin on {day}: choose that day or a later one.", day=begins),
        "retry": asked.here(on=silence.begins.isoformat()),
    }


def render(session: Session | None, name: str, status: int, visit: Visit, asked: Question, **values: Any) -> Rendered:
    """A template of the pages with what all of them show."""
    html = TEMPLATES.get_template(name).render(
        speak=visit.speak,
        _=visit.speak.text,
        ngettext=visit.speak.count,
        asked=asked,
        docs=visit.docs,
        base=visit.base,
        style=STYLE,
        fictitious=session is not None and session.scalar(select(Register.fictitious)),
        rules_version=LAW.version,
        **values,
    )
    return Rendered(status, visit.speak.language, html)
