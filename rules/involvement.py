"""Whether the authority for the economy is to be involved: `parameters/conversions/involvement.csv`, complete by test.

Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 2 Satz 3. "Abweichend von der Handreichung" may belong to
both of its verbs (then only land used otherwise against the Handreichung counts, and impairment against it) or to the first
alone (then every impairment counts): where the two readings part, and where a fact is missing or the Handreichung is
silent, a person checks.
"""

import csv
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from itertools import product

from rules.conversion_facts import AffectedLand, Ground, GuidanceResult, Involvement, Level, Reason, Route
from rules.conversion_law import FOLDER
from rules.facts import Outcome
from rules.law import DatedLaw, Value

Situation = tuple[Level, Outcome, Outcome, GuidanceResult]

LEVELS = {
    Level.DUTY: Ground.LEVEL_DUTY,
    Level.RECOMMENDED: Ground.LEVEL_RECOMMENDED,
    Level.INFORMATION: Ground.LEVEL_INFORMATION,
}
IMPAIRED = {
    Outcome.MET: Ground.NEIGHBOURS_IMPAIRED,
    Outcome.NOT_MET: Ground.NEIGHBOURS_NOT_IMPAIRED,
    Outcome.UNKNOWN: Ground.NEIGHBOURS_UNKNOWN,
}
GUIDANCE = {
    GuidanceResult.PERMITTED: Ground.GUIDANCE_PERMITS,
    GuidanceResult.CASE_BY_CASE: Ground.GUIDANCE_CASE_BY_CASE,
    GuidanceResult.EXCLUDED: Ground.GUIDANCE_EXCLUDES,
    GuidanceResult.SILENT: Ground.GUIDANCE_SILENT,
}


def level(route: Route, law: DatedLaw) -> Value:
    """What the Masterplan's wording makes of a route on the law's day, with its citation; NotInForce before."""
    return law[f"conversions.level_{route.value}"]


def touched(lands: Iterable[AffectedLand]) -> Outcome:
    """Whether workplace land is among the land of a site; unknown where no land is recorded or a piece is unclear."""
    found = {land.workplace for land in _outside(lands)}
    if Outcome.MET in found:
        return Outcome.MET
    return Outcome.UNKNOWN if Outcome.UNKNOWN in found or not found else Outcome.NOT_MET


def decide(level: Level, touched: Outcome, impaired: Outcome, guidance: GuidanceResult) -> Involvement:
    """The involvement of one situation. Source: Masterplan Industrie 2023, Handlungsfeld 1 Nr. 1 Abs. 2 Satz 3."""
    return table()[level, touched, impaired, guidance]


def reasons(
    level: Level, lands: tuple[AffectedLand, ...], impaired: Outcome, guidance: GuidanceResult
) -> tuple[Reason, ...]:
    """Why the involvement is what it is: route, land, private marketable land, neighbours and Handreichung, in turn."""
    said = [Reason(LEVELS[level]), _of_land(lands)]
    private_m2 = sum((land.m2 for land in _outside(lands) if land.private_marketable is Outcome.MET), Decimal(0))
    if private_m2:
        said.append(Reason(Ground.PRIVATE_MARKETABLE_TOUCHED, (("m2", private_m2),)))
    return (*said, Reason(IMPAIRED[impaired]), Reason(GUIDANCE[guidance]))


def _of_land(lands: tuple[AffectedLand, ...]) -> Reason:
    found, outside = touched(lands), _outside(lands)
    if not outside:
        return Reason(Ground.NO_LAND_RECORDED)
    if found is Outcome.NOT_MET:
        return Reason(Ground.LAND_NOT_TOUCHED)
    pieces = [land for land in outside if land.workplace is found]
    area_m2 = sum((land.m2 for land in pieces), Decimal(0))
    if found is Outcome.UNKNOWN:
        return Reason(Ground.LAND_UNKNOWN, (("m2", area_m2),))
    designations = ", ".join(sorted({land.designation or "?" for land in pieces}))
    return Reason(Ground.LAND_TOUCHED, (("m2", area_m2), ("designations", designations)))


def _outside(lands: Iterable[AffectedLand]) -> list[AffectedLand]:
    """The pieces that are anything at all and lie outside the port."""
    return [land for land in lands if land.m2 and not land.in_port]


@cache
def table() -> dict[Situation, Involvement]:
    """Every situation with its involvement; ValueError if a situation stands there twice or not at all."""
    found: dict[Situation, Involvement] = {}
    with (FOLDER / "involvement.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for situation in _situations(row):
                if situation in found:
                    raise ValueError(f"involvement.csv says twice: {situation}")
                found[situation] = Involvement(row["involvement"])
    missing = set(product(Level, Outcome, Outcome, GuidanceResult)) - found.keys()
    if missing:
        raise ValueError(f"involvement.csv does not say: {sorted(missing)}")
    return found


def _situations(row: dict[str, str]) -> Iterable[Situation]:
    """The situations of a row: each cell lists the codes that it holds for."""
    return product(
        [Level(code) for code in row["level"].split(";")],
        [Outcome(code) for code in row["touched"].split(";")],
        [Outcome(code) for code in row["impaired"].split(";")],
        [GuidanceResult(code) for code in row["guidance"].split(";")],
    )
