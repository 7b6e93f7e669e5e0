"""What lies around the estates of the demo city: uses to be protected, plants, maps of water and networks; all invented."""

from collections.abc import Iterator
from typing import NamedTuple

from shapely import Polygon

from parcels.demo.estates import ESTATES
from parcels.demo.plots import frame

Shaped = tuple[dict[str, str], Polygon]
KEPT = {"valid_from": "", "valid_to": ""}


class Spot(NamedTuple):
    """A quad at an estate, in shares of its width and depth (beyond 0 to 1: beside it), and what stands there."""

    estate: str
    across: tuple[float, float]
    along: tuple[float, float]
    row: dict[str, str]


SENSITIVE = (
    Spot("Kranichbrook", (0.1, 0.7), (1.12, 1.5), {"kind": "housing", "name": "Siedlung am Brook"}),
    Spot("Kranichbrook", (0.75, 0.9), (1.12, 1.4), {"kind": "school", "name": "Schule am Brook"}),
    Spot("Wieselhude", (1.2, 1.6), (0.2, 0.8), {"kind": "hospital", "name": "Klinik Wieselhude"}),
    Spot("Moosbült", (-0.6, -0.2), (0.1, 0.9), {"kind": "housing", "name": "Siedlung Moosbült"}),
)
PLANTS = (
    Spot("Kranichbrook", (0.05, 0.25), (0.1, 0.4), {"name": "Tanklager", "kas18_class": "II", "distance_class": "III"}),
    Spot("Wieselhude", (0.1, 0.4), (0.2, 0.5), {"name": "Gießerei", "kas18_class": "none", "distance_class": "IV"}),
    Spot("Moosbült", (0.6, 0.9), (0.1, 0.4), {"name": "Galvanik", "kas18_class": "I", "distance_class": "VI"}),
    Spot("Heidschlag", (0.4, 0.7), (0.5, 0.8), {"name": "Lackwerk", "kas18_class": "", "distance_class": "V"}),
)
FLOOD = {"kind": "flood", "name": "Überschwemmungsgebiet", "value": "HQ100", "data_on": "2016-12-01"}
RAIN = {"kind": "heavy_rain", "name": "Senke", "value": "über 50 cm", "data_on": "2017-03-15"}
WELL = {"kind": "water_protection", "name": "Wasserschutzgebiet", "value": "Zone III", "data_on": "2016-06-01"}
TRACK = {"kind": "rail", "name": "Anschlussgleis", "value": "in Betrieb", "data_on": "2017-01-01"}
FIBRE = {"kind": "fibre", "name": "Glasfaser", "value": "verfügbar", "data_on": "2017-09-01"}
OVERLAYS = (
    Spot("Kranichbrook", (-0.2, 1.2), (-0.2, 0.3), FLOOD),
    Spot("Wieselhude", (-0.2, 0.5), (-0.2, 1.2), FLOOD),
    Spot("Kranichbrook", (0.3, 0.5), (0.5, 0.7), RAIN),
    Spot("Moosbült", (0.1, 0.3), (0.2, 0.6), RAIN),
    Spot("Heidschlag", (-0.1, 1.1), (-0.1, 1.1), WELL),
    Spot("Kranichbrook", (-0.1, 1.1), (0.0, 0.2), TRACK),
    *(Spot(estate.name, (-0.1, 1.1), (-0.1, 1.1), FIBRE) for estate in ESTATES[::2]),
)


def sensitive(_: object) -> Iterator[Shaped]:
    """Uses to be protected (EPSG:25832, metres)."""
    return _drawn("S", SENSITIVE)


def plants(_: object) -> Iterator[Shaped]:
    """Plants with their classes, of one of which the class is not known."""
    return _drawn("B", PLANTS)


def overlays(_: object) -> Iterator[Shaped]:
    """Maps of most kinds; of the others nothing is recorded."""
    return _drawn("K", OVERLAYS)


def _drawn(letter: str, spots: tuple[Spot, ...]) -> Iterator[Shaped]:
    estates = {estate.name: estate for estate in ESTATES}
    for number, spot in enumerate(spots, start=1):
        place = frame(estates[spot.estate])
        (west, east), (south, north) = spot.across, spot.along
        ring = [place(u, v) for u, v in ((west, south), (east, south), (east, north), (west, north))]
        named = {**spot.row, "name": f"{spot.row['name']} (fiktiv)"}
        yield {"id": f"{letter}{number:02}", **named, **KEPT}, Polygon(ring)
