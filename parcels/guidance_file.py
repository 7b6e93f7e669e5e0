"""One version of a guidance as its file states it: every field checked, all faults told at once with line and remedy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from parcels.guidance_sheet import Sheet, WrongError, day, number, one_of, text, yes_no
from parcels.guidance_text import Fault, GuidanceRefusedError, Items, parsed, plain, shown
from parcels.importing.values import LARGEST_M2
from rules.conversions import Cases, GuidanceResult, Planning, Purpose, Route
from rules.guidance import Condition, GuidanceRule
from rules.law import LAW

MOST_RULES, MOST_AREAS = 1_000, 500
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
FILE_NAME = re.compile(r"[^/\\\x00]{1,200}")
DESIGNATIONS = tuple(sorted({code for value in LAW.parameters["designations.known"] for code in value.codes}))
BOUNDS = ("min_affected_m2", "max_affected_m2", "min_housing_share", "max_housing_share")


@dataclass(frozen=True, slots=True)
class Area:
    """A named area; `geometry` is GeoJSON, None where it stands in the zones_file. Its rule stands among the others."""

    name: str
    line: int
    geometry: str | None


@dataclass(frozen=True, slots=True)
class GuidanceFile:
    """A version as its file states it. `valid_to` None: until the next version begins."""

    document: str
    version: str
    title: str
    published: date | None
    valid_from: date
    valid_to: date | None
    demonstration: bool
    rules: tuple[GuidanceRule, ...]
    areas: tuple[Area, ...]
    zones_crs: str | None
    zones_file: str | None


def read(content: bytes) -> GuidanceFile:
    """What a file states; GuidanceRefusedError with all its faults."""
    top = parsed(content)
    faults: list[Fault] = []
    sheet = Sheet(top, "", faults)
    found = GuidanceFile(
        document=sheet.needed("document", _name, "in-small-letters"),
        version=sheet.needed("version", text, "1.0"),
        title=sheet.needed("title", text, "Handreichung ..."),
        published=sheet.value("published", day),
        valid_from=sheet.needed("valid_from", day, date.min),
        valid_to=sheet.value("valid_to", day),
        demonstration=sheet.value("demonstration", yes_no) or False,
        rules=tuple(_rule(one) for one in sheet.sheets("rules", MOST_RULES)),
        areas=(),
        zones_crs=sheet.value("zones_crs", text),
        zones_file=sheet.value("zones_file", _file_name),
    )
    zones = sheet.sheets("zones", MOST_AREAS)
    areas = [_area(one) for one in zones]
    sheet.only("rules", "zones")
    _check(found, [area for area, _ in areas], sheet)
    if faults:
        raise GuidanceRefusedError(*sorted(faults, key=lambda fault: fault.line or 0))
    common = {"document": found.document, "version": found.version, "demonstration": found.demonstration}
    rules = [replace(rule, **common) for rule in (*found.rules, *(rule for _, rule in areas))]  # type: ignore[arg-type]
    return replace(found, rules=tuple(rules), areas=tuple(area for area, _ in areas))


def _designation(written: str) -> str:
    if written not in DESIGNATIONS:
        raise WrongError(f"There is no designation '{shown(written)}'", f"Use one of {', '.join(DESIGNATIONS)}.")
    return written


def _name(written: str) -> str:
    if not NAME.fullmatch(written):
        raise WrongError(f"'{shown(written)}' is no name", "Use small letters, digits, `-`, `.`, `_`; 64 at most.")
    return written


def _file_name(written: str) -> str:
    if not FILE_NAME.fullmatch(written) or written in (".", ".."):
        raise WrongError("This is no file beside this one", "Give its name without a folder.")
    return written


def _rule(sheet: Sheet) -> GuidanceRule:
    found = GuidanceRule(
        document="",
        version="",
        id=sheet.needed("id", text, f"line {sheet.table.line}"),
        result=sheet.needed("result", one_of(GuidanceResult, "result"), GuidanceResult.SILENT),
        page=sheet.needed("page", text, "-"),
        wording=sheet.needed("wording", text, "-"),
        routes=sheet.values("routes", one_of(Route, "route")),
        designations=sheet.values("designations", _designation),
        condition=_condition(sheet.inner("when")),
    )
    sheet.only()
    return found


def _condition(sheet: Sheet) -> Condition:
    found = Condition(
        purposes=sheet.values("purposes", one_of(Purpose, "purpose")),
        cases=sheet.values("cases", one_of(Cases, "number of cases")),
        planning=sheet.values("planning", one_of(Planning, "planning situation")),
        districts=sheet.values("districts", text),
        zones=sheet.values("zones", text),
        private_marketable=sheet.value("private_marketable", yes_no),
        **{name: sheet.value(name, number) for name in BOUNDS},
    )
    for what, all_there_is in (("affected_m2", LARGEST_M2), ("housing_share", Decimal(1))):
        least, most = getattr(found, f"min_{what}"), getattr(found, f"max_{what}")
        if least is not None and most is not None and least > most:
            sheet.fault(sheet.line(f"max_{what}"), f"max_{what}", f"It is less than min_{what}", "Exchange them.")
        for name, bound in ((f"min_{what}", least), (f"max_{what}", most)):
            if bound is not None and bound > all_there_is:
                sheet.fault(sheet.line(name), name, "It is more than all there is", f"Give {all_there_is} at most.")
    sheet.only()
    return found


def _area(sheet: Sheet) -> tuple[Area, GuidanceRule]:
    """A named area, and the rule that it stands for: excluded unless the file says otherwise."""
    name = sheet.needed("name", text, f"line {sheet.table.line}")
    geometry = _geometry(sheet)
    rule = GuidanceRule(
        document="",
        version="",
        id=f"zone {name}",
        result=sheet.value("result", one_of(GuidanceResult, "result")) or GuidanceResult.EXCLUDED,
        page=sheet.needed("page", text, "-"),
        wording=sheet.value("wording", text) or name,
        routes=sheet.values("routes", one_of(Route, "route")),
        condition=Condition(zones=(name,)),
    )
    sheet.only()
    return Area(name, sheet.table.line, geometry), rule


def _geometry(sheet: Sheet) -> str | None:
    inner = sheet.inner("geometry")
    if not inner.table.fields:
        return None
    found: dict[str, Any] = plain(inner.table)
    if set(found) != {"type", "coordinates"} or found["type"] not in ("Polygon", "MultiPolygon"):
        inner.fault(inner.table.line, "type", "This is no area", "Give a GeoJSON Polygon or MultiPolygon.")
    elif not all(isinstance(c, float) and math.isfinite(c) for c in _leaves(found["coordinates"])):
        inner.fault(inner.table.line, "coordinates", "A position is no pair of numbers", "Give finite numbers.")
    return json.dumps(found)


def _leaves(node: Any) -> Iterable[Any]:
    if isinstance(node, list):
        for one in node:
            yield from _leaves(one)
    else:
        yield node


def _check(found: GuidanceFile, areas: list[Area], sheet: Sheet) -> None:
    """What several fields say together."""
    if found.valid_to is not None and found.valid_to <= found.valid_from:
        sheet.fault(sheet.line("valid_to"), "valid_to", "It is not after valid_from", "Give the first day it is over.")
    rules = list(zip(found.rules, _lines(sheet, "rules"), strict=False))
    names = list(zip((area.name for area in areas), _lines(sheet, "zones"), strict=False))
    _once([(rule.id, line) for rule, line in rules], "rules", "id", sheet)
    _once(names, "zones", "name", sheet)
    for rule, line in rules:
        for name in set(rule.condition.zones) - {name for name, _ in names}:
            sheet.fault(
                line, "rules", f"Rule '{rule.id}' names the zone '{name}', which is not there", "Add it to zones."
            )
    _no_contradiction(rules, sheet)
    missing = [area for area in areas if area.geometry is None]
    if missing and found.zones_file is None:
        sheet.fault(missing[0].line, "zones", f"'{missing[0].name}' has no geometry", "Give it, or a `zones_file:`.")
    if found.zones_file is not None and len(missing) < len(areas):
        sheet.fault(sheet.line("zones_file"), "zones_file", "Zones have a geometry beside it", "Give one of the two.")
    if areas and found.zones_crs is None:
        sheet.fault(sheet.line("zones"), "zones_crs", "The zones have no CRS", "Give `zones_crs: EPSG:25832`.")


def _lines(sheet: Sheet, name: str) -> list[int]:
    _, node = sheet.table.fields.get(name, (0, None))
    return [one.line for one in node.nodes] if isinstance(node, Items) else []


def _once(named: list[tuple[str, int]], path: str, name: str, sheet: Sheet) -> None:
    seen: dict[str, int] = {}
    for value, line in named:
        if value in seen:
            sheet.fault(
                line, f"{path}.{name}", f"'{shown(value)}' is there already, line {seen[value]}", "Name it anew."
            )
        seen.setdefault(value, line)


def _no_contradiction(rules: list[tuple[GuidanceRule, int]], sheet: Sheet) -> None:
    seen: dict[Any, GuidanceRule] = {}
    for rule, line in rules:
        asks = (frozenset(rule.routes), frozenset(rule.designations), rule.condition)
        other = seen.setdefault(asks, rule)
        if other.result is not rule.result:
            said = f"'{rule.id}' asks the same as '{other.id}' and says {rule.result}, not {other.result}"
            sheet.fault(line, "rules", said, "Leave one of the two out, or tell them apart.")
