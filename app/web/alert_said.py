"""Alerts in words, as pages show them; and the one that the start page shows, if there is such."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import alert_words
from app.web.language import Translator
from parcels import alerts
from parcels.alerts import Alert
from rules.alerts import Kind, Series
from rules.law import Cite


@dataclass(frozen=True, slots=True)
class Said:
    """An alert in words; `of_import` is the number of the import that it is about."""

    alert: Alert
    title: str
    sentence: str
    reason: str | None
    over: str | None
    cites: tuple[Cite, ...]
    of_import: str | None


def said(found: Iterable[Alert], speak: Translator) -> list[Said]:
    """Alerts in words."""
    return [
        Said(
            one,
            alert_words.title(one, speak),
            alert_words.sentence(one, speak),
            alert_words.reason(one, speak),
            alert_words.over(one, speak),
            alert_words.citations(one),
            one.subject if one.kind is Kind.IMPORT_REJECTED else None,
        )
        for one in found
    ]


def alarm(session: Session, speak: Translator) -> Said | None:
    """That the net series is below its target now, where it is."""
    lasting = alerts.listing(session, open_only=True, kinds=(Kind.BELOW, Kind.BELOW_AT_START))
    return next((one for one in said(lasting, speak) if one.alert.subject == Series.NET), None)
