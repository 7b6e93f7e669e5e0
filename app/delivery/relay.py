"""The mail server that e-mails are handed to, as the operator's setting names it; and what an e-mail address is."""

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
Tls = Literal["start", "whole", "none"]
SCHEMES: dict[str, tuple[Tls, int]] = {"smtp": ("start", 587), "smtps": ("whole", 465), "smtp+plain": ("none", 25)}
FORM = "a mail server is smtp://USER:PASSWORD@HOST:587, smtps://HOST or smtp+plain://HOST (without TLS)"


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. `tls`: by STARTTLS, which is then demanded; from the first byte; or none, because the operator says so."""

    host: str
    port: int
    tls: Tls
    user: str | None
    password: str | None = field(repr=False)


def server(url: str) -> Server:
    """The server of an address; ValueError where it is none, or would send a password in the clear over a network."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise ValueError(FORM) from None
    beside = parts.path not in ("", "/") or parts.query or parts.fragment
    if (
        parts.scheme not in SCHEMES
        or not parts.hostname
        or beside
        or (parts.username is None) != (parts.password is None)
    ):
        raise ValueError(FORM)
    tls, usual = SCHEMES[parts.scheme]
    user, password = (unquote(one) if one is not None else None for one in (parts.username, parts.password))
    if user is not None and tls == "none" and parts.hostname not in LOOPBACK:
        raise ValueError("a password is not sent without TLS: use smtp:// or smtps://")
    return Server(parts.hostname, port or usual, tls, user, password)
