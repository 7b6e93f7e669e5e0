"""A source of official data, fetched into one file for the gate: an OGC API Features page by page, or a plain download.

Of a page, only its links and numbers are looked at; its features go on as they are. What a page says of itself is checked
against the others, so that a pass that is not whole never becomes a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO

from parcels.importing.fetching import Fetcher
from parcels.importing.shelf import COMPLETE, SPOILT, Page, Shelf, not_kept, take_up
from parcels.sources import CRS, Source

GEOJSON = "application/geo+json, application/json;q=0.9"
ANYTHING = "*/*"
MOST_FEATURES = 1_000_000_000
MOST_BRACKETS = 1_000_000  # of a page: 500 parcels have some 10,000
OnPage = Callable[[int, int, "int | None"], None]


@dataclass(frozen=True, slots=True)
class Collected:
    """A source in one file: how it came about."""

    file: Path
    features: int | None
    pages: int
    unchanged: int
    resumed: int
    bytes: int
    requests: int
    began_at: datetime


def collect(
    source: Source,
    folder: Path,
    fetcher: Fetcher,
    now: datetime,
    on_page: OnPage = lambda pages, features, matched: None,
) -> Collected:
    """Fetch a source into `folder`, going on where a pass was interrupted; Refused names the source, the address, the remedy.

    Pages read stay for the next try. The file is written only when the pass is whole. The caller holds the folder (`alone`).
    """
    file = folder / f"{source.name}.{source.format}"
    features = None
    try:
        file.unlink(missing_ok=True)  # of a sync that was killed while it was imported
        shelf = take_up(folder, source.first, now)
        resumed = len(shelf.pages)
        with fetcher.open():
            _Pass(source, shelf, fetcher, on_page).walk()
        if source.kind == "download":
            _download(shelf, file)
        else:
            features = _one_file(source, shelf, fetcher, file)
        shelf.end(COMPLETE)
    except OSError as problem:
        raise not_kept(folder, problem) from problem
    had = {page.sha256 for page in shelf.before.values()}
    unchanged = sum(page.sha256 in had for page in shelf.pages[resumed:])
    return Collected(
        file, features, len(shelf.pages), unchanged, resumed, fetcher.taken, fetcher.requests, shelf.began_at
    )


@dataclass
class _Pass:
    """One way over the pages of a source."""

    source: Source
    shelf: Shelf
    fetcher: Fetcher
    on_page: OnPage

    def walk(self) -> None:
        """Page by page to the last one; what contradicts itself spoils the pass."""
        pages = self.shelf.pages
        url = pages[-1].next if pages else self.source.first
        features = sum(page.features for page in pages)
        hashes, asked = {page.sha256 for page in pages}, {page.url for page in pages}
        while url is not None:
            page = self._page(url)
            features += page.features
            self._check(page, features, hashes, asked)
            hashes.add(page.sha256)
            asked.add(page.url)
            self.shelf.add(page)
            self.on_page(len(pages), features, page.matched)
            url = page.next
        matched = pages[-1].matched
        if matched is not None and matched != features:
            said = f"says that there are {matched} features, and gives {features}: nothing is taken. Sync again later."
            self._spoilt("incomplete", self.source.first, said)

    def _page(self, url: str) -> Page:
        """The page of an address: as it was, if the service says so, else fetched and looked at."""
        known = self.shelf.known(url)
        accept = GEOJSON if self.source.kind == "features" else ANYTHING
        answer = self.fetcher.get(url, self.shelf.part, accept, known.validators() if known else None)
        if known is not None and not answer.fresh:
            return known
        if "html" in answer.media_type:
            said = "answers with a web page and not with data. Check the source's address, or what the service says."
            raise self.fetcher.refusal("unexpected-answer", url, said)
        page = Page(url, answer.sha256, answer.size, etag=answer.etag, modified=answer.modified)
        if self.source.kind == "features":
            self._check_crs(url, answer.crs)
            content = parsed(self.fetcher, url, self.shelf.part.read_bytes())
            page = self._described(page, content)
        self.shelf.keep(page.sha256)
        return page

    def _described(self, page: Page, content: dict[str, Any]) -> Page:
        """A page with what it says of itself: how many features there are in all, and where it goes on."""
        matched = content.get("numberMatched")
        if type(matched) is not int:  # a service may leave it out, or say "unknown"
            matched = None
        elif not 0 <= matched <= MOST_FEATURES:
            said = f"says a number of features that cannot be ({str(matched)[:20]}). Check the source's address."
            raise self.fetcher.refusal("unexpected-answer", page.url, said)
        onward = self._next(page.url, content)
        return replace(page, features=len(content["features"]), matched=matched, next=onward)

    def _check_crs(self, url: str, stated: str) -> None:
        """Asked for one CRS a service may well answer in another, and only this header tells."""
        wanted = self.source.crs or ""
        if stated.removeprefix("https").removeprefix("http") == wanted.removeprefix("https").removeprefix("http"):
            return
        said = f"answers in {stated[:200] or 'a CRS that it does not state (header Content-Crs)'}, asked for {wanted}."
        raise self.fetcher.refusal(
            "crs-wrong", url, f"{said} Check which CRS the collection lists, and the source's `crs`."
        )

    def _next(self, url: str, content: dict[str, Any]) -> str | None:
        """Where it goes on: on the same host only."""
        links = content.get("links")
        found = [
            link
            for link in (links if isinstance(links, list) else [])
            if isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str)
        ]
        if not found:
            return None
        liked = [link for link in found if "json" in str(link.get("type", "json"))]
        return self.fetcher.onward(url, str((liked or found)[0]["href"]))

    def _check(self, page: Page, features: int, hashes: set[str], asked: set[str]) -> None:
        """A page may not repeat another, nor change how many features there are, nor lead on for ever."""
        pages = self.shelf.pages
        if page.sha256 in hashes or page.url in asked or (page.next is not None and not page.features):
            self._spoilt(
                "page-repeats", page.url, "repeats a page, or goes on without end: nothing is taken. Sync again later."
            )
        if pages and page.matched != pages[0].matched:
            moved = f"says {page.matched} features, where it were {pages[0].matched}: the data changed meanwhile. Sync again."
            self._spoilt("moved", page.url, moved)
        if page.matched is not None and features > page.matched:
            more = f"says that there are {page.matched} features, and gives more: nothing is taken. Sync again later."
            self._spoilt("incomplete", page.url, more)
        if len(pages) >= self.fetcher.manners.pages:
            said = f"has more than {self.fetcher.manners.pages:,} pages: nothing is taken. Give a larger page_size."
            self._spoilt("too-large", page.url, said)

    def _spoilt(self, kind: str, url: str, said: str) -> NoReturn:
        self.shelf.end(SPOILT)
        raise self.fetcher.refusal(kind, url, said)


def parsed(fetcher: Fetcher, url: str, content: bytes) -> dict[str, Any]:
    """A page as JSON within bounds; Refused where it is no collection of features."""
    why = "no JSON"
    if content.count(b"[") + content.count(b"{") > MOST_BRACKETS:
        why = f"more than {MOST_BRACKETS:,} brackets"
    else:
        try:
            page = json.loads(content, parse_constant=_no_number)
        except (ValueError, RecursionError):
            page = None
        if isinstance(page, dict):
            features = page.get("features")
            whole = isinstance(features, list) and all(isinstance(feature, dict) for feature in features)
            if whole and page.get("type") == "FeatureCollection":
                return page
            why = "no collection of features"
    said = f"answers with {why}. Check the source's address, or what the service says."
    raise fetcher.refusal("unexpected-answer", url, said)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _download(shelf: Shelf, file: Path) -> None:
    """The one file under the name by which it is recorded."""
    shelf.part.write_bytes(shelf.read(shelf.pages[0]))
    shelf.part.replace(file)


def _one_file(source: Source, shelf: Shelf, fetcher: Fetcher, file: Path) -> int:
    """All pages as one GeoJSON that states its CRS; returns how many features it has. One page is held at a time."""
    crs = {"type": "name", "properties": {"name": CRS[source.crs or ""]}}
    count = 0
    with shelf.part.open("w", encoding="ascii") as out:
        out.write(f'{{"type": "FeatureCollection", "crs": {json.dumps(crs)}, "features": [')
        for feature in _features(shelf, fetcher):
            _write(out, feature, count)
            count += 1
        out.write("\n]}\n")
    shelf.part.replace(file)
    return count


def _write(out: TextIO, feature: dict[str, Any], count: int) -> None:
    out.write(",\n" if count else "\n")
    out.write(json.dumps(feature, separators=(",", ":")))  # ascii: what is no text in UTF-8 stays as it was escaped


def _features(shelf: Shelf, fetcher: Fetcher) -> Iterator[dict[str, Any]]:
    """Every feature once: one that comes twice means that the data changed between two pages."""
    seen: set[str] = set()
    for page in shelf.pages:
        for feature in parsed(fetcher, page.url, shelf.read(page))["features"]:
            if (identity := feature.get("id")) is not None:
                named = str(identity)
                if named in seen:
                    shelf.end(SPOILT)
                    said = f"gives the feature {named[:60]!r} twice: the data changed meanwhile. Sync again."
                    raise fetcher.refusal("moved", page.url, said)
                seen.add(named)
            yield feature


__all__ = ["Collected", "collect"]
