"""Dissolved workplace land as it is recorded: entered, amended by further versions, looked up as known at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from parcels.authors import Author, Sent
from parcels.placed import Version, entered, first, following, read
from parcels.replacement_tables import Dissolution as Table
from parcels.replacement_tables import DissolutionVersion
from parcels.sites import SLIVER_M, SLIVER_M2, Place, Site

LOCKS = 7_100_104  # the first number of the advisory locks of dissolutions, as 7_100_102 is that of cases


class DissolutionUnknownError(LookupError):
    """There is no dissolution of that number, or there was none at the state of knowledge asked for."""


class Cause(StrEnum):
    """What dissolves the land: a recorded conversion case, the change of a named plan, or something else that was entered."""

    CONVERSION = "conversion"
    PLAN_CHANGE = "plan_change"
    ENTERED = "entered"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a dissolution is, once and for all: the authority's `reference`, its cause, its site and the designation dissolved."""

    reference: str
    cause: Cause
    designation: str
    site: Site
    conversion_id: int | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """All that is said of a dissolution. `lost_on`: the first day on which the land is no longer workplace land.

    `net_m2`: Nettobauland outside the port, measured on `measured_on`; None where nobody knows. `unclear_m2`: G land of
    which nobody knows how it is used. `stated`, `measured`: facts of rules.replacement_facts.Land, as JSON.
    `withdrawn_on`: it does not happen.
    """

    lost_on: date
    measured_on: date
    net_m2: Decimal | None
    unclear_m2: Decimal = Decimal(0)
    district: str | None = None
    stated: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True)
class Dissolution:
    """A dissolution as known at an instant: its last version; its parcels and its land (EWKB, EPSG:25832) as it was entered."""

    id: int
    created_at: datetime
    origin: Origin
    version: Version[Lost]
    keys: tuple[str, ...]
    land: str | None

    @property
    def lost(self) -> Lost:
        """What is said of it last."""
        return self.version.said


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dissolutions are asked for; `before` is the last number of the page before."""

    district: str | None = None
    designation: str | None = None
    conversion_id: int | None = None
    numbers: tuple[int, ...] | None = None
    before: int | None = None
    limit: int | None = None


def enter(
    session: Session, origin: Origin, place: Place, lost: Lost, author: Author, sent: Sent | None = None
) -> int | None:
    """A new dissolution with its first version; its number. None where the same was sent at the same time and came first."""
    number = entered(session, Table, origin, place, author, sent)
    if number is not None:
        _add(session, number, first(lost, author))
    return number


def amend(session: Session, number: int, changes: Mapping[str, Any], author: Author) -> Version[Lost]:
    """A further version with some members of Lost changed; the one before stays. The same again adds nothing.

    DissolutionUnknownError for one that nobody entered.
    """
    hold(session, number)
    last = versions(session, number, None)[-1]
    new = following(last, changes, author)
    if new is not last:
        _add(session, number, new)
    return new


def hold(session: Session, number: int) -> None:
    """Until the end of the transaction nobody else amends the dissolution, or pledges anything to it."""
    session.execute(text("SELECT pg_advisory_xact_lock(:locks, CAST(:id AS int))"), {"locks": LOCKS, "id": number})


def _add(session: Session, number: int, version: Version[Lost]) -> None:
    session.execute(insert(DissolutionVersion).values(dissolution_id=number, **version.columns()))


def versions(session: Session, number: int, known_at: datetime | None) -> list[Version[Lost]]:
    """All that was said by an instant (None: until now), oldest first; DissolutionUnknownError where nothing was."""
    rows = session.execute(text(_VERSIONS), {"id": number, "known_at": known_at}).all()
    if not rows:
        raise DissolutionUnknownError(
            f"There is no dissolution {number}{'' if known_at is None else ' known by then'}."
        )
    return [read(Lost, row) for row in rows]


def find(session: Session, number: int, known_at: datetime) -> Dissolution:
    """One dissolution as known at an instant; DissolutionUnknownError where there was none."""
    row = session.execute(text(f"{_SELECT} AND d.id = :id"), {"id": number, "known_at": known_at}).one_or_none()
    if row is None:
        raise DissolutionUnknownError(f"There is no dissolution {number} known by then.")
    return _dissolution(row)


def listing(session: Session, known_at: datetime, wanted: Wanted = Wanted()) -> list[Dissolution]:
    """Dissolutions as known at an instant, newest first."""
    bound = {**asdict(wanted), "numbers": None if wanted.numbers is None else list(wanted.numbers)}
    rows = session.execute(text(f"{_SELECT} {_WANTED}"), {"known_at": known_at, **bound})
    return [_dissolution(row) for row in rows]


def sharing_land(session: Session, place: Place, designation: str, known_at: datetime) -> list[int]:
    """The dissolutions of the same designation, not withdrawn, that take some of the same land: it is dissolved once.

    Who names a parcel takes all of it, with or without an outline. Whoever enters one waits for those who do: until the end of
    the transaction.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:locks, 0)"), {"locks": LOCKS})
    bound = {"land": place.geometry, "keys": list(place.keys), "named": place.outline is None, "known_at": known_at}
    slivers = {"wider": SLIVER_M, "least": SLIVER_M2}
    return list(session.scalars(text(_SHARING), {**bound, "designation": designation, **slivers}))


def _dissolution(row: Any) -> Dissolution:
    origin = Origin(
        reference=row.reference,
        cause=Cause(row.cause),
        designation=row.designation,
        site=Site(tuple(row.parcel_keys or ()), row.outline),
        conversion_id=row.conversion_id,
        plan=row.plan,
    )
    return Dissolution(row.dissolution_id, row.created_at, origin, read(Lost, row), tuple(row.keys), row.land)


_VERSIONS = """
SELECT * FROM dissolution_version
WHERE dissolution_id = :id AND (CAST(:known_at AS timestamptz) IS NULL OR recorded_at <= :known_at)
ORDER BY number
"""

_SELECT = """
SELECT d.reference, d.cause, d.designation, d.parcel_keys, ST_AsHEXEWKB(d.outline) AS outline, d.conversion_id, d.plan,
       d.created_at, d.keys, ST_AsHEXEWKB(d.land) AS land, v.*
FROM dissolution d
CROSS JOIN LATERAL (
    SELECT * FROM dissolution_version WHERE dissolution_id = d.id AND recorded_at <= :known_at ORDER BY number DESC LIMIT 1) v
WHERE true
"""

_SHARING = f"""
SELECT dissolution_id FROM ({_SELECT}) d
WHERE designation = :designation AND withdrawn_on IS NULL
    AND (keys && CAST(:keys AS varchar[]) AND (parcel_keys IS NOT NULL OR :named)
         OR shared_m2(CAST(land AS geometry), CAST(:land AS geometry), :wider) > :least)
ORDER BY 1
"""

_WANTED = """
    AND (CAST(:district AS text) IS NULL OR v.district = :district)
    AND (CAST(:designation AS text) IS NULL OR d.designation = :designation)
    AND (CAST(:conversion_id AS bigint) IS NULL OR d.conversion_id = :conversion_id)
    AND (CAST(:numbers AS bigint[]) IS NULL OR d.id = ANY (:numbers))
    AND (CAST(:before AS bigint) IS NULL OR d.id < :before)
ORDER BY d.id DESC LIMIT :limit
"""
