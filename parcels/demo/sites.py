"""Which parcels of the demo city there are, and which of them form the municipal sites (1 to 4 parcels, up to 6 ha)."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from shapely import Polygon

from parcels.demo.city import dice
from parcels.demo.estates import ESTATES, Estate
from parcels.demo.plots import plots

GEMARKUNG_0 = 9901  # Hamburg's own Gemarkungen end far below
GROUND_PER_GRID = 1.00069  # the grid of EPSG:25832 shows some 6.9 m2 per hectare too little near Hamburg
LARGEST_SITE_M2 = 62_000.0
MUNICIPAL = ("LIG", "HIE", "HIE")
SUFFIXES = ("Nord", "Am Gleis", "Süd", "Ringweg", "Hofseite", "Ost", "Am Graben", "West")


@dataclass(frozen=True)
class Parcel:
    """A parcel: 20-character key, shape (EPSG:25832), official area (None: not recorded), estate, site and holder."""

    key: str
    shape: Polygon
    official_m2: Decimal | None
    estate: Estate
    site: str = ""
    holder: str = ""


@cache
def parcels() -> tuple[Parcel, ...]:
    """All parcels of the city in the order of their keys."""
    return tuple(parcel for number, estate in enumerate(ESTATES) for parcel in _estate(number, estate))


def site_parcels(site: str) -> list[Parcel]:
    """The parcels of one municipal site; KeyError where there is no such site."""
    found = [parcel for parcel in parcels() if parcel.site == site]
    if not found:
        raise KeyError(f"no site {site!r} in the demo city")
    return found


def key_of(gemarkung: int, numerator: int, denominator: int | None = None) -> str:
    """A Flurstueckskennzeichen of Hamburg (state 02) without Flur and Folge."""
    below = "____" if denominator is None else f"{denominator:04d}"
    return f"02{gemarkung:04d}___{numerator:05d}{below}__"


def _estate(number: int, estate: Estate) -> list[Parcel]:
    rng, shapes = dice(f"parcels {estate.name}"), plots(estate)
    owners = _owners(estate, shapes)
    found, numerator = [], int(rng.uniform(40, 900))
    for index, shape in enumerate(shapes):
        numerator += int(rng.uniform(1, 9))
        key = key_of(GEMARKUNG_0 + number, numerator, int(rng.uniform(1, 6)) if rng.random() < 0.15 else None)
        official = Decimal(round(shape.area * GROUND_PER_GRID * rng.uniform(0.997, 1.003)))
        recorded = rng.random() > 0.02
        site, holder = owners.get(index, ("", "private" if rng.random() < 0.78 else ""))
        found.append(Parcel(key, shape, official if recorded else None, estate, site, holder))
    return found


def _owners(estate: Estate, shapes: list[Polygon]) -> dict[int, tuple[str, str]]:
    """Site and municipal holder by parcel index: from a random seed parcel over neighbours until the site is full."""
    rng, taken = dice(f"sites {estate.name}"), dict[int, tuple[str, str]]()
    for suffix in SUFFIXES[: estate.sites]:
        free = [i for i in range(len(shapes)) if i not in taken and shapes[i].area <= LARGEST_SITE_M2]
        if not free:
            break
        member: int | None = free[int(rng.random() * len(free))]
        holder = estate.holder or MUNICIPAL[int(rng.random() * len(MUNICIPAL))]
        wanted, size = 1 + int(4 * rng.random() ** 2.2), 0.0
        while member is not None and wanted:
            taken[member] = (f"{estate.name} {suffix}", holder)
            size, wanted = size + shapes[member].area, wanted - 1
            member = next((i for i in free if i not in taken and _joins(shapes, i, member, size)), None)
    return taken


def _joins(shapes: list[Polygon], candidate: int, member: int, size_m2: float) -> bool:
    common = shapes[candidate].boundary.intersection(shapes[member].boundary).length
    return common > 20 and size_m2 + shapes[candidate].area <= LARGEST_SITE_M2
