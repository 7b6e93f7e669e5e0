"""GET /api/stock: all workplace land, whoever holds it, and what it gained and lost."""

from typing import Annotated

from fastapi import APIRouter, Query

from app import answers, deps
from app.auth import READ_SECURITY, READER
from app.deps import HEAVY, Read
from app.examples import STOCK, example
from app.inputs import Text, dimensions
from app.problems import Problem, declared, field_error
from app.routes.reserve import Since, Until
from app.schemas.stock import StockOut
from parcels import stock

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
def get_stock(read: Read, by: By = None, since: Since = None, until: Until = None) -> StockOut:
    """The stock (Bestand) of GE, GI, I and commercially used G land outside the port on a day; with `from` and `to` also its
    losses and gains over that period."""
    if (since is None) != (until is None):
        missing = "from" if since is None else "to"
        raise Problem(
            "invalid-request", "A period has two ends.", [field_error(missing, "Missing", "Give `from` and `to`.")]
        )
    span = deps.period(since, until) if since and until else None
    return answers.stock_on(read.session, read.asked, by.split(",") if by else (), span)
