"""Which wording of a route holds on a day, and what that wording requires: `parameters/conversions/versions.csv`.

A wording never changes: another one gets another name, and `parameters/conversions.toml` says from which day it holds.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TypeVar

from rules.conversion_facts import CaseRefused, Cases, Consent, Planning, Purpose, Refusal, Route
from rules.facts import Outcome
from rules.law import DatedLaw, Value

FOLDER = Path(__file__).parent / "parameters" / "conversions"

Code = TypeVar("Code", bound=StrEnum)

# what a wording says of cases -> what is then found of (a single case, several comparable ones)
CASES: dict[str, dict[Cases, Outcome]] = {
    "single": {Cases.SINGLE: Outcome.MET, Cases.SEVERAL: Outcome.NOT_MET},
    "several_in_part": {Cases.SINGLE: Outcome.MET, Cases.SEVERAL: Outcome.UNKNOWN},
    "several": {Cases.SINGLE: Outcome.MET, Cases.SEVERAL: Outcome.MET},
    "any": {Cases.SINGLE: Outcome.MET, Cases.SEVERAL: Outcome.MET},
}


class Environment(StrEnum):
    """What significant additional effects on the environment do: they exclude the exemption, or must be assessed."""

    BLOCKS = "blocks"
    ASSESSED = "assessed"


@dataclass(frozen=True, slots=True)
class Version:
    """What one wording of a route requires, as far as a machine can tell.

    `planning_as_building_area`: open there too where the surroundings are a Baugebiet (§ 34 Abs. 2 BauGB);
    `planning_nearby`: only in räumlicher Zusammenhang. `purposes_in_part`: served in some cases, a person finds which.
    `building_areas` empty: the route asks for none; `building_areas_else` is what is found of any other.
    """

    name: str
    consent: Consent
    planning: frozenset[Planning]
    planning_as_building_area: frozenset[Planning]
    planning_nearby: frozenset[Planning]
    purposes: frozenset[Purpose]
    purposes_in_part: frozenset[Purpose]
    cases: str
    housing_market_area: bool
    environment: Environment | None
    building_areas: tuple[str, ...]
    building_areas_else: Outcome


def in_force(route: Route, law: DatedLaw) -> tuple[Version, Value]:
    """The wording of a route on the law's day with its dated citation; CaseRefused where it cannot be used then."""
    published = law.law.published(parameter(route), law.known_at)
    so_far = [value for value in published if value.since <= law.day]
    if so_far and (found := versions().get(str(so_far[-1].value))):
        return found, so_far[-1]
    usable = [value for value in published if value.value in versions()]
    begins = next((value.since for value in usable if value.since > law.day), None)
    used = [value for value in usable if value.until is not None and value.until <= law.day]
    if begins and used:
        raise CaseRefused(Refusal.ROUTE_SUSPENDED, route=route.value, day=law.day, last_day=_eve(so_far), begins=begins)
    if begins:
        raise CaseRefused(Refusal.ROUTE_NOT_YET, route=route.value, day=law.day, begins=begins)
    if used:
        raise CaseRefused(Refusal.ROUTE_EXPIRED, route=route.value, day=law.day, last_day=_eve(so_far))
    raise CaseRefused(Refusal.ROUTE_NOT_KNOWN, route=route.value, day=law.day)


def name_on(route: Route, law: DatedLaw) -> str | None:
    """The name of the wording on the law's day, usable or not; None before the first that is recorded."""
    published = law.law.published(parameter(route), law.known_at)
    return next((str(value.value) for value in reversed(published) if value.since <= law.day), None)


def last_day(route: Route, version: str, law: DatedLaw) -> date | None:
    """The last day on which the route can be used, as far as that is already law; None if it has no end."""
    published = law.law.published(parameter(route), law.known_at)
    later = [value for value in published if value.since > law.day and value.value != version]
    return later[0].since - timedelta(days=1) if later and later[0].value not in versions() else None


def parameter(route: Route) -> str:
    """The name of the parameter that says which wording of a route holds from when."""
    return f"conversions.version_{route.value}"


def _eve(so_far: list[Value]) -> date:
    """The last day before the value that now holds began."""
    return so_far[-1].since - timedelta(days=1)


@cache
def versions() -> dict[str, Version]:
    """Every wording that the table knows, by its name; ValueError for a row that says what no code means."""
    with (FOLDER / "versions.csv").open(newline="", encoding="utf-8") as file:
        return {row["version"]: _version(row) for row in csv.DictReader(file)}


def _version(row: dict[str, str]) -> Version:
    if row["cases"] not in CASES:
        raise ValueError(f"versions.csv: {row['version']}: cases {row['cases']}")
    return Version(
        name=row["version"],
        consent=Consent(row["consent"]),
        planning=_codes(Planning, row["planning"]),
        planning_as_building_area=_codes(Planning, row["planning_as_building_area"]),
        planning_nearby=_codes(Planning, row["planning_nearby"]),
        purposes=_codes(Purpose, row["purposes"]),
        purposes_in_part=_codes(Purpose, row["purposes_in_part"]),
        cases=row["cases"],
        housing_market_area=row["housing_market_area"] == "yes",
        environment=Environment(row["environment"]) if row["environment"] else None,
        building_areas=tuple(row["building_areas"].split(";")) if row["building_areas"] else (),
        building_areas_else=Outcome(row["building_areas_else"] or Outcome.NOT_MET),
    )


def _codes(kind: type[Code], cell: str) -> frozenset[Code]:
    return frozenset(kind(code) for code in cell.split(";") if code)
