"""What the codes and feature types of XPlanung mean for the register: looked up by version, code list and code.

The same number says other things in other lists and versions (1800 is an industrial area or a port, 2000 a draft or any
stage of a procedure), so nothing here can be asked by a bare number. The tables stand in `parameters/xplan/*.csv`.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "parameters" / "xplan"
VERSIONS = ("4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0", "6.1")
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code stands for: its name in its list, what the register makes of it, and the deduction that it brings."""

    name: str
    outcome: str
    deduction: str | None
    source: str


@dataclass(frozen=True, slots=True)
class FeatureType:
    """What the areas of a type of feature are to the register.

    `closes` says whether they tile the plan: `always` unless they deny it, as `stated`, or `never`; only what tiles the
    plan gives a designation. `deducted` says when they reduce the net area: `always`, or only when `closing`.
    `attribute` holds a code of the list `codes` that says more.
    """

    use: str
    closes: str
    designation: str | None
    deduction: str | None
    deducted: str
    attribute: str | None
    codes: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table's content was read, and when."""

    text: str
    url: str
    checked: str


def meaning(version: str, codes: str, code: str) -> Meaning | None:
    """What a code of a list says in a version of XPlanung; None where that version's list has no such code."""
    return _codes()[version].get((codes, code))


def feature_type(version: str, name: str) -> FeatureType | None:
    """What a type of feature is to the register in a version; None for a type that this version does not have."""
    return _features()[version].get(name)


def stage(version: str, code: str | None) -> str:
    """The stage of a plan by its rechtsstand; `unknown` where it states none, or one that its version does not have."""
    found = meaning(version, "BP_Rechtsstand", code) if code else None
    return UNKNOWN if found is None else found.outcome


def plan_kind(version: str, code: str | None, code_fhh: str | None) -> str:
    """The kind of a plan: Hamburg's own kinds (before 1960) come before those of XPlanung; never a guess."""
    for codes, stated in (("BP_PlanArt_FHH", code_fhh), ("BP_PlanArt", code)):
        if stated:
            found = meaning(version, codes, stated)
            return f"{UNKNOWN}:{codes}:{stated}" if found is None else found.outcome
    return UNKNOWN


def building_area(version: str, special: str | None, special_fhh: str | None) -> str:
    """The designation of a building area by its special kind of use (BauNVO, or BPVO 1938 in Hamburg's extension).

    The general kind (XP_AllgArtDerBaulNutzung) never decides: its 3000 is land for commerce of a land-use plan, and no
    Geschäftsgebiet.
    """
    if special_fhh:
        found = meaning(version, "BP_BesondereArtDerBaulNutzung_FHH", special_fhh)
    else:
        found = meaning(version, "XP_BesondereArtDerBaulNutzung", special) if special else None
    return UNKNOWN if found is None else found.outcome


def legal_character(version: str, code: str | None) -> str:
    """Whether a plan sets something itself, takes it over, or only informs; what states nothing is set."""
    if not code:
        return "set"
    codes = "BP_Rechtscharakter" if before(version, "6.0") else "XP_Rechtscharakter"
    found = meaning(version, codes, code)
    return UNKNOWN if found is None else found.outcome


def deed(version: str, code: str | None) -> str:
    """What a plan does to another one that it names."""
    codes = "XP_RechtscharakterPlanaenderung" if before(version, "6.0") else "XP_Aenderungsarten"
    found = meaning(version, codes, code) if code else None
    return UNKNOWN if found is None else found.outcome


def before(version: str, other: str) -> bool:
    """Whether a version came before another one."""
    return VERSIONS.index(version) < VERSIONS.index(other)


def rows(table: str) -> list[dict[str, str]]:
    """A table as it is written: `codes`, `features` or `sources`."""
    with (FOLDER / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def sources() -> dict[str, Source]:
    """The sources that the tables cite by their keys."""
    return {row["key"]: Source(row["text"], row["url"], row["checked"]) for row in rows("sources")}


@cache
def _codes() -> dict[str, dict[tuple[str, str], Meaning]]:
    found: dict[str, dict[tuple[str, str], Meaning]] = {version: {} for version in VERSIONS}
    for row in rows("codes"):
        one = Meaning(row["name"], row["outcome"], row["deduction"] or None, row["source"])
        for version in _versions(row):
            if found[version].setdefault((row["list"], row["code"]), one) is not one:
                raise ValueError(f"codes.csv says {row['list']} {row['code']} twice for {version}")
    return found


@cache
def _features() -> dict[str, dict[str, FeatureType]]:
    found: dict[str, dict[str, FeatureType]] = {version: {} for version in VERSIONS}
    for row in rows("features"):
        one = FeatureType(
            *(row["use"], row["closes"], row["designation"] or None, row["deduction"] or None),
            *(row["deducted"] or "always", row["attribute"] or None, row["list"] or None, row["source"]),
        )
        for version in _versions(row):
            if found[version].setdefault(row["feature"], one) is not one:
                raise ValueError(f"features.csv says {row['feature']} twice for {version}")
    return found


def _versions(row: dict[str, str]) -> tuple[str, ...]:
    """The versions that a row holds for, from `since` to `until`, both included."""
    return VERSIONS[VERSIONS.index(row["since"]) : VERSIONS.index(row["until"]) + 1]
