"""Errors as RFC 9457 problem+json: one shape for all, with field errors and remedies; never the text of a fault of ours."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.answers import KnownAtAheadError
from app.delivery.keys import KeyUnfitError
from app.headers import SECURITY_HEADERS
from app.problem_kinds import KINDS
from parcels.alerts import AlertUnknownError
from parcels.conversion_steps import OvertakenError
from parcels.conversion_tracks import TrackUnknownError
from parcels.deliveries import DeliveryUnknownError
from parcels.edits import HeldInPartsError, StaleError, ValueRefusedError
from parcels.eligibility import TooManyParcelsError
from parcels.limits import OutlinesError, OutOfTimeError, gave_up, over_outlines
from parcels.parcels import ParcelNotYetKnownError, ParcelUnknownError
from parcels.plan_files import PlanFileUnknownError
from parcels.run_queries import RunUnknownError
from parcels.simulated import ParcelsUnknownError
from parcels.simulation import RegisterBusyError
from parcels.subscriptions import SubscriptionUnknownError, TooManySubscriptionsError
from parcels.tried import ContradictionError
from rules.law import NotInForce

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = {
    "busy": 5,
    "simulation-timeout": 30,
    "too-many-listeners": 30,
    "queue-full": 60,
    "too-expensive": 30,
    "write-timeout": 30,
    "database-unavailable": 5,
}
BY_STATUS = {400: "malformed-body", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
BY_SQLSTATE = {
    "55P03": "busy",  # lock timeout
    "40P01": "busy",
    "40001": "busy",
    "53100": "disk-full",
    "23P01": "overlap",  # exclusion constraint
    "23514": "not-storable",  # check constraint
}
# Errors whose own sentence says all that there is to say.
SAID: dict[type[Exception], str] = {
    ParcelUnknownError: "parcel-unknown",
    AlertUnknownError: "alert-unknown",
    RunUnknownError: "import-unknown",
    PlanFileUnknownError: "plan-file-unknown",
    TrackUnknownError: "track-unknown",
    SubscriptionUnknownError: "subscription-unknown",
    DeliveryUnknownError: "delivery-unknown",
    TooManySubscriptionsError: "too-many-subscriptions",
    HeldInPartsError: "held-in-parts",
    StaleError: "precondition-failed",
    RegisterBusyError: "busy",
}
READING = ("GET", "HEAD", "OPTIONS")
ASKED_BY_POST = ("/api/eligibility", "/api/reserve/simulations")
REMEDIES = {
    "too_long": "Ask in several calls.",
    "too_short": "Name at least one.",
    "missing": "State it; null where it is unknown and may be so.",
    "extra_forbidden": "Leave it out: there is no such field.",
    "enum": "Use one of the values named.",
    "literal_error": "Use one of the values named.",
    "json_invalid": "Send well-formed JSON.",
}


class Problem(Exception):
    """An error on its way to the caller: a kind of KINDS, a sentence, and further members of the answer."""

    def __init__(
        self,
        slug: str,
        detail: str,
        errors: Sequence[Mapping[str, str | None]] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.errors = slug, detail, list(errors)
        self.headers, self.members = dict(headers or {}), members
        self.status = status or KINDS[slug].status
        if slug in RETRY_SECONDS:
            self.headers["Retry-After"] = str(RETRY_SECONDS[slug])


def field_error(field: str | None, message: str, remedy: str) -> dict[str, str | None]:
    """One line of `errors`."""
    return {"field": field, "message": message, "remedy": remedy}


def respond(problem: Problem) -> Response:
    """The problem as an answer; ASCII only, so that no text of a caller can break it."""
    body = {
        "type": f"/problems/{problem.slug}",
        "title": KINDS[problem.slug].title,
        "status": problem.status,
        "detail": problem.detail,
        "errors": problem.errors,
        **problem.members,
    }
    headers = {"Cache-Control": "no-store", **SECURITY_HEADERS, **problem.headers}  # a 500 passes no middleware
    return Response(json.dumps(body, default=str), problem.status, headers, MEDIA_TYPE)


def of(error: Exception, writing: bool = False) -> Problem:
    """The problem that an exception of the service, of its framework or of the database means to a caller who reads or writes."""
    if slug := SAID.get(type(error)):
        return Problem(slug, str(error))
    match error:
        case Problem():
            return error
        case NotInForce():
            return Problem("not-in-force", str(error), begins=error.begins)
        case OvertakenError():
            return Problem("case-moved-on", str(error), last_step=error.last_step)
        case KeyUnfitError():
            log.error("%s", error)
            return Problem("secrets-unavailable", KINDS["secrets-unavailable"].meaning)
        case OutOfTimeError():
            return Problem("simulation-timeout", KINDS["simulation-timeout"].meaning)
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_status(error)
        case PoolTimeout():
            recorded = " Nothing was recorded: send the same again." if writing else ""
            return Problem("database-unavailable", f"All connections to the database are taken.{recorded}")
        case DBAPIError():
            return _of_database(error, writing)
    return _of_asked(error) or Problem("internal", "The service failed; nothing was changed.")


def _of_asked(error: Exception) -> Problem | None:
    """The problem with a part of what was asked for, which is named with its remedy; None where it is something else."""
    match error:
        case ParcelNotYetKnownError():
            told = [field_error("known_at", "Before the first recording of this parcel", error.remedy)]
            return Problem("not-yet-known", str(error), told, first_recorded_at=error.first_recorded_at.isoformat())
        case TooManyParcelsError():
            told = [field_error("geometry", str(error), "Divide the area into smaller ones.")]
            return Problem("too-many-parcels", str(error), told, most=error.most)
        case KnownAtAheadError():
            return _invalid([field_error("known_at", str(error), "Leave known_at out for all that is known by now.")])
        case ValueRefusedError():
            return _invalid([field_error(error.field, str(error), error.remedy)])
        case ParcelsUnknownError():
            remedy = "Check the key, or leave it out."
            told = [field_error(where, f"The register does not know {key}", remedy) for where, key in error.found]
            return Problem("parcels-unknown", str(error), told)
        case ContradictionError():
            return Problem("changes-contradict", str(error), [field_error(error.where, str(error), error.remedy)])
        case OutlinesError():
            remedy = f"{error.remedy[:1].upper()}{error.remedy[1:]}."
            return Problem(error.kind, str(error), [field_error(error.field, str(error), remedy)])
    return None


def _invalid(errors: list[dict[str, str | None]]) -> Problem:
    said = "; ".join(f"{error['field'] or 'request'}: {error['message']}" for error in errors[:3])
    return Problem("invalid-request", said, errors)


def _of_validation(error: RequestValidationError) -> Problem:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        remedy = REMEDIES["json_invalid"]
        return Problem("malformed-body", "The body is no JSON.", [field_error("body", "No well-formed JSON", remedy)])
    return _invalid(of_fields(found))


def of_fields(found: Sequence[Any]) -> list[dict[str, str | None]]:
    """What a model of a request found wrong, as lines of `errors`."""
    return [_field(one) for one in found]


def _field(one: Mapping[str, Any]) -> dict[str, str | None]:
    where = [str(part) for part in one["loc"] if part not in ("query", "path", "header")]
    context = one.get("ctx") or {}
    remedy = context.get("remedy") or REMEDIES.get(one["type"]) or "See the description of this call at /docs."
    return field_error(".".join(where) or None, str(one["msg"]), str(remedy))


def _of_status(error: HTTPException) -> Problem:
    slug = BY_STATUS.get(error.status_code, "http-error" if error.status_code < 500 else "internal")
    kept = {name: value for name, value in (error.headers or {}).items() if name.lower() in ("allow", "retry-after")}
    return Problem(slug, KINDS[slug].meaning, headers=kept, status=error.status_code)


def _of_database(error: DBAPIError, writing: bool) -> Problem:
    state = getattr(error.orig, "sqlstate", None) or ""
    slug = BY_SQLSTATE.get(state)
    if gave_up(error):
        slug = "write-timeout" if writing else "too-expensive"
    elif (found := over_outlines(error)) is not None:
        return of(found, writing)
    if slug:
        return Problem(slug, KINDS[slug].meaning)
    lost = state.startswith(("08", "57P", "53")) or error.connection_invalidated
    if lost or (not state and isinstance(error, OperationalError | InterfaceError)):
        doubt = " Whether the change was recorded is not certain: read the parcel again." if writing else ""
        return Problem("database-unavailable", KINDS["database-unavailable"].meaning + doubt)
    return Problem("internal", "The service failed; nothing was changed.")


async def handle(request: Request, error: Exception) -> Response:
    """The one exception handler: what the caller did is noted, what we did wrong is logged as an error."""
    problem = of(error, writing=request.method not in READING and request.url.path not in ASKED_BY_POST)
    if problem.status >= 500:
        unexpected = error if problem.slug == "internal" else None
        log.error("%s %s: %s", request.method, _place(request), problem.slug, exc_info=unexpected)
    else:
        log.info("%s %s: %s", request.method, _place(request), problem.slug)
    return respond(problem)


def _place(request: Request) -> str:
    """The address as it may stand in a log: without the code of a public link, which is as good as a key."""
    path, link, code = request.url.path.partition("/track/")
    return f"{path}{link}..." if code else request.url.path


def install(app: FastAPI) -> None:
    """Let every exception answer as a problem."""
    kinds = (
        Problem,
        NotInForce,
        OvertakenError,
        KeyUnfitError,
        OutOfTimeError,
        ParcelNotYetKnownError,
        TooManyParcelsError,
        KnownAtAheadError,
        ValueRefusedError,
        ParcelsUnknownError,
        ContradictionError,
        OutlinesError,
    )
    for kind in (*SAID, *kinds, RequestValidationError, HTTPException, PoolTimeout, DBAPIError, Exception):
        app.add_exception_handler(kind, handle)


def declared(*slugs: str) -> dict[int | str, dict[str, Any]]:
    """What an operation may answer beside its own: for `responses` of a route, with an example each."""
    found: dict[int | str, dict[str, Any]] = {}
    for slug in (*slugs, "invalid-request", "database-unavailable"):
        kind = KINDS[slug]
        example = {
            "type": f"/problems/{slug}",
            "title": kind.title,
            "status": kind.status,
            "detail": kind.meaning,
            "errors": [],
        }
        content = found.setdefault(kind.status, {"description": kind.title, "content": {MEDIA_TYPE: {"examples": {}}}})
        content["content"][MEDIA_TYPE]["schema"] = {"$ref": "#/components/schemas/Problem"}
        content["content"][MEDIA_TYPE]["examples"][slug] = {"value": example}
    return found
