"""A database of its own, a receiver with TLS, settings that allow it, and a courier with a clock that is set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app import subscribing
from app.delivery import courier, webhook
from app.delivery.desk import Desk
from app.schemas.subscriptions import SubscriptionSecretOut
from app.settings import Settings
from parcels import alerts, db, deliveries, subscriptions
from parcels.deliveries import Delivery
from parcels.subscriptions import Order
from rules.alerts import Kind, Severity
from tests.delivery.receiver import Authority, Receiver, authority, receiving
from tests.faults.own import engine_of, own_database

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def receiver(trusted: Authority) -> Iterator[Receiver]:
    with receiving(trusted) as made:
        yield made


@dataclass
class Post:
    """A house with a database, its settings, and a clock that is set by hand."""

    urls: Any
    engine: Engine
    settings: Settings
    now: datetime = START
    chance: float = 0.5
    total_s: float = 2.0
    rounds: list[int] = field(default_factory=list)

    def session(self) -> Session:
        return db.sessions(self.engine)()

    def subscribe(self, target: str, owner: str = "token", **wanted: Any) -> SubscriptionSecretOut:
        with self.session() as session:
            order = Order("webhook", target, **wanted)
            made = subscribing.create(session, self.settings, order, owner, "test", self.now)
            session.commit()
        return made

    def alert(
        self,
        subject: str = "net",
        kind: Kind = Kind.IMPORT_REJECTED,
        severity: Severity = Severity.WARNING,
        **facts: Any,
    ) -> str:
        """Raise an alert in a transaction of its own; gives its id outside."""
        with self.session() as session:
            number = alerts.raise_one(session, kind, severity, subject, date(2026, 11, 22), self.now, facts)
            assert number is not None
            uid = str(alerts.find(session, number).uid)
            session.commit()
        return uid

    def round(self) -> int:
        """One round of a courier that is there for this round only."""

        async def once() -> int:
            desk = Desk(self.engine)
            senders = {"webhook": webhook.sender(self.settings, total_s=self.total_s)}
            try:
                return await courier.one_round(desk, senders, lambda: self.now, lambda: self.chance)
            finally:
                await desk.close()

        return asyncio.run(once())

    def sent(self, to: SubscriptionSecretOut) -> list[Delivery]:
        with self.session() as session:
            return deliveries.listing(session, subscriptions.find(session, to.id, None), None, 1000)

    def one(self, to: SubscriptionSecretOut) -> Delivery:
        (found,) = self.sent(to)
        return found

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def rows(self, query: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(query)))


def settings_for(urls: Any, trusted: Authority, home: Path, *ports: int) -> Settings:
    return Settings(
        database_url=SecretStr(urls.owner),
        home=home,
        secret_key=SecretStr(Fernet.generate_key().decode()),
        webhook_ca_file=trusted.file,
        webhook_allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        webhook_allowed_ports=frozenset(ports),
    )


@pytest.fixture
def new_post(cluster: Path | None, trusted: Authority, tmp_path: Path) -> Iterator[Callable[..., Post]]:
    with own_database(cluster) as urls, engine_of(urls.owner) as engine:
        yield lambda *ports: Post(urls, engine, settings_for(urls, trusted, tmp_path / "home", *ports))


@pytest.fixture
def post(new_post: Callable[..., Post], receiver: Receiver) -> Post:
    return new_post(receiver.port)
