"""A milestone of a site is recorded, with all that follows from it in the same transaction: facts of holdings, the ledger's future,
the check of the line, the security of pledges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from parcels import candidates, history, line, milestones, pledge_watch, register
from parcels.authors import Author, Sent
from parcels.candidates import Candidate
from parcels.milestones import Recorded
from parcels.pledge_watch import Pledged
from parcels.restating import FACTS, OF_SITE, Left, Restated, Wish, restating
from rules import pipeline as rules
from rules.pipeline import Finding, Milestone, Slip

ALL_TIMES = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Secured:
    """How secure a pledge was by the milestones before, and is by those now."""

    pledge: Pledged
    before: Finding
    after: Finding


@dataclass(frozen=True, slots=True)
class Stated:
    """A milestone as recorded, its `number`, at `at`, and what followed on the day `on`.

    `recording` is that of the register, None where nothing was restated. `outlined`: the site is an outline, of whose parcels
    milestones state nothing, as no fact of a holding is of a part of a parcel alone.
    """

    number: int
    at: datetime
    on: date
    slips: tuple[Slip, ...]
    outlined: bool
    recording: int | None
    restated: tuple[Restated, ...]
    left: tuple[Left, ...]
    pledges: tuple[Secured, ...]


def state(
    session: Session, candidate: int, milestone: Milestone, author: Author, sent: Sent | None = None
) -> Stated | None:
    """State a milestone. None where the same was sent at the same time and came first.

    A milestone without days withdraws the one of its kind. CandidateUnknownError for a site that nobody entered.
    """
    locked = history.lock(session, author.at)
    site = candidates.find(session, candidate, locked)
    said = milestones.history(session, candidate, ALL_TIMES)
    at = max(locked, said[-1].recorded_at + timedelta(microseconds=1)) if said else locked
    on = line.day_of(at)
    before = milestones.of(session, [candidate], at).get(candidate, [])
    held = pledge_watch.pledged(session, on, at, [candidate])
    was = pledge_watch.secured(session, held, on, at)
    number = milestones.record(session, candidate, milestone, replace(author, at=at), sent)
    if number is None:
        return None
    after = milestones.of(session, [candidate], at).get(candidate, [])
    recording, restated, left = _restate(session, site, milestone, said, after, replace(author, at=at))
    now = pledge_watch.secured(session, held, on, at)
    secured = tuple(Secured(one, then, after_it) for (one, then), (_, after_it) in zip(was, now, strict=True))
    pledge_watch.look(session, on, at, [candidate])
    slips = rules.slipped(before, after)
    return Stated(number, at, on, slips, not site.origin.site.keys, recording, restated, left, secured)


def _restate(
    session: Session,
    site: Candidate,
    milestone: Milestone,
    said: Sequence[Recorded],
    after: Sequence[Milestone],
    author: Author,
) -> tuple[int | None, tuple[Restated, ...], tuple[Left, ...]]:
    """Let the holdings say what the milestones of this one's kind say now, as one recording."""
    fact = FACTS.get(milestone.kind)
    if fact is None or not site.origin.site.keys:
        return None, (), ()
    first_at = next((one.recorded_at for one in said if one.milestone.kind is milestone.kind), author.at)
    on = line.day_of(author.at)
    statements = [one for one in rules.stated(after, on) if one.fact == fact]
    found = restating(session, Wish(site.id, sorted(site.origin.site.keys), fact, statements, first_at, on))
    if not found.rows:
        return None, found.restated, found.left
    told = {OF_SITE: str(site.id)}
    rows = {"holdings": found.rows}
    change = register.edit_together(session, rows, author.at, author.name, author.note, told)
    return change.recording, found.restated, found.left
