"""What happens in a conversion case: steps, only ever added, each from the state that its author has read.

A step that states something of the case itself (the day of a request, a hearing, a decision) also records a new version of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from parcels import conversions
from parcels.authors import Author, KeyReusedError, Sent
from parcels.conversion_tables import Conversion, ConversionStep
from parcels.conversions import ConversionUnknownError
from parcels.edits import ValueRefusedError
from rules.conversion_facts import Hearing
from rules.conversion_steps import AMENDS, DECISIONS, CaseState, StepKind, follow


class OvertakenError(ValueError):
    """Somebody has taken a step since the caller read the case; `last_step` is that step."""

    def __init__(self, number: int, last_step: int) -> None:
        super().__init__(f"Case {number} has gone on since it was read: its last step is {last_step}.")
        self.last_step = last_step


@dataclass(frozen=True, slots=True)
class StepOrder:
    """A step to be taken after the step `after`; `on` is the day it happened (Europe/Berlin), `hearing` that of `hearing_set`."""

    kind: StepKind
    after: int
    on: date
    hearing: Hearing | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """A dossier as it goes to the Industriekoordinator, and the SHA-256 of its canonical JSON."""

    dossier: dict[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of a case; `repeated` if the same was sent before and is answered again."""

    step: ConversionStep
    repeated: bool = False


def hold(session: Session, number: int) -> None:
    """Let nobody else take a step in the case until the transaction ends; ConversionUnknownError where there is none."""
    conversions.lock(session, number)
    check(session, number)


def check(session: Session, number: int, known_at: datetime | None = None) -> None:
    """ConversionUnknownError for a case that nobody has entered, or not by then."""
    found = session.get(Conversion, number)
    if found is None or (known_at is not None and found.created_at > known_at):
        raise ConversionUnknownError(f"There is no case {number}{'' if found is None else ' known by then'}.")


def steps(session: Session, number: int, known_at: datetime | None = None) -> Sequence[ConversionStep]:
    """The steps of a case by an instant (None: all) in their order; ConversionUnknownError where there was no such case."""
    check(session, number, known_at)
    own = select(ConversionStep).where(ConversionStep.conversion_id == number)
    if known_at is not None:
        own = own.where(ConversionStep.at <= known_at)
    return session.scalars(own.order_by(ConversionStep.id)).all()


def state(session: Session, number: int) -> CaseState | None:
    """How a case stands: the state after its last step."""
    last = _last(session, number)
    return CaseState(last.state) if last is not None else None


def under_key(session: Session, number: int, sent: Sent) -> ConversionStep | None:
    """The step that the idempotency key already stands for; KeyReusedError if that was another one."""
    if sent.key is None:
        return None
    own = select(ConversionStep).where(ConversionStep.token == sent.token, ConversionStep.idempotency_key == sent.key)
    found = session.scalars(own).one_or_none()
    if found is not None and (found.conversion_id, found.fingerprint) != (number, sent.fingerprint):
        raise KeyReusedError("Under this Idempotency-Key another step was taken before.")
    return found


def take(
    session: Session,
    number: int,
    order: StepOrder,
    author: Author,
    sent: Sent,
    hand_over: Callable[[], Handover] | None = None,
) -> Taken:
    """Take a step and, where it states something of the case, record its new version. The case must be held (`hold`). With an
    escalation goes what `hand_over` makes.

    Raises OvertakenError, KeyReusedError, StepRefused (rules), ValueRefusedError for days that contradict what is recorded."""
    if (before := under_key(session, number, sent)) is not None:
        return Taken(before, repeated=True)
    last = _last(session, number)
    if last is not None and last.id != order.after:
        raise OvertakenError(number, last.id)
    follows = follow(CaseState(last.state) if last else None, order.kind)
    if order.kind in AMENDS:
        silent = replace(author, note=None)  # the note is the step's: it is told to fewer than the version is
        conversions.amend(session, number, _stated(session, number, order), silent)
    handover = hand_over() if hand_over and order.kind is StepKind.ESCALATED else None
    made = ConversionStep(
        conversion_id=number,
        at=max(author.at, last.at + timedelta(microseconds=1)) if last else author.at,
        kind=order.kind.value,
        state=follows.value,
        role=author.role,
        actor=author.name,
        note=author.note,
        details=_details(order),
        dossier=handover.dossier if handover else None,
        dossier_sha256=handover.sha256 if handover else None,
        token=sent.token,
        idempotency_key=sent.key,
        fingerprint=sent.fingerprint,
    )
    session.add(made)
    session.flush()
    return Taken(made)


def _last(session: Session, number: int) -> ConversionStep | None:
    own = select(ConversionStep).where(ConversionStep.conversion_id == number)
    return session.scalars(own.order_by(ConversionStep.id.desc()).limit(1)).one_or_none()


def _details(order: StepOrder) -> dict[str, Any]:
    said: dict[str, Any] = {"on": order.on.isoformat()}
    if order.hearing is not None:
        said |= {"hearing_months": order.hearing.months, "hearing_days": order.hearing.days}
    return said


def _stated(session: Session, number: int, order: StepOrder) -> Mapping[str, Any]:
    """What a step says of the case. With a renewed request the hearing and the decision on the former one are gone."""
    if order.kind in DECISIONS:
        return {"decision": order.kind.value, "decision_on": order.on}
    if order.kind is StepKind.HEARING_SET:
        return {"hearing": order.hearing}
    if order.kind is StepKind.REQUEST_RECEIVED:
        return {"request_received_on": order.on}
    former = conversions.versions(session, number, None)[-1].stated.request_received_on
    if former is None:
        remedy = "Take the step request_received first: there is no request yet that could be renewed."
        raise ValueRefusedError("kind", "No request for consent has been recorded", remedy)
    if order.on <= former:
        remedy = f"Give a day after {former.isoformat()}; request_received corrects the day of the request before."
        raise ValueRefusedError("on", "A renewed request comes after the one before", remedy)
    return {"request_received_on": order.on, **dict.fromkeys(("hearing", "decision", "decision_on"))}


def handed_over(found: Sequence[ConversionStep]) -> list[ConversionStep]:
    """The steps that a dossier went with."""
    return [step for step in found if step.dossier is not None]


def spoken(session: Session, known_at: datetime) -> set[int]:
    """The cases in which, by an instant, a statement was given on the last request for consent."""
    return set(session.scalars(text(_SPOKEN), {"known_at": known_at}))


_SPOKEN = """
SELECT DISTINCT s.conversion_id FROM conversion_step s
WHERE s.kind = 'statement_given' AND s.at <= CAST(:known_at AS timestamptz) AND NOT EXISTS (
    SELECT FROM conversion_step r
    WHERE r.conversion_id = s.conversion_id AND r.kind = 'request_renewed' AND r.id > s.id
      AND r.at <= CAST(:known_at AS timestamptz))
"""
