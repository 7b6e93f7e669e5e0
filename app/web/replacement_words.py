"""Facts of lost and offered land as the pages write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.schemas.land import FactsOut
from app.schemas.replacements import CriterionOut
from app.web.language import Translator
from app.web.pages import TEMPLATES

UNSAID = "–"
CODED = {"designation": "designation", "plan_stage": "plan_stage", "hazard_class": "hazard_class"}
DATED = ("servicing", "available_in_time")
# fact -> (the criterion that judges it, its unit)
JUDGED = {
    "day_db": ("emission_day", "dB(A)/m2"),
    "night_db": ("emission_night", "dB(A)/m2"),
    "largest_plot_m2": ("largest_plot", "m2"),
    "shorter_side_m": ("shape", "m"),
    "road_m": ("road", "m"),
    "grid_kw": ("grid", "kW"),
}


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact in words, and whether people stated it."""

    title: str
    value: str
    stated: bool


def facts(found: FactsOut, speak: Translator) -> list[Stated]:
    """The facts in words; what nobody recorded stays a dash."""
    said = {name: getattr(found, name) for name in FactsOut.model_fields if name != "stated"}
    return [_fact(name, value, name in found.stated, speak) for name, value in said.items()]


def _fact(name: str, value: Any, stated: bool, speak: Translator) -> Stated:
    criterion, unit = JUDGED.get(name, (name, None))
    kind = "fact" if name in ("in_use_as_commercial", "restricted", "emission_limited") else "replacement"
    return Stated(speak.code(kind, criterion), written(criterion, value, unit, speak), stated)


def criterion_value(one: CriterionOut, value: Any, speak: Translator) -> str:
    """One side of a criterion in words."""
    return written(one.name, value, one.unit, speak)


def written(name: str, value: Any, unit: str | None, speak: Translator) -> str:
    """A fact of a criterion as the language writes it; a dash for what is not recorded, or not compared."""
    if value is None:
        return UNSAID
    if isinstance(value, bool):
        return speak.code("yes_no", "met" if value else "not_met")
    if isinstance(value, int | float | Decimal):
        number = speak.number(Decimal(str(value)).normalize())
        return f"{number} {unit.replace('m2', 'm²')}" if unit else number
    if name in DATED:
        return speak.day(date.fromisoformat(str(value)))
    if name == "firm_kinds":
        kinds = value if isinstance(value, list) else str(value).split(", ")
        return ", ".join(speak.code("firm_kind", kind) for kind in kinds) or speak.text("none of them")
    return speak.code(CODED[name], str(value)) if name in CODED else str(value)


TEMPLATES.filters |= {"compared": criterion_value}
