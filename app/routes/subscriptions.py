"""Subscriptions to alerts: made, listed, tested, rotated, ended; what was sent to whom, and sent again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app import subscribing
from app.auth import WRITE_SECURITY, require
from app.bodies import SubscriptionIn
from app.deps import FreshSession, Now, WriteSession
from app.examples import CONFIRMATION, DELIVERIES, DELIVERY, SUBSCRIPTION, SUBSCRIPTION_SECRET, SUBSCRIPTIONS, example
from app.problems import declared
from app.routes.reserve import Limit
from app.schemas.subscriptions import (
    DeliveriesOut,
    DeliveryOut,
    SubscriptionOut,
    SubscriptionSecretOut,
    SubscriptionsOut,
)
from parcels import deliveries, subscriptions
from parcels.deliveries import State
from parcels.tokens import Token


def fresh(response: Response) -> None:
    """What is said of a subscription, a secret above all, is not kept by anybody."""
    response.headers.update({"Cache-Control": "no-store", "Vary": "Authorization"})


router = APIRouter(prefix="/api/subscriptions", tags=["subscriptions"], dependencies=[Depends(fresh)])
replays = APIRouter(prefix="/api/deliveries", tags=["subscriptions"], dependencies=[Depends(fresh)])
Subscriber = Annotated[Token, Depends(require("planner", "bwi", "hie", "admin"))]
Id = Annotated[UUID, Path(description="The subscription's id")]
TOKEN = ("token-missing", "token-invalid", "role-missing")
ONE = (*TOKEN, "subscription-unknown")


def owner(who: Token) -> str | None:
    """Whose subscriptions a caller sees: the token's own; an administrator everybody's."""
    return None if who.role == "admin" else who.id


@router.post(
    "",
    response_model=SubscriptionSecretOut,
    status_code=201,
    responses={
        201: example(SUBSCRIPTION_SECRET),
        **declared(*TOKEN, "malformed-body", "too-large", "too-many-subscriptions", "secrets-unavailable"),
    },
    openapi_extra=WRITE_SECURITY,
)
def post_subscription(
    request: Request, who: Subscriber, wanted: SubscriptionIn, session: WriteSession, now: Now
) -> SubscriptionSecretOut:
    """Be told of alerts from now on. The secret of a webhook is shown this once; an e-mail address is asked first whether it
    wants that."""
    return subscribing.create(session, request.app.state.settings, wanted.order(), who.id, who.name, now)


@router.get(
    "",
    response_model=SubscriptionsOut,
    responses={200: example(SUBSCRIPTIONS), **declared(*TOKEN)},
    openapi_extra=WRITE_SECURITY,
)
def list_subscriptions(who: Subscriber, session: FreshSession) -> SubscriptionsOut:
    """The token's own subscriptions; an administrator sees all."""
    return SubscriptionsOut(subscriptions=subscribing.all_of(subscriptions.listing(session, owner(who))))


@router.get(
    "/{subscription}",
    response_model=SubscriptionOut,
    responses={200: example(SUBSCRIPTION), **declared(*ONE)},
    openapi_extra=WRITE_SECURITY,
)
def get_subscription(who: Subscriber, session: FreshSession, subscription: Id) -> SubscriptionOut:
    """One subscription: whether its receiver takes what is sent."""
    return subscribing.one(subscriptions.find(session, subscription, owner(who)))


@router.delete(
    "/{subscription}",
    response_model=SubscriptionOut,
    responses={200: example(SUBSCRIPTION), **declared(*ONE)},
    openapi_extra=WRITE_SECURITY,
)
def delete_subscription(who: Subscriber, session: WriteSession, now: Now, subscription: Id) -> SubscriptionOut:
    """Be told no more. What waits is not sent; target and secrets are forgotten. Answers what it was."""
    found = subscriptions.find(session, subscription, owner(who))
    subscriptions.delete(session, found, now)
    return subscribing.one(found)


@router.post(
    "/{subscription}/rotate",
    response_model=SubscriptionSecretOut,
    responses={200: example(SUBSCRIPTION_SECRET), **declared(*ONE, "secrets-unavailable")},
    openapi_extra=WRITE_SECURITY,
)
def rotate_secret(
    request: Request, who: Subscriber, session: WriteSession, now: Now, subscription: Id
) -> SubscriptionSecretOut:
    """A new secret. For 24 hours messages carry a signature by the old one as well."""
    return subscribing.rotate(session, request.app.state.settings, subscription, owner(who), now)


@router.post(
    "/{subscription}/enable",
    response_model=SubscriptionOut,
    responses={200: example(SUBSCRIPTION), **declared(*ONE)},
    openapi_extra=WRITE_SECURITY,
)
def enable_subscription(who: Subscriber, session: WriteSession, subscription: Id) -> SubscriptionOut:
    """Send again to a receiver that was disabled. What was cancelled meanwhile can be replayed."""
    subscriptions.enable(session, subscriptions.find(session, subscription, owner(who)))
    return subscribing.one(subscriptions.find(session, subscription, owner(who)))


@router.post(
    "/{subscription}/test",
    response_model=DeliveryOut,
    status_code=202,
    responses={202: example(DELIVERY), **declared(*ONE)},
    openapi_extra=WRITE_SECURITY,
)
def send_test(who: Subscriber, session: WriteSession, now: Now, subscription: Id) -> DeliveryOut:
    """Let a test be sent by the worker; its deliveries tell what came of it."""
    return subscribing.send_test(session, subscription, owner(who), now)


@router.post(
    "/{subscription}/confirmation",
    response_model=DeliveryOut,
    status_code=202,
    responses={202: example(CONFIRMATION), **declared(*ONE)},
    openapi_extra=WRITE_SECURITY,
)
def ask_again(who: Subscriber, session: WriteSession, now: Now, subscription: Id) -> DeliveryOut:
    """Send the mail once more by which an e-mail address is confirmed: it was lost, or its link has expired."""
    return subscribing.ask_again(session, subscription, owner(who), now)


@router.get(
    "/{subscription}/deliveries",
    response_model=DeliveriesOut,
    responses={200: example(DELIVERIES), **declared(*ONE)},
    openapi_extra=WRITE_SECURITY,
)
def list_deliveries(
    who: Subscriber,
    session: FreshSession,
    subscription: Id,
    state: Annotated[State | None, Query(description="Only deliveries in this state")] = None,
    limit: Limit = 100,
) -> DeliveriesOut:
    """What was sent to a receiver, newest first, and what came of it."""
    found = subscriptions.find(session, subscription, owner(who))
    sent = deliveries.listing(session, found, state, limit)
    return DeliveriesOut(deliveries=[subscribing.delivery(one) for one in sent])


@replays.post(
    "/{delivery}/replay",
    response_model=DeliveryOut,
    status_code=202,
    responses={202: example(DELIVERY), **declared(*TOKEN, "delivery-unknown")},
    openapi_extra=WRITE_SECURITY,
)
def replay_delivery(
    who: Subscriber, session: WriteSession, now: Now, delivery: Annotated[UUID, Path(description="The delivery's id")]
) -> DeliveryOut:
    """Let a delivery be sent again now, under the same webhook-id, whatever came of it."""
    return subscribing.delivery(deliveries.replay(session, delivery, owner(who), now))
