"""Guidance (Handreichung) as it is answered: the versions in force, their rules, the areas that they name."""

from datetime import date, datetime
from typing import Any, Literal

from app.schemas.common import Basis, Knowledge, Number, Out
from rules.authorities import AuthorityRole
from rules.conversions import Cases, GuidanceResult, Planning, Purpose, Route
from rules.guidance import GuidanceBecause


class GuidanceVersion(Out):
    """A version of a document; it holds on the days [valid_from, valid_to) and was loaded first at `loaded_at`. `sha256` is of the
    file; `demonstration` marks what is made up to show how it works."""

    document: str
    version: str
    title: str
    published: date | None
    valid_from: date
    valid_to: date | None
    demonstration: bool
    source: str
    sha256: str
    loaded_at: datetime


class GuidanceWhen(Out):
    """What a rule asks beside route and designation; empty or null asks nothing, bounds include their value."""

    purposes: list[Purpose]
    cases: list[Cases]
    planning: list[Planning]
    districts: list[str]
    zones: list[str]
    min_affected_m2: Number | None
    max_affected_m2: Number | None
    min_housing_share: Number | None
    max_housing_share: Number | None
    private_marketable: bool | None


class GuidanceRuleRef(Out):
    """A rule by where it stands."""

    document: str
    version: str
    id: str
    page: str
    result: GuidanceResult


class GuidanceRuleOut(GuidanceRuleRef):
    """A rule of a version in force: without `routes` it holds for all, without `designations` for all land."""

    wording: str
    routes: list[Route]
    designations: list[str]
    when: GuidanceWhen
    demonstration: bool


class GuidanceZoneProperties(Out):
    """Which area it is."""

    document: str
    version: str
    name: str


class GuidanceZoneFeature(Out):
    """A named area as GeoJSON (RFC 7946)."""

    type: Literal["Feature"]
    properties: GuidanceZoneProperties
    geometry: dict[str, Any]


class GuidanceZones(Out):
    """The named areas of what is in force as GeoJSON, longitude and latitude in WGS 84."""

    type: Literal["FeatureCollection"]
    features: list[GuidanceZoneFeature]


class AuthorityOut(Out):
    """An authority by the name that it bears on the day."""

    role: AuthorityRole
    short: str
    name: str


class GuidanceOut(Knowledge):
    """The guidance of a day: `versions` in force with `rules` and `zones`, `timeline` all versions that are known. Both empty where
    nothing is loaded: then it is silent and every case is to be checked."""

    on: date
    demonstration: bool
    versions: list[GuidanceVersion]
    rules: list[GuidanceRuleOut]
    zones: GuidanceZones
    timeline: list[GuidanceVersion]
    authorities: list[AuthorityOut]
    basis: Basis


class GuidanceFindingOut(Out):
    """What the guidance says of a case: `sentence` to be read aloud; the rule that decides (or, where a fact is missing, the first
    that might), those that say `otherwise`, those `undecided`, and the facts `missing` for them."""

    result: GuidanceResult
    because: GuidanceBecause
    sentence: str
    demonstration: bool
    document: str | None
    version: str | None
    rule: str | None
    page: str | None
    wording: str | None
    missing: list[str]
    otherwise: list[GuidanceRuleRef]
    undecided: list[GuidanceRuleRef]
