"""What if: the command simulate."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from app import clock, problems, simulation_answers
from app.cli import base
from app.cli.base import Refusal
from app.schemas.simulations import SimulationOut
from app.simulation_bodies import SimulationIn
from app.web.language import translator
from parcels.limits import OutOfTimeError

LARGEST = 16 << 20
SIDES = ("net_ha", "free_ha", "gross_ha", "unclear_ha", "unrecorded_ha", "areas")


def add_to(cli: typer.Typer) -> None:
    """Register the command."""
    cli.command()(simulate)


def simulate(
    file: Annotated[
        Path, typer.Argument(dir_okay=False, metavar="FILE", help="JSON, as POST /api/reserve/simulations.")
    ],
    as_json: base.AsJson = False,
) -> None:
    """What changes would do to the reserve. Nothing of them is recorded."""
    body = _read(file)
    now = clock.now()
    with base.writing(commit=False) as session:
        try:
            found = simulation_answers.simulate(session, body, now, clock.day(now), translator("en"))
        except OutOfTimeError as late:
            raise Refusal(problems.of(late).detail) from late
    if as_json:
        base.print_json(found)
    else:
        _tell(found)


def _read(file: Path) -> SimulationIn:
    try:
        if file.stat().st_size > LARGEST:
            raise Refusal(f"{file.name} is larger than {LARGEST >> 20} MiB: try fewer changes at once.")
        return SimulationIn.model_validate_json(file.read_bytes())
    except OSError as unreadable:
        raise Refusal(f"{file.name} cannot be read: check the file.") from unreadable
    except ValidationError as wrong:
        told = problems.of_fields(wrong.errors())
        said = "; ".join(f"{one['field'] or 'file'}: {one['message']}. {one['remedy']}" for one in told[:5])
        raise Refusal(f"{file.name}: {said}") from wrong


def _tell(found: SimulationOut) -> None:
    out = base.output()
    sides = [
        (name, *(getattr(side, name) for name in SIDES))
        for name, side in (("before", found.before), ("after", found.after))
    ]
    out.print(base.table([f"on {found.on}", *SIDES], sides, right=SIDES))
    columns = ("parcel", "site", "from", "to", "net_m2", "because")
    rows = [(e.parcel, e.site, e.from_standing, e.to_standing, e.net_m2, e.because) for e in found.entries]
    out.print(base.table(columns, rows, right=("net_m2",), title="Entries that move"))
    for change in found.changes:
        for side in change.sides:
            cut = (
                f" Left out, since only partly inside: {base.shown([one.parcel for one in side.partly_inside])}."
                if side.partly_inside
                else ""
            )
            base.say(f"Change {change.number}, {side.side or change.kind}: {side.text}{cut}")
    for heading, alerts in (("Alert", found.alerts), ("Averted", found.averted)):
        for alert in alerts:
            out.print(f"{heading}, {alert.severity}: {alert.text}", markup=False)
    if not found.alerts:
        out.print("No alert of the line would be raised.", markup=False)
