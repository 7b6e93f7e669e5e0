"""The demo register's dissolutions, candidates, milestones and pledge: entered through the same functions as by HTTP.

All of it is invented, and entered once: each entry is sent under a key of its own, so that the same again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import shapely
from sqlalchemy.orm import Session

from app import candidates, dissolutions, pledges
from app.candidate_bodies import CandidateIn, MilestoneIn
from app.dissolution_bodies import DissolutionIn
from app.pledge_bodies import PledgeIn
from app.replacement_edge import Recording
from app.web.language import DEFAULT, translator
from parcels import delivering
from parcels.demo import STEPS
from parcels.demo.estates import ESTATES
from parcels.demo.fields import FIELDS
from parcels.demo.plots import area
from parcels.tokens import Token

FIRST_AT = STEPS[-1].at + timedelta(hours=1)
CLERK = Token("demo", "demo", "planner", FIRST_AT, None, None, None)
FACTS: dict[str, Any] = {
    **{"restricted": False, "emission_limited": False, "around_the_clock": True, "hazard_class": "none"},
    **{"rail": False, "quay": False, "contaminated": False},
}


class Loss(NamedTuple):
    """Land of an estate, of a side and a share of it, that a plan takes for another use on a day, and what is stated of it."""

    reference: str
    estate: str
    plan: str
    side: str
    share: float
    lost_on: str
    facts: dict[str, Any]


class Offer(NamedTuple):
    """A field with its planned Nettobauland, what is stated of it, and its milestones: kind, planned on, done on."""

    field: str
    planned_m2: int
    facts: dict[str, Any]
    steps: tuple[tuple[str, str | None, str | None], ...]


LOST = (
    Loss(
        "W/SL/0007/2025 (fiktiv)",
        "Hasselgrund",
        "16",
        "east",
        0.28,
        "2025-08-01",
        {"road_m": 2_700, "firm_kinds": ["craft"]},
    ),
    Loss(
        "H/SL/0013/2026 (fiktiv)",
        "Heidschlag",
        "13",
        "south",
        0.4,
        "2027-06-01",
        {"road_m": 1_600, "firm_kinds": ["classic"]},
    ),
)
OFFERED = (
    Offer(
        "Krähenacker",
        81_000,
        {"road_m": 1_900, "fibre": True, "firm_kinds": ["classic", "craft", "logistics"]},
        (
            *(("started", None, "2022-03-15"), ("display", None, "2024-05-06"), ("adopted", None, "2026-06-30")),
            *(("in_force", "2027-01-15", None), ("funding", None, "2026-02-11")),
            *(("servicing", "2027-03-31", None), ("available", "2027-05-01", None)),
        ),
    ),
    Offer(
        "Distelkamp",
        112_000,
        {"road_m": 3_400, "firm_kinds": ["classic", "logistics"]},
        (
            *(("started", None, "2025-02-18"), ("participation", None, "2026-04-23"), ("display", "2027-03-01", None)),
            *(("adopted", "2027-12-15", None), ("in_force", "2028-03-01", None), ("funding", "2027-06-30", None)),
            *(("servicing", "2029-05-31", None), ("available", "2029-09-01", None)),
        ),
    ),
    Offer(
        "Schilfwisch",
        70_000,
        {"road_m": 4_100, "fibre": True, "firm_kinds": ["craft", "knowledge"]},
        (
            *(("started", None, "2023-09-12"), ("display", None, "2025-11-03"), ("adopted", "2026-09-30", None)),
            *(("in_force", "2027-02-01", None), ("servicing", "2027-08-31", None), ("available", "2027-10-01", None)),
        ),
    ),
)
PLEDGED = (LOST[1].reference, OFFERED[0].field, 60_000)


def load(session: Session) -> None:
    """Enter what is not there yet, each thing as if a second after the one before. The caller commits."""
    records = (Recording(session, CLERK, FIRST_AT + timedelta(seconds=n), translator(DEFAULT)) for n in count())
    lost = {one.reference: _dissolution(next(records), one) for one in LOST}
    offered = {one.field: _candidate(records, one) for one in OFFERED}
    reference, field, net_m2 = PLEDGED
    body = {"dissolution": lost[reference], "candidate": offered[field], "net_m2": net_m2}
    pledges.pledge(next(records), PledgeIn.model_validate(body), "demo pledge")
    delivering.fan_out(session, next(records).now)  # as of the register itself: its past is told to nobody


def _dissolution(record: Recording, loss: Loss) -> int:
    estate = next(one for one in ESTATES if one.name == loss.estate)
    drawn = json.loads(shapely.to_geojson(area(estate, loss.side, loss.share)))
    said = {
        "reference": loss.reference,
        "cause": "plan_change",
        "plan": f"{loss.estate} {loss.plan} (fiktiv)",
        "site": {"geometry": drawn, "crs": "EPSG:25832"},
        "designation": "GE",
        "lost_on": loss.lost_on,
        "facts": {**FACTS, **loss.facts},
    }
    return dissolutions.enter(record, DissolutionIn.model_validate(said), f"demo {loss.reference}")


def _candidate(records: Iterator[Recording], offer: Offer) -> int:
    field = next(one for one in FIELDS if one.name == offer.field)
    said = {
        "name": f"{offer.field} (fiktiv)",
        "designation": "GE",
        "site": {"parcels": [field.key]},
        "planned_net_m2": offer.planned_m2,
        "facts": {**FACTS, **offer.facts},
    }
    number = candidates.enter(next(records), CandidateIn.model_validate(said), f"demo {offer.field}")
    for kind, planned_on, done_on in offer.steps:
        step = MilestoneIn.model_validate({"kind": kind, "planned_on": planned_on, "done_on": done_on})
        candidates.state(next(records), number, step, f"demo {offer.field} {kind}")
    return number
