"""The areas that a guidance names: through the gate of all files of others, whether they stand in its file or beside it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from parcels.guidance_file import Area, GuidanceFile
from parcels.guidance_text import Fault, GuidanceRefusedError
from parcels.importing.contract import Issue, Limits, Options, Refused
from parcels.importing.sandbox import read
from parcels.limits import limited

LAYER = "districts"  # the gate's layer that is a name and an area, as these are
MOST_VERTICES = 50_000
LIMITS = Limits(bytes=64 << 20, text_bytes=64 << 20, rows=1_000, vertices=MOST_VERTICES, wall_seconds=60.0)
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outline:
    """A named area, EWKB (hex) of a MultiPolygon in EPSG:25832."""

    name: str
    geom: str


def outlines(stated: GuidanceFile, folder: Path) -> tuple[tuple[Outline, ...], str | None]:
    """The areas of a file, and the sha256 of the file beside it, in `folder`, that they stand in, if they do.

    GuidanceRefusedError where one of them cannot be taken, or where names and areas do not belong together.
    """
    if stated.zones_file is not None:
        found, sha256 = _through_the_gate(folder / stated.zones_file, stated, None)
        _check_names(stated, found)
        return found, sha256
    if not stated.areas:
        return (), None
    with tempfile.TemporaryDirectory(prefix="landreserve-guidance-") as place:
        path = Path(place) / "zones.geojson"
        path.write_text(_feature_collection(stated.areas), encoding="utf-8")
        found, _ = _through_the_gate(path, stated, stated.areas)
    return found, None


def _feature_collection(areas: Sequence[Area]) -> str:
    features = [
        {"type": "Feature", "properties": {"name": area.name}, "geometry": json.loads(area.geometry or "null")}
        for area in areas
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def _through_the_gate(
    path: Path, stated: GuidanceFile, areas: Sequence[Area] | None
) -> tuple[tuple[Outline, ...], str]:
    options = Options(crs=stated.zones_crs, limits=LIMITS)
    try:
        with read(path, LAYER, options, lambda done, total: None) as reading:
            found = [Outline(row["name"] or "", row["geom"] or "") for row in reading.rows()]
            issues = [issue for issue in reading.issues if issue.severity == "error"]
    except Refused as refused:
        raise GuidanceRefusedError(_of_gate(refused)) from refused
    if issues:
        raise GuidanceRefusedError(*(_fault(issue, areas) for issue in issues))
    return tuple(found), reading.sha256


def _of_gate(refused: Refused) -> Fault:
    """A refusal of the gate, whose remedies are options of `landreserve import`, in the words of this file."""
    ours = refused.message.replace("--crs ", "zones_crs ").replace(f"layer {LAYER}", "zones_file")
    said, _, remedy = ours.rpartition(": ")
    return Fault(None, "zones", said or remedy, f"{remedy[:1].upper()}{remedy[1:]}")


def _fault(issue: Issue, areas: Sequence[Area] | None) -> Fault:
    """A finding of the gate as a fault of the guidance's file: its rows are numbered from 1."""
    line = areas[issue.row - 1].line if areas and issue.row and issue.row <= len(areas) else None
    said = issue.message.removeprefix(f"Row {issue.row} ").partition(": ")[2].partition(": ")[0]
    return Fault(line, "zones.geometry", f"The zone '{issue.feature}' {said or issue.message}", "Correct it in a GIS.")


def _check_names(stated: GuidanceFile, found: Sequence[Outline]) -> None:
    """Every zone has one area in the file beside, and every area there is a zone."""
    names = [outline.name for outline in found]
    faults = [
        Fault(
            area.line,
            "zones",
            f"{stated.zones_file} has {names.count(area.name) or 'no'} areas named '{area.name}'",
            _ONE,
        )
        for area in stated.areas
        if names.count(area.name) != 1
    ]
    wanted = {area.name for area in stated.areas}
    faults += [
        Fault(None, "zones", f"{stated.zones_file} has an area '{name}' that is no zone here", "Add it to `zones:`.")
        for name in sorted(set(names) - wanted)
    ]
    if faults:
        raise GuidanceRefusedError(*faults)


_ONE = "Give each zone one feature with that `name`, a MultiPolygon where it has several parts."


def placed(session: Session, stated: GuidanceFile, found: Sequence[Outline]) -> list[str]:
    """Check areas and names of districts against those recorded on the version's first day, if there are any.

    GuidanceRefusedError for an area outside all of them; warnings for those partly outside.
    """
    names = set(session.scalars(text(_DISTRICTS), {"on": stated.valid_from}))
    if not names:
        return []
    unknown = sorted({name for rule in stated.rules for name in rule.condition.districts} - names)
    if unknown:
        known = ", ".join(sorted(names))
        said = f"There is no district {', '.join(unknown)} on {stated.valid_from}"
        raise GuidanceRefusedError(Fault(None, "rules.when.districts", said, f"Recorded are {known}."))
    warnings = []
    with limited(session, SECONDS):
        for outline in found:
            bound = {"on": stated.valid_from, "geom": outline.geom}
            share = float(session.execute(text(_SHARE_INSIDE), bound).scalar_one())
            if share <= 0:
                line = next((area.line for area in stated.areas if area.name == outline.name), None)
                said = f"The zone '{outline.name}' lies outside all districts"
                raise GuidanceRefusedError(Fault(line, "zones", said, "Check zones_crs and the order of the axes."))
            if share < _INSIDE:
                warnings.append(f"The zone '{outline.name}' lies to {1 - share:.1%} outside the districts.")
    return warnings


_INSIDE = 0.99
_DISTRICTS = "SELECT name FROM district WHERE upper_inf(known) AND valid @> CAST(:on AS date)"
_SHARE_INSIDE = """
SELECT coalesce(sum(shared_m2(d.geom, g.geom)), 0) / max(ST_Area(g.geom))
FROM (SELECT CAST(:geom AS geometry) AS geom) g
LEFT JOIN district d ON upper_inf(d.known) AND d.valid @> CAST(:on AS date) AND d.geom && g.geom
"""


def vertices(found: Sequence[Outline]) -> int:
    """Positions of all areas together, from the length of their EWKB (16 bytes each)."""
    return sum(len(outline.geom) // 32 for outline in found)
