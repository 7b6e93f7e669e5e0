"""What the start page shows of a question: everything read once, through the functions the API answers from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from app.web.chart import NARROW, WIDE, Chart, Picture, draw
from app.web.coming import Day, days
from app.web.language import Translator
from app.web.question import Question
from app.web.unclear import Doubt, doubts
from parcels import changes, queries
from parcels.origins import Attribution, attributions
from parcels.published import PublishedFigure, figures
from parcels.queries import SQUARE_METRES_PER_HECTARE, Group, Point, Totals
from rules.criteria import CRITERIA
from rules.deadlines import months_later
from rules.facts import Standing, State
from rules.law import LAW, Cite, Value
from rules.reserve import PARAMETERS, state

YEARS_BACK = 8
MONTHS_AHEAD = 12


@dataclass(frozen=True, slots=True)
class Seam:
    """A day on which a series changes: the amounts from then on, the change of net in m2, the state they make."""

    point: Point
    change_m2: Decimal
    state: State


@dataclass(frozen=True, slots=True)
class Contents:
    """All that the page says; amounts in m2."""

    target: Value
    totals: Totals
    state: State
    gap_m2: Decimal
    turn: Seam | None
    picture: Picture
    charts: list[Chart]
    seams: list[Seam]
    districts: list[Group]
    designations: list[Group]
    doubts: list[Doubt]
    ahead: date
    coming: list[Day]
    criteria: list[tuple[str, Cite]]
    published: list[PublishedFigure]
    sources: list[Attribution]


def contents(session: Session, asked: Question, speak: Translator) -> Contents:
    """Read what the page shows; NotInForce for a day before the parameters begin or were published."""
    law = LAW.on(asked.on, asked.known_at)
    target = law["reserve.target_ha"]
    totals, districts = queries.reserve(session, asked.on, asked.known_at, ("district",))
    _, designations = queries.reserve(session, asked.on, asked.known_at, ("designation",))
    picture = _picture(session, asked)
    seams = _seams(picture.points, asked)
    now = _state(totals.net_m2, totals.free_m2, target.amount)
    ahead = months_later(asked.on, MONTHS_AHEAD)
    unclear = queries.entries(session, asked.on, asked.known_at, (Standing.UNCLEAR,))
    return Contents(
        target=target,
        totals=totals,
        state=now,
        gap_m2=target.amount * SQUARE_METRES_PER_HECTARE - totals.net_m2,
        turn=next((seam for seam in seams if asked.on < seam.point.on <= ahead and seam.state is not now), None),
        picture=picture,
        charts=[draw(picture, WIDE), draw(picture, NARROW)],
        seams=seams,
        districts=districts,
        designations=designations,
        doubts=doubts(unclear, asked.on, asked.known_at),
        ahead=ahead,
        coming=days(changes.over_days(session, asked.on, ahead, asked.known_at), picture.points, speak),
        criteria=[(name, law[parameter].cite) for name, (parameter, _) in CRITERIA.items()],
        published=figures(),
        sources=attributions(session, asked.seen_at or asked.known_at),
    )


def comparable(figure: PublishedFigure) -> bool:
    """Whether a published figure says of the whole city what the series says: municipal, immediately available."""
    whole_city = figure.area_scope.partition(",")[0] == "Hamburg"
    return whole_city and figure.scope == "available_now" and figure.owner_scope == "municipal"


def _picture(session: Session, asked: Question) -> Picture:
    """Some years back from the day asked about or from today, a year ahead of the later of them."""
    first_year = date(min(asked.on.year - 1, asked.today.year - YEARS_BACK), 1, 1)
    since = max(LAW.begins(asked.known_at, (*PARAMETERS, "reserve.target_ha")), first_year)
    until = months_later(max(asked.on, asked.today), MONTHS_AHEAD)
    targets = LAW.published("reserve.target_ha", asked.known_at)
    return Picture(
        since=since,
        until=until,
        frontier=asked.frontier,
        chosen=asked.on,
        points=queries.series(session, since, until, asked.known_at),
        target=[
            (max(value.since, since), value.amount) for value in targets if value.until is None or value.until > since
        ],
        published=[figure for figure in figures() if comparable(figure)],
    )


def _seams(points: Sequence[Point], asked: Question) -> list[Seam]:
    found = []
    for last, point in zip([None, *points], points, strict=False):
        target = LAW.on(point.on, asked.known_at)["reserve.target_ha"].amount
        change = point.net_m2 - last.net_m2 if last else Decimal(0)
        found.append(Seam(point, change, _state(point.net_m2, point.free_m2, target)))
    return found


def _state(net_m2: Decimal, free_m2: Decimal, target_ha: Decimal) -> State:
    return state(net_m2 / SQUARE_METRES_PER_HECTARE, free_m2 / SQUARE_METRES_PER_HECTARE, target_ha)
