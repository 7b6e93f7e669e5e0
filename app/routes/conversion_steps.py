"""Track and trace: the steps of a conversion case, its public link, and what whoever has the link may know."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlalchemy.orm import Session

from app import answers, clock, conversions, dossier, step_answers
from app.answers import Asked
from app.auth import READ_SECURITY, READER, WRITE_SECURITY, Caller, require
from app.deps import HEAVY, KnownAt, Now, ReadSession, WriteSession
from app.examples import example
from app.headers import UNSEEN
from app.inputs import Text
from app.problems import Problem, declared, field_error
from app.schemas.conversion_steps import (
    DossierOut,
    HandoverOut,
    StepsOut,
    StepTakenOut,
    TrackLinkOut,
    TrackOut,
    TrackRevokedOut,
)
from app.step_bodies import LARGEST, StepIn
from app.step_examples import DOSSIER, STEP_TAKEN, STEPS, TRACK, TRACK_LINK, TRACK_REVOKED
from app.web.language import Translator, chosen, translator
from parcels import conversion_steps, conversion_tracks
from parcels import conversions as cases
from parcels.authors import Author, Sent
from parcels.conversion_tables import ConversionStep
from parcels.tokens import Token
from rules.conversion_steps import AMENDS, StepRefusal, StepRefused, possible

router = APIRouter(tags=["conversions"])
Number = Annotated[int, Path(ge=1, le=LARGEST, description="The case's number")]
Taker = Annotated[Token, Depends(require("planner", "bwi", "admin"))]
REFUSALS = ("token-missing", "token-invalid", "role-missing", "conversion-unknown")


def speaker(
    accept_language: Annotated[str | None, Header(description="Language of the sentences: de (default) or en")] = None,
) -> Translator:
    """The language of the sentences in an answer."""
    return translator(chosen(None, accept_language))


Speak = Annotated[Translator, Depends(speaker)]


@router.get(
    "/api/conversions/{number}/steps",
    response_model=StepsOut,
    responses={200: example(STEPS), **declared("token-invalid", "conversion-unknown")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_steps(
    response: Response, session: ReadSession, who: Caller, now: Now, number: Number, known_at: KnownAt, speak: Speak
) -> StepsOut:
    """What has happened in a case, how it stands, and which steps can follow. Authors and notes are told to those with a token."""
    _fresh(response)
    asked = answers.ask(session, clock.day(now), known_at, now)
    return step_answers.steps(session, number, known_at and asked.known_at, now, who is not None, speak)


@router.post(
    "/api/conversions/{number}/steps",
    response_model=StepTakenOut,
    status_code=201,
    responses={
        201: example(STEP_TAKEN),
        **declared(
            *(*REFUSALS, "malformed-body", "too-large", "key-reused", "step-refused", "escalation-too-early"),
            *("case-moved-on", "busy", "write-timeout", "not-in-force", "route-not-in-force", "dates-out-of-order"),
            *("hearing-not-allowed", "port-only", "too-intricate"),
        ),
    },
    dependencies=[HEAVY],
    openapi_extra=WRITE_SECURITY,
)
def post_step(
    response: Response,
    session: WriteSession,
    who: Taker,
    now: Now,
    number: Number,
    body: StepIn,
    speak: Speak,
    idempotency_key: Annotated[
        Text | None, Header(description="The same step under the same key is taken once", examples=["7f3c-1"])
    ] = None,
) -> StepTakenOut:
    """Take a step. It follows on the one that `after` names; whoever was overtaken is told and reads again. A request, a hearing
    and a decision also amend the case, whose assessment and clock are reckoned anew; `unassessed` says why, if that cannot be."""
    _fresh(response)
    today = clock.day(now)
    order = body.order(today)
    conversions.not_ahead("on", order.on, today)
    conversion_steps.hold(session, number)
    author = Author(who.name, who.role, now, body.note)
    sent = Sent(who.id, idempotency_key, body.fingerprint(number))
    try:
        taken = conversion_steps.take(
            session, number, order, author, sent, lambda: dossier.handover(session, number, _now(session, now))
        )
    except StepRefused as refused:
        raise _refusal(refused, speak) from None
    why = None
    if order.kind in AMENDS and not taken.repeated:
        latest = max(now, cases.versions(session, number, None)[-1].recorded_at)
        why = conversions.assess_after(session, number, order.kind, today, replace(author, at=latest))
    said = why and speak.code("unassessed", why.value)
    return StepTakenOut(**step_answers.step(taken.step, True, speak).model_dump(), unassessed=said)


def _refusal(refused: StepRefused, speak: Translator) -> Problem:
    """Why the step cannot be taken and what helps, in the caller's language."""
    said, remedy = (speak.code(kind, refused.code.value) for kind in ("step_refusal", "step_remedy"))
    early = refused.code is StepRefusal.COORDINATION_NOT_FAILED
    slug, told = "escalation-too-early" if early else "step-refused", [field_error("kind", said, remedy)]
    if refused.state is None:
        return Problem(slug, said, told, code=refused.code.value, state=None, possible=[])
    can = [kind.value for kind in possible(refused.state)]
    return Problem(slug, said, told, code=refused.code.value, state=refused.state.value, possible=can)


@router.get(
    "/api/conversions/{number}/dossier",
    response_model=DossierOut,
    responses={200: example(DOSSIER), **declared("token-invalid", "conversion-unknown", "dossier-unknown")},
    dependencies=[READER, HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_dossier(
    response: Response,
    session: ReadSession,
    who: Caller,
    now: Now,
    number: Number,
    step: Annotated[
        int | None, Query(ge=1, le=LARGEST, description="As it was handed over with this step; else as it stands now")
    ] = None,
) -> DossierOut:
    """The dossier of a case: what was stated and found, clock, comparable cases, neighbours, effect, steps, authorities, a map.
    Notes are told to those with a token."""
    _fresh(response)
    found = conversion_steps.handed_over(conversion_steps.steps(session, number))
    made = _dossier_of(found, step) if step is not None else dossier.build(session, number, _now(session, now))
    return DossierOut(
        id=number,
        step=step,
        sha256=dossier.digest(made),
        notes_withheld=who is None,
        handed_over=[HandoverOut(step=one.id, at=one.at, sha256=one.dossier_sha256 or "") for one in found],
        dossier=made if who is not None else dossier.without_notes(made),
    )


def _now(session: Session, now: datetime) -> Asked:
    """All that is recorded, for today."""
    return conversions.ask(session, clock.day(now), None, now)


def _dossier_of(found: Sequence[ConversionStep], step: int) -> dict[str, Any]:
    for one in found:
        if one.id == step and one.dossier is not None:
            return one.dossier
    given = ", ".join(str(one.id) for one in found) or "none"
    told = field_error("step", "No dossier was handed over with this step", f"Handed over were: {given}.")
    raise Problem("dossier-unknown", f"With step {step} no dossier was handed over.", [told])


@router.post(
    "/api/conversions/{number}/track",
    response_model=TrackLinkOut,
    status_code=201,
    responses={201: example(TRACK_LINK), **declared(*REFUSALS)},
    openapi_extra=WRITE_SECURITY,
)
def post_link(
    request: Request, response: Response, session: WriteSession, who: Taker, now: Now, number: Number
) -> TrackLinkOut:
    """Make a public link to the state of a case. A link made before ends; the new one is shown here and never again."""
    response.headers.update(UNSEEN)
    conversion_steps.hold(session, number)
    code = conversion_tracks.make(session, number, who.name, now)
    base = str(request.app.state.settings.public_url or request.base_url).rstrip("/")
    return TrackLinkOut(id=number, code=code, url=f"{base}/track/{code}", created_at=now)


@router.delete(
    "/api/conversions/{number}/track",
    response_model=TrackRevokedOut,
    responses={200: example(TRACK_REVOKED), **declared(*REFUSALS)},
    openapi_extra=WRITE_SECURITY,
)
def delete_link(response: Response, session: WriteSession, who: Taker, now: Now, number: Number) -> TrackRevokedOut:
    """End the public link to a case: whoever has it finds nothing any more."""
    _fresh(response)
    conversion_steps.hold(session, number)
    return TrackRevokedOut(id=number, revoked=conversion_tracks.revoke(session, number, now))


@router.get(
    "/api/track/{code}",
    response_model=TrackOut,
    responses={200: example(TRACK), **declared("track-unknown")},
)
def get_track(
    response: Response,
    session: ReadSession,
    now: Now,
    code: Annotated[str, Path(max_length=200, description="From the link")],
    speak: Speak,
) -> TrackOut:
    """How a case stands, for whoever has its link: days and kinds of its steps and its deadlines, nothing of people or parcels."""
    response.headers.update(UNSEEN)
    return step_answers.track(session, code, now, speak)


def _fresh(response: Response) -> None:
    """A case goes on: what is said of it is not kept. What is told depends on who asks, and in which language."""
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Authorization"})
