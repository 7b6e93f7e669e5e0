"""Writing by hand: one parcel's holding or facts over [valid_from, valid_to), on the state that the caller has read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Text, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.geometry import GeometryRefusedError
from parcels import history, register
from parcels.models import Holding, Parcel
from parcels.parcels import version_tag
from rules.law import LAW

LISTED = {"holder": "holders.known", "disposition": "dispositions.known", "designation": "designations.known"}


class ParcelUnknownError(LookupError):
    """The register has never heard of the key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The register has no parcel {key}.")


class HeldInPartsError(ValueError):
    """Parts of the parcel are held separately, which a holding of the whole would wipe out."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Parcel {key} is held in parts on some of these days: import holdings with their geometries.")


class ValueRefusedError(ValueError):
    """A value that cannot be recorded, with its field and remedy."""

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.field, self.remedy = field, remedy


class StaleError(ValueError):
    """The parcel was changed since the caller read it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Parcel {key} was changed since it was read.")


@dataclass(frozen=True, slots=True)
class Span:
    """The days that an edit is about, [since, until); `until` None is open. ValueRefusedError where there are none."""

    since: date
    until: date | None

    def __post_init__(self) -> None:
        if self.until is not None and self.until <= self.since:
            remedy = "Give a later day, or leave it out: it is the first day on which this holds no more."
            raise ValueRefusedError("valid_to", "valid_to is not after valid_from", remedy)

    @property
    def days(self) -> Range[date]:
        """As the database knows it."""
        return Range(self.since, self.until, bounds="[)")


def check_version(session: Session, key: str, known_versions: Sequence[str] | None, now: datetime) -> None:
    """Take the register's lock and compare what the caller has read with what is; None takes any version.

    ParcelUnknownError for a key that is not in the register, StaleError for an older version.
    """
    history.lock(session, now)
    for fact, column in ((Parcel, Parcel.key), (Holding, Holding.parcel_key)):
        if session.scalar(select(fact.id).where(column == key).limit(1)) is not None:
            break
    else:
        raise ParcelUnknownError(key)
    if known_versions is not None and version_tag(session, key) not in known_versions:
        raise StaleError(key)


def set_holding(
    session: Session, key: str, span: Span, facts: Mapping[str, Any], now: datetime, actor: str, note: str | None
) -> register.Change:
    """State who holds the whole parcel over a span. The lock is held; what is stated replaces all that was."""
    for field, parameter in LISTED.items():
        _check_listed(field, parameter, facts[field])
    if facts["disposition_until"] is not None and facts["disposition"] not in _codes("dispositions.reserved"):
        remedy = "Leave it empty: only land that is reserved is so until a day."
        raise ValueRefusedError("disposition_until", "disposition_until without a reservation", remedy)
    in_parts = select(Holding.id).where(
        Holding.parcel_key == key,
        func.upper_inf(Holding.known),
        Holding.valid.overlaps(span.days),
        Holding.geom.is_not(None),
    )
    if session.scalar(in_parts.limit(1)) is not None:
        raise HeldInPartsError(key)
    row = {"parcel_key": key, **facts, "valid_from": span.since, "valid_to": span.until}
    return register.edit(session, "holdings", [row], now, actor, note)


def set_parcel(
    session: Session,
    key: str,
    span: Span,
    facts: Mapping[str, Any],
    outline: str | None,
    now: datetime,
    actor: str,
    note: str | None,
) -> register.Change:
    """State a parcel's own facts over a span; without an `outline` (EWKB text) the recorded ones stay. The lock is held."""
    if outline is not None:
        rows = [{"key": key, **facts, "geom": outline, "valid_from": span.since, "valid_to": span.until}]
    else:
        rows = [
            {"key": key, **facts, "geom": version.geom, "valid_from": version.since, "valid_to": version.until}
            for version in _outlines(session, key, span)
        ]
    return register.edit(session, "parcels", rows, now, actor, note)


def _outlines(session: Session, key: str, span: Span) -> Sequence[Row[Any]]:
    """The outlines known of the days of a span, without a gap; GeometryRefusedError where one is missing."""
    days = Parcel.valid.op("*")(span.days)
    found = session.execute(
        select(
            sql_cast(Parcel.geom, Text).label("geom"),
            func.lower(days).label("since"),
            func.upper(days).label("until"),
        )
        .where(Parcel.key == key, func.upper_inf(Parcel.known), Parcel.valid.overlaps(span.days))
        .order_by(func.lower(days))
    ).all()
    ends = [span.since, *(version.until for version in found)]
    starts = [*(version.since for version in found), span.until]
    if not found or starts != ends:
        remedy = "Send `geometry` and `crs`, or a span over which the parcel's outline is recorded."
        raise GeometryRefusedError("No outline is recorded for some of these days", remedy)
    return found


def _check_listed(field: str, parameter: str, value: str | None) -> None:
    known = _codes(parameter)
    if value is not None and value not in known:
        raise ValueRefusedError(field, f"'{value}' is not known", f"Use one of {', '.join(known)}; null if unknown.")


def _codes(parameter: str) -> list[str]:
    """All codes that a list of the law ever had, in their order."""
    return list(dict.fromkeys(code for value in LAW.parameters[parameter] for code in value.codes))
