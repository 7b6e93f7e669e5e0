"""Plans as they are answered."""

from collections.abc import Sequence
from dataclasses import asdict

from app.answers import Asked
from app.schemas.plans import PlanRow, PlansOut
from parcels.plan_listing import PlanSummary


def page(asked: Asked, found: Sequence[PlanSummary], following: str | None) -> PlansOut:
    """One page of the list."""
    rows = [PlanRow(**asdict(one)) for one in found]
    return PlansOut(**asked.knowledge(), on=asked.on, plans=rows, next=following)
