"""Imports as stored runs: what was ordered, how far it is, how it ended, and what it found row by row.

Whoever works on a run holds an advisory lock of its number on the very connection that does the work: when the process dies, the
lock goes with its connection, and everybody sees that nobody works on the run any more. No heartbeat, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_if_new
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from parcels import alerts, line
from parcels.importing.contract import Issue, Refused
from parcels.importing.store import LoadOptions, Report
from parcels.run_tables import OPEN, ImportIssue, ImportRun
from rules.alerts import IMPORTS, Kind

State = Literal["queued", "running", "done", "done_with_rejected", "refused", "failed"]
LOCKS = 7_100_101  # the first number of the advisory locks of runs, as 7_100_100 is that of migrations
TRIES = 3  # so often a run whose worker dies is taken up; a file that kills its worker would go on for ever
KEPT = 10_000  # findings of a run that are kept; the others are counted
STATED = ("crs", "repair", "encoding", "replace", "since", "confirm_closing")
INTERRUPTED = (
    "interrupted",
    "The process that imported this file ended before the import did. Nothing was recorded: import it again.",
)
GIVEN_UP = (
    "given-up",
    "The worker died over this file {tries} times. Nothing was recorded: look into the worker's log, then split the file "
    "or export it anew.",
)


class RunLost(Exception):
    """Somebody else has taken this run over, or ended it: what was done here must not be recorded."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be imported, how and by whom; `upload` is the folder of a file that was sent and waits there."""

    layer: str
    source: str
    actor: str
    options: LoadOptions = field(default_factory=LoadOptions)
    note: str | None = None
    sha256: str | None = None
    upload: str | None = None
    token: str | None = None
    idempotency_key: str | None = None
    fingerprint: str | None = None

    def values(self, now: datetime) -> dict[str, Any]:
        """The columns of the run that it becomes; no text that the database cannot hold."""
        plain = {name: getattr(self.options, name) for name in STATED}
        if self.options.since is not None:
            plain["since"] = self.options.since.isoformat()
        stated = {name: value for name, value in asdict(self).items() if name not in ("layer", "source", "options")}
        said = {"layer": storable(self.layer), "source": storable(self.source)}
        return {**stated, **said, "options": plain, "dry_run": self.options.dry_run, "created_at": now}


def storable(said: str) -> str:
    """A text of others without what PostgreSQL cannot hold."""
    return said.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")


def options_of(run: ImportRun) -> LoadOptions:
    """How the file of a run is taken."""
    plain = dict(run.options)
    since = plain.pop("since", None)
    return LoadOptions(**plain, since=date.fromisoformat(since) if since else None, dry_run=run.dry_run)


def start(session: Session, order: Order, now: datetime) -> ImportRun:
    """A run that its caller carries out at once: it is ours before anybody can see it."""
    run = ImportRun(**order.values(now), state="running", started_at=now, attempt=1)
    session.add(run)
    session.flush()
    if not _hold(session, run.id):
        raise RunLost(f"The lock of run {run.id} is taken.")
    session.expunge(run)
    return run


def queue(session: Session, order: Order, now: datetime) -> int:
    """A run for the worker. The same order under the same idempotency key is the run that it became at first."""
    made = insert_if_new(ImportRun).values(**order.values(now)).on_conflict_do_nothing().returning(ImportRun.id)
    run_id = session.scalar(made)
    return run_id if run_id is not None else session.scalars(_under_key(order)).one().id


def under_key(session: Session, order: Order) -> ImportRun | None:
    """The run that an idempotency key already stands for."""
    return session.scalar(_under_key(order)) if order.idempotency_key is not None else None


def _under_key(order: Order) -> Any:
    return select(ImportRun).where(ImportRun.token == order.token, ImportRun.idempotency_key == order.idempotency_key)


def waiting(session: Session) -> int:
    """How many runs are in the queue."""
    return int(session.execute(text("SELECT count(*) FROM import_run WHERE state = 'queued'")).scalar_one())


def waiting_since(session: Session) -> datetime | None:
    """Since when the oldest of them waits."""
    return session.scalar(select(func.min(ImportRun.created_at)).where(ImportRun.state == "queued"))


def claim(session: Session, now: datetime) -> ImportRun | None:
    """Take the oldest run that nobody works on; the session's connection holds its lock from now on.

    One that lost its worker is taken up again, if its file was sent to us and has not killed too many workers; else it failed.
    What others are at work on is not overtaken by what was sent later into the same layer: the last file sent has the last word.
    """
    ahead: set[str] = set()
    waiting_ones = select(ImportRun.id, ImportRun.layer).where(text(OPEN)).order_by(ImportRun.id)
    for run_id, layer in session.execute(waiting_ones).all():
        if _SHARED.get(layer, layer) in ahead:
            continue
        if not _hold(session, run_id):
            ahead.add(_SHARED.get(layer, layer))
            continue
        # With the lock in hand nobody else goes on with it: only now its state can be relied upon.
        fresh = select(ImportRun).where(ImportRun.id == run_id).with_for_update()
        run = session.scalars(fresh.execution_options(populate_existing=True)).one_or_none()
        if run is not None and run.state in ("queued", "running"):
            if run.state == "queued" or (run.upload is not None and run.attempt < TRIES):
                run.state, run.started_at, run.attempt = "running", now, run.attempt + 1
                run.step, run.done, run.total = None, 0, None
                session.flush()
                session.expunge(run)
                return run
            fail(session, run, *(INTERRUPTED if run.upload is None else _given_up()), now)
        release(session, run_id)
    return None


_SHARED = {"zones": "plans", "deductions": "plans"}  # plans give facts to these layers as well


def _given_up() -> tuple[str, str]:
    return GIVEN_UP[0], GIVEN_UP[1].format(tries=TRIES)


def _hold(session: Session, run_id: int) -> bool:
    held = "SELECT pg_try_advisory_lock(:locks, CAST(:run AS int))"
    return bool(session.execute(text(held), {"locks": LOCKS, "run": run_id}).scalar_one())


def release(session: Session, run_id: int) -> None:
    """Give the lock of a run back: after the end of its transaction, or one that ended it is not seen yet."""
    session.execute(text("SELECT pg_advisory_unlock(:locks, CAST(:run AS int))"), {"locks": LOCKS, "run": run_id})


def progress(connection: Connection, run_id: int, step: str, done: int, total: int | None) -> None:
    """How far a run is; told on another connection than the one that does the work."""
    values = {"step": step, "done": done, "total": total}
    connection.execute(update(ImportRun).where(ImportRun.id == run_id).values(**values))


def finish(session: Session, run: ImportRun, report: Report, now: datetime) -> None:
    """The run is done: stored together with what it recorded, so that neither is ever without the other."""
    amendment = report.change.amendment
    state: State = "done_with_rejected" if report.rows_rejected else "done"
    _end(
        session,
        run,
        report.issues,
        now,
        state=state,
        sha256=report.sha256,
        rows_read=report.rows_read,
        rows_passed=report.rows_passed,
        rows_rejected=report.rows_rejected,
        facts_closed=amendment.closed,
        facts_added=amendment.added,
        facts_ended=report.ended.facts,
        layers_of_defence=list(report.layers_of_defence),
        recording_id=None if run.dry_run else report.change.recording,
    )
    if report.rows_rejected:
        rows = {"rows_rejected": report.rows_rejected, "rows_read": report.rows_read}
        _alert(session, run, now, report.change.recording, refused=False, **rows)


def refuse(session: Session, run: ImportRun, refused: Refused, now: datetime, sha256: str | None) -> None:
    """The file is not taken: its findings are all that is left of it."""
    told = {"refusal_kind": refused.kind, "refusal": storable(refused.message), "sha256": sha256}
    _end(session, run, refused.issues, now, state="refused", **told)
    _alert(session, run, now, None, refused=True, refusal=refused.kind)


def fail(session: Session, run: ImportRun, kind: str, message: str, now: datetime) -> None:
    """The import broke off; that is not the file's doing."""
    _end(session, run, (), now, state="failed", refusal_kind=kind, refusal=storable(message))


def _alert(
    session: Session, run: ImportRun, now: datetime, recording: int | None, refused: bool, **facts: str | int
) -> None:
    """Tell that the register lacks what an import was to bring; nobody misses what was only tried."""
    if not run.dry_run:
        said = {"layer": run.layer, "source": run.source, "refused": refused, **facts}
        subject, on = str(run.id), line.day_of(now)
        alerts.raise_one(session, Kind.IMPORT_REJECTED, IMPORTS[refused], subject, on, now, said, recording)


def ended(session: Session, run_id: int) -> bool:
    """Whether nobody will take the run up any more."""
    state = session.scalar(select(ImportRun.state).where(ImportRun.id == run_id))
    return state not in ("queued", "running")


def forget(session: Session, before: datetime) -> int:
    """Delete what ended before an instant, with its findings; what it recorded stays. Gives how many runs that were."""
    gone = delete(ImportRun).where(ImportRun.finished_at < before).returning(ImportRun.id)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())


def hand_back(session: Session, run: ImportRun) -> None:
    """A worker that is told to stop leaves its run to the next one; that was no try."""
    _update(session, run, state="queued", attempt=run.attempt - 1, step=None, done=0, total=None)


def _end(session: Session, run: ImportRun, issues: Sequence[Issue], now: datetime, **values: Any) -> None:
    counts = {f"{one}s": sum(issue.severity == one for issue in issues) for one in ("error", "warning", "note")}
    _update(session, run, finished_at=now, **counts, **values)
    rows = [_issue(run, number, issue) for number, issue in enumerate(_kept(issues), 1)]
    if rows:
        session.execute(insert(ImportIssue), rows)


def _update(session: Session, run: ImportRun, **values: Any) -> None:
    """Change a run that is still ours, by the number of its try; RunLost where it is not: then nothing may be committed."""
    ours = (ImportRun.id == run.id, ImportRun.state == "running", ImportRun.attempt == run.attempt)
    changed = update(ImportRun).where(*ours).values(**values).returning(ImportRun.id)
    if session.scalar(changed.execution_options(synchronize_session=False)) is None:
        raise RunLost(f"Run {run.id} was taken over by somebody else; nothing of this try was recorded.")


def _kept(issues: Sequence[Issue]) -> list[Issue]:
    """As many as are kept; that there are more is the last of them."""
    if len(issues) <= KEPT:
        return list(issues)
    said = f"{len(issues) - KEPT + 1} more findings are not kept; mend those listed and import again."
    return [*issues[: KEPT - 1], Issue(None, None, None, "more-issues", "note", said)]


def _issue(run: ImportRun, number: int, issue: Issue) -> dict[str, Any]:
    texts = {name: getattr(issue, name) for name in ("feature", "field", "kind", "severity", "message", "value")}
    return {
        "run_id": run.id,
        "number": number,
        "file": storable(run.source if issue.member is None else f"{run.source}/{issue.member}"),
        "row": issue.row,
        "line": issue.line,
        **{name: said if said is None else storable(str(said)) for name, said in texts.items()},
        "before_m2": issue.before_m2,
        "after_m2": issue.after_m2,
    }
