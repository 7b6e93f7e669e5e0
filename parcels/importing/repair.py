"""Repair of one invalid polygon, in a process of its own: GEOS may take hours over a few kilobytes, uninterruptibly."""

import os
import select
import signal
from decimal import Decimal

import shapely


def repaired(shape: shapely.Geometry, seconds: float) -> shapely.MultiPolygon | None:
    """The shape as a valid MultiPolygon by GEOS' structural method; None where that takes too long or leaves none."""
    receive, send = os.pipe()
    worker = os.fork()
    if worker == 0:
        _mend(shape, receive, send)
    os.close(send)
    try:
        return _multipolygon(_received(receive, seconds))
    finally:
        os.close(receive)
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _mend(shape: shapely.Geometry, receive: int, send: int) -> None:
    """The worker's life: mend, send, end - without running any of its parent's cleaning up."""
    code = 1
    try:
        os.close(receive)
        better = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        with os.fdopen(send, "wb") as out:
            out.write(shapely.to_wkb(better))
        code = 0
    finally:
        os._exit(code)


def _received(receive: int, seconds: float) -> bytes:
    parts: list[bytes] = []
    while select.select([receive], [], [], seconds)[0]:
        part = os.read(receive, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return b""


def _multipolygon(wkb: bytes) -> shapely.MultiPolygon | None:
    if not wkb:
        return None
    shape = shapely.from_wkb(wkb, on_invalid="ignore")
    if shape is None:
        return None
    parts = [
        part for part in shapely.get_parts(shape, return_index=False) if part.geom_type == "Polygon" and part.area > 0
    ]
    whole = shapely.multipolygons(parts)
    return whole if parts and shapely.is_valid(whole) else None


def square_metres(shape: shapely.Geometry) -> Decimal:
    """The shape's area in its plane, in m2 with 2 decimals."""
    return Decimal(f"{shapely.area(shape):.2f}")
