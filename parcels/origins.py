"""Where imported data comes from and what must be said of it: kept with its recording, told with every answer that uses it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

KEY = "origin"  # in a recording's summary


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a file: its title (none: the file's name), who is to be named, under which licence, and as of which day.

    Without a day, that of the recording stands in for it.
    """

    title: str
    attribution: str
    licence: str | None = None
    licence_url: str | None = None
    url: str | None = None
    as_of: date | None = None

    def told(self) -> dict[str, Any]:
        """As it stands in a recording's summary."""
        plain = asdict(self)
        return {KEY: {**plain, "as_of": self.as_of.isoformat() if self.as_of else None}}


@dataclass(frozen=True, slots=True)
class Attribution:
    """What has to be said of a source that the register holds facts of: in `layer`, last fetched as of a day."""

    layer: str
    title: str
    attribution: str
    licence: str | None
    licence_url: str | None
    url: str | None
    as_of: date


def attributions(session: Session, known_at: datetime) -> list[Attribution]:
    """The sources of what was recorded up to an instant, each once by layer, with the latest day; none for what states none."""
    return [Attribution(*row) for row in session.execute(text(_ATTRIBUTIONS), {"known_at": known_at})]


def is_told(session: Session, layer: str, origin: Origin) -> bool:
    """Whether a recording of the layer states this source, whatever the day."""
    said = {"layer": layer, "title": origin.title, "attribution": origin.attribution, "licence": origin.licence}
    return bool(session.execute(text(_TOLD), said).scalar_one())


_TOLD = f"""
SELECT EXISTS (
    SELECT FROM recording
    WHERE summary ? '{KEY}' AND layer = :layer AND summary -> '{KEY}' ->> 'title' = :title
        AND summary -> '{KEY}' ->> 'attribution' = :attribution
        AND summary -> '{KEY}' ->> 'licence' IS NOT DISTINCT FROM CAST(:licence AS text)
)
"""


def last_import(session: Session, layer: str, source: str) -> tuple[datetime, str] | None:
    """The instant and the hash of what was last recorded from a file of this name."""
    found = session.execute(text(_LAST), {"layer": layer, "source": source}).one_or_none()
    return (found.at, found.sha256) if found else None


_LAST = """
SELECT at, sha256 FROM recording WHERE kind = 'import' AND layer = :layer AND source = :source ORDER BY at DESC LIMIT 1
"""

# Told by recordings, not by facts: what one of them added may have been amended since, but the register still holds it.
_ATTRIBUTIONS = f"""
SELECT layer, coalesce(nullif(origin ->> 'title', ''), source), origin ->> 'attribution', origin ->> 'licence',
       origin ->> 'licence_url', (array_agg(origin ->> 'url' ORDER BY at DESC))[1],
       max(coalesce(CAST(origin ->> 'as_of' AS date), CAST(at AT TIME ZONE 'Europe/Berlin' AS date)))
FROM (
    SELECT at, layer, source, summary -> '{KEY}' AS origin FROM recording WHERE summary ? '{KEY}' AND at <= :known_at
) r
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4 NULLS LAST
"""
