"""The page of receivers that take nothing and of deliveries that were given up: since when, what helps, how they are sent again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import alert_words, subscribing
from app.web.language import Translator
from app.web.pages import Rendered, Visit, render
from app.web.question import plain
from parcels import alerts, delivering, undelivered
from parcels.subscriptions import Subscription
from parcels.tokens import Token
from parcels.undelivered import Attempt, Lost, Trouble

LOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver that takes nothing: in which state, where to, how its last attempt ended, for whom may know; and what helps."""

    trouble: Trouble
    state: str
    target: str
    ended: str | None
    helps: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A delivery that was given up: what it was about, where to, how its last attempt ended, for whom may know."""

    lost: Lost
    title: str
    target: str
    ended: str | None


def receivers_page(session: Session, who: Token | None, visit: Visit) -> Rendered:
    """All receivers that take nothing. Where they are and what they answered is told to their owners and administrators alone."""
    lost, total = undelivered.lost(session, LOST_SHOWN)
    values = {
        "receivers": [_receiver(one, who, visit.speak) for one in undelivered.troubled(session)],
        "undelivered": [_undelivered(session, one, who, visit.speak) for one in lost],
        "total": total,
    }
    return render(session, "receivers.html", 200, visit, plain(visit.now, visit.language), **values)


def _receiver(one: Trouble, who: Token | None, speak: Translator) -> Receiver:
    known, to = _known(one.subscription, who), one.subscription
    state = "disabled" if to.disabled_at else "failing"
    helps = to.disabled_reason or ("ours" if one.last.failure in delivering.OURS else "failing_yet")
    return Receiver(
        one, state, _target(to, known), _ended(one.last) if known else None, speak.code("receiver_helps", helps)
    )


def _undelivered(session: Session, one: Lost, who: Token | None, speak: Translator) -> Undelivered:
    known = _known(one.subscription, who)
    title = alert_words.title(alerts.find(session, one.alert), speak) if one.alert else ""
    return Undelivered(one, title, _target(one.subscription, known), _ended(one.last) if known else None)


def _known(to: Subscription, who: Token | None) -> bool:
    return who is not None and (who.role == "admin" or who.id == to.owner)


def _target(to: Subscription, known: bool) -> str:
    return to.order.target if known else subscribing.masked(to.order)


def _ended(last: Attempt) -> str | None:
    """What the last attempt came to, as the deliveries of the API have it."""
    return " ".join(str(one) for one in (last.failure, last.status, last.excerpt) if one is not None) or None
