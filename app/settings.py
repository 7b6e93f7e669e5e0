"""What an operator may set: environment variables with the prefix LANDRESERVE_. No value of the law is among them."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import embedded
from app.delivery import guard, relay
from parcels.delivering import Limits
from parcels.sources import FILE as SOURCES

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class SettingsError(Exception):
    """The settings do not fit together; the message names the variable to set."""


class Settings(BaseSettings):
    """Frozen; built once at the edge and handed on. Addresses are secret, since they can carry a password."""

    model_config = SettingsConfigDict(env_prefix="LANDRESERVE_", frozen=True, extra="ignore")

    database_url: SecretStr | None = Field(
        default=None, description="The owner's database; none starts the private PostGIS"
    )
    web_database_url: SecretStr | None = Field(
        default=None, description="The database as requests use it; else database_url"
    )
    home: Path = Field(
        default_factory=embedded.default_home,
        description="Folder of the private PostGIS, and of files that wait to be imported",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on")
    public_url: HttpUrl | None = Field(
        default=None, description="Address under which others reach the service, for links"
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Further host names that requests may name, with commas; * for any"
    )
    read_requires_token: bool = Field(default=False, description="Whether reading needs a token too")
    docs: bool = Field(default=True, description="Whether /docs and /openapi.json are served")
    max_body_bytes: int = Field(default=8 << 20, gt=0, description="Largest body of a request")
    max_upload_bytes: int = Field(default=256 << 20, gt=0, description="Largest file that may be sent to be imported")
    max_queued_imports: int = Field(default=100, gt=0, description="So many imports may wait; more are refused")
    sources: Path = Field(default=SOURCES, description="The file that says where official data is fetched from")
    sync_proxy: SecretStr | None = Field(default=None, description="Proxy for fetching official data")
    secret_key: SecretStr | None = Field(
        default=None, description="Key that secrets of webhooks are kept under; none keeps one in the home"
    )
    webhook_allowed_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Inner networks whose receivers may be called, with commas"
    )
    webhook_allowed_ports: Annotated[frozenset[int], NoDecode] = Field(
        default=guard.PORTS, description="Ports that may be called, with commas"
    )
    webhook_ca_file: Path | None = Field(
        default=None, description="Further certificate authorities that receivers may be certified by (PEM)"
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="Mail server that e-mails are handed to: smtp:// (STARTTLS), smtps://, smtp+plain://"
    )
    smtp_ca_file: Path | None = Field(
        default=None, description="Further certificate authorities that the mail server may be certified by (PEM)"
    )
    mail_from: str | None = Field(default=None, description="Address that e-mails come from")
    operator_mail: str | None = Field(
        default=None,
        description="Address that is told of receivers that fail and of alerts that nobody delivers; none: nobody",
    )
    mails_per_hour: int = Field(default=20, ge=1, le=1000, description="So many e-mails an hour go to one address")
    confirmation_days: int = Field(
        default=7, ge=1, le=30, description="So many days a link by which an e-mail address is confirmed holds"
    )
    deliveries_kept_days: int = Field(
        default=400, ge=30, le=36500, description="So many days it is kept what was sent to whom"
    )
    pool_size: int = Field(default=8, ge=1, le=100, description="Connections to the database")

    @field_validator("database_url", "web_database_url")
    @classmethod
    def _with_driver(cls, url: SecretStr | None) -> SecretStr | None:
        """postgresql:// and postgres:// mean our driver."""
        if url is None or not (text := url.get_secret_value()):
            return None
        scheme, _, rest = text.partition("://")
        if scheme not in ("postgresql", "postgres", "postgresql+psycopg") or not rest:
            raise ValueError("an address begins with postgresql://")
        return SecretStr(f"postgresql+psycopg://{rest}")

    @field_validator("sync_proxy")
    @classmethod
    def _proxy(cls, url: SecretStr | None) -> SecretStr | None:
        text = url.get_secret_value() if url else ""
        if text and not re.fullmatch(r"https?://[^\s/]+/?", text):
            raise ValueError("a proxy's address is http://HOST:PORT")
        return url if text else None

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        text = url.get_secret_value() if url else ""
        if text:
            relay.server(text)
        return url if text else None

    @field_validator("mail_from", "operator_mail")
    @classmethod
    def _mail_address(cls, address: str | None) -> str | None:
        if address and not relay.ADDRESS.fullmatch(address):
            raise ValueError("it is one e-mail address, such as landreserve@example.org")
        return address or None

    @field_validator("allowed_hosts", "webhook_allowed_networks", "webhook_allowed_ports", mode="before")
    @classmethod
    def _listed(cls, hosts: Any) -> Any:
        return tuple(part.strip() for part in hosts.split(",") if part.strip()) if isinstance(hosts, str) else hosts

    def owner_url(self) -> str:
        """The database as its owner sees it; SettingsError where none is set."""
        if self.database_url is None:
            raise SettingsError("LANDRESERVE_DATABASE_URL is not set.")
        return self.database_url.get_secret_value()

    def web_url(self) -> str:
        """The database as requests see it: the lesser role where there is one."""
        return self.web_database_url.get_secret_value() if self.web_database_url else self.owner_url()

    def webhook_policy(self) -> guard.Policy:
        """What receivers of webhooks may be called; the service's own port never."""
        return guard.Policy(self.webhook_allowed_networks, self.webhook_allowed_ports - {self.port})

    def mail_server(self) -> relay.Server | None:
        """Where e-mails are handed to; None where this installation sends none: both settings are needed."""
        return relay.server(self.smtp_url.get_secret_value()) if self.smtp_url and self.mail_from else None

    def limits(self) -> Limits:
        """How much is mailed to one address, and how long one may take to confirm it."""
        return Limits(self.mails_per_hour, timedelta(days=self.confirmation_days))

    def base(self) -> str | None:
        """The service's own address for links, without a stroke at its end; None where it is not known."""
        return str(self.public_url).rstrip("/") if self.public_url else None

    def hosts(self) -> frozenset[str]:
        """Every host name (without port, lower case) that a request may name."""
        public = urlsplit(str(self.public_url)).hostname if self.public_url else None
        own = (self.host,) if self.host not in ("0.0.0.0", "::") else ()  # noqa: S104 (compared, not bound)
        return frozenset(name.lower() for name in (*LOCAL_HOSTS, *self.allowed_hosts, *own, public or "localhost"))


def with_database(settings: Settings, urls: embedded.Urls) -> Settings:
    """The settings with the addresses of the private PostGIS."""
    return settings.model_copy(
        update={"database_url": SecretStr(urls.owner), "web_database_url": SecretStr(urls.web)},
    )
