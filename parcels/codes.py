"""Codes of links: 256 random bits, shown once and kept as their SHA-256.

A code is looked up by its hash, so that the time taken tells nothing of it; with so many bits no guessing needs to be slowed down.
"""

import hashlib
import secrets

BYTES = 32
LONGEST = 100  # characters of a code that are looked at; ours have 43


def new() -> str:
    """A new code, good for an address."""
    return secrets.token_urlsafe(BYTES)


def hashed(code: str) -> bytes | None:
    """As it is kept; None for what cannot be one of ours."""
    if not code or len(code) > LONGEST:
        return None
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
