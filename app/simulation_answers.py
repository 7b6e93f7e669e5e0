"""A simulation, asked and answered: the same for HTTP and for the command line. Nothing here reads a clock."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from app import alert_words, answers, simulation_bodies
from app.answers import SQUARE_METRES_PER_HECTARE, Asked, ha
from app.inputs import order_remedy
from app.schemas.changes import Sum
from app.schemas.reserve import Point, Target
from app.schemas.simulations import (
    Assumption,
    ChangeDone,
    ChangeSide,
    CriterionMove,
    EntryMove,
    PartlyInside,
    PassingOut,
    ReserveSide,
    SeriesSides,
    SimulationOut,
)
from app.simulation_bodies import SimulationIn
from app.web.language import Translator
from parcels import changes, line, queries, simulation
from parcels.alerts import Alert
from parcels.edits import ValueRefusedError
from parcels.queries import Line
from parcels.simulation import Done, Effect, Move, Question, Reading
from rules import reserve as rules
from rules.alerts import Passing, States, passings
from rules.alerts import line as line_of
from rules.facts import Outcome
from rules.law import LAW

AHEAD = timedelta(days=365)
NO_UID = UUID(int=0)  # of an alert that is not raised
TARGET = "reserve.target_ha"


def simulate(session: Session, body: SimulationIn, now: datetime, today: date, speak: Translator) -> SimulationOut:
    """Try the changes on all that is recorded, and answer what they would do.

    ValueRefusedError for what cannot be recorded, NotInForce for days without a target, else as of `simulation.run`.
    """
    steps = simulation_bodies.steps(body)
    begins = LAW.begins(now, [TARGET])
    days = [step.span.since for step in steps]
    on = body.on or max(today, *days)
    since = body.since or max(begins, min(today, on, *days))
    until = body.until or max(today + AHEAD, on, *days)
    if until < since:
        remedy = order_remedy((body.since, body.until), (since, until), "the last day named", "`from`", "`to`")
        raise ValueRefusedError("to", "before `from`", remedy[:1].upper() + remedy[1:])
    for day in (on, since):
        queries.in_force(day, now)
    whole = Question(steps, on, min(since, today), max(until, today), body.by)
    found = simulation.run(session, whole, now)
    asked = answers.ask(session, on, None, now)
    asked = Asked(on, asked.known_at, found.recorded_at, asked.fictitious)
    stand = line.states(session)
    told, would_tell = (_passings(side, today, stand, now) for side in (found.before, found.after))
    return SimulationOut(
        **asked.knowledge(),
        on=on,
        since=since,
        until=until,
        before=_side(found.before, asked, body.by),
        after=_side(found.after, asked, body.by),
        difference=_difference(found.before, found.after),
        series=SeriesSides(
            before=_points(found.before, since, until),
            after=_points(found.after, since, until),
            targets=_targets(since, until, now),
        ),
        entries=[_entry(move) for move in found.moves],
        changes=_changes(found.done, speak),
        no_effect=_without_effect(found.done),
        alerts=[_alert(one, today, speak, now) for one in _new(would_tell, told)],
        averted=[_alert(one, today, speak, now) for one in _new(told, would_tell)],
        assumptions=_assumptions(found.done, speak),
        basis=answers.basis(asked, (TARGET, *dict.fromkeys(rules.PARAMETERS))),
    )


def _targets(since: date, until: date, known_at: datetime) -> list[Target]:
    """The target on the first day and its changes up to the last."""
    first = LAW.on(since, known_at)[TARGET]
    later = [value for value in LAW.published(TARGET, known_at) if since < value.since <= until]
    return [Target(since=since, target_ha=first.amount)] + [Target(since=v.since, target_ha=v.amount) for v in later]


def _passings(reading: Reading, today: date, stand: States, now: datetime) -> list[Passing]:
    """The limits that both series pass from today on, beginning where they stand."""
    days = [max(point.on, today) for point in reading.points]
    course = [line.level_of(day, point.net_m2, point.free_m2) for day, point in zip(days, reading.points, strict=True)]
    later = dict(zip(days, course, strict=True))  # of the days up to today the last counts
    return passings(later.values(), stand, lambda day: line_of(LAW.on(day, now)))[0]


def _new(these: Sequence[Passing], those: Sequence[Passing]) -> list[Passing]:
    """The ones among these that are not among those as well."""
    known = {(one.level.on, one.series, one.kind) for one in those}
    return [one for one in these if (one.level.on, one.series, one.kind) not in known]


def _points(reading: Reading, since: date, until: date) -> list[Point]:
    """The points of a shorter period: the one in force on its first day, and those after it."""
    before = [point for point in reading.points if point.on <= since][-1]
    later = [point for point in reading.points if since < point.on <= until]
    days = [(since, before), *((point.on, point) for point in later)]
    return [Point(on=day, net_ha=ha(point.net_m2), free_ha=ha(point.free_m2)) for day, point in days]


def _side(reading: Reading, asked: Asked, by: Sequence[str]) -> ReserveSide:
    target_ha = LAW.on(asked.on, asked.known_at)[TARGET].amount
    net_ha, free_ha = (m2 / SQUARE_METRES_PER_HECTARE for m2 in (reading.total.net_m2, reading.total.free_m2))
    return ReserveSide(
        **answers.amounts(reading.total),
        target_ha=target_ha,
        gap_ha=rules.gap_ha(net_ha, target_ha).quantize(answers.HA),
        state=rules.state(net_ha, free_ha, target_ha),
        groups=answers.groups(asked, reading.groups, by),
    )


def _difference(before: Reading, after: Reading) -> Sum:
    net_m2 = after.total.net_m2 - before.total.net_m2
    free_m2 = after.total.free_m2 - before.total.free_m2
    return Sum(net_ha=ha(net_m2), free_ha=ha(free_m2), net_m2=net_m2, free_m2=free_m2)


def _entry(move: Move) -> EntryMove:
    line = move.after or move.before
    assert line is not None  # noqa: S101 (a move has a side)
    return EntryMove(
        parcel=line.parcel_key,
        part=line.part,
        site=line.site,
        district=line.district,
        from_standing=move.before.standing if move.before else None,
        to_standing=move.after.standing if move.after else None,
        net_m2=move.net_m2,
        free_m2=move.free_m2,
        criteria=_criteria(move.before, move.after),
        because=list(changes.because(move.before, move.after)),
        changes=list(move.changes),
        before=answers.entry(move.before) if move.before else None,
        after=answers.entry(move.after) if move.after else None,
    )


def _criteria(before: Line | None, after: Line | None) -> list[CriterionMove]:
    """The criteria whose outcome differs; where there is an entry on one side only, those that are not met there."""
    sides = [line for line in (before, after) if line is not None]
    names = sorted({name for line in sides for name in (*line.not_met, *line.unknown)})
    found = [CriterionMove(name=name, before=_outcome(before, name), after=_outcome(after, name)) for name in names]
    return [one for one in found if one.before != one.after]


def _outcome(line: Line | None, name: str) -> Outcome | None:
    if line is None:
        return None
    if name in line.not_met:
        return Outcome.NOT_MET
    return Outcome.UNKNOWN if name in line.unknown else Outcome.MET


def _changes(done: Sequence[Done], speak: Translator) -> list[ChangeDone]:
    found = []
    for number, sides in groupby(done, key=lambda one: one.reach.step.number):
        both = list(sides)
        step = both[0].reach.step
        found.append(
            ChangeDone(
                number=number,
                kind=step.kind,
                valid_from=step.span.since,
                valid_to=step.span.until,
                sides=[_change_side(one, speak) for one in both],
            )
        )
    return found


def _change_side(one: Done, speak: Translator) -> ChangeSide:
    reach = one.reach
    return ChangeSide(
        side=reach.step.side,
        designation=reach.step.designation,
        effect=one.effect,
        text=speak.code("simulation_effect", one.effect),
        net_m2=one.net_m2,
        free_m2=one.free_m2,
        parcels=reach.keys,
        partly_inside=[
            PartlyInside(parcel=key, share=Decimal(str(round(share, 4)))) for key, share in reach.partly.items()
        ],
    )


def _without_effect(done: Sequence[Done]) -> list[int]:
    effective = {one.reach.step.number for one in done if one.effect is not Effect.NONE}
    return sorted({one.reach.step.number for one in done} - effective)


def _alert(one: Passing, today: date, speak: Translator, now: datetime) -> PassingOut:
    on, severity = one.level.on, one.severity
    alert = Alert(0, NO_UID, one.kind, severity, one.series, on, now, line.facts(one), None, None, ())
    return PassingOut(
        kind=one.kind,
        on=on,
        series=one.series,
        severity=severity,
        ha=ha_shown(one.level.of(one.series)),
        target_ha=one.line.target_ha,
        at_once=on == today,
        text=alert_words.sentence(alert, speak),
    )


def ha_shown(amount: Decimal) -> Decimal:
    """Hectares with four decimals."""
    return amount.quantize(answers.HA)


def _assumptions(done: Sequence[Done], speak: Translator) -> list[Assumption]:
    steps = [one.reach.step for one in done]
    codes = ["not_recorded", "line_only"]
    if any(not step.facts for step in steps):
        codes.append("newest_plan")
    if any(step.facts and step.land.outline for step in steps):
        codes.append("whole_parcels")
    return [Assumption(code=code, text=speak.code("assumption", code)) for code in codes]
