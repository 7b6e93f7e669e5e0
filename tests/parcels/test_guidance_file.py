"""A guidance's file: every field, every fault with line, field and remedy; hostile YAML is refused before it costs anything."""

from __future__ import annotations

import contextlib
import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcels.guidance_file import DESIGNATIONS, read
from parcels.guidance_text import MOST_BYTES, MOST_DEPTH, MOST_NODES, GuidanceRefusedError
from rules.guidance import Condition

HEAD = """document: probe
version: "1.0"
title: Probe (fiktiv)
valid_from: 2025-01-01
"""
RULE = """rules:
  - id: R1
    result: permitted
    page: 3
    wording: Satz.
"""


def faults(content: str | bytes) -> list[str]:
    with pytest.raises(GuidanceRefusedError) as refusal:
        read(content.encode() if isinstance(content, str) else content)
    assert all(fault.remedy for fault in refusal.value.faults)
    return [str(fault) for fault in refusal.value.faults]


def test_a_version_without_rules_is_taken() -> None:
    for body in ("", "rules: []\n", "rules:\nzones:\n"):
        found = read((HEAD + body).encode())
        assert (found.rules, found.areas, found.valid_to, found.demonstration) == ((), (), None, False)


def test_a_scalar_means_what_its_field_says() -> None:
    """YAML would make 1.1 of version 1.10, yes/no of NO, a date of a title."""
    head = HEAD.replace('"1.0"', "1.10").replace("Probe (fiktiv)", "2025-01-01")
    found = read((head + RULE.replace("R1", "NO").replace("page: 3", "page: 0o17")).encode())
    assert (found.version, found.title, found.rules[0].id, found.rules[0].page) == ("1.10", "2025-01-01", "NO", "0o17")
    assert found.valid_from == date(2025, 1, 1)


def test_a_rule_carries_its_document_and_version() -> None:
    (rule,) = read((f"demonstration: yes\n{HEAD}{RULE}").encode()).rules
    assert (rule.document, rule.version, rule.demonstration) == ("probe", "1.0", True)


def test_windows_files_are_read() -> None:
    assert read(b"\xef\xbb\xbf" + (HEAD + RULE).replace("\n", "\r\n").encode()).rules[0].wording == "Satz."


FAULTS = {
    "nothing at all": ("", ["line 1, document: It is missing. Give `document:`.", *["..."] * 3]),
    "a list": ("- a\n", ["line 1: The file is no mapping. Begin with `document:` in the first line."]),
    "a text": ("a\n", ["line 1: The file is no mapping. Begin with `document:` in the first line."]),
    "an unknown field": (
        f"{HEAD}valid: 2025-01-01\n",
        [
            "line 5, valid: There is no such field. Known are demonstration, document, published, rules, title, valid_from, "
            "valid_to, version, zones, zones_crs, zones_file."
        ],
    ),
    "an unknown field of a rule": (
        f"{HEAD}{RULE}    wenn: x\n",
        [
            "line 10, rules[0].wenn: There is no such field. Known are designations, id, page, result, routes, when, wording."
        ],
    ),
    "an unknown condition": (
        f"{HEAD}{RULE}    when: {{use: housing}}\n",
        [
            "line 10, rules[0].when.use: There is no such field. Known are cases, districts, max_affected_m2, "
            "max_housing_share, min_affected_m2, min_housing_share, planning, private_marketable, purposes, zones."
        ],
    ),
    "an unknown route": (
        f"{HEAD}{RULE}    routes: [B31_3, B31_9]\n",
        [
            "line 10, rules[0].routes[1]: There is no route 'B31_9'. Use one of B31_3, B34_3b, B246e, B34_3a, B31_2, "
            "B246_10, B246_12, B246_14, plan_change."
        ],
    ),
    "an unknown designation": (
        f"{HEAD}{RULE}    designations:\n    - GE\n    - GEe\n",
        [f"line 12, rules[0].designations[1]: There is no designation 'GEe'. Use one of {', '.join(DESIGNATIONS)}."],
    ),
    "an unknown result": (
        f"{HEAD}{RULE.replace('permitted', 'erlaubt')}",
        [
            "line 7, rules[0].result: There is no result 'erlaubt'. Use one of permitted, case_by_case, excluded, silent."
        ],
    ),
    "no page": (
        f"{HEAD}{RULE.replace('    page: 3', '')}",
        ["line 6, rules[0].page: It is missing. Give `page:`."],
    ),
    "an empty page": (
        f"{HEAD}{RULE.replace('page: 3', 'page:')}",
        ["line 8, rules[0].page: It is missing. Give `page:`."],
    ),
    "a list for a value": (
        f"{HEAD}{RULE.replace('page: 3', 'page: [3]')}",
        ["line 8, rules[0].page: This is no value. Write one value."],
    ),
    "a value for a list": (
        f"{HEAD}{RULE}    routes: B31_3\n",
        ["line 10, rules[0].routes: This is no list. Write `[a, b]`; leave the field out where it asks nothing."],
    ),
    "an empty list": (
        f"{HEAD}{RULE}    routes: []\n",
        ["line 10, rules[0].routes: This is no list. Write `[a, b]`; leave the field out where it asks nothing."],
    ),
    "rules that are no list": (
        f"{HEAD}rules: x\n",
        ["line 5, rules: This is no list of mappings. Begin each with `- ` and a field."],
    ),
    "a route twice": (
        f"{HEAD}{RULE}    routes: [B31_3, B31_3]\n",
        ["line 10, rules[0].routes: A value is given twice. Give each once."],
    ),
    "no day": (
        HEAD.replace("2025-01-01", "2025-02-30"),
        ["line 4, valid_from: '2025-02-30' is no day. Write YYYY-MM-DD, 1900 to 2200."],
    ),
    "a German day": (
        HEAD.replace("2025-01-01", "01.01.2025"),
        ["line 4, valid_from: '01.01.2025' is no day. Write YYYY-MM-DD, 1900 to 2200."],
    ),
    "days the wrong way round": (
        f"{HEAD}valid_to: 2025-01-01\n",
        ["line 5, valid_to: It is not after valid_from. Give the first day it is over."],
    ),
    "neither yes nor no": (
        f"{HEAD}demonstration: vielleicht\n",
        ["line 5, demonstration: 'vielleicht' is neither yes nor no. Write true or false."],
    ),
    "a German number": (
        f"{HEAD}{RULE}    when: {{min_affected_m2: '2.000,5'}}\n",
        [
            "line 10, rules[0].when.min_affected_m2: '2.000,5' is no quantity. Write digits, with a point before four decimals "
            "at most."
        ],
    ),
    "a negative number": (
        f"{HEAD}{RULE}    when: {{min_affected_m2: -1}}\n",
        [
            "line 10, rules[0].when.min_affected_m2: '-1' is no quantity. Write digits, with a point before four decimals at "
            "most."
        ],
    ),
    "bounds the wrong way round": (
        f"{HEAD}{RULE}    when: {{min_affected_m2: 2, max_affected_m2: 1}}\n",
        ["line 10, rules[0].when.max_affected_m2: It is less than min_affected_m2. Exchange them."],
    ),
    "a share in percent": (
        f"{HEAD}{RULE}    when: {{min_housing_share: 50}}\n",
        ["line 10, rules[0].when.min_housing_share: It is more than all there is. Give 1 at most."],
    ),
    "a rule twice": (
        f"{HEAD}{RULE}{RULE.removeprefix('rules:').lstrip(chr(10))}",
        ["line 10, rules.id: 'R1' is there already, line 6. Name it anew."],
    ),
    "rules that contradict each other": (
        HEAD + RULE + RULE.removeprefix("rules:\n").replace("R1", "R2").replace("permitted", "excluded"),
        [
            "line 10, rules: 'R2' asks the same as 'R1' and says excluded, not permitted. Leave one of the two out, or tell "
            "them apart."
        ],
    ),
    "a zone that is not there": (
        f"{HEAD}{RULE}    when: {{zones: [Insel]}}\n",
        ["line 6, rules: Rule 'R1' names the zone 'Insel', which is not there. Add it to zones."],
    ),
    "a zone without an area": (
        f"{HEAD}zones_crs: EPSG:25832\nzones: [{{name: I, page: 1}}]\n",
        ["line 6, zones: 'I' has no geometry. Give it, or a `zones_file:`."],
    ),
    "a zone without a CRS": (
        f"{HEAD}zones_file: z.geojson\nzones: [{{name: I, page: 1}}]\n",
        ["line 6, zones_crs: The zones have no CRS. Give `zones_crs: EPSG:25832`."],
    ),
    "a point for an area": (
        f"{HEAD}zones_crs: EPSG:25832\nzones: [{{name: I, page: 1, geometry: {{type: Point, coordinates: [1, 2]}}}}]\n",
        ["line 6, zones[0].geometry.type: This is no area. Give a GeoJSON Polygon or MultiPolygon."],
    ),
    "an area that is nowhere": (
        f"{HEAD}zones_crs: EPSG:25832\nzones: [{{name: I, page: 1, geometry: {{type: Polygon, coordinates: [[[nan, inf]]]}}}}]\n",
        ["line 6, zones[0].geometry.coordinates: A position is no pair of numbers. Give finite numbers."],
    ),
    "a file elsewhere": (
        f"{HEAD}zones_file: ../../etc/passwd\n",
        ["line 5, zones_file: This is no file beside this one. Give its name without a folder."],
    ),
    "a folder": (
        f"{HEAD}zones_file: ..\n",
        ["line 5, zones_file: This is no file beside this one. Give its name without a folder."],
    ),
    "a document without a name": (
        HEAD.replace("probe", "Die Handreichung"),
        ["line 1, document: 'Die Handreichung' is no name. Use small letters, digits, `-`, `.`, `_`; 64 at most."],
    ),
    "a text that turns round": (
        HEAD.replace("(fiktiv)", "\u202e"),
        ["line 3, title: It holds control characters. Remove control and direction characters."],
    ),
    "a text without end": (
        HEAD.replace("(fiktiv)", "x" * 3000),
        ["line 3, title: It has 3006 characters. 2000 at most."],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_line_field_and_remedy(fault: str) -> None:
    content, expected = FAULTS[fault]
    found = faults(content)
    assert [said if said == "..." else real for said, real in zip(expected, found, strict=True)] == expected


def test_all_faults_are_told_at_once_by_line() -> None:
    found = faults(HEAD.replace("2025-01-01", "x") + RULE.replace("permitted", "y").replace("page: 3", "page:"))
    assert [line.partition(",")[0] for line in found] == ["line 4", "line 7", "line 8"]


HOSTILE = {
    "an alias": (f"{HEAD}a: &x [1]\nb: *x\n", "Anchors and aliases"),
    "a bomb of aliases": (
        "a: &a [x,x]\n" + "".join(f"{c}: &{c} [*{b},*{b}]\n" for b, c in zip("abcdefg", "bcdefgh", strict=True)),
        "Anchors",
    ),
    "a tag of Python": (f"{HEAD}rules: !!python/object/apply:os.system ['id']\n", "The tag .*python.* is not taken"),
    "a tag of its own": (f"{HEAD}rules: !x []\n", "The tag !x"),
    "a tag on a key": ("!!python/name:os.system : 1\n", "The tag"),
    "binary": (f"{HEAD}a: !!binary aGFsbG8=\n", "The tag"),
    "a merge": (f"{HEAD}<<: {{title: y}}\n", "There is no such field"),
    "a key twice": (f"{HEAD}title: y\n", "'title' is given twice, first in line 3"),
    "a key that is a list": (f"{HEAD}[a, b]: c\n", "A key is no text"),
    "two documents": (f"{HEAD}---\n{HEAD}", "A second document"),
    "nested deeply": (HEAD + "a: " + "[" * 5_000, f"nested more than {MOST_DEPTH}"),
    "nested by lines": (
        HEAD + "a:\n" + "".join(f"{' ' * n}- \n" for n in range(1, 200)),
        f"nested more than {MOST_DEPTH}",
    ),
    "many values": (HEAD + "rules: [" + "x," * MOST_NODES + "]\n", f"more than {MOST_NODES} values"),
    "too large": (HEAD + "#" * MOST_BYTES, f"{MOST_BYTES} at most"),
    "many rules": (HEAD + "rules:\n" + "  - {}\n" * 1001, "1000 at most"),
    "no UTF-8": ((HEAD + "# ").encode() + b"\xff\n", "line 5: This is no UTF-8 text"),
    "an executable": (b"\x7fELF\x02\x01\x01" + bytes(100), "UTF-8|characters that no text has"),
    "zeros": (bytes(100), "characters that no text has"),
    "a lone surrogate": (f'{HEAD}published: "\\ud800"\n', "is no day|YAML"),
    "no YAML": (f"{HEAD}a: [1\n", "line 6: This is no YAML"),
    "a tab for an indent": (f"{HEAD}rules:\n\t- id: x\n", "line 6: This is no YAML"),
    "an unknown directive": (f"%YAML 9.9\n---\n{HEAD}", "no YAML"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_files_are_refused(attack: str) -> None:
    content, said = HOSTILE[attack]
    with pytest.raises(GuidanceRefusedError, match=said):
        read(content if isinstance(content, bytes) else content.encode())


PIECES = st.sampled_from(
    [
        "document: a\n",
        "version: 1\n",
        "rules:\n",
        "  - id: x\n",
        "    when: {",
        "}",
        "[",
        "]",
        "- ",
        "\n",
        "&a ",
        "*a ",
        "!!str ",
        "? ",
        ": ",
        "x",
        "'",
        '"',
        "|\n",
        "---\n",
        "\t",
        "#",
        "é",
        "\x00",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.binary(max_size=200))
def test_whatever_it_is_it_is_read_or_refused(content: str | bytes) -> None:
    with contextlib.suppress(GuidanceRefusedError):
        read(content.encode() if isinstance(content, str) else content)


def test_every_condition_of_the_rules_can_be_written() -> None:
    """The vocabulary of the file is that of the rules: nothing of it is forgotten, nothing more is taken."""
    found = faults(f"{HEAD}{RULE}    when: {{unknown: x}}\n")[0].rpartition("Known are ")[2].rstrip(".").split(", ")
    assert set(found) == {field.name for field in dataclasses.fields(Condition)}
