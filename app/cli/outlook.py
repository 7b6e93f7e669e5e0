"""The command that looks ahead: landreserve outlook."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import typer

from app import answers, clock, outlook_answers
from app.cli import base
from app.cli.base import AsJson, KnownAt, Refusal, shown
from app.schemas.outlook import CourseOut, FirstBelowOut, OutlookOut
from app.web.language import translator
from parcels.forecast import HorizonError
from rules.outlook import Reaching

From = Annotated[
    date | None,
    typer.Option("--on", parser=base.day, metavar="DAY", help="The day from which one looks ahead; today if left out."),
]
Until = Annotated[
    date | None,
    typer.Option("--until", parser=base.day, metavar="DAY", help="The last day; five years ahead if left out."),
]
History = Annotated[
    date | None,
    typer.Option(
        "--history-since",
        parser=base.day,
        metavar="DAY",
        help="From which day on the register tells all sales; that of its first recording if left out.",
    ),
]


ENTRIES = ("on", "kind", "site", "net_m2", "free_m2", "why")
TAKEN = ("months", "after", "until", "taken_ha", "ha_a_year")
COURSES = ("scenario", "ha_a_year", "net_reach", "net_below", "free_reach", "free_below")
PLANS = ("plan", "stage", "designation", "expected", "gross_ha")
SITES = ("site", "designation", "net_ha", "pledged_ha", "buildable_on", "way", "enters_ha", "not_counted")


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(outlook)


def outlook(
    on: From = None,
    until: Until = None,
    known_at: KnownAt = None,
    history_since: History = None,
    as_json: AsJson = False,
) -> None:
    """What is coming, and when the reserve falls below the line. By what is recorded, and if take-up goes on."""
    with base.reading() as session:
        asked = base.asked(session, None, known_at)
        try:
            first = outlook_answers.first_day(on, outlook_answers.known_day(asked), asked.on)
            asked = answers.ask(session, first, known_at, clock.now())
            found = outlook_answers.answer(session, asked, until, history_since, translator("en"))
        except HorizonError as fault:
            remedy = fault.remedy.replace("`until`", "--until")
            raise Refusal(f"--{fault.field}: {fault.message}. {remedy}") from None
    if as_json:
        base.print_json(found)
        return
    _print(found)
    base.output().print(base.footer(asked), markup=False)


def _print(found: OutlookOut) -> None:
    out = base.output()
    entries = [(e.on, e.kind, e.site or ", ".join(e.parcels), e.net_m2, e.free_m2, e.why) for e in found.entries]
    _table(f"Recorded until {found.until}", ENTRIES, entries)
    taken = [(t.months, t.since, t.until, t.taken_ha, _known(t.ha_a_year)) for t in found.take_up]
    _table("Take-up", TAKEN, taken)
    courses = [
        (one.scenario, _known(one.ha_a_year), *_course(one.net, found.until), *_course(one.free, found.until))
        for one in found.scenarios
    ]
    _table("Reach, and first day below the line", COURSES, courses)
    if found.pipeline:
        plans = [(p.plan, p.stage, p.designation, p.expected, p.area_ha) for p in found.pipeline]
        _table("Plans in procedure, not counted", PLANS, plans)
    if found.sites:
        sites = [
            (
                *(one.name, one.designation, _known(one.net_ha), one.pledged_ha, one.way.available_on),
                *(one.security, one.enters_ha, "; ".join(one.aside_says)),
            )
            for one in found.sites
        ]
        _table("Sites offered as replacement, not counted", SITES, sites)
    out.print("Assumed:", style="bold")
    for assumption in found.assumptions:
        out.print(f"- {assumption.says}", markup=False, soft_wrap=True)


def _table(title: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    amounts = [name for name in columns if name.endswith(("_m2", "_ha", "_year"))]
    base.output().print(base.table(columns, rows, right=amounts, title=title))


def _known(amount: Decimal | None) -> Decimal | str:
    return "unknown" if amount is None else amount


def _course(course: CourseOut, until: date) -> tuple[str | None, str]:
    reach = course.reach
    lasting = None
    if reach is not None:
        lasting = f"{shown(reach.years)} years" if reach.found is Reaching.YEARS else str(reach.found)
    said = _below(course.first_below, until)
    later = _below(course.with_pipeline, until)
    return lasting, said if later == said else f"{said}; with secure sites {later}"


def _below(below: FirstBelowOut, until: date) -> str:
    on = None if below.on is None else below.on.isoformat()
    said = translator("en").code("crossing", below.found.value).format(on=on, until=until)
    return f"{said}, not from {below.back_on}" if below.back_on else said
