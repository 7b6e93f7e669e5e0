"""Land offered as replacement, as it is recorded: entered, amended by further versions, looked up as known at an instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent
from parcels.placed import Version, entered, first, following, read
from parcels.replacement_tables import Candidate as Table
from parcels.replacement_tables import CandidateVersion
from parcels.sites import Place, Site

LOCKS = 7_100_105  # the first number of the advisory locks of candidates


class CandidateUnknownError(LookupError):
    """There is no candidate of that number, or there was none at the state of knowledge asked for."""


class MorePledgedError(ValueError):
    """A candidate cannot become smaller than what is pledged of it, or be withdrawn while anything is; both in net m2."""

    def __init__(self, number: int, net_m2: Decimal, pledged_m2: Decimal) -> None:
        super().__init__(f"Of candidate {number} {pledged_m2} m2 are pledged, more than the {net_m2} m2 now stated.")
        self.net_m2, self.pledged_m2 = net_m2, pledged_m2


@dataclass(frozen=True, slots=True)
class Origin:
    """What a candidate is, once and for all: its name, its site, the designation it has or is to have, the plan that brings it."""

    name: str
    designation: str
    site: Site
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """All that is said of a candidate. `net_m2`: what can be pledged of it since `measured_on`: new Nettobauland outside the
    port, no more than `planned_net_m2` where somebody states it; None where nobody knows.

    `stated`, `measured`: facts of rules.replacement_facts.Land, as JSON. `withdrawn_on`: it is no longer offered.
    """

    measured_on: date
    net_m2: Decimal | None
    planned_net_m2: Decimal | None = None
    district: str | None = None
    stated: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate as known at an instant: its last version; its parcels and its land (EWKB, EPSG:25832) as it was entered."""

    id: int
    created_at: datetime
    origin: Origin
    version: Version[Offered]
    keys: tuple[str, ...]
    land: str | None

    @property
    def offered(self) -> Offered:
        """What is said of it last."""
        return self.version.said


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which candidates are asked for: those still offered on a day, of some numbers; `before` is the last number of the
    page before."""

    offered_on: date | None = None
    district: str | None = None
    numbers: tuple[int, ...] | None = None
    before: int | None = None
    limit: int | None = None


def enter(
    session: Session, origin: Origin, place: Place, offered: Offered, author: Author, sent: Sent | None = None
) -> int | None:
    """A new candidate with its first version; its number. None where the same was sent at the same time and came first."""
    number = entered(session, Table, origin, place, author, sent)
    if number is not None:
        _add(session, number, first(offered, author))
    return number


def amend(session: Session, number: int, changes: Mapping[str, Any], author: Author) -> Version[Offered]:
    """A further version with some members of Offered changed; the one before stays. The same again adds nothing.

    CandidateUnknownError for one that nobody entered, MorePledgedError where more is pledged than would be left.
    """
    hold(session, number)
    last = versions(session, number, None)[-1]
    new = following(last, changes, author)
    if new is not last:
        _add(session, number, new)
    return new


def hold(session: Session, number: int) -> None:
    """Until the end of the transaction nobody else amends the candidate."""
    session.execute(text("SELECT pg_advisory_xact_lock(:locks, CAST(:id AS int))"), {"locks": LOCKS, "id": number})


def _add(session: Session, number: int, version: Version[Offered]) -> None:
    try:
        with session.begin_nested():
            session.execute(insert(CandidateVersion).values(candidate_id=number, **version.columns()))
    except IntegrityError as refusal:
        if "ck_pledged_within_net" not in str(refusal.orig):
            raise
        pledged_m2 = session.scalar(text("SELECT pledged_m2 FROM candidate WHERE id = :id"), {"id": number})
        left_m2 = Decimal(0) if version.said.withdrawn_on else version.said.net_m2 or Decimal(0)
        raise MorePledgedError(number, left_m2, pledged_m2 or Decimal(0)) from None


def versions(session: Session, number: int, known_at: datetime | None) -> list[Version[Offered]]:
    """All that was said by an instant (None: until now), oldest first; CandidateUnknownError where nothing was."""
    rows = session.execute(text(_VERSIONS), {"id": number, "known_at": known_at}).all()
    if not rows:
        raise CandidateUnknownError(f"There is no candidate {number}{'' if known_at is None else ' known by then'}.")
    return [read(Offered, row) for row in rows]


def find(session: Session, number: int, known_at: datetime) -> Candidate:
    """One candidate as known at an instant; CandidateUnknownError where there was none."""
    found = listing(session, known_at, Wanted(numbers=(number,)))
    if not found:
        raise CandidateUnknownError(f"There is no candidate {number} known by then.")
    return found[0]


def listing(session: Session, known_at: datetime, wanted: Wanted = Wanted()) -> list[Candidate]:
    """Candidates as known at an instant, newest first."""
    bound = {**asdict(wanted), "numbers": None if wanted.numbers is None else list(wanted.numbers)}
    return [_candidate(row) for row in session.execute(text(_SELECT), {"known_at": known_at, **bound})]


def overlaps(session: Session, numbers: Iterable[int]) -> dict[int, frozenset[int]]:
    """Of each of the candidates those that share land with it."""
    found: dict[int, set[int]] = defaultdict(set)
    for one, other in session.execute(
        text("SELECT one, other FROM candidate_overlap WHERE one = ANY (:numbers)"), {"numbers": list(numbers)}
    ):
        found[one].add(other)
    return {number: frozenset(found[number]) for number in found}


def _candidate(row: Any) -> Candidate:
    origin = Origin(row.name, row.designation, Site(tuple(row.parcel_keys or ()), row.outline), row.plan)
    return Candidate(row.candidate_id, row.created_at, origin, read(Offered, row), tuple(row.keys), row.land)


_VERSIONS = """
SELECT * FROM candidate_version
WHERE candidate_id = :id AND (CAST(:known_at AS timestamptz) IS NULL OR recorded_at <= :known_at)
ORDER BY number
"""

_SELECT = """
SELECT c.name, c.designation, c.plan, c.parcel_keys, ST_AsHEXEWKB(c.outline) AS outline, c.created_at, c.keys,
       ST_AsHEXEWKB(c.land) AS land, v.*
FROM candidate c
CROSS JOIN LATERAL (
    SELECT * FROM candidate_version WHERE candidate_id = c.id AND recorded_at <= :known_at ORDER BY number DESC LIMIT 1) v
WHERE (CAST(:offered_on AS date) IS NULL OR coalesce(v.withdrawn_on > :offered_on, true))
    AND (CAST(:district AS text) IS NULL OR v.district = :district)
    AND (CAST(:numbers AS bigint[]) IS NULL OR c.id = ANY (:numbers))
    AND (CAST(:before AS bigint) IS NULL OR c.id < :before)
ORDER BY c.id DESC LIMIT :limit
"""
