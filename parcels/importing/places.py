"""Where the rows of a file of XML stand in it: the line of each, and of an archive the member."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from parcels.importing.contract import Issue


class Places:
    """The lines of a file's rows, as the reader tells them, in stretches of rows that follow one another."""

    def __init__(self) -> None:
        self._first: list[int] = []
        self._lines: list[array[int]] = []
        self._members: list[str | None] = []

    def add(self, told: dict[str, Any]) -> None:
        """Rows from `row` on stand in these `lines`, of an archive in this `member`."""
        self._first.append(int(told["row"]))
        self._lines.append(array("I", told["lines"]))
        self._members.append(told["member"])

    def of(self, issue: Issue) -> Issue:
        """The issue with its place in the file, where that is known."""
        at = bisect_right(self._first, issue.row) - 1 if issue.row is not None else -1
        if at < 0 or issue.row is None:
            return issue
        lines, offset = self._lines[at], issue.row - self._first[at]
        return replace(issue, member=self._members[at], line=lines[offset] if offset < len(lines) else None)


def told(first_row: int, lines: Sequence[int], member: str | None = None) -> dict[str, Any]:
    """What the reader says of rows that follow one another, beginning with the number `first_row`."""
    return {"row": first_row, "lines": list(lines), "member": member}
