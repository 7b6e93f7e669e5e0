"""From the alert to its receivers: once to each that wants it, tried as long as it takes, under one id, signed."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cryptography.fernet import Fernet
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from app import clock, subscribing
from app.delivery import courier, schedule, webhook
from app.delivery.courier import watch
from app.settings import SettingsError
from parcels import deliveries, delivering, subscriptions, undelivered
from rules.alerts import Kind, Severity
from tests.delivery import receiver as behaviours
from tests.delivery.conftest import START, Post
from tests.delivery.receiver import Authority, Got, Receiver, answers, receiving


def verified(secret: str | None, got: Got) -> bool:
    """Whether the library of Standard Webhooks takes a message; its clock is the machine's, so the instant is not judged here."""
    assert secret is not None
    checked = Webhook(secret)
    at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    mine = checked.sign(got.id, at, got.body.decode())
    return mine in got.headers["webhook-signature"].split(" ")


def test_an_alert_reaches_its_receiver_once(post: Post, receiver: Receiver) -> None:
    hook = post.subscribe(receiver.url("/a?b=c"))
    uid = post.alert(net_ha="99.5", district="Nord")
    assert post.round() == 1
    with post.session() as session:
        assert subscriptions.counts(session) == {"taking": 1, "failing": 0, "disabled": 0, "unconfirmed": 0}
    assert post.round() == 0
    (got,) = receiver.got
    assert (got.id, got.path, got.headers["host"]) == (uid, "/a?b=c", f"localhost:{receiver.port}")
    assert verified(hook.secret, got)
    assert not verified(post.subscribe(receiver.url("/other")).secret, got)
    sent = post.one(hook)
    assert (str(sent.alert), sent.state, sent.attempts, sent.last_status, sent.finished_at) == (
        uid,
        "delivered",
        1,
        204,
        START,
    )


def test_the_body_is_a_cloud_event(post: Post, receiver: Receiver) -> None:
    post.subscribe(receiver.url())
    facts = {"net_ha": "99.5", "target_ha": "100", "site": "Möwenhöft"}
    uid = post.alert(kind=Kind.BELOW, severity=Severity.CRITICAL, **facts)
    post.round()
    (got,) = receiver.got
    event = from_structured(HTTPMessage(got.headers, got.body), JSONFormat())
    assert (event.get_id(), event.get_type(), event.get_subject()) == (uid, "de.hamburg.landreserve.alert.below", "net")
    assert (event.get_source(), event.get_time()) == ("/api/alerts", START)
    assert event.get_data() == {
        **{"alert": uid, "kind": "below", "severity": "critical", "subject": "net", "on": "2026-11-22"},
        **{"raised_at": "2026-11-22T12:00:00Z", "recording": None, "facts": facts},
        "message": {
            "de": {
                "title": "Unter dem Ziel: Reserve (netto) bei 99,5 ha",
                "sentence": "Die Reserve (netto) liegt am 22. November 2026 bei 99,5 ha, unter dem Ziel von 100 ha. "
                "Es fehlen 0,5 ha.",
            },
            "en": {
                "title": "Below target: reserve (net) at 99.5 ha",
                "sentence": "The reserve (net) stands at 99.5 ha on 22 November 2026, below the target of 100 ha. "
                "0.5 ha are missing.",
            },
        },
    }


def test_who_wants_what(post: Post, receiver: Receiver) -> None:
    wanted = {
        "all": {},
        "below": {"kinds": ("below", "near")},
        "free": {"series": ("free",)},
        "nord": {"districts": ("Nord",)},
        "grave": {"least": Severity.CRITICAL},
    }
    hooks = {name: post.subscribe(receiver.url(f"/{name}"), **order) for name, order in wanted.items()}
    net = post.alert("net", Kind.BELOW, Severity.CRITICAL)
    free = post.alert("free", Kind.BELOW, Severity.WARNING)
    nord = post.alert("case 1", Kind.DEADLINE_NEAR, Severity.WARNING, district="Nord")
    south = post.alert("case 2", Kind.DEADLINE_NEAR, Severity.INFORMATION, district="Süd")
    while post.round():
        pass
    got = {name: {one.id for one in receiver.got if one.path == f"/{name}"} for name in hooks}
    assert got == {
        "all": {net, free, nord, south},
        "below": {net, free},
        "free": {free, nord, south},
        "nord": {net, free, nord},
        "grave": {net},
    }


def test_later_subscribers_are_not_told_what_was_handed_out_before(post: Post, receiver: Receiver) -> None:
    post.alert("1")
    post.round()
    late = post.subscribe(receiver.url())
    uid = post.alert("2")
    post.round()
    assert [str(one.alert) for one in post.sent(late)] == [uid]


def test_it_is_tried_for_eighty_hours_at_the_times_of_the_schedule(post: Post, receiver: Receiver) -> None:
    """A clock that is set by hand: every attempt lies where the schedule says, one id over all, a new timestamp each."""
    receiver.behave = answers(500, b"out of order")
    hook = post.subscribe(receiver.url())
    uid = post.alert()
    times = []
    chances = [0.0, 1.0, 0.25, 0.5, 0.75, 0.1, 0.9, 0.3, 0.6, 0.5]
    while post.now < START + timedelta(hours=95):
        post.chance = chances[min(len(times), 9)]
        if post.round():
            times.append(post.now)
        found = post.one(hook)
        if found.state != "pending":
            break
        assert post.round() == 0
        post.now = found.due_at - timedelta(microseconds=1)
        assert post.round() == 0
        post.now = found.due_at
    gaps = [later - before for before, later in pairwise(times)]
    assert gaps == [delay * (0.8 + 0.4 * chance) for delay, chance in zip(schedule.DELAYS[1:], chances, strict=False)]
    assert {got.id for got in receiver.got} == {uid}
    assert [int(got.headers["webhook-timestamp"]) for got in receiver.got] == [int(at.timestamp()) for at in times]
    assert len({got.body for got in receiver.got}) == 1
    assert all(verified(hook.secret, got) for got in receiver.got)
    end = post.one(hook)
    assert (end.state, end.attempts, end.last_status, end.excerpt, len(times)) == (
        "given_up",
        10,
        500,
        "out of order",
        10,
    )
    with post.session() as session:
        assert subscriptions.find(session, hook.id, None).disabled_at is None


def test_it_comes_back_and_gets_everything(post: Post, trusted: Authority, receiver: Receiver) -> None:
    with receiving(trusted) as other:
        port = other.port
    post.settings = post.settings.model_copy(update={"webhook_allowed_ports": frozenset({port})})
    hook = post.subscribe(f"https://localhost:{port}/hook")
    uids = {post.alert(str(n)) for n in range(3)}
    while post.round():
        pass
    assert {one.last_failure for one in post.sent(hook)} == {"no-answer"}
    post.later(minutes=10)
    with receiving(trusted, port) as back:
        while post.round():
            pass
        assert back.counts() == dict.fromkeys(uids, 1)
    assert {one.state for one in post.sent(hook)} == {"delivered"}


@pytest.mark.parametrize(
    ("behaviour", "status", "failure"),
    [
        (answers(500), 500, "status"),
        (answers(404, b"nothing here"), 404, "status"),
        (answers(307, Location="https://localhost/elsewhere"), 307, "status"),
        (answers(301, Location="http://127.0.0.1/"), 301, "status"),
        (answers(500, b"\x1f\x8b" * 50, Content_Encoding="gzip"), 500, "status"),
        (behaviours.hangs, None, "no-answer"),
        (behaviours.drips, None, "no-answer"),
        (behaviours.drips_body, 500, "status"),
        (behaviours.floods, None, "no-answer"),
        (behaviours.big_body, 500, "status"),
        (behaviours.resets, None, "no-answer"),
        (behaviours.nonsense, None, "no-answer"),
    ],
    ids=["500", "404", "307", "301", "gzip", "hang", "drip", "drip-body", "flood", "big", "reset", "nonsense"],
)
def test_whatever_a_receiver_does_it_is_called_once_and_tried_again(
    post: Post, receiver: Receiver, behaviour: behaviours.Behave, status: int | None, failure: str
) -> None:
    receiver.behave = behaviour
    hook = post.subscribe(receiver.url())
    post.alert()
    assert post.round() == 1
    found = post.one(hook)
    assert (found.state, found.attempts, found.last_status, found.last_failure) == ("pending", 1, status, failure)
    assert found.due_at == START + timedelta(seconds=5)
    assert found.excerpt is None or len(found.excerpt) <= 200
    assert receiver.connections == 1
    assert receiver.got[0].written < 100_000_000  # an endless answer: what it wrote until it saw that nobody reads
    receiver.behave = answers(200, b"x" * 100_000)
    post.later(seconds=6)
    post.round()
    assert post.one(hook).state == "delivered"


def test_a_certificate_that_is_not_trusted_or_for_another_name_is_no_receiver(post: Post, receiver: Receiver) -> None:
    post.alert("before anybody wants it")
    post.round()
    post.settings = post.settings.model_copy(update={"webhook_ca_file": None})
    hook = post.subscribe(receiver.url())
    post.alert()
    post.round()
    assert (post.one(hook).last_failure, receiver.got) == ("no-answer", [])


def test_too_many_requests_are_waited_for_up_to_a_day(post: Post, receiver: Receiver) -> None:
    for said, wait in (("600", timedelta(minutes=10)), ("9999999", timedelta(hours=24)), ("1", timedelta(seconds=5))):
        receiver.behave = answers(429, Retry_After=said)
        hook = post.subscribe(receiver.url())
        post.alert(said)
        post.round()
        assert next(one.due_at - post.now for one in post.sent(hook)) == wait
        with post.session() as session:
            subscriptions.delete(session, subscriptions.find(session, hook.id, None), post.now)
            session.commit()


def test_a_receiver_that_is_gone_is_disabled_and_the_rest_cancelled(post: Post, receiver: Receiver) -> None:
    receiver.behave = answers(410)
    hook = post.subscribe(receiver.url())
    for n in range(5):
        post.alert(str(n))
    post.round()
    with post.session() as session:
        assert subscriptions.find(session, hook.id, None).disabled_reason == "gone"
        assert subscriptions.counts(session) == {"taking": 0, "failing": 0, "disabled": 1, "unconfirmed": 0}
        assert undelivered.waiting_since(session) is None
    assert {one.state for one in post.sent(hook)} <= {"given_up", "cancelled"}
    post.alert("later")
    post.later(hours=1)
    assert post.round() == 0
    assert len(receiver.got) <= delivering.AT_ONCE


def test_what_is_sent_again_to_a_disabled_receiver_says_that_it_is_held_until_that_is_enabled(
    post: Post, receiver: Receiver
) -> None:
    receiver.behave = answers(410)
    hook = post.subscribe(receiver.url())
    uid = post.alert()
    post.round()
    receiver.behave = answers(204)
    with post.session() as session:
        again = deliveries.replay(session, post.one(hook).uid, "token", post.now)
        assert (again.state, again.held, subscribing.delivery(again).due_at) == ("pending", True, None)
        session.commit()
    assert post.round() == 0
    with post.session() as session:
        subscriptions.enable(session, subscriptions.find(session, hook.id, None))
        session.commit()
    waiting = post.one(hook)
    assert (waiting.held, subscribing.delivery(waiting).due_at) == (False, post.now)
    post.round()
    assert (post.one(hook).state, receiver.counts()[uid]) == ("delivered", 2)


def test_five_failing_days_disable_and_one_success_begins_anew(post: Post, receiver: Receiver) -> None:
    receiver.behave = answers(500)
    hook = post.subscribe(receiver.url())

    def a_day() -> None:
        post.alert(str(post.now))
        for _ in range(3):
            while post.round():
                pass
            post.later(hours=8)

    for _ in range(4):
        a_day()
    receiver.behave = answers(200)
    a_day()
    receiver.behave = answers(500)
    for _ in range(5):
        a_day()
        with post.session() as session:
            assert subscriptions.find(session, hook.id, None).disabled_at is None
    a_day()
    with post.session() as session:
        found = subscriptions.find(session, hook.id, None)
        assert found.disabled_reason == "failing"
        subscriptions.enable(session, found)
        session.commit()
    receiver.behave = answers(200)
    uid = post.alert("again")
    post.round()
    assert receiver.got[-1].id == uid


def test_for_a_day_both_secrets_sign(post: Post, receiver: Receiver) -> None:
    hook = post.subscribe(receiver.url())
    with post.session() as session:
        renewed = subscribing.rotate(session, post.settings, hook.id, None, post.now)
        session.commit()
    assert renewed.secret != hook.secret
    for n, (hours, both) in enumerate(((23.9, True), (0.2, False))):
        post.later(hours=hours)
        post.alert(str(n))
        post.round()
        got = receiver.got[-1]
        assert verified(renewed.secret, got)
        assert verified(hook.secret, got) is both
        assert len(got.headers["webhook-signature"].split(" ")) == 1 + both


def test_the_library_of_standard_webhooks_takes_it_now_and_refuses_what_was_changed(
    post: Post, receiver: Receiver
) -> None:
    hook = post.subscribe(receiver.url())
    post.now = clock.now()
    post.alert()
    post.round()
    (got,) = receiver.got
    assert hook.secret is not None
    checked = Webhook(hook.secret)
    assert checked.verify(got.body.decode(), got.headers)["id"] == got.id
    for headers, body in (
        (got.headers, got.body.decode() + " "),
        ({**got.headers, "webhook-id": "another"}, got.body.decode()),
        ({**got.headers, "webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 400)}, got.body.decode()),
    ):
        with pytest.raises(WebhookVerificationError):
            checked.verify(body, headers)


def test_what_was_given_up_is_sent_again_by_hand_under_the_same_id(post: Post, receiver: Receiver) -> None:
    hook = post.subscribe(receiver.url())
    uid = post.alert()
    post.round()
    with post.session() as session:
        again = deliveries.replay(session, post.one(hook).uid, "token", post.now)
        with pytest.raises(deliveries.DeliveryUnknownError):
            deliveries.replay(session, again.uid, "somebody else", post.now)
        session.commit()
    post.round()
    assert [got.id for got in receiver.got] == [uid, uid]
    assert post.one(hook).attempts == 1


def test_one_that_hangs_does_not_hold_others_up(post: Post, receiver: Receiver) -> None:
    """Twenty alerts to one that hangs for ten minutes and one that does not: the second has all while the first has two."""
    receiver.by_path["/slow"] = behaviours.hangs
    slow, quick = post.subscribe(receiver.url("/slow")), post.subscribe(receiver.url("/quick"))
    for n in range(20):
        post.alert(str(n))
    post.total_s = 600
    assert _run_for(post, lambda: [one.state for one in post.sent(quick)] == ["delivered"] * 20)
    assert len([got for got in receiver.got if got.path == "/slow"]) == delivering.AT_ONCE
    assert [one.state for one in post.sent(slow)] == ["pending"] * 20


def test_telling_the_operator_holds_nobody_up(post: Post, receiver: Receiver) -> None:
    """However long the mail server takes."""
    hook, begun, delivered = post.subscribe(receiver.url()), threading.Event(), threading.Event()
    found: list[bool] = []

    def tell(_: datetime) -> None:
        begun.set()
        found.append(delivered.wait(60))

    def enough() -> bool:
        if begun.is_set() and not post.sent(hook):
            post.alert()
        if [one.state for one in post.sent(hook)] == ["delivered"]:
            delivered.set()
        return bool(found)

    assert _run_for(post, enough, tell=tell)
    assert found == [True]


def _run_for(
    post: Post, enough: Callable[[], bool], most_s: float = 90, tell: Callable[[datetime], None] | None = None
) -> bool:
    """A live courier until it is enough; whether it came to that, long before an attempt of ten minutes is over."""

    async def run() -> bool:
        stop = asyncio.Event()
        senders = {"webhook": webhook.sender(post.settings, total_s=post.total_s)}
        task = asyncio.create_task(courier.run(post.engine, senders, stop, lambda: post.now, tell=tell))
        deadline = time.monotonic() + most_s
        while not (done := await asyncio.to_thread(enough)) and time.monotonic() < deadline:  # noqa: ASYNC110 (another thread is waited for)
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return done

    return asyncio.run(run())


def test_the_watch_tells_of_what_nobody_attends_to(
    post: Post, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.behave = answers(500)
    post.subscribe(receiver.url())
    post.alert()
    post.later(minutes=14)
    assert watch(post.engine, post.now) is None
    post.later(minutes=2)
    assert watch(post.engine, post.now) == START
    assert "nobody delivers it" in caplog.text
    post.round()
    assert watch(post.engine, post.now) is None  # it is being retried
    with post.session() as session:
        assert subscriptions.counts(session) == {"taking": 0, "failing": 1, "disabled": 0, "unconfirmed": 0}
        assert undelivered.waiting_since(session) == START + timedelta(minutes=16)
    due = post.now + timedelta(seconds=5)
    post.later(minutes=16)
    assert watch(post.engine, post.now) == due


def test_another_key_is_our_fault_and_not_the_receiver_s(
    post: Post, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    hook = post.subscribe(receiver.url())
    post.alert()
    right = post.settings
    post.settings = right.model_copy(update={"secret_key": SecretStr(Fernet.generate_key().decode())})
    post.round()
    assert (post.one(hook).state, post.one(hook).last_failure, receiver.got) == ("pending", "fault", [])
    assert "another key" in caplog.text
    with post.session() as session:
        assert subscriptions.find(session, hook.id, None).failing_since is None
        assert undelivered.at_fault(session)
    assert right.secret_key is not None
    both = f"{Fernet.generate_key().decode()},{right.secret_key.get_secret_value()}"
    post.settings = right.model_copy(update={"secret_key": SecretStr(both)})
    post.later(seconds=6)
    post.round()
    assert verified(hook.secret, receiver.got[0])
    with post.session() as session:
        assert not undelivered.at_fault(session)


def test_authorities_that_cannot_be_read_are_told_by_name(post: Post, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for file in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        with pytest.raises(SettingsError, match="LANDRESERVE_WEBHOOK_CA_FILE"):
            webhook.sender(post.settings.model_copy(update={"webhook_ca_file": file}))
