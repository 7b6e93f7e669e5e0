"""One change to the register: facts amended, the ledger brought in step, the recording written; all in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import history, ledger, line
from parcels.history import LAYERS, Amendment
from parcels.ledger import Posting
from parcels.measuring import FEW
from parcels.sql import LED_BY_INDEX, PLAIN


@dataclass(frozen=True, slots=True)
class Change:
    """What was recorded at `at`; `recording` is None where nothing changed and therefore nothing was recorded."""

    at: datetime
    recording: int | None
    amendment: Amendment
    posting: Posting


def edit(
    session: Session, layer: str, rows: list[dict[str, Any]], now: datetime, actor: str, note: str | None
) -> Change:
    """State rows of one layer by hand and record them. Columns as in `history.LAYERS`, with valid_from and valid_to."""
    return edit_together(session, {layer: rows}, now, actor, note)


def edit_together(
    session: Session,
    stated: Mapping[str, list[dict[str, Any]]],
    now: datetime,
    actor: str,
    note: str | None,
    summary: Mapping[str, Any] = MappingProxyType({}),
) -> Change:
    """State rows of one layer or more by hand, as one recording; the change's amendment is that of the first layer changed.

    `summary` is kept with the recording beside its counts.
    """
    few = sum(map(len, stated.values())) <= FEW
    at = history.lock(session, now, LED_BY_INDEX if few else "NULL")  # led by indexes, many rows take square time
    amended = [history.amend_rows(session, LAYERS[layer], at, rows) for layer, rows in stated.items()]
    amendment = next((one for one, _ in amended if one.changed), amended[0][0])
    if not amendment.changed:
        session.execute(text(f"SELECT {PLAIN}"))
        return Change(at, None, amendment, Posting(0, 0))
    touched = sorted({key for _, keys in amended for key in keys})
    recording = _recording(at, "edit", actor, amendment, note=note, summary=summary)
    posting, number = ledger.post(session, touched, recording)
    line.passed(session, posting.line, at, number)
    return Change(at, number, amendment, posting)


def record_stated(
    session: Session,
    layer: str,
    at: datetime,
    kind: str,
    actor: str,
    replace: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
    spoken: bool = False,
    besides: Callable[[], bool] = lambda: False,
    **details: Any,
) -> Change:
    """Amend a layer with the rows stated in its workspace, derive what they touch, record it. The lock is held.

    `replace` and `spoken` are those of `history.amend`; `besides` amends what follows from it, adds to the parcels touched, and
    says whether it has recorded anything.
    """
    on_step("amending")
    amendment = history.amend(session, LAYERS[layer], at, replace, spoken)
    return record_amended(session, amendment, at, kind, actor, on_step, besides(), **details)


def record_amended(
    session: Session,
    amendment: Amendment,
    at: datetime,
    kind: str,
    actor: str,
    on_step: Callable[[str], None] = lambda _: None,
    besides: bool = False,
    **details: Any,
) -> Change:
    """Derive what an amendment, of one layer or of several, has touched, and record it, also if only something `besides` it
    changed. The lock is held."""
    if not amendment.changed and not besides:
        return Change(at, None, amendment, Posting(0, 0))
    recording = _recording(at, kind, actor, amendment, **details)
    posting, number = ledger.post_touched(session, recording, on_step)
    line.passed(session, posting.line, at, number)
    return Change(at, number, amendment, posting)


def _recording(at: datetime, kind: str, actor: str, amendment: Amendment, **details: Any) -> dict[str, Any]:
    done = {"closed": amendment.closed, "added": amendment.added, "ended": amendment.ended}
    summary = json.dumps({**done, **details.pop("summary", {})})
    return history.recording(at, kind, actor, layer=amendment.layer.name, summary=summary, **details)


def rebuild(session: Session, now: datetime, actor: str, on_step: Callable[[str], None] = lambda _: None) -> Posting:
    """Derive the whole ledger anew; recorded only where something differs."""
    at = history.lock(session, now)
    posting = ledger.rebuild(session, at, on_step)
    if posting.closed or posting.added:
        summary = json.dumps({"closed": posting.closed, "added": posting.added})
        number = history.record(session, at, "rebuild", actor, summary=summary)
        line.passed(session, posting.line, at, number)
    return posting


def rules_version(session: Session) -> str | None:
    """The version of the rules that the whole ledger was last derived under; None for an empty register."""
    version: str | None = session.execute(text("SELECT rules_version FROM register")).scalar_one()
    return version
