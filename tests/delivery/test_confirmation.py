"""An e-mail address is told nothing until its owner has confirmed it; and no more mails an hour than it may get."""

from __future__ import annotations

import asyncio
import email
import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.policy import default

import pytest
from sqlalchemy import text

from app import subscribing
from app.delivery import courier, smtp
from app.delivery.desk import Desk
from app.delivery.webhook import Send, Sent
from app.schemas.subscriptions import SubscriptionSecretOut
from app.settings import Settings
from parcels import confirmations, mail_cap, subscriptions, undelivered
from parcels.confirmations import CodeUnknownError
from parcels.deliveries import Delivery
from parcels.delivering import Job, Limits
from parcels.edits import ValueRefusedError
from parcels.subscriptions import Order
from rules.alerts import Kind, Severity
from tests.delivery.conftest import START, Post
from tests.delivery.test_mail import BASE, RECEIVER, House, mailing, setup

WEEK = timedelta(days=7)


def subscribe(
    post: Post, settings: Settings, target: str = RECEIVER, vouched: str | None = None
) -> SubscriptionSecretOut:
    with post.session() as session:
        made = subscribing.create(session, settings, Order("email", target), "token", "test", post.now, vouched)
        session.commit()
    return made


def rounds(post: Post, send: Send, limits: Limits | None = None, channel: str = "email") -> int:
    """Send until nothing is due; gives how many those were."""

    async def run() -> int:
        desk, total = Desk(post.engine, limits or Limits()), 0
        try:
            while done := await courier.one_round(desk, {channel: send}, lambda: post.now, lambda: 0.5):
                total += done
        finally:
            await desk.close()
        return total

    return asyncio.run(run())


def test_only_the_question_is_sent_until_its_code_comes_back(post: Post) -> None:
    house = House()

    async def story(work: Callable[[Settings], None]) -> None:
        async with mailing(house) as port:
            settings = setup(port, public_url=BASE)
            await asyncio.to_thread(work, settings)

    def work(settings: Settings) -> None:
        send = smtp.sender(settings, 5)
        made = subscribe(post, settings)
        assert made.confirmed_at is None
        post.alert("1")
        assert rounds(post, send) == 1
        with post.session() as session:
            assert subscriptions.counts(session) == {"taking": 0, "failing": 0, "disabled": 0, "unconfirmed": 1}
        with post.session() as session, pytest.raises(ValueRefusedError, match="not confirmed yet"):
            subscribing.send_test(session, made.id, None, post.now)
        (question,) = post.sent(made)
        assert (question.purpose, question.state) == ("confirmation", "delivered")
        code = code_of(house)
        assert post.rows("SELECT code_sha256 FROM subscription_code") == [(hashlib.sha256(code.encode()).digest(),)]
        with post.session() as session:
            confirmations.confirm(session, code, post.now)
            session.commit()
        post.alert("2")
        assert rounds(post, send) == 1
        assert [one.purpose for one in post.sent(made)] == [
            "alert",
            "confirmation",
        ]  # what was raised before is not told

    asyncio.run(story(work))
    assert len(house.got) == 2


def code_of(house: House) -> str:
    """The code in the newest mail, from its text."""
    message = email.message_from_bytes(house.got[-1].original_content, policy=default)  # type: ignore[arg-type]
    assert message["Subject"].endswith("Bitte bestätigen: Meldungen der Flächenreserve an diese Adresse")
    body = message.get_body(("plain",))  # type: ignore[attr-defined]
    (code,) = re.findall(rf"{BASE}/confirm/([\w-]{{43}})\?lang=de", body.get_content())
    return str(code)


@pytest.fixture
def asked() -> list[Job]:
    return []


@pytest.fixture
def taking(asked: list[Job]) -> Send:
    """Takes whatever it is handed."""

    async def send(job: Job, _: datetime) -> Sent:
        asked.append(job)
        return Sent(True)

    return send


MAILING = setup(25, public_url=BASE)


def test_a_link_holds_for_a_week_and_another_can_be_had(post: Post, taking: Send, asked: list[Job]) -> None:
    made = subscribe(post, MAILING)
    rounds(post, taking)
    with post.session() as session:
        subscribing.ask_again(session, made.id, "token", post.now)
        session.commit()
    post.later(days=1)
    rounds(post, taking)
    first, second = (job.question for job in asked)
    assert first
    assert second
    assert first.code != second.code
    assert (first.until, second.until) == (START + WEEK, START + timedelta(days=8))
    with post.session() as session:
        assert confirmations.find(session, first.code, first.until - timedelta(microseconds=1)).uid == made.id
        for code, at in ((first.code, first.until), ("x", START), ("x" * 101, START), ("", START), ("\ud800", START)):
            with pytest.raises(CodeUnknownError):
                confirmations.find(session, code, at)
        subscribing.ask_again(session, made.id, "token", post.now)
        confirmations.confirm(session, second.code, post.now)
        confirmations.confirm(session, second.code, post.now + timedelta(hours=1))
        found = subscriptions.find(session, made.id, "token")
        assert (found.confirmed_at, found.vouched_by) == (post.now, None)
        with pytest.raises(ValueRefusedError, match="nothing to confirm"):
            subscribing.ask_again(session, made.id, "token", post.now)
        subscriptions.delete(session, found, post.now)
        with pytest.raises(CodeUnknownError):
            confirmations.find(session, second.code, post.now)
        session.commit()
    assert rounds(post, taking) == 0  # the third question is not asked any more


def test_who_vouches_is_named_and_only_for_e_mail(post: Post, taking: Send) -> None:
    made = subscribe(post, setup(25), vouched="leitstelle")
    assert (made.vouched_by, made.confirmed_at) == ("leitstelle", START)
    post.alert()
    assert rounds(post, taking) == 1
    with pytest.raises(ValueRefusedError, match="own address"):
        subscribe(post, setup(25))
    order = Order("webhook", "https://example.org/")
    with post.session() as session, pytest.raises(ValueRefusedError, match="Only an e-mail address"):
        subscribing.create(session, MAILING, order, "token", "test", post.now, "leitstelle")


def states(sent: list[Delivery]) -> list[tuple[str, str | None]]:
    return sorted((one.state, one.last_failure) for one in sent)


def test_an_address_gets_so_many_mails_an_hour_and_none_is_lost(post: Post, taking: Send, asked: list[Job]) -> None:
    """Two subscriptions of one address share its room; tests count; the gravest go first, critical ones at once."""
    limits = Limits(mails_per_hour=3)
    one = subscribe(post, MAILING, vouched="test")
    other = subscribe(post, MAILING, RECEIVER.upper(), vouched="test")
    with post.session() as session:
        subscribing.send_test(session, one.id, "token", post.now)
        session.commit()
    post.later(minutes=1)
    post.alert("1", severity=Severity.INFORMATION)
    post.alert("2", severity=Severity.WARNING)
    assert rounds(post, taking, limits) == 3
    assert [job.alert.severity if job.alert else None for job in asked].count(Severity.WARNING) == 2
    assert {job.waiting for job in asked} == {2}
    waits = [found for to in (one, other) for found in post.sent(to) if found.state == "pending"]
    assert {(found.last_failure, found.due_at) for found in waits} == {(mail_cap.REACHED, post.now + mail_cap.HOUR)}
    with post.session() as session:
        assert undelivered.unattended_since(session, post.now) is None

    post.later(minutes=1)
    asked.clear()
    post.alert("net", Kind.BELOW, Severity.CRITICAL)
    assert rounds(post, taking, limits) == 2
    assert {job.alert.severity for job in asked if job.alert} == {Severity.CRITICAL}

    post.now = waits[0].due_at - timedelta(microseconds=1)
    assert rounds(post, taking, limits) == 0
    for _ in range(3):
        post.later(microseconds=1)
        rounds(post, taking, limits)
        post.later(minutes=20)
    everything = [found for to in (one, other) for found in post.sent(to)]
    assert states(everything) == [("delivered", None)] * 7


def test_a_replay_and_an_address_of_somebody_else_have_their_own_count(post: Post, taking: Send) -> None:
    limits = Limits(mails_per_hour=1)
    subscribe(post, MAILING, "other@hamburg.example", vouched="test")
    made = subscribe(post, MAILING, vouched="test")
    post.alert()
    assert rounds(post, taking, limits) == 2
    with post.session() as session:
        session.execute(
            text("UPDATE delivery SET state = 'pending', finished_at = NULL, due_at = :at"), {"at": post.now}
        )
        session.commit()
    assert rounds(post, taking, limits) == 0
    assert post.one(made).last_failure == mail_cap.REACHED
