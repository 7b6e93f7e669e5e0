"""Imports as they are answered, by HTTP and by command."""

from collections.abc import Sequence
from typing import Any

from app.schemas.imports import (
    ImportCounts,
    ImportDetailOut,
    ImportFacts,
    ImportIssueOut,
    ImportKind,
    ImportOut,
    ImportProgress,
    ImportRefusal,
)
from parcels.run_queries import Kind, Seen
from parcels.run_tables import ImportIssue

ISSUE_COLUMNS = tuple(ImportIssueOut.model_fields)


def _members(seen: Seen, named: bool) -> dict[str, Any]:
    run = seen.run
    plain = (
        *("id", "layer", "source", "sha256", "dry_run", "note", "created_at", "started_at", "finished_at"),
        *("rows_read", "rows_passed", "rows_rejected", "layers_of_defence"),
    )
    return {
        **{name: getattr(run, name) for name in plain},
        "state": seen.state,
        "sent": run.upload is not None,
        "actor": run.actor if named else None,
        "attempts": run.attempt,
        "progress": ImportProgress(step=run.step, done=run.done, total=run.total),
        "facts": ImportFacts(closed=run.facts_closed, added=run.facts_added, ended=run.facts_ended),
        "recording": run.recording_id,
        "refusal": ImportRefusal(kind=seen.refusal[0], message=seen.refusal[1]) if seen.refusal else None,
        "findings": ImportCounts(errors=run.errors, warnings=run.warnings, notes=run.notes),
    }


def one(seen: Seen, named: bool) -> ImportOut:
    """An import; `named`: with the one who ordered it."""
    return ImportOut(**_members(seen, named))


def detail(seen: Seen, kinds: Sequence[Kind], named: bool) -> ImportDetailOut:
    """An import with its findings by kind."""
    counted = [ImportKind(severity=kind.severity, kind=kind.kind, count=kind.count) for kind in kinds]
    return ImportDetailOut(**_members(seen, named), kinds=counted)


def issue(found: ImportIssue) -> ImportIssueOut:
    """A finding."""
    return ImportIssueOut(**{name: getattr(found, name) for name in ISSUE_COLUMNS})


def issue_row(found: ImportIssue) -> list[Any]:
    """A finding as a row of ISSUE_COLUMNS."""
    return [getattr(found, name) for name in ISSUE_COLUMNS]
