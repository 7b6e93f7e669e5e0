"""The commands that ask for the number and what is behind it: reserve, series, entries, changes, stock."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from app import answers, attribution, change_answers, csvfile, stock_answers
from app.cli import base
from app.cli.base import AsJson, KnownAt, On, Refusal, shown
from app.inputs import order_remedy
from app.schemas.stock import BalanceAmounts, StockOut
from parcels import queries, replacement_balance, stock
from rules.facts import Standing
from rules.law import LAW

From = Annotated[date | None, typer.Option("--from", parser=base.day, metavar="DAY", help="First day.")]
To = Annotated[date | None, typer.Option("--to", parser=base.day, metavar="DAY", help="Last day.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAMES", help="Dimensions, with commas.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many lines.")]
HECTARES = ("net_ha", "free_ha", "gross_ha", "unclear_ha", "unrecorded_ha", "areas")
BALANCE = (
    *("lost_ha", "unmeasured", "pledged_ha", "delivered_ha", "secure_ha", "insecure_ha"),
    *("debt_ha", "outstanding_ha", "ahead_ha"),
)


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    for command in (reserve, series, entries, changes):
        cli.command()(command)
    cli.command("stock")(stock_on)


def _dimensions(by: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(by.split(",")) if by else ()
    if len(set(names)) != len(names) or not set(names) <= set(known):
        raise typer.BadParameter(f"known are {', '.join(known)}, parted by commas, each once", param_hint="--by")
    return names


def reserve(on: On = None, known_at: KnownAt = None, by: By = None, as_json: AsJson = False) -> None:
    """How many net hectares are immediately available on a day. Measured against the target of that day."""
    names = _dimensions(by, queries.DIMENSIONS)
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        found = answers.reserve(session, asked, names)
    if as_json:
        base.print_json(found)
        return
    rows = [[*g.by.values(), *(getattr(g, name) for name in HECTARES)] for g in found.groups]
    total = ["total" if number == 0 else "" for number in range(len(names))]
    rows.append([*total, *(getattr(found, name) for name in HECTARES)])
    out = base.output()
    out.print(base.table([*names, *HECTARES], rows, right=HECTARES))
    out.print(base.footer(asked), markup=False)
    against = "reached" if not found.gap_ha else f"{shown(found.gap_ha)} ha missing"
    out.print(f"target {found.target_ha} ha: {against}, state: {found.state}", style="bold", markup=False)


def series(from_: From = None, to: To = None, known_at: KnownAt = None, as_json: AsJson = False) -> None:
    """Both series over a period, one line for each seam. All years and one year ahead if nothing is said."""
    with base.reading() as session:
        asked = base.asked(session, None, known_at)
        since = from_ or LAW.begins(asked.known_at, ["reserve.target_ha"])
        until = to or asked.on + timedelta(days=365)
        if until < since:
            raise _reversed((from_, to), (since, until), "a year from today")
        found = answers.series(session, asked, since, until)
    if as_json:
        base.print_json(found)
        return
    columns = ("from", "net_ha", "free_ha")
    base.output().print(base.table(columns, [(p.on, p.net_ha, p.free_ha) for p in found.points], right=columns[1:]))
    base.output().print(base.footer(asked), markup=False)


def entries(
    on: On = None,
    known_at: KnownAt = None,
    standing: Annotated[
        list[Standing] | None, typer.Option("--standing", help="Only this standing; repeatable.")
    ] = None,
    district: Annotated[str | None, typer.Option("--district", help="Only this Bezirk.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", dir_okay=False, help="Write all lines to this file.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """The parts of parcels behind the number. With their amounts and the criteria that decided."""
    with base.reading() as session:
        asked = base.asked(session, on, known_at)
        lines = queries.entries(session, asked.on, asked.known_at, standing or (), None, limit, district)
        sources = answers.attribution(session, asked)
    if csv is not None:
        rows = [answers.entry_row(line) for line in lines]
        with csv.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csvfile.lines(answers.ENTRY_COLUMNS, [rows]))
        base.say(f"{len(rows)} lines written to {csv}.")
        for source in sources:
            base.say(f"Source, to be named wherever it is shown: {attribution.line(source)}")
    elif as_json:
        plain = [answers.entry(line).model_dump(mode="json") for line in lines]
        base.print_json(
            {
                **asked.knowledge(),
                "on": asked.on,
                "entries": plain,
                "attribution": [one.model_dump(mode="json") for one in sources],
            }
        )
    else:
        columns = ("parcel", "site", "district", "designation", "net_m2", "standing", "not_met", "unknown")
        shown_rows = [[line.parcel_key, *(getattr(line, name) for name in columns[1:])] for line in lines]
        base.output().print(base.table(columns, shown_rows, right=("net_m2",)))
        base.output().print(f"{len(lines)} lines, {base.footer(asked)}", markup=False)


def changes(
    from_: From = None,
    to: To = None,
    on: On = None,
    known_from: Annotated[
        datetime | None, typer.Option("--known-from", parser=base.instant, metavar="INSTANT", help="With --on.")
    ] = None,
    known_to: Annotated[
        datetime | None, typer.Option("--known-to", parser=base.instant, metavar="INSTANT", help="With --on.")
    ] = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """What entered, left or changed, and why. Between two days (--from, --to), or of one day between two states of knowledge."""
    over_days = from_ is not None and on is None and known_from is None and known_to is None
    over_knowledge = on is not None and known_from is not None and from_ is None and to is None and known_at is None
    if not (over_days or over_knowledge):
        raise typer.BadParameter("give --from and --to (and --known-at), or --on, --known-from and --known-to")
    with base.reading() as session:
        asked = base.asked(session, on or to, known_to or known_at)
        since = from_ or asked.on
        if asked.on < since:
            raise _reversed((from_, to), (since, asked.on), "today")
        if known_from is not None and known_from >= asked.known_at:
            said = (
                "is not in the past: give an earlier one"
                if known_to is None
                else "is not before --known-to: exchange them"
            )
            raise Refusal(f"--known-from {said}.")
        found = change_answers.changes(session, asked, since, known_from, 0, 10_000_000)
    if as_json:
        base.print_json(found)
        return
    columns = ("on", "kind", "parcel", "site", "net_m2", "free_m2", "because", "recorded", "note")
    rows = [_change_row(one) for one in found.changes]
    rows.append(["", "difference", "", "", found.difference.net_m2, found.difference.free_m2, "", "", ""])
    base.output().print(base.table(columns, rows, right=("net_m2", "free_m2")))
    sums = f"net {shown(found.before.net_ha)} ha -> {shown(found.after.net_ha)} ha"
    base.output().print(f"{sums}, {base.footer(asked)}", markup=False)


def _reversed(said: tuple[date | None, date | None], taken: tuple[date, date], end: str) -> Refusal:
    return Refusal(f"--to lies before --from: {order_remedy(said, taken, end, '--from', '--to')}")


def _change_row(one: Any) -> list[Any]:
    line = one.after or one.before
    recorded = one.event.at.date() if one.event.at else None
    return [one.on, one.kind, one.parcel, line.site, one.net_m2, one.free_m2, one.because, recorded, one.event.note]


def stock_on(
    on: On = None, known_at: KnownAt = None, by: By = None, from_: From = None, to: To = None, as_json: AsJson = False
) -> None:
    """The stock (Bestand) of workplace land outside the port. With --from and --to its losses and gains."""
    names = _dimensions(by, stock.DIMENSIONS)
    if (from_ is None) != (to is None) or (from_ and to and to < from_):
        raise Refusal("A period needs --from and --to, in that order.")
    with base.reading() as session:
        asked = base.asked(session, on or to, known_at)
        found = stock_answers.stock_on(session, asked, names, (from_, to) if from_ and to else None)
    if as_json:
        base.print_json(found)
        return
    amounts = ("area_ha", "net_ha", "unclear_ha")
    rows = [[*g.by.values(), *(getattr(g, name) for name in amounts)] for g in found.groups]
    total = ["total" if number == 0 else "" for number in range(len(names))]
    out = base.output()
    out.print(
        base.table([*names, *amounts], [*rows, [*total, *(getattr(found, name) for name in amounts)]], right=amounts)
    )
    if found.movements:
        moved = [(m.on, m.designation, m.district, m.gained_ha, m.lost_ha) for m in found.movements.items]
        columns = ("on", "designation", "district", "gained_ha", "lost_ha")
        last = ("total", "", "", found.movements.gained_ha, found.movements.lost_ha)
        out.print(base.table(columns, [*moved, last], right=columns[3:], title="Gains and losses"))
    _print_balance(found, names)
    out.print(base.footer(asked), markup=False)


def _print_balance(found: StockOut, names: Sequence[str]) -> None:
    """What was entered as lost and what is pledged for it: in total, by the dimensions it has, over the period."""
    names = [name for name in names if name in replacement_balance.DIMENSIONS]
    rows = [[*one.by.values(), *_balance_row(one)] for one in found.replacement.groups]
    total = [*("total" if number == 0 else "" for number in range(len(names))), *_balance_row(found.replacement)]
    title = "Losses that were entered, and their replacement"
    base.output().print(base.table([*names, *BALANCE], [*rows, total], right=BALANCE, title=title))
    if found.replacement.points is not None:
        course = [[one.on, *_balance_row(one)] for one in found.replacement.points]
        base.output().print(base.table(["from", *BALANCE], course, right=BALANCE, title=f"{title}, over the period"))


def _balance_row(one: BalanceAmounts) -> list[Any]:
    return [getattr(one, name) for name in BALANCE]
