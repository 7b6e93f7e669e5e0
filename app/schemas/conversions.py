"""Conversion cases and their assessments, as they are answered: codes, and beside each the sentence in the language asked for."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from app.schemas.common import Knowledge, Number, Out
from app.schemas.guidance import GuidanceFindingOut
from app.schemas.parcels import Geometry
from rules.conversions import (
    Cases,
    EnvironmentScreening,
    Involvement,
    Planning,
    Purpose,
    Route,
)
from rules.deadlines import State as ClockState
from rules.facts import Outcome


class Source(Out):
    """Where something is written: `text` is title and wording."""

    text: str
    paragraph: str | None
    url: str
    published: date


class Said(Out):
    """A reason: its stable code with its values, and the sentence that they make."""

    code: str
    params: dict[str, Any]
    sentence: str


class ConditionOut(Out):
    """One condition of the route: what was found of it, why, and where it is written."""

    name: str
    title: str
    outcome: Outcome
    reason: Said
    citation: Source


class AffectedOut(Out):
    """A piece of the site: m2 of one parcel (null: land that no parcel is recorded for) under one designation (null: no plan).

    `workplace`: whether it belongs to the stock. `private_marketable`: whether it is private and marktfähig.
    """

    parcel: str | None
    designation: str | None
    m2: Number
    workplace: Outcome
    private_marketable: Outcome
    in_port: bool


class NeighbourFinding(Out):
    """What one criterion finds of a neighbour; met means: likely impaired."""

    criterion: str
    title: str
    outcome: Outcome
    reason: Said
    citations: list[Source]


class NeighbourOut(Out):
    """A neighbour within the distances, and whether the new use likely impairs it."""

    kind: str
    name: str | None
    designation: str | None
    distance_m: Number
    outcome: Outcome
    findings: list[NeighbourFinding]


class ScreeningOut(Out):
    """Whether the use of workplace land around the site is likely impaired, and what decides that; `left_off` counts neighbours
    that are not listed."""

    outcome: Outcome
    reasons: list[Said]
    left_off: int


class DeadlineOut(Out):
    """The deadline of one request: its last day by § 188 BGB, and the one moved by § 31 Abs. 3 VwVfG; null where none is
    deemed given."""

    received_on: date
    consent: str
    law_version: str
    consent_deadline: date | None
    consent_deadline_moved: date | None
    bwi_deadline: date | None
    warnings: list[date]
    legal_review: bool
    citations: list[Source]


class ClockOut(Out):
    """How the clock stands on the day asked; `earlier` are the requests that were renewed."""

    state: ClockState
    sentence: str
    next_warning: date | None
    current: DeadlineOut | None
    earlier: list[DeadlineOut]


class ComparableOut(Out):
    """An earlier case that takes workplace land of the same plan under the same designation."""

    id: int
    reference: str
    route: str
    decision: str | None
    decision_on: date | None
    plan: str
    designation: str


class EffectOut(Out):
    """What would leave the reserve and the stock: hectares on the site, and the reserve before and after."""

    net_ha: Number
    free_ha: Number
    unclear_ha: Number
    net_ha_before: Number
    net_ha_after: Number
    free_ha_before: Number
    free_ha_after: Number
    target_ha: Number
    state_before: str
    state_after: str
    stock_ha: Number
    stock_unclear_ha: Number


class AssessmentOut(Knowledge):
    """What the law makes of a conversion on a day, as far as a machine can tell. `consent_deadline` and `bwi_deadline` are those
    of the last request; `series` counts other cases only. `land_on` is the day whose land, plans and neighbours were looked at:
    that of the decision, where it lies before `on`. Its sentences are in `language`."""

    on: date
    land_on: date
    language: str
    route: Route
    law_version: str
    law_version_name: str
    legal_review: bool
    involvement: Involvement
    involvement_sentence: str
    reasons: list[Said]
    conditions: list[ConditionOut]
    district: str | None
    affected: list[AffectedOut]
    affected_m2: Number
    impaired: ScreeningOut
    neighbours: list[NeighbourOut]
    guidance: GuidanceFindingOut
    series: list[ComparableOut]
    consent_deadline: date | None
    consent_deadline_moved: date | None
    bwi_deadline: date | None
    clock: ClockOut
    effect: EffectOut
    authority: str
    rules_version: str
    citations: list[Source]


class SiteOut(Out):
    """The site as it was stated: parcel keys, or an outline in WGS 84."""

    parcels: list[str] | None
    geometry: Geometry | None


class HearingOut(Out):
    """How long the public is heard: months or days."""

    months: int | None
    days: int | None


class CaseVersionOut(Out):
    """What was said of a case from `recorded_at` on; `note` is told to those who show a token."""

    number: int
    recorded_at: datetime
    note: str | None
    route: Route
    planning: Planning | None
    purpose: Purpose
    cases: Cases | None
    environment: EnvironmentScreening | None
    housing_share: Number | None
    district: str | None
    site: SiteOut
    application_on: date | None
    request_received_on: date | None
    hearing: HearingOut | None
    decision_on: date | None
    decision: Literal["granted", "refused", "withdrawn"] | None


class CaseRow(Out):
    """A case in a list, as it was last assessed."""

    id: int
    reference: str
    created_at: datetime
    state: str
    route: Route
    purpose: Purpose
    district: str | None
    application_on: date | None
    request_received_on: date | None
    decision_on: date | None
    involvement: Involvement | None
    legal_review: bool | None
    law_version: str | None
    clock: ClockState | None
    consent_deadline: date | None
    bwi_deadline: date | None


class CasesOut(Out):
    """One page of cases as known at an instant, newest first; their clocks are those of the day `on`."""

    on: date
    known_at: datetime
    cases: list[CaseRow]
    next: str | None


class KeptOut(Out):
    """An assessment as it was answered at `at`, of the case's version `version`; it keeps the members that it had then."""

    number: int
    version: int
    at: datetime
    assessment: Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "An AssessmentOut"})]


class CaseOut(Out):
    """A case: all that was said of it, every assessment as it was answered, and the clock of the day `on`."""

    id: int
    reference: str
    created_at: datetime
    on: date
    known_at: datetime
    state: str
    versions: list[CaseVersionOut]
    clock: ClockOut | None
    assessments: list[KeptOut]
