"""The dated steps in which the demo register is recorded, oldest first: ordinary imports at past instants."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).resolve().parents[2] / "data" / "demo"


class Step(NamedTuple):
    """One recording of the demo register: the instant it became known and its files as (layer, file name, options)."""

    at: datetime
    note: str
    files: tuple[tuple[str, str, dict[str, Any]], ...]

    @property
    def day(self) -> date:
        """The day of recording, Europe/Berlin."""
        return self.at.date()


def recording(day: date) -> Step:
    """The first step on or after `day`; for what lies ahead the newest step."""
    return next((step for step in STEPS if step.day >= day), STEPS[-1])


def _step(day: str, note: str, *contents: str) -> Step:
    at = datetime.combine(date.fromisoformat(day), time(9), ZoneInfo("Europe/Berlin"))
    return Step(at, note, tuple((_layer(content), _file_name(day, content), {}) for content in contents))


def _layer(content: str) -> str:
    """Of holdings there are files of several sorts."""
    return "holdings" if content.startswith("holdings") else content


def _file_name(day: str, content: str) -> str:
    suffix = "csv" if content in ("holdings", "holdings_gemeldet") else "geojson"
    return f"{day}_{content}_fiktiv.{suffix}"


STEPS: tuple[Step, ...] = (
    _step(
        "2017-10-04",
        "Erstaufnahme des fiktiven Registers",
        *("sensitive", "sites_of_concern", "overlays"),
        *("districts", "port", "parcels", "zones", "deductions", "holdings", "holdings_teile"),
    ),
    _step(
        "2018-11-20",
        "Fortschreibung 2018; zwei Flächen aus einer Liste ohne Geometrie",
        *("zones", "deductions", "holdings", "holdings_gemeldet"),
    ),
    _step("2019-06-03", "Fortschreibung 2019; neue Pläne", "zones", "holdings"),
    _step("2020-08-10", "Fortschreibung 2020", "zones", "holdings"),
    _step(
        "2021-06-15",
        "Fortschreibung 2021; ein gemeldetes Grundstück erhält seine Geometrie",
        *("parcels", "zones", "deductions", "holdings", "holdings_teile"),
    ),
    _step(
        "2022-10-05",
        "Fortschreibung 2022; Teil des Hafenerweiterungsgebiets zum 1. Juli 2022 entlassen",
        *("port", "zones", "holdings"),
    ),
    _step("2024-02-20", "Fortschreibung 2023 und Anfang 2024", "zones", "holdings"),
    _step("2025-03-11", "Fortschreibung 2024 und Anfang 2025", "holdings"),
    _step("2025-06-17", "Fortschreibung Frühjahr 2025", "holdings"),
    _step(
        "2025-09-10",
        "Nachtrag: Bodenbelastung, wirksam seit 1. Mai 2025, erst jetzt bekannt; neuer Plan",
        *("zones", "holdings"),
    ),
    _step("2026-04-22", "Berichtigung zweier amtlicher Flächen; Fortschreibung", "parcels", "holdings"),
    _step(
        "2026-11-16",
        "Fortschreibung 2026; vereinbarte Vergaben und ein künftiger Plan",
        *("parcels", "zones", "holdings"),
    ),
)

# Between two steps the demonstration of a guidance is loaded: known from then, for cases from its valid_from on.
GUIDANCE = (datetime(2024, 2, 20, 10, tzinfo=ZoneInfo("Europe/Berlin")), "guidance_fiktiv.yaml")
