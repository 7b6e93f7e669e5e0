"""A page on its way to the browser: its language, its headers, and the closed one where reading needs a token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse

from app.auth import Caller
from app.deps import FreshSession, Now, ReadSession
from app.web.language import LANGUAGES, chosen, translator
from app.web.pages import Rendered, Visit, closed_page
from parcels.tokens import Token

Raw = Annotated[str | None, Query()]
KEPT = MappingProxyType({"Cache-Control": "no-cache", "Vary": "Accept-Language, Authorization"})
# What is shown depends on who asks: nobody keeps it.
FRESH = MappingProxyType({"Cache-Control": "no-store", "Vary": "Accept-Language, Authorization"})


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


@dataclass(frozen=True, slots=True)
class Opening:
    """A page that is asked for: over which state of the register, when, by whom; and the fields, as typed, that addresses share."""

    request: Request
    session: ReadSession
    now: Now
    who: Caller
    on: Raw = None
    known_at: Raw = None
    lang: Raw = None

    def show(self, page: Callable[[Visit], Rendered], headers: Mapping[str, str] = KEPT) -> HTMLResponse:
        """The page in the caller's language, or the closed one."""
        return answer(self.request, self.now, self.who, self.lang, page, headers)


@dataclass(frozen=True, slots=True)
class FreshOpening(Opening):
    """The same for what goes on while it is looked at."""

    session: FreshSession


Page = Annotated[Opening, Depends(Opening, scope="function")]
FreshPage = Annotated[FreshOpening, Depends(FreshOpening, scope="function")]
