"""Whether the service is well, as it is answered."""

from datetime import datetime
from typing import Literal

from app.schemas.common import Out


class Health(Out):
    """The process answers."""

    status: Literal["ok"]


class Ready(Out):
    """Whether the register can be asked; `degraded` says why in `reasons`."""

    status: Literal["ready", "degraded"]
    reasons: list[str]
    rules_version: str
    recorded_at: datetime | None
