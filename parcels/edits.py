"""Writing by hand: one parcel's holding or facts over [valid_from, valid_to), on the state that the caller has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from shapely import from_wkb
from sqlalchemy import Text, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute, Session

from parcels import history, register
from parcels.importing import beside, overlapping
from parcels.importing.beside import Remark
from parcels.importing.contract import Limits
from parcels.importing.store import choices
from parcels.importing.values import Unreadable, choice, misread
from parcels.models import Holding, Parcel
from parcels.parcels import check_heard_of, version_tag

NO_OUTLINE = "No outline is recorded for some of these days"
SAME_M2, SAME_SHARE = 1, 0.001  # so much may two surveys of the same land differ
OUTLINE_REMEDY = "Send `geometry` and `crs`, or a span over which the parcel's outline is recorded."


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


@dataclass(frozen=True, slots=True)
class Recording:
    """Who records an edit, when, and why."""

    now: datetime
    actor: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did, and what looks wrong or has no effect about it: the findings that an import would report."""

    change: register.Change
    remarks: list[Remark]


def check_version(session: Session, key: str, known_versions: Sequence[str] | None, now: datetime) -> None:
    """Take the register's lock and compare what the caller has read with what is; None takes any version.

    ParcelUnknownError for a key that is not in the register, StaleError for an older version.
    """
    history.lock(session, now)
    check_heard_of(session, key)
    if known_versions is not None and version_tag(session, key) not in known_versions:
        raise StaleError(key)


def set_holding(session: Session, key: str, span: Span, facts: Mapping[str, Any], recording: Recording) -> Edited:
    """State who holds the whole parcel over a span. The lock is held; what is stated replaces all that was.

    ValueRefusedError for a code that no list of the law has, HeldInPartsError where parts are held separately.
    """
    codes = {name: listed(name, facts[name], known) for name, known in choices().items() if name in facts}
    if any(version["geom"] is not None for version in _versions(session, Holding.parcel_key, key, span, ["geom"])):
        raise HeldInPartsError(key)
    row = {"parcel_key": key, **facts, **codes, "valid_from": span.since, "valid_to": span.until}
    return _record(session, "holdings", key, [row], recording)


def set_parcel(
    session: Session, key: str, span: Span, facts: Mapping[str, Any], recording: Recording, outline: str | None = None
) -> Edited:
    """State a parcel's own facts over a span; without an `outline` (EWKB text) the recorded ones stay. The lock is held.

    ValueRefusedError where no outline is given and none is recorded for some of the days, or one official area is stated for
    outlines of several sizes.
    """
    if outline is not None:
        rows = [{"key": key, **facts, "geom": outline, "valid_from": span.since, "valid_to": span.until}]
    else:
        outlines = _versions(session, Parcel.key, key, span, ["geom", "official_m2"])
        if _gap(outlines, span):
            raise ValueRefusedError("geometry", NO_OUTLINE, OUTLINE_REMEDY)
        _check_one_size(outlines, facts["official_m2"])
        rows = [{"key": key, **version, **facts} for version in outlines]
    return _record(session, "parcels", key, rows, recording)


def change_holding(session: Session, key: str, span: Span, named: Mapping[str, Any], recording: Recording) -> Edited:
    """State some facts of a parcel's holding over a span; all others stay as they are recorded, day by day.

    ValueRefusedError where that would overwrite a later change of the same facts, or extend a holding to days without one.
    """
    names = [name for name in history.LAYERS["holdings"].columns if name != "parcel_key"]
    versions = _versions(session, Holding.parcel_key, key, span, names)
    if any(version["geom"] is not None for version in versions):
        raise HeldInPartsError(key)
    codes = {name: listed(name, named[name], known) for name, known in choices().items() if name in named}
    if "disposition" in named and "disposition_until" not in named:
        codes["disposition_until"] = None  # the day belonged to the disposition that ends
    rows = [{"parcel_key": key, **row} for row in changed(versions, span, {**named, **codes}, "holding")]
    return _record(session, "holdings", key, rows, recording, versions)


def change_parcel(
    session: Session, key: str, span: Span, named: Mapping[str, Any], recording: Recording, outline: str | None = None
) -> Edited:
    """State some of a parcel's own facts, or its outline (EWKB text), over a span; all others stay, day by day.

    ValueRefusedError where that would overwrite a later change of the same facts, extend the parcel to days without it, or give
    one official area to outlines of several sizes.
    """
    names = list(history.LAYERS["parcels"].columns)
    said = named if outline is None else {**named, "geom": outline}
    versions = _versions(session, Parcel.key, key, span, names)
    if not versions and outline is None:
        raise ValueRefusedError("geometry", NO_OUTLINE, OUTLINE_REMEDY)
    now_so = changed(versions, span, said, "outline")
    if outline is None:
        _check_one_size(versions, named.get("official_m2"))
    rows = [{"key": key, **row} for row in now_so]
    return _record(session, "parcels", key, rows, recording, versions)


def _versions(
    session: Session, of: InstrumentedAttribute[str], key: str, span: Span, names: Sequence[str]
) -> list[dict[str, Any]]:
    """What is recorded of a parcel on the days of a span: facts by name, with the first day and the day after the last."""
    fact = of.class_
    days = fact.valid.op("*")(span.days)
    columns = [sql_cast(fact.geom, Text).label("geom") if name == "geom" else getattr(fact, name) for name in names]
    found = session.execute(
        select(*columns, func.lower(days).label("valid_from"), func.upper(days).label("valid_to"))
        .where(of == key, func.upper_inf(fact.known), fact.valid.overlaps(span.days))
        .order_by(func.lower(days))
    )
    return [dict(row) for row in found.mappings()]


def _gap(versions: list[dict[str, Any]], span: Span) -> tuple[date | None, date | None] | None:
    """The first days [from, to) of a span of which none of the versions is, an open end None; None where there are none."""
    ends = [span.since, *(version["valid_to"] for version in versions)]
    starts = [*(version["valid_from"] for version in versions), span.until]
    return next(((end, start) for end, start in zip(ends, starts, strict=True) if end != start), None)


def changed(
    versions: list[dict[str, Any]],
    span: Span,
    named: Mapping[str, Any],
    what: str,
    words: tuple[str, str] = ("--from", "--to"),
) -> list[dict[str, Any]]:
    """The versions of a span with the named facts in place of theirs; where nothing is recorded at all, these facts alone.

    ValueRefusedError as of `change_holding`; `words` is how its remedy calls the first day and the one after the last.
    """
    first, last = words
    if not versions:
        return [{**named, "valid_from": span.since, "valid_to": span.until}]
    if gap := _gap(versions, span):
        end, start = gap
        remedy = f"Begin with {first} {start}." if end == span.since else f"End with {last} {end}."
        raise ValueRefusedError("valid_from", f"No {what} is recorded from {end} to {start or 'any later day'}", remedy)
    for before, later in pairwise(versions) if span.until is None else ():
        overwritten = [name for name in named if later[name] not in (before[name], named[name])]
        if overwritten:
            day = later["valid_from"]
            message = f"From {day} on, another {' and '.join(overwritten)} is recorded, which this would overwrite"
            remedy = f"Give {last} {day}; to change the days from {day} on as well, state them by {first} {day}."
            raise ValueRefusedError(overwritten[0], message, remedy)
    return [{**version, **named} for version in versions]


def _check_one_size(versions: list[dict[str, Any]], official_m2: Decimal | None) -> None:
    """ValueRefusedError where an official area, newly stated, is one for outlines that differ by more than rounding."""
    if official_m2 is None or all(version["official_m2"] == official_m2 for version in versions):
        return
    first, *others = (from_wkb(version["geom"]).area for version in versions)
    for later, m2 in zip(versions[1:], others, strict=True):
        if abs(m2 - first) > max(SAME_M2, SAME_SHARE * first):
            day = later["valid_from"]
            message = (
                f"From {day} on the recorded outline is of {m2:.2f} m2, before of {first:.2f} m2: "
                "one official area is wrong for one of them"
            )
            remedy = f"State the days until {day} alone, with that day as the end, and those from {day} on with their own area."
            raise ValueRefusedError("official_m2", message, remedy)


def _record(
    session: Session,
    layer: str,
    key: str,
    rows: list[dict[str, Any]],
    recording: Recording,
    recorded: Sequence[dict[str, Any]] = (),
) -> Edited:
    """Record the rows, save those that say what is `recorded`: stated for some of its days, it would end with them."""
    new = [row for row in rows if not any(version.items() <= row.items() for version in recorded)]
    change = register.edit(session, layer, new, recording.now, recording.actor, recording.note)
    remarks = [*beside.check(session, history.LAYERS[layer], rows), *_end(session, layer, key, rows[-1]["valid_to"])]
    if layer == "parcels":
        remarks += beside.check_areas(session, rows, Limits().area_tolerance)
        remarks += overlapping.check(session, change.at, rows)
    remarks += [
        Remark(1, key, name, "encoding", "warning", f"'{value}' looks misread", "write its umlauts anew", value)
        for name, value in rows[0].items()
        if isinstance(value, str) and misread(value)
    ]
    return Edited(change, remarks)


def _end(session: Session, layer: str, key: str, until: date | None) -> list[Remark]:
    """That nothing is recorded from the end of an edit on: it has ended what it repeats, or there was nothing."""
    if until is None:
        return []
    unit, fact = (Holding.parcel_key, Holding) if layer == "holdings" else (Parcel.key, Parcel)
    after = select(unit).where(unit == key, func.upper_inf(fact.known), fact.valid.contains(until)).limit(1)
    if session.execute(after).first() is not None:
        return []
    said = f"from {until} on no {'holding of the parcel' if layer == 'holdings' else 'parcel of this key'} is recorded"
    remedy = f"if it goes on, state it from {until} on as well"
    return [Remark(1, key, "valid_to", "nothing-after", "warning", said, remedy, str(until))]


def listed(field: str, value: str | None, known: frozenset[str]) -> str | None:
    """A code of the law's lists, read as the import reads it; ValueRefusedError for one that is on none."""
    try:
        return choice(value, known, field)
    except Unreadable as unknown:
        said, _, remedy = str(unknown).partition(": ")
        raise ValueRefusedError(
            field, f"'{value}' {said}", f"{remedy[:1].upper()}{remedy[1:]}; null if unknown."
        ) from None
