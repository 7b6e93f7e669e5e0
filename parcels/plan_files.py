"""The files that plans were read from, kept byte by byte as evidence: what a fact was read in can be read again.

A file lies in blocks, so that none has to be held as a whole. It is named by its SHA-256, as the facts name it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

BLOCK = 1 << 20


class FileAltered(RuntimeError):
    """The copy of a file is not what it was when it was read."""


class PlanFileUnknownError(LookupError):
    """No plan was read from a file of this SHA-256."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A kept file: the name under which it came first, its size, and in how many blocks it lies."""

    sha256: str
    name: str
    size_bytes: int
    blocks: int


def keep(session: Session, copy: Path, sha256: str) -> None:
    """Keep a file's content, once; FileAltered where it is not that of `sha256`: then nothing may be committed."""
    if session.execute(text("SELECT 1 FROM plan_file WHERE sha256 = :sha256 LIMIT 1"), {"sha256": sha256}).first():
        return
    digest = hashlib.sha256()
    with copy.open("rb") as file:
        for number, block in enumerate(iter(lambda: file.read(BLOCK), b"")):
            digest.update(block)
            session.execute(
                text("INSERT INTO plan_file (sha256, number, content) VALUES (:sha256, :number, :content)"),
                {"sha256": sha256, "number": number, "content": block},
            )
    if digest.hexdigest() != sha256:
        raise FileAltered("The copy of the file changed while it was read. Nothing was recorded: import it again.")


def find(session: Session, sha256: str) -> PlanFile:
    """A kept file; PlanFileUnknownError where there is none."""
    row = session.execute(text(_FIND), {"sha256": sha256}).one()
    if not row.blocks:
        raise PlanFileUnknownError(f"No plan was read from a file of the SHA-256 {sha256}.")
    return PlanFile(sha256, row.name or sha256, row.size_bytes, row.blocks)


def block(session: Session, sha256: str, number: int) -> bytes:
    """One block of a kept file, counted from 0."""
    found = session.execute(
        text("SELECT content FROM plan_file WHERE sha256 = :sha256 AND number = :number"),
        {"sha256": sha256, "number": number},
    )
    return bytes(found.scalar_one())


def content(session: Session, file: PlanFile) -> Iterator[bytes]:
    """A kept file, block by block."""
    return (block(session, file.sha256, number) for number in range(file.blocks))


_FIND = """
SELECT (SELECT source FROM recording WHERE sha256 = :sha256 ORDER BY at LIMIT 1) AS name,
       coalesce(sum(octet_length(content)), 0)::bigint AS size_bytes, count(*) AS blocks
FROM plan_file WHERE sha256 = :sha256
"""
