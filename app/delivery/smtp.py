"""E-mails are handed to the operator's mail server within TOTAL_S: what it takes is delivered, what it refuses for good given up.

A refusal by 4xx, a hang, a drop, a certificate that does not hold, or a login that fails is tried again: an operator can mend it.
Refused for good is only what a 5xx says of this sender, receiver or text. What the mail server itself does wrong is not held
against a receiver: a subscription is never disabled for it.
"""

import asyncio
import logging
import ssl
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage

import aiosmtplib

from app import alert_words
from app.delivery import call, mail
from app.delivery.relay import Server
from app.delivery.webhook import Send, Sent
from app.settings import Settings
from parcels import delivering
from parcels.delivering import Job

log = logging.getLogger(__name__)

TOTAL_S = 10.0
AT_ONCE = 4  # connections to the mail server
STATUS = "status"
LOGIN_WANTED = (530, 534, 535, 538)  # RFC 4954 § 6: of the login, whatever was being said


def sender(settings: Settings, total_s: float = TOTAL_S) -> Send:
    """How e-mails are sent under these settings."""
    base = settings.base()
    server, seats = settings.mail_server(), asyncio.Semaphore(AT_ONCE)
    context = call.trust(settings.smtp_ca_file)

    async def send(job: Job, at: datetime) -> Sent:
        if server is None or settings.mail_from is None or (job.question and base is None):
            return Sent(False, failure=delivering.MAIL_NOT_SET_UP)
        written = mail.message(job, settings.mail_from, base, at)
        async with seats:
            return await hand_over(server, context, written, settings.mail_from, job.subscription.order.target, total_s)

    return send


async def hand_over(
    server: Server, context: ssl.SSLContext, written: EmailMessage, sender: str, receiver: str, total_s: float
) -> Sent:
    """One hand-over, with whatever came of it."""
    domain = sender.partition("@")[2]
    # connect=: the library would greet, start TLS and log in by itself, and ask DNS for a name of ours
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls == "whole",
        start_tls=False,
        tls_context=context if server.tls != "none" else None,
        local_hostname=domain,
        timeout=None,
    )
    try:
        async with asyncio.timeout(total_s):
            return await _said(client, server, context, written, sender, receiver)
    except aiosmtplib.SMTPResponseException as refused:  # before it came to the message
        log.warning("the mail server %s:%d: %d", server.host, server.port, refused.code)
        return replace(_refused(refused, final=False), failure=delivering.MAIL_SERVER)
    except (aiosmtplib.SMTPException, ssl.SSLError, OSError, EOFError) as failure:  # TimeoutError is an OSError
        log.warning("the mail server %s:%d: %s", server.host, server.port, type(failure).__name__)
        return Sent(False, failure=delivering.MAIL_SERVER)
    finally:
        client.close()


async def _said(
    client: aiosmtplib.SMTP, server: Server, context: ssl.SSLContext, written: EmailMessage, sender: str, receiver: str
) -> Sent:
    """Greet, secure, log in, send. What is taken stays taken, however the server takes leave."""
    await client.connect()
    if server.tls == "start":
        await client.starttls(tls_context=context)
    if server.user is not None and server.password is not None:
        await client.login(server.user, server.password)
    try:
        await client.mail(sender)
        await client.rcpt(receiver)
        response = await client.data(written.as_bytes())
    except aiosmtplib.SMTPResponseException as refused:
        return _refused(refused, final=refused.code >= 500 and refused.code not in LOGIN_WANTED)
    return Sent(True, status=response.code)


def _refused(answer: aiosmtplib.SMTPResponseException, final: bool) -> Sent:
    code = answer.code if 0 < answer.code < 1000 else None
    return Sent(False, status=code, failure=STATUS, excerpt=alert_words.clean(answer.message), final=final)
