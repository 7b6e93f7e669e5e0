"""E-mail against a real mail server in the same loop: taken, put off, refused, hanging, gone, without TLS; and what is written."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from app import subscribing
from app.delivery import courier, mail, relay, smtp
from app.delivery.desk import Desk
from app.delivery.webhook import Sent
from app.settings import Settings
from parcels.delivering import Job
from parcels.edits import ValueRefusedError
from parcels.subscriptions import Language, Order, Subscription
from rules.alerts import Kind
from tests.app.test_alert_words import alert
from tests.delivery.conftest import Post
from tests.delivery.receiver import Authority

AT = datetime(2026, 11, 22, 14, 31, tzinfo=UTC)
SENDER = "landreserve@hamburg.example"
RECEIVER = "wirtschaft@hamburg.example"
BASE = "https://reserve.hamburg.example"


def job(target: str = RECEIVER, language: Language = "de", **changes: Any) -> Job:
    """A delivery of an alert by e-mail."""
    order = Order("email", target, language)
    uid = UUID("00000000-0000-4000-8000-000000000001")
    state = {"secret": None, "old_secret": None, "old_secret_until": None, "failing_since": None}
    state |= {"disabled_at": None, "disabled_reason": None, "confirmed_at": AT, "vouched_by": None}
    to = Subscription(1, uid, order, "token", "test", AT, **state)
    found = Job(1, UUID("00000000-0000-4000-8000-000000000002"), 1, 1, AT, to, alert())
    return replace(found, **changes)


def written(one: Job, base: str | None = BASE) -> EmailMessage:
    """What a receiver's program reads out of the bytes that are handed over."""
    found = email.message_from_bytes(mail.message(one, SENDER, base, AT).as_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_german_with_umlauts_in_text_and_html() -> None:
    found = written(job())
    assert found["Subject"] == "[Flächenreserve, kritisch] Unter dem Ziel: Reserve (netto) bei 99,582133 ha"
    assert (found["From"], found["To"]) == (f"landreserve <{SENDER}>", RECEIVER)
    assert (found["Auto-Submitted"], found["Content-Language"]) == ("auto-generated", "de")
    for kind in ("plain", "html"):
        body = text_of(found, kind)
        assert "Es fehlen 0,417867 ha." in body
        assert "Anlass ist die Änderung Nr. 17" in body
        assert f"{BASE}/alerts/5" in body
        assert "„netto 100 Hektar sofort verfügbarer städtischer" in body
        assert "Handlungsfeld 1 Nr. 1 Abs. 1 Satz 3" in body
        assert "/api/subscriptions/00000000-0000-4000-8000-000000000001" in body


def test_english_and_without_an_address_of_the_service_no_link() -> None:
    found = written(job(language="en"), base=None)
    assert found["Subject"] == "[Land reserve, critical] Below target: reserve (net) at 99.582133 ha"
    assert "0.417867 ha are missing." in text_of(found)
    assert "/alerts/" not in text_of(found) + text_of(found, "html")


def test_bytes_are_ascii_in_short_lines() -> None:
    """A mail server need know neither 8BITMIME nor SMTPUTF8."""
    raw = mail.message(job(), SENDER, BASE, AT).as_bytes()
    assert raw.isascii()
    assert max(len(one) for one in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_test_says_that_it_is_one() -> None:
    found = written(job(alert=None))
    assert found["Subject"] == "[Flächenreserve] Probe: Nachricht des Dienstes landreserve"
    assert "Probe" in text_of(found, "html")


ATOMS = st.lists(st.text("az09!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=12), min_size=1, max_size=4).map(".".join)
LABELS = st.lists(st.text("azAZ09-", min_size=1, max_size=12), min_size=1, max_size=4).map(".".join)


@given(local=ATOMS, domain=LABELS)
def test_every_address_that_is_taken_can_be_written_to(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    assert relay.ADDRESS.fullmatch(address)
    assert [one.addr_spec for one in written(job(target=address))["To"].addresses] == [address]


@pytest.mark.parametrize(
    "address", ["a..b@x.de", ".a@x.de", "a@", "@x.de", "a@x..de", "a b@x.de", "a@x.de\n", f"{'a' * 65}@x.de"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert relay.ADDRESS.fullmatch(address) is None


def test_one_message_id_per_alert_and_receiver() -> None:
    def identity(one: Job) -> str:
        return str(written(one)["Message-ID"]).strip()  # a long one stands on a line of its own

    assert identity(job()) == identity(job(attempt=7, uid=UUID(int=9), id=9))
    assert identity(job()) == identity(job(target=RECEIVER.upper()))  # a second subscription of the same receiver
    assert identity(job()) != identity(job(target=f"x{RECEIVER}"))
    assert identity(job()) != identity(job(alert=replace(alert(), uid=UUID(int=7))))
    assert identity(job()).startswith("<6f2d7c52-3f0b-4b55-9a51-0d4dfb9f3a01.")
    assert identity(job()).endswith("@hamburg.example>")


HOSTILE = (
    "x\r\nBcc: all@example.org",
    "x\n\n<script>alert(1)</script>",
    "=?utf-8?q?x=0D=0ABcc:_all=40example.org?=",
    "= ?utf-8?q?x=0D=0ABcc:_all=40example.org?=",
    "=\u200b?utf-8?q?x=0D=0ABcc:_all=40example.org?=",
    "=" + "x" * 60 + "=?us-ascii?b?DQpCY2M6IGFsbEBleGFtcGxlLm9yZw==?=",
    "{title}{0.__class__}%s",
    "\u2028Bcc: all@example.org\u202e",
    '"><img src=x onerror=alert(1)>',
    "\ud800",
)


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_texts_stay_text(said: str) -> None:
    for one in (alert(Kind.PLEDGE_INSECURE, said), alert(before=said, district=said)):
        found = written(job(alert=one))
        assert found["Bcc"] is None
        assert sorted(found.keys()) == sorted(written(job()).keys())
        assert "\n" not in found["Subject"]
        html = text_of(found, "html")
        assert "<script" not in html
        assert "<img" not in html


WORDS = st.sampled_from(
    ["=?", "?=", "utf-8", "?q?", "?b?", "=0D=0A", "Bcc: x@y.de", " ", "DQpCY2M6IGFsbEBleGFtcGxlLm9yZw=="]
)


@given(said=st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=12).map("".join)))
def test_no_text_adds_a_header(said: str) -> None:
    found = written(job(alert=alert(Kind.PLEDGE_INSECURE, said, district=said)))
    assert sorted(found.keys()) == sorted(written(job()).keys())
    assert str(found["To"]) == RECEIVER


@dataclass
class House:
    """A mail server's handler: what it answers to RCPT and to the message, what it has got."""

    to_rcpt: str = "250 OK"
    to_data: str = "250 OK"
    got: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, _: Any) -> str:  # noqa: N802
        if self.to_rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_rcpt

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data.startswith("2"):
            self.got.append(envelope)
        return self.to_data


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def mailing(house: House, **options: Any) -> AsyncIterator[int]:
    """A mail server for the length of the block; gives its port. `whole`: TLS from the first byte."""
    whole = options.pop("whole", None)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(house, hostname="mail.example", **options), "127.0.0.1", 0, ssl=whole
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def saying(serve: Serve) -> AsyncIterator[int]:
    """Something on a port that is no mail server, or a bad one."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def setup(port: int, scheme: str = "smtp+plain", login: str = "", host: str = "localhost", **more: Any) -> Settings:
    return Settings(smtp_url=SecretStr(f"{scheme}://{login}{host}:{port}"), mail_from=SENDER, **more)


def hand_over(house: House, total_s: float = 5.0, **options: Any) -> Sent:
    """One attempt at a house without TLS."""

    async def attempt() -> Sent:
        async with mailing(house, **options) as port:
            return await smtp.sender(setup(port), total_s)(job(), AT)

    return asyncio.run(attempt())


def test_what_is_taken_is_delivered_to_the_one_receiver() -> None:
    house = House()
    assert hand_over(house) == Sent(True, status=250)
    (envelope,) = house.got
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [RECEIVER])
    found = email.message_from_bytes(envelope.original_content, policy=default)  # type: ignore[arg-type]
    assert found["Subject"].startswith("[Flächenreserve, kritisch]")


@pytest.mark.parametrize("where", ["to_rcpt", "to_data"])
@pytest.mark.parametrize(("said", "final"), [("451 later", False), ("421 busy", False), ("550 no such user", True)])
def test_4xx_is_tried_again_and_5xx_given_up(where: str, said: str, final: bool) -> None:
    found = hand_over(House(**{where: said}))
    code, _, words = said.partition(" ")
    assert found == Sent(False, status=int(code), failure="status", excerpt=words, final=final)


def test_a_login_that_is_wanted_or_fails_is_for_the_operator_to_mend() -> None:
    assert hand_over(House(to_rcpt="530 5.7.0 Authentication required")).final is False

    async def refused() -> Sent:
        def judge(*_: Any) -> AuthResult:
            return AuthResult(success=False, handled=False)

        async with mailing(House(), authenticator=judge, auth_require_tls=False) as port:
            return await smtp.sender(setup(port, login="us:secret@"), 5)(job(), AT)

    found = asyncio.run(refused())
    assert (found.delivered, found.status, found.final) == (False, 535, False)


def test_login_over_starttls(trusted: Authority) -> None:
    house, seen = House(), []

    def judge(server: Any, session: Session, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        seen.append((session.ssl is not None, data))
        return AuthResult(success=True)

    async def attempt() -> Sent:
        async with mailing(house, authenticator=judge, tls_context=trusted.context, require_starttls=True) as port:
            setting = setup(port, "smtp", "user%40x:p%3Aw@", smtp_ca_file=trusted.file)
            return await smtp.sender(setting, 5)(job(), AT)

    assert asyncio.run(attempt()).delivered
    assert seen == [(True, LoginPassword(b"user@x", b"p:w"))]


def test_tls_from_the_first_byte(trusted: Authority) -> None:
    async def attempt() -> Sent:
        async with mailing(House(), whole=trusted.context) as port:
            return await smtp.sender(setup(port, "smtps", smtp_ca_file=trusted.file), 5)(job(), AT)

    assert asyncio.run(attempt()).delivered


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_does_not_hold_gets_nothing(trusted: Authority, scheme: str) -> None:
    house = House()

    async def attempt(**more: Any) -> Sent:
        options: dict[str, Any] = {"whole": trusted.context} if scheme == "smtps" else {"tls_context": trusted.context}
        async with mailing(house, **options) as port:
            return await smtp.sender(setup(port, scheme, **more), 5)(job(), AT)

    unknown = asyncio.run(attempt())
    assert (unknown.delivered, unknown.failure, unknown.final) == (False, "mail-server", False)
    other = asyncio.run(attempt(host="localhost.localdomain", smtp_ca_file=trusted.file))
    assert not other.delivered
    assert house.got == []


def test_a_server_without_starttls_gets_nothing() -> None:
    house = House()

    async def attempt() -> Sent:
        async with mailing(house) as port:
            return await smtp.sender(setup(port, "smtp", "user:secret@"), 5)(job(), AT)

    assert asyncio.run(attempt()) == Sent(False, failure="mail-server")
    assert house.got == []


async def hangs(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drops(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"220-" + b"x" * 2000:
        writer.write(bytes((byte,)))
        await asyncio.sleep(0.05)


async def floods(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"220-" + b"x" * 4000 + b"\r\n")
        await writer.drain()


async def nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 \xff\x00\r\n\r\n")
    await writer.drain()


async def greets_with_521(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"521 no mail here\r\n")
    await writer.drain()


@pytest.mark.parametrize("serve", [hangs, drops, drips, floods, nonsense, greets_with_521])
def test_whatever_is_no_mail_server_is_tried_again(serve: Serve) -> None:
    async def attempt() -> Sent:
        async with saying(serve) as port, asyncio.timeout(20):
            return await smtp.sender(setup(port), 1.0)(job(), AT)

    found = asyncio.run(attempt())
    assert (found.delivered, found.final) == (False, False)
    assert found.failure == "mail-server"


def test_a_server_that_hangs_after_the_message_is_left() -> None:
    class Slow(House):
        async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
            await asyncio.sleep(60)
            return "250 OK"

    assert hand_over(Slow(), total_s=1.0) == Sent(False, failure="mail-server")


def test_nobody_listens() -> None:
    assert asyncio.run(smtp.sender(setup(1), 5)(job(), AT)) == Sent(False, failure="mail-server")


def test_without_a_mail_server_it_is_said() -> None:
    found = asyncio.run(smtp.sender(Settings(smtp_url=None, mail_from=None), 5)(job(), AT))
    assert found == Sent(False, failure="mail-not-set-up")
    with pytest.raises(ValueRefusedError, match="sends no e-mail"):
        subscribing.check(Settings(smtp_url=None), Order("email", RECEIVER))


def test_end_to_end_with_a_mail_server_that_comes_back(post: Post) -> None:
    """A house that is busy at first; an unknown user is given up at once, and shows why."""
    house = House(to_data="451 later")

    async def round_of(settings: Settings) -> None:
        desk = Desk(post.engine)
        try:
            await courier.one_round(desk, {"email": smtp.sender(settings, 5)}, lambda: post.now, lambda: 0.5)
        finally:
            await desk.close()

    async def story() -> None:
        async with mailing(house) as port:
            more = {name: getattr(post.settings, name) for name in ("database_url", "home", "secret_key")}
            settings = setup(port, **more)
            with post.session() as session:
                made = subscribing.create(
                    session, settings, Order("email", RECEIVER), "token", "test", post.now, "test"
                )
                session.commit()
            first = post.alert("1")
            await round_of(settings)
            assert (post.one(made).state, post.one(made).last_status) == ("pending", 451)
            house.to_data = "250 OK"
            post.later(seconds=7)
            await round_of(settings)
            assert post.one(made).state == "delivered"
            assert first in str(house.got[0].original_content)
            house.to_rcpt = "550 5.1.1 no such user"
            post.alert("2")
            await round_of(settings)
            newest = post.sent(made)[0]
            assert (newest.state, newest.last_status, newest.excerpt) == ("given_up", 550, "5.1.1 no such user")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://mail.example", relay.Server("mail.example", 587, "start", None, None)),
        ("smtps://a%40b:c%2Fd@mail.example:4465", relay.Server("mail.example", 4465, "whole", "a@b", "c/d")),
        ("smtp+plain://u:p@localhost", relay.Server("localhost", 25, "none", "u", "p")),
        ("smtp+plain://mail.example", relay.Server("mail.example", 25, "none", None, None)),
    ],
)
def test_addresses_of_mail_servers(url: str, found: relay.Server) -> None:
    assert relay.server(url) == found
    assert "p" not in repr(found).partition("user=")[2].replace("'u'", "")


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x", "smtp://mail.example/x"),
        *("smtp://mail.example?tls=no", "smtp://user@mail.example", "smtp+plain://u:p@mail.example"),
    ],
)
def test_what_is_no_mail_server_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(smtp_url=SecretStr(url))
    assert "u:p" not in str(refused.value)


@pytest.mark.parametrize("address", ["x", "a@b\r\nBcc: c@d", "Land <a@b.de>", "ä@b.de", "a@b.de,c@d.de"])
def test_a_sender_is_one_plain_address(address: str) -> None:
    with pytest.raises(ValidationError):
        Settings(mail_from=address)
