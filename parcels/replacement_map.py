"""What a map of replacement shows: the lost land, the land offered for it, and what lies around them, as paths of SVG in metres of
EPSG:25832 from the north-west corner, y to the south."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.conversion_map import DECIMALS, DRAWN, LEAST_MARGIN_M, Outline, Window

MARGIN_SHARE = 0.15
MOST_SHAPES = 400
SIMPLER = 1500  # outlines keep what is longer than the map's longer side divided by this


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of land to be shown: its kind (lost, offered), what it is called, and where it lies (EWKB, EPSG:25832)."""

    kind: str
    name: str
    land: str


def window(session: Session, pieces: Sequence[Piece]) -> Window | None:
    """The map around some land; None where there is no land."""
    row = session.execute(text(_EXTENT), {"lands": [one.land for one in pieces]}).one()
    if row.west is None:
        return None
    margin = max(LEAST_MARGIN_M, MARGIN_SHARE * max(row.east - row.west, row.north - row.south))
    return Window(
        row.west - margin, row.north + margin, row.east - row.west + 2 * margin, row.north - row.south + 2 * margin
    )


def outlines(session: Session, frame: Window, pieces: Sequence[Piece], on: date, known_at: datetime) -> list[Outline]:
    """What lies in the map on a day as known then, from the ground up: Bezirke, zones that regulate the use (the newest on top),
    the port, and the pieces in the order given."""
    bound = {
        "kinds": [one.kind for one in pieces],
        "names": [one.name for one in pieces],
        "lands": [one.land for one in pieces],
        "on": on,
        "known_at": known_at,
        "west": frame.east,
        "south": frame.north - frame.height,
        "east": frame.east + frame.width,
        "north": frame.north,
        "simpler_m": max(frame.width, frame.height) / SIMPLER,
        "beyond_m": 0.02 * max(frame.width, frame.height),  # where outlines are cut is not to be seen
        "decimals": DECIMALS,
        "most": MOST_SHAPES,
    }
    return [Outline(*row) for row in session.execute(text(_OUTLINES), bound)]


_ON = "valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)"
_EXTENT = """
SELECT min(ST_XMin(land)) AS west, max(ST_XMax(land)) AS east, min(ST_YMin(land)) AS south, max(ST_YMax(land)) AS north
FROM (SELECT CAST(unnest(CAST(:lands AS text[])) AS geometry) AS land) l
"""
_OUTLINES = f"""
WITH frame AS (SELECT ST_Expand(ST_MakeEnvelope(:west, :south, :east, :north, 25832), :beyond_m) AS geom),
found AS (
    SELECT 0 AS rank, 'district' AS kind, name, geom, NULL::date AS since, name AS "order"
    FROM district WHERE {_ON} AND geom && (SELECT geom FROM frame)
    UNION ALL
    SELECT 1, 'zone', designation, geom, coalesce(lower(valid), '-infinity'), plan
    FROM zone WHERE regulates_use AND {_ON} AND geom && (SELECT geom FROM frame)
    UNION ALL SELECT 2, 'port', kind, geom, NULL, kind FROM port_area WHERE {_ON} AND geom && (SELECT geom FROM frame)
    UNION ALL
    SELECT 3, kind, name, CAST(land AS geometry), NULL, to_char(number, '000000')
    FROM unnest(CAST(:kinds AS text[]), CAST(:names AS text[]), CAST(:lands AS text[]))
        WITH ORDINALITY AS p(kind, name, land, number)
),
cut AS (
    SELECT f.rank, f.kind, f.name, f.since, f."order",
           ST_CollectionExtract(ST_Intersection(ST_MakeValid(s.geom), frame.geom), 3) AS geom
    FROM found f, frame, LATERAL (SELECT ST_SimplifyPreserveTopology(f.geom, :simpler_m) AS geom) s
)
{DRAWN}"""
