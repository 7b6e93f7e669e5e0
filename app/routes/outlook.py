"""GET /api/reserve/outlook: what is coming by what is recorded, and when the reserve falls below the line if take-up goes on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import answers, clock, deps, outlook_answers
from app.auth import READ_SECURITY, READER
from app.deps import HEAVY, KnownAt, Now, ReadSession
from app.examples import example
from app.examples_outlook import OUTLOOK
from app.inputs import Day
from app.problems import Problem, declared, field_error
from app.schemas.outlook import OutlookOut
from app.web.language import chosen, translator
from parcels import replacement_log
from parcels.forecast import HorizonError

router = APIRouter(prefix="/api/reserve", tags=["reserve"], dependencies=[READER])

ON = "The day from which one looks ahead; today, or the day of `known_at` if that is earlier"
UNTIL = "The last day looked at; five years ahead if left out"
HISTORY = "From which day on the register tells all sales; the day of its first recording if left out"
From = Annotated[Day | None, Query(description=ON, examples=["2026-11-01"])]
Until = Annotated[Day | None, Query(description=UNTIL, examples=["2031-11-01"])]
History = Annotated[Day | None, Query(description=HISTORY, examples=["2020-01-01"])]


@router.get(
    "/outlook",
    response_model=OutlookOut,
    responses={200: example(OUTLOOK), **declared("not-in-force", "token-invalid")},
    dependencies=[HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_outlook(
    request: Request,
    response: Response,
    session: ReadSession,
    now: Now,
    known_at: KnownAt,
    on: From = None,
    until: Until = None,
    history_since: History = None,
) -> OutlookOut:
    """Dated entries to come, take-up over the trailing 12 and 36 months, reach in years, and the first day below the line under
    low, middle and high take-up, with every assumption; sentences in the language of Accept-Language, else German."""
    language = chosen(None, request.headers.get("accept-language"))
    asked = answers.ask(session, clock.day(now), known_at, now)
    try:
        first = outlook_answers.first_day(on, outlook_answers.known_day(asked), clock.day(now))
        asked = answers.ask(session, first, known_at, now)
        mark = replacement_log.mark(session)
        deps.begin(request, response, session, asked, clock.day(now), language=language, besides=mark)
        response.headers["Content-Language"] = language
        return outlook_answers.answer(session, asked, until, history_since, translator(language))
    except HorizonError as fault:
        wrong = field_error(fault.field, fault.message, fault.remedy)
        raise Problem("invalid-request", f"{fault.message}.", [wrong]) from None
