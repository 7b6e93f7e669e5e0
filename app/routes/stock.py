"""GET /api/stock: all workplace land, whoever holds it, and what it gained and lost."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import answers, clock, deps, stock_answers
from app.auth import READ_SECURITY, READER
from app.deps import HEAVY, KnownAt, Now, On, ReadSession
from app.examples import STOCK, example
from app.inputs import Text, dimensions
from app.problems import Problem, declared, field_error
from app.routes.reserve import Since, Until
from app.schemas.stock import StockOut
from parcels import replacement_log, stock

router = APIRouter(prefix="/api/stock", tags=["stock"], dependencies=[READER])
By = Annotated[
    Annotated[Text, dimensions(stock.DIMENSIONS)] | None,
    Query(description=f"Dimensions, with commas: {', '.join(stock.DIMENSIONS)}", examples=["designation,ownership"]),
]


@router.get(
    "",
    response_model=StockOut,
    responses={200: example(STOCK), **declared("not-in-force", "token-invalid")},
    dependencies=[HEAVY],
    openapi_extra=READ_SECURITY,
)
def get_stock(
    request: Request,
    response: Response,
    session: ReadSession,
    now: Now,
    on: On,
    known_at: KnownAt,
    by: By = None,
    since: Since = None,
    until: Until = None,
) -> StockOut:
    """The stock (Bestand) of GE, GI, I and commercially used G land outside the port on a day, and the balance of losses and
    pledged replacement; with `from` and `to` also its losses and gains, and the balance's course, over that period."""
    if (since is None) != (until is None):
        missing = "from" if since is None else "to"
        raise Problem(
            "invalid-request", "A period has two ends.", [field_error(missing, "Missing", "Give `from` and `to`.")]
        )
    span = deps.period(since, until) if since and until else None
    asked, mark = answers.ask(session, on, known_at, now), replacement_log.mark(session)
    deps.begin(request, response, session, asked, clock.day(now), besides=mark)
    return stock_answers.stock_on(session, asked, by.split(",") if by else (), span)
