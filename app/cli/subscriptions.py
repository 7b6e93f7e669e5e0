"""The commands about subscriptions: create (secret shown once), list, delete, rotate, test, enable; deliveries and replay."""

from typing import Annotated
from uuid import UUID

import typer

from app import clock, subscribing
from app.cli import base
from app.settings import Settings
from parcels import deliveries, subscriptions
from parcels.subscriptions import Channel, Language, Order
from rules.alerts import Kind, Series, Severity

group = typer.Typer(help="Who is told of alerts, where, and what was sent.", no_args_is_help=True)
Id = Annotated[UUID, typer.Argument(metavar="ID", help="As `subscriptions list` shows it.")]
OWNER = "command line"
COLUMNS = (
    "id",
    "channel",
    "target",
    "severity",
    "created_by",
    "created_at",
    "confirmed_at",
    "vouched_by",
    "failing_since",
    "disabled_reason",
)
SENT = ("id", "purpose", "alert", "kind", "state", "attempts", "due_at", "last_at", "status", "failure", "excerpt")


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.add_typer(group, name="subscriptions")


@group.command("create")
def create(
    target: Annotated[str, typer.Argument(parser=base.text, metavar="TARGET", help="https address or e-mail address.")],
    channel: Annotated[Channel, typer.Option("--channel", help="How it is told.")] = "webhook",
    language: Annotated[Language, typer.Option("--language", help="Of e-mails.")] = "de",
    kinds: Annotated[list[Kind] | None, typer.Option("--kind", help="Only these kinds; may be repeated.")] = None,
    series: Annotated[list[Series] | None, typer.Option("--series", help="Only alerts about this series.")] = None,
    districts: Annotated[list[str] | None, typer.Option("--district", help="Only alerts about this district.")] = None,
    severity: Annotated[Severity, typer.Option("--severity", help="The least that is told.")] = Severity.INFORMATION,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="An e-mail address of your own list: you vouch for it, it is not asked.")
    ] = False,
) -> None:
    """Tell a receiver of alerts from now on. The secret of a webhook is printed this once; an e-mail address is asked first."""
    lists = (tuple(kinds or ()), tuple(series or ()), tuple(map(base.text, districts or ())))
    order = Order(channel, target, language, *lists, least=severity)
    with base.writing() as session:
        name = base.account()
        made = subscribing.create(session, Settings(), order, OWNER, name, clock.now(), name if confirmed else None)
    more = " Its secret is shown this once:" if made.secret else ""
    if made.channel == "email" and made.confirmed_at is None:
        more = " Nothing but a mail with a link is sent there until its owner confirms."
    base.say(f"Subscription {made.id} for {made.target}.{more}")
    if made.secret:
        base.output().print(made.secret, markup=False, soft_wrap=True)


@group.command("list")
def list_all(as_json: base.AsJson = False) -> None:
    """All subscriptions, without their secrets."""
    with base.reading() as session:
        found = subscribing.all_of(subscriptions.listing(session, None))
    if as_json:
        base.print_json([one.model_dump(mode="json") for one in found])
    else:
        base.output().print(base.table(COLUMNS, [[getattr(one, name) for name in COLUMNS] for one in found]))


@group.command("delete")
def delete(subscription: Id) -> None:
    """End a subscription; target and secrets are forgotten."""
    now = clock.now()
    with base.writing() as session:
        found = subscriptions.find(session, subscription, None)
        subscriptions.delete(session, found, now)
    base.say(f"Subscription {found.uid} is ended.")


@group.command("rotate")
def rotate(subscription: Id) -> None:
    """Print a new secret. For 24 hours messages are signed with the old one as well."""
    with base.writing() as session:
        found = subscribing.rotate(session, Settings(), subscription, None, clock.now())
    base.output().print(found.secret, markup=False, soft_wrap=True)


@group.command("enable")
def enable(subscription: Id) -> None:
    """Send again to a receiver that was disabled."""
    with base.writing() as session:
        subscriptions.enable(session, subscriptions.find(session, subscription, None))
    base.say(f"Subscription {subscription} is enabled.")


@group.command("test")
def test(subscription: Id) -> None:
    """Let the worker send a test."""
    with base.writing() as session:
        sent = subscribing.send_test(session, subscription, None, clock.now())
    base.say(
        f"Test {sent.id} waits for the worker: `landreserve subscriptions deliveries {subscription}` tells the rest."
    )


@group.command("confirmation")
def ask_again(subscription: Id) -> None:
    """Ask an e-mail address once more to confirm itself."""
    with base.writing() as session:
        sent = subscribing.ask_again(session, subscription, None, clock.now())
    base.say(f"Mail {sent.id} waits for the worker.")


@group.command("deliveries")
def list_deliveries(
    subscription: Id,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many, newest first.")] = 20,
    as_json: base.AsJson = False,
) -> None:
    """What was sent to a receiver, newest first."""
    with base.writing(commit=False) as session:
        found = deliveries.listing(session, subscriptions.find(session, subscription, None), None, limit)
    answered = [subscribing.delivery(one) for one in found]
    if as_json:
        base.print_json([one.model_dump(mode="json") for one in answered])
    else:
        base.output().print(base.table(SENT, [[getattr(one, name) for name in SENT] for one in answered]))


@group.command("replay")
def replay(delivery: Annotated[UUID, typer.Argument(metavar="ID", help="The delivery's id.")]) -> None:
    """Send a delivery again, under the same webhook-id."""
    with base.writing() as session:
        deliveries.replay(session, delivery, None, clock.now())
    base.say(f"Delivery {delivery} is sent again.")
