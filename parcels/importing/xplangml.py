"""XPlanGML through the gate: one document or an archive of them, plan by plan, whole or not at all."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from parcels.importing import places, xplangml_shapes
from parcels.importing.checks import Findings, copy_text
from parcels.importing.contract import Issue, Options, Refused
from parcels.importing.shapes import Shapes, ewkb, wkb
from parcels.importing.whole import mismatched
from parcels.importing.xplangml_archive import members
from parcels.importing.xplangml_areas import Line, idle, lines
from parcels.importing.xplangml_document import Document, value
from parcels.importing.xplangml_document import read as read_document
from parcels.importing.xplangml_plans import Belonging, Plan, names, plans
from rules import xplan

Deliver = Callable[[bytes], None]
Place = Callable[[dict[str, Any]], None]
Tell = Callable[[list[Issue]], None]


class Gate:
    """The reading of one file: what it delivers, what it found, and what it has counted so far."""

    def __init__(self, options: Options, deliver: Deliver, place: Place, tell: Tell) -> None:
        self.options = options
        self.place = place
        self.deliver = deliver
        self.tell = tell
        self.rows = self.features = self.rejected = 0
        self.names: set[str] = set()

    def take(self, path: Path, member: str | None) -> None:
        """Read one document, deliver the rows of its good plans and tell its findings."""
        aside = path.with_name(f"{path.stem}-shapes.gml")
        document = read_document(path, aside, self.features + 1, self.options.limits)
        self.place(places.told(self.features + 1, document.lines, member))
        self.features += document.features
        notes = _notes(document, _without_idle(document))
        gc.freeze()
        findings = Findings(
            [area.row for area in document.areas],
            [area.gml_id or None for area in document.areas],
            np.zeros(len(document.areas), dtype=bool),
        )
        found = plans(document, findings, self.names)
        belonging = Belonging(document, found)
        told = sorted(_lines(document, belonging, findings), key=lambda line: line.at)
        where = xplangml_shapes.place(document, self.options)
        shapes = xplangml_shapes.checked(aside, document, where, findings)
        where.refuse_if_elsewhere()
        _reject_whole_plans(document, belonging, findings)
        self.tell([*notes, *findings.issues])
        self._deliver(document, belonging, [line for line in told if not findings.bad[line.at]], shapes, member)
        self.rows += len(document.areas)
        self.rejected += int(findings.bad.sum())

    def _deliver(
        self, document: Document, belonging: Belonging, good: list[Line], shapes: Shapes, member: str | None
    ) -> None:
        if not good:
            return
        outlines = ewkb(wkb(shapes[[line.at for line in good]]))
        cells = [_cells(line, document, belonging, member) for line in good]
        columns = [list(column) for column in zip(*cells, strict=True)]
        self.deliver(copy_text([document.areas[line.at].row for line in good], columns, outlines))


def _cells(line: Line, document: Document, belonging: Belonging, member: str | None) -> tuple[str | None, ...]:
    """One row for the register, in the order of the layer's columns, without its number and its geometry."""
    area, plan = document.areas[line.at], line.plan
    since, until = line.days or (plan.valid_from, plan.valid_to)
    return (
        *(plan.name, plan.number, plan.kind, plan.stage, since, until, plan.changes),
        *(belonging.edition(area, plan), document.version, area.gml_id, area.name),
        *(line.use, line.code, line.restrictions, "true" if line.regulates_use else "false", member),
    )


def _lines(document: Document, belonging: Belonging, findings: Findings) -> Iterator[Line]:
    """All rows of a document; the outline of a plan says whether the plan regulates the use of land at all."""
    outlines: dict[int, list[Line]] = {}
    regulating: set[int] = set()
    for at, area in enumerate(document.areas):
        if area.type.use == "outline":
            plan = next(plan for plan in belonging.plans if plan.at == at)
            outlines[at] = lines(at, area, plan, document, findings)
        elif (plan_of := _plan(at, belonging, document, findings)) is not None:
            for line in lines(at, area, plan_of, document, findings):
                regulating |= {plan_of.at} if line.regulates_use else set()
                yield line
    for at, found in outlines.items():
        for line in found:
            yield replace(line, regulates_use=line.use == "outline" and at in regulating)


def _plan(at: int, belonging: Belonging, document: Document, findings: Findings) -> Plan | None:
    found = belonging.of(document.areas[at])
    if not found:
        said = "is part of none of the file's plans: link it to a section of one"
        findings.add(at, "gehoertZuBereich", "plan-unclear", said)
        return None
    if len(found) > 1:
        said = f"is part of several plans ({names(found)}), and is taken for the first: link it to one"
        findings.add(at, "gehoertZuBereich", "plans-several", said, "warning")
    return found[0]


def _reject_whole_plans(document: Document, belonging: Belonging, findings: Findings) -> None:
    """A plan with a bad area is not taken at all: the rest of it would say something else than the plan."""
    owners = [
        [plan for plan in belonging.plans if plan.at == at] if area.type.use == "outline" else belonging.of(area)
        for at, area in enumerate(document.areas)
    ]
    bad = {plan.at: plan for at in np.flatnonzero(findings.bad) for plan in owners[at]}
    for at, owned in enumerate(owners):
        incomplete = [plan for plan in owned if plan.at in bad]
        if incomplete and not findings.bad[at]:
            said = f"is not taken, since another area of {names(incomplete)} is rejected: mend that one"
            findings.add(at, "plan", "incomplete-plan", said)


def _without_idle(document: Document) -> dict[str, Counter[str]]:
    """Take out the areas that say nothing about the use of land; gives how many of which type, by the reason."""
    reasons: dict[str, Counter[str]] = {}
    kept = []
    for area in document.areas:
        if (reason := idle(area, document.version)) is None:
            kept.append(area)
        else:
            reasons.setdefault(reason, Counter())[area.name] += 1
    document.areas = kept
    return reasons


def _notes(document: Document, idle_areas: dict[str, Counter[str]]) -> list[Issue]:
    """What was left out of a document, and why."""
    found = []
    if document.unused:
        said = f"These features hold nothing that the register keeps: {_listed(document.unused)}."
        found.append(_note("features-ignored", "note", said))
    if document.without_area:
        said = f"These features are points or lines, and have no area: {_listed(document.without_area)}."
        found.append(_note("features-without-area", "note", said))
    character = Counter(
        area.name
        for area in document.areas
        if xplan.legal_character(document.version, value(area.attributes, "rechtscharakter")) == xplan.UNKNOWN
    )
    if character:
        said = f"Whether the plan sets these areas is not stated (rechtscharakter); they are taken so: {_listed(character)}."
        found.append(_note("legal-character-unknown", "note", said))
    for reason, counts in idle_areas.items():
        found.append(_note("areas-idle", "note", f"These areas are {reason}: {_listed(counts)}."))
    if document.unknown:
        said = (
            f"These features are none of XPlanGML {document.version}, and are left out: {_listed(document.unknown)}. "
            "Check whether one of them sets a use of land."
        )
        found.append(_note("features-unknown", "warning", said))
    return found


def _note(kind: str, severity: str, said: str) -> Issue:
    return Issue(None, None, None, kind, "warning" if severity == "warning" else "note", said)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name[:60]} ({count})" for name, count in sorted(counts.items())[:60])


def read(path: Path, options: Options, send: Callable[[bytes, bytes], None], tell: Tell) -> dict[str, int]:
    """Read a file of the layer `plans`; gives the counts of its areas."""
    gate = Gate(options, lambda rows: send(b"D", rows), lambda lines: send(b"W", json.dumps(lines).encode()), tell)
    for member, document in _documents(path):
        if document.stat().st_size > options.limits.text_bytes:
            raise Refused("too-large", f"A plan may have {options.limits.text_bytes >> 20} MiB at most: split it.")
        _refuse_other(document)
        _take(gate, document, member)
        send(b"P", json.dumps({"rows": gate.rows, "total": None}).encode())
    if gate.rows == 0:
        raise Refused("no-rows", "The file has no areas: check that it is the right file, and complete.")
    return {"rows_read": gate.rows, "rows_rejected": gate.rejected, "rows_passed": gate.rows - gate.rejected}


def _take(gate: Gate, document: Path, member: str | None) -> None:
    """Read one document; the refusal of an archive names the member that is the reason."""
    try:
        gate.take(document, member)
    except Refused as refusal:
        if member is None:
            raise
        raise Refused(refusal.kind, f"Member '{member}' of the archive: {refusal.message}") from refusal


def _documents(path: Path) -> Iterator[tuple[str | None, Path]]:
    """The documents of a file, each with the name of its member where the file is an archive."""
    if path.suffix != ".zip":
        yield None, path
        return
    for member in members(path):
        yield member.name, member.copy


def _refuse_other(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(64).replace(b"\0", b"")
    if not head.lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n").startswith(b"<"):
        raise mismatched(path)
