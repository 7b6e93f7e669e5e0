"""Alerts as they are answered, by HTTP and by command."""

from app import alert_words
from app.schemas.alerts import AcknowledgementOut, AlertOut, AlertSource
from app.web.language import Translator
from parcels.alerts import Alert


def one(alert: Alert, speak: Translator, named: bool) -> AlertOut:
    """An alert with its sentences; `named`: with who has taken note, and what they said to it."""
    plain = ("id", "uid", "kind", "severity", "subject", "raised_at", "resolved_at", "recording", "facts")
    cites = alert_words.citations(alert)
    taken = [
        AcknowledgementOut(at=one.at, name=one.name if named else None, note=one.note if named else None)
        for one in alert.acknowledgements
    ]
    return AlertOut(
        **{name: getattr(alert, name) for name in plain},
        on=alert.on_day,
        title=alert_words.title(alert, speak),
        sentence=alert_words.sentence(alert, speak),
        reason=alert_words.reason(alert, speak),
        citations=[AlertSource(text=c.text, paragraph=c.paragraph, url=c.url, published=c.published) for c in cites],
        acknowledgements=taken,
    )
