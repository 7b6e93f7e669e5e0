"""Alerts: listed, read in full sentences, acknowledged."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from app import alert_answers, deps
from app.auth import READ_SECURITY, READER, WRITE_SECURITY, Caller, require
from app.bodies import AcknowledgementIn
from app.deps import FreshSession, Now, WriteSession
from app.examples import ALERT, ALERTS, example
from app.problems import declared
from app.routes.reserve import Limit
from app.schemas.alerts import AlertOut, AlertsOut
from app.speaking import Speak
from parcels import alerts
from parcels.tokens import Token
from rules.alerts import Kind, Severity

router = APIRouter(prefix="/api/alerts", tags=["alerts"])
LARGEST = 2**63 - 1
Id = Annotated[
    Annotated[int, Field(ge=1, le=LARGEST)] | UUID, Path(description="The alert's number, or its uid", examples=[17])
]
Taker = Annotated[Token, Depends(require("planner", "bwi", "hie", "admin"))]


@router.get(
    "",
    response_model=AlertsOut,
    responses={200: example(ALERTS), **declared("token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def list_alerts(
    request: Request,
    response: Response,
    session: FreshSession,
    who: Caller,
    speak: Speak,
    lasting: Annotated[bool, Query(alias="open", description="Only those that last")] = False,
    kind: Annotated[list[Kind] | None, Query(description="Only of these kinds")] = None,
    severity: Annotated[list[Severity] | None, Query(description="Only of these severities")] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST, description="From the `next` link")] = None,
    limit: Limit = 100,
) -> AlertsOut:
    """Every alert, newest first. What tells of something that has passed (recovery, an import) is never open."""
    _fresh(response)
    found = alerts.listing(session, lasting, kind or (), severity or (), before, limit + 1)
    return AlertsOut(
        alerts=[alert_answers.one(alert, speak, who is not None) for alert in found[:limit]],
        next=deps.following(request, before=str(found[limit - 1].id)) if len(found) > limit else None,
    )


@router.get(
    "/{number}",
    response_model=AlertOut,
    responses={200: example(ALERT), **declared("alert-unknown", "token-invalid")},
    dependencies=[READER],
    openapi_extra=READ_SECURITY,
)
def get_alert(response: Response, session: FreshSession, who: Caller, speak: Speak, number: Id) -> AlertOut:
    """One alert: what it says, why, where the line is written, who has taken note."""
    _fresh(response)
    return alert_answers.one(alerts.find(session, number), speak, who is not None)


@router.post(
    "/{number}/acknowledgement",
    response_model=AlertOut,
    status_code=201,
    responses={
        201: example(ALERT),
        **declared(
            "alert-unknown", "token-missing", "token-invalid", "role-missing", "malformed-body", "too-large", "busy"
        ),
    },
    openapi_extra=WRITE_SECURITY,
)
def acknowledge(
    response: Response,
    session: WriteSession,
    who: Taker,
    now: Now,
    speak: Speak,
    number: Id,
    said: AcknowledgementIn,
) -> AlertOut:
    """Say that one has taken note, under the token's name. Others may do so too; nothing is resolved by it."""
    _fresh(response)
    alerts.acknowledge(session, number, now, who.name, said.note)
    return alert_answers.one(alerts.find(session, number), speak, True)


def _fresh(response: Response) -> None:
    """An alert is resolved and acknowledged while it is read: nobody keeps what is said of it."""
    response.headers.update({"Cache-Control": "no-store", "Vary": "Accept-Language, Authorization"})
