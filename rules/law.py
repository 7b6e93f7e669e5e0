"""Dated, cited legal values: read from `rules/parameters/*.toml`, picked by the day and by what was published."""

import hashlib
import json
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

RULES_VERSION = "1"  # bumped when the code of a rule changes, as its parameters then say the same and mean another
FOLDER = Path(__file__).parent / "parameters"
BERLIN = ZoneInfo("Europe/Berlin")
AREA_UNITS = ("_ha", "_m2")

Item = TypeVar("Item", str, Decimal)
Content = bool | int | str | Decimal | tuple[str, ...] | tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Cite:
    """Where a value is written: title and wording, place in it, address, day of publication and of our last check."""

    text: str
    url: str
    published: date
    checked: date
    paragraph: str | None = None

    @property
    def title(self) -> str:
        """The name of the source, which every citation's text begins with."""
        return self.text.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Value:
    """One parameter as it holds over [since, until), with its citation; `until` None is open."""

    name: str
    value: Content
    since: date
    until: date | None
    cite: Cite

    @property
    def amount(self) -> Decimal:
        """The value as a quantity in the unit that ends its name; TypeError if it is none."""
        if isinstance(self.value, Decimal):
            return self.value
        raise TypeError(f"{self.name} is not a quantity")

    @property
    def amounts(self) -> tuple[Decimal, ...]:
        """The value as a list of quantities in the unit that ends its name; TypeError if it is none."""
        return self._list(Decimal)

    @property
    def codes(self) -> tuple[str, ...]:
        """The value as a list of codes; TypeError if it is none."""
        return self._list(str)

    @property
    def count(self) -> int:
        """The value as a whole number; TypeError if it is none."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return self.value
        raise TypeError(f"{self.name} is not a whole number")

    @property
    def flag(self) -> bool:
        """The value as yes or no; TypeError if it is neither."""
        if isinstance(self.value, bool):
            return self.value
        raise TypeError(f"{self.name} is neither yes nor no")

    def _list(self, kind: type[Item]) -> tuple[Item, ...]:
        items = self.value if isinstance(self.value, tuple) else ()
        found = tuple(item for item in items if isinstance(item, kind))
        if not found:
            raise TypeError(f"{self.name} is no list of that kind")
        return found


class NotInForce(Exception):
    """A parameter has no value on a day, as far as was published by `known_at`; `begins` is its first day, if any."""

    def __init__(self, name: str, day: date | None, known_at: datetime, begins: date | None) -> None:
        self.name, self.day, self.known_at, self.begins = name, day, known_at, begins
        asked = f" on {day:%Y-%m-%d}" if day else ""
        first = f"It begins on {begins:%Y-%m-%d}." if begins else "Nothing had been published about it by then."
        super().__init__(f"{name} is not in force{asked}, as known on {_known_day(known_at):%Y-%m-%d}. {first}")


class BrokenParametersError(ValueError):
    """A parameter file cannot be used; the message names the file, the parameter and the fault."""


@dataclass(frozen=True, slots=True)
class _Edition:
    """What was published by a day: each parameter's values, the days on which any begins, all values from each on."""

    values: dict[str, tuple[Value, ...]]
    seams: list[date]
    eras: list[dict[str, Value]]  # one more than seams: before the first of them nothing is in force


class Law:
    """All parameters with all their dated values; ask `on(day, known_at)` for the ones of a day."""

    def __init__(self, parameters: Mapping[str, tuple[Value, ...]]) -> None:
        self.parameters = dict(parameters)
        self.version = _version(self.parameters)
        self._publications = sorted({v.cite.published for values in parameters.values() for v in values})
        self._editions = [_edition(parameters, day) for day in (date.min, *self._publications)]

    def on(self, day: date, known_at: datetime) -> "DatedLaw":
        """The values in force on `day` of what was published by `known_at` (aware; its date in Berlin decides)."""
        edition = self._edition(known_at)
        return DatedLaw(self, day, known_at, edition.eras[bisect_right(edition.seams, day)])

    def published(self, name: str, known_at: datetime) -> tuple[Value, ...]:
        """The values of one parameter published by `known_at`, oldest first; KeyError for a name nobody defined."""
        return self._edition(known_at).values[name]

    def begins(self, known_at: datetime, names: Iterable[str] | None = None) -> date:
        """The first day on which every parameter (or every one of `names`) is in force; NotInForce if there is none."""
        published = self._edition(known_at).values
        wanted = list(names or self.parameters)
        for name in wanted:
            if not published[name]:
                raise NotInForce(name, None, known_at, None)
        return max(published[name][0].since for name in wanted)

    def seams(self, known_at: datetime, names: Iterable[str] | None = None) -> list[date]:
        """All days on which a parameter (or one of `names`) published by `known_at` begins or changes, in order."""
        published = self._edition(known_at).values
        return sorted({value.since for name in (names or self.parameters) for value in published[name]})

    def _edition(self, known_at: datetime) -> _Edition:
        return self._editions[bisect_right(self._publications, _known_day(known_at))]


@dataclass(frozen=True, slots=True)
class DatedLaw:
    """The law of one day as known at an instant: `law["reserve.target_ha"]` is the Value in force."""

    law: Law
    day: date
    known_at: datetime
    _in_force: dict[str, Value]

    def __getitem__(self, name: str) -> Value:
        """The value in force; NotInForce if there is none on the day, KeyError for a name nobody defined."""
        if name in self._in_force:
            return self._in_force[name]
        published = self.law.published(name, self.known_at)
        raise NotInForce(name, self.day, self.known_at, published[0].since if published else None)


def load(folder: Path = FOLDER) -> Law:
    """The law of all TOML files in a folder; BrokenParametersError if one of them is incomplete or inconsistent."""
    parameters: dict[str, tuple[Value, ...]] = {}
    for path in sorted(folder.glob("*.toml")):
        for name, entries in _tables(path).items():
            try:
                parameters[f"{path.stem}.{name}"] = _values(f"{path.stem}.{name}", entries)
            except ValueError as fault:
                raise BrokenParametersError(f"{path.name}: {name}: {fault}") from fault
    if not parameters:
        raise BrokenParametersError(f"{folder}: no parameters found")
    return Law(parameters)


def _known_day(known_at: datetime) -> date:
    if known_at.tzinfo is None:
        raise ValueError("known_at needs a time zone")
    return known_at.astimezone(BERLIN).date()


def _edition(parameters: Mapping[str, tuple[Value, ...]], known: date) -> _Edition:
    values = {name: _bounded([v for v in all_ if v.cite.published <= known]) for name, all_ in parameters.items()}
    seams = sorted({value.since for published in values.values() for value in published})
    eras: list[dict[str, Value]] = [{}]
    for seam in seams:
        begun = {value.name: value for published in values.values() for value in published if value.since == seam}
        eras.append({**eras[-1], **begun})
    return _Edition(values, seams, eras)


def _bounded(values: list[Value]) -> tuple[Value, ...]:
    """The values with each one's end where the next of them begins."""
    starts = [value.since for value in values]
    return tuple(replace(value, until=end) for value, end in zip_longest(values, starts[1:]))


def _tables(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BrokenParametersError(f"{path.name}: {fault}") from fault


def _values(name: str, entries: Any) -> tuple[Value, ...]:
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("an array of tables is needed")
    values = [_value(name, entry) for entry in entries]
    for earlier, later in pairwise(values):
        if later.since <= earlier.since:
            raise ValueError(f"from {later.since} does not come after {earlier.since}")
        if _kind(later.value) != _kind(earlier.value):
            raise ValueError(f"the value from {later.since} is of another type than the one before")
    return _bounded(values)


def _value(name: str, entry: dict[str, Any]) -> Value:
    _exact_keys(entry, {"from", "value", "cite"}, set())
    since = _day(entry["from"], "from")
    return Value(name, _content(name, entry["value"]), since, None, _cite(entry["cite"]))


def _content(name: str, raw: Any) -> Content:
    if isinstance(raw, list):
        items = [_content(name, item) for item in raw]
        if not items or len(set(items)) != len(items):
            raise ValueError("a list holds something, and each once")
        if all(isinstance(item, str) for item in items):
            return tuple(item for item in items if isinstance(item, str))
        if all(isinstance(item, Decimal) for item in items):
            return tuple(item for item in items if isinstance(item, Decimal))
        raise ValueError("a list holds codes only or quantities only")
    if isinstance(raw, int) and not isinstance(raw, bool) and name.endswith(AREA_UNITS):
        return Decimal(raw)
    if isinstance(raw, bool | int | str) or (isinstance(raw, Decimal) and raw.is_finite()):
        return raw
    raise ValueError(f"value {raw!r} is neither yes/no, number, text nor a list of these")


def _kind(value: Content) -> tuple[type, ...]:
    if isinstance(value, tuple):
        return (tuple, *{type(item) for item in value})
    return (type(value),)


def _cite(raw: Any) -> Cite:
    if not isinstance(raw, dict):
        raise ValueError("cite is missing or no table")
    known = {field.name for field in fields(Cite)}
    _exact_keys(raw, known - {"paragraph"}, {"paragraph"})
    for key in ("text", "url", "paragraph"):
        if key in raw and not (isinstance(raw[key], str) and raw[key].strip()):
            raise ValueError(f"cite.{key} is empty")
    if not raw["url"].startswith(("https://", "http://")):
        raise ValueError("cite.url is no web address")
    if not raw["text"].partition(":")[-1].strip():
        raise ValueError("cite.text is not of the form 'source: wording'")
    published, checked = _day(raw["published"], "cite.published"), _day(raw["checked"], "cite.checked")
    if checked < published:
        raise ValueError("cite.checked is before cite.published")
    return Cite(raw["text"], raw["url"], published, checked, raw.get("paragraph"))


def _day(raw: Any, key: str) -> date:
    if type(raw) is not date:  # a datetime is a date to isinstance
        raise ValueError(f"{key} is no date")
    return raw


def _exact_keys(table: dict[str, Any], needed: set[str], optional: set[str]) -> None:
    if missing := sorted(needed - table.keys()):
        raise ValueError(f"{', '.join(missing)} missing")
    if surplus := sorted(table.keys() - needed - optional):
        raise ValueError(f"{', '.join(surplus)} not understood")


def _version(parameters: Mapping[str, tuple[Value, ...]]) -> str:
    content = json.dumps([RULES_VERSION, sorted((name, repr(values)) for name, values in parameters.items())])
    return f"{RULES_VERSION}-{hashlib.sha256(content.encode()).hexdigest():.12}"


LAW = load()
