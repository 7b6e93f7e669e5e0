"""Since when the facts behind the ledger's lines are so by the register, and since when the register says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Dated:
    """The first day of a fact (None: always, as far as recorded) and the instant since which the register says so."""

    valid_from: date | None
    recorded_at: datetime | None


NONE: Mapping[str, Dated] = MappingProxyType({})
HELD = (
    *("holder", "disposition", "serviced", "cleared", "binding_use", "opposing_plan"),
    *("construction_possible_from", "marketable"),
)
# criterion -> the fact that it is found of
FACT_OF = {
    **dict.fromkeys(("designation", "workplace_land"), "designation"),
    **dict.fromkeys(("outside_port", "outside_port_law"), "port"),
    **dict.fromkeys(("municipal_holder", "private_holder"), "holder"),
    "serviced": "serviced",
    "no_binding_use": "binding_use",
    "cleared": "cleared",
    "no_opposing_plan": "opposing_plan",
    **dict.fromkeys(("not_disposed", "offerable"), "disposition"),
    "construction_within_horizon": "construction_possible_from",
    "marketable": "marketable",
    **dict.fromkeys(("minimum_size", "award_size", "protected_size"), "size"),
    "recorded": "recorded",
}


def of_lines(session: Session, rows: Sequence[Any], known_at: datetime) -> Callable[[Any], Mapping[str, Dated]]:
    """What dates the facts of a row of eligibility.sql, for rows that are all of one day."""
    lines = [row for row in rows if row.line is not None]
    bound = {"on": lines[0].day if lines else None, "known_at": known_at}
    plans = sorted({plan for row in lines for plan in row.plans})
    zones = session.execute(text(_PLANS), {"plans": plans, **bound}) if plans else ()
    designated = {(row.plan, row.designation): Dated(row.valid_from, row.recorded_at) for row in zones}
    inside = [row.parcel for row in lines if row.parcel and row.gross_m2 and row.port_m2 == row.gross_m2]
    ports = session.execute(text(_PORT), {"parcels": inside, **bound}) if inside else ()
    ported = {row.parcel: Dated(row.valid_from, row.recorded_at) for row in ports}
    followed = sorted({row.key for row in lines if row.followed})
    earlier: dict[str, list[Any]] = {}
    for version in session.execute(text(_EARLIER), {"keys": followed, **bound}) if followed else ():
        earlier.setdefault(version.parcel_key, []).append(version)

    def dates(row: Any) -> Mapping[str, Dated]:
        found = _held(row, earlier.get(row.key, ())) if row.held is not None else {}
        if row.parcel is not None:
            found["size"] = Dated(row.parcel_from, row.parcel_known)
        elif row.held is not None:
            found["size"] = Dated(row.held_from, row.held_known)
        stated = [designated[name] for plan in row.plans if (name := (plan, row.designation)) in designated]
        if stated:
            found["designation"] = _latest(stated)
        elif row.area_basis == "declared" and row.designation is not None:
            found["designation"] = Dated(row.held_from, row.held_known)
        if row.parcel in ported:
            found["port"] = ported[row.parcel]
        return found

    return dates


def _held(row: Any, earlier: Sequence[Any]) -> dict[str, Dated]:
    """Each fact of a holding since its value is what it is: versions that adjoin and say the same are one."""
    stated = [name for name in HELD if getattr(row, name) is not None]
    if not earlier:
        since = Dated(row.held_from, row.held_known)
        return dict.fromkeys(stated, since)
    return {name: _since(name, row, earlier) for name in stated}


def _since(name: str, row: Any, earlier: Sequence[Any]) -> Dated:
    found, value = Dated(row.held_from, row.held_known), getattr(row, name)
    for version in earlier:  # the latest first
        if version.part != row.part or version.held_to != found.valid_from:
            continue
        if getattr(version, name) != value:
            break
        found = Dated(version.held_from, found.recorded_at)
    return found


def _latest(stated: Sequence[Dated]) -> Dated:
    """Plans side by side: all of it is so since the last of them."""
    days = [one.valid_from for one in stated if one.valid_from is not None]
    instants = [one.recorded_at for one in stated if one.recorded_at is not None]
    return Dated(max(days, default=None), max(instants, default=None))


_ON = "valid @> CAST(:on AS date) AND known @> CAST(:known_at AS timestamptz)"
_PLANS = f"""
SELECT plan, designation, nullif(max(coalesce(lower(valid), '-infinity')), '-infinity') AS valid_from,
       max(lower(known)) AS recorded_at
FROM zone
WHERE plan = ANY (CAST(:plans AS text[])) AND {_ON}
GROUP BY plan, designation
"""
_PORT = f"""
SELECT parcel, nullif(max(coalesce(since, '-infinity')), '-infinity') AS valid_from, max(at) AS recorded_at
FROM (
    SELECT p.id AS parcel, lower(a.valid) AS since, lower(a.known) AS at
    FROM parcel p
    JOIN port_area_piece x ON x.geom && p.geom AND land_overlaps(x.geom, p.geom)
    JOIN (SELECT * FROM port_area WHERE {_ON}) a ON a.id = x.fact_id
    WHERE p.id = ANY (CAST(:parcels AS bigint[]))
    UNION ALL
    SELECT p.id, lower(a.valid), lower(a.known)
    FROM (SELECT * FROM port_area WHERE NOT upper_inf(known) AND {_ON}) a
    JOIN parcel p ON p.geom && a.geom AND land_overlaps(a.geom, p.geom)
    WHERE p.id = ANY (CAST(:parcels AS bigint[]))
) met
GROUP BY parcel
"""
_EARLIER = f"""
SELECT parcel_key, {", ".join(HELD)}, lower(valid) AS held_from, upper(valid) AS held_to,
       CASE WHEN geom IS NOT NULL THEN md5(ST_AsBinary(geom))::uuid END AS part
FROM holding
WHERE parcel_key = ANY (CAST(:keys AS text[])) AND upper(valid) <= CAST(:on AS date)
    AND known @> CAST(:known_at AS timestamptz)
ORDER BY parcel_key, upper(valid) DESC
"""
