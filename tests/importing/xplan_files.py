"""Small XPlanGML documents for the tests: one sentence a feature, in any version, with Hamburg's extension if wanted."""

import zipfile
from pathlib import Path
from typing import Any

import shapely
from gate_files import square

GML = "http://www.opengis.net/gml/3.2"
FHH = "http://www.xplanung.de/4/0/ADE_FHH"
CRS = "EPSG:25832"


def polygon(shape: shapely.Polygon, crs: str | None = CRS) -> str:
    """A gml:Polygon with its holes."""
    rings = "".join(
        f"<gml:{kind}><gml:LinearRing><gml:posList>{' '.join(f'{x!r} {y!r}' for x, y in ring.coords)}</gml:posList>"
        f"</gml:LinearRing></gml:{kind}>"
        for kind, ring in [("exterior", shape.exterior), *(("interior", hole) for hole in shape.interiors)]
    )
    stated = "" if crs is None else f' srsName="{crs}"'
    return f"<gml:Polygon{stated}>{rings}</gml:Polygon>"


def circle(x: float, y: float, radius: float) -> str:
    """A gml:Polygon whose outline is one circle, by arcs."""
    west, east, south, north = x - radius, x + radius, y - radius, y + radius
    points = f"{west} {y} {x} {north} {east} {y} {x} {south} {west} {y}"
    arcs = f"<gml:Curve><gml:segments><gml:ArcString><gml:posList>{points}</gml:posList></gml:ArcString></gml:segments>"
    ring = f"<gml:Ring><gml:curveMember>{arcs}</gml:Curve></gml:curveMember></gml:Ring>"
    return f'<gml:Polygon srsName="{CRS}"><gml:exterior>{ring}</gml:exterior></gml:Polygon>'


def tags(values: dict[str, Any], prefix: str = "xplan") -> str:
    """Attributes of a feature: a list repeats one, a text that begins with `<` is taken as it is, `#id` is a link."""
    parts = []
    for name, found in values.items():
        for value in found if isinstance(found, list) else [found]:
            tag = name if ":" in name else f"{prefix}:{name}"
            link = str(value).startswith("#")
            parts.append(f'<{tag} xlink:href="{value}"/>' if link else f"<{tag}>{value}</{tag}>")
    return "".join(parts)


def feature(name: str, gml_id: str, shape: Any = None, /, **values: Any) -> str:
    """One feature; `shape` is a polygon, the GML of one, or None."""
    tag = name if ":" in name else f"xplan:{name}"
    holder = "raeumlicherGeltungsbereich" if name == "BP_Plan" else "position"
    drawn = polygon(shape) if isinstance(shape, shapely.Polygon) else shape
    place = "" if drawn is None else f"<xplan:{holder}>{drawn}</xplan:{holder}>"
    return f'<{tag} gml:id="{gml_id}">{tags(values)}{place}</{tag}>'


def plan(gml_id: str = "plan", name: str | None = "Beispielplan 1", shape: Any = None, **values: Any) -> str:
    """A plan in force over the first square, unless told otherwise."""
    told = {"name": name} if name is not None else {}
    told |= {"planArt": "1000", "rechtsstand": "4000", "inkrafttretensDatum": "2001-02-03", **values}
    outline = square(0, 0, 400.0) if shape is None else shape
    return feature("BP_Plan", gml_id, outline, **{key: value for key, value in told.items() if value is not None})


def area(gml_id: str, use: str | None = "1700", shape: Any = None, **values: Any) -> str:
    """A building area: a Gewerbegebiet on the first square, unless told otherwise."""
    told = {} if use is None else {"besondereArtDerBaulNutzung": use}
    outline = square() if shape is None else shape
    return feature("BP_BaugebietsTeilFlaeche", gml_id, outline, flaechenschluss="true", **told, **values)


def collection(version: str, *features: str, root: str = "xplan:XPlanAuszug", member: str = "gml:featureMember") -> str:
    """A collection of the features; with a plural member, all in one."""
    one, end = f"<{member}>", f"</{member}>"
    inside = one + "".join(features) + end if member.endswith("s") else "".join(one + each + end for each in features)
    spaces = (
        f'xmlns:xplan="http://www.xplanung.de/xplangml/{version.replace(".", "/")}" xmlns:gml="{GML}" xmlns:fhh="{FHH}" '
        'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {spaces} gml:id="all">{inside}</{root}>\n'


def written(path: Path, version: str, *features: str, **how: Any) -> Path:
    """A document in a file."""
    path.write_text(collection(version, *features, **how), encoding="utf-8")
    return path


def archive(path: Path, **members: str) -> Path:
    """An archive of documents; their names have `__` for a dot."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name.replace("__", "."), content)
    return path
