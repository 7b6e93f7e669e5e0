"""Measured and stated land as it is kept in a row: JSON with exact numbers, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter

from parcels.measured import STATABLE, LostLand, OfferedLand
from rules.replacement_facts import Land

Kept = TypeVar("Kept", LostLand, OfferedLand)
_LANDS: dict[type[Any], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (LostLand, OfferedLand)}
_FACTS = {name: TypeAdapter(hint) for name, hint in get_type_hints(Land).items() if name in STATABLE}


def write(land: LostLand | OfferedLand) -> dict[str, Any]:
    """Measured land as JSON."""
    kept: dict[str, Any] = _LANDS[type(land)].dump_python(land, mode="json")
    return kept


def read(kind: type[Kept], kept: Mapping[str, Any]) -> Kept:
    """Measured land as it was written."""
    land: Kept = _LANDS[kind].validate_python(kept)
    return land


def write_stated(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts that people state, as JSON; what is None states nothing."""
    return {name: _FACTS[name].dump_python(value, mode="json") for name, value in facts.items() if value is not None}


def read_stated(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Stated facts as they were written."""
    return {name: _FACTS[name].validate_python(value) for name, value in kept.items()}
