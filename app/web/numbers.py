"""Numbers in addresses."""

from __future__ import annotations


def number_of(given: str | None, largest: int) -> int | None:
    """What somebody wrote as a number from 1 to `largest`, if it can be one."""
    if given is None or not (given.isascii() and given.isdigit()) or len(given) > len(str(largest)):
        return None
    return number if 0 < (number := int(given)) <= largest else None
