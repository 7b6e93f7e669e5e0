"""The application: routes, errors, guards and the connections they use."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from sqlalchemy.orm import Session

from app import conversion_problems, problems, reference, replacement_problems
from app.bodies import HoldingIn, ParcelIn, SubscriptionIn
from app.candidate_bodies import CandidateIn, CandidateVersionIn, MilestoneIn
from app.conversion_bodies import AgainIn, CaseIn, QuestionIn
from app.deps import KNOWN_NAMES
from app.dissolution_bodies import DissolutionIn, DissolutionVersionIn
from app.etag import NotModified
from app.events import Hub
from app.middleware import Guard
from app.pledge_bodies import PledgeIn, ReleaseIn, TransferIn
from app.replacement_bodies import ComparisonIn, DecisionIn, ProposalIn
from app.routes import (
    alerts,
    candidates,
    conversion_steps,
    conversions,
    dissolutions,
    eligibility,
    events,
    guidance,
    health,
    imports,
    metrics,
    outlook,
    parcels,
    plans,
    pledges,
    replacements,
    reserve,
    simulations,
    stock,
    subscriptions,
)
from app.schemas.common import ProblemOut
from app.schemas.eligibility import EligibilityQuestion
from app.settings import Settings
from app.step_bodies import StepIn
from app.web import router as web
from app.web.pages import STATIC
from parcels import db

BODIES = (
    *(HoldingIn, ParcelIn, QuestionIn, CaseIn, AgainIn, StepIn, EligibilityQuestion, SubscriptionIn),
    *(DissolutionIn, DissolutionVersionIn, CandidateIn, CandidateVersionIn, MilestoneIn),
    *(PledgeIn, ReleaseIn, TransferIn, ComparisonIn, ProposalIn, DecisionIn),
)
TITLE = "landreserve"
DESCRIBING = Lock()
DESCRIPTION = (
    "How many net hectares of municipal commercial and industrial land outside the port are immediately available, on any "
    "day and as known at any instant, and why. Days are half-open [from, to); `on` is the day asked about, `known_at` the "
    "state of knowledge. Errors are problem+json (RFC 9457)."
)

ROUTERS = (
    health.router,
    reserve.router,
    outlook.router,
    simulations.router,
    stock.router,
    parcels.router,
    plans.router,
    eligibility.router,
    imports.router,
    guidance.router,
    conversions.router,
    conversion_steps.router,
    dissolutions.router,
    candidates.router,
    pledges.router,
    replacements.router,
    subscriptions.router,
    events.router,
    alerts.router,
    subscriptions.replays,
)


def create_app(settings: Settings, sessions: Callable[[], Session] | None = None) -> FastAPI:
    """The service over the database of the settings; `sessions` replaces its connections (tests)."""
    engine = None
    reading = writing = sessions
    if reading is None or writing is None:
        engine = db.engine(settings.web_url(), settings.pool_size)
        one_state = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        reading, writing = db.sessions(one_state), db.sessions(engine)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.hub.close()
        if engine is not None:
            engine.dispose()

    app = FastAPI(
        title=TITLE,
        version=_version(),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs else None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings, app.state.reading, app.state.writing = settings, reading, writing
    app.state.hub = Hub(writing, settings.web_url() if engine is not None else None)
    larger = {imports.router.prefix: settings.max_upload_bytes}
    app.add_middleware(Guard, hosts=settings.hosts(), max_body_bytes=settings.max_body_bytes, larger=larger)
    problems.install(app)
    conversion_problems.install(app)
    replacement_problems.install(app)
    app.add_exception_handler(NotModified, _not_modified)
    _add_routes(app, settings)
    app.openapi = _openapi  # type: ignore[method-assign]
    return app


def _add_routes(app: FastAPI, settings: Settings) -> None:
    for router in ROUTERS:
        app.include_router(router, dependencies=[KNOWN_NAMES])
    app.include_router(metrics.router)
    app.include_router(reference.problem_pages)
    if settings.docs:
        app.include_router(reference.router)
    app.include_router(web.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")


def _version() -> str:
    try:
        return version("landreserve")
    except PackageNotFoundError:
        return "0"


async def _not_modified(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotModified)  # noqa: S101 (registered for this kind alone)
    return Response(status_code=304, headers=error.headers)


def _openapi() -> dict[str, Any]:
    """The description of the service. The first requests come at once: one of them makes it, the others wait for it."""
    with DESCRIBING:
        return _described()


@cache
def _described() -> dict[str, Any]:
    """The description with the one shape of errors and the token; it is that of all settings, and made once."""
    described = APIRouter()
    for router in ROUTERS:
        described.include_router(router)
    schema = get_openapi(title=TITLE, version=_version(), description=DESCRIPTION, routes=described.routes)
    problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update(problem.pop("$defs", {}) | {"Problem": problem})
    _with_nulls(schema)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "lr_<id>_<secret>"}}
    return schema


def _with_nulls(schema: dict[str, Any]) -> None:
    """Put the examples back as they are written: the framework drops their nulls, which callers must send."""
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        for method in route.methods or ():
            status = route.status_code or 200
            answer = schema["paths"][route.path_format][method.lower()]["responses"][str(status)]
            if "application/json" in answer["content"]:  # a file has no example
                answer["content"]["application/json"].update(route.responses[status]["content"]["application/json"])
    for model in BODIES:
        schema["components"]["schemas"][model.__name__]["examples"] = model.model_json_schema()["examples"]
