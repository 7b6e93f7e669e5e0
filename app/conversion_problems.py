"""Why a conversion cannot be assessed, as problems: each refusal of the rules by the name of its kind, its field and its remedy."""

from fastapi import FastAPI, Request
from fastapi.responses import Response

from app.problems import Problem, field_error, respond
from app.web.language import Translator, chosen, translator
from parcels.authors import KeyReusedError
from parcels.conversions import ConversionUnknownError
from parcels.sites import SiteRefusedError
from rules.conversions import CaseRefused, Refusal

# the kind of problem that a refusal is, and the field that it is about; sentence and remedy are the catalogue's
REFUSED: dict[Refusal, tuple[str, str]] = {
    Refusal.ROUTE_NOT_YET: ("route-not-in-force", "route"),
    Refusal.ROUTE_EXPIRED: ("route-not-in-force", "route"),
    Refusal.ROUTE_SUSPENDED: ("route-not-in-force", "route"),
    Refusal.ROUTE_NOT_KNOWN: ("route-not-in-force", "route"),
    Refusal.DECISION_BEFORE_APPLICATION: ("dates-out-of-order", "decision_on"),
    Refusal.DECISION_BEFORE_REQUEST: ("dates-out-of-order", "decision_on"),
    Refusal.REQUEST_BEFORE_APPLICATION: ("dates-out-of-order", "request_received_on"),
    Refusal.APPLICATION_IN_FUTURE: ("dates-out-of-order", "application_on"),
    Refusal.REQUEST_IN_FUTURE: ("dates-out-of-order", "request_received_on"),
    Refusal.HEARING_NOT_ALLOWED: ("hearing-not-allowed", "hearing"),
    Refusal.HEARING_TOO_LONG: ("hearing-not-allowed", "hearing"),
    Refusal.HEARING_NOT_ONE_SPAN: ("hearing-not-allowed", "hearing"),
    Refusal.IN_PORT_ONLY: ("port-only", "site"),
}


def of(error: Exception, speak: Translator) -> Problem:
    """The problem that an error about a conversion means, its detail in the caller's language where the rules gave it."""
    match error:
        case CaseRefused():
            slug, field = REFUSED[error.code]
            said, remedy = (speak.sentence(kind, error.code.value, error.params) for kind in ("refusal", "remedy"))
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
