"""What is asked all the time about the line: where it stands, since when. One row and an index; nothing grows with the register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import line
from parcels.queries import SQUARE_METRES_PER_HECTARE
from rules.alerts import LineState, Series
from rules.law import LAW, NotInForce


@dataclass(frozen=True, slots=True)
class Standing:
    """The line as it was last evaluated: its day, both series in hectares and where they stand; the target of that day."""

    on: date
    hectares: dict[Series, Decimal]
    states: dict[Series, LineState]
    target_ha: Decimal | None


def standing(session: Session, known_at: datetime) -> Standing | None:
    """Where the line stands; None where nothing is watched yet, since nobody holds anything."""
    kept = session.execute(text("SELECT * FROM reserve_line WHERE evaluated_on IS NOT NULL")).one_or_none()
    if kept is None:
        return None
    hectares = {series: getattr(kept, name) / SQUARE_METRES_PER_HECTARE for series, name in line.AMOUNTS.items()}
    states = {series: LineState(getattr(kept, name)) for series, name in line.STATES.items()}
    try:
        target_ha = LAW.on(kept.evaluated_on, known_at)["reserve.target_ha"].amount
    except NotInForce:
        target_ha = None
    return Standing(kept.evaluated_on, hectares, states, target_ha)
