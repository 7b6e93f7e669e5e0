"""The page behind a public link: how a case stands and what has happened, nothing of people, parcels or notes."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import step_answers
from app.web.pages import Rendered, Visit, render
from app.web.question import plain
from parcels.conversion_tracks import TrackUnknownError


def track_page(session: Session, code: str, visit: Visit) -> Rendered:
    """The state of the case behind a code; for any other code that there is none, without saying whether there was."""
    asked, speak = plain(visit.now, visit.language), visit.speak
    try:
        found = step_answers.track(session, code, visit.now, speak)
    except TrackUnknownError:
        said = {
            "heading": speak.text("State of a case"),
            "message": speak.text("There is no case behind this link, or the link was revoked."),
            "remedy": speak.text("Ask whoever gave it to you for a new one."),
        }
        return render(session, "link_unknown.html", 404, visit, asked, **said)
    return render(session, "track.html", 200, visit, asked, found=found)
