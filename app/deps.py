"""What routes ask for: the clock, sessions, the two dates of an answer. The edge of the service: here it commits."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app import answers, clock, etag
from app.answers import Asked
from app.inputs import Day, Instant, order_remedy
from app.problems import Problem, field_error

ON = "The day asked about; today in Hamburg if left out"
KNOWN_AT = "The state of knowledge: an instant with time zone, not in the future; all that is recorded if left out"

Now = Annotated[datetime, Depends(clock.now)]


def read_session(request: Request) -> Iterator[Session]:
    """A session that sees one state of the register and cannot write."""
    with request.app.state.reading() as session:
        yield session


def fresh_session(request: Request) -> Iterator[Session]:
    """A session that sees with each statement what is so by then, for what goes on while it is asked about. It commits nothing."""
    with request.app.state.writing() as session:
        yield session


def write_session(request: Request) -> Iterator[Session]:
    """A session that commits before the answer leaves, and rolls back when the route raises."""
    with request.app.state.writing() as session:
        yield session
        session.commit()


# Without this scope the code after `yield` runs when the answer has left: a failed commit would still say 200.
FreshSession = Annotated[Session, Depends(fresh_session, scope="function")]
ReadSession = Annotated[Session, Depends(read_session, scope="function")]
WriteSession = Annotated[Session, Depends(write_session, scope="function")]


def at_once() -> Iterator[None]:
    """A place among the few expensive questions that are answered at the same time."""
    yield


# Half of the pool: the other half stays free for light reads and for writing.
HEAVY = Depends(at_once, scope="function", max_concurrency=4)


def only_known_names(request: Request) -> None:
    """A parameter that the call does not know, or one given twice, would be ignored: a wrong number without a word."""
    operation = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    known = {one["name"]: one["schema"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        field_error(name, "unknown", f"Known are: {', '.join(sorted(known)) or 'none'}.")
        if name not in known
        else field_error(name, "given more than once", "Give it once.")
        for name, times in given.items()
        if name not in known or (times > 1 and "array" not in str(known[name]))
    ]
    if errors:
        raise Problem("invalid-request", "The address has parameters that this call cannot take.", errors)


KNOWN_NAMES = Depends(only_known_names)


def asked_on(now: Now, on: Annotated[Day | None, Query(description=ON, examples=["2026-11-01"])] = None) -> date:
    """The day asked about."""
    return on or clock.day(now)


On = Annotated[date, Depends(asked_on)]


def asked_known_at(
    known_at: Annotated[Instant | None, Query(description=KNOWN_AT, examples=["2026-11-20T12:00:00Z"])] = None,
) -> datetime | None:
    """The state of knowledge asked about; None is all that is recorded."""
    return known_at


KnownAt = Annotated[datetime | None, Depends(asked_known_at)]


@dataclass(frozen=True, slots=True)
class Reading:
    """A read that is about to be answered: its session, its dates, the caller's today, and the headers it will carry."""

    session: Session
    asked: Asked
    today: date
    headers: dict[str, str]


def reading(request: Request, response: Response, session: ReadSession, now: Now, on: On, known_at: KnownAt) -> Reading:
    """The two dates resolved; raises NotModified where the caller has the answer already."""
    return begin(request, response, session, answers.ask(session, on, known_at, now), clock.day(now))


def reading_known(request: Request, response: Response, session: ReadSession, now: Now, known_at: KnownAt) -> Reading:
    """The same for questions that are not about one day."""
    today = clock.day(now)
    return begin(request, response, session, answers.ask(session, today, known_at, now), today)


def begin(
    request: Request,
    response: Response,
    session: Session,
    asked: Asked,
    today: date,
    version: str | None = None,
    language: str | None = None,
    besides: str = "",
) -> Reading:
    """Set ETag and marks on the answer; with a `version` the ETag is strong and good for If-Match. `language`: of its sentences;
    `besides`: a mark of what the answer rests on beside the register."""
    form = f"{'csv' if wants_csv(request) else 'json'}{language or ''}{besides}"
    digest = etag.of(asked, today, request.url.path, request.query_params.multi_items(), form)
    tag = f'W/"{digest}"' if version is None else f'"{version}.{digest}"'
    vary = "Accept, Authorization" if language is None else "Accept, Accept-Language, Authorization"
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": vary}
    if asked.fictitious:
        headers["X-Landreserve-Fictitious"] = "true"
    if etag.matches(request.headers.get("if-none-match"), tag):
        raise etag.NotModified(headers)
    response.headers.update(headers)
    return Reading(session, asked, today, headers)


Read = Annotated[Reading, Depends(reading, scope="function")]
ReadKnown = Annotated[Reading, Depends(reading_known, scope="function")]


def wants_csv(request: Request) -> bool:
    """Whether CSV is asked for, by ?format=csv or by an Accept that prefers it to JSON."""
    wanted = request.query_params.get("format")
    return wanted == "csv" if wanted else _quality(request, "text/csv") > _quality(request, "application/json")


def _quality(request: Request, media_type: str) -> float:
    accepted = {"*/*": 1.0} if "accept" not in request.headers else {}
    for part in request.headers.get("accept", "").split(","):
        name, _, rest = part.partition(";")
        found = re.search(r"q=([01](?:\.\d{1,3})?)", rest)
        accepted[name.strip().lower()] = float(found[1]) if found else 1.0
    main = media_type.partition("/")[0]
    return next((accepted[name] for name in (media_type, f"{main}/*", "*/*") if name in accepted), 0.0)


def following(request: Request, **changes: str) -> str:
    """The address of the same question with other parameters: relative, or below LANDRESERVE_PUBLIC_URL."""
    url = request.url.include_query_params(**changes)
    public = request.app.state.settings.public_url
    return f"{str(public).rstrip('/') if public else ''}{url.path}?{url.query}"


def period(since: date, until: date, said: tuple[date | None, date | None] | None = None) -> tuple[date, date]:
    """Two days in their order, anything else is a problem; `said` is which of them the caller gave, both unless told."""
    if until < since:
        remedy = order_remedy(said or (since, until), (since, until), "a year from today", "`from`", "`to`")
        field, message = ("from", "after `to`") if said and said[1] is None else ("to", "before `from`")
        told = field_error(field, message, remedy[:1].upper() + remedy[1:])
        raise Problem("invalid-request", "`to` lies before `from`.", [told])
    return since, until
