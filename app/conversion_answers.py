"""Conversions as they are answered: what was found of a case, said in a language. Nothing here reads a clock."""

from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app import guidance_answers
from app.answers import Asked, ha
from app.geometry import geojson
from app.schemas.conversions import (
    AffectedOut,
    AssessmentOut,
    CaseRow,
    CaseVersionOut,
    ClockOut,
    ComparableOut,
    ConditionOut,
    DeadlineOut,
    EffectOut,
    HearingOut,
    KeptOut,
    NeighbourFinding,
    NeighbourOut,
    Said,
    ScreeningOut,
    SiteOut,
    Source,
)
from app.web.language import LANGUAGES, Translator, translator
from parcels import queries
from parcels.assessing import Found
from parcels.conversion_assessments import Kept
from parcels.conversions import Case, Version
from parcels.effects import Effect
from parcels.queries import Totals
from rules import reserve as rules
from rules.authorities import AuthorityRole, authority
from rules.conversions import Condition, Involvement
from rules.criteria import Fact
from rules.deadlines import Clock, Deadline
from rules.law import LAW, Cite, Law
from rules.neighbours import Neighbour


class Because(Protocol):
    """A reason of any rule: a code of a closed list, and the values that its sentence needs."""

    @property
    def code(self) -> Any:
        """The stable code."""

    @property
    def params(self) -> tuple[tuple[str, Fact | int], ...]:
        """Names and values."""


def assessments(session: Session, asked: Asked, found: Found, law: Law = LAW) -> dict[str, AssessmentOut]:
    """The answer in every language, German first."""
    total, _ = queries.reserve(session, found.land_on, asked.known_at)
    return {name: _assessment(asked, found, total, translator(name), law) for name in LANGUAGES}


def _assessment(asked: Asked, found: Found, total: Totals, speak: Translator, law: Law) -> AssessmentOut:
    said, clock = found.assessment, found.clock
    current = clock.current
    dated = law.on(asked.on, asked.known_at)
    return AssessmentOut(
        **asked.knowledge(),
        on=asked.on,
        land_on=found.land_on,
        language=speak.language,
        route=found.stated.route,
        law_version=said.law_version,
        law_version_name=speak.code("law_version", said.law_version),
        legal_review=said.legal_review,
        involvement=said.involvement,
        involvement_sentence=speak.code("involvement", said.involvement),
        reasons=[reason(one, speak) for one in said.reasons],
        conditions=[_condition(one, speak) for one in said.conditions],
        district=found.district,
        affected=[AffectedOut(**asdict(land)) for land in found.case.affected],
        affected_m2=sum((land.m2 for land in found.case.affected), Decimal(0)),
        impaired=ScreeningOut(
            outcome=found.screening.impaired,
            reasons=[reason(one, speak, "because") for one in found.screening.reasons],
            left_off=found.screening.left_off,
        ),
        neighbours=[_neighbour(one, speak) for one in found.screening.neighbours],
        guidance=guidance_answers.finding(found.guidance, speak),
        series=[ComparableOut(**asdict(one)) for one in found.comparable],
        consent_deadline=None if current is None else current.unmoved,
        consent_deadline_moved=None if current is None else current.moved,
        bwi_deadline=None if current is None else current.bwi_on,
        clock=clock_of(clock, speak),
        effect=_effect(found.effect, total, law.on(found.land_on, asked.known_at)["reserve.target_ha"].amount),
        authority=authority(AuthorityRole.ECONOMY, dated).name,
        rules_version=law.version,
        citations=_sources(said.citations),
    )


def reason(one: Because, speak: Translator, kind: str = "ground") -> Said:
    """A reason with its sentence."""
    params = {name: float(value) if isinstance(value, Decimal) else value for name, value in one.params}
    return Said(code=one.code.value, params=params, sentence=speak.sentence(kind, one.code.value, one.params))


def _condition(one: Condition, speak: Translator) -> ConditionOut:
    return ConditionOut(
        name=one.name,
        title=speak.code("condition", one.name),
        outcome=one.outcome,
        reason=reason(one.reason, speak),
        citation=source(one.citation),
    )


def _neighbour(one: Neighbour, speak: Translator) -> NeighbourOut:
    findings = [
        NeighbourFinding(
            criterion=found.criterion,
            title=speak.code("criterion", found.criterion),
            outcome=found.outcome,
            reason=reason(found.reason, speak, "because"),
            citations=_sources(found.cites),
        )
        for found in one.findings
    ]
    facts = one.facts
    return NeighbourOut(
        kind=facts.kind,
        name=facts.name,
        designation=facts.designation,
        distance_m=facts.distance_m,
        outcome=one.outcome,
        findings=findings,
    )


def clock_of(clock: Clock, speak: Translator) -> ClockOut:
    """How a clock stands."""
    return ClockOut(
        state=clock.state,
        sentence=speak.code("clock", "missed_unless_moved" if clock.contested else clock.state.value),
        next_warning=clock.next_warning,
        current=None if clock.current is None else _deadline(clock.current),
        earlier=[_deadline(one) for one in clock.earlier],
    )


def _deadline(one: Deadline) -> DeadlineOut:
    return DeadlineOut(
        received_on=one.received_on,
        consent=one.consent,
        law_version=one.law_version,
        consent_deadline=one.unmoved,
        consent_deadline_moved=one.moved,
        bwi_deadline=one.bwi_on,
        warnings=list(one.warnings),
        legal_review=one.legal_review,
        citations=_sources(one.citations),
    )


def _effect(effect: Effect, total: Totals, target_ha: Decimal) -> EffectOut:
    net_m2, free_m2 = total.net_m2 - effect.reserve_net_m2, total.free_m2 - effect.reserve_free_m2
    return EffectOut(
        net_ha=ha(effect.reserve_net_m2),
        free_ha=ha(effect.reserve_free_m2),
        unclear_ha=ha(effect.reserve_unclear_m2),
        net_ha_before=ha(total.net_m2),
        net_ha_after=ha(net_m2),
        free_ha_before=ha(total.free_m2),
        free_ha_after=ha(free_m2),
        target_ha=target_ha,
        state_before=_state(total.net_m2, total.free_m2, target_ha),
        state_after=_state(net_m2, free_m2, target_ha),
        stock_ha=ha(effect.stock_m2),
        stock_unclear_ha=ha(effect.stock_unclear_m2),
    )


def _state(net_m2: Decimal, free_m2: Decimal, target_ha: Decimal) -> str:
    per_ha = queries.SQUARE_METRES_PER_HECTARE
    return rules.state(net_m2 / per_ha, free_m2 / per_ha, target_ha)


def _sources(cites: Iterable[Cite]) -> list[Source]:
    return [source(cite) for cite in dict.fromkeys(cites)]


def source(cite: Cite) -> Source:
    """Where something is written, as it is answered."""
    return Source(text=cite.text, paragraph=cite.paragraph, url=cite.url, published=cite.published)


def case_row(case: Case, clock: Clock | None) -> CaseRow:
    """A case in a list, with the clock of the day asked; None where the law gives none for its days."""
    stated, current = case.version.stated, None if clock is None else clock.current
    names = ("route", "purpose", "district", "application_on", "request_received_on", "decision_on")
    return CaseRow(
        id=case.id,
        reference=case.reference,
        created_at=case.created_at,
        state=case.state,
        **{name: getattr(stated, name) for name in names},
        involvement=None if case.involvement is None else Involvement(case.involvement),
        legal_review=case.legal_review,
        law_version=case.law_version,
        clock=None if clock is None else clock.state,
        consent_deadline=None if current is None else current.unmoved,
        bwi_deadline=None if current is None else current.bwi_on,
    )


def version(one: Version, told: bool = True) -> CaseVersionOut:
    """What was said of a case; its outline in WGS 84. Its note only if the caller may be `told`."""
    stated = one.stated
    names = set(CaseVersionOut.model_fields) - {"number", "recorded_at", "note", "site", "hearing"}
    outline = None if stated.site.outline is None else geojson(stated.site.outline)
    return CaseVersionOut(
        number=one.number,
        recorded_at=one.recorded_at,
        note=one.note if told else None,
        **{name: getattr(stated, name) for name in names},
        site=SiteOut(parcels=list(stated.site.keys) or None, geometry=outline),
        hearing=None if stated.hearing is None else HearingOut(**asdict(stated.hearing)),
    )


def kept(one: Kept, language: str) -> KeptOut:
    """An assessment as it was answered in a language."""
    return KeptOut(number=one.number, version=one.version, at=one.at, assessment=one.result[language])
