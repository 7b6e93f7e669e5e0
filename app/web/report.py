"""The report of a day and the period before it, as one page to be printed or kept: reserve, what changed, stock, replacement."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from app import answers, stock_answers
from app.answers import Asked
from app.attribution import line
from app.web.coming import days
from app.web.language import Translator
from app.web.pages import TEMPLATES
from parcels import changes, queries

RESERVE_BY = ("district", "designation")
STOCK_BY = ("designation", "district")


def report(session: Session, asked: Asked, since: date, speak: Translator) -> str:
    """The page as HTML that needs nothing beside it; every amount is that of the API. NotInForce as of reserve and stock."""
    reserve = answers.reserve(session, asked, RESERVE_BY)
    stock = stock_answers.stock_on(session, asked, STOCK_BY, (since, asked.on))
    points = queries.series(session, since, asked.on, asked.known_at)
    found = changes.over_days(session, since, asked.on, asked.known_at)
    cited = {one.parameter: one for one in (*reserve.basis.citations, *stock.basis.citations)}
    page: str = TEMPLATES.get_template("report.html").render(
        speak=speak,
        _=speak.text,
        ngettext=speak.count,
        asked=asked,
        since=since,
        reserve=reserve,
        before=points[0],
        seams=points,
        days=days(found, points, speak),
        stock=stock,
        sources=[line(one) for one in reserve.attribution],
        cited=sorted(cited.values(), key=lambda one: one.parameter),
    )
    return page
