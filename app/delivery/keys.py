"""Secrets of receivers: made here, kept encrypted in the database with a key that is not in it."""

import base64
import contextlib
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.settings import Settings

PREFIX = "whsec_"
FILE = "secrets.key"
BYTES = 32


class KeyUnfitError(Exception):
    """The key cannot be read, or what is kept was encrypted with another one; the message says what to do."""


def new() -> str:
    """A secret as its receiver is told it: 256 random bits, in the notation of Standard Webhooks."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def raw(secret: str) -> bytes:
    """The bytes that are signed with."""
    return base64.b64decode(secret.removeprefix(PREFIX))


def box(settings: Settings) -> MultiFernet:
    """What encrypts and decrypts: the keys of LANDRESERVE_SECRET_KEY (the first one encrypts), else the one kept in the home."""
    given = settings.secret_key.get_secret_value() if settings.secret_key else _kept(settings.home)
    try:
        return MultiFernet([Fernet(key.strip()) for key in given.split(",")])
    except ValueError:
        raise KeyUnfitError(
            f"LANDRESERVE_SECRET_KEY, or {FILE} in LANDRESERVE_HOME, is no key: 32 random bytes in URL-safe base64."
        ) from None


def sealed(secret: str, with_: MultiFernet) -> bytes:
    """A secret as it is kept."""
    return with_.encrypt(secret.encode())


def opened(kept: bytes, with_: MultiFernet) -> str:
    """A secret that was kept; KeyUnfitError where the key is another one."""
    try:
        return with_.decrypt(kept).decode()
    except InvalidToken:
        raise KeyUnfitError(
            "The secrets of webhooks were kept under another key: restore it, or rotate them."
        ) from None


def _kept(home: Path) -> str:
    """The key of the home, made where there is none yet; of two that make one at once the first wins."""
    file = home / FILE
    try:
        if not file.exists():
            home.mkdir(parents=True, exist_ok=True)
            made = home / f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}"
            with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as output:
                output.write(Fernet.generate_key())
                output.flush()
                os.fsync(output.fileno())
            try:
                with contextlib.suppress(FileExistsError):  # another's, made meanwhile, is the one that is kept
                    os.link(made, file)
            finally:
                made.unlink()
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError) as failure:
        raise KeyUnfitError(f"{file} cannot be read or made ({type(failure).__name__}).") from None
