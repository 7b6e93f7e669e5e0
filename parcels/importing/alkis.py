"""What only ALKIS says of parcels: keys in parts, parcels that are no more, predecessors and successors.

A file that has none of these columns passes as it is; in others they become the columns that the layer knows.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from parcels.importing.checks import Chunk, shown
from parcels.importing.contract import Issue, Kin, Limits, located
from parcels.importing.layers import LAYERS, spelled
from parcels.importing.values import FIRST_YEAR, Doubt, Unreadable, day, key

Parts = dict[str, int]

# Of several columns for one part the first one counts: "land" is mostly a name, "landschl" never is.
PARTS = {
    "Land": ("landschl", "landesschluessel", "land"),
    "Gemarkung": ("gemaschl", "gemarkungsschluessel", "gemarkungsnummer", "gemarkungsnr", "gmkschl", "gmknr"),
    "Flur": ("flurschl", "flurnummer", "flurnr", "flur"),
    "Zaehler": ("flstnrzae", "zaehler", "flurstueckzaehler", "flurstuecksnummerzaehler"),
    "Nenner": ("flstnrnen", "nenner", "flurstuecknenner", "flurstuecksnummernenner"),
    "Folge": ("flurstuecksfolge", "folge"),
}
STATUS = ("fskstatus", "flurstuecksstatus", "flststatus")
SINCE = ("zeitpunktderentstehung",)
UNTIL = ("zeitpunktderhistorisierung", "endet")
BEFORE = ("predecessors", "predecessor", "vorgaenger", "vorgaengerflurstueckskennzeichen")
AFTER = ("successors", "successor", "nachfolger", "nachfolgerflurstueckskennzeichen")

BERLIN = ZoneInfo("Europe/Berlin")
MOST_KIN = 300_000  # that a file may state; a city has as many parcels
_BETWEEN = re.compile(r"[\s,;|\[\]{}()\"']+")
_EMPTY = re.compile(r"[_0]*")
_FLUR = re.compile(r"(?:Flur\s*)?(\d{1,3})", re.IGNORECASE | re.ASCII)


S = TypeVar("S", bound=Any)


@dataclass
class Told:
    """What a file says beside its rows: findings, which parcel follows which, and which rows are of parcels that are no more."""

    limits: Limits
    issues: list[Issue] = field(default_factory=list)
    kin: list[Kin] = field(default_factory=list)
    historic: list[int] = field(default_factory=list)
    always: int = 0
    unkept: int = 0

    def notes(self) -> list[Issue]:
        """All findings, those that are counted only at their end."""
        if self.unkept:
            said = f"{self.unkept} more predecessors and successors than {MOST_KIN} are stated, and not kept: split the file."
            self.issues.append(Issue(None, None, "successors", "too-much-kin", "warning", said, str(self.unkept)))
        if not self.always:
            return self.issues
        said = (
            f"{self.always} parcels came to be before {FIRST_YEAR}, as far as days are kept: they hold since always "
            "(ALKIS dates what it does not know 1600 or 1900)."
        )
        return [*self.issues, Issue(None, None, "valid_from", "since-always", "note", said, str(self.always))]

    def since(self, cell: object) -> object:
        """A day on which a parcel came to be, None ("always") where that was before days are kept."""
        year = re.match(r"\d{4}", str(cell))
        if year and int(year[0]) < FIRST_YEAR:
            self.always += 1
            return None
        return cell


def understood(source: S, limits: Limits) -> tuple[S, Told]:
    """The source with the layer's own columns in place of ALKIS's, and what it tells once all its rows are read."""
    told = source.told or Told(limits)
    reading = _Reading(source.names, told)
    if not reading.consumed:
        return source, told
    return replace(source, names=reading.names, chunks=reading.chunks_of(source.chunks)), told


class _Reading:
    """Which columns of a file are taken together, and what becomes of the cells of a chunk."""

    def __init__(self, found: list[str], told: Told) -> None:
        self.found, self.told = found, told
        self.key = _first(found, _aliases("key"))
        self.parts = {part: name for part, aliases in PARTS.items() if (name := _first(found, aliases))}
        if not {"Gemarkung", "Zaehler"} <= set(self.parts):
            self.parts = {}
        self.status = _first(found, STATUS)
        self.days = {name: _first(found, _aliases(name)) for name in ("valid_from", "valid_to")}
        self.since = None if self.days["valid_from"] else _first(found, SINCE)
        self.until = None if self.days["valid_to"] else _first(found, UNTIL)
        self.kin = {"before": _first(found, BEFORE), "after": _first(found, AFTER)}
        helpers = (*self.parts.values(), self.status, self.since, self.until, *self.kin.values())
        self.consumed = [name for name in dict.fromkeys(helpers) if name]

    @property
    def names(self) -> list[str]:
        """The columns as the layer finds them: without those that are taken together, with those that come of them."""
        made = [name for name in self._made() if name not in self.found]
        kept = [name for name in self.found if name not in self.consumed]
        return kept + made

    def _made(self) -> dict[str, str]:
        """The columns that are made or altered, by the name under which the layer asks for them."""
        made = {self.key or "key": "key"} if self.parts else {}
        if self.since:
            made["valid_from"] = "valid_from"
        if self.until or self.status:
            made[self.days["valid_to"] or "valid_to"] = "valid_to"
        return made

    def chunks_of(self, chunks: Callable[[list[str]], Iterator[Chunk]]) -> Callable[[list[str]], Iterator[Chunk]]:
        """The file's chunks with the columns that the layer asks for."""

        def read(used: list[str]) -> Iterator[Chunk]:
            beside = [name for name in (self.key, *self.days.values()) if name]
            asked = list(dict.fromkeys([name for name in used if name in self.found] + self.consumed + beside))
            for chunk in chunks(asked):
                cells = dict(zip(asked, chunk.cells, strict=True))
                for name, meaning in self._made().items():
                    cells[name] = getattr(self, f"_{meaning}")(cells, len(chunk.rows))
                self._relate(chunk.rows, cells)
                if self.status:
                    self.told.historic += [
                        row for row, cell in zip(chunk.rows, cells[self.status], strict=True) if _historic(cell)
                    ]
                yield replace(chunk, cells=[cells[name] for name in used])

        return read

    def _key(self, cells: dict[str, Sequence[Any]], count: int) -> list[Any]:
        """The whole keys; where a file has none they are built, where it has both they are compared."""
        nothing: Sequence[Any] = [None] * count
        parts = [cells[self.parts[part]] if part in self.parts else nothing for part in PARTS]
        home, folge = self.told.limits.land, "Folge" in self.parts
        if self.key is None:
            return [_or_doubt(row, home) for row in zip(*parts, strict=True)]
        wholes = cells[self.key]
        return [_compared(whole, row, home, folge) for whole, *row in zip(wholes, *parts, strict=True)]

    def _valid_from(self, cells: dict[str, Sequence[Any]], count: int) -> list[Any]:
        return [self.told.since(cell) for cell in cells[self.since or ""]]

    def _valid_to(self, cells: dict[str, Sequence[Any]], count: int) -> list[Any]:
        """The day on which a parcel was no more; a parcel that is historic must have one."""
        column = self.until or self.days["valid_to"]
        ends = [day_of(cell) for cell in cells[column]] if column else [None] * count
        if self.status is None:
            return ends
        return [
            _without_end(cell, self.status) if end in (None, "") and _historic(cell) else end
            for end, cell in zip(ends, cells[self.status], strict=True)
        ]

    def _relate(self, rows: Sequence[int], cells: dict[str, Sequence[Any]]) -> None:
        """Note who follows whom, as the rows state it."""
        own = cells.get(self.key or "key")
        if own is None:
            return
        for side, column in self.kin.items():
            if column is None:
                continue
            dated = self.days["valid_from"] or "valid_from" if side == "before" else self.days["valid_to"] or "valid_to"
            days = cells.get(dated, [None] * len(rows))
            for row, one, others, on in zip(rows, own, cells[column], days, strict=True):
                relate(self.told, row, one, _listed(others), on, side)


def relate(told: Told, row: int, one: object, others: Iterable[str], on: object, side: str) -> None:
    """Note the parcels that a row names before or after its own; what is no key is a warning, and not kept."""
    name = "predecessors" if side == "before" else "successors"
    for other in others:
        try:
            own, named = key(one, told.limits.land), key(other, told.limits.land)
            when = day(on)
        except Unreadable as problem:
            label = shown(one)
            said = f"{located(row, label, name)}: '{shown(other)}' is not kept as one of them, it or its row {problem}."
            if len(told.issues) <= told.limits.issues:
                told.issues.append(Issue(row, label, name, "malformed-kin", "warning", said, shown(other)))
            continue
        if not (own and named) or own == named:
            continue
        if len(told.kin) >= MOST_KIN:
            told.unkept += 1
            continue
        told.kin.append(Kin(row, named, own, when) if side == "before" else Kin(row, own, named, when))


def _listed(cell: object) -> list[str]:
    """The keys in a cell: a list, or a text with commas, semicolons or blanks between them."""
    if cell is None or isinstance(cell, float):
        return []
    texts = [cell] if isinstance(cell, str) else list(cell) if isinstance(cell, Iterable) else [str(cell)]
    return [one for text in texts for one in _BETWEEN.split(str(text)) if one]


def _aliases(column: str) -> tuple[str, ...]:
    found = next(one for one in LAYERS["parcels"].columns if one.name == column)
    return (found.name, *found.aliases)


def _first(found: Sequence[str], aliases: Iterable[str]) -> str | None:
    """The file's column for the first of these names that it has."""
    spellings = {spelled(name): name for name in reversed(found)}
    return next((spellings[spelled(alias)] for alias in aliases if spelled(alias) in spellings), None)


def built(row: Sequence[Any], home: str) -> str:
    """The 20 characters of a key from Land, Gemarkung, Flur, Zaehler, Nenner and Folge; Unreadable where they make none."""
    land, gemarkung, flur, zaehler, nenner, folge = row
    start = _start(land, gemarkung, flur, home)
    number = _digits(zaehler, "Zaehler", 5)
    if number is None:
        raise Unreadable("malformed-part", "has no Zaehler: fill it in, or give the whole Flurstueckskennzeichen")
    return start + number + (_digits(nenner, "Nenner", 4) or "____") + (_digits(folge, "Folge", 2) or "__")


@functools.lru_cache(maxsize=4096, typed=True)
def _start(land: Any, gemarkung: Any, flur: Any, home: str) -> str:
    """Land, Gemarkung and Flur. A key of the Gemarkung (6) holds that of the Land, one of the Flur (9) both; where no column
    holds the Land, it is the register's."""
    within = _plain(gemarkung) or ""
    own = _plain(land)
    if re.fullmatch(r"\d{6}", within, re.ASCII):
        stated, number = within[:2], within[2:]
    else:
        stated, number = None, _digits(gemarkung, "Gemarkung", 4) or ""
    if own is not None and re.fullmatch(r"\d{1,2}", own, re.ASCII):
        own = own.zfill(2)
        if stated not in (None, own):
            raise Unreadable(
                "malformed-part", f"has the Land {own} and a Gemarkung of Land {stated}: correct one of them"
            )
        stated = own
    elif own is not None and stated is None:
        raise Unreadable("malformed-part", f"has the Land '{shown(own)}': write its number, two digits")
    if not number:
        raise Unreadable("malformed-part", "has no Gemarkung: fill it in, or give the whole Flurstueckskennzeichen")
    start = (stated or home) + number
    return start + _flur(flur, start)


def _flur(cell: Any, start: str) -> str:
    found = _plain(cell)
    if found is None:
        return "___"
    if re.fullmatch(r"\d{6}(?:\d{3}|___)", found, re.ASCII):
        if not found.startswith(start):
            raise Unreadable(
                "malformed-part", f"has a Flur of {found[:6]} in the Gemarkung {start}: correct one of them"
            )
        found = found[6:]
    if _EMPTY.fullmatch(found):
        return "___"
    number = _FLUR.fullmatch(found)
    if number is None:
        raise Unreadable("malformed-part", f"has the Flur '{shown(found)}': write its number, at most three digits")
    return number[1].zfill(3)


def _digits(cell: Any, part: str, most: int) -> str | None:
    """A part of the key with its leading zeros; None where it is missing, as empty, zero or underscores."""
    found = _plain(cell)
    if found is None or _EMPTY.fullmatch(found):
        return None
    number = found.lstrip("0")
    if not (number.isascii() and number.isdigit()) or len(number) > most:
        raise Unreadable("malformed-part", f"has the {part} '{shown(cell)}': write its number, at most {most} digits")
    return number.zfill(most)


def _plain(cell: Any) -> str | None:
    if cell is None or cell != cell:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() or None


def _or_doubt(row: Sequence[Any], home: str) -> str | Doubt:
    try:
        return built(row, home)
    except Unreadable as problem:
        return Doubt("/".join(_plain(cell) or "-" for cell in row), problem.kind, str(problem))


def _compared(whole: Any, row: Sequence[Any], home: str, folge: bool) -> Any:
    """The whole key as it stands, unless its parts make another one; a row without parts has nothing to compare."""
    if _plainly(whole, row, home):
        return whole
    missing = any(_EMPTY.fullmatch(_plain(row[part]) or "") for part in (1, 3))
    if missing or not isinstance(whole, str) or len(whole.strip()) != 20:
        return whole if _plain(whole) else _or_doubt(row, home)
    try:
        parts = built(row, home)
    except Unreadable as problem:
        return Doubt(whole, problem.kind, f"{problem}, or leave the parts out")
    length = 20 if folge else 18
    if _empties(whole.strip())[:length] == parts[:length]:
        return whole
    said = f"is not what its parts make ({parts}): correct the one that is wrong, or leave the parts out"
    return Doubt(whole, "key-contradiction", said)


def _plainly(whole: Any, row: Sequence[Any], home: str) -> bool:
    """Whether key and parts agree at first sight, as most do: without Nenner and Folge."""
    land, gemarkung, flur, zaehler, nenner, folge = row
    if nenner or folge or not isinstance(zaehler, str) or not isinstance(whole, str):
        return False
    try:
        return bool(whole == f"{_start(land, gemarkung, flur, home)}{zaehler:0>5}______")
    except Unreadable:
        return False


def _empties(whole: str) -> str:
    """The key with underscores where Flur, Nenner or Folge are zero."""
    parts = whole[6:9], whole[14:18], whole[18:]
    flur, nenner, folge = ("_" * len(part) if _EMPTY.fullmatch(part) else part for part in parts)
    return whole[:6] + flur + whole[9:14] + nenner + folge


def _historic(cell: Any) -> bool:
    return isinstance(cell, str) and cell.strip().casefold().startswith("histor")


def _without_end(cell: Any, column: str) -> Doubt:
    said = f"in '{shown(column)}' says that the parcel is no more, but not since when: give its valid_to, or leave the row out"
    return Doubt(str(cell), "historic-without-end", said)


def day_of(cell: Any) -> Any:
    """The day in Hamburg of an instant, as ALKIS notes when something was recorded; anything else stays as it is."""
    try:
        instant = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell))
    except ValueError:
        return cell
    return cell if instant.tzinfo is None else instant.astimezone(BERLIN).date().isoformat()
