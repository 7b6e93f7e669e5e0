"""Rows of a GeoPackage as SQLite itself gives them, in less than half the time that GDAL takes; what is not plain is left to GDAL.

Plain are numbers and texts in columns declared so, and areas of straight lines in two dimensions (OGC 12-128r18, 2.1.3).
"""

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from parcels.importing.shapes import MULTI, PART
from parcels.importing.whole import Wholeness, database, quoted

Rows = tuple[int, list[bytes | None], list[Sequence[Any]]]  # the last id, WKB, the cells of each column
DECLARED: dict[str, type] = {
    "TEXT": str,
    **dict.fromkeys(("INT", "INTEGER", "MEDIUMINT", "SMALLINT", "TINYINT"), int),
    **dict.fromkeys(("DOUBLE", "REAL"), float),
}
HEADERS = {  # of a geometry that is not empty, by its envelope's kind and bytes: little-endian, EPSG's number left out
    struct.pack("<2sBB", b"GP", 0, kind << 1 | 1): 8 + size for kind, size in enumerate((0, 32, 48, 48, 64))
}


def plain_rows(path: Path, whole: Wholeness, names: list[str], most: int) -> Iterator[Rows]:
    """The rows in the order of their ids, at most so many at once, with the cells of the columns of these names.

    Ends before the first that are not plain: from there on the file is for GDAL.
    """
    table, identity = quoted(whole.table), quoted(whole.identity)
    with database(path) as connection:
        kinds = _kinds(connection, table, names)
        drawn = connection.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (whole.table,)
        ).fetchone()
        if kinds is None or drawn is None:
            return
        columns = ", ".join(map(quoted, (*drawn, *names)))
        found = connection.execute(f"SELECT {identity}, {columns} FROM {table} ORDER BY {identity}")
        while rows := _some(found, most):
            ids, blobs, *cells = zip(*rows, strict=True)
            wkb = _wkb(blobs)
            if wkb is None or {*map(type, ids)} != {int} or not all(map(_holds, cells, kinds)):
                return
            yield ids[-1], wkb, list(cells)


def _kinds(connection: sqlite3.Connection, table: str, names: list[str]) -> list[type] | None:
    """What each of the columns holds where it is not empty; None where one is of another kind."""
    declared = {row[1]: str(row[2]).upper() for row in connection.execute(f"PRAGMA table_info({table})")}
    kinds = [DECLARED.get(declared.get(name, "").partition("(")[0]) for name in names]
    known = [kind for kind in kinds if kind is not None]
    return known if len(known) == len(names) else None


def _some(found: sqlite3.Cursor, most: int) -> list[Any]:
    """The next rows; none where a text is not in UTF-8."""
    try:
        return found.fetchmany(most)
    except sqlite3.OperationalError:
        return []


def _holds(column: Sequence[Any], kind: type) -> bool:
    return {*map(type, column)} <= {kind, type(None)}


def _wkb(blobs: Sequence[Any]) -> list[bytes | None] | None:
    """WKB out of GeoPackage's own form of it; None where one is no plain area."""
    try:
        found = [None if blob is None else blob[HEADERS[blob[:4]] :] for blob in blobs]
    except (KeyError, TypeError):
        return None
    return found if all(one is None or one.startswith((PART, MULTI)) for one in found) else None
