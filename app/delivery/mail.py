"""An alert as an e-mail: text and HTML in the receiver's language, one Message-ID per alert and receiver over all attempts."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from app import alert_words
from app.web.language import Translator, translator
from app.web.pages import TEMPLATES
from parcels.delivering import Job

POLICY = SMTP.clone(cte_type="7bit")  # a server need not know 8BITMIME
NAME = "landreserve"


def message(job: Job, sender: str, base: str | None, at: datetime) -> EmailMessage:
    """The e-mail of a delivery as it is sent at an instant; `base` is the service's own address for links, None where unknown."""
    order = job.subscription.order
    speak = translator(order.language)
    return letter(_words(job, speak, base), sender, order.target, job.message_id, at)


def letter(words: dict[str, Any], sender: str, target: str, told: str, at: datetime) -> EmailMessage:
    """A mail that says these words (subject, language, title, paragraphs, link, sources, end) under a stable id."""
    mail = EmailMessage(POLICY)
    mail["Subject"] = words["subject"]
    mail["From"] = Address(NAME, addr_spec=sender)
    mail["To"] = Address(addr_spec=target)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(told, target, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered to us
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(words))
    mail.add_alternative(TEMPLATES.get_template("mail.html").render(words), subtype="html")
    mail["Content-Language"] = words["language"]  # what comes before the content is taken for a part's
    return mail


def message_id(told: str, target: str, sender: str) -> str:
    """The same for the same alert and receiver, whatever the subscription and the attempt: mail programs drop doubles by it."""
    receiver = hashlib.sha256(target.lower().encode()).hexdigest()[:16]
    return f"<{told}.{receiver}@{sender.partition('@')[2]}>"


def _subject(job: Job, speak: Translator) -> str:
    alert = job.alert
    if alert is None:
        return f"[{speak.code('alert_mail', 'product')}] {speak.code('alert_mail', f'{_other(job)}_title')}"
    severity = speak.code("severity", alert.severity)
    said = f"[{speak.code('alert_mail', 'product')}, {severity}] {alert_words.title(alert, speak)}"
    # The standard library would decode what looks like an encoded word, line breaks in it and all: a header of somebody else's.
    return said.replace("=?", "= ?")


def _other(job: Job) -> str:
    """What is sent that is no alert."""
    return "confirm" if job.question else "test"


def _words(job: Job, speak: Translator, base: str | None) -> dict[str, Any]:
    """What both forms of the message say: title, paragraphs, link, sources, and how it ends."""
    ends = speak.code("alert_mail", "subscription").format(subscription=job.subscription.uid)
    found: dict[str, Any] = {"language": speak.language, "subject": _subject(job, speak), "ends": ends}
    found |= {"link": None, "more": None, "cites": ()}
    alert = job.alert
    if job.question:
        until = speak.instant(job.question.until)
        found |= {
            "link": f"{base}/confirm/{job.question.code}?lang={speak.language}",
            "more": speak.code("alert_mail", "confirm_here"),
        }
        found["paragraphs"] = [
            speak.code("alert_mail", one).format(until=until) for one in ("confirm", "confirm_until")
        ]
        return {**found, "title": speak.code("alert_mail", "confirm_title")}
    if alert is None:
        return {
            **found,
            "title": speak.code("alert_mail", "test_title"),
            "paragraphs": [speak.code("alert_mail", "test")],
        }
    severity = speak.code("alert_mail", "severity").format(severity=speak.code("severity", alert.severity))
    said = [
        alert_words.sentence(alert, speak),
        alert_words.reason(alert, speak),
        alert_words.over(alert, speak),
        severity,
    ]
    if district := alert.facts.get("district"):
        said.append(speak.code("alert_mail", "district").format(district=alert_words.clean(str(district))))
    if job.waiting:
        said.append(speak.code("alert_mail", "waiting").format(count=speak.number(job.waiting)))
    if base is not None:
        found |= {"link": f"{base}/alerts/{alert.id}", "more": speak.code("alert_mail", "more")}
    cites = [(cite, alert_words.source(cite)) for cite in alert_words.citations(alert)]
    measure = speak.code("alert_mail", "source")
    title = alert_words.title(alert, speak)
    return {**found, "title": title, "paragraphs": [one for one in said if one], "cites": cites, "measure": measure}


def _text(words: dict[str, Any]) -> str:
    parts = [words["title"], *words["paragraphs"]]
    if words["link"]:
        parts.append(words["more"].format(link=words["link"]))
    if words["cites"]:
        parts.append("\n".join([words["measure"], *(f"- {said}" for _, said in words["cites"])]))
    return "\n\n".join([*parts, f"--\n{words['ends']}"]) + "\n"
