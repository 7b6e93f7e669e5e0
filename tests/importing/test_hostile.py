"""Files that attack: no file of the machine in an answer, no connection, no bomb, and always a reason."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import shapely
from gate_files import Limits, features, parcel_key, parcels, refused, square, table, through, write

from parcels.importing import readers

SECRET = "the-canary-sings"


@pytest.fixture
def canary():
    """A listener on 127.0.0.1 that counts who comes."""
    hits: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    stop = threading.Event()

    def listen():
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            hits.append(connection.recv(100))
            connection.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield server.getsockname()[1], hits
    stop.set()
    thread.join()
    server.close()


def documents(port: int, secret: Path) -> dict[str, str]:
    """What GDAL would follow if it were let: to a file of the machine, or to a server."""
    url = f"http://127.0.0.1:{port}/x"
    csv_layer = f"<SrcDataSource>{secret}</SrcDataSource><SrcLayer>secret</SrcLayer>"
    return {
        "vrt": f'<OGRVRTDataSource><OGRVRTLayer name="parcels">{csv_layer}</OGRVRTLayer></OGRVRTDataSource>',
        "vrt_http": '<OGRVRTDataSource><OGRVRTLayer name="parcels"><SrcDataSource>'
        f"/vsicurl/{url}.json</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "gdalg": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret} ! write x"}
        ),
        "wfs": f"<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
        "wfs_answer": '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="http://x {url}?service=WFS&amp;version=1.1.0&amp;request=DescribeFeatureType'
        '&amp;typename=x:parcels"'
        f' xmlns:gml="http://www.opengis.net/gml" xmlns:x="http://x">'
        "<gml:featureMember><x:parcels><x:key>1</x:key></x:parcels></gml:featureMember></wfs:FeatureCollection>",
        "esri": json.dumps(
            {"geometryType": "esriGeometryPolygon", "features": [], "spatialReference": {"wkid": 25832}}
        ),
        "topo": json.dumps({"type": "Topology", "objects": {}, "arcs": []}),
        "url": url,
        "path": str(secret),
        "entity": f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{secret}">]><r>&x;</r>',
        "entity_http": f'<!DOCTYPE r SYSTEM "{url}.dtd"><r/>',
        "laughs": '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "'
        + "&a;" * 50
        + '"><!ENTITY c "'
        + "&b;" * 50
        + '">]><r>&c;</r>',
        "deep": "<a>" * 5000 + "</a>" * 5000,
        "deep_json": '{"features":' + "[" * 30_000 + "]" * 30_000 + "}",
        "nested_collection": json.dumps({"type": "FeatureCollection", "features": [], "more": 1})[:-1] + "}}",
        "include": f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{secret}" parse="text"/></r>',
        "empty": "",
    }


BARE = (
    "import sys; sys.path.insert(0, sys.argv[2]); import parcels.importing.confine as confine\n"
    "confine._leave_network = confine._see_only = confine._forgo_calls = lambda *_: False\n"
    "from parcels.importing.child import main; main(*sys.argv[1:])"
)


def test_a_system_without_namespaces_and_landlock_reads_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "START", BARE)
    outcome = through(parcels(tmp_path / "p.gpkg"), "parcels")
    assert outcome.reading.layers_of_defence == ("rlimits",)
    assert len(outcome.rows) == 30


ENDINGS = [".gml", ".geojson", ".gpkg", ".fgb", ".shp", ".csv", ".xlsx"]


@pytest.mark.parametrize(
    ("ending", "start"),
    [*[(ending, readers.START) for ending in ENDINGS], (".gml", BARE), (".geojson", BARE)],
    ids=[*[f"confined{ending}" for ending in ENDINGS], "bare.gml", "bare.geojson"],
)
def test_no_document_reaches_a_file_or_a_server(tmp_path, monkeypatch, canary, ending, start):
    """With every layer of defence, and as in a container that grants neither network namespaces nor Landlock."""
    monkeypatch.setattr(readers, "START", start)
    port, hits = canary
    secret = tmp_path / "secret.csv"
    secret.write_text(f"key,holder\n{SECRET},x\n", encoding="utf-8")
    for name, content in documents(port, secret).items():
        path = tmp_path / f"{name}{ending}"
        path.write_text(content, encoding="utf-8")
        for beside in (".shx", ".dbf") if ending == ".shp" else ():
            path.with_suffix(beside).write_text(content, encoding="utf-8")
        layer = "holdings" if ending in (".csv", ".xlsx") else "parcels"
        started = time.monotonic()
        refusal = refused(path, layer)
        assert SECRET not in refusal.message
        assert refusal.message.endswith((".", "!"))
        assert time.monotonic() - started < 10
    assert hits == []


@pytest.mark.parametrize("name", ["p.vrt", "p.kml", "p.zip", "p", "p.sqlite", "p.geojsonl", "p.nas"])
def test_other_endings_are_refused_with_the_list(tmp_path, name):
    (tmp_path / name).write_text("x", encoding="utf-8")
    refusal = refused(tmp_path / name, "parcels")
    assert refusal.kind == "format-unknown"
    assert ".gpkg" in refusal.message


def test_files_that_are_none(tmp_path):
    assert refused(tmp_path / "missing.gpkg", "parcels").kind == "not-a-file"
    (tmp_path / "folder.gpkg").mkdir()
    assert refused(tmp_path / "folder.gpkg", "parcels").kind == "not-a-file"
    os.mkfifo(tmp_path / "pipe.gpkg")
    assert refused(tmp_path / "pipe.gpkg", "parcels").kind == "not-a-file"


def in_child(tmp_path: Path, code: str) -> str:
    """Run code as the child runs, confined; what it prints."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[2])\nfrom pathlib import Path\n"
        "from parcels.importing.confine import confine\nfrom parcels.importing.contract import Limits\n"
        f"held = confine(Limits(), 60, Path(sys.argv[1]), Path(sys.argv[2]))\n{code}"
    )
    command = [sys.executable, "-I", "-c", program, str(tmp_path), str(readers.PROJECT)]
    done = subprocess.run(command, env=readers.ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_child_has_the_allowed_drivers_only(tmp_path):
    code = (
        "from parcels.importing import vectors; vectors.assert_drivers()\n"
        "print(*sorted(vectors.pyogrio.list_drivers()), sep=',')"
    )
    assert in_child(tmp_path, code).strip().split(",") == [
        "CSV",
        "ESRI Shapefile",
        "FlatGeobuf",
        "GML",
        "GPKG",
        "GeoJSON",
    ]


def test_the_child_reaches_neither_files_nor_servers(tmp_path, canary):
    port, hits = canary
    outside = tmp_path / "outside.txt"
    outside.write_text(SECRET, encoding="utf-8")
    (tmp_path / "job").mkdir()
    code = f"""
import os, socket
def tried(what):
    try:
        return str(what())
    except OSError as problem:
        return type(problem).__name__
print(held)
print(tried(lambda: socket.create_connection(("127.0.0.1", {port}), 2)))
print(tried(lambda: socket.socket(socket.AF_UNIX)))
print(tried(lambda: open({str(outside)!r}).read()))
print(tried(lambda: open("/etc/passwd").read()))
print(tried(lambda: os.fork() and os.execv("/bin/sh", ["sh", "-c", "true"])))
print(sorted(set(os.environ) - {{"LC_CTYPE"}}) == sorted({sorted(readers.ENVIRONMENT)!r}))
"""
    held, connection, unix, beside, passwd, *_rest, environment = in_child(tmp_path / "job", code).splitlines()
    if "netns" in held:
        assert connection in ("OSError", "ConnectionRefusedError", "PermissionError")
        assert hits == []
    if "seccomp" in held:
        assert (connection, unix) == ("PermissionError", "PermissionError")
    if "landlock" in held:
        assert (beside, passwd) == ("PermissionError", "PermissionError")
    assert "rlimits" in held
    assert environment == "True"
    if os.geteuid() == 0:
        assert "netns" in held


def test_a_child_over_memory_time_or_dead_is_a_refusal(tmp_path, monkeypatch):
    path = parcels(tmp_path / "p.gpkg")
    assert refused(path, "parcels", limits=Limits(memory_bytes=120 << 20)).kind in (
        "over-memory",
        "reader-died",
        "unreadable",
    )
    monkeypatch.setattr(readers, "START", "import time; time.sleep(60)")
    assert refused(path, "parcels", limits=Limits(wall_seconds=0.5)).kind == "over-time"
    monkeypatch.setattr(readers, "START", "import os; os.kill(os.getpid(), 9)")
    assert refused(path, "parcels").kind == "over-memory"
    monkeypatch.setattr(readers, "START", "import os; os.kill(os.getpid(), 11)")
    assert refused(path, "parcels").kind == "reader-died"
    busy = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass"
    monkeypatch.setattr(readers, "START", busy)
    assert refused(path, "parcels").kind == "over-time"
    monkeypatch.setattr(readers, "START", "print('no frame at all')")
    assert refused(path, "parcels").kind == "reader-died"


def test_folders_of_dead_processes_are_swept(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"{readers.FOLDER}999999999-x").mkdir()
    (tmp_path / f"{readers.FOLDER}{os.getpid()}-x").mkdir()
    assert readers.sweep() == 1
    assert [path.name for path in tmp_path.iterdir()] == [f"{readers.FOLDER}{os.getpid()}-x"]


def geopackage_with(path: Path, *statements: str) -> Path:
    parcels(path, 5)
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",),
        (
            "ALTER TABLE p RENAME TO q",
            "CREATE VIEW p AS SELECT fid, geom, hex(zeroblob(900000000)) AS flstkennz FROM q",
        ),
        ("CREATE TRIGGER t AFTER INSERT ON p BEGIN SELECT load_extension('x'); END",),
        ("CREATE VIRTUAL TABLE f USING fts5(x)",),
        ("ALTER TABLE p ADD COLUMN big TEXT GENERATED ALWAYS AS (hex(zeroblob(900000000))) VIRTUAL",),
    ],
)
def test_geopackages_that_compute(tmp_path, statements):
    started = time.monotonic()
    refusal = refused(geopackage_with(tmp_path / "p.gpkg", *statements), "parcels")
    assert refusal.kind == "active-content"
    assert time.monotonic() - started < 3


def test_markup_bombs_in_a_workbook(tmp_path):
    path = table(tmp_path / "h.xlsx", [["key", "holder"], [parcel_key(1), "LIG"]])
    parts = {}
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]

    def rewritten(**changed: bytes) -> Path:
        bad = tmp_path / "bad.xlsx"
        with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**parts, **changed}.items():
                archive.writestr(name, content)
        return bad

    declared = b'<!DOCTYPE x [<!ENTITY a "b">]>' + sheet
    assert refused(rewritten(**{"xl/worksheets/sheet1.xml": declared}), "holdings").kind == "document-type"
    wide = sheet.decode().encode("utf-16")
    assert refused(rewritten(**{"xl/worksheets/sheet1.xml": wide}), "holdings").kind == "encoding-wrong"
    assert refused(rewritten(**{"xl/media/more.zip": b"PK\3\4xx"}), "holdings").kind == "archive-bomb"
    assert refused(rewritten(**{"xl/media/zero.bin": bytes(300 << 20)}), "holdings").kind == "archive-bomb"
    many = {f"xl/media/{number}.bin": b"x" for number in range(300)}
    assert refused(rewritten(**many), "holdings").kind == "archive-bomb"


def test_workbook_with_a_cell_in_its_last_corner(tmp_path):
    book = openpyxl.Workbook()
    book.worksheets[0].append(["key", "holder"])
    book.worksheets[0].append([parcel_key(1), "LIG"])
    book.worksheets[0]["XFD1048576"] = "x"
    book.save(tmp_path / "h.xlsx")
    started = time.monotonic()
    assert [row["key"] for row in through(tmp_path / "h.xlsx", "holdings").rows] == [parcel_key(1)]
    assert time.monotonic() - started < 10


def test_geometry_bombs_are_answered_in_time(tmp_path):
    """An invalid zigzag of 100,000 vertices, a random star and a valid comb of 2,000 teeth: named, quickly."""
    x = np.linspace(560_000, 570_000, 50_000)
    zigzag = shapely.Polygon(np.column_stack([np.tile(x, 2), np.tile([5_930_000.0, 5_931_000.0], 50_000)])[:99_999])
    star = shapely.Polygon(np.random.default_rng(3).uniform((565_000, 5_930_000), (566_000, 5_931_000), (5000, 2)))
    teeth = np.arange(4_000)
    upper = np.column_stack([565_000 + teeth * 0.5, 5_930_000 + (teeth % 2) * 900.0 + 1])
    comb = shapely.Polygon([*upper, (upper[-1][0], 5_929_999), (565_000, 5_929_999)])
    path = write(tmp_path / "p.gpkg", [zigzag, star, comb], {"key": [parcel_key(number) for number in range(3)]})
    started = time.monotonic()
    outcome = through(path, "parcels")
    assert time.monotonic() - started < 10
    assert outcome.kinds() == ["invalid-geometry", "invalid-geometry", "too-intricate"]
    assert outcome.rows == []


def test_limits_of_rows_bytes_and_columns(tmp_path):
    path = parcels(tmp_path / "p.gpkg")
    assert refused(path, "parcels", limits=Limits(rows=29)).kind == "too-many-rows"
    assert refused(path, "parcels", limits=Limits(bytes=1000)).kind == "too-large"
    text = features(tmp_path / "p.geojson", [square()], [{"key": parcel_key(1)}])
    assert refused(text, "parcels", limits=Limits(text_bytes=100)).kind == "too-large"
    lines = [["key", "holder"], *[[parcel_key(number), "LIG"] for number in range(5)]]
    assert refused(table(tmp_path / "h.csv", lines), "holdings", limits=Limits(rows=4)).kind == "too-many-rows"
    wide = [["key", "holder", *[f"c{number}" for number in range(300)]]]
    assert refused(table(tmp_path / "w.csv", wide), "holdings").kind == "too-many-columns"
