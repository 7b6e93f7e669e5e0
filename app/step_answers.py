"""Steps of a case and its public state, as they are answered: by HTTP and on the pages alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from app import clock
from app import conversions as conversion_clock
from app.schemas.conversion_steps import StepOut, StepsOut, TrackDeadlinesOut, TrackOut, TrackStepOut
from app.web.language import Translator
from parcels import conversion_steps, conversion_tracks, conversions
from parcels.conversion_tables import ConversionStep
from rules.conversion_steps import OVER, CaseState, StepKind, possible
from rules.deadlines import Clock

# The seven of § 1 BezVG; whatever else stands in the field is nothing for the public.
BEZIRKE = ("Altona", "Bergedorf", "Eimsbüttel", "Hamburg-Mitte", "Hamburg-Nord", "Harburg", "Wandsbek")
INTERNAL = (StepKind.NOTE,)


def day_of(step: ConversionStep) -> date:
    """The day on which a step happened, in Hamburg."""
    said = step.details.get("on")
    return date.fromisoformat(said) if said else clock.day(step.at)


def step(found: ConversionStep, told: bool, speak: Translator) -> StepOut:
    """One step; its author and note only if the caller may be `told`."""
    return StepOut(
        id=found.id,
        at=found.at,
        on=day_of(found),
        kind=StepKind(found.kind),
        label=speak.code("step", found.kind),
        state=CaseState(found.state),
        role=found.role,
        author=found.actor if told else None,
        note=found.note if told else None,
        dossier_sha256=found.dossier_sha256,
    )


def steps(
    session: Session, number: int, known_at: datetime | None, now: datetime, told: bool, speak: Translator
) -> StepsOut:
    """All steps of a case by an instant; ConversionUnknownError where there was no such case."""
    found = conversion_steps.steps(session, number, known_at)
    state = CaseState(found[-1].state)
    return StepsOut(
        id=number,
        known_at=known_at or now,
        state=state,
        label=speak.code("case_state", state.value),
        last_step=found[-1].id,
        possible=list(possible(state)),
        linked_since=conversion_tracks.since(session, number),
        steps=[step(one, told, speak) for one in found],
    )


def track(session: Session, code: str, now: datetime, speak: Translator) -> TrackOut:
    """What the public may know of the case behind a code; TrackUnknownError where there is none."""
    number = conversion_tracks.find(session, code)
    found = conversion_steps.steps(session, number)
    versions = conversions.versions(session, number, None)
    stated, asked = versions[-1].stated, conversion_clock.ask(session, clock.day(now), None, now)
    state = CaseState(found[-1].state)
    return TrackOut(
        on=asked.on,
        route=stated.route.value,
        district=stated.district if stated.district in BEZIRKE else None,
        state=state,
        label=speak.code("case_state", state.value),
        steps=_public(found, speak),
        deadlines=_deadlines(conversion_clock.clock(session, number, versions, asked), state),
    )


def _public(found: Sequence[ConversionStep], speak: Translator) -> list[TrackStepOut]:
    shown = [one for one in found if StepKind(one.kind) not in INTERNAL]
    return [TrackStepOut(on=day_of(one), kind=StepKind(one.kind), label=speak.code("step", one.kind)) for one in shown]


def _deadlines(going: Clock | None, state: CaseState) -> TrackDeadlinesOut:
    """Those of the last request; none of a case that is over."""
    if going is None or going.current is None or state in OVER:
        return TrackDeadlinesOut(consent=None, bwi=None)
    return TrackDeadlinesOut(consent=going.current.unmoved, bwi=going.current.bwi_on)
