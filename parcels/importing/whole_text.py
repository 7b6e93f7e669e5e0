"""Is a GML or GeoJSON file well-formed to its last byte, and how many features has it?"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from parcels.importing.contract import Options, Refused
from parcels.importing.whole import Wholeness, cut, mismatched

BLOCK = 4 << 20
DEEPEST = 32
MEMBERS = frozenset(("featureMember", "featureMembers", "member", "members"))
# names of the AdV (GeoInfoDok) that GDAL does not know
ADV_CRS = {
    "ETRS89_UTM32": "25832",
    "ETRS89_UTM33": "25833",
    "DE_DHDN_3GK2": "31466",
    "DE_DHDN_3GK3": "31467",
    "DE_DHDN_3GK4": "31468",
    "DE_DHDN_3GK5": "31469",
}


def gml(path: Path, options: Options) -> Wholeness:
    """Counts features by class; refuses document types and entities, and files in which several CRS are stated."""
    lines: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
    crs: set[str] = set()
    depth = 0
    try:
        with path.open("rb") as file:
            refuse_declarations(file.read(1 << 16))
            file.seek(0)
            parser = etree.iterparse(
                file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
            )
            for event, element in parser:
                if event == "start":
                    depth += 1
                    _note(element, depth, lines)
                    if name := element.get("srsName"):
                        crs.add(crs_code(name))
                else:
                    depth -= 1
                    element.clear(keep_tail=False)
                    while depth and element.getprevious() is not None:  # lxml keeps cleared siblings otherwise
                        del element.getparent()[0]
            refuse_doctype(parser.root.getroottree())
    except etree.XMLSyntaxError as problem:
        raise cut(f"it is not well-formed XML at line {problem.lineno}") from None
    if len(crs) > 1:
        raise Refused(
            "crs-mixed",
            f"The file states several CRS ({', '.join(sorted(crs)[:5])}): export it in one, best EPSG:25832.",
        )
    code = next(iter(crs), None)
    stated = f"EPSG:{code}" if code and code.isdigit() else code
    features = sum(map(len, lines.values()))
    return Wholeness(features, lines=dict(lines), states_crs=code is not None, crs_code=stated)


def refuse_declarations(head: bytes) -> None:
    """Raises Refused where the first bytes of a document declare its type or entities."""
    plain = head.replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise Refused(
            "document-type", "The file declares a document type or entities (DOCTYPE, ENTITY): remove the declaration."
        )


def refuse_doctype(tree: Any) -> None:
    """Raises Refused where a document that was read turns out to have declared a type, wherever that stood."""
    if tree.docinfo.doctype or tree.docinfo.internalDTD is not None:
        raise Refused(
            "document-type", "The file declares a document type or entities (DOCTYPE, ENTITY): remove the declaration."
        )


def _note(element: Any, depth: int, lines: Mapping[str, array[int]]) -> None:
    """Note the line of an element that stands in a member of the root collection."""
    if depth != 3:
        return
    parent = element.getparent()
    if parent is not None and etree.QName(parent).localname in MEMBERS:
        lines[etree.QName(element).localname].append(element.sourceline)


def crs_code(name: str) -> str:
    """What is the same in the many spellings of one CRS: the trailing code, by EPSG or by the AdV."""
    last = re.split(r"[:#/]", name.strip())[-1]
    return ADV_CRS.get(last, last)


def geojson(path: Path, options: Options) -> Wholeness:
    """Counts the members of the top-level `features` and looks for `crs`, by brackets outside of strings only."""
    scan = _Scan()
    with path.open("rb") as file:
        if not file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            raise mismatched(path)
        file.seek(0)
        while block := file.read(BLOCK):
            scan.block(block)
    scan.end()
    if "features" not in scan.keys:
        return Wholeness(1, states_crs="crs" in scan.keys)
    return Wholeness(scan.features, states_crs="crs" in scan.keys)


class _Scan:
    """A pass over JSON text in blocks that keeps the depth of brackets and the keys of the outermost object."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.features = 0
        self.depth = 0
        self.in_text = False
        self.left_over = b""
        self.key = self.now = b""
        self.closed = False

    def block(self, block: bytes) -> None:
        """Take the next bytes; an escape or a key that the block cuts in two is kept for the next one."""
        plain = self.left_over + block
        keep = len(plain) - len(plain.rstrip(b"\\"))
        self.left_over = plain[len(plain) - keep % 2 :] if keep % 2 else b""
        plain = plain[: len(plain) - keep % 2].replace(b"\\\\", b"__").replace(b'\\"', b"__")
        codes = np.frombuffer(plain, dtype=np.uint8)
        quotes = codes == ord('"')
        inside = (np.cumsum(quotes) + self.in_text) % 2 == 1
        opens = ((codes == ord("{")) | (codes == ord("["))) & ~inside
        closes = ((codes == ord("}")) | (codes == ord("]"))) & ~inside
        depth = self.depth + np.cumsum(opens.astype(np.int32) - closes)
        if len(codes) and (depth.min() < 0 or depth.max() > DEEPEST):
            raise cut("its brackets do not match, or are nested too deeply")
        self._outside(codes, depth, opens, closes, inside | quotes)
        self._walk(plain, codes, depth, opens, inside | quotes)
        if len(codes):
            self.depth, self.in_text = int(depth[-1]), bool(inside[-1])

    def _outside(self, codes: Any, depth: Any, opens: Any, closes: Any, text: Any) -> None:
        """Nothing but blanks may come before the first bracket and after the last."""
        blank = (codes == 32) | (codes == 9) | (codes == 10) | (codes == 13) | (codes > 127)
        stray = (depth == 0) & ~closes & ~blank
        ends = np.flatnonzero((depth == 0) & closes)
        if stray.any() or len(ends) > 1 or (len(ends) and self.closed):
            raise cut("there is something before or after its outermost object")
        self.closed |= bool(len(ends))

    def _walk(self, plain: bytes, codes: Any, depth: Any, opens: Any, text: NDArray[np.bool_]) -> None:
        """Follow the outermost object: its keys, and the objects inside of its `features`."""
        outer = (depth == 1) & (text | (codes == ord(":")) | (codes == ord(",")))
        down = opens & (depth == 2)
        objects = np.flatnonzero(opens & (depth == 3) & (codes == ord("{")))
        marks = np.flatnonzero(outer | down)
        counted = 0
        for mark in marks:
            code = codes[mark]
            if down[mark]:
                counted = self._features_before(objects, counted, int(mark))
            elif text[mark]:
                self.key += plain[mark : mark + 1]
            elif code == ord(":"):
                self.keys.add(self.key.strip(b'"').decode("utf-8", "replace"))
                self.now = self.key.strip(b'"')
            else:
                counted = self._features_before(objects, counted, int(mark))
                self.key = b""
        self._features_before(objects, counted, len(plain))

    def _features_before(self, objects: Any, counted: int, mark: int) -> int:
        upto = int(np.searchsorted(objects, mark))
        if self.now == b"features":
            self.features += upto - counted
        return upto

    def end(self) -> None:
        """Raises Refused unless the outermost object has been closed."""
        if self.depth or self.in_text or self.left_over or not self.closed:
            raise cut("its outermost object is not closed")
