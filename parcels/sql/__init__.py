"""The longer statements, one a file; what they do is said in their first lines."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

_STEP = re.compile(r"^(?:WITH )?(\w+) AS MATERIALIZED \((.*?)^\),?$", re.MULTILINE | re.DOTALL)


@cache
def statement(name: str) -> TextClause:
    """The statement of `<name>.sql`; a colon is a bound parameter."""
    return text(_read(name))


@cache
def steps(name: str) -> tuple[dict[str, str], str]:
    """The statement of `<name>.sql` taken apart: its materialized steps by name, in their order, and what it ends with."""
    whole = _read(name)
    found = list(_STEP.finditer(whole))
    return {step[1]: step[2] for step in found}, whole[found[-1].end() :]


def chained(queries: dict[str, str]) -> str:
    """Steps as the head of one statement."""
    return "WITH " + ",\n".join(f"{name} AS MATERIALIZED ({query})" for name, query in queries.items())


def _read(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")


def _planning(**settings: str) -> str:
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"concat({calls}) AS planning"


LED_BY_INDEX = _planning(
    enable_hashjoin="off", enable_mergejoin="off", enable_seqscan="off", plan_cache_mode="force_generic_plan"
)
"""An expression that makes the planner keep to indexes, and plan once a connection: where few rows of large tables are met."""

PLAIN = _planning(enable_hashjoin="on", enable_mergejoin="on", enable_seqscan="on", plan_cache_mode="auto")
"""An expression that gives the planner its freedom back."""
