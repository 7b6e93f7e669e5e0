"""Farmed fields of the demo city: where new land may come; all invented."""

from typing import NamedTuple

from shapely import Polygon, box

from parcels.demo.city import NORTHING_0
from parcels.demo.sites import GROUND_PER_GRID, key_of

GEMARKUNG = 9960


class Field(NamedTuple):
    """A field: its south-west corner in km of EPSG:25832 (northing less 5,900 km) and its size in m."""

    name: str
    at: tuple[float, float]
    size: tuple[float, float]

    @property
    def shape(self) -> Polygon:
        """Its outline, EPSG:25832."""
        east, north = self.at[0] * 1000, NORTHING_0 + self.at[1] * 1000
        return box(east, north, east + self.size[0], north + self.size[1])

    @property
    def key(self) -> str:
        """Its Flurstueckskennzeichen."""
        return key_of(GEMARKUNG, FIELDS.index(self) + 1)

    @property
    def official_m2(self) -> int:
        """Its official area."""
        return round(self.size[0] * self.size[1] * GROUND_PER_GRID)


FIELDS = (
    Field("Krähenacker", (560.1, 25.6), (380, 260)),  # Harburg
    Field("Distelkamp", (579.5, 26.2), (420, 320)),  # Bergedorf
    Field("Schilfwisch", (575.7, 40.5), (330, 240)),  # Wandsbek
)
