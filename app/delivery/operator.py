"""The operator is told by e-mail of what fails: once each, in German and English, by the mail server that alerts go to as well.

A mail server that does not take it holds nobody else up: it is tried again at the next look, with what is found by then.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.delivery import call, mail, smtp
from app.delivery.courier import LATE
from app.delivery.relay import Server
from app.settings import Settings
from app.web.language import LANGUAGES, Translator, translator
from parcels import operator_mail
from parcels.operator_mail import Findings

log = logging.getLogger(__name__)

TOTAL_S = 5.0  # less than what is under way gets when the worker is told to stop
SHOWN = 20


def teller(engine: Engine, settings: Settings) -> Callable[[datetime], bool] | None:
    """Looks at an instant and tells what is to be told, whether it did; None where no operator is to be told or can be."""
    server, sender, receiver = settings.mail_server(), settings.mail_from, settings.operator_mail
    if receiver is None:
        return None
    if server is None or sender is None:
        log.error("LANDRESERVE_OPERATOR_MAIL is set, but no mail server is: nobody is told of what fails")
        return None

    def tell(at: datetime) -> bool:
        with Session(engine) as session:
            found = operator_mail.findings(session, at, LATE)
            if found is None or (found.any and not _mailed(found, server, settings, sender, receiver, at)):
                return False
            operator_mail.told(session, found, at)
            session.commit()
        return found.any

    return tell


def _mailed(found: Findings, server: Server, settings: Settings, sender: str, receiver: str, at: datetime) -> bool:
    written = mail.letter(words(found, settings.base()), sender, receiver, _identity(found), at)
    context = call.trust(settings.smtp_ca_file)
    sent = asyncio.run(smtp.hand_over(server, context, written, sender, receiver, TOTAL_S))
    if not sent.delivered:
        log.error("the operator cannot be told of what fails: %s %s", sent.failure, sent.status)
    return sent.delivered


def _identity(found: Findings) -> str:
    """The same for the same findings: a mail that was taken though its answer was lost is shown once."""
    parts = [str(found.unattended_since), *(f"{one.subscription.uid} {one.since}" for one in found.disabled)]
    parts += [f"{one.uid} {one.finished_at}" for one in found.given_up]
    return f"operator-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:32]}"


def words(found: Findings, base: str | None) -> dict[str, Any]:
    """What the mail says, first in German and then in English."""
    speakers = [translator(language) for language in LANGUAGES]
    title = " / ".join(speak.code("operator_mail", "title") for speak in speakers)
    return {
        "subject": f"[{speakers[0].code('alert_mail', 'product')}] {title}",
        "language": speakers[0].language,
        "title": title,
        "paragraphs": [one for speak in speakers for one in _said(found, speak)],
        "link": f"{base}/alerts/receivers" if base else None,
        "more": "{link}",
        "cites": (),
        "ends": " / ".join(speak.code("operator_mail", "ends") for speak in speakers),
    }


def _said(found: Findings, speak: Translator) -> Iterator[str]:
    def code(name: str, **values: object) -> str:
        return speak.code("operator_mail", name).format(**values)

    if found.unattended_since:
        yield code("unattended", instant=speak.instant(found.unattended_since))
    for one in found.disabled:
        to = one.subscription
        why = speak.code("receiver_disabled", to.disabled_reason or "")
        values = {
            "instant": speak.instant(one.since),
            "receiver": speak.code("channel", to.order.channel),
            "subscription": to.uid,
        }
        yield code("disabled", reason=why, lost=speak.number(one.lost), **values)
    for gone in found.given_up[:SHOWN]:
        to = gone.subscription
        values = {"instant": speak.instant(gone.finished_at), "receiver": speak.code("channel", to.order.channel)}
        what = code("alert", number=gone.alert) if gone.alert else code("no_alert")
        yield code("given_up", what=what, delivery=gone.uid, subscription=to.uid, **values)
    if len(found.given_up) > SHOWN:
        yield code("further", count=speak.number(len(found.given_up) - SHOWN))
