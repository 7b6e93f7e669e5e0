"""What the calls about replacement share: who asks or records, when, in which language, and as known at which instant."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app import answers, clock, deps
from app.answers import Asked
from app.auth import Caller, Writer, require
from app.conversions import not_ahead
from app.deps import KnownAt, Now, On, ReadSession, WriteSession
from app.dissolution_bodies import LARGEST
from app.inputs import Text
from app.problem_kinds import KINDS
from app.problems import Problem
from app.speaking import Speak
from app.web.language import Translator
from parcels import replacement_log
from parcels.authors import Author, Sent
from parcels.tokens import Token

Number = Annotated[int, Path(ge=1, le=LARGEST, description="Its number")]
Before = Annotated[int | None, Query(ge=1, le=LARGEST, description="From the `next` link")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Largest number on this page")]
Once = Annotated[
    Text | None,
    Header(alias="Idempotency-Key", description="The same under the same key is recorded once", examples=["7f3c-1"]),
]
Decider = Annotated[Token, Depends(require("planner", "bwi", "admin"))]
WRITING = ("token-missing", "token-invalid", "role-missing", "malformed-body", "too-large", "busy", "write-timeout")
MEASURING = (
    *("site-parcels-unknown", "site-outside-hamburg", "site-too-large", "site-unrecorded"),
    *("not-in-force", "too-intricate", "coincident-edges"),
)


def ask(session: Session, on: date, known_at: datetime | None, now: datetime) -> Asked:
    """The two dates of a question; what was recorded of replacement by a clock ahead of ours is known too. KnownAtAheadError."""
    return answers.ask(session, on, known_at, latest(session, now))


def latest(session: Session, now: datetime) -> datetime:
    """Now, or the last instant at which anything of replacement was recorded, by a clock ahead of ours."""
    last = replacement_log.last_at(session)
    return now if last is None else max(now, last)


@dataclass(frozen=True, slots=True)
class View:
    """How something recorded is looked at: the dates, the language, and whether notes are told."""

    session: Session
    asked: Asked
    speak: Translator
    told: bool


def viewing(
    *,
    request: Request,
    response: Response,
    session: ReadSession,
    who: Caller,
    now: Now,
    on: On,
    known_at: KnownAt,
    speak: Speak,
) -> View:
    """A read of what is recorded; raises NotModified where the caller has the answer already."""
    asked, told = ask(session, on, known_at, now), who is not None
    mark = f"{replacement_log.mark(session)}{'-told' if told else ''}"
    deps.begin(request, response, session, asked, clock.day(now), mark, speak.language)
    return View(session, asked, speak, told)


Viewed = Annotated[View, Depends(viewing, scope="function")]


@dataclass(frozen=True, slots=True)
class Recording:
    """A write: who writes, when, and in which transaction."""

    session: Session
    who: Token
    now: datetime
    speak: Translator

    @property
    def today(self) -> date:
        """The day of writing in Hamburg."""
        return clock.day(self.now)

    def author(self, note: str | None = None) -> Author:
        """Who is recorded as the author."""
        return Author(self.who.name, self.who.role, self.now, note)

    def sent(self, key: str | None, body: BaseModel, *of: Any) -> Sent:
        """The request, to be known again under its key; `of` is what it is about."""
        said = json.dumps([*of, body.model_dump(mode="json")], sort_keys=True)
        return Sent(self.who.id, key, hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest())

    def view(self, on: date | None = None) -> View:
        """All that is recorded by now, what was just written too."""
        return View(self.session, ask(self.session, on or self.today, None, self.now), self.speak, told=True)

    def past(self, field: str, day: date | None) -> date:
        """The day stated, today if none is; problem invalid-request for one that lies ahead."""
        not_ahead(field, day, self.today)
        return day or self.today


def recording(response: Response, session: WriteSession, who: Writer, now: Now, speak: Speak) -> Recording:
    """A write by a planner or an administrator."""
    return _recording(response, session, who, now, speak)


def deciding(response: Response, session: WriteSession, who: Decider, now: Now, speak: Speak) -> Recording:
    """A write by those who decide: the authority for the economy too."""
    return _recording(response, session, who, now, speak)


def _recording(response: Response, session: Session, who: Token, now: datetime, speak: Translator) -> Recording:
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Authorization"})
    return Recording(session, who, now, speak)


Record = Annotated[Recording, Depends(recording, scope="function")]
Decide = Annotated[Recording, Depends(deciding, scope="function")]


def recorded(number: int | None) -> int:
    """The number of what was recorded; problem `busy` where the same came first and is not to be seen yet."""
    if number is None:
        raise Problem("busy", KINDS["busy"].meaning)
    return number


def located(request: Request, response: Response, path: str, number: int) -> None:
    """Where what was recorded is to be read."""
    public = request.app.state.settings.public_url
    response.headers["Location"] = f"{str(public).rstrip('/') if public else ''}/api/replacements/{path}/{number}"


def following(request: Request, view: View, last: int | None) -> str | None:
    """The address of the next page, if `last` is the last number of this one and there are more."""
    if last is None:
        return None
    on, known_at = view.asked.on.isoformat(), view.asked.known_at.isoformat()
    return deps.following(request, on=on, known_at=known_at, before=str(last))
