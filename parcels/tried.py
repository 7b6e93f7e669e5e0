"""What is tried, change by change, and what becomes by it of who holds a parcel and how available it is, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import edits
from parcels.edits import HeldInPartsError, Span, ValueRefusedError
from parcels.history import LAYERS
from rules.law import LAW

PLAN = "Simulation"
WORDS = ("`valid_from`", "`valid_to`")


class Kind(StrEnum):
    """What may be tried. `designate` and `convert` state a new plan over land, `replace` both; the others a fact of holdings."""

    SELL = "sell"
    RESERVE = "reserve"
    FREE = "free"
    SERVICE = "service"
    CLEAR = "clear"
    END_BINDING_USE = "end_binding_use"
    DESIGNATE = "designate"
    CONVERT = "convert"
    REPLACE = "replace"


class Side(StrEnum):
    """The two sides of a replacement."""

    DISSOLVED = "dissolved"
    OFFERED = "offered"


FACTS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.SELL: {"disposition": "sold", "disposition_until": None},
    Kind.RESERVE: {"disposition": "reserved"},
    Kind.FREE: {"disposition": "free", "disposition_until": None},
    Kind.SERVICE: {"serviced": True},
    Kind.CLEAR: {"cleared": True},
    Kind.END_BINDING_USE: {"binding_use": False},
}
"""What each kind states of a holding; RESERVE also its last day."""


@dataclass(frozen=True, slots=True)
class Land:
    """Parcels by their keys, or what lies in an outline (EWKB text in EPSG:25832)."""

    keys: tuple[str, ...] = ()
    outline: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One change, or one side of a replacement: `number` is its place in the list, from 0."""

    number: int
    kind: Kind
    span: Span
    land: Land
    until: date | None = None
    designation: str | None = None
    side: Side | None = None

    @property
    def where(self) -> str:
        """Its name in errors."""
        return f"changes.{self.number}" + (f".{self.side}" if self.side else "")

    @property
    def name(self) -> str:
        """The name of the plan that it states."""
        return f"{PLAN} {self.number}" + (f" {self.side}" if self.side else "")

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of holdings that it states; none for one that states a plan."""
        until = {"disposition_until": self.until} if self.kind is Kind.RESERVE else {}
        return {**FACTS.get(self.kind, {}), **until}


class ContradictionError(ValueError):
    """Two changes, or a change and the register, cannot both be so."""

    def __init__(self, where: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.where, self.remedy = where, remedy


class Holdings:
    """What is recorded of who holds the parcels, day by day, with what steps have made of it."""

    def __init__(self, session: Session, keys: Sequence[str]) -> None:
        self._versions: dict[str, list[dict[str, Any]]] = {key: [] for key in keys}
        self._changed: set[str] = set()
        self._said: dict[tuple[str, str, date], tuple[Step, Any]] = {}
        for row in session.execute(text(_RECORDED), {"keys": list(keys)}).mappings():
            version = dict(row)
            self._versions[version.pop("parcel_key")].append(version)

    def held(self, key: str, span: Span) -> bool:
        """Whether anything is recorded of the parcel's holding on one of these days."""
        return bool(_cut(self._versions[key], span)[0])

    def change(self, key: str, step: Step, facts: Mapping[str, Any]) -> bool:
        """State facts of a parcel over the step's days, as `edits.change_holding` does; whether that changes anything."""
        inside, outside = _cut(self._versions[key], step.span)
        if any(version["geom"] is not None for version in inside):
            raise HeldInPartsError(key)
        self._check_said(key, step, facts)
        _check_free(key, step, inside)
        try:
            changed = edits.changed(inside, step.span, facts, "holding", WORDS)
        except ValueRefusedError as refused:
            said = f"{key}: {refused}"
            raise ValueRefusedError(f"{step.where}.{refused.field}", said, refused.remedy) from refused
        now_so = [{**_NOTHING, **version} for version in changed]
        if now_so == inside:
            return False
        self._changed.add(key)
        self._versions[key] = sorted([*outside, *now_so], key=lambda version: version["valid_from"] or date.min)
        return True

    def _check_said(self, key: str, step: Step, facts: Mapping[str, Any]) -> None:
        """What another step says of the same fact from the same day on must be the same."""
        for name, value in facts.items():
            other, said = self._said.setdefault((key, name, step.span.since), (step, value))
            if said != value:
                raise ContradictionError(
                    step.where,
                    f"{other.where} and {step.where} say different things of {key} from {step.span.since} on: {name} "
                    f"{said} and {value}.",
                    "Leave one of them out, or give it another day.",
                )

    def rows(self) -> list[dict[str, Any]]:
        """All that is to be stated: of a parcel that changed all its days, so that none of them ends by being repeated."""
        return [{"parcel_key": key, **version} for key in sorted(self._changed) for version in self._versions[key]]


_NOTHING = {name: None for name in LAYERS["holdings"].columns if name != "parcel_key"}


def _cut(versions: Iterable[dict[str, Any]], span: Span) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The versions on the days of a span, and what of them lies before and after it."""
    inside: list[dict[str, Any]] = []
    outside: list[dict[str, Any]] = []
    since, until = span.since, span.until or date.max
    for version in versions:
        first, end = version["valid_from"] or date.min, version["valid_to"] or date.max
        pieces = ((inside, max(first, since), min(end, until)), (outside, first, min(end, since)))
        for into, begins, ends in (*pieces, (outside, max(first, until), end)):
            if begins < ends:
                days = {"valid_from": None if begins == date.min else begins}
                days["valid_to"] = None if ends == date.max else ends
                into.append({**version, **days})
    return inside, outside


def _check_free(key: str, step: Step, inside: Iterable[dict[str, Any]]) -> None:
    """Land that is sold or given in leasehold cannot be kept for somebody else."""
    given = {code for value in LAW.parameters["dispositions.disposed"] for code in value.codes}
    taken = next((version for version in inside if version["disposition"] in given), None)
    if step.kind is Kind.RESERVE and taken is not None:
        day = max(taken["valid_from"] or date.min, step.span.since)
        raise ContradictionError(
            step.where,
            f"{key} is {taken['disposition']} on {day}, by the register or by another change, and cannot be reserved.",
            "Leave one of them out, give `valid_to`, or list a change `free` before.",
        )


_RECORDED = f"""
SELECT parcel_key, {", ".join(name for name in LAYERS["holdings"].columns if name not in ("parcel_key", "geom"))},
       geom::text AS geom, lower(valid) AS valid_from, upper(valid) AS valid_to
FROM holding WHERE parcel_key = ANY (:keys) AND upper_inf(known)
ORDER BY parcel_key, lower(valid) NULLS FIRST, id
"""
