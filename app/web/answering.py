"""A page on its way to the browser: its language, its headers, and the closed one where reading needs a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.web.language import LANGUAGES, chosen, translator
from app.web.pages import Rendered, Visit, closed_page
from parcels.tokens import Token

KEPT = MappingProxyType({"Cache-Control": "no-cache", "Vary": "Accept-Language, Authorization"})


def answer(
    request: Request,
    now: datetime,
    who: Token | None,
    lang: str | None,
    show: Callable[[Visit], Rendered],
    headers: Mapping[str, str] = KEPT,
    public: bool = False,
) -> HTMLResponse:
    """A page in the caller's language; the closed one where reading needs a token, unless it is `public`."""
    settings = request.app.state.settings
    language = lang if lang in LANGUAGES else None
    speak = translator(chosen(language, request.headers.get("accept-language")))
    base = str(settings.public_url or request.base_url).rstrip("/")
    visit = Visit(language, speak, now, settings.docs, base)
    closed = who is None and settings.read_requires_token and not public
    page = closed_page(visit) if closed else show(visit)
    challenge = {"WWW-Authenticate": "Bearer"} if closed else {}
    return HTMLResponse(page.html, page.status, {**headers, "Content-Language": page.language, **challenge})
