"""What the register says of a piece of land beside its size: its largest plot, its burdens, whether its area is eingeschränkt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import effects, overlays
from parcels.affected import Outlined
from parcels.limits import limited
from rules.facts import Outcome
from rules.law import LAW

SECONDS = 5.0
BURDENS = ("flood", "heavy_rain")


def facts(session: Session, lines: Sequence[Outlined], on: date, known_at: datetime) -> dict[str, Any]:
    """What can be measured of rules.replacement_facts.Land alike for lost and for offered land, by its names."""
    largest_plot_m2, shorter_side_m = plot(session, lines, on, known_at)
    return {
        "largest_plot_m2": largest_plot_m2,
        "shorter_side_m": shorter_side_m,
        "district": effects.district([one.line for one in lines]),
        "contaminated": contaminated(lines),
        **burdens(session, lines, on, known_at),
    }


def plot(
    session: Session, lines: Sequence[Outlined], on: date, known_at: datetime
) -> tuple[Decimal | None, Decimal | None]:
    """The largest contiguous plot of the lines' Nettobauland, in ellipsoidal m2 (GRS80), and its shorter side in metres (25832).

    The shorter side is that of the narrowest rectangle around the plot, whatever its direction. Parcels that share an edge are
    contiguous. Nothing is known of either where a line has no outline, nor where no plot is larger than a sliver.
    """
    land = net_outlines(lines)
    if not land or any(one.declared for one in lines):
        return None, None
    bound = {"land": land, "least": LAW.on(on, known_at)["plans.sliver_m2"].amount}
    with limited(session, SECONDS):
        row = session.execute(text(_PLOT), bound).one_or_none()
    return (row.m2, row.shorter_side_m) if row else (None, None)


def burdens(session: Session, lines: Sequence[Outlined], on: date, known_at: datetime) -> dict[str, bool | None]:
    """Whether flood and heavy rain are recorded for the lines' Nettobauland; what lies on none of it is unknown of the rest."""
    land = net_outlines(lines)
    found = overlays.on_land(session, land, on, known_at) if land else []
    outcomes = {one.kind: one.outcome for one in found}
    free = None if any(one.declared for one in lines) else False
    said = {Outcome.MET: True, Outcome.NOT_MET: free, Outcome.UNKNOWN: None}
    return {kind: said[outcomes.get(kind, Outcome.UNKNOWN)] for kind in BURDENS}


def contaminated(lines: Iterable[Outlined]) -> bool | None:
    """False where all holdings say cleared (of contamination and ordnance), true where one says it is not, else unknown."""
    said = {one.cleared for one in lines}
    if False in said:
        return True
    return False if said == {True} else None


def restrictions(session: Session, lines: Iterable[Outlined]) -> set[Outcome]:
    """What the zones of the lines say of themselves: restricted where they have words beside their kind, not restricted where the
    plan was read from its XPlanGML and they have none, else unknown."""
    wanted = list(lines)
    ids = sorted({zone for one in wanted for zone in one.zones})
    with limited(session, SECONDS):
        rows = session.execute(text(_RESTRICTIONS), {"ids": ids}).all()
    found = {restricted(row.restricted, row.read) for row in rows}
    return found | {Outcome.UNKNOWN for one in wanted if not one.zones and (one.net or one.declared)}


def restricted(said: bool, read: bool) -> Outcome:
    """Whether a zone is eingeschränkt that says so, or whose plan was read."""
    if said:
        return Outcome.MET
    return Outcome.NOT_MET if read else Outcome.UNKNOWN


def together(outcomes: set[Outcome]) -> Outcome:
    """What holds of all of it; unknown where parts differ."""
    return next(iter(outcomes)) if len(outcomes) == 1 else Outcome.UNKNOWN


def net_m2(lines: Iterable[Outlined]) -> Decimal:
    """The Nettobauland of the lines."""
    return sum((one.line.net_m2 for one in lines), Decimal(0))


def unmeasured(lines: Iterable[Outlined]) -> tuple[str, ...]:
    """The parcels of the lines for which neither an outline nor an area is recorded."""
    return tuple(sorted({str(one.line.key) for one in lines if one.unmeasured}))


def net_outlines(lines: Iterable[Outlined]) -> list[str]:
    """The outlines of the lines' Nettobauland."""
    return [one.net for one in lines if one.net]


_PLOT = """
SELECT round(ST_Area(ST_Transform(plot.geom, 4258)::geography)::numeric, 2) AS m2,
       round(least(ST_Distance(ST_PointN(edge, 1), ST_PointN(edge, 2)),
                   ST_Distance(ST_PointN(edge, 2), ST_PointN(edge, 3)))::numeric, 2) AS shorter_side_m
FROM (SELECT ST_Union(CAST(one AS geometry), 1e-6) AS geom FROM unnest(CAST(:land AS text[])) AS one) joined
CROSS JOIN LATERAL ST_Dump(joined.geom) AS plot
CROSS JOIN LATERAL (SELECT ST_ExteriorRing(ST_OrientedEnvelope(plot.geom)) AS edge) box
WHERE ST_Area(plot.geom) >= :least
ORDER BY m2 DESC, shorter_side_m DESC
LIMIT 1
"""

_RESTRICTIONS = """
SELECT restrictions IS NOT NULL AND restrictions <> '' AS restricted, source IS NOT NULL AS read FROM zone WHERE id = ANY (:ids)
"""
