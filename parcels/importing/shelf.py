"""The pages of one source as they were fetched, kept in a folder with a journal: what is interrupted goes on where it was."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from parcels.importing.contract import Refused
from parcels.importing.fetching import Validators

JOURNAL = "journal.jsonl"
GOES_ON_WITHIN = timedelta(hours=24)  # later, the pages read before would not fit those to come
COMPLETE, SPOILT = "complete", "spoilt"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it came from, the hash that its file is named by, what it said of itself."""

    url: str
    sha256: str
    size: int
    features: int = 0
    matched: int | None = None
    next: str | None = None
    etag: str | None = None
    modified: str | None = None

    def validators(self) -> Validators:
        """To ask whether it is unchanged."""
        return Validators(self.etag, self.modified)


@dataclass
class Shelf:
    """One pass over a source: its pages so far, and those of earlier passes by their address."""

    folder: Path
    first: str
    began_at: datetime
    pages: list[Page] = field(default_factory=list)
    before: dict[str, Page] = field(default_factory=dict)

    def path(self, sha256: str) -> Path:
        """The file of a page."""
        return self.folder / f"{sha256}.page"

    @property
    def part(self) -> Path:
        """Where an answer is written while it comes."""
        return self.folder / "answer.part"

    def known(self, url: str) -> Page | None:
        """The page that an address gave before, if it is still here whole."""
        page = self.before.get(url)
        with suppress(OSError):
            if page is not None and self.path(page.sha256).stat().st_size == page.size:
                return page
        return None

    def read(self, page: Page) -> bytes:
        """A page's content; Refused where the file is not what was fetched."""
        with suppress(FileNotFoundError):
            content = self.path(page.sha256).read_bytes()
            if hashlib.sha256(content).hexdigest() == page.sha256:
                return content
            self.path(page.sha256).unlink()
        self.end(SPOILT)
        raise Refused(
            "damaged", f"A page kept in {self.folder} is not what was fetched: sync again, it is fetched anew."
        )

    def keep(self, sha256: str) -> None:
        """The answer just fetched becomes a page's file."""
        self.part.replace(self.path(sha256))

    def add(self, page: Page) -> None:
        """The pass has come so far; from now on it goes on behind this page."""
        self.pages.append(page)
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            _line(journal, {"page": asdict(page)})
            journal.flush()
            os.fsync(journal.fileno())

    def end(self, how: str) -> None:
        """The pass is over: complete, or spoilt, so that the next one begins anew; its pages stay to be compared with."""
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            _line(journal, {"end": how})
        if how == COMPLETE:
            kept = {self.path(page.sha256) for page in self.pages}
            for file in set(self.folder.glob("*.page")) - kept:
                file.unlink()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder for one sync at a time; the lock ends with its process."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as problem:
        raise not_kept(folder, problem) from problem
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("busy", f"Another sync is at work in {folder}: wait until it is done.") from None
        yield


def not_kept(folder: Path, problem: OSError) -> Refused:
    """The refusal where the disk or its rights stand in the way."""
    said = f"What is fetched cannot be kept in {folder} ({problem.strerror or problem}): make room, or set LANDRESERVE_HOME."
    return Refused("not-kept", said)


def take_up(folder: Path, first: str, now: datetime) -> Shelf:
    """The pass that was interrupted, where it was of the same address and not long ago; else a new one."""
    header, before, pages, ended = _journal(folder / JOURNAL)
    if header.get("first") != first:
        before, pages, ended = {}, [], None
    if pages and ended is None:
        began_at = datetime.fromisoformat(header["began_at"])
        if now - began_at < GOES_ON_WITHIN:
            return _begun(Shelf(folder, first, began_at, pages, before))
    return _begun(Shelf(folder, first, now, before={**before, **{page.url: page for page in pages}}))


def _begun(shelf: Shelf) -> Shelf:
    """Written anew: a last line that was cut would swallow the next one."""
    new = shelf.folder / f"{JOURNAL}.new"
    with new.open("w", encoding="utf-8") as journal:
        _line(journal, {"first": shelf.first, "began_at": shelf.began_at.isoformat()})
        for page in shelf.before.values():
            _line(journal, {"before": asdict(page)})
        for page in shelf.pages:
            _line(journal, {"page": asdict(page)})
        journal.flush()
        os.fsync(journal.fileno())
    new.replace(shelf.folder / JOURNAL)
    return shelf


def _journal(path: Path) -> tuple[dict[str, Any], dict[str, Page], list[Page], str | None]:
    """What the journal says, up to the first line that is not whole."""
    header: dict[str, Any] = {}
    before: dict[str, Page] = {}
    pages: list[Page] = []
    ended = None
    try:
        with path.open(encoding="utf-8") as journal:
            header = json.loads(next(journal, "{}"))
            datetime.fromisoformat(header.get("began_at", ""))
            for line in journal:
                said = json.loads(line)
                if "page" in said:
                    pages.append(Page(**said["page"]))
                elif "before" in said:
                    page = Page(**said["before"])
                    before[page.url] = page
                else:
                    ended = said["end"]
    except FileNotFoundError:
        return {}, {}, [], None
    except (ValueError, TypeError, KeyError, AttributeError):
        if not header.get("began_at"):
            return {}, {}, [], None
    return header, before, pages, ended


def _line(journal: IO[str], said: dict[str, Any]) -> None:
    journal.write(json.dumps(said, ensure_ascii=True) + "\n")
