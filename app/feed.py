"""The alerts as an Atom feed (RFC 4287)."""

from collections.abc import Sequence
from datetime import datetime

from lxml import etree
from lxml.etree import _Element

from app import alert_words
from app.web.language import Translator
from parcels.alerts import Alert

MEDIA_TYPE = "application/atom+xml"
NAMESPACE = "http://www.w3.org/2005/Atom"
PATH = "/api/alerts.atom"
NEWEST = 50
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def feed(found: Sequence[Alert], speak: Translator, base: str, now: datetime) -> bytes:
    """The document; `found` newest first, `base` the service's own address. Without alerts it was updated `now`."""
    root = etree.Element(f"{{{NAMESPACE}}}feed", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    root.set(LANGUAGE, speak.language)
    _add(root, "id", f"{base}{PATH}")
    _add(root, "title", speak.code("alert_mail", "feed"))
    _add(root, "subtitle", speak.code("alert_mail", "feed_about").format(count=NEWEST))
    _add(root, "updated", alert_words.instant(max(map(_updated, found), default=now)))
    _add(_add(root, "author"), "name", "landreserve")
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=f"{base}{PATH}?lang={speak.language}")
    _add(root, "link", rel="alternate", type="text/html", href=f"{base}/alerts")
    for alert in found:
        _entry(_add(root, "entry"), alert, speak, base)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _entry(entry: _Element, alert: Alert, speak: Translator, base: str) -> None:
    _add(entry, "id", f"urn:uuid:{alert.uid}")
    _add(entry, "title", alert_words.title(alert, speak))
    _add(entry, "published", alert_words.instant(alert.raised_at))
    _add(entry, "updated", alert_words.instant(_updated(alert)))
    _add(entry, "category", term=alert.kind)
    _add(entry, "category", term=alert.severity, label=speak.code("severity", alert.severity))
    _add(entry, "link", rel="alternate", type="text/html", href=f"{base}/alerts/{alert.id}")
    said = [alert_words.sentence(alert, speak), alert_words.reason(alert, speak), alert_words.over(alert, speak)]
    said += [alert_words.source(cite) for cite in alert_words.citations(alert)[:1]]
    _add(entry, "content", "\n".join(one for one in said if one), type="text")


def _add(parent: _Element, name: str, text: str | None = None, **attributes: str) -> _Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    child.text = text
    return child


def _updated(alert: Alert) -> datetime:
    return alert.resolved_at or alert.raised_at
