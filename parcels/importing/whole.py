"""Is a vector file what its name says, and all there? GDAL reads many cut files as shorter ones."""

import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from parcels.importing.contract import Options, Refused

SHP_CODE = 9994
DBF_HEADER, DBF_FIELD = 32, 32
FGB_MAGIC = b"fgb\x03fgb"
FGB_NODE_BYTES = 40


@dataclass(frozen=True)
class Wholeness:
    """What was counted: `features`, or of each class (GML) the `lines` they stand in; whether and which CRS is stated."""

    features: int
    lines: Mapping[str, Sequence[int]] | None = None
    table: str = ""
    identity: str = ""
    states_crs: bool = True
    crs_code: str | None = None

    def of(self, layer: str) -> int:
        """Number of features that must come out of a layer."""
        return self.features if self.lines is None else len(self.lines_of(layer))

    def lines_of(self, layer: str) -> Sequence[int]:
        """The line of each feature that must come out of a layer; none where lines say nothing."""
        found = self.lines or {}
        return found[layer] if layer in found else sorted(line for lines in found.values() for line in lines)


def cut(what: str) -> Refused:
    """The refusal of a file that is cut off or damaged."""
    return Refused("cut-off", f"The file is cut off or damaged: {what}. Copy or export it anew.")


def unclear(layers: list[str], wanted: str) -> Refused:
    """The refusal of a file with several layers, none of which is called as wanted, or with none."""
    listed = ", ".join(layers[:20]) or "none"
    return Refused("layer-unclear", f"The file has {len(layers)} layers ({listed}): keep one, or name it '{wanted}'.")


def mismatched(path: Path) -> Refused:
    """The refusal of a file whose content is not what its name says."""
    return Refused(
        "wrong-format", f"The content is not that of a {path.suffix} file: give the file with the ending of its format."
    )


def shapefile(path: Path, options: Options) -> Wholeness:
    """The members .shp, .shx and .dbf must be there, be as long as they say, and agree on the number of records."""
    missing = [ending for ending in (".shx", ".dbf") if not path.with_suffix(ending).exists()]
    if missing:
        raise Refused(
            "member-missing", f"The Shapefile lacks its {' and '.join(missing)}: all members belong side by side."
        )
    for member in (path, path.with_suffix(".shx")):
        _check_main_header(member)
    records = (path.with_suffix(".shx").stat().st_size - 100) // 8
    rows = _dbf_rows(path.with_suffix(".dbf"), options, has_cpg=path.with_suffix(".cpg").exists())
    if rows != records:
        raise cut(f"{records} shapes stand against {rows} rows of attributes")
    _check_index(path, records)
    return Wholeness(records, states_crs=path.with_suffix(".prj").exists())


def _check_main_header(member: Path) -> None:
    with member.open("rb") as file:
        head = file.read(100)
    if len(head) < 4 or struct.unpack(">i", head[:4])[0] != SHP_CODE:
        raise mismatched(member)
    if len(head) < 100 or struct.unpack(">i", head[24:28])[0] * 2 != member.stat().st_size:
        raise cut(f"the {member.suffix} is not as long as its header says")


def _check_index(path: Path, records: int) -> None:
    """Every record of the .shx must lie inside the .shp and follow the one before."""
    size = path.stat().st_size
    with path.with_suffix(".shx").open("rb") as file:
        file.seek(100)
        expected = 100
        for offset, length in struct.iter_unpack(">ii", file.read(records * 8)):
            start = offset * 2
            if start < expected or length < 2 or start + 8 + length * 2 > size:
                raise cut("the .shx points outside the .shp")
            expected = start + 8 + length * 2


def _dbf_rows(member: Path, options: Options, has_cpg: bool) -> int:
    size = member.stat().st_size
    with member.open("rb") as file:
        head = file.read(DBF_HEADER)
        if len(head) < DBF_HEADER:
            raise cut("the .dbf has no header")
        rows, header, length = struct.unpack("<IHH", head[4:12])
        if length < 1 or header < DBF_HEADER + 1 or not header + rows * length <= size <= header + rows * length + 1:
            raise cut("the .dbf is not as long as its header says")
        language = head[29]
        file.seek(header)
        if not (has_cpg or language or options.encoding) and _beyond_ascii(file.read(64 << 20)):
            raise Refused(
                "encoding-missing",
                "The .dbf has umlauts, but no .cpg says how: give --encoding, e.g. ISO-8859-1 or UTF-8.",
            )
    return int(rows)


def _beyond_ascii(content: bytes) -> bool:
    return not content.isascii()


def geopackage(path: Path, options: Options, layer: str) -> Wholeness:
    """A sound SQLite file with real tables only: no views, and no triggers but those of the standard and of GDAL."""
    with database(path) as connection:
        try:
            _check_schema(connection)
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise cut("the database is not sound")
            return _geopackage_rows(connection, layer)
        except sqlite3.DatabaseError:
            raise cut("the database cannot be read to its end") from None


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A GeoPackage as the SQLite database that it is, to be read only; nothing in it is carried out."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        yield connection


def quoted(name: str) -> str:
    """A name of a table or column as SQLite takes it."""
    return '"' + name.replace('"', '""') + '"'


def _check_schema(connection: sqlite3.Connection) -> None:
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master"):
        standard = str(name).startswith(
            ("rtree_", "gpkg_", "trigger_insert_feature_count_", "trigger_delete_feature_count_")
        )
        computed = kind == "table" and "generated always" in " ".join(str(sql).casefold().split())
        if kind == "view" or computed or (kind == "trigger" and not standard):
            raise Refused(
                "active-content",
                f"The GeoPackage computes content by a {kind} ('{str(name)[:60]}'): export the layer as a plain table.",
            )
        virtual = kind == "table" and str(sql).upper().lstrip().startswith("CREATE VIRTUAL")
        if virtual and not str(name).startswith("rtree_"):
            raise Refused(
                "active-content",
                f"The GeoPackage has a virtual table ('{str(name)[:80]}'): export the layer as a plain table.",
            )


def _geopackage_rows(connection: sqlite3.Connection, layer: str) -> Wholeness:
    tables = [
        str(name) for (name,) in connection.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")
    ]
    alike = [name for name in tables if name.casefold() == layer.casefold()]
    table = tables[0] if len(tables) == 1 else alike[0] if len(alike) == 1 else None
    if table is None:
        raise unclear(tables, layer)
    keys = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})") if row[5]]
    if len(keys) != 1 or '"' in keys[0]:
        raise Refused("no-identity", f"The table '{table}' has no single id column: export the layer anew.")
    (rows,) = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()
    (srs,) = connection.execute(
        "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone() or (0,)
    return Wholeness(int(rows), table=table, identity=str(keys[0]), states_crs=srs not in (0, -1))


def flatgeobuf(path: Path, options: Options) -> Wholeness:
    """The header's count; a file written without one cannot be told from a cut one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if not file.read(8).startswith(FGB_MAGIC):
            raise mismatched(path)
        length_bytes = file.read(4)
        length = struct.unpack("<I", length_bytes)[0] if len(length_bytes) == 4 else 0
        if not 4 <= length <= min(size, 16 << 20):
            raise cut("the header is not complete")
        header = file.read(length)
    if len(header) < length:
        raise cut("the header is not complete")
    try:
        count, node_size, has_crs = _fgb_header(header)
    except struct.error:
        raise cut("the header is damaged") from None
    if count == 0:
        raise Refused(
            "count-missing",
            "The FlatGeobuf does not say how many features it has: write it anew, with a spatial index.",
        )
    if count > options.limits.rows:
        raise Refused("too-many-rows", f"The file has {count} rows, more than {options.limits.rows}: split it.")
    index = _fgb_index_bytes(count, node_size)
    if size < 12 + length + index:
        raise cut("the index is not complete")
    _check_fgb_features(path, 12 + length + index, count)
    return Wholeness(count, states_crs=has_crs)


def _fgb_header(header: bytes) -> tuple[int, int, bool]:
    """features_count, index_node_size and presence of crs: fields 8, 9 and 10 of the FlatBuffers table Header."""
    (root,) = struct.unpack_from("<I", header, 0)
    table = root - struct.unpack_from("<i", header, root)[0]
    if table < 0:
        raise struct.error("table before the start")
    (table_bytes,) = struct.unpack_from("<H", header, table)

    def offset(field: int) -> int:
        place = 4 + 2 * field
        return int(struct.unpack_from("<H", header, table + place)[0]) if place < table_bytes else 0

    count = struct.unpack_from("<Q", header, root + offset(8))[0] if offset(8) else 0
    node_size = struct.unpack_from("<H", header, root + offset(9))[0] if offset(9) else 16
    return int(count), int(node_size), bool(offset(10))


def _fgb_index_bytes(count: int, node_size: int) -> int:
    """Size of the packed Hilbert R-tree: 40 bytes a node, levels shrinking by the node size down to one."""
    if node_size < 2:
        return 0
    nodes = level = count
    while level > 1:
        level = -(-level // node_size)
        nodes += level
    return nodes * FGB_NODE_BYTES


def _check_fgb_features(path: Path, start: int, count: int) -> None:
    """The features, each led by its length, must fill the file exactly."""
    size, place = path.stat().st_size, start
    with path.open("rb") as file:
        for _ in range(count):
            file.seek(place)
            length = file.read(4)
            if len(length) < 4:
                raise cut("features are missing at the end")
            place += 4 + struct.unpack("<I", length)[0]
    if place != size:
        raise cut("the last feature does not end with the file")
