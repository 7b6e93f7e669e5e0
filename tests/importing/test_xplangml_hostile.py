"""Plans and archives that attack, or are not what they seem: refused with the reason, soon, and nothing leaves the gate."""

import os
import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import shapely
from gate_files import Limits, refused, square, through
from test_hostile import BARE, SECRET, canary, documents
from xplan_files import archive, area, collection, feature, plan, polygon, tags, written

from parcels.importing import readers

__all__ = ["canary"]
GOOD = collection("5.4", plan(), area("ge"))


@pytest.mark.parametrize("ending", [".gml", ".xml", ".zip"])
def test_no_document_reaches_a_file_or_a_server(tmp_path, canary, ending):
    port, hits = canary
    secret = tmp_path / "secret.csv"
    secret.write_text(f"key,holder\n{SECRET},x\n", encoding="utf-8")
    for name, content in documents(port, secret).items():
        path = tmp_path / f"{name}{ending}"
        if ending == ".zip":
            archive(path, xplan__gml=content)
        else:
            path.write_text(content, encoding="utf-8")
        started = time.monotonic()
        refusal = refused(path, "plans")
        assert SECRET not in refusal.message
        assert time.monotonic() - started < 5
    assert hits == []


@pytest.mark.parametrize("start", [readers.START, BARE], ids=["confined", "bare"])
def test_a_plan_that_points_elsewhere_is_read_without_going_there(tmp_path, monkeypatch, canary, start):
    """Schema locations, links to geometries and styles: nobody comes to the canary, whatever the system grants."""
    monkeypatch.setattr(readers, "START", start)
    port, hits = canary
    url = f"http://127.0.0.1:{port}"
    located = GOOD.replace(
        "<xplan:XPlanAuszug ",
        f'<?xml-stylesheet href="{url}/style.xsl" type="text/xsl"?><xplan:XPlanAuszug '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="http://www.xplanung.de/xplangml/5/4 {url}/XPlan.xsd {url}/more {url}/more.xsd" ',
    )
    (tmp_path / "located.gml").write_text(located, encoding="utf-8")
    assert len(through(tmp_path / "located.gml", "plans").rows) == 2
    linked = f'<gml:Polygon srsName="{url}/crs" xlink:href="{url}/shape.gml"/>'
    written(tmp_path / "linked.gml", "5.4", plan(), area("ge", "1700", linked))
    assert refused(tmp_path / "linked.gml", "plans").kind == "crs-mixed"
    linked = f'<gml:Polygon srsName="EPSG:25832"><gml:exterior xlink:href="{url}/ring.gml#r"/></gml:Polygon>'
    written(tmp_path / "ring.gml", "5.4", plan(), area("ge", "1700", linked))
    assert set(through(tmp_path / "ring.gml", "plans").kinds()) <= {
        *("unreadable-geometry", "empty-geometry", "incomplete-plan", "no-geometry")
    }
    assert hits == []


BOMBS = {
    "doctype": GOOD.replace("?>\n", "?>\n<!DOCTYPE x>\n"),
    "entity": GOOD.replace("?>\n", '?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n').replace(
        "Beispielplan 1", "&e;"
    ),
    "laughs": GOOD.replace(
        "?>\n",
        '?>\n<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 90 + '"><!ENTITY c "' + "&b;" * 90 + '">]>\n',
    ).replace("Beispielplan 1", "&c;"),
    "late doctype": GOOD.replace("?>\n", "?>\n<!-- " + "x" * 70_000 + " -->\n<!DOCTYPE x>\n"),
    "wide": GOOD.replace('encoding="UTF-8"', 'encoding="UTF-16"').replace("?>\n", "?>\n<!DOCTYPE x>\n"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_document_types_and_entities_are_refused(tmp_path, name):
    path = tmp_path / "plan.gml"
    path.write_bytes(BOMBS[name].encode("utf-16" if name == "wide" else "utf-8"))
    started = time.monotonic()
    assert refused(path, "plans").kind == "document-type"
    assert time.monotonic() - started < 3


def test_prefixes_that_are_not_declared_are_no_xml(tmp_path):
    path = tmp_path / "plan.gml"
    for bad in (GOOD.replace("xplan:flaechenschluss", "xplam:flaechenschluss"), GOOD.replace(" gml:id", " gmi:id")):
        path.write_text(bad, encoding="utf-8")
        assert refused(path, "plans").kind == "cut-off"


def test_markup_that_is_too_deep_or_too_long(tmp_path):
    deep = feature("BP_GruenFlaeche", "deep", square(), text="<x>" * 400 + "</x>" * 400)
    assert refused(written(tmp_path / "deep.gml", "5.4", plan(), deep), "plans").kind == "too-intricate"
    long = area("ge", text="x" * (11 << 20))
    assert refused(written(tmp_path / "long.gml", "5.4", plan(), long), "plans").kind == "too-intricate"
    broad = area("ge", nutzungText=["Betriebe"] * 20_000)
    (row,) = [row for row in through(written(tmp_path / "b.gml", "5.4", plan(), broad), "plans").rows if row["code"]]
    assert len(row["restrictions"] or "") == 500


def test_a_geometry_of_very_many_vertices_is_named_in_time(tmp_path):
    turn = np.linspace(0, 2 * np.pi, 100_001)
    ring = np.column_stack([565_200 + 150 * np.cos(turn), 5_934_200 + 150 * np.sin(turn)])
    path = written(tmp_path / "plan.gml", "5.4", plan(), area("ge", "1700", shapely.Polygon(ring)))
    started = time.monotonic()
    outcome = through(path, "plans")
    assert outcome.kinds() == ["too-many-vertices", "incomplete-plan"]
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("ending", [".gml", ".zip"])
def test_a_file_cut_anywhere_is_refused_or_whole(tmp_path, ending):
    whole = tmp_path / f"plan{ending}"
    if ending == ".zip":
        archive(whole, xplan__gml=GOOD)
    else:
        whole.write_text(GOOD, encoding="utf-8")
    content = whole.read_bytes()
    cut = tmp_path / f"cut{ending}"
    for part in range(1, 20):
        cut.write_bytes(content[: len(content) * part // 20])
        assert refused(cut, "plans").kind in ("cut-off", "wrong-format")
    cut.write_bytes(content.rstrip(b"\n") if ending == ".gml" else content)
    assert len(through(cut, "plans").rows) == 2


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"PK\3\4 no archive", b"{}", b"\0" * 100, b"<", os.urandom(2000)])
@pytest.mark.parametrize("ending", [".gml", ".zip"])
def test_files_that_are_something_else(tmp_path, ending, content):
    path = tmp_path / f"plan{ending}"
    path.write_bytes(content)
    assert refused(path, "plans").kind in ("cut-off", "wrong-format")


def packed(path: Path, names: dict[str, bytes], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in names.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            for key, value in attributes.items():
                setattr(entry, key, value)
            made.writestr(entry, content)
    return path


GOOD_BYTES = GOOD.encode()
ARCHIVES = [
    ("archive-unsafe", {"../xplan.gml": GOOD_BYTES}, {}),
    ("archive-unsafe", {"/tmp/xplan.gml": GOOD_BYTES}, {}),  # noqa: S108
    ("archive-unsafe", {"..\\xplan.gml": GOOD_BYTES}, {}),
    ("archive-unsafe", {"C:xplan.gml": GOOD_BYTES}, {}),
    ("archive-unsafe", {"xplan.gml": b"/etc/passwd"}, {"external_attr": 0o120777 << 16}),
    ("archive-nested", {"xplan.gml": GOOD_BYTES, "more.zip": b"PK\3\4"}, {}),
    ("archive-bomb", {"xplan.gml": b"<" + bytes(60 << 20)}, {}),
    ("archive-bomb", {"xplan.gml": GOOD_BYTES, **{f"{n}.png": b"x" for n in range(200)}}, {}),
    ("archive-empty", {"readme.txt": b"x"}, {}),
    ("wrong-format", {"xplan.gml": b"PK\3\4 an archive"}, {}),
]


@pytest.mark.parametrize(("kind", "names", "attributes"), ARCHIVES)
def test_archives_that_attack(tmp_path, kind, names, attributes):
    path = packed(tmp_path / "plan.zip", names, **attributes)
    started = time.monotonic()
    assert refused(path, "plans").kind == kind
    assert time.monotonic() - started < 3
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["plan.zip"]
    assert not Path("/tmp/xplan.gml").exists()  # noqa: S108


def test_an_archive_of_very_many_members_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "plan.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(66_000):  # more than its last record can count: the count stands elsewhere
            made.writestr(zipfile.ZipInfo(f"{number}"), b"")
    started = time.monotonic()
    assert refused(path, "plans").kind == "archive-bomb"
    assert time.monotonic() - started < 2


def test_an_archive_whose_count_of_members_lies(tmp_path):
    path = packed(tmp_path / "plan.zip", {"xplan.gml": GOOD_BYTES, **{f"{n}.png": b"x" for n in range(300)}})
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\5\6")
    struct.pack_into("<HH", content, at + 8, 1, 1)
    path.write_bytes(content)
    assert refused(path, "plans").kind == "cut-off"


def test_an_archive_with_a_gap_is_cut(tmp_path):
    path = packed(tmp_path / "plan.zip", {"xplan.gml": GOOD_BYTES})
    content = path.read_bytes()
    path.write_bytes(content[:100] + content[110:])
    assert refused(path, "plans").kind == "cut-off"


def test_members_that_share_their_bytes_are_refused(tmp_path):
    """Forty entries over the same compressed block: each inflates to a mebibyte."""
    block = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = block.compress(bytes(1 << 20)) + block.flush()
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, zlib.crc32(bytes(1 << 20)), len(data), 1 << 20, 5, 0)
    head = local + b"a.gml" + data
    entries = b"".join(
        struct.pack(
            *("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, zlib.crc32(bytes(1 << 20)), len(data), 1 << 20),
            *(5, 0, 0, 0, 0, 0, 0),
        )
        + f"{n:03d}.x".encode()
        for n in range(40)
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 40, 40, len(entries), len(head), 0)
    path = tmp_path / "plan.zip"
    path.write_bytes(head + entries + end)
    assert refused(path, "plans").kind == "archive-unsafe"


def test_an_encrypted_member_and_a_wrong_checksum(tmp_path):
    path = packed(tmp_path / "plan.zip", {"xplan.gml": GOOD_BYTES})
    content = bytearray(path.read_bytes())
    central = content.find(b"PK\1\2")
    locked = bytearray(content)
    locked[6] |= 1
    locked[central + 8] |= 1
    path.write_bytes(locked)
    assert refused(path, "plans").kind == "archive-encrypted"
    content[central + 16] ^= 1
    content[14] ^= 1
    path.write_bytes(content)
    assert refused(path, "plans").kind == "cut-off"


def test_archives_of_one_plan_or_several(tmp_path):
    other = collection("6.0", plan("two", "Plan 2"), area("gi", "1800", square(1)))
    named = archive(tmp_path / "named.zip", XPlan__GML=GOOD, notes__xml="<x/>", plan__pdf="%PDF")
    assert {row["member"] for row in through(named, "plans").rows} == {"XPlan.GML"}
    several = archive(tmp_path / "several.zip", a__gml=GOOD, b__xml=other, c__png="x")
    rows = through(several, "plans").rows
    assert [(row["row"], row["plan"], row["xplan_version"], row["member"]) for row in rows] == [
        ("1", "Beispielplan 1", "5.4", "a.gml"),
        ("2", "Beispielplan 1", "5.4", "a.gml"),
        ("3", "Plan 2", "6.0", "b.xml"),
        ("4", "Plan 2", "6.0", "b.xml"),
    ]
    spoilt = archive(tmp_path / "spoilt.zip", a__gml=GOOD, b__gml=other.replace("/6/0", "/3/0"))
    refusal = refused(spoilt, "plans")
    assert refusal.kind == "version-unknown"
    assert refusal.message.startswith("Member 'b.gml' of the archive: ")
    inside = packed(tmp_path / "inside.zip", {"plan/": b"", "plan/xplan.gml": GOOD_BYTES})
    assert len(through(inside, "plans").rows) == 2


def test_limits_of_features_and_bytes(tmp_path):
    path = written(tmp_path / "plan.gml", "5.4", plan(), area("ge"), area("gi", "1800", square(1)))
    assert refused(path, "plans", limits=Limits(rows=2)).kind == "too-many-rows"
    assert refused(path, "plans", limits=Limits(text_bytes=1000)).kind == "too-large"
    assert refused(path, "plans", limits=Limits(bytes=100)).kind == "too-large"


def test_names_that_would_disturb_a_report(tmp_path):
    told = tags({"xplan:XP_VerbundenerPlan": tags({"planName": "a\u202eb", "rechtscharakter": "1000"})})
    path = written(tmp_path / "plan.gml", "5.4", plan(name="Plan\u202e1"), area("ge"))
    assert through(path, "plans").kinds() == ["control-character", "incomplete-plan"]
    path = written(tmp_path / "plan.gml", "5.4", plan(name="Plan\n  1 &lt;b&gt;", aendert=told), area("ge"))
    (first, _) = through(path, "plans").rows
    assert (first["plan"], first["changes"]) == ("Plan 1 <b>", "a\ufffdb (aendern)")
    lost = area("x" * 300 + "\u200f", "1700", polygon(shapely.LineString([(0, 0), (1, 1), (0, 0)]).buffer(0)))
    assert through(written(tmp_path / "lost.gml", "5.4", plan(), lost), "plans").kinds()
