"""`python -m tests.bench`: measure the service against its peers in a private cluster of its own (fsync on)."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app import embedded
from parcels import db
from tests.bench import jobs, latency, serving
from tests.bench.measure import Outcome, Peak

MEMORY_GOAL_MIB = 500
JOBS = ("reserve", "rebuild", "sale", "import", "alert")


def main() -> None:
    """Read the arguments, run the jobs, print the table, write JSON where asked."""
    options = _arguments()
    console = Console()
    outcomes, peak, counts = run(options.cities, options.side, options.runs, options.only, console.print)
    console.print(_table(outcomes))
    console.print(f"Peak memory of the application: {peak >> 20} MiB (goal: under {MEMORY_GOAL_MIB}).")
    if options.json:
        found = [{**asdict(o), "ratio": o.ratio, "met": o.met} for o in outcomes]
        told = {"rows": counts, "outcomes": found, "peak_bytes": peak}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--cities", type=int, default=1, help="cities of 250,000 parcels side by side")
    parser.add_argument("--side", type=int, default=500, help="parcels along one side of a city")
    parser.add_argument("--runs", type=int, default=5, help="runs of ours and of the peer, in turn")
    parser.add_argument("--only", type=lambda names: names.split(","), default=JOBS, help=f"of {','.join(JOBS)}")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    options = parser.parse_args()
    if unknown := set(options.only) - set(JOBS):
        parser.error(f"no such job: {', '.join(sorted(unknown))}")
    return options


def run(
    cities: int, side: int, runs: int, only: tuple[str, ...], say: Callable[[str], None]
) -> tuple[list[Outcome], int, dict[str, int]]:
    """Build the city, run the jobs asked for; returns outcomes, peak bytes of the application, rows per layer."""
    peak = Peak()
    outcomes: list[Outcome] = []
    with embedded.temporary() as (home, urls), tempfile.TemporaryDirectory() as folder:
        engine = db.engine(urls.owner)
        db.migrate(engine)
        place = jobs.Place(home, engine, cities, side, runs, peak)
        counts = jobs.prepare(place)
        say("City: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
        work: dict[str, Callable[[], list[Outcome]]] = {
            "reserve": lambda: serving.reserve(place),
            "rebuild": lambda: jobs.rebuild(place),
            "import": lambda: jobs.load(place, Path(folder)),
            "sale": lambda: jobs.sale(place),
            "alert": lambda: latency.alert(place),
        }
        for name in (job for job in work if job in only):
            found = work[name]()
            say(f"{name}: done" if found else f"{name}: skipped, its peer is not installed")
            outcomes += found
        engine.dispose()
    return outcomes, peak.bytes, counts


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="Ours against the peer, medians of runs in turn")
    for name in ("job", "unit", "ours", "peer", "ratio", "goal", "met", "runs"):
        table.add_column(name, justify="left" if name in ("job", "unit") else "right")
    for o in outcomes:
        goal = "none" if o.goal is None else f"{'≤' if o.at_most else '≥'} {o.goal:g}"
        table.add_row(
            o.job,
            o.unit,
            f"{o.ours:,.2f}",
            f"{o.peer:,.2f}",
            f"{o.ratio:.2f}",
            goal,
            {True: "yes", False: "NO", None: ""}[o.met],
            str(o.runs),
        )
    return table


if __name__ == "__main__":
    main()
