"""ETags: an answer is the same as long as question, register, rules and form are; known before the answer is computed."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date

from app.answers import Asked
from app.clock import day
from rules.law import LAW

FORM = "3"  # bumped when the same question is answered in another form


class NotModified(Exception):
    """The caller has this answer already."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("not modified")
        self.headers = headers


def of(asked: Asked, today: date, path: str, query: Iterable[tuple[str, str]], form: str) -> str:
    """The opaque part of the ETag: what is published by the day of `known_at` belongs to the rules."""
    parts = [FORM, form, path, sorted(query), asked.on, today, asked.recorded_at, asked.fictitious, LAW.version]
    known = json.dumps([*parts, day(asked.known_at)], default=str)
    return hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def matches(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names this ETag; weakly, as RFC 9110 has it."""
    return header is not None and (header.strip() == "*" or opaque(etag) in map(opaque, header.split(",")))


def versions(header: str) -> list[str] | None:
    """The versions of a parcel that If-Match names; None for `*`. The part after the dot is the answer's, not the parcel's."""
    if header.strip() == "*":
        return None
    return [opaque(tag).partition(".")[0] for tag in header.split(",")]


def opaque(tag: str) -> str:
    """What stands between the quotes."""
    return tag.strip().removeprefix("W/").strip('"')
