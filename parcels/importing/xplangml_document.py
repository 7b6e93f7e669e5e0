"""One XPlanGML document: a hardened pass that keeps what the register needs, and sets the geometries aside for GDAL.

Nothing is fetched and nothing is expanded: document types and entities are refused, schema locations are not looked at.
The geometries go, one a feature, into a file of their own: GDAL then reads exactly these, whatever else a plan holds.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from parcels.importing.contract import Limits, Refused
from parcels.importing.whole import cut
from parcels.importing.whole_text import MEMBERS, crs_code, refuse_declarations, refuse_doctype
from rules import xplan
from rules.xplan import FeatureType

XPLAN = re.compile(r"http://www\.xplanung\.de/xplangml/(\d)/(\d)")
FHH = re.compile(r"http://www\.xplanung\.de/\d/\d/ADE_FHH")  # Hamburg's extension
GML = frozenset(("http://www.opengis.net/gml/3.2", "http://www.opengis.net/gml"))
GML_ID = ("{http://www.opengis.net/gml/3.2}id", "{http://www.opengis.net/gml}id")
COUNT = re.compile(r"\d{1,15}", re.ASCII)
HREF = "{http://www.w3.org/1999/xlink}href"
AREAL = frozenset(
    ("Polygon", "Surface", "MultiSurface", "MultiPolygon", "CompositeSurface", "PolyhedralSurface", "MultiGeometry")
)
ADV = "urn:adv:crs:"
COUNTS = ("numberMatched", "numberReturned", "numberOfFeatures")  # of WFS 2 and 1.1
OUTLINE, POSITION = "raeumlicherGeltungsbereich", "position"
HEAD = b'<shapes xmlns:gml="http://www.opengis.net/gml/3.2">\n'
TAIL = b"</shapes>\n"
Element = etree._Element


@dataclass(frozen=True, slots=True)
class Area:
    """A feature that may matter: its number in the file, what it is, its attributes, and how many geometries it has."""

    row: int
    gml_id: str
    name: str
    type: FeatureType
    attributes: Element
    geometries: int


@dataclass
class Document:
    """What one document holds: its version, plans first among its areas as they come, sections, and paragraphs of text."""

    version: str = ""
    lines: list[int] = field(default_factory=list)  # of all features, in which they begin
    set_aside: list[int] = field(default_factory=list)  # numbers of the features whose geometries these are
    areas: list[Area] = field(default_factory=list)
    sections: list[Element] = field(default_factory=list)
    paragraphs: dict[str, Element] = field(default_factory=dict)
    wholes: dict[str, Element] = field(default_factory=dict)  # by the gml:ids of their parts
    unused: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    without_area: Counter[str] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)
    namespaces: Counter[str] = field(default_factory=Counter)
    crs: dict[str, str] = field(default_factory=dict)

    @property
    def features(self) -> int:
        """How many features it holds, whatever they are."""
        return len(self.lines)

    @property
    def plans(self) -> list[Area]:
        """The plans, in document order."""
        return [area for area in self.areas if area.type.use == "outline"]


def read(path: Path, shapes: Path, first_row: int, limits: Limits) -> Document:
    """Read a document, its geometries into `shapes`; Refused where it is none, is cut off, or of no version that is read."""
    document = Document()
    try:
        with path.open("rb") as file, shapes.open("wb") as aside:
            refuse_declarations(file.read(1 << 16))
            file.seek(0)
            aside.write(HEAD)
            for feature in _features(file, document):
                document.lines.append(_line(feature))
                if document.features > limits.rows:
                    raise Refused("too-many-rows", f"The file has more than {limits.rows} features: split it.")
                _take(feature, first_row + document.features - 1, document, aside)
            aside.write(TAIL)
    except etree.XMLSyntaxError as problem:
        if "XML_PARSE_HUGE" in str(problem.msg):
            said = f"The XML is nested too deeply, or one value in it is too long (line {problem.lineno}): simplify it."
            raise Refused("too-intricate", said) from None
        raise cut(f"it is not well-formed XML at line {problem.lineno}") from None
    _check(document)
    return document


def _features(file: BinaryIO, document: Document) -> Iterator[Element]:
    """The features of a collection, each as it ends; they are emptied once they have been looked at."""
    depth = 0
    stated: dict[str, int] = {}
    parser = etree.iterparse(
        file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    for event, element in parser:
        if event == "start":
            depth += 1
            if depth == 1:
                stated = {name: int(each) for name in COUNTS if COUNT.fullmatch(each := element.get(name, ""))}
            if name := element.get("srsName"):
                document.crs.setdefault(crs_code(name), name)
            continue
        depth -= 1
        in_member = depth in (2, 4) and _local(element.getparent()) in MEMBERS
        if in_member or depth == 1:
            if _is_feature(element, in_member):
                yield element
            element.clear(keep_tail=False)
            while element.getprevious() is not None:  # lxml keeps cleared siblings otherwise
                del element.getparent()[0]
    refuse_doctype(parser.root.getroottree())
    _check_counts(stated, document.features)


def _check_counts(stated: dict[str, int], features: int) -> None:
    """An answer of a WFS says how many features it has, and how many there are; 0 stands there where it could not count."""
    matched = stated.get("numberMatched", 0)
    returned = stated.get("numberReturned", 0) or stated.get("numberOfFeatures", 0)
    if matched > features or (returned and returned != features):
        raise Refused(
            "cut-off",
            f"The file holds {features} of {max(matched, returned)} features, as it says itself: fetch all pages of it.",
        )


def _is_feature(element: Element, in_member: bool) -> bool:
    """Whether what stands in a member of a collection, or right in the outermost collection, is a feature."""
    if _local(element) == "truncatedResponse":
        raise cut("the service that made it broke off, as it says itself")
    if in_member:
        return not _local(element).endswith("FeatureCollection")
    return XPLAN.fullmatch(_namespace(element)) is not None


def _take(feature: Element, row: int, document: Document, aside: BinaryIO) -> None:
    """Keep a feature of a plan, or count it among those that do not matter."""
    namespace, name = _namespace(feature), _local(feature)
    document.namespaces[namespace] += 1
    document.ids.add(gml_id(feature))
    if version := XPLAN.fullmatch(namespace):
        _settle_version(document, f"{version[1]}.{version[2]}")
    elif not FHH.fullmatch(namespace):
        document.unknown[name] += 1
        return
    type_ = xplan.feature_type(document.version or xplan.VERSIONS[0], name)
    if name == "BP_Bereich":
        document.sections.append(_light(feature))
    elif name in ("BP_TextAbschnitt", "XP_TextAbschnitt"):
        document.paragraphs[gml_id(feature)] = _light(feature)
    elif name == "BP_Baugebiet":  # up to 4.1 what its parts have in common
        document.wholes.update(dict.fromkeys(references(feature, "flaechenteil"), _light(feature)))
    elif type_ is None:
        document.unknown[name] += 1
    elif type_.use == "none":
        document.unused[name] += 1
    else:
        _take_area(feature, row, name, type_, document, aside)


def _take_area(feature: Element, row: int, name: str, type_: FeatureType, document: Document, aside: BinaryIO) -> None:
    shapes = _shapes(feature, OUTLINE if type_.use == "outline" else POSITION)
    areal = all(_local(shape) in AREAL for shape in shapes)
    if not areal and type_.use == "other_use" and type_.closes != "always":
        document.without_area[name] += 1  # of these types, points and lines are drawn as well
        return
    if len(shapes) == 1:
        default = next(iter(document.crs.values()), None)
        _set_aside(shapes[0], row, default, aside)
        document.set_aside.append(row)
    document.areas.append(Area(row, gml_id(feature), name, type_, _light(feature), len(shapes)))


def _shapes(feature: Element, name: str) -> list[Element]:
    return [shape for holder in feature if _local(holder) == name for shape in holder if _namespace(shape) in GML]


def _set_aside(shape: Element, row: int, default: str | None, aside: BinaryIO) -> None:
    if default is not None and shape.get("srsName") is None:
        shape.set("srsName", default)
    for part in shape.iter():
        if (name := part.get("srsName")) and name.startswith(
            ADV
        ):  # GDAL would look for it in all its tables, each time
            part.set("srsName", f"EPSG:{crs_code(name)}")
    aside.write(b"<gml:featureMember><area><number>%d</number><shape>" % row)
    aside.write(etree.tostring(shape, with_tail=False))
    aside.write(b"</shape></area></gml:featureMember>\n")


def _light(feature: Element) -> Element:
    """A feature without its geometries, to be kept after the document has been read."""
    kept = etree.Element(feature.tag)
    kept.set(GML_ID[0], gml_id(feature))
    for child in feature:
        if _local(child) not in ("", OUTLINE, POSITION, "boundedBy"):
            kept.append(copy.deepcopy(child))
    return kept


def _settle_version(document: Document, version: str) -> None:
    if version not in xplan.VERSIONS:
        raise Refused(
            "version-unknown",
            f"The file is XPlanGML {version}; {xplan.VERSIONS[0]} to {xplan.VERSIONS[-1]} are read: export it anew.",
        )
    if document.version not in ("", version):
        raise Refused(
            "version-mixed", f"The file mixes XPlanGML {document.version} and {version}: give the plans one by one."
        )
    document.version = version


def _check(document: Document) -> None:
    if not document.version:
        listed = ", ".join(sorted(document.namespaces)[:5]) or "none"
        raise Refused(
            "not-xplangml",
            f"The file holds no features of XPlanGML {xplan.VERSIONS[0]} to {xplan.VERSIONS[-1]} (namespaces found: "
            f"{listed[:300]}): give the plan as XPlanGML.",
        )
    if not document.plans:
        raise Refused(
            "plan-missing", "The file holds no development plan (BP_Plan): other kinds of plans set no use of land."
        )
    if len(document.crs) > 1:
        listed = ", ".join(sorted(document.crs)[:5])
        raise Refused("crs-mixed", f"The file states several CRS ({listed}): export it in one, best EPSG:25832.")


def _line(element: Element) -> int:
    """The line in which an element begins."""
    found: Any = element.sourceline
    return int(found)


def _local(element: Element) -> str:
    """An element's name without its namespace, whatever that may be; empty for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _namespace(element: Element) -> str:
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def gml_id(feature: Element) -> str:
    """The gml:id of a feature; empty where it has none."""
    return next((found for name in GML_ID if (found := feature.get(name))), "")


def gml_name(feature: Element) -> str:
    """The name that GML itself gives a feature; empty where there is none."""
    named = [each for each in feature if _namespace(each) in GML and _local(each) == "name"]
    return next((" ".join(text.split()) for each in named if (text := each.text or "").strip()), "")


def children(element: Element, name: str) -> list[Element]:
    """The attributes of a name that are XPlanung's own or Hamburg's, not those of GML."""
    return [child for child in element if _local(child) == name and _namespace(child) not in GML]


def values(element: Element, name: str) -> list[str]:
    """The texts of all attributes of a name, blanks folded, empty ones left out."""
    return [
        text for child in children(element, name) if (text := " ".join("".join(map(str, child.itertext())).split()))
    ]


def value(element: Element, name: str) -> str | None:
    """The text of the first attribute of a name; None where there is none."""
    return next(iter(values(element, name)), None)


def inner(element: Element, name: str) -> list[Element]:
    """The data objects inside the attributes of a name: `<aendert><XP_VerbundenerPlan>...`."""
    return [each for child in children(element, name) for each in child if isinstance(each.tag, str)]


def references(element: Element, *names: str) -> list[str]:
    """The gml:ids that attributes of these names point to."""
    hrefs = [child.get(HREF) for name in names for child in children(element, name)]
    return [str(href).rpartition("#")[2] for href in hrefs if href]
