"""YAML as a guidance's owner writes it: a bounded part of the language, read into nodes that know their line.

Every scalar stays the text that is written: what it means the field decides that it stands in (`version: 1.10` is no number,
`NO` no yes or no). Anchors, aliases, tags and further documents are refused, a key given twice as well. The parser is PyYAML's
own in Python: what it may be made to do is bounded by size, depth and number of nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

MOST_BYTES = 512 << 10
MOST_DEPTH = 12
MOST_NODES = 200_000
EMPTY = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong where: line (1 is the first; None the file as a whole), field, and what to do about it."""

    line: int | None
    field: str | None
    message: str
    remedy: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.field or "") if part)
        return f"{place}: {self.message}. {self.remedy}" if place else f"{self.message}. {self.remedy}"


class GuidanceRefusedError(Exception):
    """A guidance that is not taken; `faults` are all that were found, in the order of their lines."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults[:3])) + (f" ({len(faults)} faults)" if len(faults) > 3 else ""))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar as it is written; `text` is None for a plain one that is empty, `~` or `null`."""

    line: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    line: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping: by key its line and its value."""

    line: int
    fields: dict[str, tuple[int, Node]]


Node = Scalar | Items | Table


def parsed(content: bytes) -> Table:
    """The one mapping that a file holds; GuidanceRefusedError names the line of what cannot be taken."""
    if len(content) > MOST_BYTES:
        _refuse(None, f"The file has {len(content)} bytes", f"{MOST_BYTES} at most: give large areas in a zones_file.")
    try:
        written = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        _refuse(line, "This is no UTF-8 text", "Save the file as UTF-8.")
    try:
        found = _document(_bounded(yaml.parse(written, Loader=yaml.SafeLoader)))
    except yaml.YAMLError as wrong:
        raise GuidanceRefusedError(_of_yaml(written, wrong)) from wrong
    if not isinstance(found, Table):
        _refuse(found.line, "The file is no mapping", "Begin with `document:` in the first line.")
    return found


def plain(node: Node) -> Any:
    """A node as lists, dictionaries, numbers (where a text reads as one) and texts: for GeoJSON inside of the file."""
    if isinstance(node, Table):
        return {name: plain(value) for name, (_, value) in node.fields.items()}
    if isinstance(node, Items):
        return [plain(one) for one in node.nodes]
    try:
        return float(node.text or "")
    except ValueError:
        return node.text


def shown(written: str) -> str:
    """The beginning of what is written, for a message."""
    return "".join(c if c.isprintable() else "?" for c in written[:60])


def _refuse(line: int | None, message: str, remedy: str) -> NoReturn:
    raise GuidanceRefusedError(Fault(line, None, message, remedy))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _bounded(events: Iterator[Any]) -> Iterator[Any]:
    """The events of one document, as far as they are of the part of the language that is taken."""
    depth = nodes = documents = 0
    for event in events:
        line = _line(event)
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if documents > 1:
            _refuse(line, "A second document begins", "One file holds one version: remove `---`.")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse(line, "Anchors and aliases are not taken", "Write it out, or quote the text that begins so.")
        if getattr(event, "tag", None):
            _refuse(line, f"The tag {shown(event.tag)} is not taken", "Write the value without a tag.")
        if depth > MOST_DEPTH:
            _refuse(line, f"It is nested more than {MOST_DEPTH} deep", "Write it as docs/guidance.md shows.")
        if nodes > MOST_NODES:
            _refuse(line, f"There are more than {MOST_NODES} values", "Give large areas in a zones_file.")
        yield event


def _document(events: Iterator[Any]) -> Node:
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            found = _node(event, events)
            for _ in events:  # to the end, so that what follows is looked at too
                pass
            return found
    return Table(1, {})


def _node(event: Any, events: Iterator[Any]) -> Node:
    if isinstance(event, yaml.ScalarEvent):
        empty = event.style is None and event.value in EMPTY
        return Scalar(_line(event), None if empty else str(event.value))
    if isinstance(event, yaml.SequenceStartEvent):
        nodes = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            nodes.append(_node(inner, events))
        return Items(_line(event), tuple(nodes))
    return _table(event, events)


def _table(event: Any, events: Iterator[Any]) -> Table:
    fields: dict[str, tuple[int, Node]] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            _refuse(_line(key), "A key is no text", "Write `name: value`.")
        name, line = str(key.value), _line(key)
        if name in fields:
            _refuse(line, f"'{shown(name)}' is given twice, first in line {fields[name][0]}", "Give it once.")
        fields[name] = line, _node(next(events), events)
    return Table(_line(event), fields)


def _of_yaml(written: str, wrong: yaml.YAMLError) -> Fault:
    """What PyYAML says, in one sentence with its line."""
    if isinstance(wrong, yaml.MarkedYAMLError):
        mark = wrong.problem_mark or wrong.context_mark
        said = " ".join(part for part in (wrong.context, wrong.problem) if part)
        return Fault(mark.line + 1 if mark else None, None, f"This is no YAML ({said})", "Correct it; mind indents.")
    position = getattr(wrong, "position", None)
    line = written.count("\n", 0, position) + 1 if isinstance(position, int) else None
    return Fault(line, None, "The file holds characters that no text has", "Remove control characters.")
