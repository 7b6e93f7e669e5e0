"""One answer of a service of others, fetched politely and within bounds, into a file. What it holds is nobody's business here."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2

from parcels.importing.contract import Refused
from parcels.sources import host_of

REDIRECTS = 3
MOST_URL = 2_000
MOVED = frozenset((301, 302, 303, 307, 308))
AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))


@dataclass(frozen=True, slots=True)
class Manners:
    """How often, how long and how much is asked of a service."""

    requests_per_second: float = 2.0
    attempts: int = 5
    first_pause: float = 1.0
    longest_pause: float = 120.0  # a service that asks for a longer one is left alone
    silence_seconds: float = 30.0
    answer_seconds: float = 300.0
    answer_bytes: int = 32 << 20
    bytes: int = 4 << 30
    pages: int = 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the file's size and hash, and the headers that matter; `fresh` is False where it is what we had."""

    fresh: bool
    sha256: str = ""
    size: int = 0
    media_type: str = ""
    crs: str = ""
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """What a service gave with an answer that we still have, to be asked whether it is unchanged."""

    etag: str | None
    modified: str | None

    def headers(self) -> dict[str, str]:
        """The conditional request; the ETag says more than the date."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified} if self.modified else {}


class _AgainError(Exception):
    """It may work later; `pause` is how long the service asks to be left alone."""

    def __init__(self, said: str, pause: float | None = None) -> None:
        super().__init__(said)
        self.pause = pause


@dataclass
class Fetcher:
    """Asks one host on behalf of a source; refusals name the source, the address and what to do."""

    source: str
    host: tuple[str, str]
    agent: str
    clock: Callable[[], datetime]
    manners: Manners = field(default_factory=Manners)
    proxy: str | None = None
    on_pause: Callable[[float, str], None] = lambda seconds, why: None
    wait: Callable[[float], None] = time.sleep
    taken: int = 0
    requests: int = 0
    _last: float | None = None
    _client: httpx2.Client | None = None

    @contextmanager
    def open(self) -> Iterator[Fetcher]:
        """Holds the connection: the environment's proxies, passwords and certificates do not count, redirects are ours."""
        limits = httpx2.Timeout(self.manners.silence_seconds)
        headers = {"User-Agent": self.agent, "Accept-Encoding": "identity"}
        with httpx2.Client(headers=headers, timeout=limits, trust_env=False, proxy=self.proxy) as client:
            self._client = client
            yield self
            self._client = None

    def refusal(self, kind: str, url: str, said: str) -> Refused:
        """A refusal that names the source and the address."""
        return Refused(kind, f"{self.source}: {url[:MOST_URL]} {said}")

    def onward(self, url: str, link: str) -> str:
        """Where a link or redirect of an address leads; Refused where that is away from the source's host."""
        try:
            target = urljoin(url, link)
            if host_of(target) == self.host and len(target) <= MOST_URL and target.isprintable():
                return target
        except ValueError:
            target = link
        said = f"leads to {target[:200]!r}, away from its host, which is not followed. Check the source's address."
        raise self.refusal("foreign-link", url, said)

    def get(self, url: str, into: Path, accept: str, known: Validators | None = None) -> Answer:
        """Fetch an address into a file, which is whole or not there; try again where that may help."""
        manners = self.manners
        for attempt in range(1, manners.attempts + 1):
            try:
                return self._asked(url, into, accept, known)
            except _AgainError as again:
                pause = again.pause if again.pause is not None else manners.first_pause * 2 ** (attempt - 1)
                if attempt == manners.attempts or pause > manners.longest_pause:
                    raise self._gave_up(url, attempt, again, pause) from again
                self.on_pause(pause, str(again))
                self.wait(pause)
        raise AssertionError("there is at least one attempt")

    def _gave_up(self, url: str, attempts: int, last: _AgainError, pause: float) -> Refused:
        tried = f"did not answer as it should in {attempts} {'try' if attempts == 1 else 'tries'}"
        later = f" It asks to be left alone for {pause:,.0f} s." if pause > self.manners.longest_pause else ""
        remedy = "What was read so far is kept: check the network (LANDRESERVE_SYNC_PROXY?) and sync again later."
        return self.refusal("unreachable", url, f"{tried} ({last}).{later} {remedy}")

    def _asked(self, url: str, into: Path, accept: str, known: Validators | None) -> Answer:
        """One try, over redirects that stay with the host."""
        headers = {"Accept": accept, **(known.headers() if known else {})}
        asked = url
        for _ in range(REDIRECTS + 1):
            self._keep_pace()
            with self._told(url), self._opened(asked, headers) as response:
                if response.status_code in MOVED:
                    asked = self.onward(asked, response.headers.get("location", ""))
                    continue
                return self._taken(url, response, into, known)
        raise self.refusal("unexpected-answer", url, "redirects again and again. Check the source's address.")

    def _opened(self, url: str, headers: dict[str, str]) -> Any:
        assert self._client is not None, "the fetcher is open"  # noqa: S101
        return self._client.stream("GET", url, headers=headers)

    @contextmanager
    def _told(self, url: str) -> Iterator[None]:
        """What the network did, in words; most of it may pass."""
        try:
            yield
        except httpx2.InvalidURL as problem:
            raise self.refusal("foreign-link", url, f"leads to an address that is none ({problem}).") from problem
        except httpx2.TimeoutException as problem:
            raise _AgainError("it took too long") from problem
        except httpx2.TransportError as problem:
            if isinstance(problem.__cause__, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(problem):
                said = f"has a certificate that cannot be trusted ({problem}). Check the network's certificates."
                raise self.refusal("untrusted", url, said) from problem
            raise _AgainError(str(problem)[:200] or type(problem).__name__) from problem

    def _keep_pace(self) -> None:
        """Not more requests a second than agreed."""
        if self._last is not None:
            due = self._last + 1 / self.manners.requests_per_second - time.monotonic()
            if due > 0:
                self.wait(due)
        self._last = time.monotonic()
        self.requests += 1

    def _taken(self, url: str, response: httpx2.Response, into: Path, known: Validators | None) -> Answer:
        status = response.status_code
        if status == 304 and known is not None and known.headers():
            return Answer(fresh=False)
        if status in AGAIN:
            raise _AgainError(f"status {status}", self._asked_pause(response.headers.get("retry-after")))
        if status != 200:
            remedy = "Check the source's address and `crs`: the service may have moved, or not offer it."
            raise self.refusal("unexpected-answer", url, f"answers with status {status} and not with data. {remedy}")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            said = (
                "answers compressed, although that was not asked for: it is not unpacked. Check the source's address."
            )
            raise self.refusal("unexpected-answer", url, said)
        sha256, size = self._saved(url, response, into)
        headers = response.headers
        return Answer(
            fresh=True,
            sha256=sha256,
            size=size,
            media_type=headers.get("content-type", "").partition(";")[0].strip().lower(),
            crs=headers.get("content-crs", "").strip().strip("<>"),
            etag=headers.get("etag"),
            modified=headers.get("last-modified"),
        )

    def _asked_pause(self, value: str | None) -> float | None:
        """Retry-After, as seconds or as an instant."""
        if value is None:
            return None
        if value.strip().isdigit():
            return float(value.strip()[:9])
        try:
            instant = parsedate_to_datetime(value)
        except ValueError:
            return None
        aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return max(0.0, (aware - self.clock()).total_seconds())

    def _saved(self, url: str, response: httpx2.Response, into: Path) -> tuple[str, int]:
        """The body as it comes, counted and hashed; what is too much or too slow is let go of at once."""
        digest, size, began = hashlib.sha256(), 0, time.monotonic()
        with into.open("wb") as file:
            for block in response.iter_raw():  # as it comes: gathered into blocks, the clock would not be looked at
                size += len(block)
                self.taken += len(block)
                if size > self.manners.answer_bytes or self.taken > self.manners.bytes:
                    raise self._too_much(url, size)
                if time.monotonic() - began > self.manners.answer_seconds:
                    raise _AgainError(f"the answer was not there after {self.manners.answer_seconds:,.0f} s")
                digest.update(block)
                file.write(block)
        return digest.hexdigest(), size

    def _too_much(self, url: str, size: int) -> Refused:
        one = size > self.manners.answer_bytes
        most = self.manners.answer_bytes if one else self.manners.bytes
        said = f"answers with more than {most >> 20} MiB{'' if one else ' in all'}"
        return self.refusal(
            "too-large", url, f"{said}, which is not taken. Check the source, or give a smaller page_size."
        )
