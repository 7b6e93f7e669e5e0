"""Recording facts: nothing is overwritten. What was known is closed, what is stated now is added, both at one instant.

Every writer takes the register's lock first, so recordings follow one another and `known` never runs backwards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels import comparing, straight
from parcels.filling import indexed_afterwards
from parcels.measuring import ANY_LINES
from parcels.sql import chained
from parcels.straight import for_driver
from rules.law import LAW


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of facts: its table, the column that says which unit a row is about, and its columns with their types.

    A file that states a unit states the whole of it for the days its rows cover; uncovered days and units stay.
    Evidence is kept with a row, but another file that says the same changes nothing.
    """

    name: str
    table: str
    unit: str
    columns: dict[str, str]
    pieces: str | None = None
    derived: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    single: bool = False  # at most one row of a unit a day
    counted: bool = True  # the ledger rests on it

    @property
    def incoming(self) -> str:
        """The session's temporary table that rows come to, some at a time."""
        return f"incoming_{self.table}"

    @property
    def rows(self) -> str:
        """The session's temporary table of all rows that are stated, each with its days and the hash of its content."""
        return f"stated_{self.table}"

    @property
    def names(self) -> str:
        """The columns, listed."""
        return ", ".join((*self.columns, *self.evidence))

    @property
    def typed(self) -> str:
        """The columns as they are declared."""
        return ", ".join(f"{name} {kind}" for name, kind in (self.columns | self.evidence).items())


_TEXT, _FLAG, _GEOM = "text", "boolean", "geometry(MultiPolygon, 25832)"
_KEY = 'text COLLATE "C"'
_EVIDENCE = dict.fromkeys(("gml_id", "source", "member", "sha256"), _TEXT)
LAYERS = {
    layer.name: layer
    for layer in (
        Layer("districts", "district", "name", {"name": _TEXT, "geom": _GEOM}, "district_piece", single=True),
        Layer(
            "parcels",
            "parcel",
            "key",
            {
                "key": _KEY,
                "official_m2": "numeric(14, 2)",
                "gemarkung": _TEXT,
                "district": _TEXT,
                "geom": _GEOM,
            },
            derived={
                "area_m2": "coalesce(official_m2, round(ST_Area(ST_Transform(geom, 4258)::geography)::numeric, 2))",
                "area_basis": "CASE WHEN official_m2 IS NULL THEN 'ellipsoidal' ELSE 'official' END",
            },
            single=True,
        ),
        Layer(
            "zones",
            "zone",
            "plan",
            {
                "plan": _TEXT,
                "designation": _TEXT,
                "regulates_use": _FLAG,
                "in_use_as_commercial": _FLAG,
                "restrictions": _TEXT,
                "geom": _GEOM,
            },
            "zone_piece",
            evidence=_EVIDENCE,
        ),
        Layer(
            "plans",
            "plan",
            "name",
            {
                "name": _KEY,
                **dict.fromkeys(("number", "kind", "stage", "changes", "bau_nvo"), _TEXT),
                "geom": _GEOM,
            },
            evidence={**_EVIDENCE, "xplan_version": _TEXT},
            single=True,
            counted=False,
        ),
        Layer(
            "pipeline",
            "pipeline_zone",
            "plan",
            {
                "plan": _KEY,
                "stage": _TEXT,
                "designation": _TEXT,
                "regulates_use": _FLAG,
                "restrictions": _TEXT,
                "expected": "date",
                "geom": _GEOM,
            },
            evidence=_EVIDENCE,
            counted=False,
        ),
        Layer(
            "marks",
            "plan_mark",
            "plan",
            {"plan": _KEY, **dict.fromkeys(("kind", "code", "restrictions"), _TEXT), "geom": _GEOM},
            evidence=_EVIDENCE,
            counted=False,
        ),
        Layer("port", "port_area", "kind", {"kind": _TEXT, "geom": _GEOM}, "port_area_piece"),
        Layer(
            "deductions",
            "deduction",
            "ref",
            {"ref": _KEY, "kind": _TEXT, "geom": _GEOM},
            "deduction_piece",
            evidence=_EVIDENCE,
        ),
        Layer(
            "holdings",
            "holding",
            "parcel_key",
            {
                "parcel_key": _KEY,
                "holder": _TEXT,
                "site": _TEXT,
                "disposition": _TEXT,
                "disposition_until": "date",
                "serviced": _FLAG,
                "cleared": _FLAG,
                "binding_use": _FLAG,
                "opposing_plan": _FLAG,
                "construction_possible_from": "date",
                "marketable": _FLAG,
                "declared_net_m2": "numeric(14, 2)",
                "designation": _TEXT,
                "geom": _GEOM,
            },
        ),
        Layer(
            "sensitive",
            "sensitive_use",
            "ref",
            {"ref": _KEY, **dict.fromkeys(("kind", "name"), _TEXT), "geom": _GEOM},
            counted=False,
        ),
        Layer(
            "sites_of_concern",
            "site_of_concern",
            "ref",
            {"ref": _KEY, **dict.fromkeys(("name", "kas18_class", "distance_class"), _TEXT), "geom": _GEOM},
            single=True,
            counted=False,
        ),
        Layer(
            "overlays",
            "overlay",
            "ref",
            {"ref": _KEY, **dict.fromkeys(("kind", "name", "value"), _TEXT), "data_on": "date", "geom": _GEOM},
            counted=False,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Amendment:
    """What an amendment did to a layer: facts closed and added, and facts that end without a successor.

    `first` where nothing was ever recorded of the layer before.
    """

    layer: Layer
    closed: int
    added: int
    ended: int
    first: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was recorded at all."""
        return self.closed + self.added > 0


def lock(session: Session, now: datetime, besides: str = "NULL") -> datetime:
    """Take the register's lock and return the instant to record at: `now`, or just after the last recording."""
    last = straight.one(session, f"SELECT recorded_at, {besides} FROM register FOR UPDATE", {}).recorded_at
    return max(now, last + timedelta(microseconds=1)) if last else now


def recording(at: datetime, kind: str, actor: str, **details: Any) -> dict[str, Any]:
    """The values that `RECORDING` writes; `details` are a layer, a note, a source, its sha256 and a summary (JSON)."""
    return {**_NO_DETAILS, "at": at, "kind": kind, "actor": actor, **details, "version": LAW.version}


def record(session: Session, at: datetime, kind: str, actor: str, **details: Any) -> int:
    """Write the recording that stands behind all changes at `at` and make it the register's last; its id."""
    said = recording(at, kind, actor, **details)
    return int(session.execute(text(f"{chained(RECORDING)} SELECT id FROM recorded"), said).scalar_one())


def open_workspace(session: Session, layer: Layer, beside: bool = False) -> None:
    """Make, or empty, the session's temporary tables for stating rows of a layer and amending with them.

    With `beside` what the layers before have touched stays: all of them become one recording.
    """
    names = {"incoming": layer.incoming, "rows": layer.rows, "columns": layer.typed}
    made = _WORKSPACE.format(**names, units=comparing.units(layer.rows, layer.unit), touched=TOUCHED)
    session.execute(text(made + ("" if beside else "DELETE FROM touched;") + comparing.WORKSPACE))


def state(session: Session, layer: Layer) -> None:
    """Move the rows that have come to where all of them are stated, each with its days and the hash of its content."""
    moved = f"INSERT INTO {layer.rows} (row, {layer.names}, days, content) {_stated(layer, layer.incoming)}"
    session.execute(text(f"{moved}; TRUNCATE {layer.incoming}"))


def all_in(session: Session, layer: Layer) -> None:
    """Say that all rows are in the workspace, which can then be checked and amended with."""
    state(session, layer)
    comparing.all_in(session, layer.rows, layer.unit)


def _stated(layer: Layer, incoming: str) -> str:
    content = comparing.content(layer.columns)
    return f"SELECT row, {layer.names}, daterange(valid_from, valid_to) AS days, {content} AS content FROM {incoming}"


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    """Rows stated by hand, numbered from 1, as `by_hand` reads them; geometry as EWKT or EWKB in EPSG:25832."""
    return json.dumps([{"row": number, **row} for number, row in enumerate(rows, 1)], default=str)


def by_hand(layer: Layer) -> dict[str, str]:
    """A step under the name of the layer's workspace that gives the rows of the JSON `rows` instead: a statement about what is
    stated takes it in front, and needs no temporary table."""
    typed = f"row bigint, {layer.typed}, valid_from date, valid_to date"
    return {layer.rows: _stated(layer, f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({typed})")}


def amend_rows(
    session: Session, layer: Layer, at: datetime, rows: Sequence[dict[str, Any]]
) -> tuple[Amendment, list[str]]:
    """Amend a layer with a few rows stated by hand; also the keys of the parcels whose ledger lines may change."""
    done = straight.one(session, _amend_rows(layer.name), {"rows": as_json(rows), "at": at})
    return Amendment(layer, done.closed, done.added, done.ended), sorted(set(done.touched))


def amend(session: Session, layer: Layer, at: datetime, replace: bool = False, spoken: bool = False) -> Amendment:
    """Amend a layer with the rows stated, all in: close what they contradict, add what they say, keep the days they leave open.

    With `replace` the rows are the whole layer: units they do not list lose the days that the rows cover. With `spoken` the rows
    are all there is of the units on the days in the workspace's table of that name. Collects the parcels whose ledger lines may
    change in the temporary table `touched`.
    """
    done = comparing.compare(session, layer.table, layer.unit, replace, spoken)
    if done.closed:
        if layer.pieces:
            session.execute(text(_TOUCH_CLOSED.format(pieces=layer.pieces)))
            session.execute(text(_DROP_PIECES.format(pieces=layer.pieces)))
        session.execute(text(_CLOSE.format(table=layer.table)), {"at": at})
    if done.closed or done.added:
        with indexed_afterwards(session, layer.table, done.added):
            session.execute(text(_add(layer, layer.rows if done.as_stated else _wanted(layer))), {"at": at})
        if layer.pieces:
            session.execute(text(_TOUCH_ADDED.format(facts=layer.table, pieces=layer.pieces)), {"at": at})
        elif layer.counted:
            session.execute(text(_TOUCH_ALL.format(units="stated" if done.as_stated else "amendment")))
    return Amendment(layer, done.closed, done.added, done.ended, done.first)


def _add(layer: Layer, wanted: str) -> str:
    """Record the rows of `wanted`, which have the layer's columns, content and days, as facts."""
    derived, expressions = ("".join(f", {one}" for one in some) for some in (layer.derived, layer.derived.values()))
    return f"""
        INSERT INTO {layer.table} ({layer.names}{derived}, content, valid, known)
        SELECT {layer.names}{expressions}, content, days, tstzrange(:at, NULL) FROM {wanted}
        """


def _wanted(layer: Layer) -> str:
    """What an amendment adds: stated rows on the days that it says, and what stood before on the days that are left."""
    stood = ", ".join(f"f.{name}" for name in (*layer.columns, *layer.evidence))
    return f"""(
            SELECT s.*, a.content, a.days FROM (SELECT row, {layer.names} FROM {layer.rows}) s
            JOIN amendment a USING (row)
            UNION ALL
            SELECT NULL, {stood}, a.content, a.days
            FROM amendment a JOIN {layer.table} f ON f.id = a.fact
            WHERE NOT a.closes AND a.row IS NULL
        ) wanted"""


@cache
def _amend_rows(name: str) -> str:
    """All of an amendment in one statement, its rows read from JSON: what `amend` does table by table."""
    layer = LAYERS[name]
    queries = {
        **by_hand(layer),
        "stated": comparing.units(layer.rows, layer.unit),
        "repeated": comparing.REPEATED,
        "amendment": comparing.query(layer.table, layer.unit),
        "closed": f"{_CLOSE.format(table=layer.table)} RETURNING f.id",
        # what is closed must be so before the new is checked against it
        "added": f"{_add(layer, _wanted(layer))} WHERE (SELECT count(*) FROM closed) >= 0 RETURNING id, geom",
        "counts": comparing.COUNTS,
    }
    touched = f"SELECT unit AS key FROM amendment WHERE {layer.counted}"
    if layer.pieces:
        queries["dropped"] = f"DELETE FROM {layer.pieces} WHERE fact_id IN (SELECT id FROM closed) RETURNING geom"
        queries["fresh"] = f"{_CUT.format(pieces=layer.pieces, facts='added')} RETURNING geom"
        touched = f"SELECT p.key FROM (SELECT geom FROM dropped UNION ALL SELECT geom FROM fresh) x JOIN {_LAND}"
    return for_driver(f"{chained(queries)} SELECT c.*, ARRAY({touched}) AS touched FROM counts c")


RECORDING = {
    "renewed": "UPDATE register SET recorded_at = :at, rules_version = coalesce(rules_version, :version)",
    "recorded": """INSERT INTO recording (at, kind, layer, actor, note, source, sha256, summary)
        VALUES (:at, :kind, :layer, :actor, :note, :source, :sha256, CAST(:summary AS jsonb)) RETURNING id""",
}
"""Steps that write a recording and make it the register's last. The first one also says by which version of the rules the
ledger is derived; a rebuild renews that."""

_NO_DETAILS = {"layer": None, "note": None, "source": None, "sha256": None, "summary": "{}"}

TOUCHED = 'CREATE TEMP TABLE IF NOT EXISTS touched (key text COLLATE "C") ON COMMIT DELETE ROWS'
"""Makes the session's table of parcels whose ledger lines may change."""

_WORKSPACE = """
CREATE TEMP TABLE IF NOT EXISTS {incoming} (row bigint, {columns}, valid_from date, valid_to date) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS {rows} (row bigint, {columns}, days daterange, content uuid) ON COMMIT DELETE ROWS;
CREATE OR REPLACE TEMP VIEW stated AS {units};
{touched};
DELETE FROM {incoming}; DELETE FROM {rows};
"""

_TOUCH_ALL = f"INSERT INTO touched SELECT unit FROM {{units}} WHERE {ANY_LINES}"

_LAND = "parcel p ON p.geom && x.geom AND upper_inf(p.known)"

_TOUCH_CLOSED = f"""
INSERT INTO touched
SELECT DISTINCT p.key FROM amendment a JOIN {{pieces}} x ON x.fact_id = a.fact JOIN {_LAND}
WHERE a.closes
"""

_DROP_PIECES = "DELETE FROM {pieces} WHERE fact_id IN (SELECT fact FROM amendment WHERE closes)"

_CLOSE = """
UPDATE {table} f SET known = tstzrange(lower(f.known), :at) FROM amendment a WHERE a.closes AND f.id = a.fact
"""

_CUT = """
INSERT INTO {pieces} (fact_id, geom)
SELECT f.id, d.geom
FROM {facts} f
CROSS JOIN LATERAL ST_Subdivide(f.geom, 128) AS s(geom)
CROSS JOIN LATERAL ST_Dump(s.geom) AS d
"""

_TOUCH_ADDED = f"""
WITH fresh AS ({_CUT} WHERE f.known = tstzrange(:at, NULL) RETURNING geom)
INSERT INTO touched SELECT DISTINCT p.key FROM fresh x JOIN {_LAND}
"""
