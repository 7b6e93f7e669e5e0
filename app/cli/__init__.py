"""The command `landreserve`. Exit codes: 0 done, 1 done with rejected rows or differences, 2 refused."""

import sys

import typer
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.answers import KnownAtAheadError
from app.cli import (
    alerts,
    ask,
    check,
    conversions,
    database,
    edit,
    guidance,
    imports,
    load,
    outlook,
    parcels,
    plans,
    replacements,
    report,
    serve,
    simulate,
    subscriptions,
    sync,
    tokens,
)
from app.cli.base import Refusal, errors
from app.delivery.keys import KeyUnfitError
from app.embedded import EmbeddedError
from app.settings import SettingsError
from parcels.alerts import AlertUnknownError
from parcels.db import DatabaseUnfit
from parcels.deliveries import DeliveryUnknownError
from parcels.edits import HeldInPartsError, StaleError, ValueRefusedError
from parcels.importing.contract import Refused
from parcels.limits import OutlinesError, over_outlines
from parcels.parcels import ParcelNotYetKnownError, ParcelUnknownError
from parcels.plan_files import PlanFileUnknownError
from parcels.run_queries import RunUnknownError
from parcels.simulated import ParcelsUnknownError
from parcels.simulation import RegisterBusyError
from parcels.sources import SourcesError
from parcels.subscriptions import SubscriptionUnknownError, TooManySubscriptionsError
from parcels.tokens import TokenUnknown
from parcels.tried import ContradictionError
from rules.law import NotInForce

PLAIN = (
    EmbeddedError,
    SettingsError,
    DatabaseUnfit,
    TokenUnknown,
    NotInForce,
    KnownAtAheadError,
    Refused,
    Refusal,
    SourcesError,
    KeyUnfitError,
    SubscriptionUnknownError,
    TooManySubscriptionsError,
    DeliveryUnknownError,
    AlertUnknownError,
)
EDITING = (HeldInPartsError, ParcelUnknownError, StaleError, OutlinesError, RunUnknownError, PlanFileUnknownError)
TRYING = (ParcelsUnknownError, RegisterBusyError)

cli = typer.Typer(
    name="landreserve",
    help="Hamburg's land reserve: how many hectares are immediately available, on any day, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (
    serve,
    database,
    load,
    imports,
    sync,
    ask,
    outlook,
    report,
    simulate,
    check,
    parcels,
    plans,
    conversions,
    guidance,
    replacements,
    edit,
    tokens,
    subscriptions,
    alerts,
):
    module.add_to(cli)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code; a refusal is one line on stderr with its remedy."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        cli(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    except (ValueRefusedError, ParcelNotYetKnownError, ContradictionError) as refusal:
        return _refused(f"{str(refusal).removesuffix('.')}. {refusal.remedy}")
    except (*PLAIN, *EDITING, *TRYING) as refusal:
        return _refused(str(refusal))
    except ValidationError as wrong:
        said = "; ".join(f"LANDRESERVE_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in wrong.errors())
        return _refused(f"A setting cannot be used: {said}.")
    except SQLAlchemyError as failure:
        return _refused(_of_database(failure))
    return 0


def _refused(message: str) -> int:
    errors().print(" ".join(message.split()), style="bold red", markup=False, highlight=False, soft_wrap=True)
    return 2


def _of_database(failure: SQLAlchemyError) -> str:
    """What the database said, without statement and parameters."""
    if not isinstance(failure, DBAPIError):
        return f"The database did not answer: {failure}"
    if (outlines := over_outlines(failure)) is not None:
        return str(outlines)
    said = str(failure.orig).partition("\n")[0]
    state = getattr(failure.orig, "sqlstate", None) or ""
    if state == "42P01":
        return f"The database has no register yet ({said}): run `landreserve migrate`."
    if not state or state.startswith(("08", "57P")):
        return (
            f"The database cannot be reached ({said}): run `landreserve db start`, or check LANDRESERVE_DATABASE_URL."
        )
    return f"The database refused: {said}"
