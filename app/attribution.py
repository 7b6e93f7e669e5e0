"""Whose data an answer rests on, said beside it: as a header of exports, as a line on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from app.schemas.common import Attribution


def headers(found: Sequence[Attribution]) -> dict[str, str]:
    """The licences as links (RFC 8288), with who is to be named as their titles; a CSV has no other place for them."""
    licensed = [one for one in found if one.licence_url]
    links = [f"<{one.licence_url}>; rel=\"license\"; title*=UTF-8''{quote(line(one), safe='')}" for one in licensed]
    return {"Link": ", ".join(dict.fromkeys(links))} if links else {}


def line(one: Attribution) -> str:
    """One source in a line, as dl-de/by-2-0 wants it: who, which licence, what, as of when."""
    licence = f", {one.licence}" if one.licence else ""
    return f"{one.attribution}{licence} ({one.title}, {one.as_of.isoformat()})"
