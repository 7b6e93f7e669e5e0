"""What is known of a conversion, and what is found of it: closed codes and frozen facts; None is what nobody recorded."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from rules.criteria import Fact
from rules.facts import Outcome
from rules.law import Cite


class Route(StrEnum):
    """The ways by which workplace land becomes land for another use: provisions of the BauGB, or a change of the plan."""

    B31_3 = "B31_3"
    B34_3B = "B34_3b"
    B246E = "B246e"
    B34_3A = "B34_3a"
    B31_2 = "B31_2"
    B246_10 = "B246_10"
    B246_12 = "B246_12"
    B246_14 = "B246_14"
    PLAN_CHANGE = "plan_change"


class Planning(StrEnum):
    """What land is by planning law: under a Bebauungsplan (also übergeleitet), unbeplanter Innenbereich, Außenbereich."""

    BPLAN = "bplan"
    UNPLANNED = "unplanned"
    OUTER = "outer"


class Purpose(StrEnum):
    """What land is converted to; `mixed` is housing together with other uses."""

    HOUSING = "housing"
    REFUGEE_HOUSING = "refugee_housing"
    SOCIAL = "social"
    RETAIL = "retail"
    OFFICE = "office"
    MIXED = "mixed"
    OTHER = "other"


class Cases(StrEnum):
    """Whether an exemption stands alone ("im Einzelfall") or is one of several comparable ones."""

    SINGLE = "single"
    SEVERAL = "several"


class Involvement(StrEnum):
    """How the authority for the economy is to be involved, strongest first; `none` only where every fact is known."""

    REQUIRED = "required"
    CHECK = "check"
    RECOMMENDED = "recommended"
    INFORMATION = "information"
    NONE = "none"


class Level(StrEnum):
    """What the Masterplan's wording makes of a route: a duty to involve, the same interest, or something to know of."""

    DUTY = "duty"
    RECOMMENDED = "recommended"
    INFORMATION = "information"


class GuidanceResult(StrEnum):
    """What the Handreichung of the Behörde für Stadtentwicklung und Wohnen says of a conversion, if anything."""

    PERMITTED = "permitted"
    CASE_BY_CASE = "case_by_case"
    EXCLUDED = "excluded"
    SILENT = "silent"


class EnvironmentScreening(StrEnum):
    """What the überschlägige Prüfung of § 31 Abs. 3 Satz 2 BauGB expected of additional effects on the environment."""

    SIGNIFICANT = "significant"
    NOT_SIGNIFICANT = "not_significant"


class Consent(StrEnum):
    """By which provision the municipality takes part in the decision."""

    P36 = "p36"
    P31_3_P36 = "p31_3_p36"
    P36A = "p36a"
    HEARD = "heard"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Hearing:
    """How long the public was heard (§ 36a Abs. 2 BauGB): in months or in days, one of them."""

    months: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class AffectedLand:
    """A piece of the site under one designation, `m2` square metres of official area.

    `workplace` is whether it belongs to the stock (rules.stock), `private_marketable` whether it is private and
    marktfähig (Masterplan Industrie 2023, Nr. 1 Abs. 2 Satz 2). `parcel` None: drawn land that no parcel is recorded for.
    """

    parcel: str | None
    designation: str | None
    m2: Decimal
    workplace: Outcome
    private_marketable: Outcome
    in_port: bool


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """All that an assessment rests on; `on` is the day of asking, days are days of Europe/Berlin.

    `affected` is the whole site, workplace land or not. `impaired` is whether the use of neighbours' workplace land
    suffers. `comparable_cases` counts earlier cases under the same plan on the same designation.
    """

    route: Route
    planning: Planning | None
    purpose: Purpose
    cases: Cases | None
    application_on: date | None
    request_received_on: date | None
    hearing: Hearing | None
    decision_on: date | None
    on: date
    environment: EnvironmentScreening | None
    affected: tuple[AffectedLand, ...]
    impaired: Outcome
    guidance: GuidanceResult
    comparable_cases: int = 0


class Ground(StrEnum):
    """The codes of all reasons that an assessment or a clock gives; the sentences to them are the catalogue's."""

    # the version of the law
    IN_FORCE = "in_force"
    IN_FORCE_UNTIL = "in_force_until"
    STRADDLES = "straddles"
    BEGAN_BEFORE_ROUTE = "began_before_route"
    # conditions
    PLANNING_FITS = "planning_fits"
    PLANNING_DOES_NOT_FIT = "planning_does_not_fit"
    PLANNING_UNKNOWN = "planning_unknown"
    PLANNING_AS_BUILDING_AREA = "planning_as_building_area"
    PLANNING_BUILDING_AREA_UNKNOWN = "planning_building_area_unknown"
    PLANNING_NEARBY = "planning_nearby"
    PURPOSE_SERVED = "purpose_served"
    PURPOSE_NOT_SERVED = "purpose_not_served"
    PURPOSE_PARTLY_SERVED = "purpose_partly_served"
    SINGLE_CASE = "single_case"
    SINGLE_CASE_DOUBTED = "single_case_doubted"
    COMPARABLE_CASES_ALLOWED = "comparable_cases_allowed"
    COMPARABLE_CASES_NOT_ALLOWED = "comparable_cases_not_allowed"
    COMPARABLE_CASES_IN_PART = "comparable_cases_in_part"
    CASES_UNKNOWN = "cases_unknown"
    AREA_DETERMINED = "area_determined"
    AREA_NOT_DETERMINED = "area_not_determined"
    AREA_NOT_YET_DETERMINED = "area_not_yet_determined"
    NO_SIGNIFICANT_EFFECTS = "no_significant_effects"
    SIGNIFICANT_EFFECTS = "significant_effects"
    SIGNIFICANT_EFFECTS_NEED_ASSESSMENT = "significant_effects_need_assessment"
    SCREENING_UNKNOWN = "screening_unknown"
    BUILDING_AREA_FITS = "building_area_fits"
    BUILDING_AREA_DOES_NOT_FIT = "building_area_does_not_fit"
    BUILDING_AREA_UNKNOWN = "building_area_unknown"
    MOBILE_SHELTERS_ONLY = "mobile_shelters_only"
    OUTSIDE_PORT = "outside_port"
    PARTLY_IN_PORT = "partly_in_port"
    CONSENT_REQUESTED = "consent_requested"
    CONSENT_NOT_REQUESTED = "consent_not_requested"
    CONSENT_HEARING_OF_MUNICIPALITY = "consent_hearing_of_municipality"
    FOR_PEOPLE_TO_WEIGH = "for_people_to_weigh"
    # involvement
    LEVEL_DUTY = "level_duty"
    LEVEL_RECOMMENDED = "level_recommended"
    LEVEL_INFORMATION = "level_information"
    LAND_TOUCHED = "land_touched"
    LAND_NOT_TOUCHED = "land_not_touched"
    LAND_UNKNOWN = "land_unknown"
    NO_LAND_RECORDED = "no_land_recorded"
    PRIVATE_MARKETABLE_TOUCHED = "private_marketable_touched"
    NEIGHBOURS_IMPAIRED = "neighbours_impaired"
    NEIGHBOURS_NOT_IMPAIRED = "neighbours_not_impaired"
    NEIGHBOURS_UNKNOWN = "neighbours_unknown"
    GUIDANCE_PERMITS = "guidance_permits"
    GUIDANCE_CASE_BY_CASE = "guidance_case_by_case"
    GUIDANCE_EXCLUDES = "guidance_excludes"
    GUIDANCE_SILENT = "guidance_silent"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was found: a stable code and the values that a sentence about it needs."""

    code: Ground
    params: tuple[tuple[str, Fact | int], ...] = ()


class Requirement(StrEnum):
    """The names of the conditions, in the order in which people read them."""

    VERSION = "version"
    OUTSIDE_PORT = "outside_port"
    PLANNING = "planning"
    BUILDING_AREA = "building_area"
    PURPOSE = "purpose"
    CASES = "cases"
    HOUSING_MARKET_AREA = "housing_market_area"
    ENVIRONMENT = "environment"
    CONSENT = "consent"
    PUBLIC_INTERESTS = "public_interests"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the route's version, what was found of it and why, and where it is written."""

    name: Requirement
    outcome: Outcome
    reason: Reason
    citation: Cite


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the law makes of a conversion.

    `law_version` names the wording that holds (P31_3_V2, ...), by the day of decision, else by the day of asking;
    `legal_review` marks a case that began under another one. `reasons` are those of the involvement.
    """

    law_version: str
    legal_review: bool
    conditions: tuple[Condition, ...]
    involvement: Involvement
    reasons: tuple[Reason, ...]
    citations: tuple[Cite, ...]


class Refusal(StrEnum):
    """Why a case cannot be assessed at all."""

    ROUTE_NOT_YET = "route_not_yet"
    ROUTE_EXPIRED = "route_expired"
    ROUTE_SUSPENDED = "route_suspended"
    ROUTE_NOT_KNOWN = "route_not_known"
    DECISION_BEFORE_APPLICATION = "decision_before_application"
    DECISION_BEFORE_REQUEST = "decision_before_request"
    REQUEST_BEFORE_APPLICATION = "request_before_application"
    APPLICATION_IN_FUTURE = "application_in_future"
    REQUEST_IN_FUTURE = "request_in_future"
    HEARING_NOT_ALLOWED = "hearing_not_allowed"
    HEARING_TOO_LONG = "hearing_too_long"
    HEARING_NOT_ONE_SPAN = "hearing_not_one_span"
    IN_PORT_ONLY = "in_port_only"


class CaseRefused(Exception):
    """A case that the law gives no answer to, or whose facts contradict each other; `params` fill the code's sentence."""

    def __init__(self, code: Refusal, **params: Fact | int) -> None:
        self.code, self.params = code, tuple(params.items())
        super().__init__(f"{code.value}: {', '.join(f'{name} {value}' for name, value in self.params)}")
