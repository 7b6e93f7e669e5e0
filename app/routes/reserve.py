"""GET /api/reserve and what explains it: the series, the entries behind it, the changes between two days or two knowledges."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app import answers, attribution, change_answers, clock, csvfile, deps
from app.auth import READ_SECURITY, READER
from app.deps import HEAVY, KnownAt, Now, Read, ReadKnown, ReadSession
from app.examples import CHANGES, CSV, ENTRIES, RESERVE, SERIES, example
from app.inputs import Day, Instant, Text, dimensions
from app.problems import Problem, declared, field_error
from app.schemas.changes import ChangesOut
from app.schemas.reserve import EntriesOut, ReserveOut, SeriesOut
from parcels import queries
from rules.facts import Standing
from rules.law import LAW

router = APIRouter(prefix="/api/reserve", tags=["reserve"], dependencies=[READER])

By = Annotated[
    Annotated[Text, dimensions(queries.DIMENSIONS)] | None,
    Query(description=f"Dimensions, with commas: {', '.join(queries.DIMENSIONS)}", examples=["district,designation"]),
]
Since = Annotated[Day | None, Query(alias="from", description="First day", examples=["2020-01-01"])]
Until = Annotated[Day | None, Query(alias="to", description="Last day", examples=["2026-11-01"])]
Limit = Annotated[int, Query(ge=1, le=10_000, description="Largest number of lines on this page")]
CSV_PAGE = 5_000


@router.get(
    "",
    response_model=ReserveOut,
    responses={200: example(RESERVE), **declared("not-in-force", "token-invalid")},
    openapi_extra=READ_SECURITY,
)
def get_reserve(response: Response, read: Read, by: By = None) -> ReserveOut:
    """How many net hectares are immediately available on a day, as known at an instant, against the target of 100 ha."""
    found = answers.reserve(read.session, read.asked, by.split(",") if by else ())
    response.headers.update(attribution.headers(found.attribution))
    return found


@router.get(
    "/series",
    response_model=SeriesOut,
    responses={200: example(SERIES), **declared("not-in-force", "token-invalid")},
    dependencies=[HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_series(read: ReadKnown, since: Since = None, until: Until = None) -> SeriesOut:
    """Both series over a period, one point for each seam; five years back and one ahead if nothing is said."""
    begins = LAW.begins(read.asked.known_at, ["reserve.target_ha"])
    first = since or max(begins, read.today - timedelta(days=5 * 365))
    last = until or read.today + timedelta(days=365)
    return answers.series(read.session, read.asked, *deps.period(first, last, (since, until)))


def after_line(value: str) -> tuple[str, int]:
    """Where the page before ended: `<parcel>:<number of the line>`."""
    key, _, number = value.rpartition(":")
    if len(key) > 40 or not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Problem(
            "invalid-request",
            "`after` was not given by this service.",
            [field_error("after", "This is no position", "Follow the `next` link of the page before.")],
        )
    return key, int(number)


@router.get(
    "/entries",
    response_model=EntriesOut,
    responses={
        200: {
            "description": "The lines, as JSON page by page or as CSV all at once",
            "content": {**example(ENTRIES)["content"], "text/csv": {"schema": {"type": "string"}, "example": CSV}},
        },
        **declared("not-in-force", "token-invalid"),
    },
    dependencies=[HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_entries(
    request: Request,
    response: Response,
    read: Read,
    standing: Annotated[list[Standing], Query(description="Only these standings", max_length=5)] = [],  # noqa: B006
    district: Text | None = None,
    after: Annotated[Text | None, Query(description="From the `next` link")] = None,
    limit: Limit = 100,
    format: Annotated[Literal["json", "csv"] | None, Query(description="Instead of Accept")] = None,  # noqa: A002
    excel: Annotated[bool, Query(description="CSV with byte order mark, semicolons and decimal commas")] = False,
) -> Any:
    """The contributions behind the number: every part of a parcel with its amount, its standing and the criteria behind it."""
    position = after_line(after) if after else None
    if deps.wants_csv(request):
        return _csv(request, read, standing, district, excel)
    sources = answers.attribution(read.session, read.asked)
    response.headers.update(attribution.headers(sources))
    lines = queries.entries(read.session, read.asked.on, read.asked.pinned_at, standing, position, limit + 1, district)
    page = lines[:limit]
    more = len(lines) > limit
    return EntriesOut(
        **read.asked.knowledge(),
        on=read.asked.on,
        entries=[answers.entry(line) for line in page],
        next=_next(request, read, after=f"{page[-1].parcel_key}:{page[-1].id}") if more else None,
        attribution=sources,
    )


def _next(request: Request, read: deps.Reading, **position: str) -> str:
    """The following page of the very same state: day and knowledge are written out."""
    pinned = read.asked.pinned_at.isoformat()
    return deps.following(request, on=read.asked.on.isoformat(), known_at=pinned, **position)


def _csv(
    request: Request, read: deps.Reading, standing: Sequence[Standing], district: str | None, excel: bool
) -> Response:
    """All lines; each page takes its own session, so that a slow caller holds no connection."""
    on, known_at, sessions = read.asked.on, read.asked.pinned_at, request.app.state.reading
    first = queries.entries(read.session, on, known_at, standing, None, CSV_PAGE, district)

    def pages() -> Iterator[list[list[Any]]]:
        page = first
        while page:
            yield [answers.entry_row(line) for line in page]
            if len(page) < CSV_PAGE:
                return
            with sessions() as session:
                position = (page[-1].parcel_key, page[-1].id)
                page = queries.entries(session, on, known_at, standing, position, CSV_PAGE, district)

    name = f"landreserve_entries_{on}{'_fiktiv' if read.asked.fictitious else ''}.csv"
    sources = attribution.headers(answers.attribution(read.session, read.asked))
    headers = {**read.headers, **sources, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(
        csvfile.lines(answers.ENTRY_COLUMNS, pages(), excel), 200, headers, "text/csv; charset=utf-8"
    )


@router.get(
    "/changes",
    response_model=ChangesOut,
    responses={200: example(CHANGES), **declared("not-in-force", "token-invalid")},
    dependencies=[HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_changes(
    request: Request,
    response: Response,
    session: ReadSession,
    now: Now,
    known_at: KnownAt,
    since: Since = None,
    until: Until = None,
    on: Annotated[Day | None, Query(description="The one day, with known_from and known_to")] = None,
    known_from: Annotated[Instant | None, Query(description="The earlier state of knowledge")] = None,
    known_to: Annotated[Instant | None, Query(description="The later one; all that is recorded if left out")] = None,
    after: Annotated[int, Query(ge=0, le=10_000_000, description="From the `next` link")] = 0,
    limit: Limit = 1_000,
) -> ChangesOut:
    """What entered, left or changed and the event behind each: between two days (`from`, `to`), or of one day (`on`) between
    two states of knowledge (`known_from`, `known_to`). The parts add up to the difference."""
    question = _question(since, until, on, known_from, known_to, known_at)
    asked = answers.ask(session, question.until, question.known_to, now)
    read = deps.begin(request, response, session, asked, clock.day(now))
    pinned = "known_to" if question.known_from else "known_at"
    link = {pinned: asked.pinned_at.isoformat(), "after": str(after + limit)}
    if question.known_from and question.known_from >= asked.known_at:
        raise Problem(
            "invalid-request",
            "`known_from` is not before `known_to`.",
            [field_error("known_from", "Not before `known_to`", "Give an earlier instant.")],
        )
    found = change_answers.changes(read.session, read.asked, question.since, question.known_from, after, limit)
    return found.model_copy(update={"next": deps.following(request, **link) if found.total > after + limit else None})


class _Question(NamedTuple):
    """Either form of the question about changes, checked."""

    since: date
    until: date
    known_from: datetime | None
    known_to: datetime | None


def _question(
    since: date | None,
    until: date | None,
    on: date | None,
    known_from: datetime | None,
    known_to: datetime | None,
    known_at: datetime | None,
) -> _Question:
    if since and until and not (on or known_from or known_to):
        deps.period(since, until)
        return _Question(since, until, None, known_at)
    if on and known_from and not (since or until or known_at):
        return _Question(on, on, known_from, known_to)
    remedy = "Give `from` and `to` (with known_at), or `on`, `known_from` and `known_to`; not both."
    raise Problem(
        "invalid-request", "It is not clear what to compare.", [field_error(None, "Unclear question", remedy)]
    )
