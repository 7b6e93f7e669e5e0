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


def counted(tables: str, target: int = 1) -> str:
    """Lets the planner know how many rows are in the tables; how their values are spread would take longer to find out."""
    return f"SET LOCAL default_statistics_target = {target}; ANALYZE {tables}; SET LOCAL default_statistics_target = DEFAULT"


def _read(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")


# A role's own limit holds where it is shorter.
_AT_MOST = """
CASE WHEN current_setting('statement_timeout')::interval BETWEEN '1ms' AND '30s' THEN current_setting('statement_timeout')
     ELSE '30s' END
"""
_FEW = {
    **dict.fromkeys(("enable_hashjoin", "enable_mergejoin", "enable_seqscan"), "'off'"),
    "plan_cache_mode": "'force_generic_plan'",
    "statement_timeout": _AT_MOST,
}


def _planning(settings: dict[str, str]) -> str:
    calls = ", ".join(f"set_config('{name}', {value}, true)" for name, value in settings.items())
    return f"concat({calls}) AS planning"


LED_BY_INDEX = _planning(_FEW)
"""An expression for where few rows of large tables are met: the planner keeps to indexes, plans once a connection, and no
statement takes longer than half a minute, however much lies over each other there."""

PLAIN = _planning(dict.fromkeys(_FEW, "NULL"))
"""An expression that sets all this back to what server, database, role and connection say."""
