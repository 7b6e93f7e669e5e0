"""What the areas of a plan mean: designations that displace older ones, deductions, bans on changes, port use."""

from dataclasses import dataclass

from parcels.importing.checks import Findings, shown
from parcels.importing.xplangml_document import Area, Document, Element, inner, references, value, values
from parcels.importing.xplangml_plans import Plan, after, day, plain
from rules import xplan

PORT = "Hafengebiet"
YES_NO = {"true": True, "1": True, "false": False, "0": False}
KINDS = ("besondereArtDerBaulNutzung", "besondereArtDerBaulNutzung_FHH")


@dataclass(frozen=True, slots=True)
class Line:
    """One row for the register: an area (by its place among the document's areas) in one of its uses."""

    at: int
    plan: Plan
    use: str
    code: str | None = None
    restrictions: str | None = None
    regulates_use: bool = False
    days: tuple[str | None, str | None] | None = None  # where they are not the plan's


def idle(area: Area, version: str) -> str | None:
    """Why an area of a plan says nothing about the use of land; None for one that does."""
    told = area.attributes
    if area.type.use == "outline":
        return None
    state = xplan.meaning(version, "XP_Rechtsstand", value(told, "rechtsstand") or "")
    if state is not None and state.outcome == "ends":
        return "to fall away or repealed"
    if value(told, "ebene") not in (None, "0"):
        return "on another level than the ground"
    character = xplan.legal_character(version, value(told, "rechtscharakter"))
    if area.type.use == "building_area" and character == "taken_over":
        return "a building area that is only taken over from elsewhere"
    return {"information": "a note or marking, and nothing set", "foreign": "of another kind of plan"}.get(character)


def lines(at: int, area: Area, plan: Plan, document: Document, findings: Findings) -> list[Line]:
    """The rows that an area of a plan stands for: several, where land is both of another use and deducted."""
    if area.type.use == "outline":
        bans = [] if plan.ban is None else [Line(at, plan, "ban", days=plan.ban)]
        return [Line(at, plan, "outline"), *bans]
    if area.type.use == "ban":
        return [Line(at, plan, "ban", days=_ban_days(at, area.attributes, findings))]
    if area.type.use == "building_area":
        return _building_area(at, area, plan, document, findings)
    return _other_use(at, area, plan, document.version, findings)


def _ban_days(at: int, told: Element, findings: Findings) -> tuple[str | None, str | None]:
    """A ban's days; XPlanung states the last day that it holds."""
    if data := inner(told, "daten"):
        return day(at, data[0], "startDatum", findings), after(day(at, data[0], "endDatum", findings))
    start = day(at, told, "veraenderungssperreStartDatum", findings)
    return start, after(day(at, told, "gueltigkeitsDatum", findings))


def _closes(at: int, area: Area, findings: Findings) -> bool:
    """Whether an area is a tile of the plan, or only lies over the tiles."""
    stated = value(area.attributes, "flaechenschluss")
    if area.type.closes == "never":
        return False
    default = area.type.closes == "always"
    if (stated is None and not default) or (stated is not None and stated not in YES_NO):
        taken = "be a tile of the plan" if default else "lie over others, and gives the land no use of its own"
        said = f"is {'empty' if stated is None else repr(shown(stated))}: the area is taken to {taken}; state true or false"
        findings.add(at, "flaechenschluss", "tiling-unknown", said, "warning", value=shown(stated))
    return YES_NO.get(stated or "", default)


def _other_use(at: int, area: Area, plan: Plan, version: str, findings: Findings) -> list[Line]:
    designation, deduction = area.type.designation, area.type.deduction
    closes = _closes(at, area, findings)
    if area.type.codes is not None and area.type.attribute is not None:
        for code in codes(area.attributes, area.type.attribute):
            found = xplan.meaning(version, area.type.codes, code)
            if found is None:
                _unknown_code(at, area.type.attribute, area.type.codes, code, version, findings)
            else:
                designation, deduction = found.outcome or None, found.deduction
                break
    found_lines = []
    if closes and designation:
        found_lines.append(Line(at, plan, "designation", designation, regulates_use=True))
    if deduction and (closes or area.type.deducted == "always"):
        found_lines.append(Line(at, plan, "deduction", deduction))
    return found_lines


def codes(told: Element, name: str) -> list[str]:
    """The codes of an attribute: its own texts, or since 6.0 the general codes of the data objects inside it."""
    if objects := inner(told, name):
        return [code for each in objects if (code := value(each, "allgemein"))]
    return values(told, name)


def _building_area(at: int, area: Area, plan: Plan, document: Document, findings: Findings) -> list[Line]:
    told, version = area.attributes, document.version
    if not any(values(told, name) for name in KINDS):
        told = document.wholes.get(area.gml_id, told)
    special, special_fhh = (value(told, name) for name in KINDS)
    use = xplan.building_area(version, special, special_fhh)
    if use == xplan.UNKNOWN:
        _use_unknown(at, told, version, special_fhh or special, findings)
    special_uses = []
    for code in codes(told, "sondernutzung"):
        found = xplan.meaning(version, "XP_Sondernutzungen", code)
        if found is None:
            _unknown_code(at, "sondernutzung", "XP_Sondernutzungen", code, version, findings)
        else:
            special_uses.append(found)
    restrictions = _restrictions(at, told, [found.name for found in special_uses], document, findings)
    found_lines = []
    if _closes(at, area, findings):
        found_lines.append(Line(at, plan, "designation", use, restrictions, regulates_use=True))
    if any(found.outcome == "port" for found in special_uses):
        found_lines.append(Line(at, plan, "port", PORT))
    return found_lines


def _use_unknown(at: int, told: Element, version: str, code: str | None, findings: Findings) -> None:
    """Which use a building area has cannot be told: its general kind, and its words, are shown and not guessed from."""
    general = xplan.meaning(version, "XP_AllgArtDerBaulNutzung", value(told, "allgArtDerBaulNutzung") or "")
    words = [
        *([f"code {shown(code)}"] if code else []),
        *([general.name] if general else []),
        *values(told, "detaillierteArtDerBaulNutzung"),
        *values(told, "nutzungText"),
    ]
    said = f"says no kind of building area that can be told ({shown(', '.join(words)) or 'nothing stated'}): state it"
    findings.add(at, "besondereArtDerBaulNutzung", "use-unknown", said, "warning", value=shown(code))


def _restrictions(
    at: int, told: Element, special_uses: list[str], document: Document, findings: Findings
) -> str | None:
    """What is said of a building area beside its kind, in plain words."""
    words = list(special_uses)
    for code in values(told, "abweichungBauNVO"):
        found = xplan.meaning(document.version, "XP_AbweichungBauNVOTypen", code)
        if found is None:
            _unknown_code(at, "abweichungBauNVO", "XP_AbweichungBauNVOTypen", code, document.version, findings)
        else:
            words.append(found.outcome)
    for name in ("detaillierteArtDerBaulNutzung", "detailArtDerBaulichenNutzung_FHH", "nutzungText"):
        words += values(told, name)
    words += [
        f"Emissionskontingent tags {value(each, 'ekwertTag') or '?'}, nachts {value(each, 'ekwertNacht') or '?'} dB(A)"
        for each in inner(told, "laermkontingent")
    ]
    words += [text for one in references(told, "refTextInhalt") if (text := _paragraph(one, document))]
    return plain("; ".join(words))


def _paragraph(reference: str, document: Document) -> str | None:
    """A paragraph of the plan's text, led by its key (`§2 Nr. 3`)."""
    found = document.paragraphs.get(reference)
    if found is None:
        return None
    parts = [part for name in ("schluessel", "text") if (part := value(found, name))]
    return ": ".join(parts) or None


def _unknown_code(at: int, name: str, codes_: str, code: str, version: str, findings: Findings) -> None:
    said = f"'{shown(code)}' is no code of {codes_} in XPlanGML {version}, and is left out of account: correct it"
    findings.add(at, name, "code-unknown", said, "warning", value=shown(code))
