"""The steps of a conversion case, its public link and its dossier, as they are answered."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from app.schemas.common import Out
from rules.conversion_steps import CaseState, StepKind


class StepOut(Out):
    """One step: recorded `at`, happened `on`; `state` is the case's after it. `author` and `note` are told to those who show a
    token. `label` says the kind in the caller's language."""

    id: int
    at: datetime
    on: date
    kind: StepKind
    label: str
    state: CaseState
    role: str
    author: str | None
    note: str | None
    dossier_sha256: str | None


class StepTakenOut(StepOut):
    """A step as it was taken. `unassessed` says why the case was not assessed anew though the step states something of it."""

    unassessed: str | None


class StepsOut(Out):
    """The steps of a case in their order, how it stands, which steps can follow, and since when there is a public link."""

    id: int
    known_at: datetime
    state: CaseState
    label: str
    last_step: int
    possible: list[StepKind]
    linked_since: datetime | None
    steps: list[StepOut]


class TrackLinkOut(Out):
    """A new public link; the code is told here and never again."""

    id: int
    code: str
    url: str
    created_at: datetime


class TrackRevokedOut(Out):
    """What became of the link: `revoked` false where there was none."""

    id: int
    revoked: bool


class TrackStepOut(Out):
    """A step as everybody may know it: what happened on which day."""

    on: date
    kind: StepKind
    label: str


class TrackDeadlinesOut(Out):
    """By when the municipality's consent counts as given unless refused, and by when the authority for the economy is to speak."""

    consent: date | None
    bwi: date | None


class TrackOut(Out):
    """How a case stands, for whoever has its link: nothing of people, places within the Bezirk, or what was noted."""

    on: date
    route: str
    district: str | None
    state: CaseState
    label: str
    steps: list[TrackStepOut]
    deadlines: TrackDeadlinesOut


class HandoverOut(Out):
    """A dossier that was handed over with a step, and the SHA-256 of its canonical JSON."""

    step: int
    at: datetime
    sha256: str


class DossierOut(Out):
    """A case for the Industriekoordinator: as it stands now, or as it was handed over with `step`."""

    id: int
    step: int | None
    sha256: str = Field(description="Of the dossier as JSON with sorted keys and no blanks, notes included")
    notes_withheld: bool
    handed_over: list[HandoverOut]
    dossier: dict[str, Any]
