"""The plans of a document: their names, kinds, stages and dates, what they change, and which areas are theirs."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from parcels.importing import values
from parcels.importing.checks import Findings, shown
from parcels.importing.values import FORBIDDEN, LONGEST_TEXT, Unreadable
from parcels.importing.xplangml_document import (
    Area,
    Document,
    Element,
    children,
    gml_id,
    gml_name,
    inner,
    references,
    value,
)
from rules import xplan

IN_FORCE = frozenset(("in_force", "partly_lapsed"))
ENDED = frozenset(("repealed", "expired"))
CONTENTS = ("planinhalt", "inhaltBPlan", "nachrichtlich")  # of a section
STAND_INS = ("rechtsverordnungsDatum", "satzungsbeschlussDatum")


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan as it is told to the register; `at` is the place of its outline among the document's areas."""

    at: int
    gml_id: str
    name: str
    number: str | None
    kind: str
    stage: str
    valid_from: str | None
    valid_to: str | None
    changes: str | None
    bau_nvo: str | None
    ban: tuple[str | None, str | None] | None


def plans(document: Document, findings: Findings, taken: set[str]) -> list[Plan]:
    """All plans of a document; `taken` are the names that the file has used so far."""
    found = []
    for at, area in enumerate(document.areas):
        if area.type.use == "outline":
            plan = _plan(at, area, document.version, findings)
            if plan.name in taken:
                plan = _renamed(plan, findings)
            taken.add(plan.name)
            found.append(plan)
    by_id = {plan.gml_id: plan.name for plan in found}
    return [_with_sections(plan, document, by_id, findings) for plan in found]


def _with_sections(plan: Plan, document: Document, by_id: dict[str, str], findings: Findings) -> Plan:
    """The plan with what is said in its sections: the plans that it changes, and the BauNVO where all agree."""
    own = document.areas[plan.at].attributes
    linked = references(own, "bereich")
    parts = [
        section
        for section in document.sections
        if len(by_id) == 1 or gml_id(section) in linked or plan.gml_id in references(section, "gehoertZuPlan")
    ]
    missing = {*linked, *(each for part in parts for each in references(part, *CONTENTS))} - document.ids
    if missing:
        said = f"lists {len(missing)} features that are not in the file: check that it is complete"
        findings.add(plan.at, "bereich", "content-missing", said, "warning", value=shown(min(missing)))
    editions = {bau_nvo(section, document.version) for section in parts}
    return replace(
        plan,
        changes=_changes([own, *parts], document.version, by_id),
        bau_nvo=bau_nvo(own, document.version) or (editions.pop() if len(editions) == 1 else None),
    )


def _plan(at: int, area: Area, version: str, findings: Findings) -> Plan:
    told = area.attributes
    state = _stage(at, told, version, findings)
    since, until = _validity(at, told, state, findings)
    return Plan(
        at=at,
        gml_id=area.gml_id,
        name=_name(at, area, findings),
        number=_text(at, "nummer", value(told, "nummer"), findings),
        kind=_kind(at, told, version, findings),
        stage=state,
        valid_from=since,
        valid_to=until,
        changes=None,
        bau_nvo=None,
        ban=_ban(at, told, findings),
    )


def _name(at: int, area: Area, findings: Findings) -> str:
    told = area.attributes
    name = _text(at, "name", value(told, "name"), findings)
    if name is not None:
        return name
    stand_in = _text(at, "nummer", value(told, "nummer"), findings) or gml_name(told) or area.gml_id
    stand_in = stand_in or f"Plan {area.row}"
    said = f"is empty: the plan is known by '{shown(stand_in)}' here; give it its name"
    findings.add(at, "name", "name-missing", said, "warning")
    return stand_in


def _renamed(plan: Plan, findings: Findings) -> Plan:
    name = f"{plan.name} ({plan.number or plan.gml_id})"
    said = (
        f"'{shown(plan.name)}' stands for another plan of this file as well: this one is known by '{shown(name)}' here"
    )
    findings.add(plan.at, "name", "name-twice", said, "warning", value=shown(plan.name))
    return replace(plan, name=name)


def _kind(at: int, told: Element, version: str, findings: Findings) -> str:
    stated, stated_fhh = value(told, "planArt"), value(told, "planArt_FHH")
    kind = xplan.plan_kind(version, stated, stated_fhh)
    if kind == xplan.UNKNOWN:
        findings.add(at, "planArt", "kind-unknown", "is empty: state what kind of plan it is", "note")
    elif kind.startswith(xplan.UNKNOWN):
        code = stated_fhh or stated
        said = f"'{shown(code)}' is no kind of plan of XPlanGML {version}: correct it"
        findings.add(at, "planArt", "kind-unknown", said, "note", value=shown(code))
    return kind


def _stage(at: int, told: Element, version: str, findings: Findings) -> str:
    code = value(told, "rechtsstand")
    state = xplan.stage(version, code)
    if code is None:
        said = "is empty: whether the plan is in force cannot be told; state it"
        findings.add(at, "rechtsstand", "stage-unknown", said, "warning")
    elif state == xplan.UNKNOWN:
        said = f"'{shown(code)}' is no stage of XPlanGML {version}: whether the plan is in force cannot be told; correct it"
        findings.add(at, "rechtsstand", "stage-unknown", said, "warning", value=shown(code))
    return state


def _validity(at: int, told: Element, state: str, findings: Findings) -> tuple[str | None, str | None]:
    """From when until when a plan holds: by its coming into force, or by a stand-in that is named."""
    since = day(at, told, "inkrafttretensDatum", findings)
    if value(told, "inkrafttretensDatum") is None and state in IN_FORCE:
        since = _stand_in(at, told, findings)
    until = day(at, told, "untergangsDatum", findings)
    if until is None and state in ENDED:
        said = f"is empty, though the plan is said to have ended ({state}): since when cannot be told; state it"
        findings.add(at, "untergangsDatum", "end-unknown", said, "warning")
    if since and until and until <= since:
        said = f"'{until}' is not after inkrafttretensDatum '{since}': correct one of them"
        findings.add(at, "untergangsDatum", "validity-reversed", said, value=until)
    return since, until


def _stand_in(at: int, told: Element, findings: Findings) -> str | None:
    for name in STAND_INS:
        if found := day(at, told, name, findings):
            said = f"is empty, though the plan is in force: {name} {found} stands in for it; state it"
            findings.add(at, "inkrafttretensDatum", "date-stood-in", said, "warning", value=found)
            return found
    said = (
        "is empty, though the plan is in force, and so are the days of its making: it counts as always there; state it"
    )
    findings.add(at, "inkrafttretensDatum", "date-missing", said, "warning")
    return None


def day(at: int, told: Element, name: str, findings: Findings) -> str | None:
    """A date of a feature; one that cannot be read is an error, which rejects the feature."""
    stated = value(told, name)
    try:
        return values.day(stated)
    except Unreadable as problem:
        findings.add(at, name, problem.kind, f"'{shown(stated)}' {problem}", value=shown(stated))
        return None


def after(last: str | None) -> str | None:
    """The first day that no longer counts, after the last one that does."""
    return last and (date.fromisoformat(last) + timedelta(days=1)).isoformat()


def _changes(told: list[Element], version: str, by_id: dict[str, str]) -> str | None:
    """The plans that a plan, or a section of it, changes, and what it does to them; `by_id` names those of the file."""
    codes = "rechtscharakter" if xplan.before(version, "6.0") else "aenderungsArt"
    found: dict[str, None] = {}
    for element in told:
        for name in ("aendert", "aendertPlan", "aendertPlanBereich"):
            for other in inner(element, name):
                linked = next(iter(references(other, "verbundenerPlan", "verbundenerPlanBereich")), None)
                called = value(other, "planName") or by_id.get(linked or "") or value(other, "nummer") or linked or "?"
                found[f"{called} ({xplan.deed(version, value(other, codes))})"] = None
    return plain("; ".join(found)) if found else None


def bau_nvo(told: Element, version: str) -> str | None:
    """The edition of the BauNVO that a plan or section goes by: a year where it can be told, else its own words."""
    for coded in children(told, "versionBauNVO"):
        if law := next((each for each in coded if isinstance(each.tag, str)), None):
            dated = value(law, "datum")
            return dated[:4] if dated else plain(value(law, "name") or value(law, "detail"))
        found = xplan.meaning(version, "XP_VersionBauNVO", (coded.text or "").strip())
        if found is not None:
            return found.outcome
    if dated := value(told, "versionBauNVODatum"):
        return plain(dated[:4])
    return plain(value(told, "versionBauNVOText"))


def _ban(at: int, told: Element, findings: Findings) -> tuple[str | None, str | None] | None:
    """Since when until when changes are banned in the whole plan; None where they are not."""
    if data := inner(told, "veraenderungssperre"):
        return day(at, data[0], "startDatum", findings), after(day(at, data[0], "endDatum", findings))
    if value(told, "veraenderungssperre") not in ("true", "1"):
        return None
    days = (
        day(at, told, "veraenderungssperreDatum", findings),
        after(day(at, told, "veraenderungssperreEndDatum", findings)),
    )
    if days == (None, None):
        said = "bans changes in the whole plan, and does not say since when or until when: state its days"
        findings.add(at, "veraenderungssperre", "ban-undated", said, "warning")
    return days


def _text(at: int, name: str, stated: str | None, findings: Findings) -> str | None:
    try:
        return values.text(stated)
    except Unreadable as problem:
        findings.add(at, name, problem.kind, f"'{shown(stated)}' {problem}", value=shown(stated))
        return None


def plain(stated: str | None, most: int = LONGEST_TEXT) -> str | None:
    """Words as the register may show them: on one line, without invisible marks, and not too long."""
    if not stated:
        return None
    line = FORBIDDEN.sub("\ufffd", " ".join(stated.split()))
    return line if len(line) <= most else line[: most - 1] + "…"


class Belonging:
    """Which plan and which section an area is part of: by its own word, or by that of the plan or section."""

    def __init__(self, document: Document, found: list[Plan]) -> None:
        self.plans = found
        by_id = {plan.gml_id: plan for plan in found}
        self._section_of: dict[str, list[str]] = {}
        self._plan_of: dict[str, Plan] = {}
        self.editions = {gml_id(each): bau_nvo(each, document.version) for each in document.sections}
        for plan in found:
            for section in references(document.areas[plan.at].attributes, "bereich"):
                self._plan_of[section] = plan
        for part in document.sections:
            self._plan_of.update(
                {gml_id(part): by_id[plan] for plan in references(part, "gehoertZuPlan") if plan in by_id}
            )
            for content in references(part, *CONTENTS):
                self._section_of.setdefault(content, []).append(gml_id(part))

    def sections(self, area: Area) -> list[str]:
        """The sections that an area is part of."""
        own = references(area.attributes, "gehoertZuBereich", "gehoertZuBP_Bereich", "gehoertNachrichtlichZuBereich")
        return own or self._section_of.get(area.gml_id, [])

    def of(self, area: Area) -> list[Plan]:
        """The plans that an area is part of; where a file has one plan, everything is part of it."""
        if len(self.plans) == 1:
            return self.plans
        named = {plan.at: plan for section in self.sections(area) if (plan := self._plan_of.get(section))}
        return list(named.values())

    def edition(self, area: Area, plan: Plan) -> str | None:
        """The BauNVO that an area goes by: its section's, else its plan's."""
        return next((found for section in self.sections(area) if (found := self.editions.get(section))), plan.bau_nvo)


def names(found: Iterable[Plan]) -> str:
    """The plans' names for a message."""
    return ", ".join(f"'{shown(plan.name)}'" for plan in found)
