"""Loading a guidance: one version at a time, in one transaction; the same file again changes nothing, nothing is overwritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import guidance, history
from parcels.guidance_areas import MOST_VERTICES, Outline, outlines, placed, vertices
from parcels.guidance_file import GuidanceFile, read
from parcels.guidance_text import MOST_BYTES, Fault, GuidanceRefusedError

LAYER = "guidance"


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read, before anything of it is recorded."""

    name: str
    content: bytes
    sha256: str
    stated: GuidanceFile
    outlines: tuple[Outline, ...]
    zones_sha256: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did; `recording` is None where nothing changed. Versions of the document as they hold now, with warnings."""

    at: datetime
    recording: int | None
    versions: tuple[guidance.Version, ...]
    warnings: tuple[str, ...]


class _Stated(NamedTuple):
    """A version with the days that its file states."""

    file: int
    version: str
    valid_from: date
    valid_to: date | None


def source(path: Path) -> Source:
    """Read and check a file; GuidanceRefusedError with all its faults. It needs no database."""
    try:
        if not path.is_file():
            raise GuidanceRefusedError(
                Fault(None, None, f"{path.name} is no file", "Give the YAML file of one version.")
            )
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as wrong:
        said = f"{path.name} cannot be read ({wrong.strerror})"
        raise GuidanceRefusedError(Fault(None, None, said, "Check path and rights.")) from wrong
    stated = read(content)
    found, zones_sha256 = outlines(stated, path.parent)
    if vertices(found) > MOST_VERTICES:
        said = f"The zones have more than {MOST_VERTICES} vertices together"
        raise GuidanceRefusedError(Fault(None, "zones", said, "Simplify them."))
    return Source(path.name, content, hashlib.sha256(content).hexdigest(), stated, found, zones_sha256)


def load(session: Session, taken: Source, now: datetime, actor: str, note: str | None = None) -> Loaded:
    """Record a version within the session's transaction, which the caller commits (or not, to try it only).

    GuidanceRefusedError where its days overlap those of another version, or where it lies outside Hamburg.
    """
    at = history.lock(session, now)
    warnings = [*_backdated(taken.stated), *placed(session, taken.stated, taken.outlines)]
    file = _file(session, taken)
    one = _Stated(file, taken.stated.version, taken.stated.valid_from, taken.stated.valid_to)
    before = _stated(session, taken.stated.document)
    wanted = sorted([one, *(s for s in before if s.version != one.version)], key=lambda s: s.valid_from)
    days = _days(taken.stated.document, wanted)
    recording = _settle(session, taken, days, at, actor, note)
    held = [v for v in guidance.versions(session, at) if v.document == taken.stated.document]
    return Loaded(at, recording, tuple(held), (*warnings, *_gaps(held)))


def withdraw(session: Session, document: str, version: str, now: datetime, actor: str, note: str | None) -> Loaded:
    """Know of a version no more from now on, as if it had never been loaded; what was answered before stays answerable."""
    at = history.lock(session, now)
    before = _stated(session, document)
    if version not in {s.version for s in before}:
        known = ", ".join(s.version for s in before) or "none"
        said = f"There is no version '{version}' of '{document}'"
        raise GuidanceRefusedError(Fault(None, None, said, f"Versions of it: {known}."))
    days = _days(document, [s for s in before if s.version != version])
    closed, added = _amend(session, document, days, at)
    summary = json.dumps({"closed": closed, "added": added, "document": document, "withdrawn": version})
    number = history.record(session, at, "edit", actor, layer=LAYER, note=note, summary=summary)
    held = [v for v in guidance.versions(session, at) if v.document == document]
    return Loaded(at, number, tuple(held), tuple(_gaps(held)))


def _settle(
    session: Session,
    taken: Source,
    days: dict[int, tuple[date, date | None]],
    at: datetime,
    actor: str,
    note: str | None,
) -> int | None:
    closed, added = _amend(session, taken.stated.document, days, at)
    if not closed and not added:
        return None
    said = {"document": taken.stated.document, "version": taken.stated.version, "rules": len(taken.stated.rules)}
    summary = json.dumps({"closed": closed, "added": added, **said, "zones": len(taken.outlines)})
    told = {"layer": LAYER, "note": note, "source": taken.name, "sha256": taken.sha256, "summary": summary}
    return history.record(session, at, "import", actor, **told)


def _days(document: str, wanted: Sequence[_Stated]) -> dict[int, tuple[date, date | None]]:
    """On which days each version holds: one that states no end ends where the next begins."""
    for one, following in pairwise(wanted):
        if one.valid_from == following.valid_from or (one.valid_to and one.valid_to > following.valid_from):
            said = f"Versions {one.version} and {following.version} of '{document}' overlap from {following.valid_from}"
            remedy = (
                f"End {one.version} by then (valid_to: {following.valid_from}, or none), or load it corrected first."
            )
            raise GuidanceRefusedError(Fault(None, "valid_from", said, remedy))
    ends = [following.valid_from for following in wanted[1:]]
    return {one.file: (one.valid_from, one.valid_to or end) for one, end in zip_longest(wanted, ends)}


def _backdated(stated: GuidanceFile) -> list[str]:
    if stated.published is None or stated.published <= stated.valid_from:
        return []
    return [
        f"It was published on {stated.published}, after the first day on which it is to hold ({stated.valid_from})."
    ]


def _gaps(held: Sequence[guidance.Version]) -> list[str]:
    """Days between two versions on which none holds."""
    return [
        f"No version of '{one.document}' is in force from {one.valid_to} to {following.valid_from} (that day excluded): "
        "cases are to be checked then."
        for one, following in pairwise(held)
        if one.valid_to and one.valid_to < following.valid_from
    ]


def _stated(session: Session, document: str) -> list[_Stated]:
    return [_Stated(*row) for row in session.execute(text(_STATED), {"document": document})]


def _amend(session: Session, document: str, days: dict[int, tuple[date, date | None]], at: datetime) -> tuple[int, int]:
    """Close what holds no more and add what holds now; how many of each."""
    wanted = json.dumps([{"file": file, "since": str(d[0]), "until": d[1] and str(d[1])} for file, d in days.items()])
    bound = {"document": document, "wanted": wanted, "at": at}
    closed = session.execute(text(_CLOSE), bound).all()
    added = session.execute(text(_ADD), bound).all()
    return len(closed), len(added)


def _file(session: Session, taken: Source) -> int:
    """The row of the file as it was loaded, with its rules and zones; the same as before for the same file."""
    stated = taken.stated
    digest = guidance.digest(taken.sha256, taken.zones_sha256)
    found = session.execute(text("SELECT id FROM guidance_file WHERE digest = :digest"), {"digest": digest}).scalar()
    if found is not None:
        return int(found)
    bound = {
        **{name: getattr(stated, name) for name in _COLUMNS},
        "source": taken.name,
        "sha256": taken.sha256,
        "body": taken.content.decode("utf-8-sig"),
        "zones_source": stated.zones_file,
        "zones_sha256": taken.zones_sha256,
        "digest": digest,
    }
    file = int(session.execute(text(_INSERT_FILE), bound).scalar_one())
    rules = [
        {
            **{"file": file, "place": place, "rule": rule.id, "result": rule.result.value, "page": rule.page},
            **{"wording": rule.wording, "routes": [route.value for route in rule.routes]},
            **{"designations": list(rule.designations), "condition": guidance.as_json(rule.condition)},
        }
        for place, rule in enumerate(stated.rules, 1)
    ]
    if rules:
        session.execute(text(_INSERT_RULE), rules)
    if taken.outlines:
        named = [{"file": file, "name": outline.name, "geom": outline.geom} for outline in taken.outlines]
        session.execute(text(_INSERT_ZONE), named)
    return file


_COLUMNS = ("document", "version", "title", "published", "valid_from", "valid_to", "demonstration")
_INSERT_FILE = f"""
INSERT INTO guidance_file ({", ".join(_COLUMNS)}, source, sha256, body, zones_source, zones_sha256, digest)
VALUES ({", ".join(f":{name}" for name in _COLUMNS)}, :source, :sha256, :body, :zones_source, :zones_sha256, :digest)
RETURNING id
"""
_INSERT_RULE = """
INSERT INTO guidance_rule (file_id, place, rule, result, page, wording, routes, designations, condition)
VALUES (:file, :place, :rule, :result, :page, :wording, CAST(:routes AS text[]), CAST(:designations AS text[]),
        CAST(:condition AS jsonb))
"""
_INSERT_ZONE = "INSERT INTO guidance_zone (file_id, name, geom) VALUES (:file, :name, CAST(:geom AS geometry))"
_STATED = """
SELECT f.id, f.version, f.valid_from, f.valid_to
FROM guidance g JOIN guidance_file f ON f.id = g.file_id
WHERE g.document = :document AND upper_inf(g.known) ORDER BY f.valid_from
"""
_WANTED = """
WITH wanted AS (
    SELECT w.file, daterange(w.since, w.until) AS valid
    FROM jsonb_to_recordset(CAST(:wanted AS jsonb)) AS w(file bigint, since date, until date)
)
"""
_CLOSE = f"""{_WANTED}
UPDATE guidance g SET known = tstzrange(lower(g.known), CAST(:at AS timestamptz))
WHERE g.document = :document AND upper_inf(g.known)
    AND NOT EXISTS (SELECT FROM wanted w WHERE w.file = g.file_id AND w.valid = g.valid)
RETURNING g.id
"""
_ADD = f"""{_WANTED}
INSERT INTO guidance (document, file_id, valid, known)
SELECT CAST(:document AS text), w.file, w.valid, tstzrange(CAST(:at AS timestamptz), NULL)
FROM wanted w
WHERE NOT EXISTS (
    SELECT FROM guidance g
    WHERE g.document = CAST(:document AS text) AND upper_inf(g.known) AND g.file_id = w.file AND g.valid = w.valid
)
RETURNING id
"""
