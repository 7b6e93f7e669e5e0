"""What is said of a kind of problem."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind: its HTTP status, its title in English and German, and what it means."""

    status: int
    title: str
    titel: str
    bedeutung: str
    meaning: str
