"""Pledges: net m2 of a candidate bound to one dissolution, released or handed on, with their history.

That no more is pledged than there is, and no land twice, is the database's to keep (see the tables' constraints); here its
refusals are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from psycopg import errors
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as insert_if_new
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent, keyed
from parcels.replacement_tables import Pledge as Table
from parcels.replacement_tables import PledgeRelease


class PledgeUnknownError(LookupError):
    """There is no pledge of that number, or there was none at the state of knowledge asked for."""


class PledgeReleasedError(ValueError):
    """The pledge was released before."""


class Refusal(StrEnum):
    """Why the database takes no such pledge: the constraint that it would break."""

    TOO_MUCH = "ck_pledged_within_net"
    BOUND_ALREADY = "ck_pledged_once"
    BEFORE_MEASURED = "ck_pledged_since_measured"
    BEFORE_RELEASE = "ck_pledged_after_release"
    AHEAD = "ck_pledged_on"
    RELEASE_AHEAD = "ck_released_on"
    RELEASE_TOO_EARLY = "ck_released_after_pledged"


class PledgeRefusedError(ValueError):
    """A pledge that cannot be: why, and the candidate's balance in net m2 as it stood then."""

    def __init__(self, refusal: Refusal, balance: Balance) -> None:
        super().__init__(refusal.value)
        self.refusal, self.balance = refusal, balance


@dataclass(frozen=True, slots=True)
class Balance:
    """What of a candidate can be pledged since a day, what is pledged, and what is of those that share land with it; net m2."""

    candidate: int
    net_m2: Decimal
    net_since: date | None
    pledged_m2: Decimal
    shadowed_m2: Decimal

    @property
    def free_m2(self) -> Decimal:
        """What can still be pledged."""
        return Decimal(0) if self.shadowed_m2 else self.net_m2 - self.pledged_m2


@dataclass(frozen=True, slots=True)
class Bound:
    """What is pledged: so many net m2 of a candidate to a dissolution from a day on."""

    candidate: int
    dissolution: int
    net_m2: Decimal
    pledged_on: date


@dataclass(frozen=True, slots=True)
class Release:
    """That a pledge binds no more from a day on, and why."""

    on: date
    at: datetime
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class Pledge:
    """A pledge as known at an instant; `follows` is the one that it was handed on from."""

    id: int
    bound: Bound
    made_at: datetime
    actor: str
    note: str | None
    follows: int | None
    release: Release | None

    def holds(self, on: date) -> bool:
        """Whether it binds on a day."""
        return self.bound.pledged_on <= on and (self.release is None or on < self.release.on)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pledges are asked for; `before` is the last number of the page before."""

    candidates: tuple[int, ...] | None = None
    dissolutions: tuple[int, ...] | None = None
    holding_on: date | None = None
    before: int | None = None
    limit: int | None = None


def pledge(
    session: Session, bound: Bound, author: Author, sent: Sent | None = None, follows: int | None = None
) -> int | None:
    """Bind net m2; the pledge's number. None where the same was sent at the same time and came first.

    PledgeRefusedError where it cannot be; nothing is recorded then.
    """
    row = {
        **{"candidate_id": bound.candidate, "dissolution_id": bound.dissolution, "net_m2": bound.net_m2},
        **{"pledged_on": bound.pledged_on, "made_at": author.at, "actor": author.name, "note": author.note},
    }
    with _told(session, bound.candidate):
        made = insert_if_new(Table).values(**row, follows=follows, **keyed(sent))
        number: int | None = session.scalar(made.on_conflict_do_nothing().returning(Table.id))
    return number


def release(session: Session, number: int, on: date, note: str, author: Author) -> None:
    """End a pledge: from `on` on it binds no more. PledgeUnknownError, PledgeReleasedError, PledgeRefusedError."""
    before = find(session, number, author.at)
    if before.release is not None:
        raise PledgeReleasedError(f"Pledge {number} was released on {before.release.on}.")
    row = {"pledge_id": number, "released_on": on, "released_at": author.at, "actor": author.name, "note": note}
    try:
        with _told(session, before.bound.candidate):
            session.execute(insert(PledgeRelease).values(**row))
    except IntegrityError as refusal:
        if isinstance(refusal.orig, errors.UniqueViolation):
            raise PledgeReleasedError(f"Pledge {number} was released meanwhile.") from None
        raise


def hand_on(
    session: Session, number: int, bound: Bound, note: str, author: Author, sent: Sent | None = None
) -> int | None:
    """End a pledge and bind its land anew on the same day: to another dissolution, from another candidate, or a part of it.

    Both or neither. The number of the pledge that follows; errors as of `release` and `pledge`.
    """
    with session.begin_nested():
        release(session, number, bound.pledged_on, note, author)
        return pledge(session, bound, author, sent, follows=number)


def balance(session: Session, candidate: int) -> Balance:
    """How much of a candidate can be pledged now."""
    row = session.execute(text(_BALANCE), {"id": candidate}).one()
    return Balance(candidate, *row)


def find(session: Session, number: int, known_at: datetime) -> Pledge:
    """One pledge as known at an instant; PledgeUnknownError where there was none."""
    bound = {"id": number, "known_at": known_at}
    row = session.execute(text(f"{_SELECT} AND p.id = :id"), bound).one_or_none()
    if row is None:
        raise PledgeUnknownError(f"There is no pledge {number} known by then.")
    return _pledge(row)


def listing(session: Session, known_at: datetime, wanted: Wanted = Wanted()) -> list[Pledge]:
    """Pledges as known at an instant, newest first."""
    bound = {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__}
    for name in ("candidates", "dissolutions"):
        bound[name] = None if bound[name] is None else list(bound[name])
    return [_pledge(row) for row in session.execute(text(f"{_SELECT} {_WANTED}"), {"known_at": known_at, **bound})]


@contextmanager
def _told(session: Session, candidate: int) -> Iterator[None]:
    """What the database refuses is said as a refusal; the transaction goes on without it."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        if name not in set(Refusal):
            raise
        raise PledgeRefusedError(Refusal(name), balance(session, candidate)) from None


def _pledge(row: Any) -> Pledge:
    bound = Bound(row.candidate_id, row.dissolution_id, row.net_m2, row.pledged_on)
    ended = None
    if row.released_on is not None:
        ended = Release(row.released_on, row.released_at, row.released_by, row.released_because)
    return Pledge(row.id, bound, row.made_at, row.actor, row.note, row.follows, ended)


_BALANCE = "SELECT net_m2, net_since, pledged_m2, shadowed_m2 FROM candidate WHERE id = :id"

_SELECT = """
SELECT p.*, r.released_on, r.released_at, r.actor AS released_by, r.note AS released_because
FROM pledge p
LEFT JOIN pledge_release r ON r.pledge_id = p.id AND r.released_at <= :known_at
WHERE p.made_at <= :known_at
"""

_WANTED = """
    AND (CAST(:candidates AS bigint[]) IS NULL OR p.candidate_id = ANY (:candidates))
    AND (CAST(:dissolutions AS bigint[]) IS NULL OR p.dissolution_id = ANY (:dissolutions))
    AND (CAST(:holding_on AS date) IS NULL
         OR (p.pledged_on <= :holding_on AND (r.released_on IS NULL OR r.released_on > :holding_on)))
    AND (CAST(:before AS bigint) IS NULL OR p.id < :before)
ORDER BY p.id DESC LIMIT :limit
"""
