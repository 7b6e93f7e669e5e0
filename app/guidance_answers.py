"""Guidance as it is answered: the same for HTTP and for the command line; and what it says of a case, as a sentence."""

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy.orm import Session

from app import answers
from app.answers import Asked
from app.schemas.guidance import (
    AuthorityOut,
    GuidanceFindingOut,
    GuidanceOut,
    GuidanceRuleOut,
    GuidanceRuleRef,
    GuidanceVersion,
    GuidanceWhen,
    GuidanceZoneFeature,
    GuidanceZoneProperties,
    GuidanceZones,
)
from app.web.language import Translator
from parcels import guidance
from parcels.guidance import Version, Zone
from rules.authorities import Authority, AuthorityRole, authority, parameter
from rules.guidance import GuidanceFinding, GuidanceRule
from rules.law import LAW, NotInForce


def on_day(session: Session, asked: Asked) -> GuidanceOut:
    """The guidance of a day, with the names of the authorities on it."""
    found = guidance.applicable(session, asked.on, asked.known_at)
    named = authorities(asked)
    return GuidanceOut(
        **asked.knowledge(),
        on=asked.on,
        demonstration=found.demonstration,
        versions=[version(one) for one in found.versions],
        rules=[rule(one) for one in found.rules],
        zones=_zones(guidance.zones(session, found)),
        timeline=[version(one) for one in guidance.versions(session, asked.known_at)],
        authorities=[AuthorityOut(role=one.role, short=one.short, name=one.name) for one in named],
        basis=answers.basis(asked, [parameter(one.role) for one in named]),
    )


def authorities(asked: Asked) -> list[Authority]:
    """The authorities that have a name on the day."""
    law = LAW.on(asked.on, asked.known_at)
    found = []
    for role in AuthorityRole:
        try:
            found.append(authority(role, law))
        except NotInForce:
            continue
    return found


def version(one: Version) -> GuidanceVersion:
    """A version as it is answered; who loaded it is nobody else's business."""
    known = asdict(one)
    del known["file"], known["actor"]
    return GuidanceVersion(**known)


def rule(one: GuidanceRule) -> GuidanceRuleOut:
    """A rule as it is answered."""
    return GuidanceRuleOut(
        **reference(one).model_dump(),
        wording=one.wording,
        routes=list(one.routes),
        designations=list(one.designations),
        when=GuidanceWhen(**asdict(one.condition)),
        demonstration=one.demonstration,
    )


def reference(one: GuidanceRule) -> GuidanceRuleRef:
    """Where a rule stands."""
    return GuidanceRuleRef(document=one.document, version=one.version, id=one.id, page=one.page, result=one.result)


def finding(found: GuidanceFinding, speak: Translator) -> GuidanceFindingOut:
    """What the guidance says of a case, with the sentence in the caller's language."""
    cited = found.cited
    return GuidanceFindingOut(
        result=found.result,
        because=found.because,
        sentence=sentence(found, speak),
        demonstration=found.demonstration,
        document=cited.document if cited else None,
        version=found.version,
        rule=found.rule,
        page=found.page,
        wording=cited.wording if cited else None,
        missing=list(found.missing),
        otherwise=[reference(one) for one in found.otherwise],
        undecided=[reference(one) for one in found.undecided],
    )


def sentence(found: GuidanceFinding, speak: Translator) -> str:
    """The finding as a sentence that can be read aloud: document, version, page and wording of the rule, or what is missing."""
    said = [_said(found.because.value, found, speak)]
    if found.because.value != "fact_missing" and found.missing:
        said.append(_said("also_missing", found, speak))
    if found.deciding and found.otherwise:
        said.append(_said("otherwise", found, speak))
    if found.demonstration:
        said.append(speak.code("guidance", "demonstration"))
    return " ".join(said)


def _said(code: str, found: GuidanceFinding, speak: Translator) -> str:
    cited = found.cited
    values = {
        "document": cited.document if cited else "",
        "version": cited.version if cited else "",
        "page": cited.page if cited else "",
        "rule": cited.id if cited else "",
        "wording": cited.wording if cited else "",
        "result": speak.code("guidance_result", found.result.value),
        "missing": _listed(speak.code("guidance_fact", name) for name in found.missing),
        "others": _listed(one.id for one in found.otherwise),
    }
    return speak.code("guidance", code).format(**values)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _zones(found: Iterable[Zone]) -> GuidanceZones:
    features = [
        GuidanceZoneFeature(
            type="Feature",
            properties=GuidanceZoneProperties(document=one.document, version=one.version, name=one.name),
            geometry=one.geojson,
        )
        for one in found
    ]
    return GuidanceZones(type="FeatureCollection", features=features)
