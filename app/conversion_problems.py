"""Why a conversion cannot be assessed, as problems: each refusal of the rules by the name of its kind, its field and its remedy."""

from typing import NamedTuple

from fastapi import FastAPI, Request
from fastapi.responses import Response

from app.problems import Problem, field_error, respond
from app.web.language import Translator, chosen, translator
from parcels.conversions import ConversionUnknownError, KeyReusedError
from parcels.sites import SiteRefusedError
from rules.conversions import CaseRefused, Refusal


class Refused(NamedTuple):
    """The kind of problem that a refusal is, the field that it is about, and what to do."""

    slug: str
    field: str
    remedy: str


_ROUTE = "Choose a route that could be used on the day of decision, or correct the day."
_ORDER = "Give the days in the order application, request, decision; none but a planned decision lies ahead."
_HEARING = "Only § 36a Abs. 2 BauGB allows a hearing of the public, for a month at most: leave it out or correct it."
REFUSED = {
    Refusal.ROUTE_NOT_YET: Refused("route-not-in-force", "route", _ROUTE),
    Refusal.ROUTE_EXPIRED: Refused("route-not-in-force", "route", _ROUTE),
    Refusal.ROUTE_SUSPENDED: Refused("route-not-in-force", "route", _ROUTE),
    Refusal.ROUTE_NOT_KNOWN: Refused("route-not-in-force", "route", _ROUTE),
    Refusal.DECISION_BEFORE_APPLICATION: Refused("dates-out-of-order", "decision_on", _ORDER),
    Refusal.DECISION_BEFORE_REQUEST: Refused("dates-out-of-order", "decision_on", _ORDER),
    Refusal.REQUEST_BEFORE_APPLICATION: Refused("dates-out-of-order", "request_received_on", _ORDER),
    Refusal.APPLICATION_IN_FUTURE: Refused("dates-out-of-order", "application_on", _ORDER),
    Refusal.REQUEST_IN_FUTURE: Refused("dates-out-of-order", "request_received_on", _ORDER),
    Refusal.HEARING_NOT_ALLOWED: Refused("hearing-not-allowed", "hearing", _HEARING),
    Refusal.HEARING_TOO_LONG: Refused("hearing-not-allowed", "hearing", _HEARING),
    Refusal.HEARING_NOT_ONE_SPAN: Refused("hearing-not-allowed", "hearing", "Give `months` or `days`."),
    Refusal.IN_PORT_ONLY: Refused("port-only", "site", "Ask the HPA: in the port the HafenEG rules, not the BauGB."),
}


def of(error: Exception, speak: Translator) -> Problem:
    """The problem that an error about a conversion means, its detail in the caller's language where the rules gave it."""
    match error:
        case CaseRefused():
            slug, field, remedy = REFUSED[error.code]
            said = speak.sentence("refusal", error.code.value, error.params)
            return Problem(slug, said, [field_error(field, said, remedy)], code=error.code.value)
        case SiteRefusedError():
            faults = [
                field_error("site", f"{f.key}: {f.message}" if f.key else f.message, f.remedy) for f in error.faults
            ]
            return Problem(error.kind, str(error), faults)
        case KeyReusedError():
            return Problem("key-reused", str(error))
        case ConversionUnknownError():
            return Problem("conversion-unknown", str(error))
    raise error


KINDS = (CaseRefused, SiteRefusedError, KeyReusedError, ConversionUnknownError)


async def handle(request: Request, error: Exception) -> Response:
    """The exception handler of all of them."""
    return respond(of(error, translator(chosen(None, request.headers.get("accept-language")))))


def install(app: FastAPI) -> None:
    """Let each of them answer as a problem."""
    for kind in KINDS:
        app.add_exception_handler(kind, handle)
