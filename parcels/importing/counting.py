"""The first look at a vector file, by its own bytes and before GDAL sees it."""

from pathlib import Path

from parcels.importing.contract import Options
from parcels.importing.whole import Wholeness, flatgeobuf, geopackage, mismatched, shapefile


def counted(path: Path, wanted: str, options: Options) -> Wholeness:
    """Check by the file's own bytes that it is whole and of its format, before GDAL sees it."""
    with path.open("rb") as file:
        head = file.read(16)
    if path.suffix == ".gpkg":
        if not head.startswith(b"SQLite format 3\0"):
            raise mismatched(path)
        return geopackage(path, options, wanted)
    if path.suffix in (".fgb", ".shp"):
        return {".fgb": flatgeobuf, ".shp": shapefile}[path.suffix](path, options)
    from parcels.importing.whole_text import geojson, gml  # loads what the formats above need not wait for

    if path.suffix == ".gml" and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise mismatched(path)
    return {".gml": gml, ".geojson": geojson}[path.suffix](path, options)
