"""POST /api/reserve/simulations: what changes would do to the reserve, without storing them."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app import clock, simulation_answers
from app.auth import WRITE_SECURITY, require
from app.deps import FreshSession, Now
from app.examples import example
from app.examples_simulation import SIMULATION
from app.problems import declared
from app.schemas.simulations import SimulationOut
from app.simulation_bodies import SimulationIn
from app.speaking import Speak
from parcels.tokens import ROLES, Token

router = APIRouter(prefix="/api/reserve", tags=["reserve"])

# It keeps writers waiting for a moment, which is not for everybody in the net to do.
Holder = Annotated[Token, Depends(require(*ROLES))]


def in_turn() -> Iterator[None]:
    """A place among the simulations that are tried at the same time: others wait here, without a connection."""
    yield


@router.post(
    "/simulations",
    response_model=SimulationOut,
    responses={
        200: example(SIMULATION),
        **declared(
            *("token-missing", "token-invalid", "role-missing", "malformed-body", "too-large", "not-in-force"),
            *("parcels-unknown", "changes-contradict", "held-in-parts", "overlap", "not-storable"),
            *("too-intricate", "coincident-edges", "busy", "simulation-timeout"),
        ),
    },
    dependencies=[Depends(in_turn, scope="function", max_concurrency=2)],
    openapi_extra=WRITE_SECURITY,
)
def post_simulation(
    _: Holder, response: Response, session: FreshSession, now: Now, speak: Speak, body: SimulationIn
) -> SimulationOut:
    """Try changes (sell, reserve, free, service, clear, end_binding_use, designate, convert, replace) on all that is recorded now:
    the reserve and its series before and after, the entries that move, the alerts that it would raise. Nothing is stored."""
    response.headers["Cache-Control"] = "no-store"
    return simulation_answers.simulate(session, body, now, clock.day(now), speak)
