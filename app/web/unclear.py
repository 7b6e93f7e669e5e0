"""What is unclear, by site or parcel: how much land, and in which facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from parcels.queries import Line
from rules.criteria import CRITERIA, Reason
from rules.facts import Holding, Part
from rules.law import LAW


@dataclass(frozen=True, slots=True)
class Doubt:
    """Land that does not count because facts are missing: its site (None: a single parcel), parcels, m2 and reasons."""

    site: str | None
    district: str | None
    parcels: list[str]
    net_m2: Decimal
    missing: list[tuple[str, Reason]]


def doubts(lines: Iterable[Line], on: date, known_at: datetime) -> list[Doubt]:
    """The unclear lines of a day, those of one site with the same missing facts together, largest first."""
    alike: dict[tuple[str, str | None, tuple[tuple[str, Reason], ...]], list[Line]] = defaultdict(list)
    for line in lines:
        alike[(line.site or line.parcel_key, line.district, missing(line, on, known_at))].append(line)
    found = [
        Doubt(
            group[0].site,
            district,
            sorted({line.parcel_key for line in group}),
            sum((line.net_m2 for line in group), Decimal(0)),
            list(reasons),
        )
        for (_, district, reasons), group in alike.items()
    ]
    return sorted(found, key=lambda doubt: (-doubt.net_m2, doubt.site or "", doubt.parcels))


def missing(line: Line, on: date, known_at: datetime) -> tuple[tuple[str, Reason], ...]:
    """The unknown criteria of an unclear line with the reasons that the rules give for them.

    A line holds the codes that were recorded; every fact it does not hold is one that its unknown criteria lack.
    """
    net_m2 = None if "minimum_size" in line.unknown else line.net_m2
    holding = Holding(holder=line.holder, disposition=line.disposition)
    part = Part(line.designation, line.in_use_as_commercial, False, net_m2, holding)
    law = LAW.on(on, known_at)
    return tuple((name, CRITERIA[name][1](part, on, law).reason) for name in CRITERIA if name in line.unknown)
