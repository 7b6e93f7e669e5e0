"""Figures for a monitoring system, as Prometheus reads them: few, and of few rows."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from sqlalchemy.orm import Session

from app import clock
from app.auth import READER
from app.deps import Now, ReadSession
from parcels import alerts, delivery_retention, runs, subscriptions, undelivered, watching
from rules.alerts import LineState

router = APIRouter(include_in_schema=False)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=PlainTextResponse, dependencies=[READER])
def metrics(session: ReadSession, now: Now) -> PlainTextResponse:
    """The reserve as last evaluated, open alerts, and what waits. Where nothing is watched yet, its figures are missing."""
    lines = [line for name, told in _found(session, now).items() for line in _written(name, *told)]
    return PlainTextResponse("\n".join(lines) + "\n", headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)


Labels = tuple[tuple[str, str], ...]
Told = tuple[str, Mapping[Labels, Any]]


def _found(session: Session, now: datetime) -> dict[str, Told]:
    """What is told: name -> (help, {labels: value})."""
    waiting, alert = runs.waiting_since(session), undelivered.unattended_since(session, now)
    counted: dict[Labels, int] = {
        (("severity", str(one)),): count for one, count in alerts.open_counts(session).items()
    }
    return {
        **_reserve(session, now),
        "alerts_open": ("Alerts that last.", counted),
        "alerts_undelivered_age_seconds": ("Age of the oldest alert that nobody attends to.", {(): _age(alert, now)}),
        "alerts_waiting_age_seconds": (
            "Age of the oldest alert that is still tried, for a receiver has not taken it.",
            {(): _age(undelivered.waiting_since(session), now)},
        ),
        "deliveries": (
            "Deliveries of alerts that are kept, by what came of them.",
            _by_state(delivery_retention.counts(session)),
        ),
        "subscriptions": ("Receivers, by whether they take what is sent.", _by_state(subscriptions.counts(session))),
        "deliveries_deleted_total": (
            "Deliveries deleted since the database began to count, for they were kept long enough.",
            {(): delivery_retention.forgotten(session)},
        ),
        "imports_waiting": ("Imports in the queue.", {(): runs.waiting(session)}),
        "imports_waiting_age_seconds": ("Age of the oldest import in the queue.", {(): _age(waiting, now)}),
    }


def _by_state(counted: Mapping[Any, int]) -> dict[Labels, int]:
    return {(("state", str(state)),): count for state, count in counted.items()}


def _reserve(session: Session, now: datetime) -> dict[str, Told]:
    found = watching.standing(session, now)
    if found is None:
        return {}
    amounts: dict[Labels, Decimal] = {(("series", str(series)),): amount for series, amount in found.hectares.items()}
    states: dict[Labels, int] = {
        (("series", str(series)), ("state", str(state))): int(state is stands)
        for series, stands in found.states.items()
        for state in LineState
    }
    told: dict[str, Told] = {
        "reserve_hectares": ("The reserve as last evaluated, in hectares.", amounts),
        "line_state": ("Where a series stands towards its line: 1 for the state that it is in.", states),
        "line_evaluated_age_days": ("Days since the line was evaluated.", {(): (clock.day(now) - found.on).days}),
    }
    if found.target_ha is not None:
        told["target_hectares"] = ("The target of that day, in hectares.", {(): found.target_ha})
    return told


def _written(name: str, said: str, values: Mapping[Labels, Any]) -> Iterator[str]:
    yield f"# HELP landreserve_{name} {said}"
    yield f"# TYPE landreserve_{name} {'counter' if name.endswith('_total') else 'gauge'}"
    for labels, value in values.items():
        inner = ",".join(f'{key}="{one}"' for key, one in labels)
        shown = f"{value:f}" if isinstance(value, Decimal) else value
        yield f"landreserve_{name}{{{inner}}} {shown}" if inner else f"landreserve_{name} {shown}"


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since is not None else 0.0
