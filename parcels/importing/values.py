"""Single values: what a cell of a file means as a text, key, area, yes or no, day or choice - or why it means nothing.

Every reader takes the cell as it came and returns its text for the database, None for "unknown", or raises Unreadable.
"""

import difflib
import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import numpy as np

from parcels.importing.contract import Options
from parcels.importing.layers import Column

Cell = object
Reader = Callable[[Cell], str | None]
PlainReader = Callable[[Sequence[Any]], Sequence[str] | None]

LONGEST_TEXT = 500
LARGEST_M2 = Decimal(10) ** 9
FIRST_YEAR, LAST_YEAR = 1900, 2200

# C0 and C1 controls, bidirectional controls, lone surrogates, BOM and the replacement of undecodable bytes
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_MISREAD = re.compile("\ufffd|[ÃÂ][\u0080-\u00bf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_KEY = re.compile(r"\d{6}(?:\d{3}|___)\d{5}(?:\d{4}|____)(?:\d{2}|__)", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([.,' \u00a0\u202f])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?(?:Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_SLASHED_DAY = re.compile(r"(\d{4})/(\d{2})/(\d{2})", re.ASCII)
_GERMAN_DAY = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
_WORDS = {
    **dict.fromkeys(("ja", "yes", "j", "y", "true", "wahr", "t", "1"), "true"),
    **dict.fromkeys(("nein", "no", "n", "false", "falsch", "f", "0"), "false"),
    **dict.fromkeys(("unbekannt", "unknown", "unklar", "-", "?", "k.a.", "k. a."), None),
}


class Unreadable(Exception):
    """A cell that means nothing certain: `kind` is the issue's code, the text says what is wrong and the remedy."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Doubt:
    """A cell that was found to be wrong before it is read: what stands there, the issue's code, what is wrong and the remedy."""

    cell: str
    kind: str
    said: str

    def __str__(self) -> str:
        return self.cell


def text(cell: Cell) -> str | None:
    """NFC text of at most 500 characters, blanks at the ends removed; empty is None."""
    if isinstance(cell, Doubt):
        raise Unreadable(cell.kind, cell.said)
    if cell is None or cell != cell:  # NaN stands for "no value" in numeric columns
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    found = str(cell).strip()
    if found.isascii() and found.isprintable() and len(found) <= LONGEST_TEXT:
        return found or None
    found = unicodedata.normalize("NFC", found)
    if len(found) > LONGEST_TEXT:
        raise Unreadable("text-too-long", f"has {len(found)} characters: shorten it to {LONGEST_TEXT}")
    if FORBIDDEN.search(found):
        raise Unreadable("control-character", "holds a control character: remove line breaks, tabs and invisible marks")
    return found or None


def misread(found: str | None) -> bool:
    """Whether a text looks as if its bytes had been read in the wrong encoding ("FlÃ¤che")."""
    return found is not None and not found.isascii() and _MISREAD.search(found) is not None


def key(cell: Cell, land: str) -> str | None:
    """A Flurstueckskennzeichen of 20 characters (AdV GeoInfoDok, AX_Flurstueck) of the given Land."""
    if isinstance(cell, str) and _KEY.fullmatch(cell) and cell.startswith(land):
        return cell
    if isinstance(cell, int | float) and cell == cell:
        raise Unreadable(
            "malformed-key", "is stored as a number, which loses digits: format the column as text and write it anew"
        )
    found = text(cell)
    if found is None:
        return None
    if not _KEY.fullmatch(found):
        raise Unreadable("malformed-key", _key_remedy(found))
    if not found.startswith(land):
        raise Unreadable(
            "foreign-key", f"belongs to Land {found[:2]}, not {land}: only parcels of Land {land} are kept here"
        )
    return found


def plain_keys(cells: Sequence[Any], land: str) -> Sequence[str] | None:
    """The cells as they are if `key` would take every one of them so; None where some need a closer look."""
    try:
        lines = "\n".join(cells)
    except TypeError:
        return None
    plain = len(lines) == 21 * len(cells) - 1 and _keys(land).fullmatch(lines)
    return cells if plain else None


@functools.cache
def _keys(land: str) -> re.Pattern[str]:
    one = rf"(?={re.escape(land)}){_KEY.pattern}"
    return re.compile(rf"{one}(?:\n{one})*", re.ASCII)


def _key_remedy(found: str) -> str:
    shape = "Land 2, Gemarkung 4, Flur 3, Zaehler 5, Nenner 4, Folge 2 digits; _ where Flur, Nenner, Folge are missing"
    if re.search(r"\s", found):
        return f"has blanks inside: write its 20 characters without blanks ({shape})"
    if len(found) != 20:
        return f"has {len(found)} characters instead of 20: write it in full ({shape})"
    return f"is not a Flurstueckskennzeichen: write digits and underscores only ({shape})"


def area(cell: Cell, positive: bool) -> str | None:
    """Square metres with at most 2 decimals (half up), decimal comma or point; never negative, at most 1e9."""
    amount = _amount(cell)
    if amount is None:
        return None
    if not amount.is_finite() or amount > LARGEST_M2:
        raise Unreadable("absurd-area", "is no possible area: give square metres, at most 1,000,000,000")
    if amount < 0 or (positive and amount == 0):
        raise Unreadable(
            "absurd-area",
            f"must be {'above zero' if positive else 'zero or more'}: give square metres or leave it empty",
        )
    rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if positive and rounded == 0:
        raise Unreadable("absurd-area", "rounds to zero square metres: give square metres or leave it empty")
    return str(rounded)


def plain_areas(cells: Sequence[Any]) -> Sequence[str] | None:
    """What `area` reads from cells that are numbers of at most 2 decimals, 1 m2 or more; None where one is not."""
    if not set(map(type, cells)) <= {int, float}:
        return None
    try:
        amounts = np.array(cells, dtype=np.float64)
    except OverflowError:
        return None
    plain = (amounts >= 1) & (amounts <= float(LARGEST_M2)) & (np.rint(amounts * 100) / 100 == amounts)
    return [f"{amount:.2f}" for amount in cells] if plain.all() else None


def _amount(cell: Cell) -> Decimal | None:
    if isinstance(cell, bool):
        raise Unreadable("unreadable-number", "is yes or no where square metres are wanted")
    if isinstance(cell, int | float):
        return Decimal(repr(cell)) if cell == cell else None
    found = text(cell)
    if found is None:
        return None
    if _AMBIGUOUS.fullmatch(found):
        raise Unreadable(
            "ambiguous-number", "may mean thousands or decimals: write it without a separator or with 2 decimals"
        )
    try:
        return Decimal(_undecorated(found))
    except InvalidOperation:
        raise Unreadable("unreadable-number", "is not a number: write square metres as 1234.5 or 1234,5") from None


def _undecorated(found: str) -> str:
    if _PLAIN.fullmatch(found):
        return found.replace(",", ".")
    if grouped := _GROUPED.fullmatch(found):
        return found.replace(grouped[1], "").replace(",", ".")
    return found if re.fullmatch(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}", found, re.ASCII) else "?"


def yes_no(cell: Cell) -> str | None:
    """'true' or 'false' for yes and no, ja and nein, 1 and 0; empty, '-' and 'unbekannt' are None."""
    found = text(str(cell) if isinstance(cell, bool) else cell)
    if found is None:
        return None
    if found.casefold() not in _WORDS:
        raise Unreadable("unreadable-yes-no", "is neither yes nor no: write ja, nein or leave it empty for unknown")
    return _WORDS[found.casefold()]


def day(cell: Cell) -> str | None:
    """An ISO date from a date, from 2025-12-31 or from 31.12.2025; years 1900 to 2200."""
    if isinstance(cell, datetime) and (cell.hour or cell.minute or cell.second):
        raise Unreadable("unreadable-date", "has a time of day: write the day alone, as 31.12.2025")
    if isinstance(cell, datetime | date):
        found = _in_range(cell.year, cell.month, cell.day)
    elif (written := text(cell)) is None:
        return None
    elif parts := _ISO_DAY.fullmatch(written) or _SLASHED_DAY.fullmatch(written):
        found = _in_range(int(parts[1]), int(parts[2]), int(parts[3]))
    elif parts := _GERMAN_DAY.fullmatch(written):
        found = _in_range(int(parts[3]), int(parts[2]), int(parts[1]))
    elif re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-](\d{2}|\d{4})", written):
        raise Unreadable("ambiguous-date", "may be read in more than one way: write it as 31.12.2025 or 2025-12-31")
    else:
        raise Unreadable("unreadable-date", "is not a date: write it as 31.12.2025 or 2025-12-31")
    return found


def _in_range(year: int, month: int, day_of_month: int) -> str:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable(
            "absurd-date",
            f"has the year {year}: years from {FIRST_YEAR} to {LAST_YEAR} are kept; leave it empty for always",
        )
    try:
        return date(year, month, day_of_month).isoformat()
    except ValueError:
        raise Unreadable("unreadable-date", "is a day that does not exist: correct it") from None


def choice(cell: Cell, known: frozenset[str], name: str) -> str | None:
    """One of the known values; spelled exactly, or alike but for case."""
    found = text(cell)
    if found is None or found in known:
        return found
    alike = [value for value in known if value.casefold() == found.casefold()]
    if len(alike) == 1:
        return alike[0]
    close = (
        difflib.get_close_matches(found, sorted(known), n=len(known) or 1, cutoff=0.0)
        if len(known) <= 200
        else sorted(known)
    )
    listed = ", ".join(close[:40]) or "none"
    raise Unreadable(
        f"unknown-{name}",
        f"is not a known {name}: use one of {listed} (closest first), or have it added to the parameters",
    )


def reader(column: Column, options: Options) -> Reader:
    """The function that reads the cells of a column."""
    if column.kind == "key":
        return functools.partial(key, land=options.limits.land)
    if column.kind == "area":
        return functools.partial(area, positive=column.positive)
    if column.kind == "choice" and (column.listed or column.name) in options.choices:
        known = options.choices[column.listed or column.name]
        return _remembering(lambda cell: choice(cell, known, column.name))
    return _remembering({"yes_no": yes_no, "day": day}.get(column.kind, text))


def plain_reader(column: Column, options: Options) -> PlainReader | None:
    """The function that reads the cells of a column at once where all of them are plain; None where there is none."""
    if column.kind == "key":
        return functools.partial(plain_keys, land=options.limits.land)
    return plain_areas if column.kind == "area" else None


def _remembering(read: Reader) -> Reader:
    """Few values stand in most cells of such a column: each is read once. 1, 1.0 and true stay apart."""
    return functools.lru_cache(maxsize=4096, typed=True)(read)
