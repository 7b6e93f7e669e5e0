"""Parcels as they are answered."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from app.answers import Asked, entry
from app.schemas.parcels import (
    EditOut,
    HistoryOut,
    HoldingOut,
    ParcelFacts,
    ParcelOut,
    ParcelRow,
    ParcelsOut,
    RelationOut,
    VersionOut,
    WarningOut,
    ZoneOut,
)
from parcels.edits import Edited, Span
from parcels.importing.beside import Remark
from parcels.parcels import ParcelOnDay, ParcelSummary, Version


def page(asked: Asked, found: Sequence[ParcelSummary], following: str | None) -> ParcelsOut:
    """One page of the list."""
    rows = [ParcelRow(**asdict(one)) for one in found]
    return ParcelsOut(**asked.knowledge(), on=asked.on, parcels=rows, next=following)


def parcel(asked: Asked, found: ParcelOnDay) -> ParcelOut:
    """One parcel on a day."""
    return ParcelOut(
        **asked.knowledge(),
        key=found.key,
        on=asked.on,
        facts=ParcelFacts(**found.facts) if found.facts else None,
        geometry=_geojson(found.geometry),
        holdings=[HoldingOut(**_with_part(holding)) for holding in found.holdings],
        zones=[ZoneOut(**zone) for zone in found.zones],
        entries=[entry(line) for line in found.lines],
        predecessors=[RelationOut(**asdict(one)) for one in found.predecessors],
        successors=[RelationOut(**asdict(one)) for one in found.successors],
    )


def history(asked: Asked, key: str, versions: Sequence[Version]) -> HistoryOut:
    """What was known of a parcel by the instant asked; what was closed later was still open then."""
    known = [version for version in versions if version.known_from <= asked.known_at]
    return HistoryOut(**asked.knowledge(), key=key, versions=[_version(version, asked) for version in known])


def _version(version: Version, asked: Asked) -> VersionOut:
    closed = version.known_to if version.known_to and version.known_to <= asked.known_at else None
    facts = _with_part(version.facts) if version.layer == "holdings" else version.facts
    return VersionOut(**{**asdict(version), "known_to": closed, "facts": _plain(facts)})


def edit(key: str, span: Span, edited: Edited) -> EditOut:
    """What an edit did, and what an import would have reported of it."""
    change = edited.change
    return EditOut(
        key=key,
        valid_from=span.since,
        valid_to=span.until,
        recording=change.recording,
        recorded_at=change.at if change.recording is not None else None,
        facts_closed=change.amendment.closed,
        facts_added=change.amendment.added,
        lines_closed=change.posting.closed,
        lines_added=change.posting.added,
        warnings=list(dict.fromkeys(map(_warning, edited.remarks))),
    )


def _warning(remark: Remark) -> WarningOut:
    said, remedy = (f"{part[:1].upper()}{part[1:]}" for part in (remark.said, remark.remedy))
    return WarningOut(code=remark.kind, field=remark.field, message=said, remedy=f"{remedy}.")


def _with_part(holding: dict[str, Any]) -> dict[str, Any]:
    return {**holding, "part": _geojson(holding["part"])}


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Amounts as numbers, as everywhere else."""
    return {
        name: float(value) if name.endswith("_m2") and value is not None else value for name, value in facts.items()
    }


def _geojson(text: str | None) -> dict[str, Any] | None:
    found: dict[str, Any] | None = None if text is None else json.loads(text)
    return found
