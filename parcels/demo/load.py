"""Loading the demo register: its steps, each an ordinary import at the instant at which it is said to have been recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import delivering, guidance_loading
from parcels.demo.steps import FOLDER, GUIDANCE, STEPS, Step
from parcels.importing.store import LoadOptions, Report
from parcels.importing.store import load as load_one


class RegisterNotEmpty(Exception):
    """The demo register goes into an empty register only: fictitious land must not mix with real land."""


def load(session: Session, on_file: Callable[[int, int, str], None] = lambda done, total, name: None) -> list[Report]:
    """Load all steps in the session's transaction and mark the register as fictitious; raises RegisterNotEmpty."""
    if session.execute(text("SELECT EXISTS (SELECT FROM recording)")).scalar_one():
        raise RegisterNotEmpty(
            "The register holds recordings already. Load the demo into an empty one: give another LANDRESERVE_HOME."
        )
    # the files of a step become known one after the other, the last of them at the step's instant
    files = [
        (step, file, step.at - timedelta(microseconds=left))
        for step in STEPS
        for left, file in zip(range(len(step.files) - 1, -1, -1), step.files, strict=True)
    ]
    guidance_at, guidance_name = GUIDANCE
    reports = []
    loaded = False
    for done, (step, (layer, name, options), at) in enumerate(files):
        on_file(done, len(files), name)
        if not loaded and at > guidance_at:
            guidance_loading.load(session, guidance_loading.source(FOLDER / guidance_name), guidance_at, "demo")
            loaded = True
        reports.append(load_file(session, step, layer, name, options, at))
    session.execute(text("UPDATE register SET fictitious = true"))
    delivering.fan_out(session, STEPS[-1].at)  # who subscribes is told what comes, not of a past that never was
    on_file(len(files), len(files), "")
    return reports


def load_file(session: Session, step: Step, layer: str, name: str, options: dict[str, Any], at: datetime) -> Report:
    """Load one file of a step, known from `at`."""
    return load_one(session, layer, FOLDER / name, LoadOptions(**options), at, "demo", note=step.note)
