"""Whether the process lives, and whether the register can be asked."""

from fastapi import APIRouter
from sqlalchemy import select

from app.deps import ReadSession
from app.examples import HEALTH, READY, example
from app.problems import declared
from app.schemas.health import Health, Ready
from parcels.models import Register
from rules.law import LAW

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Health, responses={200: example(HEALTH)})
async def healthz() -> Health:
    """The process answers. Asks no database and waits for no thread."""
    return Health(status="ok")


@router.get("/readyz", response_model=Ready, responses={200: example(READY), **declared()})
def readyz(session: ReadSession) -> Ready:
    """The database answers; degraded where the ledger was derived under other rules than those in force here."""
    found = session.execute(select(Register.recorded_at, Register.rules_version)).one()
    reasons = []
    if found.recorded_at is not None and found.rules_version != LAW.version:
        reasons.append(f"The ledger was derived under rules {found.rules_version}: run `landreserve rebuild`.")
    return Ready(
        status="degraded" if reasons else "ready",
        reasons=reasons,
        rules_version=LAW.version,
        recorded_at=found.recorded_at,
    )
