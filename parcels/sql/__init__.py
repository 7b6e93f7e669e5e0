"""The longer statements, one a file; what they do is said in their first lines."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text


@cache
def statement(name: str) -> TextClause:
    """The statement of `<name>.sql`; a colon is a bound parameter."""
    return text((Path(__file__).parent / f"{name}.sql").read_text("utf-8"))
