"""What a map extract of a case shows: outlines around its site as paths of SVG, in metres of EPSG:25832 from the extract's
north-west corner, y to the south."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

MOST_SHAPES = 600
DECIMALS = 1
MARGIN_SHARE, LEAST_MARGIN_M = 0.5, 75.0


@dataclass(frozen=True, slots=True)
class Window:
    """The extract: its north-west corner (east, north) and its size, all in metres."""

    east: float
    north: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Outline:
    """One outline: `kind` (zone, port, parcel, affected, site, plant), what it is called, its path, and a place for its name."""

    kind: str
    name: str | None
    path: str
    x: float | None
    y: float | None


def window(session: Session, keys: list[str] | None, outline: Any, on: date, known_at: datetime) -> Window | None:
    """The extract around a site given as keys or as an outline (EWKB); None where none of it has an outline."""
    bound = {"keys": keys, "site": outline, "on": on, "known_at": known_at}
    row = session.execute(text(f"SELECT {_CORNERS} FROM ({_SITE}) s"), bound).one()
    if row.west is None:
        return None
    margin = max(LEAST_MARGIN_M, MARGIN_SHARE * max(row.east - row.west, row.north - row.south))
    width, height = row.east - row.west + 2 * margin, row.north - row.south + 2 * margin
    return Window(row.west - margin, row.north + margin, width, height)


def outlines(
    session: Session, frame: Window, keys: list[str] | None, outline: Any, on: date, known_at: datetime
) -> list[Outline]:
    """What lies in the extract on a day as known then, from the ground up: zones that regulate the use (the newest on top), the
    port, parcels, those of the site, the site, plants."""
    bound = {
        "keys": keys,
        "site": outline,
        "on": on,
        "known_at": known_at,
        "west": frame.east,
        "south": frame.north - frame.height,
        "east": frame.east + frame.width,
        "north": frame.north,
        "decimals": DECIMALS,
        "most": MOST_SHAPES,
    }
    return [Outline(*row) for row in session.execute(text(_OUTLINES), bound)]


_ON = "valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)"
_SITE = f"""
    SELECT coalesce(
        CAST(:site AS geometry),
        (SELECT ST_Union(geom) FROM parcel WHERE key = ANY(CAST(:keys AS text[])) AND {_ON})) AS geom
"""
_CORNERS = "ST_XMin(s.geom) AS west, ST_XMax(s.geom) AS east, ST_YMin(s.geom) AS south, ST_YMax(s.geom) AS north"
# Of what is `cut`: each outline as a path, with a place for its name; where there are too many, those on the ground are left out.
DRAWN = """\
SELECT kind, name, path, round(ST_X(place)::numeric, 1)::float, round(ST_Y(place)::numeric, 1)::float
FROM (
    SELECT rank, since, "order", kind, name, ST_AsSVG(ST_Translate(geom, -:west, -:north), 1, :decimals) AS path,
           ST_Scale(ST_Translate(ST_PointOnSurface(geom), -:west, -:north), 1, -1) AS place
    FROM cut WHERE NOT ST_IsEmpty(geom)
    ORDER BY rank DESC, since DESC, "order" LIMIT :most
) drawn
ORDER BY rank, since, "order"
"""
_OUTLINES = f"""
WITH s AS ({_SITE}),
frame AS (SELECT ST_MakeEnvelope(:west, :south, :east, :north, 25832) AS geom),
found AS (
    SELECT 0 AS rank, 'zone' AS kind, designation AS name, geom, coalesce(lower(valid), '-infinity') AS since, plan AS "order"
    FROM zone WHERE regulates_use AND {_ON} AND geom && (SELECT geom FROM frame)
    UNION ALL SELECT 1, 'port', kind, geom, NULL, kind FROM port_area WHERE {_ON} AND geom && (SELECT geom FROM frame)
    UNION ALL SELECT CASE WHEN shared_m2(p.geom, s.geom) >= 1 THEN 3 ELSE 2 END,
                     CASE WHEN shared_m2(p.geom, s.geom) >= 1 THEN 'affected' ELSE 'parcel' END,
                     CASE WHEN shared_m2(p.geom, s.geom) >= 1 THEN key END, p.geom, NULL, key
    FROM parcel p, s, frame WHERE {_ON} AND p.geom && frame.geom
    UNION ALL SELECT 4, 'site', NULL, geom, NULL, '' FROM s
    UNION ALL SELECT 5, 'plant', name, geom, NULL, ref FROM site_of_concern WHERE {_ON} AND geom && (SELECT geom FROM frame)
),
cut AS (
    SELECT f.rank, f.kind, f.name, f.since, f."order", ST_CollectionExtract(ST_Intersection(f.geom, frame.geom), 3) AS geom
    FROM found f, frame
)
{DRAWN}"""
