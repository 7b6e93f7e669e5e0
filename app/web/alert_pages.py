"""The pages of alerts: what lasts on top, then all of them, newest first; and one in full, with why and who has taken note."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.web.alert_said import said
from app.web.numbers import number_of
from app.web.pages import Rendered, Visit, refused, render
from app.web.question import plain
from parcels import alerts, undelivered
from parcels.alerts import AlertUnknownError
from rules.alerts import Severity

OPEN_SHOWN, SHOWN = 200, 50
LARGEST = 2**63 - 1
GRAVITY = list(Severity)


def alerts_page(session: Session, before: str | None, visit: Visit) -> Rendered:
    """What lasts, the gravest first, and all alerts older than `before`, or the newest; what is no number is taken for none."""
    number = number_of(before, LARGEST)
    lasting = alerts.listing(session, open_only=True, limit=OPEN_SHOWN) if number is None else []
    found = alerts.listing(session, before=number, limit=SHOWN + 1)
    values = {
        "lasting": said(sorted(lasting, key=lambda one: GRAVITY.index(one.severity)), visit.speak),
        "found": said(found[:SHOWN], visit.speak),
        "more": len(found) > SHOWN,
        "newest": number is None,
        "failing": undelivered.failing(session),
    }
    return render(session, "alerts.html", 200, visit, plain(visit.now, visit.language), **values)


def alert_page(session: Session, given: str, visit: Visit) -> Rendered:
    """One alert: what it says, why, where the line is written, when somebody took note."""
    speak, number = visit.speak, number_of(given, LARGEST)
    try:
        if number is None:
            raise AlertUnknownError(given)
        alert = alerts.find(session, number)
    except AlertUnknownError:
        message = speak.text("There is no alert “{given}”.", given=given[:40])
        return refused(session, 404, visit, message, speak.text("All alerts are listed on the page “Alerts”."))
    return render(session, "alert.html", 200, visit, plain(visit.now, visit.language), one=said([alert], speak)[0])
