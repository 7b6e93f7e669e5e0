"""Measuring: runs interleaved with a peer's, medians, and the memory that a process and its children hold."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Outcome:
    """One line of the table: medians of both sides, ours divided by the peer's, and the goal for that ratio.

    `unit` says what was measured; `at_most` whether the ratio must stay below the goal (times) or above it (rates); a goal
    of None means that none is set.
    """

    job: str
    unit: str
    ours: float
    peer: float
    goal: float | None
    at_most: bool
    runs: int

    @property
    def ratio(self) -> float:
        """Ours divided by the peer's."""
        return self.ours / self.peer

    @property
    def met(self) -> bool | None:
        """Whether the ratio reaches the goal; None where none is set."""
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(ours: Callable[[], float], peer: Callable[[], float], runs: int) -> tuple[float, float]:
    """Medians of both, measured in turn, so that what else the machine does falls on both alike."""
    pairs = [(ours(), peer()) for _ in range(runs)]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


class Peak:
    """The largest resident memory seen, in bytes, of this process and all its descendants together."""

    def __init__(self) -> None:
        self.bytes = 0

    def look(self) -> None:
        """Take one sample."""
        self.bytes = max(self.bytes, sum(_resident(pid) for pid in _family(os.getpid())))

    @contextmanager
    def watch(self, every: float = 0.02) -> Iterator[None]:
        """Sample from a thread as long as the block runs."""
        ended = threading.Event()

        def sample() -> None:
            while not ended.wait(every):
                self.look()

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.look()


def _family(pid: int) -> list[int]:
    """The process and its descendants; one that ends meanwhile is no longer listed."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += _family(int(child))
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):  # it has ended
        return 0
