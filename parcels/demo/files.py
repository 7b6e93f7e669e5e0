"""The files of the demo register: what each step states, as GeoJSON and CSV, byte for byte the same each time."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import shapely
from shapely import Polygon, box

from parcels.demo import city, surroundings
from parcels.demo.estates import ESTATES
from parcels.demo.fields import FIELDS, Field
from parcels.demo.lives import AVAILABLE, Chapter, lives
from parcels.demo.plots import area, strip
from parcels.demo.sites import Parcel, key_of, parcels
from parcels.demo.steps import STEPS, Step, recording

Row = dict[str, str]
Shaped = tuple[Row, Polygon]

NOTICE = "Fiktive Daten zur Vorführung: keine amtlichen Grenzen, Pläne, Flurstücke oder Eigentumsverhältnisse."
START = date(2017, 1, 1)
RELEASE = "2022-07-01"
IN_PARTS = {
    "Moosbült Süd": "bound",
    "Heidschlag Nord": "",
}  # the western part lives the site's life, the rest is let or unrecorded
DECLARED = {"Igelforst Nord": "13800.00", "Kleewinkel Hof": "10900.00"}  # known from a list first, without geometry
FORMED = {"Igelforst Nord": "2021-01-01"}  # the day on which the declared parcel gets its geometry
MISREAD = {"Störchenau Süd": Decimal("1.06"), "Kranichbrook Süd": Decimal("0.91")}  # official areas wrong at first


def generate(folder: Path) -> None:
    """Write every file named by STEPS into `folder` (created if missing); coordinates in EPSG:25832 to 0.01 m."""
    folder.mkdir(parents=True, exist_ok=True)
    for step in STEPS:
        for _, name, _ in step.files:
            content = name.removeprefix(f"{step.day}_").partition("_fiktiv")[0]
            if name.endswith(".csv"):
                _write_csv(folder / name, list(TABLES[content](step)))
            else:
                _write_geojson(folder / name, SHAPES[content](step))


def _districts(_: Step) -> Iterator[Shaped]:
    for name, outline in city.districts().items():
        yield {"name": name}, outline


def _port(step: Step) -> Iterator[Shaped]:
    in_use, extension, left = city.port()
    kind = "Hafenerweiterungsgebiet"
    if step is STEPS[0]:
        yield {"kind": "Hafennutzungsgebiet", "valid_from": "", "valid_to": ""}, in_use
        yield {"kind": kind, "valid_from": "", "valid_to": ""}, extension
    else:
        yield {"kind": kind, "valid_from": "", "valid_to": RELEASE}, extension
        yield {"kind": kind, "valid_from": RELEASE, "valid_to": ""}, left


def _parcels(step: Step) -> Iterator[Shaped]:
    if step is STEPS[-1]:
        yield from ((_field(field), field.shape) for field in FIELDS)
        return
    for parcel in parcels():
        formed = FORMED.get(parcel.site, "")
        if recording(date.fromisoformat(formed) if formed else START) is step:
            yield _parcel(parcel, formed, MISREAD.get(parcel.site, Decimal(1))), parcel.shape
        elif step.day.year == 2026 and parcel.site in MISREAD:
            yield _parcel(parcel, formed, Decimal(1)), parcel.shape


def _parcel(parcel: Parcel, formed: str, misreading: Decimal) -> Row:
    official = "" if parcel.official_m2 is None else str(round(parcel.official_m2 * misreading))
    return {
        "key": parcel.key,
        "official_m2": official,
        "gemarkung": f"{parcel.estate.name} (fiktiv)",
        "district": parcel.estate.district,
        "valid_from": formed,
        "valid_to": "",
    }


def _field(field: Field) -> Row:
    row = {"key": field.key, "official_m2": str(field.official_m2), "gemarkung": f"{field.name} (fiktiv)"}
    return row | {"district": "", "valid_from": "", "valid_to": ""}


def _farmed(field: Field) -> Row:
    row = {"plan": f"{field.name} Baustufenplan (fiktiv)", "designation": "LANDWIRTSCHAFT", "regulates_use": "yes"}
    return row | {"in_use_as_commercial": "", "restrictions": "", "valid_from": "", "valid_to": ""}


def _zones(step: Step) -> Iterator[Shaped]:
    for estate in ESTATES:
        for zone in estate.zones:
            since = zone.valid_to or zone.valid_from  # a plan already quashed is recorded with both its days
            if recording(date.fromisoformat(since) if since else START) is not step:
                continue
            row = {"plan": f"{estate.name} {zone.plan} (fiktiv)", "designation": zone.designation}
            row |= {"regulates_use": zone.regulates_use, "in_use_as_commercial": zone.in_use_as_commercial}
            row |= {"restrictions": zone.restrictions, "valid_from": zone.valid_from, "valid_to": zone.valid_to}
            yield row, area(estate, zone.side, zone.share)
    if step is STEPS[-1]:
        yield from ((_farmed(field), field.shape) for field in FIELDS)


def _deductions(step: Step) -> Iterator[Shaped]:
    for estate in ESTATES:
        for number, band in enumerate(estate.strips, start=1):
            if recording(date.fromisoformat(band.valid_from) if band.valid_from else START) is step:
                row = {"id": f"{estate.name}-{number}", "kind": band.kind}
                row |= {"valid_from": band.valid_from, "valid_to": band.valid_to}
                yield row, strip(estate, band.course, band.width)


def _holdings(step: Step) -> Iterator[Row]:
    for site, chapter, until in _told(step):
        if site not in IN_PARTS and not (site in DECLARED and chapter == lives()[site][0]):
            for parcel in parcels():
                if parcel.site == site:
                    yield _holding(parcel.key, parcel.holder, site, chapter, until)
    if step is STEPS[0]:
        yield from (_private(parcel.key) for parcel in parcels() if parcel.holder == "private")


def _declared(step: Step) -> Iterator[Row]:
    known = {parcel.site: (parcel.key, parcel.holder) for parcel in parcels() if parcel.site in DECLARED}
    for site, chapter, until in _told(step):
        if site in DECLARED:
            key, holder = known.get(site, (key_of(9950, 17), "LIG"))
            amount = {"declared_net_m2": DECLARED[site], "designation": "GE"}
            yield _holding(key, holder, site, chapter, until) | amount


def _parts(step: Step) -> Iterator[Shaped]:
    for site, chapter, until in _told(step):
        for parcel in parcels():
            if parcel.site == site and site in IN_PARTS:
                west, east = _halves(parcel.shape)
                yield _holding(parcel.key, parcel.holder, site, chapter, until), west
                if IN_PARTS[site]:
                    let = chapter._replace(facts=AVAILABLE | {"disposition": "let", "binding_use": "yes"})
                    yield _holding(parcel.key, parcel.holder, site, let, until), east


def _told(step: Step) -> Iterator[tuple[str, Chapter, str]]:
    """What `step` records of the sites: site, chapter, and the day the next chapter of the same step begins."""
    for site, chapters in lives().items():
        known = [chapter for chapter in chapters if recording(chapter.recorded) is step]
        ends = [str(chapter.valid_from) for chapter in known[1:]]
        yield from ((site, chapter, until) for chapter, until in zip(known, [*ends, ""], strict=False))


def _holding(key: str, holder: str, site: str, chapter: Chapter, until: str) -> Row:
    return {
        "key": key,
        "site": f"{site} (fiktiv)" if site else "",
        "holder": holder,
        **chapter.facts,  # a state may name another holder
        "declared_net_m2": "",
        "designation": "",
        "valid_from": str(chapter.valid_from),
        "valid_to": until,
    }


def _private(key: str) -> Row:
    unknown = dict.fromkeys(AVAILABLE, "") | {"marketable": "yes"}
    return _holding(key, "private", "", Chapter(START, unknown, START), "")


def _halves(shape: Polygon) -> tuple[Polygon, Polygon]:
    left, low, right, high = shape.bounds
    middle = round((left + right) / 2, 2)
    sides = (box(left - 1, low - 1, middle, high + 1), box(middle, low - 1, right + 1, high + 1))
    halves = [shapely.intersection(shape, side, grid_size=0.01) for side in sides]
    west, east = (half for half in halves if isinstance(half, Polygon))
    return west, east


TABLES = {"holdings": _holdings, "holdings_gemeldet": _declared}
SHAPES = {
    "districts": _districts,
    "port": _port,
    "parcels": _parcels,
    "zones": _zones,
    "deductions": _deductions,
    "holdings_teile": _parts,
    "sensitive": surroundings.sensitive,
    "sites_of_concern": surroundings.plants,
    "overlays": surroundings.overlays,
}


def _write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _write_geojson(path: Path, shaped: Iterable[Shaped]) -> None:
    """A FeatureCollection with its CRS and the notice that all of it is invented, one feature a line."""
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    head = {"type": "FeatureCollection", "name": path.stem, "description": NOTICE, "crs": crs}
    features = ",\n".join(json.dumps(_feature(row, shape), ensure_ascii=False) for row, shape in shaped)
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    path.write_text(f'{opening}, "features": [\n{features}\n]}}\n', encoding="utf-8")


def _feature(row: Row, shape: Polygon) -> dict[str, object]:
    ring = [city.rounded(x, y) for x, y in shapely.orient_polygons(shape).exterior.coords]
    properties: dict[str, str | int | None] = {name: value or None for name, value in row.items()}
    if row.get("official_m2"):
        properties["official_m2"] = int(row["official_m2"])
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
