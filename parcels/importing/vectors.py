"""Vector files through GDAL, chunk by chunk: five drivers and no other."""

import codecs
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from parcels.importing.checks import ROWS, Chunk
from parcels.importing.contract import Options, Refused
from parcels.importing.geopackage import plain_rows
from parcels.importing.whole import Wholeness, unclear

for absent in ("pandas", "geopandas", "pyarrow"):  # pyogrio would load them if it could: half a second for nothing
    sys.modules.setdefault(absent, None)  # type: ignore[arg-type]

import pyogrio  # noqa: E402
import pyogrio.errors  # noqa: E402
import pyogrio.raw  # noqa: E402

DRIVERS = {"GML", "GPKG", "ESRI Shapefile", "GeoJSON", "FlatGeobuf", "CSV"}
READ = 5 * ROWS  # that GDAL reads at once
LONGITUDE_LATITUDE = pyproj.CRS.from_user_input("OGC:CRS84")
Meta = dict[str, Any]
UNPARSED = re.compile(r"Geometry of feature (\d+) cannot be parsed: (?:GML geometry id='[^']*': )?(.*?)\.? Skipping")


def assert_drivers() -> None:
    """Raises Refused where GDAL has any driver loaded that is not on the list: the gate then stays shut."""
    extra = sorted(set(pyogrio.list_drivers()) - DRIVERS)
    if extra:
        raise Refused("gate-open", f"The import is shut: GDAL has drivers that are not allowed ({', '.join(extra)}).")


def stated_crs(meta: Meta, whole: Wholeness) -> pyproj.CRS | None:
    """The CRS that the file itself states, if it does; GDAL's reading of it, or the code found while counting."""
    if not whole.states_crs:
        return None
    code = meta["crs"] or whole.crs_code
    try:
        return None if code is None else pyproj.CRS.from_user_input(code)
    except pyproj.exceptions.CRSError:
        raise Refused(
            "crs-unknown", f"The file states a CRS that is not known ({str(code)[:60]}): export it in EPSG:25832."
        ) from None


def chosen_layer(path: Path, wanted: str, whole: Wholeness) -> str:
    """The file's only layer, or the one called as the register's layer; Refused where that is not clear."""
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    if whole.table in names:
        return whole.table
    if len(names) == 1:
        return names[0]
    alike = [name for name in names if name.casefold() == wanted.casefold()]
    if len(alike) == 1:
        return alike[0]
    raise unclear(names, wanted)


def described(path: Path, layer: str, options: Options) -> Meta:
    """What GDAL says about a layer: fields, crs, encoding, features."""
    return dict(
        pyogrio.read_info(path, layer=layer, encoding=options.encoding, force_feature_count=True, **_opening(path))
    )


def _opening(path: Path) -> dict[str, str]:
    return {"DOWNLOAD_SCHEMA": "NO"} if path.suffix == ".gml" else {}


def chunks(path: Path, layer: str, whole: Wholeness, used: list[str], options: Options) -> Iterator[Chunk]:
    """The layer's rows in file order, with the cells of the `used` columns in that order, at most ROWS at a time."""
    common = {
        "layer": layer,
        "encoding": options.encoding,
        "columns": used,
        "force_2d": True,
        "datetime_as_string": True,
        "return_fids": True,
        **_opening(path),
    }
    parts = {".gpkg": _by_identity, ".shp": _by_position}.get(path.suffix, _at_once)
    lines, row = whole.lines_of(layer), 0
    for meta, wkb, fields in parts(path, common, whole):
        order = {str(name): position for position, name in enumerate(meta["fields"])}
        for start in range(0, len(wkb), ROWS):
            part = slice(start, start + ROWS)
            cells = [_cells(fields[order[name]][part]) for name in used]
            count = len(wkb[part])
            yield Chunk(range(row + 1, row + count + 1), cells, wkb[part], lines=lines[row : row + count])
            row += count


def _cells(values: Sequence[Any] | np.ndarray[Any, Any]) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) and values.dtype != object else list(values)


def _by_identity(path: Path, common: Meta, whole: Wholeness) -> Iterator[tuple[Meta, Any, Any]]:
    """GeoPackage: each part starts after the last id read, so that the cost does not grow with what was read before."""
    last: int | None = None
    plainly = common["encoding"] is None or codecs.lookup(common["encoding"]).name == "utf-8"
    for upto, plain, cells in plain_rows(path, whole, common["columns"], ROWS) if plainly else ():
        yield {"fields": common["columns"]}, np.array(plain, dtype=object), cells
        last = upto
    while True:
        where = None if last is None else f'"{whole.identity}" > {last}'
        meta, fids, wkb, fields = pyogrio.raw.read(path, where=where, max_features=READ, **common)
        if len(fids) == 0:
            return
        if (np.diff(fids) <= 0).any() or (last is not None and fids[0] <= last):
            raise Refused(
                "damaged", "The rows of the GeoPackage do not come in the order of their ids: export it anew."
            )
        yield meta, wkb, fields
        last = int(fids[-1])


def _by_position(path: Path, common: Meta, whole: Wholeness) -> Iterator[tuple[Meta, Any, Any]]:
    for start in range(0, whole.features, READ):
        meta, _, wkb, fields = pyogrio.raw.read(path, skip_features=start, max_features=READ, **common)
        yield meta, wkb, fields


def _at_once(path: Path, common: Meta, whole: Wholeness) -> Iterator[tuple[Meta, Any, Any]]:
    """GML, GeoJSON and FlatGeobuf can only be read from the start: one reading for the whole file."""
    meta, _, wkb, fields = pyogrio.raw.read(path, **common)
    yield meta, wkb, fields


def numbered(path: Path) -> tuple[list[int], list[Any], dict[int, str]]:
    """The attribute `number` and the WKB of each feature of a GML file with one class; arcs are made lines.

    Features whose geometry GDAL cannot make out are missing; the last are its reasons, by their places in the file.
    """
    pyogrio.set_gdal_config_options({"GML_SKIP_CORRUPTED_FEATURES": "YES"})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _, _, wkb, fields = pyogrio.raw.read(path, columns=["number"], force_2d=True, **_opening(path))
    found = [UNPARSED.match(str(one.message)) for one in said]
    reasons = {int(one[1]): one[2].rstrip(".") for one in found if one is not None}
    return [int(number) for number in fields[0]], list(wkb), reasons
