"""Deliveries that ended long ago are deleted; what waits, and what nobody took or took note of, is not."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import text

from app.delivery import courier
from parcels import alerts, deliveries, delivery_retention, subscriptions, undelivered
from tests.delivery.conftest import START, Post
from tests.delivery.receiver import Receiver
from tests.faults.test_killed_worker import until

MOMENT = timedelta(microseconds=1)


def test_what_ended_is_kept_to_the_day_and_then_deleted_but_not_told_again(post: Post, receiver: Receiver) -> None:
    hook = post.subscribe(receiver.url())
    uid = UUID(post.alert())
    assert (post.round(), courier.forget(post.engine, START - MOMENT), len(post.sent(hook))) == (1, 0, 1)
    assert (courier.forget(post.engine, START), post.sent(hook)) == (1, [])
    assert (post.round(), len(receiver.got)) == (0, 1)
    with post.session() as session:
        assert alerts.find(session, uid).uid == uid
        assert undelivered.unattended_since(session, post.now) is None
        assert set(delivery_retention.counts(session).values()) == {0}
    post.engine.dispose()  # a connection hands its counts in at its end

    def forgotten() -> bool:
        with post.session() as session:
            return delivery_retention.forgotten(session) == 1

    until(forgotten, 20)


class Ended(NamedTuple):
    """How a delivery ended, what has happened to its alert and subscription, and whether it may go."""

    state: str
    goes: bool
    noted: bool = False
    unsubscribed: bool = False
    of_alert: bool = True


CASES = (
    Ended("delivered", goes=True),
    Ended("pending", goes=False),
    Ended("pending", goes=False, noted=True),
    Ended("given_up", goes=False),
    Ended("given_up", goes=True, noted=True),
    Ended("given_up", goes=True, unsubscribed=True),
    Ended("given_up", goes=True, of_alert=False),
    Ended("cancelled", goes=False),
    Ended("cancelled", goes=True, noted=True),
    Ended("cancelled", goes=True, unsubscribed=True),
)


def test_what_nobody_took_stays_until_somebody_has_taken_note(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case has a subscription and an alert of its own. At a time two transactions of two go, so that a worker can end."""
    monkeypatch.setattr(courier, "FORGET_ROWS", 2)
    monkeypatch.setattr(courier, "FORGET_TIMES", 2)
    kept = set()
    with post.session() as session:
        for number, case in enumerate(CASES):
            order = subscriptions.Order("email", "a@b.example")
            to = subscriptions.create(session, order, None, str(number), "test", START)
            alert = alerts.find(session, UUID(post.alert(str(number)))).id if case.of_alert else None
            ended = None if case.state == "pending" else START
            made = {"to": to.id, "alert": alert, "at": START, "state": case.state, "ended": ended}
            uid = session.execute(text(_MADE), made).scalar_one()
            if case.noted and alert is not None:
                alerts.acknowledge(session, alert, START, "Wirtschaftsbehörde", None)
            if case.unsubscribed:
                session.execute(text("UPDATE subscription SET deleted_at = :at WHERE id = :to"), made)
            kept |= set() if case.goes else {uid}
        session.commit()
    assert courier.forget(post.engine, START - MOMENT) == 0
    assert [courier.forget(post.engine, START) for _ in range(3)] == [4, 2, 0]
    assert {row.uid for row in post.rows("SELECT uid FROM delivery")} == kept


_MADE = """
INSERT INTO delivery (subscription_id, alert_id, state, created_at, due_at, finished_at)
VALUES (:to, :alert, :state, :at, :at, :ended) RETURNING uid
"""


def test_what_is_being_sent_again_is_left_alone(post: Post, receiver: Receiver) -> None:
    """Somebody replays it in the moment in which it would be deleted: it is sent, and kept for as long again."""
    hook = post.subscribe(receiver.url())
    post.alert()
    post.round()
    post.later(days=400)
    with post.session() as session:
        deliveries.replay(session, post.one(hook).uid, "token", post.now)
        assert courier.forget(post.engine, START) == 0
        session.commit()
    assert courier.forget(post.engine, post.now) == 0
    post.round()
    assert courier.forget(post.engine, post.now - MOMENT) == 0
    assert post.one(hook).finished_at == post.now
