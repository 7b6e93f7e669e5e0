"""Conversion cases at the edge: assessed, recorded together with their assessment, assessed anew. The caller commits."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from app import answers, conversion_answers
from app.answers import Asked
from app.conversion_bodies import CaseIn, QuestionIn
from app.problem_kinds import KINDS
from app.problems import Problem, field_error
from app.schemas.conversions import AssessmentOut, CaseOut, CaseRow
from app.web.language import translator
from parcels import assessing, conversion_assessments, conversions
from parcels.assessing import Found
from parcels.authors import Author, Sent, sent_before
from parcels.conversion_assessments import Answered
from parcels.conversion_tables import Conversion
from parcels.conversions import Stated, Version, Wanted
from parcels.sites import SiteRefusedError
from rules.conversion_steps import StepKind
from rules.conversions import CaseRefused, Refusal
from rules.deadlines import Clock, Request
from rules.law import LAW


class Unassessed(StrEnum):
    """Why a case could not be assessed anew though a step states something of it; the codes of sentences."""

    SITE = "site"
    ROUTE = "route"


def ask(session: Session, on: date, known_at: datetime | None, now: datetime) -> Asked:
    """The two dates of a question about recorded cases; without `known_at` all that was recorded of them."""
    asked = answers.ask(session, on, known_at, now)
    last = conversions.last_at(session) if known_at is None else None
    return asked if last is None else replace(asked, known_at=max(asked.known_at, last))


def assess(session: Session, body: QuestionIn, today: date, now: datetime) -> dict[str, AssessmentOut]:
    """Assess what nobody records: the answer by language. Errors as parcels.assessing.assessed, and KnownAtAheadError."""
    asked, found = _assessed(session, body, body.stated(), today, now)
    return conversion_answers.assessments(session, asked, found, LAW)


def _assessed(session: Session, body: QuestionIn, stated: Stated, today: date, now: datetime) -> tuple[Asked, Found]:
    asked = answers.ask(session, body.on or today, body.known_at, now)
    requests = _last_request(stated)
    return asked, assessing.assessed(session, stated, requests, assessing.Asked(asked.on, asked.known_at), LAW)


def not_ahead(field: str, day: date | None, today: date) -> None:
    """Problem invalid-request for a day on which something is said to have happened, though it lies ahead."""
    if day is not None and day > today:
        told = field_error(field, "The day lies in the future", f"Give {today.isoformat()} or an earlier day.")
        raise Problem("invalid-request", f"{field}: The day lies in the future", [told])


def enter(session: Session, body: CaseIn, today: date, author: Author, sent: Sent) -> int:
    """Record a case and its assessment; the number of the case, which is the first one where the same was sent before."""
    if (before := sent_before(session, Conversion, sent)) is not None:
        return before
    stated = body.stated()
    asked, found = _assessed(session, body, stated, today, author.at)
    for field in ("application_on", "request_received_on", *(["decision_on"] if stated.decision else [])):
        not_ahead(field, getattr(stated, field), today)
    number = conversions.enter(session, body.reference, replace(stated, district=found.district), author, sent)
    if number is None:  # the same was sent at the same time, and is recorded by now
        if (number := sent_before(session, Conversion, sent)) is None:
            raise Problem("busy", KINDS["busy"].meaning)
        return number
    _keep(session, number, 1, asked, found, author)
    return number


def assess_again(session: Session, number: int, on: date, known_at: datetime | None, author: Author) -> int:
    """Assess a recorded case anew, by its last version; the assessment's number. The older ones stay as they are."""
    conversions.lock(session, number)
    asked = ask(session, on, known_at, author.at)
    versions = conversions.versions(session, number, asked.known_at)
    requests = assessing.requests(session, number, versions, asked.known_at)
    last = versions[-1]
    found = assessing.assessed(session, last.stated, requests, assessing.Asked(asked.on, asked.known_at, number), LAW)
    return _keep(session, number, last.number, asked, found, author)


def assess_after(session: Session, number: int, kind: StepKind, on: date, author: Author) -> Unassessed | None:
    """Assess a case anew after a step that states something of it; why it could not be, None where it was.

    A step happened all the same where the register no longer has the land as the case names it, and where it was refused or
    withdrawn after its route had expired: the last assessment stays. Errors else as of `assess_again`.
    """
    stated = conversions.versions(session, number, None)[-1].stated
    try:
        assessing.check(stated, assessing.Asked(on, author.at))
        assess_again(session, number, on, None, author)
    except SiteRefusedError:
        return Unassessed.SITE
    except CaseRefused as refused:
        if refused.code is not Refusal.ROUTE_EXPIRED or kind not in (StepKind.REFUSED, StepKind.WITHDRAWN):
            raise
        return Unassessed.ROUTE
    return None


def _keep(session: Session, number: int, version: int, asked: Asked, found: Found, author: Author) -> int:
    said = conversion_answers.assessments(session, asked, found, LAW)
    current = found.clock.current
    answered = Answered(
        version=version,
        on=asked.on,
        known_at=asked.known_at,
        law_version=found.assessment.law_version,
        rules_version=LAW.version,
        involvement=found.assessment.involvement,
        legal_review=found.assessment.legal_review,
        consent_deadline=None if current is None else current.unmoved,
        bwi_deadline=None if current is None else current.bwi_on,
        facts=json.loads(json.dumps(asdict(found.case), default=str)),
        plans=found.plans,
        result={language: one.model_dump(mode="json") for language, one in said.items()},
    )
    return conversion_assessments.keep(session, number, answered, author)


def fingerprint(body: CaseIn) -> str:
    """What was sent, to be known again under its idempotency key."""
    said: Any = body.model_dump(mode="json")
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def clock(session: Session, number: int, versions: Sequence[Version], asked: Asked) -> Clock | None:
    """The clock of a recorded case on the day asked; None where its days, as they are now, have none by the law."""
    requests = assessing.requests(session, number, versions, asked.known_at)
    return _standing(versions[-1].stated, requests, asked)


def _standing(stated: Stated, requests: Sequence[Request], asked: Asked) -> Clock | None:
    try:
        return assessing.clock(stated, requests, assessing.Asked(asked.on, asked.known_at))
    except CaseRefused:
        return None


def _last_request(stated: Stated) -> list[Request]:
    received = stated.request_received_on
    return [] if received is None else [Request(received, stated.hearing)]


def listing(session: Session, asked: Asked, wanted: Wanted) -> list[CaseRow]:
    """Cases as known at the instant asked, newest first, each with the clock of its last request."""
    found = conversions.listing(session, asked.known_at, wanted)
    clocks = [_standing(case.version.stated, _last_request(case.version.stated), asked) for case in found]
    return [conversion_answers.case_row(case, one) for case, one in zip(found, clocks, strict=True)]


def case(session: Session, number: int, asked: Asked, language: str, told: bool = True) -> CaseOut:
    """A case as known at the instant asked, with its notes if the caller may be `told`; ConversionUnknownError where there was
    none."""
    found = conversions.find(session, number, asked.known_at)
    versions = conversions.versions(session, number, asked.known_at)
    going = clock(session, number, versions, asked)
    return CaseOut(
        id=number,
        reference=found.reference,
        created_at=found.created_at,
        on=asked.on,
        known_at=asked.known_at,
        state=found.state,
        versions=[conversion_answers.version(one, told) for one in versions],
        clock=None if going is None else conversion_answers.clock_of(going, translator(language)),
        assessments=[
            conversion_answers.kept(one, language)
            for one in conversion_assessments.kept(session, number, asked.known_at)
        ],
    )
