"""Whether the process lives, and whether the register can be asked."""

from datetime import timedelta

from fastapi import APIRouter
from sqlalchemy import select

from app import clock
from app.deps import Now, ReadSession
from app.examples import HEALTH, READY, example
from app.problems import declared
from app.schemas.health import Health, Ready
from parcels import runs, undelivered, watching
from parcels.models import Register
from rules.law import LAW

router = APIRouter(tags=["health"])
LONG_WAIT = timedelta(minutes=15)


@router.get("/healthz", response_model=Health, responses={200: example(HEALTH)})
async def healthz() -> Health:
    """The process answers. Asks no database and waits for no thread."""
    return Health(status="ok")


@router.get("/readyz", response_model=Ready, responses={200: example(READY), **declared()})
def readyz(session: ReadSession, now: Now) -> Ready:
    """The database answers; degraded where the ledger was derived under other rules than those in force here, and where no
    worker takes the imports that wait, delivers alerts, or goes with the days: then no alert tells what they bring."""
    found = session.execute(select(Register.recorded_at, Register.rules_version)).one()
    reasons = []
    if found.recorded_at is not None and found.rules_version != LAW.version:
        reasons.append(f"The ledger was derived under rules {found.rules_version}: run `landreserve rebuild`.")
    since = runs.waiting_since(session)
    if since is not None and now - since > LONG_WAIT:
        reasons.append(f"An import waits since {since.isoformat()}: see whether `landreserve worker` runs.")
    unattended = undelivered.unattended_since(session, now)
    if unattended is not None and now - unattended > LONG_WAIT:
        reasons.append(f"An alert waits since {unattended.isoformat()}: see whether `landreserve worker` runs.")
    if undelivered.at_fault(session):
        reasons.append("Alerts cannot be sent by the service's own fault: the worker's log names it.")
    stands = watching.standing(session, now)
    if stands is not None and stands.on < clock.day(now - LONG_WAIT):
        reasons.append(f"The line was last evaluated for {stands.on}: see whether `landreserve worker` runs.")
    return Ready(
        status="degraded" if reasons else "ready",
        reasons=reasons,
        rules_version=LAW.version,
        recorded_at=found.recorded_at,
    )
