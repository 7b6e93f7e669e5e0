"""A webhook: the alert as a CloudEvent, signed as Standard Webhooks asks, and what its receiver's answer means."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial

from cryptography.fernet import MultiFernet

from app import alert_words
from app.delivery import call, guard, keys
from app.delivery.call import Answer, Resolve
from app.delivery.guard import Policy, TargetRefusedError
from app.settings import Settings, SettingsError
from app.web.language import LANGUAGES, Translator, translator
from parcels.alerts import Alert
from parcels.delivering import Job

CONTENT_TYPE = "application/cloudevents+json"
TYPE = "de.hamburg.landreserve.alert"
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
GONE = 410


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an attempt by whatever channel: taken, or not and why; `gone`: the receiver wants no more, for good."""

    delivered: bool
    status: int | None = None
    failure: str | None = None
    excerpt: str | None = None
    retry_after: timedelta | None = None
    gone: bool = False
    final: bool = False


Send = Callable[[Job, datetime], Awaitable[Sent]]


def sender(settings: Settings, resolving: Resolve = call.resolve, total_s: float = call.TOTAL_S) -> Send:
    """How webhooks are sent under these settings; SettingsError where the authorities cannot be read."""
    try:
        context = call.trust(settings.webhook_ca_file)
    except OSError as failure:  # of TLS too
        raise SettingsError(
            f"LANDRESERVE_WEBHOOK_CA_FILE cannot be used ({failure.strerror}): name a PEM file."
        ) from None
    return partial(
        _send,
        policy=settings.webhook_policy(),
        context=context,
        box=partial(keys.box, settings),
        source=source_of(settings),
        resolving=resolving,
        total_s=total_s,
    )


async def _send(
    job: Job,
    at: datetime,
    *,
    policy: Policy,
    context: ssl.SSLContext,
    box: Callable[[], MultiFernet],
    source: str,
    resolving: Resolve,
    total_s: float,
) -> Sent:
    """One attempt at an instant."""
    try:
        to = guard.target(job.subscription.order.target, policy)
    except TargetRefusedError:  # what the operator allows may have changed since
        return Sent(False, failure=call.NO_ANSWER)
    body = message(job, source)
    signed = {
        "content-type": CONTENT_TYPE,
        "user-agent": "landreserve",
        **headers(job, body, at, _secrets(job, at, box())),
    }
    return _sent(await call.post(to, signed, body, policy, context, resolving, total_s), at)


def _secrets(job: Job, at: datetime, box: MultiFernet) -> list[str]:
    """The secrets that sign now: the old one too, for a day after it was replaced."""
    known = job.subscription
    found = [known.secret] if known.secret else []
    if known.old_secret and known.old_secret_until and at < known.old_secret_until:
        found.append(known.old_secret)
    return [keys.opened(one, box) for one in found]


def headers(job: Job, body: bytes, at: datetime, secrets: list[str]) -> dict[str, str]:
    """The headers of Standard Webhooks: the same id over all attempts, the instant of this one, a signature by each secret."""
    stamp = str(int(at.timestamp()))
    signed = f"{job.message_id}.{stamp}.".encode() + body
    made = (base64.b64encode(hmac.new(keys.raw(one), signed, hashlib.sha256).digest()).decode() for one in secrets)
    return {
        "webhook-id": job.message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }


def message(job: Job, source: str) -> bytes:
    """The body: a CloudEvent 1.0 in structured JSON; the same bytes over all attempts. It carries its words in every language."""
    alert = job.alert
    words = {language: _words(alert, translator(language)) for language in LANGUAGES}
    event = {
        "specversion": "1.0",
        "id": job.message_id,
        "source": source,
        "type": f"{TYPE}.{alert.kind if alert else 'test'}",
        "time": alert_words.instant(alert.raised_at if alert else job.created_at),
        **({"subject": alert.subject} if alert else {}),
        "datacontenttype": "application/json",
        "data": {**(alert_words.data(alert) if alert else {"test": True}), "message": words},
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _words(alert: Alert | None, speak: Translator) -> dict[str, str]:
    """Title and sentence; of a test that it is one."""
    if alert is None:
        return {"title": speak.code("alert_mail", "test_title"), "sentence": speak.code("alert_mail", "test")}
    return alert_words.spoken(alert, speak)


def source_of(settings: Settings) -> str:
    """What a CloudEvent names as its source: the service's own address where that is known."""
    return f"{settings.base() or ''}/api/alerts"


def _sent(answer: Answer, at: datetime) -> Sent:
    return Sent(
        answer.success,
        answer.status,
        answer.failure,
        answer.excerpt,
        retry_after(answer.retry_after, at),
        gone=answer.status == GONE,
    )


def retry_after(said: str | None, at: datetime) -> timedelta | None:
    """What a header Retry-After asks for, in seconds or as a date of HTTP; None where it says nothing that can be read."""
    if said is None:
        return None
    if said.isascii() and said.isdigit() and len(said) < 10:
        return timedelta(seconds=int(said))
    try:
        day = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max((day if day.tzinfo else day.replace(tzinfo=UTC)) - at, timedelta(0))
