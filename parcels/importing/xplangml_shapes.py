"""The geometries of a plan through GDAL: arcs made lines, axes set right, moved to EPSG:25832 and checked."""

from pathlib import Path
from typing import Any

import numpy as np

from parcels.importing import shapes, vectors
from parcels.importing.checks import Findings, shown
from parcels.importing.contract import Options
from parcels.importing.whole import Wholeness
from parcels.importing.xplangml_document import Document

# GDAL need not look through the file for its schema first, and takes the one geometry wherever it stands.
SCHEMA = """<GMLFeatureClassList>
<GMLFeatureClass>
<Name>area</Name><ElementPath>area</ElementPath>
<GeomPropertyDefn><Name>shape</Name><ElementPath>shape</ElementPath><Type>Unknown</Type></GeomPropertyDefn>
<PropertyDefn><Name>number</Name><ElementPath>number</ElementPath><Type>Integer64</Type></PropertyDefn>
</GMLFeatureClass>
</GMLFeatureClassList>
"""


def place(document: Document, options: Options) -> shapes.Place:
    """Where the document's coordinates lie; Refused where neither it nor the options say so."""
    code = next(iter(document.crs), None)
    named = f"EPSG:{code}" if code and code.isdigit() else code
    whole = Wholeness(document.features, states_crs=code is not None, crs_code=named)
    stated = vectors.stated_crs({"crs": None}, whole)
    return shapes.Place(shapes.settled_crs(stated, options), options, stated=stated is not None)


def checked(path: Path, document: Document, where: shapes.Place, findings: Findings) -> shapes.Shapes:
    """The areas' shapes in EPSG:25832, in the order of the areas; what is wrong with them is among the findings."""
    by_row, reasons = _read(path, document.set_aside)
    ordered = np.array([None] * len(document.areas), dtype=object)
    for at, area in enumerate(document.areas):
        if area.geometries == 0:
            findings.add(at, "geometry", "no-geometry", "has no geometry: draw its polygon or remove the feature")
        elif area.geometries > 1:
            said = f"has {area.geometries} geometries where one is wanted: join them into one"
            findings.add(at, "geometry", "several-geometries", said)
        elif (found := by_row.get(area.row)) is not None:
            ordered[at] = found
        else:
            reason = shown(reasons.get(area.row)) or "it is none that is known"
            said = f"has a geometry that cannot be read ({reason}): correct it, or export the file anew"
            findings.add(at, "geometry", "unreadable-geometry", said, value=reason)
    return shapes.checked(ordered, where, findings, needed=False)


def _read(path: Path, rows: list[int]) -> tuple[dict[int, Any], dict[int, str]]:
    """The geometries that were set aside as WKB, by the numbers of their features, and why others cannot be made out."""
    if not rows:
        return {}, {}
    path.with_suffix(".gfs").write_text(SCHEMA, encoding="utf-8")
    vectors.assert_drivers()
    numbers, wkb, reasons = vectors.numbered(path)
    return dict(zip(numbers, wkb, strict=True)), {
        rows[place]: said for place, said in reasons.items() if place < len(rows)
    }
