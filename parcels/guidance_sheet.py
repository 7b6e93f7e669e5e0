"""A mapping of a guidance's file while it is read: what its fields hold, and every fault of theirs with line and remedy."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from parcels.guidance_text import Fault, Items, Node, Scalar, Table, shown
from parcels.importing.values import FIRST_YEAR, FORBIDDEN, LARGEST_M2, LAST_YEAR

T = TypeVar("T")
Code = TypeVar("Code", bound=StrEnum)
LONGEST = 2_000
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMBER = re.compile(r"\d{1,10}(\.\d{1,4})?", re.ASCII)
FIRST_DAY, LAST_DAY = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
YES_NO = {"true": True, "yes": True, "false": False, "no": False}


class WrongError(Exception):
    """A value that its field cannot take: why, and what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


@dataclass
class Sheet:
    """A mapping of the file while it is read: which fields were asked for, and the faults found so far."""

    table: Table
    path: str
    faults: list[Fault]
    asked: set[str] = field(default_factory=set)

    def value(self, name: str, reader: Callable[[str], T]) -> T | None:
        """A field's value; None where it is missing, empty or at fault."""
        self.asked.add(name)
        line, node = self.table.fields.get(name, (0, None))
        if node is None or (isinstance(node, Scalar) and node.text is None):
            return None
        return self._read(line, name, node, reader)

    def needed(self, name: str, reader: Callable[[str], T], instead: T) -> T:
        """The same for a field that must be there; `instead` goes on in its place once the fault is noted."""
        before = len(self.faults)
        found = self.value(name, reader)
        if found is None and len(self.faults) == before:
            line = self.table.fields.get(name, (self.table.line, None))[0]
            self.fault(line, name, "It is missing", f"Give `{name}:`.")
        return instead if found is None else found

    def values(self, name: str, reader: Callable[[str], T]) -> tuple[T, ...]:
        """A list of values, each once; empty where the field is missing."""
        self.asked.add(name)
        line, node = self.table.fields.get(name, (0, None))
        if node is None or (isinstance(node, Scalar) and node.text is None):
            return ()
        if not isinstance(node, Items) or not node.nodes:
            self.fault(line, name, "This is no list", "Write `[a, b]`; leave the field out where it asks nothing.")
            return ()
        found = [self._read(one.line, f"{name}[{n}]", one, reader) for n, one in enumerate(node.nodes)]
        good = tuple(one for one in found if one is not None)
        if len(set(good)) < len(good):
            self.fault(line, name, "A value is given twice", "Give each once.")
        return good

    def sheets(self, name: str, most: int) -> list[Sheet]:
        """A list of mappings; empty where the field is missing or empty."""
        self.asked.add(name)
        line, node = self.table.fields.get(name, (0, None))
        if node is None or (isinstance(node, Scalar) and node.text is None):
            return []
        if not isinstance(node, Items) or not all(isinstance(one, Table) for one in node.nodes):
            self.fault(line, name, "This is no list of mappings", "Begin each with `- ` and a field.")
            return []
        if len(node.nodes) > most:
            self.fault(line, name, f"There are {len(node.nodes)}", f"{most} at most.")
        tables = [one for one in node.nodes if isinstance(one, Table)]
        return [Sheet(one, f"{self.path}{name}[{n}].", self.faults) for n, one in enumerate(tables[:most])]

    def inner(self, name: str) -> Sheet:
        """A mapping inside; an empty one where the field is missing."""
        self.asked.add(name)
        line, node = self.table.fields.get(name, (self.table.line, None))
        if node is None or (isinstance(node, Scalar) and node.text is None):
            return Sheet(Table(line, {}), f"{self.path}{name}.", self.faults)
        if not isinstance(node, Table):
            self.fault(line, name, "This is no mapping", "Write `name: value` below it.")
            node = Table(line, {})
        return Sheet(node, f"{self.path}{name}.", self.faults)

    def only(self, *also: str) -> None:
        """Note every field that was not asked for."""
        for name, (line, _) in self.table.fields.items():
            if name not in self.asked:
                known = ", ".join(sorted({*self.asked, *also}))
                self.fault(line, shown(name), "There is no such field", f"Known are {known}.")

    def line(self, name: str) -> int:
        """Where a field stands."""
        return self.table.fields.get(name, (self.table.line, None))[0]

    def fault(self, line: int, name: str, message: str, remedy: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(line, f"{self.path}{name}", message, remedy))

    def _read(self, line: int, name: str, node: Node, reader: Callable[[str], T]) -> T | None:
        if not isinstance(node, Scalar) or node.text is None:
            self.fault(line, name, "This is no value", "Write one value.")
            return None
        try:
            return reader(node.text)
        except WrongError as wrong:
            self.fault(line, name, wrong.message, wrong.remedy)
            return None


def text(written: str) -> str:
    """Text in one line, NFC, without control characters."""
    found = unicodedata.normalize("NFC", " ".join(written.split()))
    if not found:
        raise WrongError("It is empty", "Write it down, or leave the field out.")
    if len(found) > LONGEST:
        raise WrongError(f"It has {len(found)} characters", f"{LONGEST} at most.")
    if FORBIDDEN.search(found):
        raise WrongError("It holds control characters", "Remove control and direction characters.")
    return found


def day(written: str) -> date:
    """A calendar day as YYYY-MM-DD."""
    try:
        found = date.fromisoformat(written) if DAY.fullmatch(written) else None
    except ValueError:
        found = None
    if found is None or not FIRST_DAY <= found <= LAST_DAY:
        raise WrongError(f"'{shown(written)}' is no day", f"Write YYYY-MM-DD, {FIRST_YEAR} to {LAST_YEAR}.")
    return found


def yes_no(written: str) -> bool:
    """Yes or no."""
    if written.lower() not in YES_NO:
        raise WrongError(f"'{shown(written)}' is neither yes nor no", "Write true or false.")
    return YES_NO[written.lower()]


def number(written: str) -> Decimal:
    """A quantity that is not negative, with a point before its decimals."""
    found = Decimal(written) if NUMBER.fullmatch(written) else None
    if found is None or found > LARGEST_M2:
        raise WrongError(
            f"'{shown(written)}' is no quantity", "Write digits, with a point before four decimals at most."
        )
    return found


def one_of(known: Iterable[Code], what: str) -> Callable[[str], Code]:
    """A reader of codes of one list."""
    codes = {code.value: code for code in known}

    def code(written: str) -> Code:
        if written not in codes:
            raise WrongError(f"There is no {what} '{shown(written)}'", f"Use one of {', '.join(codes)}.")
        return codes[written]

    return code
