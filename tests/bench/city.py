"""A generated city of 250,000 parcels, 3,000 zones, 5,000 deductions and a port of 2,000 vertices; more stand side by side.

`side` is the number of parcels along one side (500): a smaller one makes a smaller city of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import history, ledger

AT = datetime(2026, 1, 1, tzinfo=UTC)

# Corners of the parcel grid are moved a little, each once, so that neighbours share them exactly.
_CORNER = """
ST_Point(550000 + {city} * 30000 + 50 * ({i}) + 8 * sin(12.9 * ({i}) + 78.2 * ({j})),
         5920000 + 40 * ({j}) + 6 * sin(39.3 * ({i}) + 11.1 * ({j})), 25832)"""


def _quad() -> str:
    a, b, c, d = (_CORNER.format(city="c", i=f"i + {di}", j=f"j + {dj}") for di, dj in ((0, 0), (1, 0), (1, 1), (0, 1)))
    return f"ST_Multi(ST_MakePolygon(ST_MakeLine(ARRAY[{a}, {b}, {c}, {d}, {a}])))"


STATEMENTS = {
    "parcels": f"""
        INSERT INTO incoming_parcel (row, key, official_m2, gemarkung, district, geom)
        SELECT row_number() OVER (), '02' || lpad((c * 500 + i)::text, 4, '0') || '___' || lpad(j::text, 5, '0') || '______',
               round((ST_Area(q.geom) * 1.0007)::numeric, 0), 'Gemarkung ' || i / 50, 'Bezirk ' || c || i / 72, q.geom
        FROM generate_series(0, {{cities}} - 1) c, generate_series(0, {{side}} - 1) i, generate_series(0, {{side}} - 1) j,
             LATERAL (SELECT {_quad()} AS geom) q""",
    # 60 x 50 blocks (of the full city), cut a little beside the parcel lines so that parcels straddle them
    "zones": """
        INSERT INTO incoming_zone (row, plan, designation, regulates_use, geom)
        SELECT row_number() OVER (), format('Plan %s/%s/%s', c, i, j),
               CASE (i * 31 + j * 17) % 37 WHEN 0 THEN 'GI' WHEN 1 THEN 'I' WHEN 2 THEN 'GE' WHEN 3 THEN 'GE' WHEN 4 THEN 'GE'
                    WHEN 5 THEN 'MU' ELSE 'WA' END, true,
               ST_Multi(ST_Segmentize(ST_MakeEnvelope(
                   550000 + c * 30000 + i * 416.7, 5920000 + j * 400.3,
                   550000 + c * 30000 + (i + 1) * 416.7, 5920000 + (j + 1) * 400.3, 25832), 40))
        FROM generate_series(0, {cities} - 1) c, generate_series(0, ceil({side} * 50 / 416.7)::int - 1) i,
             generate_series(0, ceil({side} * 40 / 400.3)::int - 1) j""",
    "port": """
        INSERT INTO incoming_port_area (row, kind, geom)
        SELECT c + 1, 'Hafennutzungsgebiet ' || c, ST_Multi(ST_MakePolygon(ST_AddPoint(line, ST_StartPoint(line))))
        FROM (
            SELECT c, ST_MakeLine(ST_Point(
                550000 + 24 * {side} + c * 30000 + cos(radians(n * 0.18)) * (9.44 * {side} + 30 * sin(n * 0.4)),
                5920000 + 20 * {side} + sin(radians(n * 0.18)) * (9.44 * {side} + 30 * sin(n * 0.4)), 25832) ORDER BY n) AS line
            FROM generate_series(0, {cities} - 1) c, generate_series(0, 1999) n GROUP BY c
        ) rings""",
    "deductions": """
        INSERT INTO incoming_deduction (row, ref, kind, geom)
        SELECT row_number() OVER (), format('D%s-%s', c, n), (ARRAY['road', 'rail', 'green', 'water'])[1 + n % 4],
               ST_Multi(ST_Buffer(ST_MakeLine(p, ST_Translate(p, 40 + n % 160, (n * 7) % 90)), 4 + n % 9, 'quad_segs=2'))
        FROM generate_series(0, {cities} - 1) c, generate_series(0, {side} * {side} / 50 - 1) n,
             LATERAL (SELECT ST_Point(550000 + c * 30000 + (n * 7919) % (50 * {side}),
                                      5920000 + (n * 104729) % (40 * {side}), 25832)) s(p)""",
    # every fifth parcel of workplace land is held, most of them by the city and all facts known
    "holdings": """
        INSERT INTO incoming_holding (row, parcel_key, holder, site, disposition, serviced, cleared, binding_use,
                                      opposing_plan, construction_possible_from)
        SELECT row_number() OVER (), key, (ARRAY['LIG', 'HIE', 'private'])[1 + n % 3], 'Site ' || n / 4,
               (ARRAY['free', 'free', 'requested', 'reserved', 'sold'])[1 + n % 5], true, n % 11 > 0, false, n % 13 = 0,
               DATE '2020-01-01'
        FROM (
            SELECT p.key, row_number() OVER (ORDER BY p.key) AS n
            FROM parcel p
            JOIN zone_piece x ON x.geom && p.geom AND ST_Intersects(x.geom, ST_Centroid(p.geom))
            JOIN zone z ON z.id = x.fact_id
            WHERE z.designation IN ('GE', 'GI', 'I')
        ) land WHERE n % 5 = 0""",
}


def build(session: Session, cities: int = 1, side: int = 500, at: datetime = AT) -> dict[str, int]:
    """State and record the city, layer by layer; the ledger is derived once at the end. Returns rows per layer."""
    counts = record(session, STATEMENTS, cities, side, at)
    instant = history.lock(session, at)
    counts["ledger"] = ledger.rebuild(session, instant).added
    history.record(session, instant, "rebuild", "bench")
    session.commit()
    return counts


def record(
    session: Session, layers: Iterable[str], cities: int = 1, side: int = 500, at: datetime = AT
) -> dict[str, int]:
    """State and record these layers of the city; nothing is derived."""
    counts = {}
    for name in layers:
        layer = history.LAYERS[name]
        history.open_workspace(session, layer)
        session.execute(text(STATEMENTS[name].format(cities=cities, side=side)))
        counts[name] = record_stated(session, layer, at)
    return counts


def record_stated(session: Session, layer: history.Layer, at: datetime = AT) -> int:
    """Record what was stated of a layer and refresh the statistics; how many facts were added."""
    instant = history.lock(session, at)
    history.all_in(session, layer)
    added = history.amend(session, layer, instant).added
    history.record(session, instant, "import", "bench", layer=layer.name)
    session.commit()
    session.execute(text(f"ANALYZE {layer.table}"))
    if layer.pieces:
        session.execute(text(f"ANALYZE {layer.pieces}"))
    session.commit()
    return added
