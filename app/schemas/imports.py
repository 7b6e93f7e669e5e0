"""Imports, as they are answered."""

from datetime import datetime

from app.schemas.common import Number, Out
from parcels.importing.contract import Severity
from parcels.runs import State


class ImportProgress(Out):
    """Which step it is at and, where it can be said, how far: rows read of so many."""

    step: str | None
    done: int
    total: int | None


class ImportFacts(Out):
    """What it changed in the layer, or would have; null before its end."""

    closed: int | None
    added: int | None
    ended: int | None


class ImportRefusal(Out):
    """Why nothing came of it: a stable kind, and a sentence with the remedy."""

    kind: str
    message: str


class ImportCounts(Out):
    """How many findings there are; errors are rows that were rejected."""

    errors: int
    warnings: int
    notes: int


class ImportOut(Out):
    """One import; `actor` is told to those who show a token."""

    id: int
    layer: str
    source: str
    sha256: str | None
    state: State
    dry_run: bool
    sent: bool
    actor: str | None
    note: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    progress: ImportProgress
    rows_read: int | None
    rows_passed: int | None
    rows_rejected: int | None
    facts: ImportFacts
    recording: int | None
    refusal: ImportRefusal | None
    findings: ImportCounts
    layers_of_defence: list[str] | None


class ImportKind(Out):
    """How many findings of one kind there are."""

    severity: Severity
    kind: str
    count: int


class ImportDetailOut(ImportOut):
    """One import with its findings counted by kind."""

    kinds: list[ImportKind]


class ImportsOut(Out):
    """Imports, newest first."""

    imports: list[ImportOut]
    next: str | None


class ImportIssueOut(Out):
    """One finding: where, what, what to do about it; both areas where one was altered."""

    number: int
    file: str | None
    row: int | None
    line: int | None
    feature: str | None
    field: str | None
    kind: str
    severity: Severity
    message: str
    value: str | None
    before_m2: Number | None
    after_m2: Number | None


class ImportIssuesOut(Out):
    """The findings of one import, in the order in which they were found."""

    id: int
    state: State
    issues: list[ImportIssueOut]
    next: str | None
