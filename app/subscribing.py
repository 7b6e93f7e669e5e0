"""Subscriptions at the edge, for API and command line alike: targets are checked, secrets made and sealed."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.delivery import guard, keys, relay
from app.delivery.webhook import OLD_SECRET_SIGNS_FOR
from app.schemas.subscriptions import DeliveryOut, SubscriptionOut, SubscriptionSecretOut
from app.settings import Settings
from parcels import confirmations, deliveries, subscriptions
from parcels.deliveries import Delivery
from parcels.edits import ValueRefusedError
from parcels.subscriptions import Order, Subscription
from rules.alerts import Kind, Series


def create(
    session: Session,
    settings: Settings,
    order: Order,
    owner: str,
    name: str,
    at: datetime,
    vouched_by: str | None = None,
) -> SubscriptionSecretOut:
    """A new subscription, with its secret in plain text for the only time. ValueRefusedError for a target that is not called.

    An e-mail address is asked whether it wants that, unless somebody vouches for it.
    """
    check(settings, order, vouched_by)
    secret = keys.new() if order.channel == "webhook" else None
    kept = keys.sealed(secret, keys.box(settings)) if secret else None
    made = subscriptions.create(session, order, kept, owner, name, at, vouched_by)
    if made.unconfirmed:
        confirmations.ask(session, made, at)
    return SubscriptionSecretOut(**one(made).model_dump(), secret=secret)


def check(settings: Settings, order: Order, vouched_by: str | None = None) -> None:
    """ValueRefusedError where the target cannot be one of its channel. Nothing is resolved or called."""
    if order.channel == "webhook":
        try:
            guard.target(order.target, settings.webhook_policy())
        except guard.TargetRefusedError as refused:
            remedy = (
                "Give an address such as https://example.org/hooks/landreserve; the operator can allow inner networks."
            )
            raise ValueRefusedError("target", str(refused), remedy) from None
        if vouched_by:
            raise ValueRefusedError("channel", "Only an e-mail address is confirmed.", "Leave --confirmed out.")
    elif settings.mail_server() is None:
        remedy = "Choose a webhook, or let the operator set LANDRESERVE_SMTP_URL and LANDRESERVE_MAIL_FROM."
        raise ValueRefusedError("channel", "This service sends no e-mail.", remedy)
    elif not relay.ADDRESS.fullmatch(order.target):
        raise ValueRefusedError("target", "This is no e-mail address.", "Give one address such as name@example.org.")
    elif not vouched_by and settings.base() is None:
        remedy = "Let the operator set LANDRESERVE_PUBLIC_URL, or add it by command with --confirmed."
        raise ValueRefusedError(
            "channel", "This service does not know its own address for a link to confirm by.", remedy
        )


def rotate(session: Session, settings: Settings, uid: UUID, owner: str | None, at: datetime) -> SubscriptionSecretOut:
    """A new secret; for a day messages are signed with the old one as well."""
    found = subscriptions.find(session, uid, owner)
    if found.order.channel != "webhook":
        raise ValueRefusedError("id", "Only webhooks have a secret.", "Choose a subscription of the channel webhook.")
    secret = keys.new()
    subscriptions.rotate(session, found, keys.sealed(secret, keys.box(settings)), at + OLD_SECRET_SIGNS_FOR)
    return SubscriptionSecretOut(**one(subscriptions.find(session, uid, owner)).model_dump(), secret=secret)


def send_test(session: Session, uid: UUID, owner: str | None, at: datetime) -> DeliveryOut:
    """Let the worker send a test to a receiver."""
    found = subscriptions.find(session, uid, owner)
    if found.unconfirmed:
        remedy = "Open the link in the mail that was sent there, or let another be sent: POST /api/subscriptions/{id}/confirmation."
        raise ValueRefusedError("id", "The e-mail address is not confirmed yet: nothing else is sent there.", remedy)
    return delivery(deliveries.order(session, found, at))


def ask_again(session: Session, uid: UUID, owner: str | None, at: datetime) -> DeliveryOut:
    """Let an e-mail address be asked once more whether it wants to be told; earlier links hold until they expire."""
    found = subscriptions.find(session, uid, owner)
    if not found.unconfirmed:
        remedy = "Choose a subscription of the channel email whose `confirmed_at` is null."
        raise ValueRefusedError("id", "There is nothing to confirm.", remedy)
    return delivery(confirmations.ask(session, found, at))


def one(found: Subscription) -> SubscriptionOut:
    """A subscription, without its secrets."""
    order = found.order
    return SubscriptionOut(
        id=found.uid,
        channel=order.channel,
        target=order.target,
        language=order.language,
        kinds=[Kind(kind) for kind in order.kinds],
        series=[Series(series) for series in order.series],
        districts=list(order.districts),
        severity=order.least,
        created_by=found.created_by,
        created_at=found.created_at,
        old_secret_until=found.old_secret_until,
        failing_since=found.failing_since,
        disabled_at=found.disabled_at,
        disabled_reason=found.disabled_reason,
        confirmed_at=found.confirmed_at,
        vouched_by=found.vouched_by,
    )


def masked(order: Order) -> str:
    """A target as it is shown to whoever is not its owner: what sort of address it is, and nothing of it."""
    return "https://•••" if order.channel == "webhook" else "•••@•••"


def all_of(found: Iterable[Subscription]) -> list[SubscriptionOut]:
    """Several."""
    return [one(subscription) for subscription in found]


def delivery(found: Delivery) -> DeliveryOut:
    """A delivery; `due_at` only where it will be tried."""
    return DeliveryOut(
        id=found.uid,
        purpose=found.purpose,
        alert=found.alert,
        kind=Kind(found.kind) if found.kind else None,
        state=found.state,
        created_at=found.created_at,
        due_at=found.due_at if found.state == "pending" and not found.held else None,
        attempts=found.attempts,
        last_at=found.last_at,
        status=found.last_status,
        failure=found.last_failure,
        excerpt=found.excerpt,
        finished_at=found.finished_at,
    )
