"""The operator is told of what fails: each finding once, by whichever worker, and again only when it is found anew."""

from __future__ import annotations

import asyncio
import email
import re
from collections.abc import Callable
from datetime import datetime
from email.policy import default
from typing import Any

import pytest

from app.delivery import courier, operator
from app.delivery.webhook import Send, Sent
from app.settings import Settings
from parcels import deliveries, operator_mail, subscriptions
from parcels.delivering import Job, Limits
from tests.delivery.conftest import START, Post
from tests.delivery.test_confirmation import rounds, subscribe
from tests.delivery.test_mail import BASE, House, mailing, setup

OPERATOR = "betrieb@hamburg.example"


def told(house: House) -> tuple[str, str]:
    """Subject and text of the newest mail."""
    assert house.got[-1].rcpt_tos == [OPERATOR]
    found = email.message_from_bytes(house.got[-1].original_content, policy=default)  # type: ignore[arg-type]
    return found["Subject"], str(found.get_body(("plain",)).get_content())  # type: ignore[attr-defined]


def with_mail(house: House, work: Callable[[Settings], None]) -> None:
    async def run() -> None:
        async with mailing(house) as port:
            settings = setup(port, public_url=BASE, operator_mail=OPERATOR)
            await asyncio.to_thread(work, settings)

    asyncio.run(run())


def answering(**said: Any) -> Send:
    async def send(_: Job, __: datetime) -> Sent:
        return Sent(**said)

    return send


def teller(post: Post, settings: Settings) -> Callable[[], bool]:
    """A worker's, as it is made when that starts."""
    tell = operator.teller(post.engine, settings)
    assert tell is not None
    return lambda: tell(post.now)


def test_what_was_given_up_and_who_was_disabled_is_told_once(post: Post) -> None:
    house = House(to_data="451 later")

    def work(settings: Settings) -> None:
        tell = teller(post, settings)
        assert not tell()
        (port,) = post.settings.webhook_allowed_ports
        hook = post.subscribe(f"https://receiver.example:{port}/secret-path")
        mail = subscribe(post, settings, vouched="test")
        post.alert("1")
        rounds(post, answering(delivered=False, status=410, gone=True), channel="webhook")
        rounds(post, answering(delivered=False, status=550, failure="status", final=True))
        post.later(minutes=1)
        assert not tell()  # the mail server does not take it
        house.to_data = "250 OK"
        assert tell()
        (subject, text), (lost,) = told(house), post.sent(mail)
        assert subject == "[Flächenreserve] Es wird nicht zugestellt / Deliveries fail"
        assert f"Wieder einschalten: landreserve subscriptions enable {hook.id}" in text
        assert f"Enable it again: landreserve subscriptions enable {hook.id}" in text
        assert f"landreserve subscriptions replay {lost.uid}" in text
        assert f"{BASE}/alerts/receivers" in text
        assert not re.search("receiver.example|secret|wirtschaft|whsec", text)
        for again in (tell, teller(post, settings)):
            post.later(minutes=5)
            assert not again()
        assert len(house.got) == 1

        with post.session() as session:
            deliveries.replay(session, lost.uid, None, post.now)
            session.commit()
        rounds(post, answering(delivered=False, status=550, failure="status", final=True))
        assert tell()
        assert str(lost.uid) in told(house)[1]
        assert str(hook.id) not in told(house)[1]
        with post.session() as session:
            subscriptions.enable(session, subscriptions.find(session, hook.id, None))
            session.commit()
        post.later(minutes=1)
        post.alert("2")
        rounds(post, answering(delivered=False, status=410, gone=True), channel="webhook")
        assert tell()
        assert str(hook.id) in told(house)[1]

    with_mail(house, work)


def test_an_alert_that_nobody_delivers_is_told_once_until_it_is_delivered(post: Post) -> None:
    house = House()

    def work(settings: Settings) -> None:
        tell = teller(post, settings)
        for _ in range(2):
            raised = post.now
            post.alert(str(raised))
            post.now = raised + courier.LATE
            assert not tell()
            post.later(microseconds=1)
            assert tell()
            assert "und niemand stellt sie zu" in told(house)[1]
            assert "and nobody delivers it" in told(house)[1]
            post.alert(f"{raised} more")
            post.later(hours=1)
            assert not tell()
            rounds(post, answering(delivered=True))
            assert not tell()
        assert len(house.got) == 2

    with_mail(house, work)


def test_one_of_several_workers_tells(post: Post) -> None:
    house = House()

    def work(settings: Settings) -> None:
        post.alert()
        post.later(minutes=16)
        tell = teller(post, settings)
        with post.session() as other:
            found = operator_mail.findings(other, post.now, courier.LATE)
            assert found is not None
            assert found.unattended_since == START
            assert not tell()
        assert tell()  # the other died before it had noted anything
        assert len(house.got) == 1

    with_mail(house, work)


def test_many_findings_are_one_mail_that_has_an_end(post: Post) -> None:
    house = House()

    def work(settings: Settings) -> None:
        mail = subscribe(post, settings, vouched="test")
        for number in range(operator.SHOWN + 3):
            post.alert(str(number))
        rounds(post, answering(delivered=False, status=550, failure="status", final=True), Limits(100))
        assert len(post.sent(mail)) == operator.SHOWN + 3
        assert teller(post, settings)()
        assert told(house)[1].count("landreserve subscriptions replay") == 2 * operator.SHOWN
        assert "weitere Zustellungen aufgegeben: 3." in told(house)[1]
        assert not teller(post, settings)()

    with_mail(house, work)


def test_without_an_operator_or_a_mail_server_nobody_is_told(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    assert operator.teller(post.engine, setup(25)) is None
    assert caplog.records == []
    assert operator.teller(post.engine, Settings(operator_mail=OPERATOR)) is None
    assert "nobody is told" in caplog.text
