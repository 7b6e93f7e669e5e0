"""NAS, the exchange format of ALKIS (AdV GeoInfoDok 6 and 7): its parcels, one object at a time, and nothing else of it.

GDAL's wheel has no driver for it. The file is gone through twice, holding one object: what it is, then its rows.
Days: a parcel is so since it came to be (zeitpunktDerEntstehung), for `beginnt` only says since when ALKIS has this version of
it; a later version holds from its `beginnt`. It is no more from the day on which its object ends (endet), or on which that of the
historic parcel (AX_HistorischesFlurstueck) begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from lxml import etree

from parcels.importing.alkis import Told, day_of, relate
from parcels.importing.checks import ROWS, Chunk
from parcels.importing.contract import Issue, Options, Refused
from parcels.importing.curves import Undrawable, local, outline, unprefixed
from parcels.importing.whole import cut
from parcels.importing.whole_text import crs_code, refuse_declarations, refuse_doctype

ADV = "http://www.adv-online.de/namespaces/adv/gid/"
CURRENT, HISTORIC = "AX_Flurstueck", "AX_HistorischesFlurstueck"
LANDLESS = ("AX_HistorischesFlurstueckOhneRaumbezug", "AX_HistorischesFlurstueckALB")
NAMED = "AX_Gemarkung"
WANTED = frozenset((CURRENT, HISTORIC, *LANDLESS, NAMED))
ORDERS = frozenset(
    ("AX_Fortfuehrungsauftrag", "AX_NutzerbezogeneBestandsdatenaktualisierung_NBA", "AX_Einrichtungsauftrag")
)
LOOK = 2_000  # elements in which a collection must show that it is of ALKIS
PER_VERTEX = 12  # elements of one object for each vertex that it may have; real ones take six
SHALLOW, HELD = 6, 10_000  # other objects are forgotten as they end, the inside of a large one as it goes on
LISTED = 10

WHOLE, AREA, NAME, SINCE, UNTIL = "flurstueckskennzeichen", "amtlicheFlaeche", "gemarkung", "valid_from", "valid_to"
BEFORE, AFTER = "vorgaengerFlurstueckskennzeichen", "nachfolgerFlurstueckskennzeichen"
PATHS = {
    WHOLE: (WHOLE,),
    "landschl": ("gemarkung", "AX_Gemarkung_Schluessel", "land"),
    "gemarkungsnummer": ("gemarkung", "AX_Gemarkung_Schluessel", "gemarkungsnummer"),
    "flurnummer": ("flurnummer",),
    "zaehler": ("flurstuecksnummer", "AX_Flurstuecksnummer", "zaehler"),
    "nenner": ("flurstuecksnummer", "AX_Flurstuecksnummer", "nenner"),
    "flurstuecksfolge": ("flurstuecksfolge",),
    AREA: (AREA,),
}
NAMES = (*PATHS, NAME, SINCE, UNTIL, BEFORE, AFTER)
BORN, DIED = ("zeitpunktDerEntstehung",), ("zeitpunktDerHistorisierung",)
BEGUN, ENDED = (("lebenszeitintervall", "AA_Lebenszeitintervall", name) for name in ("beginnt", "endet"))


@dataclass
class Nas:
    """What the first pass found: the CRS, names of Gemarkungen by their numbers, when which versions ended."""

    told: Told
    crs: pyproj.CRS | None = None
    names: dict[str, str] = field(default_factory=dict)
    ended: set[tuple[str, str]] = field(default_factory=set)
    continued: set[tuple[str, str]] = field(default_factory=set)
    outlived: set[str] = field(default_factory=set)
    passing: int = 0
    landless: int = 0
    some: list[str] = field(default_factory=list)


def is_nas(path: Path) -> bool:
    """Whether the root, or what a collection begins with, is of ALKIS; a file that is no XML is not."""
    seen = 0
    try:
        with path.open("rb") as file:
            refuse_declarations(file.read(1 << 16))
            file.seek(0)
            for _, element in _parsed(file, ("start",)):
                if element.tag.startswith("{" + ADV):
                    _refuse_orders(local(element))
                    return True
                seen += 1
                if seen > LOOK:
                    return False
    except etree.XMLSyntaxError:
        return False
    return False


def _refuse_orders(root: str) -> None:
    if root in ORDERS:
        raise Refused(
            "nas-order",
            f"The file is an order of changes ({root}), not the state of the parcels: give an AX_Bestandsdatenauszug.",
        )


def _parsed(file: Any, events: tuple[str, ...]) -> Any:
    return etree.iterparse(
        file,
        events=events,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )


def _objects(path: Path, options: Options) -> Iterator[Any]:
    """The objects of the classes that are wanted, one after the other; each is gone when the next is asked for."""
    most = PER_VERTEX * options.limits.vertices
    within = None
    count = depth = 0
    try:
        with path.open("rb") as file:
            parser = _parsed(file, ("start", "end"))
            for event, element in parser:
                if event == "start":
                    depth += 1
                    count += 1
                    if within is None:
                        if _wanted(element):
                            within, count = element, 0
                    elif count > most:
                        raise _too_large(within, most)
                    continue
                depth -= 1
                if within is None:
                    if depth < SHALLOW or count > HELD:
                        _forget(element)
                        count = 0
                elif element is within:
                    yield element
                    _forget(element)
                    within = None
            refuse_doctype(parser.root.getroottree())
    except etree.XMLSyntaxError as problem:
        raise cut(f"it is not well-formed XML at line {problem.lineno}") from None


def _too_large(element: Any, most: int) -> Refused:
    return Refused(
        "too-intricate",
        f"The object in line {element.sourceline} has more than {most} elements: split or simplify it.",
    )


def _wanted(element: Any) -> bool:
    namespace, _, name = element.tag.rpartition("}")
    return name in WANTED and namespace[1:].startswith(ADV)


def _forget(element: Any) -> None:
    element.clear(keep_tail=False)
    while element.getprevious() is not None:  # lxml keeps cleared siblings otherwise
        del element.getparent()[0]


def counted(path: Path, options: Options) -> Nas:
    """The first pass: is the file whole, in one CRS, and which versions of its parcels are not the last ones?"""
    found = Nas(Told(options.limits))
    crs: set[str] = set()
    objects = 0
    for element in _objects(path, options):
        kind = local(element)
        if kind == NAMED:
            _name(found, element)
            continue
        objects += 1
        crs |= {crs_code(name) for place in element.iterchildren("{*}position") for name in _stated(place)}
        ended = _text(element, ENDED)
        if kind == CURRENT and ended is not None:
            found.ended.add((_identity(element), ended))
            found.outlived.add(_text(element, PATHS[WHOLE]) or "")
    if objects > options.limits.rows:
        raise Refused("too-many-rows", f"The file has {objects} parcels, more than {options.limits.rows}: split it.")
    if len(crs) > 1:
        listed = ", ".join(sorted(crs)[:5])
        raise Refused("crs-mixed", f"The file states several CRS ({listed}): export it in one, best EPSG:25832.")
    found.crs = _crs(next(iter(crs), None))
    return found


def _name(found: Nas, element: Any) -> None:
    number = [_text(element, ("schluessel", "AX_Gemarkung_Schluessel", part)) for part in ("land", "gemarkungsnummer")]
    name = _text(element, ("bezeichnung",))
    if name and all(number):
        found.names["".join(map(str, number))] = name


def _stated(position: Any) -> Iterator[str]:
    return (name for element in position.iter() if isinstance(element.tag, str) and (name := element.get("srsName")))


def _crs(code: str | None) -> pyproj.CRS | None:
    if code is None:
        return None
    try:
        return pyproj.CRS.from_user_input(f"EPSG:{code}" if code.isdigit() else code)
    except pyproj.exceptions.CRSError:
        raise Refused(
            "crs-unknown", f"The file states a CRS that is not known ({code[:60]}): export it in EPSG:25832."
        ) from None


def chunks(path: Path, found: Nas, used: list[str], options: Options) -> Iterator[Chunk]:
    """The second pass: a row for each parcel and historic parcel that has land, with the cells of the `used` columns."""
    rows: list[dict[str, Any]] = []
    wkb: list[bytes | None] = []
    undrawn: dict[int, str] = {}
    lines: list[int] = []
    last: dict[int, tuple[str, str]] = {}
    number = 0

    def chunk() -> Chunk:
        cells = [[row[name] for row in rows] for name in used]
        return Chunk(
            range(number - len(rows) + 1, number + 1), cells, np.array(wkb, dtype=object), dict(undrawn), lines
        )

    for element in _objects(path, options):
        if local(element) == NAMED:
            continue
        row = _row(element, found)
        if not _has_land(element, row, found, number + 1):
            continue
        number += 1
        if local(element) == HISTORIC:
            found.told.historic.append(number)
        elif (ended := _text(element, ENDED)) is not None:
            last[number] = _identity(element), ended
        try:
            wkb.append(_drawn(element, options.limits.vertices))
        except Undrawable as problem:
            undrawn[len(rows)] = str(problem)
            wkb.append(None)
        rows.append(row)
        lines.append(element.sourceline)
        if len(rows) == ROWS:
            yield chunk()
            rows, wkb, undrawn, lines = [], [], {}, []
    if rows:
        yield chunk()
    # An object that ends and has no later version is a parcel that is no more, whatever was recorded of it.
    found.told.historic += [row for row, end in last.items() if end not in found.continued]
    found.told.issues += _left_out(found)


def _row(element: Any, found: Nas) -> dict[str, Any]:
    row: dict[str, Any] = {name: _text(element, path) for name, path in PATHS.items()}
    row[NAME] = found.names.get(f"{row['landschl']}{row['gemarkungsnummer']}")
    row[BEFORE], row[AFTER] = (
        [child.text or "" for child in element.iterchildren(f"{{*}}{name}")] for name in (BEFORE, AFTER)
    )
    begun, ended = _text(element, BEGUN), _text(element, ENDED)
    later = begun is not None and (_identity(element), begun) in found.ended
    if later:
        found.continued.add((_identity(element), str(begun)))
    row[SINCE] = day_of(begun) if later else found.told.since(_text(element, BORN))
    historic = local(element) != CURRENT
    row[UNTIL] = (_text(element, DIED) or day_of(begun)) if historic else ended and day_of(ended)
    return row


def _has_land(element: Any, row: dict[str, Any], found: Nas, number: int) -> bool:
    """Whether an object becomes a row. The others say who follows whom, or were replaced within a day."""
    kind = local(element)
    if kind in LANDLESS or (kind == HISTORIC and row[WHOLE] in found.outlived):
        relate(found.told, number, row[WHOLE], row[AFTER], row[UNTIL], "after")
        relate(found.told, number, row[WHOLE], row[BEFORE], row[SINCE], "before")
        if kind in LANDLESS:
            found.landless += 1
            found.some += [str(row[WHOLE])[:20]] if len(found.some) < LISTED else []
        return False
    if (kind == HISTORIC and _text(element, ENDED)) or (row[UNTIL] and row[SINCE] == row[UNTIL]):
        found.passing += 1
        return False
    return True


def _left_out(found: Nas) -> Iterator[Issue]:
    if found.landless:
        said = (
            f"{found.landless} historic parcels have no outline ({', '.join(found.some)} ...): they are kept as predecessors "
            "only. Where one of them is still recorded, import it with its valid_to."
        )
        yield Issue(None, None, None, "historic-without-outline", "warning", said, str(found.landless))
    if found.passing:
        said = f"{found.passing} versions were replaced on the day on which they began, or later altered: they held for no day."
        yield Issue(None, None, None, "version-of-no-day", "note", said, str(found.passing))


def _drawn(element: Any, most: int) -> bytes | None:
    position = next(element.iterchildren("{*}position"), None)
    return None if position is None else bytes(shapely.to_wkb(outline(position, most)))


def _identity(element: Any) -> str:
    """What all versions of one object have in common: the first 16 characters of its identifier."""
    said = _text(element, ("identifier",)) or next(
        (str(value) for name, value in element.items() if unprefixed(name) == "id"), ""
    )
    return said.rsplit(":", 1)[-1][:16]


def _text(element: Any, path: tuple[str, ...]) -> str | None:
    """The text at the end of a path of names, whatever their namespaces; None where there is none."""
    for name in path:
        element = next(element.iterchildren(f"{{*}}{name}"), None)
        if element is None:
            return None
    return (element.text or "").strip() or None
