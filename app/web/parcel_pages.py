"""The pages of parcels: looking one up, and what it is eligible for, criterion by criterion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.answers import Asked
from app.eligibility_answers import single
from app.inputs import KEY
from app.schemas.eligibility import EligibilityOut
from app.web.pages import Rendered, Visit, render
from app.web.question import Misasked, Question, plain, question
from parcels.parcels import ParcelNotYetKnownError, ParcelUnknownError
from rules.eligibility import Purpose
from rules.law import NotInForce


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said of one purpose: the answer, or the first day (None: none) on which the law says something."""

    purpose: Purpose
    found: EligibilityOut | None
    begins: date | None


def parcels_page(session: Session, given: str | None, on: str | None, known_at: str | None, visit: Visit) -> Rendered:
    """A form to look a parcel up, or the parcel that it asks for."""
    if given is not None and given.strip():
        return parcel_page(session, given, on, known_at, visit)
    return render(session, "parcels.html", 200, visit, plain(visit.now, visit.language))


def parcel_page(session: Session, given: str, on: str | None, known_at: str | None, visit: Visit) -> Rendered:
    """One parcel with its verdicts for all purposes; what cannot be answered says why and what helps."""
    speak, key = visit.speak, given.strip()
    try:
        asked = question(session, on, known_at, visit.language, visit.now)
        if not re.fullmatch(KEY, key):
            raise Misasked(
                "key",
                "“{given}” is no Flurstückskennzeichen.",
                "Give all 20 characters: 02, Gemarkung 4, Flur 3, Zähler 5, Nenner 4, Folge 2; _ for each that is missing.",
                given=key[:40] if key.isprintable() else "…",
            )
        answered = [_answered(session, asked, key, purpose, visit) for purpose in Purpose]
    except Misasked as fault:
        status, message, remedy = (
            422,
            speak.text(fault.message, **fault.values),
            speak.text(fault.remedy, **fault.values),
        )
    except ParcelUnknownError:
        status, message = 404, speak.text("The register has never heard of the parcel {key}.", key=key)
        remedy = speak.text("Check the key; all parcels are listed at {address}.", address="/api/parcels")
    except ParcelNotYetKnownError as early:
        first = speak.instant(early.first_recorded_at)
        status, message = 404, speak.text("Nothing was known of the parcel {key} by then.", key=key)
        remedy = speak.text("It was first recorded on {instant}: choose a later state of knowledge.", instant=first)
    else:
        overlays = next((one.found.overlays for one in answered if one.found), [])
        return render(session, "parcel.html", 200, visit, asked, key=key, answered=answered, overlays=overlays)
    here = plain(visit.now, visit.language)
    return render(session, "parcels.html", status, visit, here, message=message, remedy=remedy)


def _answered(session: Session, asked: Question, key: str, purpose: Purpose, visit: Visit) -> Answered:
    told = Asked(asked.on, asked.known_at, asked.seen_at, False)
    try:
        return Answered(purpose, single(session, told, key, purpose, visit.speak), None)
    except NotInForce as silence:
        return Answered(purpose, None, silence.begins)
