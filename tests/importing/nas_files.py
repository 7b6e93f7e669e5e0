"""NAS files written by hand: parcels with lines, arcs, holes and patches, as ALKIS exports them."""

from itertools import pairwise
from pathlib import Path

from gate_files import SOUTH, WEST, parcel_key

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<AX_Bestandsdatenauszug '
    'xmlns="http://www.adv-online.de/namespaces/adv/gid/6.0" '
    'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:wfs="http://www.adv-online.de/namespaces/adv/gid/wfs" '
    'xmlns:xlink="http://www.w3.org/1999/xlink">\n<erfolgreich>true</erfolgreich><enthaelt><wfs:FeatureCollection>\n'
)
TAIL = "</wfs:FeatureCollection></enthaelt></AX_Bestandsdatenauszug>\n"
CRS = "urn:adv:crs:ETRS89_UTM32"


def at(x: float, y: float) -> str:
    """A vertex, in metres from the south-west of the tests' squares."""
    return f"{WEST + x:.3f} {SOUTH + y:.3f}"


def corners(x: float = 0, y: float = 0, side: float = 100) -> list[tuple[float, float]]:
    """A square's ring, closed."""
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]


def line(*points: tuple[float, float]) -> str:
    listed = " ".join(at(*point) for point in points)
    return f"<gml:LineStringSegment><gml:posList>{listed}</gml:posList></gml:LineStringSegment>"


def arc(*points: tuple[float, float]) -> str:
    return f'<gml:Arc numArc="1"><gml:posList>{" ".join(at(*point) for point in points)}</gml:posList></gml:Arc>'


def curve(*segments: str) -> str:
    return f"<gml:Curve><gml:segments>{''.join(segments)}</gml:segments></gml:Curve>"


def ring(*curves: str) -> str:
    members = "".join(f"<gml:curveMember>{one}</gml:curveMember>" for one in curves)
    return f"<gml:Ring>{members}</gml:Ring>"


def lines(points: list[tuple[float, float]]) -> str:
    """A ring with a curve for each of its edges, as Hamburg draws them."""
    return ring(*[curve(line(*edge)) for edge in pairwise(points)])


def patch(outer: str, *holes: str) -> str:
    inner = "".join(f"<gml:interior>{hole}</gml:interior>" for hole in holes)
    return f"<gml:PolygonPatch><gml:exterior>{outer}</gml:exterior>{inner}</gml:PolygonPatch>"


def surface(*patches: str, crs: str = CRS) -> str:
    return f'<gml:Surface srsName="{crs}"><gml:patches>{"".join(patches)}</gml:patches></gml:Surface>'


def square(column: int = 0, row: int = 0) -> str:
    return surface(patch(lines(corners(200 * column, 200 * row))))


def flurstueck(
    position: str | None = None,
    number: int | None = 1,
    whole: str | None = "",
    kind: str = "AX_Flurstueck",
    begun: str = "2015-03-31T07:26:17Z",
    ended: str | None = None,
    identity: str | None = None,
    more: str = "",
    born: str | None = "1993-01-01",
    nenner: str | None = None,
    flur: str | None = None,
    area: float = 10_000,
) -> str:
    """A parcel of Gemarkung 0114; `whole` "" is the key that its parts make, None leaves it out."""
    key = parcel_key(number or 0) if whole == "" else whole
    name = identity or f"DEHHALKA{number:08d}"

    def leaf(tag: str, value: object) -> str:
        return "" if value is None else f"<{tag}>{value}</{tag}>"

    interval = f"<beginnt>{begun}</beginnt>{leaf('endet', ended)}"
    return (
        f'<gml:featureMember><{kind} gml:id="{name}{begun[:10] if ended else ""}">'
        f'<gml:identifier codeSpace="http://www.adv-online.de/">urn:adv:oid:{name}</gml:identifier>'
        f"<lebenszeitintervall><AA_Lebenszeitintervall>{interval}</AA_Lebenszeitintervall></lebenszeitintervall>"
        f"{leaf('position', square() if position is None else position or None)}"
        "<gemarkung><AX_Gemarkung_Schluessel><land>02</land><gemarkungsnummer>0114</gemarkungsnummer>"
        "</AX_Gemarkung_Schluessel></gemarkung><flurstuecksnummer><AX_Flurstuecksnummer>"
        f"{leaf('zaehler', number)}{leaf('nenner', nenner)}</AX_Flurstuecksnummer></flurstuecksnummer>"
        f"{leaf('flurnummer', flur)}{leaf('flurstueckskennzeichen', key)}"
        f'<amtlicheFlaeche uom="urn:adv:uom:m2">{area}</amtlicheFlaeche>'
        f"{leaf('zeitpunktDerEntstehung', born)}{more}</{kind}></gml:featureMember>\n"
    )


def write(path: Path, *members: str, head: str = HEAD, tail: str = TAIL) -> Path:
    path.write_text(head + "".join(members) + tail, encoding="utf-8")
    return path
