"""How far the record of dissolutions, candidates, pledges and decisions has come: its last instant, and a mark."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def last_at(session: Session) -> datetime | None:
    """The last instant at which anything was added: what is known now, even where a clock was put back."""
    instant: datetime | None = session.scalar(text(_LAST_AT))
    return instant


def mark(session: Session) -> str:
    """A short text that changes with everything that is added."""
    return "-".join(str(number) for number in session.execute(text(_MARK)).one())


_LAST_AT = """
SELECT greatest((SELECT max(recorded_at) FROM dissolution_version), (SELECT max(recorded_at) FROM candidate_version),
                (SELECT max(recorded_at) FROM milestone), (SELECT max(made_at) FROM pledge),
                (SELECT max(released_at) FROM pledge_release), (SELECT max(at) FROM replacement_decision))
"""

_MARK = """
SELECT (SELECT coalesce(max(id), 0) FROM dissolution_version), (SELECT coalesce(max(id), 0) FROM candidate_version),
       (SELECT coalesce(max(id), 0) FROM milestone), (SELECT coalesce(max(id), 0) FROM pledge),
       (SELECT count(*) FROM pledge_release), (SELECT coalesce(max(id), 0) FROM replacement_decision)
"""
