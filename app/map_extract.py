"""A map extract as a drawing: the outlines around a case with frame, scale bar and names; nothing is fetched from elsewhere.

All lengths are metres of EPSG:25832, which are the user units of the SVG; north is grid north, up.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from parcels.conversion_map import Outline, Window

NICE_M = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
BAR_SHARE = 0.3  # the scale bar is the longest nice length within this share of the width
TEXT_SHARE = 0.022  # names are so high, of the longer side
WORKPLACE = ("GE", "GI", "I", "G")


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline of the drawing: its look (`zone workplace`, `parcel`, ...), its name and where that stands."""

    look: str
    name: str | None
    path: str
    x: float | None
    y: float | None


@dataclass(frozen=True, slots=True)
class Extract:
    """A drawing: size, height of text and length of the scale bar in metres, shapes from the ground up, names of zones shown."""

    width: float
    height: float
    text: float
    bar: int
    shapes: tuple[Shape, ...]
    designations: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As it is kept in a dossier."""
        return asdict(self)


def draw(frame: Window, found: list[Outline]) -> Extract:
    """The drawing of what was found in a window."""
    width, height = round(frame.width, 1), round(frame.height, 1)
    named = {one.name for one in found if one.kind == "zone" and one.name}
    return Extract(
        width=width,
        height=height,
        text=round(max(width, height) * TEXT_SHARE, 1),
        bar=max((length for length in NICE_M if length <= width * BAR_SHARE), default=NICE_M[0]),
        shapes=tuple(Shape(_look(one), one.name, one.path, one.x, one.y) for one in found),
        designations=tuple(sorted(named)),
    )


def _look(one: Outline) -> str:
    """The classes that the style sheet knows."""
    if one.kind != "zone":
        return one.kind
    return "zone workplace" if one.name in WORKPLACE else "zone"
